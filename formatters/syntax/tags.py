"""HTML in Markdown: which names are tags, and what they do to the text; other names are words, as `<think>` is."""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

STYLES = {
    **dict.fromkeys(("b", "strong", "summary", "h1", "h2", "h3", "h4", "h5", "h6", "dt"), "bold"),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), "italic"),
    **dict.fromkeys(("s", "del", "strike"), "strike"),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), "code"),
}
# Tags that begin and end lines, and others that are known.
_BLOCKS = re.compile(
    "address|article|aside|blockquote|body|br|caption|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|"
    "form|h[1-6]|header|hr|html|li|main|nav|ol|p|picture|pre|section|summary|table|tbody|tfoot|thead|tr|ul"
)
_OTHERS = re.compile(
    "a|abbr|acronym|big|bdi|bdo|button|col|colgroup|font|img|input|ins|label|link|mark|meta|q|rp|rt|ruby|small|source|"
    "span|sub|sup|t[dh]|u|wbr"
)
# Names that papers use as words, too: `<video>` stands for one in a prompt, and `<s>` begins a sequence.
_WITH_ATTRIBUTES = frozenset({"audio", "iframe", "video"})

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)([\s/][^>]*)?>", re.DOTALL)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))")


class Tag(NamedTuple):
    name: str
    closes: bool
    attributes: str

    def attribute(self, name: str) -> str:
        found = {key.lower(): "".join(values) for key, *values in _ATTRIBUTE.findall(self.attributes)}
        return unescape(found.get(name, ""))


def read(text: str) -> Tag | None:
    """Read a tag of HTML; None for any other text in angle brackets."""
    found = _TAG.fullmatch(text)
    if not found:
        return None
    tag = Tag(found[2].lower(), bool(found[1]), (found[3] or "").strip(" /"))
    return tag if _is_known(tag, found[2]) else None


def ends_line(name: str) -> bool:
    """Tell whether a tag stands between lines."""
    return bool(_BLOCKS.fullmatch(name))


def _is_known(tag: Tag, written: str) -> bool:
    if tag.name in _WITH_ATTRIBUTES:
        return bool(tag.attributes)
    known = tag.name in STYLES or _BLOCKS.fullmatch(tag.name) or _OTHERS.fullmatch(tag.name)
    return bool(known) and (written.islower() or written.isupper() or len(written) == 1)
