"""What the running process knows of itself, and how it is judged from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.database.states import IncidentKind
from bot.monitoring.health import SWEEP, Health, dispatch_of
from bot.monitoring.health_report import HealthReport, Problem, numbered, read_report, report_files, write_report

NOW = 1_750_000_000.0  # seconds since 1970
UNREACHABLE = "Telegram cannot be reached: reset"


@dataclass
class Clock:
    """Seconds on a clock that began with the process."""

    passed: float = 1000.0

    def __call__(self) -> float:
        return self.passed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock)


def problems(health: Health) -> list[tuple[str, float]]:
    """Give the problems, each with the seconds that it has lasted."""
    return [(one.what, NOW - one.since) for one in health.report(NOW).problems]


def test_all_is_well_at_first(health: Health) -> None:
    assert (health.hanging(), problems(health)) == ([], [])


def test_a_task_that_gives_no_sign_in_time_hangs(health: Health, clock: Clock) -> None:
    health.sign(SWEEP, within=600)
    health.sign("telegram listener", within=90)
    clock.passed += 100

    assert (health.hanging(), problems(health)) == (
        ["telegram listener"],
        [("telegram listener: no sign of life", 100)],
    )
    health.sign("telegram listener", within=90)
    assert (health.hanging(), problems(health)) == ([], [])


def test_a_task_of_which_no_next_sign_is_expected_never_hangs(health: Health, clock: Clock) -> None:
    health.sign(SWEEP, within=600)
    health.sign(SWEEP)
    clock.passed += 1e9

    assert health.hanging() == []
    assert health.report(NOW).signs == {SWEEP: NOW - 1e9}


def test_an_outage_is_a_problem_once_it_lasts(health: Health, clock: Clock) -> None:
    health.outages.begin(IncidentKind.DISCONNECTED, "telegram", UNREACHABLE)
    clock.passed += 59
    assert problems(health) == []
    clock.passed += 61
    health.outages.begin(IncidentKind.RUN, "", "the disk is full", brief=0.0)

    assert problems(health) == [
        (f"telegram: readers are not heard. {UNREACHABLE}", 120),
        ("A run failed. the disk is full", 0),
    ]
    assert health.hanging() == []  # a restart would not mend it


def test_a_source_that_cannot_be_read_for_long_is_a_problem_until_it_is_read(health: Health, clock: Clock) -> None:
    health.sources_read({"hf": "HTTP 500", "blog": "no such folder"})
    clock.passed += 300
    health.sources_read({"hf": "HTTP 503"})
    assert problems(health) == [("hf: posts cannot be read, for an hour by now. HTTP 503", 300)]
    health.sources_read({})
    assert problems(health) == []


def test_what_is_worse_than_it_seemed_is_told_at_once(health: Health) -> None:
    health.outages.begin(IncidentKind.RUN, "", "slow")
    assert problems(health) == []
    health.outages.begin(IncidentKind.RUN, "", "lost", brief=0.0)
    assert problems(health) == [("A run failed. lost", 0)]


def test_a_bot_that_is_refused_is_a_problem_until_it_is_not(health: Health) -> None:
    health.delivered("telegram", "Telegram refuses the token")
    health.delivered("slack", "")
    assert problems(health) == [("telegram: nothing goes out. Telegram refuses the token", 0)]
    health.token_asked("telegram", "")
    assert len(problems(health)) == 1  # it is the messages that are refused, as where the app lacks a right
    health.delivered("telegram", "")
    assert problems(health) == []


def test_a_platform_that_cannot_be_asked_twice_is_a_problem(health: Health, clock: Clock) -> None:
    health.token_asked("telegram", UNREACHABLE)
    assert problems(health) == []
    clock.passed += 50
    health.token_asked("telegram", UNREACHABLE)
    assert problems(health) == [(f"telegram: nothing goes out. {UNREACHABLE}", 50)]
    health.token_asked("telegram", "")
    assert problems(health) == []


def test_of_a_platform_that_is_away_is_told_once(health: Health, clock: Clock) -> None:
    health.outages.begin(IncidentKind.DISCONNECTED, "telegram", UNREACHABLE)
    health.token_asked("telegram", UNREACHABLE)
    health.token_asked("slack", "Slack cannot be reached")
    clock.passed += 100

    assert [what for what, _ in problems(health)] == [
        f"telegram: readers are not heard. {UNREACHABLE}",
        "slack: nothing goes out. Slack cannot be reached",
    ]


# The report, from outside


REPORT = HealthReport(os.getpid(), NOW, [Problem("telegram: nothing goes out", NOW - 5)], {SWEEP: NOW - 60}, ["a note"])


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db.health"
    for problem in ("first", "second"):
        write_report(path, replace(REPORT, problems=[Problem(problem, NOW)]))

    assert read_report(path) == replace(REPORT, problems=[Problem("second", NOW)])
    assert [one.name for one in tmp_path.iterdir()] == ["paperboy.db.health"]


def test_of_several_processes_each_has_a_file_of_its_own(tmp_path: Path) -> None:
    first = tmp_path / "paperboy.db.health"
    for number in (2, 10, 1):
        write_report(numbered(first, number), REPORT)
    for name in ("paperboy.db.health.new", "paperboy.db.health.2.new", "paperboy.db.health.2.lock", "paperboy.db"):
        (tmp_path / name).touch()
    assert report_files(first) == {number: numbered(first, number) for number in (1, 2, 10)}
    assert report_files(tmp_path / "nowhere" / "health") == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"problems": [{}]}', '{"problems": 1}', '{"problems": []}'])
def test_of_what_cannot_be_read_nothing_is_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "torn").write_text(text)

    assert read_report(tmp_path / "torn") is None
    assert read_report(tmp_path / "none") is None


@pytest.mark.parametrize("late", [-29.0, 0.0, 29.0])
def test_a_young_report_is_taken_at_its_word(late: float) -> None:
    assert REPORT.problems_at(NOW + late) == REPORT.problems


@pytest.mark.parametrize("late", [-31.0, 31.0, 1e9])
def test_an_old_report_of_a_process_that_is_there_says_that_it_hangs(late: float) -> None:
    [problem] = REPORT.problems_at(NOW + late)
    assert problem == Problem(
        f"process {os.getpid()} gives no sign of life: it hangs, is stopped, or cannot write beside the ledger", NOW
    )


def test_an_old_report_of_another_users_process_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    [problem] = REPORT.problems_at(NOW + 60)
    assert "gives no sign of life" in problem.what


def test_an_old_report_of_a_process_that_is_gone_says_that_it_has_ended() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    [problem] = replace(REPORT, pid=gone.pid).problems_at(NOW + 60)
    assert problem == Problem(f"not running: process {gone.pid} has ended", NOW)


def test_what_was_of_a_channel_that_was_left_is_anothers_and_no_problem(health: Health, clock: Clock) -> None:
    for channel in ("telegram", "slack"):
        health.sign(dispatch_of(channel), within=60)
        health.token_asked(channel, UNREACHABLE)
        health.delivered(channel, "revoked")
        health.outages.begin(IncidentKind.DISCONNECTED, channel, UNREACHABLE)
    clock.passed += 7200
    assert len(problems(health)) == 4

    health.left("telegram")

    assert health.hanging() == [dispatch_of("slack")]
    assert [what for what, _ in problems(health) if "slack" not in what] == []
    assert len(problems(health)) == 2
