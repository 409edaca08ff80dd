"""Blocks that stand beside those of CommonMark: formulas on lines of their own, and comments over several blocks."""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock

_OPEN = re.compile(r"[ \t]*(\$\$|\\\\?\[)")
_CLOSE = {"$$": "$$", "\\[": "\\]", "\\\\[": "\\\\]"}
_MOST_LINES = 60  # of a formula: where none ends so soon, its dollars are text


def formulas(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """Read a formula whose delimiters begin and end lines: whatever stands between is no Markdown."""
    first = _line(state, line)
    opened = _OPEN.match(first)
    if not opened or state.is_code_block(line):
        return False
    close = _CLOSE[opened[1]]
    lines = [first[opened.end() :]]
    while not lines[-1].rstrip().endswith(close):
        lines.append(_line(state, line + len(lines)))
        if line + len(lines) > min(last, line + _MOST_LINES) or state.sCount[line + len(lines) - 1] < state.blkIndent:
            return False
    formula = "\n".join(lines).rstrip().removesuffix(close)
    return close not in formula and _block(state, silent, line + len(lines), formula)


def comments(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """Leave out a comment that begins and ends a line; one within lines is read with them."""
    start = state.bMarks[line] + state.tShift[line]
    if not state.src.startswith("<!--", start):
        return False
    end = _end_of_comment(state, start + 4)
    if end < 0 or state.src[end : _end_of_line(state.src, end)].strip():
        return False
    following = next((n for n in range(line, last) if state.eMarks[n] >= end), last - 1)
    return _block(state, silent, following + 1, "")


def _end_of_line(text: str, at: int) -> int:
    found = text.find("\n", at)
    return found if found >= 0 else len(text)


def _end_of_comment(state: StateBlock, start: int) -> int:
    """Find where a comment ends, -1 where it does not; each end is looked for once."""
    known = state.env.get("comment", 0)
    if 0 <= known < start:
        found = state.src.find("-->", start)
        known = state.env["comment"] = found + 3 if found >= 0 else -1
    return int(known)


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]] if line < state.lineMax else ""


def _block(state: StateBlock, silent: bool, line: int, formula: str) -> bool:
    if not silent:
        state.line = line
        if formula.strip():
            state.push("math_block", "math", 0).content = formula
    return True
