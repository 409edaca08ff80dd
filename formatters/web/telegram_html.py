"""Read Telegram's HTML as its server does (td, MessageEntity.cpp), and write it as safe HTML.

Python's HTML parser is no help: it passes over in silence what Telegram refuses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from formatters.web.elements import Refused, element, escape, link, linked

_WHITE = r" \t\r\n\v"
_END = r"\x00"  # ends a tag, as the end of the text does
_TEXT = re.compile("[^<&]+")
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]*)|#([0-9]*)|([a-zA-Z]*));?")
_LONGEST_NUMBER = 10  # characters of a numeric reference, with its "&#"
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_NAME = re.compile(f"[^{_WHITE}{_END}>]*")
_SPACE = re.compile(f"[{_WHITE}]*")
_VALUE = re.compile(
    f"\"(?P<double>[^\"{_END}]*)\"|'(?P<single>[^'{_END}]*)'|(?P<token>[a-zA-Z0-9.\\-]*)(?=[{_WHITE}>])"
)
_ATTRIBUTE = re.compile(f"([^{_WHITE}{_END}=>/\"']*)[{_WHITE}]*(=?)[{_WHITE}]*")
_SURROGATES = re.compile("[\ud800-\udfff]")

# Telegram's tags, and how they are drawn.
_DRAWN = {
    **dict.fromkeys(("b", "strong"), "b"),
    **dict.fromkeys(("i", "em"), "i"),
    **dict.fromkeys(("u", "ins"), "u"),
    **dict.fromkeys(("s", "strike", "del"), "s"),
    **dict.fromkeys(("span", "tg-spoiler"), "span"),
    **{tag: tag for tag in ("a", "code", "pre", "blockquote")},
}
_UNLINKED = {"a", "code", "pre"}  # the addresses in them are no links of their own
_LONGEST_LABEL = 60  # characters of the name of a fold


class Read(NamedTuple):
    html: str
    text: str  # after parsing
    entities: int


@dataclass
class _Open:
    """An element whose end was not read yet."""

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    html: str = ""
    text: str = ""


def read(markup: str) -> Read:
    """Draw a text of parse_mode HTML; Refused with Telegram's reason where it would not take the text."""
    return _Reader(markup).read()


class _Reader:
    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._at = 0
        self._opened = [_Open("")]
        self._entities = 0

    def read(self) -> Read:
        while self._at < len(self._markup):
            self._token()
        if len(self._opened) > 1:
            raise _unparsed(f'can\'t find end tag corresponding to start tag "{self._opened[-1].tag}"')
        if _SURROGATES.search(self._opened[0].text):
            raise _unparsed("text contains invalid Unicode characters after decoding HTML entities")
        return Read(self._opened[0].html, self._opened[0].text, self._entities)

    def _token(self) -> None:
        sign = self._markup[self._at]
        if sign == "&":
            self._say(self._reference())
        elif sign != "<":
            self._say(self._take(_TEXT)[0])
        elif self._markup.startswith("</", self._at):
            self._end_tag()
        else:
            self._start_tag()

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = cast("re.Match[str]", pattern.match(self._markup, self._at))  # each fits where it is asked for
        self._at = found.end()
        return found

    def _has_ended(self) -> bool:
        return self._markup[self._at : self._at + 1] in ("", "\0")

    def _say(self, text: str) -> None:
        inside = self._opened[-1]
        inside.text += text
        is_linked = any(one.tag in _UNLINKED for one in self._opened)
        inside.html += escape(text) if is_linked else linked(text)

    def _reference(self) -> str:
        found = self._take(_REFERENCE)
        if character := _character(found):
            return character
        self._at = found.start() + 1
        return "&"

    def _start_tag(self) -> None:
        start = self._at
        self._at += 1
        tag = self._take(_NAME)[0].lower()
        if self._has_ended():
            raise _unparsed("unclosed start tag", start)
        if tag not in _DRAWN:
            raise _unparsed(f'unsupported start tag "{tag}"', start)
        attributes = self._attributes(tag, start)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _unparsed('tag "span" must have class "tg-spoiler"', start)
        self._opened.append(_Open(tag, attributes))

    def _attributes(self, tag: str, start: int) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            self._take(_SPACE)
            if self._markup.startswith(">", self._at):
                self._at += 1
                return found
            if self._has_ended():
                raise _unparsed(f'unclosed start tag "{tag}"', start)
            name, sign = self._take(_ATTRIBUTE).groups()
            if not name:
                raise _unparsed(f'empty attribute name in the tag "{tag}"', start)
            found[name.lower()] = self._value(tag, start) if sign else ""

    def _value(self, tag: str, start: int) -> str:
        if not (found := _VALUE.match(self._markup, self._at)):
            raise _unparsed(f'the tag "{tag}" has no end or an unreadable attribute', start)
        self._at = found.end()
        if found["token"] is not None:
            return found["token"].lower()
        quoted = found["double"] if found["double"] is not None else found["single"]
        return _REFERENCE.sub(lambda one: _character(one) or one[0], quoted)

    def _end_tag(self) -> None:
        start = self._at
        if len(self._opened) == 1:
            raise _unparsed("unexpected end tag", start)
        self._at += 2
        name = self._take(_NAME)[0].lower()
        self._take(_SPACE)
        if not self._markup.startswith(">", self._at):
            raise _unparsed("unclosed end tag", start)
        self._at += 1
        closed = self._opened.pop()
        if name and name != closed.tag:
            raise _unparsed(f'unmatched end tag, expected "</{closed.tag}>", found "</{name}>"', start)
        self._close(closed)

    def _close(self, closed: _Open) -> None:
        self._entities += bool(closed.text)
        is_linked = any(one.tag == "a" for one in self._opened)
        self._opened[-1].text += closed.text
        self._opened[-1].html += _drawn(closed, is_linked=is_linked) if closed.text else ""


def _drawn(closed: _Open, *, is_linked: bool) -> str:
    match closed.tag:
        case "a":
            return closed.html if is_linked else link(closed.attributes.get("href") or closed.text, closed.html)
        case "blockquote" if "expandable" in closed.attributes:
            return element("blockquote", _fold(closed), class_="fold")
        case "span" | "tg-spoiler":
            return element("span", closed.html, class_="spoiler")
    return element(_DRAWN[closed.tag], closed.html)


def _fold(closed: _Open) -> str:
    """Fold a quote; the style sheet shows its first lines also while it is closed, as Telegram does."""
    begins = closed.text.strip().partition("\n")[0][:_LONGEST_LABEL]
    summary = element("summary", "", aria_label=begins)
    return element("details", summary + element("div", closed.html))


def _character(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name = reference.groups()
    if name is not None:
        return _NAMED.get(name, "")
    if len(reference[0].rstrip(";")) >= _LONGEST_NUMBER:
        return ""
    number = int(hexadecimal or "0", 16) if hexadecimal is not None else int(decimal or "0")
    return chr(number) if 0 < number < 0x10FFFF else ""


def _unparsed(why: str, place: int | None = None) -> Refused:
    where = "" if place is None else f" at character {place}"
    return Refused(f"can't parse entities: {why}{where}")
