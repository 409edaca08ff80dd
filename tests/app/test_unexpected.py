"""What nobody foresaw, of a source, in a chat, in a run: told once, and all else goes on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.delivery.dispatcher import RetryPolicy
from bot.ledger.ledger import Ledger
from bot.monitoring.notifier import OperatorNotifier
from bot.monitoring.status import recent_status
from bot.sources.source import Cost, FoundDigest
from bot.sources.survey import Survey
from tests.support.app import FIRST, SECOND, hours_pass, memory, opened, sweep
from tests.support.memory_channel import Failure, MemoryChannel
from tests.support.setup import DATA


def operator_reads(channel: MemoryChannel) -> list[str]:
    """List the notices that the operator received, a line each."""
    return [str(one.body["markup"]).removeprefix("Paperboy\n") for one in channel.chats["9"]]


TOLD_IN_ENGLISH: dict[str, Any] = {
    "schedule": {"at": "00:00"},
    "operators": {"telegram": ["9"]},
    "language": "en",
}


class BrokenSource:
    """A source that fails as nobody expected."""

    name = "broken"
    state = ""
    problems: Mapping[str, str] = {}
    survey = Survey()
    cost = Cost()

    async def digests(self, since: date | None = None) -> Sequence[FoundDigest]:
        raise ZeroDivisionError("123456:FAKE-telegram-token-is-secret")


async def test_what_nobody_expected_of_a_source_is_told_once_and_the_others_are_delivered() -> None:
    channel = memory()
    broken = {"name": "broken", "kind": "folder", "path": "_none"}
    daily = {"name": "daily", "kind": "folder", "path": "_posts"}
    async with opened(channel, FIRST, **TOLD_IN_ENGLISH, sources=[broken, daily]) as app:
        app.cycle.sources = [BrokenSource(), app.cycle.sources[1]]
        with capture_logs() as logs:
            await sweep(app)
            assert operator_reads(channel) == []
            hours_pass()
            for _ in range(2):
                await sweep(app)
    (notice,) = operator_reads(channel)
    assert notice == (
        "✖ broken: posts cannot be read, for an hour by now. "
        "unexpected error, please report it: ZeroDivisionError: \\[secret]"
    )
    assert len(channel.chats["5"]) == 4
    assert len([line for line in logs if line["event"] == "unexpected" and line["exc_info"]]) == 1


async def test_what_nobody_expected_in_a_chat_is_told_once_and_when_it_is_over() -> None:
    channel = memory()
    at_once = RetryPolicy(settle_delay=0, first_backoff=0)
    async with opened(channel, FIRST, policy=at_once, **TOLD_IN_ENGLISH) as app:
        channel.failures["5"] += [Failure(), *([Failure(ZeroDivisionError("no"))] * 2)]  # the first: what it is
        for _ in range(4):
            await sweep(app)
    what = "unexpected error, please report it: ZeroDivisionError: no"
    assert operator_reads(channel) == [f"✖ A run failed. telegram 5: {what}", "✔ Runs work again"]
    assert (len(channel.chats["5"]), len(channel.chats["-6"])) == (4, 4)


async def test_a_chat_of_which_the_platform_tells_something_strange_is_delivered_to() -> None:
    channel = memory()
    channel.failures["5"].append(Failure(ZeroDivisionError("no")))
    async with opened(channel, FIRST) as app:
        await app.cycle.plan(at_once=True, resume=False)
        assert [one.name for one in await app.ledger.subscriptions.unidentified("telegram")] == ["5"]
        dispatcher = app.cycle.dispatcher()
        await dispatcher.run()
        assert app.cycle.broken_chats(dispatcher) == []
    assert (len(channel.chats["5"]), len(channel.chats["-6"])) == (4, 4)


class Broken:
    """A part that fails as nobody expected."""

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError(name)


async def test_a_run_that_fails_as_nobody_expected_is_told_and_the_next_one_delivers() -> None:
    channel = memory()
    async with opened(channel, FIRST, **TOLD_IN_ENGLISH) as app:
        ledger, app.cycle.ledger = app.cycle.ledger, cast(Ledger, Broken())
        with capture_logs() as logs:
            for _ in range(2):
                await sweep(app)
        app.cycle.ledger = ledger
        await sweep(app)
    failed, works = operator_reads(channel)
    assert failed.startswith("✖ A run failed. unexpected error, please report it: ZeroDivisionError: ")
    assert works == "✔ Runs work again"
    assert len([line for line in logs if line["event"] == "unexpected"]) == 1
    assert len(channel.chats["5"]) == 4


async def test_operators_who_cannot_be_told_keep_nothing_from_being_delivered() -> None:
    channel = memory()
    async with opened(channel, FIRST, schedule={"at": "00:00"}) as app:
        app.service.planning.notifier = cast(OperatorNotifier, Broken())
        await sweep(app)
    assert len(channel.chats["5"]) == 4


async def test_a_ledger_that_answers_nonsense_does_not_end_the_program() -> None:
    async with opened(memory()) as app:
        bot = app.service.bots["telegram"]
        bot.ledger = cast(Ledger, Broken())
        assert await bot._pause(0.0) == app.service.settings.schedule.sweep.total_seconds()


_COPY = """
    INSERT INTO digests (source, name, post, day, fingerprint, content, state, found_at)
    SELECT source, :name, :name, :day, fingerprint, replace(content, '2025-01-06', :day), state, found_at
    FROM digests WHERE day = '2025-01-06'
"""


@pytest.mark.parametrize("days", [["0001-01-01"], ["9999-12-31"], ["0001-01-01", "9999-12-31"]], ids=str)
async def test_a_digest_of_the_first_or_last_of_all_days_that_a_ledger_holds_stops_nothing(days: list[str]) -> None:
    channel = memory()
    async with opened(channel, FIRST, **TOLD_IN_ENGLISH) as app:
        await sweep(app)
        with closing(sqlite3.connect("paperboy.db")) as db:
            db.executemany(_COPY, [{"name": f"daily-papers/{day}", "day": day} for day in days])
            db.commit()
        shutil.copy(DATA / SECOND, "_posts")
        await sweep(app)
        await recent_status(app.ledger, app.settings)
    assert (len(channel.chats["5"]), len(channel.chats["-6"]), operator_reads(channel)) == (8, 8, [])
