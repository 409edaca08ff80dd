"""Write the parts of a page as Markdown; texts are Markdown already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from formatters.spans import collapse_spaces

_AROUND = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)
_BLANKS = re.compile(r"[ \t\r\f]+")
BREAK = "\x00"  # where a line is broken; no text has it
_TICKS = re.compile(r"`+")
_IN_ADDRESS = {" ": "%20", "<": "%3C", ">": "%3E", "\n": "", "\t": "", "\r": ""}


class Block(NamedTuple):
    """A block of the page."""

    text: str
    is_list: bool = False


def paragraphs(text: str) -> list[str]:
    """Split the text of a block where lines end twice; at a single end a line is broken."""
    lines = [line.strip() for line in _BLANKS.sub(" ", text).split(BREAK)]
    parts = BREAK.join(lines).strip(BREAK).split(BREAK * 2)
    return [found.replace(BREAK, "  \n") for part in parts if (found := part.strip(BREAK))]


def emphasised(sign: str) -> Callable[[str], str]:
    """Give what sets a text between signs; blanks at its ends, and broken lines, stay outside."""
    return lambda text: BREAK.join(_between(sign, line) for line in text.split(BREAK))


def _between(sign: str, line: str) -> str:
    found = _AROUND.fullmatch(line)
    return f"{found[1]}{sign}{found[2]}{sign}{found[3]}" if found and found[2] else line


def tagged(name: str) -> Callable[[str], str]:
    """Give what sets a text below or above the line."""
    return lambda text: f"<{name}>{text}</{name}>" if text.strip() else text


def code(text: str) -> str:
    """Write code within a line; `text` is as it is shown."""
    text = collapse_spaces(text)
    ticks = "`" * (1 + max((len(found[0]) for found in _TICKS.finditer(text)), default=0))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{blank}{text}{blank}{ticks}" if text else ""


def link(text: str, url: str) -> str:
    """Link a text; without an address it stays as it is."""
    found = _AROUND.fullmatch(text.replace(BREAK, " "))
    if found is None or not found[2] or not url:
        return text
    return f"{found[1]}{f'<{url}>' if found[2] == url else f'[{found[2]}]({_address(url)})'}{found[3]}"


def image(text: str, url: str) -> str:
    return f"![{text}]({_address(url)})"


def _address(url: str) -> str:
    spelled = "".join(_IN_ADDRESS.get(sign, sign) for sign in url.strip())
    return spelled if spelled.count("(") == spelled.count(")") else spelled.replace("(", "%28").replace(")", "%29")


def formula(latex: str, *, on_its_own: bool = False) -> str:
    """Write a formula; `latex` has no delimiters."""
    latex, sign = collapse_spaces(latex), "$$" if on_its_own else "$"
    return f"{sign}{latex}{sign}" if latex and "$" not in latex else latex


def fence(text: str, language: str) -> str:
    ticks = "`" * max(3, 1 + max((len(found[0]) for found in _TICKS.finditer(text)), default=0))
    return f"{ticks}{language}\n{text.strip(chr(10))}\n{ticks}"


def heading(level: int, texts: Iterable[str]) -> str:
    text = collapse_spaces(" ".join(texts))
    return f"{'#' * level} {text}" if text else ""


def quote(blocks: Sequence[Block]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in joined(blocks).split("\n")) if blocks else ""


def item(blocks: Sequence[Block], number: int | None, *, is_loose: bool) -> str:
    """Write an item of a list; `number` is None for a bullet."""
    marker = "- " if number is None else f"{number}. "
    text = joined(blocks, is_loose=is_loose).replace("\n", "\n" + " " * len(marker))
    return marker + "\n".join(line.rstrip(" ") if not line.strip() else line for line in text.split("\n"))


def joined(blocks: Sequence[Block], *, is_loose: bool = True) -> str:
    """Put blocks below each other; in a list whose items are near, a list follows its paragraph at once."""
    text = ""
    for block in blocks:
        gap = "" if not text else "\n" if block.is_list and not is_loose else "\n\n"
        text += gap + block.text
    return text


def details(summary: str, blocks: Sequence[Block]) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{joined(blocks)}\n\n</details>"


def table(rows: Sequence[Sequence[str]], *, has_header: bool) -> str:
    """Write a table; cells are texts within a line."""
    columns = max(map(len, rows))
    head, *body = rows if has_header else [[], *rows]
    return "\n".join([_row(head, columns), "|---" * columns + "|", *(_row(row, columns) for row in body)])


def _row(cells: Sequence[str], columns: int) -> str:
    filled = [*cells, *[""] * (columns - len(cells))]
    return f"| {' | '.join(filled)} |"


def cell(blocks: Sequence[Block]) -> str:
    """Write what stands in a cell within a line."""
    lines = " <br> ".join(block.text for block in blocks).replace("  \n", " <br> ").replace("\n", " ")
    return lines.replace("|", "\\|") if "`" in lines else lines.replace("|", "&#124;")
