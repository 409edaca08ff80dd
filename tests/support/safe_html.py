"""Check that drawn messages can do nothing: only harmless elements, attributes and addresses."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_GROUPED = {
    "b i s u p span div ul li hr code pre blockquote summary footer time": {"class", "lang", "aria-label"},
    "ol": {"class", "start"},
    "details": {"class", "open"},
    "a": {"href", "target", "rel", "class"},
    "button": {"class", "name", "value"},
}
# The attributes that each harmless element may have.
SAFE = {tag: allowed for tags, allowed in _GROUPED.items() for tag in tags.split()}
_VOID = {"hr"}
_ADDRESS = re.compile(r"(?:https?://|tg://|mailto:)[^\s<>\"'`\\]+", re.IGNORECASE)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in SAFE, tag
        assert {name for name, _ in attributes} <= SAFE[tag], (tag, attributes)
        assert all(_ADDRESS.fullmatch(value or "") for name, value in attributes if name == "href"), attributes
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)


def checked(drawn: str) -> str:
    """Give the words of a drawn message; fail where it holds more than harmless elements, or unclosed ones."""
    drawn.encode()
    reader = _Reader()
    reader.feed(drawn)
    reader.close()
    assert reader.open == []
    return reader.text
