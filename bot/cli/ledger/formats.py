"""The formats in which papers are written as text: what an entry looks like, and what stands around all of them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from io import StringIO

from bot.cli.ledger.fields import Fields

Entry = Callable[[Fields], str]

_COLUMNS = (
    *("id", "title", "authors", "day", "source", "series", "number", "category", "url", "links", "summary", "post"),
)
# How a cell begins that a spreadsheet takes for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MARKS = re.compile(r"([\\`*_\[\]<>#|])")


@dataclass(frozen=True, slots=True)
class Format:
    """How a file of papers is written."""

    entry: Entry
    begin: str = ""
    between: str = ""
    end: str = ""
    encoding: str = "utf-8"
    once: bool = False  # a paper that several digests have is written once, as in the newest


def json_list() -> Format:
    return Format(lambda one: json.dumps(asdict(one), ensure_ascii=False, indent=1), "[\n", ",\n", "\n]\n")


def json_lines() -> Format:
    return Format(lambda one: f"{json.dumps(asdict(one), ensure_ascii=False)}\n")


def table() -> Format:
    """Give the format of spreadsheets, whose programs know UTF-8 by its mark; no cell is a formula."""
    return Format(lambda one: _row(_cells(one)), begin=_row(_COLUMNS), encoding="utf-8-sig")


def markdown() -> Format:
    """Give the format of posts: a heading for each digest, and one for each of its papers."""
    last = ""

    def entry(one: Fields) -> str:
        nonlocal last
        digest = f"## {_linked(f'{one.series} · {one.day}', one.post)}\n\n"
        is_next, last = digest != last, digest
        return "".join([digest if is_next else "", *_paper(one)])

    return Format(entry)


FORMATS: Mapping[str, Callable[[], Format]] = {
    "json": json_list,
    "jsonl": json_lines,
    "csv": table,
    "markdown": markdown,
}


def _cells(one: Fields) -> Iterator[str]:
    several = {"authors": "; ".join(one.authors), "links": " ".join(link.url for link in one.links)}
    for name in _COLUMNS:
        cell = several.get(name) or str(getattr(one, name) or "")
        yield f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(cells: Iterator[str] | tuple[str, ...]) -> str:
    written = StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _paper(one: Fields) -> Iterator[str]:
    yield f"### {one.number}. {_linked(one.title, one.url)}\n\n"
    if one.authors:
        yield f"{_escaped(', '.join(one.authors))}\n\n"
    if one.links:
        yield f"{' · '.join(_linked(link.label, link.url) for link in one.links)}\n\n"
    for section in one.sections:
        if section.heading:
            yield f"#### {_escaped(section.heading)}\n\n"
        yield f"{section.body.strip()}\n\n"


def _linked(text: str, url: str) -> str:
    return f"[{_escaped(text)}](<{url}>)" if url else _escaped(text)


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)
