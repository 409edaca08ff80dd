"""Write spans one after another: styles that are open, ends of lines, marks of lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from formatters.spans import BLOCKS, ITEM, MARK, Span

_INDENT = "  "
_WHOLE = BLOCKS | {ITEM}  # the styles that an end of line can have


@dataclass
class Writer:
    spans: list[Span] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)  # the next number, None in a bulleted list
    gap: int = 0  # ends of lines to add before the next text
    blank: Span | None = None  # to add before the next text on the line

    def text(self, text: str) -> None:
        """Add words; a line does not begin with a blank."""
        self.add(text if self.spans and not self.gap else text.lstrip(" "))

    def add(self, text: str, style: str = "", url: str = "") -> None:
        if text:
            self.put(Span(text, self.urls[-1] if self.urls else url, self._together(style)))

    def put(self, span: Span) -> None:
        if self.gap or self.blank:
            self._flush(span.styles)
        self.spans.append(span)

    def end_line(self, ends: int = 1) -> None:
        self.gap = max(self.gap, ends)

    def space(self) -> None:
        """Add a blank where more text follows on the line."""
        self.blank = Span(" ", self.urls[-1] if self.urls else "", self._together())

    def begin(self) -> int:
        """Give the place of the next span, with what is to stand before it."""
        self._flush(self._together())
        return len(self.spans)

    def item(self) -> None:
        """Begin an item of the innermost list."""
        number = self.lists[-1] if self.lists else None  # HTML may have an item without a list
        self.end_line()
        mark = "• " if number is None else f"{number}. "
        self.add(_INDENT * (len(self.lists) - 1) + mark, MARK if self.lists else "")
        if number is not None:
            self.lists[-1] = number + 1

    def take_back_item(self) -> None:
        """Take back the mark of an item that says nothing, and the end of line before it."""
        del self.spans[-1]
        self.gap = len(self.spans.pop().text) if self.spans else 0

    @property
    def is_at_item(self) -> bool:
        """Tell whether an item has just begun."""
        return bool(self.spans) and MARK in self.spans[-1].styles and not self.gap

    def _flush(self, following: frozenset[str]) -> None:
        if self.spans and self.gap:
            self.spans.append(Span("\n" * self.gap, styles=self.spans[-1].styles & following & _WHOLE))
        elif self.spans and self.blank:
            self.spans.append(self.blank)
        self.gap, self.blank = 0, None

    def _together(self, style: str = "") -> frozenset[str]:
        """Give the styles of the next span."""
        return _set_of((*self.styles, style, ITEM if self.lists else ""))


@lru_cache(256)
def _set_of(styles: tuple[str, ...]) -> frozenset[str]:
    return frozenset(filter(None, styles))
