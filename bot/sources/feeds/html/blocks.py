"""The blocks of a page that are open, and what becomes of each when it is closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.sources.feeds.html import markdown
from bot.sources.feeds.html.markdown import Block

LISTS = {"ul", "ol"}
CELLS = {"td", "th"}
LINES = {"h1", "h2", "h3", "h4", "h5", "h6", "summary", *CELLS}  # all in them stands within a line
_MOST_COLUMNS = 20  # that a cell may span
_LANGUAGE = re.compile(r"\blang(?:uage)?-([\w+#.-]+)")
_SHORT_NUMBER = re.compile(r"[0-9]{1,8}")


@dataclass
class Frame:
    """A block that is open, and what it holds so far."""

    name: str
    number: int | None = None  # of the next item of a list
    is_loose: bool = False  # there are paragraphs in the items
    language: str = ""  # of code
    summary: str = ""  # of `<details>`
    columns: int = 1  # that a cell takes
    blocks: list[Block] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)  # of a table; of a row the only one
    has_header: bool = False

    def close(self, above: Frame) -> None:
        """Put what this block says into the one above."""
        _ENDS[self.name](above, self)


def opened(tag: str, about: Mapping[str, str]) -> Frame:
    number = _number(about.get("start", ""), 1) if tag == "ol" else None
    columns = min(_number(about.get("colspan", ""), 1), _MOST_COLUMNS)
    return Frame(tag, number, language=language(about), columns=columns)


def _number(text: str, usual: int) -> int:
    return int(text) if _SHORT_NUMBER.fullmatch(text) else usual


def language(about: Mapping[str, str]) -> str:
    """Name the language of code, as its class does."""
    found = _LANGUAGE.search(about.get("class", ""))
    return found[1] if found else ""


def _texts(blocks: Sequence[Block]) -> list[str]:
    return [block.text for block in blocks]


def _add(above: Frame, text: str, *, is_list: bool = False) -> None:
    if text:
        above.blocks.append(Block(text, is_list))


def _heading(above: Frame, frame: Frame) -> None:
    _add(above, markdown.heading(int(frame.name[1]), _texts(frame.blocks)))


def _quote(above: Frame, frame: Frame) -> None:
    _add(above, markdown.quote(frame.blocks))


def _item(above: Frame, frame: Frame) -> None:
    if frame.blocks:
        _add(above, markdown.item(frame.blocks, above.number, is_loose=frame.is_loose), is_list=True)
        above.is_loose |= frame.is_loose and above.name in LISTS
        above.number = None if above.number is None else above.number + 1


def _list(above: Frame, frame: Frame) -> None:
    _add(above, ("\n\n" if frame.is_loose else "\n").join(_texts(frame.blocks)), is_list=True)


def _details(above: Frame, frame: Frame) -> None:
    _add(above, markdown.details(frame.summary, frame.blocks))


def _summary(above: Frame, frame: Frame) -> None:
    above.summary = " ".join(_texts(frame.blocks)).replace("\n", " ")


def _code(above: Frame, frame: Frame) -> None:
    _add(above, markdown.fence("".join(_texts(frame.blocks)), frame.language))


def _cell(above: Frame, frame: Frame) -> None:
    above.rows = above.rows or [[]]
    above.rows[0] += [markdown.cell(frame.blocks), *[""] * (frame.columns - 1)]
    above.has_header |= frame.name == "th"


def _row(above: Frame, frame: Frame) -> None:
    above.has_header |= not above.rows and frame.has_header
    above.rows += frame.rows


def _table(above: Frame, frame: Frame) -> None:
    above.blocks += frame.blocks
    _add(above, markdown.table(frame.rows, has_header=frame.has_header) if frame.rows else "")


_ENDS: Mapping[str, Callable[[Frame, Frame], None]] = {
    **{f"h{level}": _heading for level in range(1, 7)},
    **dict.fromkeys(LISTS, _list),
    **dict.fromkeys(CELLS, _cell),
    "blockquote": _quote,
    "details": _details,
    "summary": _summary,
    "li": _item,
    "pre": _code,
    "table": _table,
    "tr": _row,
}
NAMES = frozenset(_ENDS)
