"""Whether the running process is well, as it says itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, tzinfo

from bot.cli.console import print_json, say, warn
from bot.config.settings import Settings
from bot.errors import LedgerError
from bot.monitoring.health_report import HealthReport, Problem, read_report, report_file

_CURE = "; start it: `paperboy run`, or `systemctl start paperboy` where it is a service"


def show_health(settings: Settings, *, as_json: bool) -> int:
    """Print what is wrong with the running process, a line each, to standard error; give 1 when anything is."""
    now, report = time.time(), _read(settings)
    problems = report.problems_at(now) if report else [Problem("not running", now)]
    if as_json:
        print_json(_as_json(report, problems, settings.zone))
    elif report and not problems:
        say(f"healthy: {', '.join(f'{task} {_ago(now - at)}' for task, at in report.signs.items())}")
        for note in report.notes:
            say(f"note: {note}")
    for one in problems if not as_json else ():
        since = f", since {_at(one.since, settings.zone)}" if report else ""
        warn(f"{one.what}{since}{_CURE if one.what.startswith('not running') else ''}")
    return 1 if problems else 0


def _read(settings: Settings) -> HealthReport | None:
    path = report_file(settings.store.path)
    try:
        return read_report(path)
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror}); ask as the user that Paperboy runs as") from None


def _as_json(report: HealthReport | None, problems: Sequence[Problem], zone: tzinfo) -> dict[str, object]:
    signs = report.signs.items() if report else ()
    return {
        "healthy": not problems,
        "problems": [{"what": one.what, "since": _at(one.since, zone) if report else None} for one in problems],
        "notes": list(report.notes) if report else [],
        "last": {task: _at(at, zone) for task, at in signs},
    }


def _at(seconds: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat(sep=" ", timespec="seconds")


def _ago(seconds: float) -> str:
    """Say how long ago something was, in the largest unit that has been full."""
    size, unit = next(one for one in ((86400, "d"), (3600, "h"), (60, "min"), (0, "s")) if seconds >= one[0])
    return f"{seconds / max(1, size):.0f} {unit} ago"
