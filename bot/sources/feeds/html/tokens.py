"""HTML to its tags and the text between them.

The parser of the standard library takes hours for some megabytes of tags that are not closed, and differs between
versions; this one looks at no character more than a few times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import NamedTuple

from formatters.syntax import tags

_LONGEST = 4000  # characters of a tag; what is longer is text
_DATA = re.compile(r"([\"'])data:[^\"']*\1")  # a picture in the address itself, which may be as long as it likes
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*+)>")
_ATTRIBUTE = re.compile(r"([^\s=/\"'<>]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>]+)))?")
# Tags of HTML beside those that authors write into Markdown. Any name with attributes is one, too.
_FURTHER = re.compile("script|style|svg|noscript|math|semantics|annotation|m[a-z]{1,12}|time")
_DECLARATION = re.compile(r"<!doctype\b|<!\[CDATA\[|<\?xml\b", re.IGNORECASE)
_ENDS = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style")}


class Tag(NamedTuple):
    name: str
    closes: bool = False
    about: Mapping[str, str] = {}


def tokens(html: str) -> Iterator[Tag | str]:
    """Give tags, and texts with their character references resolved; comments are left out."""
    html = _DATA.sub('""', html)
    start = at = 0  # of the text, and of the sign that is looked at
    unclosed: set[str] = set()  # what is opened and was not found to be closed: it is not looked for again
    seen: set[str] = set()  # names of tags
    while (at := html.find("<", at)) >= 0:
        end, tag = _markup(html, at, unclosed, seen)
        if end <= at:
            at += 1
            continue
        yield from _text(html[start:at])
        if tag:
            yield tag
            if closing := _raw_end(html, end, tag, unclosed):
                yield html[end:closing]
                end = closing
        start = at = end
    yield from _text(html[start:])


def _markup(html: str, at: int, unclosed: set[str], seen: set[str]) -> tuple[int, Tag | None]:
    """Give where the markup ends that begins here, and the tag that it is; 0 where none begins."""
    if html.startswith("<!--", at):
        return _after(html, "-->", at + 4, unclosed), None
    if _DECLARATION.match(html, at):
        return html.find(">", at, at + _LONGEST) + 1, None
    found = _TAG.match(html, at, at + _LONGEST)
    if not found or not _is_known(found, seen):
        return 0, None
    pairs = ((name.lower(), unescape("".join(values))) for name, *values in _ATTRIBUTE.findall(found[3]))
    return found.end(), Tag(found[2].lower(), bool(found[1]), dict(pairs))


def _is_known(found: re.Match[str], seen: set[str]) -> bool:
    """Tell whether this is a tag of HTML; others are words, as `<think>` is."""
    name = found[2]
    if name.islower() and ("=" in found[3] or _FURTHER.fullmatch(name)):
        seen.add(name)
    return name in seen or tags.read(found[0]) is not None


def _after(html: str, sign: str, at: int, unclosed: set[str]) -> int:
    """Give the place after a sign, 0 where there is none."""
    end = -1 if sign in unclosed else html.find(sign, at)
    unclosed |= {sign} if end < 0 else set()
    return end + len(sign) if end >= 0 else 0


def _raw_end(html: str, at: int, tag: Tag, unclosed: set[str]) -> int:
    """Give where the text of a tag ends that holds no markup, 0 for other tags, and where it does not end."""
    if tag.closes or tag.name not in _ENDS or tag.name in unclosed:
        return 0
    found = _ENDS[tag.name].search(html, at)
    unclosed |= set() if found else {tag.name}
    return found.start() if found else 0


def _text(html: str) -> Iterator[str]:
    if html:
        yield unescape(html)
