"""Draw Slack's mrkdwn (docs.slack.dev, "Formatting message text")."""

from __future__ import annotations

import re
from itertools import groupby

from formatters.slack.texts import unescape
from formatters.web.elements import element, escape, link, linked

_PRE = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
_MARK = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<link>[^<>\n]+)>"
    r"|(?<![\w*])\*(?P<bold>[^*\n]*[^*\s])\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^_\n]*[^_\s])_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^~\n]*[^~\s])~(?![\w~])"
)
_TAGS = {"bold": "b", "italic": "i", "strike": "s"}
_QUOTED = re.compile(r"(?:>|&gt;) ?")


def draw(text: str) -> str:
    """Draw a text of mrkdwn; all that is not its markup is text."""
    parts = _PRE.split(text)  # between two texts always a preformatted one
    return "".join(element("pre", _shown(part)) if place % 2 else _lines(part) for place, part in enumerate(parts))


def _lines(text: str) -> str:
    runs = groupby(text.split("\n"), lambda line: bool(_QUOTED.match(line)))
    return "".join(_quote(list(lines)) if is_quoted else _inline("\n".join(lines)) for is_quoted, lines in runs)


def _quote(lines: list[str]) -> str:
    return element("blockquote", _inline("\n".join(_QUOTED.sub("", line, count=1) for line in lines)))


def _inline(text: str) -> str:
    written, end = "", 0
    for found in _MARK.finditer(text):
        written += linked(unescape(text[end : found.start()])) + _marked(found)
        end = found.end()
    return written + linked(unescape(text[end:]))


def _marked(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "code":
            return element("code", _shown(found["code"]))
        case "link":
            return _link(found["link"])
    name = str(found.lastgroup)
    return element(_TAGS[name], _inline(found[name]))


def _link(inside: str) -> str:
    """Draw what stands in angle brackets: an address with or without words, somebody, a channel, or all."""
    address, _, words = inside.partition("|")
    if address[:1] in "@#!":
        return element("span", _shown(f"{address[:1].replace('!', '@')}{words or address[1:]}"), class_="mention")
    return link(unescape(address), _shown(words or address))


def _shown(text: str) -> str:
    return escape(unescape(text))
