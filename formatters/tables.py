"""Tables as lines that a phone can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from formatters.spans import Span, Spans, plain

_TABLE = frozenset({"table"})
_WIDEST = 36  # columns of text that a phone shows in a chat
_BETWEEN = Span(" | ", styles=_TABLE)
Row = Sequence[Spans]


def lines(rows: Sequence[Row]) -> Iterator[Spans]:
    """Give the lines of a table, its header first; an empty one parts rows of several lines.

    A narrow table keeps its rows. In a wider one each cell gets a line, behind the name of its column.
    """
    if len(rows) < 2 or max(map(_width, rows)) <= _WIDEST:
        yield from (tuple(_joined(row)) for row in rows)
        return
    head, *others = rows
    if unfilled := [name for name, *cells in zip(head, *others, strict=True) if not any(map(_says, cells))]:
        yield tuple(_joined(unfilled))
    for position, row in enumerate(others):
        yield from [()] if position else []
        yield from _record(head, row)


def _record(head: Row, row: Row) -> Iterator[Spans]:
    """Give the cells of a row, the first one bold."""
    for position, (name, cell) in enumerate(zip(head, row, strict=True)):
        if _says(cell):
            named = (*_name(name), *cell)
            yield named if position else _bold(named)


def _says(cell: Spans) -> bool:
    return bool(plain(cell).strip())


def _joined(row: Row) -> Iterator[Span]:
    for position, cell in enumerate(row):
        if position:
            yield _BETWEEN
        yield from cell


def _name(name: Spans) -> Spans:
    text = plain(name).strip()
    return (Span(f"{text} " if text.endswith((":", "：")) else f"{text}: ", styles=_TABLE),) if text else ()


def _bold(spans: Spans) -> Spans:
    return tuple(span._replace(styles=span.styles | {"bold"}) for span in spans)


def _width(row: Row) -> int:
    text = plain(_joined(row))
    return sum(1 + (character >= "ᄀ") for character in text)
