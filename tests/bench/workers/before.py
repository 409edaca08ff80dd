"""Whether SQLite does as well as before: the other benches, beside those of an earlier version where one is given."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.table import spread
from tests.bench.workers.figures import Figure

HERE = Path(__file__).parents[3]
_NOISE = 0.05  # by so much two runs of one version differ


@dataclass(frozen=True)
class Measure:
    """A figure in what a bench prints."""

    what: str
    row: str  # a pattern, whose group is the figure
    promise: float  # where there is nothing to compare with
    more_is_better: bool = False

    def read(self, printed: str) -> float:
        found = re.search(self.row, printed, re.MULTILINE)
        assert found, printed
        return float(found[1])

    def is_met(self, now: Sequence[float], before: Sequence[float]) -> bool:
        """Compare medians, or the worst figure with the promise."""
        found, limit = (median(now), median(before)) if before else (max(now), self.promise)
        if self.more_is_better:
            return found >= limit * (1 - _NOISE) if before else min(now) >= limit
        return found <= limit * (1 + _NOISE) if before else found <= limit


@dataclass(frozen=True)
class Bench:
    """One of the other benches, with what is read of it."""

    command: Sequence[str]
    measures: Sequence[Measure]

    def run(self, folder: Path) -> list[float]:
        """Run it in the tree of a version, by its own Python if it has one."""
        own = folder / ".venv/bin/python"
        python = str(own) if own.exists() else sys.executable
        command = [python, "-m", *(f"{word}" for word in self.command)]
        printed = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True, text=True).stdout
        return [measure.read(printed) for measure in self.measures]


_WHOLE = r"^plan, ledger and dispatcher +([\d.]+) \S+"
_REPLIES = r"^Paperboy +(?:\d+ ms +){{{}}}(\d+) ms"
LIMIT = Bench(
    ["tests.bench.limit", "--only", "Paperboy"],
    [Measure("limit: time over the least", r"^Paperboy +\(?([\d.]+)", 1.02)],
)
REPLIES = Bench(
    ["tests.bench.replies", "8"],
    [
        Measure("replies: half within, ms", _REPLIES.format(0), 60),
        Measure("replies: 99 of 100 within, ms", _REPLIES.format(1), 110),
    ],
)


def throughput(rounds: int) -> Bench:
    measures = [
        Measure("throughput over the SDK alone", _WHOLE, 0.8, more_is_better=True),
        Measure(
            "throughput, by the processor's time",
            rf"{_WHOLE} +([\d.]+)".replace("([", "(?:[", 1),
            0.8,
            more_is_better=True,
        ),
    ]
    return Bench(["tests.bench.throughput", "--rounds", str(rounds)], measures)


def figures(bench: Bench, now: Sequence[Sequence[float]], before: Sequence[Sequence[float]]) -> list[Figure]:
    """Judge each measure by its values in all rounds."""
    made = []
    for place, measure in enumerate(bench.measures):
        ours, theirs = ([one[place] for one in rounds] for rounds in (now, before))
        sign = "≥" if measure.more_is_better else "≤"
        goal = f"{sign} {median(theirs):.3g} before" if theirs else f"{sign} {measure.promise:g}"
        made.append(Figure(measure.what, spread(ours, 3), goal, measure.is_met(ours, theirs)))
    return made


def main(*, full: bool, before: str) -> list[Figure]:
    """Run each bench here, and in turn in the tree of an earlier version."""
    found = []
    for bench, rounds in ((LIMIT, 1), (throughput(3), 2 if full else 1), (REPLIES, 3 if full else 1)):
        pairs = [(bench.run(Path(before)) if before else None, bench.run(HERE)) for _ in range(rounds)]
        found += figures(bench, [ours for _, ours in pairs], [theirs for theirs, _ in pairs if theirs])
    return found
