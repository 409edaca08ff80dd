"""Whether the running processes of this machine are well, as they say themselves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from bot.cli.console import print_json, say, warn
from bot.config.settings import Settings
from bot.errors import LedgerError
from bot.monitoring.health_report import HealthReport, Problem, numbered, read_report, report_files

_NONE = "not running"
_CURE = "; start it: `paperboy run`, or `systemctl start paperboy` where it is a service"
_CURE_OF_ONE = "; start it again, or remove {} if it shall not run any more"


@dataclass(frozen=True, slots=True)
class _Told:
    """What the processes say; of several, each thing begins with the number of its process."""

    problems: Sequence[tuple[Problem, str]]  # each with what to do about it
    signs: Mapping[str, float]  # when each task gave its last sign of life
    notes: Sequence[str]
    is_anybody: bool = True  # a process said something


def show_health(settings: Settings, *, as_json: bool) -> int:
    """Print what is wrong with the running processes, a line each, to standard error; give 1 when anything is."""
    now, zone = time.time(), settings.zone
    told = _told(settings.store.report, now)
    if as_json:
        print_json(_as_json(told, zone))
    elif not told.problems:
        say(f"healthy: {', '.join(f'{task} {_ago(now - at)}' for task, at in told.signs.items())}")
        for note in told.notes:
            say(f"note: {note}")
    for one, cure in told.problems if not as_json else ():
        since = f", since {_at(one.since, zone)}" if told.is_anybody else ""
        warn(f"{one.what}{since}{cure}")
    return 1 if told.problems else 0


def _told(first: Path, now: float) -> _Told:
    reports = {number: report for number, path in report_files(first).items() if (report := _read(path))}
    if not reports:
        return _Told([(Problem(_NONE, now), _CURE)], {}, [], is_anybody=False)
    if len(reports) == 1:
        return _of(next(iter(reports.values())), now)
    each = [
        _of(report, now, f"worker {number}: ", _CURE_OF_ONE.format(numbered(first, number)))
        for number, report in reports.items()
    ]
    signs = {task: at for one in each for task, at in one.signs.items()}
    return _Told([told for one in each for told in one.problems], signs, [note for one in each for note in one.notes])


def _of(report: HealthReport, now: float, name: str = "", cure: str = _CURE) -> _Told:
    found = [Problem(name + one.what, one.since) for one in report.problems_at(now)]
    problems = [(one, cure if _NONE in one.what else "") for one in found]
    signs = {name + task: at for task, at in report.signs.items()}
    return _Told(problems, signs, [name + note for note in report.notes])


def _read(path: Path) -> HealthReport | None:
    try:
        return read_report(path)
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror}); ask as the user that Paperboy runs as") from None


def _as_json(told: _Told, zone: tzinfo) -> dict[str, object]:
    problems = [{"what": one.what, "since": _at(one.since, zone)} for one, _ in told.problems]
    return {
        "healthy": not told.problems,
        "problems": problems if told.is_anybody else [{"what": _NONE, "since": None}],
        "notes": list(told.notes),
        "last": {task: _at(at, zone) for task, at in told.signs.items()},
    }


def _at(seconds: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat(sep=" ", timespec="seconds")


def _ago(seconds: float) -> str:
    """Say how long ago something was, in the largest unit that has been full."""
    size, unit = next(one for one in ((86400, "d"), (3600, "h"), (60, "min"), (0, "s")) if seconds >= one[0])
    return f"{seconds / max(1, size):.0f} {unit} ago"
