"""What every bench prints: a small table of ratios, each the median of several rounds with its spread."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from statistics import median

Row = Sequence[str]


def show(title: str, head: Row, rows: Sequence[Row], *notes: str) -> None:
    """Print a table, its first column to the left and the others to the right, with notes below."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = [title, "", _line(head, widths), "  ".join("-" * width for width in widths)]
    lines += [_line(row, widths) for row in rows]
    lines += ["", *notes] if notes else []
    say("\n".join(lines) + "\n")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Spell the median of several rounds, and the least and the most."""
    middle, least, most = (f"{value:.{digits}f}" for value in (median(values), min(values), max(values)))
    return f"{middle} ({least}–{most})"


def verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def busy() -> str:
    """Say how busy the machine is, since figures taken beside other work are rough."""
    return f"The machine: {os.cpu_count()} processors, and {os.getloadavg()[0]:.1f} programs wanting one."


def _line(row: Row, widths: Sequence[int]) -> str:
    first, *others = row
    cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
    return "  ".join(cells).rstrip()
