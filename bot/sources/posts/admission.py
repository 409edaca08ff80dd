"""Which texts are parsed: those that surely are parsed, laid out and compared within seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator

# The largest real post has 1,000 lines, 230 headings, 200 signs, at most 4 in a block, and no table.
MOST_LINES = 8_000
MOST_HEADINGS = 2_000
MOST_SIGNS = 20_000
MOST_SIGNS_OF_A_BLOCK = 1_200  # some take time that grows with their square: `![![![`
MOST_CELLS = 20_000  # columns times lines: the parser fills up short rows

_HEADING = re.compile(r"^ {0,3}#", re.MULTILINE)
_SIGN = re.compile(r"[\[\]*_`<&\\!|${]")
_RARE_SIGN = re.compile(r"(?<=[^~\n])~~|(?<=[^=\n])==")  # not of fences and underlines
_BLANK_LINES = re.compile(r"\n[ \t]*\n")


def refusal(text: str) -> str:
    """Say of what a text has too much, "" where it is admitted. Counts only: linear in its length."""
    return next(_too_many(text), "")


def _too_many(text: str) -> Iterator[str]:
    if text.count("\n") > MOST_LINES:
        yield f"more than {MOST_LINES:,} lines"
    if len(_HEADING.findall(text)) > MOST_HEADINGS:
        yield f"more than {MOST_HEADINGS:,} headings"
    if _signs(text) <= MOST_SIGNS_OF_A_BLOCK and "|" not in text:
        return  # as most posts: then no block has too many
    blocks = _BLANK_LINES.split(text)
    signs = list(map(_signs, blocks))
    if max(signs) > MOST_SIGNS_OF_A_BLOCK:
        yield f"more than {MOST_SIGNS_OF_A_BLOCK:,} signs of Markdown without a blank line between them"
    if sum(signs) > MOST_SIGNS:
        yield f"more than {MOST_SIGNS:,} signs of Markdown"
    if sum(map(_cells, blocks)) > MOST_CELLS:
        yield f"tables of more than {MOST_CELLS:,} cells"


def _signs(block: str) -> int:
    rare = len(_RARE_SIGN.findall(block)) if "~~" in block or "==" in block else 0
    return len(_SIGN.findall(block)) + rare


def _cells(block: str) -> int:
    lines = block.split("\n")
    bars = max(line.count("|") for line in lines)
    return (bars + 1) * len(lines) if bars else 0
