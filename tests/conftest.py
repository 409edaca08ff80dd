"""What every test starts from: a clean environment, an empty folder, fake platforms on loopback."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import structlog
from coverage import Coverage
from hypothesis import settings

from bot.conversation.parsing import preferences
from bot.log import _OURS, _VERBOSE
from formatters import links, summary
from tests.faults.summary import pytest_terminal_summary
from tests.support.environment import is_foreign
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.statements import share_compiled

__all__ = ["pytest_terminal_summary"]
pytest_plugins = ["tests.support.postgres.plugin"]

LONG = "long"
# Machines are busy at times: that an example took long says nothing.
settings.register_profile("paperboy", deadline=None, max_examples=30)
settings.register_profile(LONG, settings.get_profile("paperboy"), max_examples=500)
settings.load_profile("paperboy")

# Folders of tests that coverage does not need: of SDKs, fakes, whole processes. To trace them takes as long again.
UNMEASURED = (
    *("acceptance/", "app/", "bench/", "channels/slack/", "channels/telegram/", "cli/", "config/", "docs/", "faults/"),
    *("pages/browser/", "support/"),
)
# What is worked out once: were it kept from a test that is not measured, no other would be seen to do it.
KEPT = (preferences._zones, preferences._suggestions, links.safe, summary.summarise)


def pytest_configure(config: pytest.Config) -> None:
    """Give properties many more examples in the long form; let tests share what they would compile each for itself."""
    share_compiled()
    if config.option.markexpr == LONG:
        settings.load_profile(LONG)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Refuse sets as parameters: each process has an order of its own, and pytest-xdist wants one."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        assert not isinstance(mark.args[1], set | frozenset), f"{metafunc.definition.nodeid}: sort the set"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the folders that are not measured, where a single file marks itself; properties have a long form, too."""
    is_long = config.option.markexpr == LONG
    for item in items:
        if item.path.relative_to(Path(__file__).parent).as_posix().startswith(UNMEASURED):
            item.add_marker("unmeasured")
        if is_long and isinstance(item, pytest.Function) and getattr(item.obj, "is_hypothesis_test", False):
            item.add_marker(LONG)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure coverage only where it counts."""
    stopped = [] if item.get_closest_marker("unmeasured") is None else list(_stop_coverage())
    if not stopped:
        return (yield)
    try:
        return (yield)
    finally:
        for kept in KEPT:
            kept.cache_clear()
        for coverage in reversed(stopped):
            coverage.start()


def _stop_coverage() -> Iterator[Coverage]:
    """Stop all that measure: in a process of xdist there are two, its own and that of the process."""
    while coverage := Coverage.current():
        coverage.stop()
        yield coverage


@pytest.fixture(autouse=True)
def clean_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Scrub settings and networks from the environment, work in a folder of the test's own, take posts as they are."""
    for name in list(os.environ):
        if is_foreign(name):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bot.sources.folder.YOUNG", 0.0)  # tests write no post half


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Put all loggers and structlog back as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in (_OURS, *_VERBOSE)}
    root.handlers.clear()  # else they would be closed
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """On the gate no test may be skipped: what it needs is installed there."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped on the gate: {report.longrepr}"
    return report  # type: ignore[return-value]
