"""Papers that are rows of a table or items of a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from bot.sources.posts.papers import titles
from bot.sources.posts.papers.citations import may_cite, of_line
from bot.sources.posts.papers.outline import Block
from formatters import labels, markdown
from formatters.addresses import identity, whole
from formatters.model import Link
from formatters.spans import collapse_spaces, plain

_DELIMITER = re.compile(r"[\s|:-]+")
_CELL = re.compile(r"(?:\\.|`+[^`]*`+|[^|\\])*", re.DOTALL)
_MARKER = re.compile(r"\s{0,3}(?:[-*+]|(\d{1,9})[.)])(?:\s+|$)")
_TASK = re.compile(r"\[[ xX]\]\s+")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)")
_AFTER_TITLE = re.compile(r"[\s:：|·•,，–—-]*")
_LETTER = re.compile(r"[^\W\d_]")
_SEPARATOR = re.compile(r"\s+[-–—|]\s+|[:：]\s+|\s*[：—]\s*")


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper that is a row or an item."""

    start: int  # of a table with papers alone, the first row has the head too
    end: int
    number: int
    title: str
    url: str
    links: tuple[Link, ...]
    body: str  # Markdown


def entries(block: Block, lines: Sequence[str], base: str = "") -> list[Entry]:
    """Read a table's rows with a link to a paper, or a list whose every item is a paper; else there are none."""
    text = lines[block.start : block.end]
    if block.tag not in {"table", "ul", "ol"} or not may_cite("\n".join(text)) or not any(map(of_line, text)):
        return []
    found = list(_rows(block, text, base) if block.tag == "table" else _items(block, text, base))
    papers = [one for one in found if one is not None]
    if block.tag == "table" and papers and len(papers) == len(found):
        papers[0] = replace(papers[0], start=block.start)
    if block.tag != "table" and (None in found or len({identity(one.url) for one in papers}) < len(papers)):
        return []
    return papers


def _rows(block: Block, text: Sequence[str], base: str) -> Iterator[Entry | None]:
    names = _cells(text[0])
    for number, line in enumerate(text[2:], block.start + 2):
        cells = _cells(line)
        if any(cells):
            yield _row(number, names, cells, base) if of_line(line) else None


def _cells(line: str) -> list[str]:
    """Cut a row into cells; a bar in code or behind a backslash cuts none."""
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    cells, place = [], 0
    while place <= len(inner):
        found = _CELL.match(inner, place)
        end = found.end() if found else place
        cells.append(inner[place:end].strip())
        place = end + 1
    return cells


def _row(line: int, names: Sequence[str], cells: Sequence[str], base: str) -> Entry | None:
    """Read a row: the title is in the column of that name, or the first that says more than a link's kind."""
    named = list(zip_longest(names[: len(cells)], cells, fillvalue=""))
    own = _title_place(named)
    number, title, url, links, rest = _headed(cells[own], base) if own is not None else (0, "", "", (), "")
    others = [one for place, one in enumerate(named) if place != own]
    known = url if identity(url) else next((one.url for _, cell in others for one in of_line(cell)), "")
    if not title or not known:
        return None
    number = number or next((int(cell) for name, cell in others if cell.isdecimal() and _is_number(name)), 0)
    found = [link for _, cell in others for link in _links(cell, base)]
    body = [rest, *(f"- **{name}**: {cell}" if name else f"- {cell}" for name, cell in others if _says(cell))]
    return Entry(line, line + 1, number, title, known, (*links, *found), "\n".join(filter(None, body)))


def _title_place(named: Sequence[tuple[str, str]]) -> int | None:
    by_name = (place for place, (name, cell) in enumerate(named) if labels.tells(name) == "title" and cell)
    by_text = (
        place for place, (name, cell) in enumerate(named) if labels.tells(name) in {"", "link"} and _is_title(cell)
    )
    return next(chain(by_name, by_text), None)


def _is_title(cell: str) -> bool:
    title = titles.read(cell).title
    return bool(_LETTER.search(title)) and not titles.is_short(title)


def _is_number(name: str) -> bool:
    return not labels.known(name) or labels.tells(name) == "topic"


def _says(cell: str) -> bool:
    """Tell whether a cell has words beside links and a number."""
    rest = _LINK.sub("", cell)
    return bool(_LETTER.search(re.sub(r"https?://\S+|<[^<>]*>", "", rest))) or (rest == cell and "`" in cell)


def _links(cell: str, base: str) -> list[Link]:
    return [Link(plain(markdown.inline(one[1])), whole(one[2], base)) for one in _LINK.finditer(cell) if one[1].strip()]


def _items(block: Block, text: Sequence[str], base: str) -> Iterator[Entry | None]:
    opened = [token for token in block.tokens if token.type == "list_item_open" and token.level == 1]
    for token in opened:
        start, end = token.map or (block.start, block.end)
        yield _item(start, end, text[start - block.start : end - block.start], base)


def _item(start: int, end: int, text: Sequence[str], base: str) -> Entry | None:
    marker = _MARKER.match(text[0])
    indent = marker.end() if marker else 0
    first, *others = (_TASK.sub("", text[0][indent:], count=1), *(_dedented(line, indent) for line in text[1:]))
    run = next((place for place, line in enumerate(others) if not line.strip() or _MARKER.match(line)), len(others))
    number, title, url, links, rest = _headed(" ".join([first, *others[:run]]), base)
    if not identity(url):
        cited = [one for line in others[run:] for one in of_line(line) if one.is_own]
        url = cited[0].url if len({one.paper for one in cited}) == 1 else ""
    if not identity(url) or not title:
        return None
    body = "\n".join([rest, *others[run:]]).strip("\n").rstrip()
    return Entry(start, end, number or int((marker and marker[1]) or 0), title, url, links, body)


def _dedented(line: str, indent: int) -> str:
    blanks = len(line) - len(line.lstrip(" "))
    return line[min(indent, blanks) :]


def _headed(text: str, base: str) -> tuple[int, str, str, tuple[Link, ...], str]:
    """Cut a text into its title (bold, linked, or up to a separator) and the rest: number, title, url, links, rest."""
    end = _end_of_title(text)
    found, rest = titles.read(text[:end], base), text[end:]
    url, links, later = found.url, list(found.links), _links(rest, base)
    known = url if identity(url) else next((one.url for one in of_line(rest)), "")
    links += [Link(found.title, url)] if url and known and url != known else []
    leftover = rest if _LETTER.search(re.sub(r"https?://\S+", "", _LINK.sub("", rest))) else ""
    title = "" if titles.is_short(found.title) else found.title
    return found.number, title, known or url, (*links, *later), _AFTER_TITLE.sub("", leftover, count=1).strip()


def _end_of_title(text: str) -> int:
    start = titles.number_length(text)
    for shape, place in ((_BOLD, 0), (_BOLD, start), (_LINK, 0), (_LINK, start)):
        found = shape.match(text, place)
        if found and not titles.is_short(collapse_spaces(plain(markdown.inline(found[2 if shape is _BOLD else 1])))):
            return found.end()
    link = next((one.start() for one in _LINK.finditer(text, start) if one.start() > start), len(text))
    cut = _SEPARATOR.search(text, start, link)
    return cut.start() if cut and cut.start() > start else (link if text[start:link].strip(" ([*_") else len(text))
