"""Texts of nothing but paragraphs and bulleted items, which most sections of papers are.

CommonMark's rules for blocks have nothing to decide in them; to try each rule on each line would take most of the time
in which a section is laid out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# How a line begins that begins no other block, and underlines nothing: no sign of a heading, quote, fence, rule, table,
# formula, comment or numbered item.
_WORDS = r"(?!\d{1,9}[.)](?:[ \n]))(?:[^\s\0#>+*_`~=|:<$\\-]|\*{1,2}[^\s*])[^\n\r\t\0]*"
_ITEM = "- "
_ALONE = re.compile(rf"(?:(?:(?:{_ITEM})?{_WORDS}| *)\n)*")


class Paragraph(NamedTuple):
    is_item: bool  # of a bulleted list; the others stand alone
    text: str  # Markdown, its lines apart


def paragraphs(markdown: str) -> Iterator[Paragraph] | None:
    """Cut a text into its paragraphs and items; None where it holds any other block, or may."""
    return _cut(markdown) if _ALONE.fullmatch(f"{markdown}\n") else None


def _cut(markdown: str) -> Iterator[Paragraph]:
    lines: list[str] = []
    is_item = False
    for line in markdown.split("\n"):
        begins = line.startswith(_ITEM)
        if lines and (begins or not line.strip(" ")):
            yield Paragraph(is_item, "\n".join(lines).strip())
            lines = []
        if begins or not lines:
            is_item = begins
        if line.strip(" "):
            lines.append(line.removeprefix(_ITEM) if begins else line)
    if lines:
        yield Paragraph(is_item, "\n".join(lines).strip())
