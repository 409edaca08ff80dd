"""Write lists as Slack's `rich_text_list` (docs.slack.dev, rich text block), and read them as lines again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from formatters.spans import MARK, Span, Spans, tidy

Element = dict[str, object]
_DEEPEST = 8  # levels that Slack's own editor makes
_INDENT = 2  # blanks of a level, as `walk` writes them
_NUMBER = re.compile(r"\d+")


class _Item(NamedTuple):
    indent: int
    number: int | None  # None in a bulleted list
    spans: Spans


def spell(spans: Spans, element: Callable[[Span], Element]) -> Iterator[Element]:
    """Write the items that spans hold; what stands before the first mark, after a cut, is a section."""
    first, items = _items(spans)
    if first:
        yield {"type": "rich_text_section", "elements": list(map(element, first))}
    for (indent, is_ordered, _), run in groupby(enumerate(items), _list_of):
        listed = [item for _, item in run]
        offset = (listed[0].number or 1) - 1
        yield {
            "type": "rich_text_list",
            "style": "ordered" if is_ordered else "bullet",
            "indent": indent,
            **({"offset": offset} if offset > 0 else {}),
            "elements": [_section(item, element) for item in listed],
        }


def lines(part: Mapping[str, Any]) -> Iterator[list[Mapping[str, str]]]:
    """Give the elements of each item behind its mark, as plain text shows them."""
    blanks = " " * _INDENT * part["indent"]
    for number, section in enumerate(part["elements"], part.get("offset", 0) + 1):
        mark = f"{blanks}{number}. " if part["style"] == "ordered" else f"{blanks}• "
        yield [{"type": "text", "text": mark}, *section["elements"]]


def _list_of(numbered: tuple[int, _Item]) -> tuple[int, bool, int]:
    """Name the list of an item: neighbours of one indent, whose numbers go up one by one."""
    place, item = numbered
    return item.indent, item.number is not None, place - (item.number or place)


def _items(spans: Spans) -> tuple[Spans, list[_Item]]:
    """Give what stands before the first mark, and the items."""
    parts: list[list[Span]] = [[]]
    for span in spans:
        if MARK in span.styles:
            parts.append([])
        parts[-1].append(span)
    return tidy(parts[0]), [_item(mark.text, own) for mark, *own in parts[1:]]


def _item(mark: str, spans: list[Span]) -> _Item:
    number = _NUMBER.search(mark)
    indent = (len(mark) - len(mark.lstrip(" "))) // _INDENT
    return _Item(min(indent, _DEEPEST), int(number[0]) if number else None, tidy(spans))


def _section(item: _Item, element: Callable[[Span], Element]) -> Element:
    return {"type": "rich_text_section", "elements": list(map(element, item.spans or (Span(" "),)))}
