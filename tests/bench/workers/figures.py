"""What a part of the bench found, beside its goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.table import Row, busy, show, verdict


@dataclass(frozen=True)
class Figure:
    """One figure; `met` is None where there is no goal."""

    what: str
    found: str
    goal: str = "reported"
    met: bool | None = None
    instead: str = ""  # what a user would take in place of it, and how that does

    @property
    def row(self) -> Row:
        return self.what, self.found, self.goal, "" if self.met is None else verdict(self.met), self.instead


HEAD = ("", "found", "goal", "", "instead")


def show_figures(title: str, figures: Sequence[Figure], *notes: str) -> None:
    show(title, HEAD, [one.row for one in figures], *notes, busy())


def middle(values: Sequence[float]) -> float:
    """Give the median; that of two is the lesser one."""
    return sorted(values)[(len(values) - 1) // 2]
