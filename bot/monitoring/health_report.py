"""How the running process is, as it writes it into a file: `paperboy health` reads it there, from outside.

The process writes every few seconds. When it dies or hangs, the file grows old, and that tells it. Several processes of
one machine number their files.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

INTERVAL = 5.0  # seconds between two reports
_OLD = 30.0  # seconds after which a report is no sign of life: the machine may be busy, and some are late


@dataclass(frozen=True, slots=True)
class Problem:
    """What is not as it should be."""

    what: str
    since: float  # seconds since 1970


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What the running process last said of itself. Times are seconds since 1970."""

    pid: int
    written_at: float
    problems: Sequence[Problem]
    signs: Mapping[str, float]  # when each task gave its last sign of life
    notes: Sequence[str] = ()  # what is worth knowing, and no problem

    def problems_at(self, now: float) -> Sequence[Problem]:
        """Give what is not well; an old report says only that nothing is known any more."""
        if abs(now - self.written_at) <= _OLD:  # after `now`: the clock was set back
            return self.problems
        ended = f"not running: process {self.pid} has ended"
        hangs = f"process {self.pid} gives no sign of life: it hangs, is stopped, or cannot write beside the ledger"
        return [Problem(hangs if _is_running(self.pid) else ended, self.written_at)]


def numbered(first: Path, number: int) -> Path:
    """Name the file of the nth process of this machine."""
    return first if number == 1 else first.with_name(f"{first.name}.{number}")


def report_files(first: Path) -> dict[int, Path]:
    """Give the files in which processes of this machine say how they are, by number."""
    form = re.compile(rf"{re.escape(first.name)}(?:\.(\d+))?")
    named = ((form.fullmatch(path.name), path) for path in first.parent.glob("*"))
    return dict(sorted((int(found[1] or 1), path) for found, path in named if found))


def write_report(path: Path, report: HealthReport) -> None:
    """Replace the file at once, so that nobody reads half of it; OSError when it cannot be written."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(asdict(report), ensure_ascii=False), "utf-8")
    new.replace(path)


def read_report(path: Path) -> HealthReport | None:
    """Read what the process wrote; None when there is nothing, or nothing that can be read.

    OSError when we may not read it.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        return HealthReport(**{**found, "problems": [Problem(**one) for one in found["problems"]]})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):  # after a power cut it may be empty
        return None


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        return True
    return True
