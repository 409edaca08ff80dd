"""Whether the processes of a machine are well, as `paperboy health` reads it from what they wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.delivery.health import show_health
from bot.config.loading import load
from bot.config.settings import Settings
from bot.monitoring.health import SWEEP
from bot.monitoring.health_report import HealthReport, Problem, numbered, write_report


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PAPERBOY_STORE__URL", "postgresql://me@host/db")
    found = load()
    found.store.report.parent.mkdir()
    return found


def report(number: int, settings: Settings, **changed: object) -> HealthReport:
    now = time.time()
    made = replace(HealthReport(os.getpid(), now, [], {SWEEP: now - 61}, ["a note"]), **changed)  # type: ignore[arg-type]
    write_report(numbered(settings.store.report, number), made)
    return made


def test_one_speaks_for_itself(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    report(2, settings)
    assert show_health(settings, as_json=False) == 0
    assert capsys.readouterr().out == "healthy: sweep 1 min ago\nnote: a note\n"


def test_several_are_well_together(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2):
        report(number, settings)
    assert show_health(settings, as_json=False) == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "healthy: worker 1: sweep 1 min ago, worker 2: sweep 1 min ago",
        *("note: worker 1: a note", "note: worker 2: a note"),
    ]
    assert show_health(settings, as_json=True) == 0
    assert [*json.loads(capsys.readouterr().out)["last"]] == ["worker 1: sweep", "worker 2: sweep"]


def test_of_several_the_one_that_is_not_well_is_named(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    ill = report(1, settings, problems=[Problem("telegram: nothing goes out", time.time())])
    report(2, settings)
    report(3, settings, pid=gone.pid, written_at=ill.written_at - 60)
    assert show_health(settings, as_json=False) == 1
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert out == ""
    assert first.startswith("worker 1: telegram: nothing goes out, since 20")
    assert second.startswith(f"worker 3: not running: process {gone.pid} has ended, since 20")
    assert second.endswith(f"; start it again, or remove {settings.store.report}.3 if it shall not run any more")
    assert show_health(settings, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["healthy"], [one["what"].partition(":")[0] for one in found["problems"]]) == (
        False,
        ["worker 1", "worker 3"],
    )


def test_where_nobody_is_nobody_runs(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_health(settings, as_json=False) == 1
    assert capsys.readouterr().err.startswith("not running; start it: `paperboy run`")
