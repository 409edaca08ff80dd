"""What platforms taught about how much they allow is known to the next process, and nothing suffers when it is not."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy.exc import OperationalError

from bot.app.assembly import App
from bot.app.duties.paces import PaceKeeper
from bot.channels.rate_limits.allowances import Allowance
from bot.errors import LedgerError
from bot.ledger.chats.paces import LearntPace
from tests.support.app import memory, opened
from tests.support.memory_channel import MemoryChannel

DAY = 86_400.0


def limited() -> tuple[MemoryChannel, Allowance, Allowance]:
    """Give a channel with two limits that may be learnt."""
    channel, bot, group = memory(), Allowance("bot", 30, 1.0), Allowance("group", 20, 60.0)
    channel.allowances = (bot, group)
    return channel, bot, group


async def kept(app: App) -> dict[str, float]:
    return {pace.name: pace.learnt for pace in await app.ledger.paces.listed()}


async def test_what_one_process_learnt_the_next_one_remembers() -> None:
    channel, bot, _ = limited()
    async with opened(channel):
        bot.lower(24)
    channel, bot, group = limited()
    async with opened(channel) as app:
        assert (round(bot.allowed), group.allowed) == (24, 20)
        assert await kept(app) == {"bot": 24}
        bot.lower(20)
    channel, bot, group = limited()
    async with opened(channel) as app:
        assert round(bot.allowed) == 20
        assert await app.ledger.paces.listed() == [LearntPace("telegram", "bot", 30, 1.0, 20, bot.learnt_at)]


async def test_what_is_learnt_while_the_program_runs_is_kept_at_its_end_at_the_latest() -> None:
    channel, bot, _ = limited()
    async with opened(channel) as app:
        running = asyncio.create_task(app.paces.run(app.cycle.stopping))
        await asyncio.sleep(0)
        bot.lower(24)
        app.cycle.stopping.set()
        await running
        assert await kept(app) == {"bot": 24}


async def test_what_came_back_in_days_is_still_known_as_learnt_then() -> None:
    channel, bot, _ = limited()
    async with opened(channel) as app:
        await app.ledger.paces.keep(LearntPace("telegram", "bot", 30, 1.0, 24, time.time() - 2 * DAY))
        await app.paces.load()
        assert bot.allowed == pytest.approx(27, abs=0.01)
        await app.paces.keep()
        assert await kept(app) == {"bot": 24}


@pytest.mark.parametrize(
    ("error", "said"),
    [(LedgerError("the disk is full"), "the disk is full"), (OperationalError("", {}, ValueError()), "described")],
)
async def test_a_ledger_that_fails_keeps_nothing_from_being_delivered(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        """A ledger that cannot be read."""

        @property
        def paces(self) -> object:
            raise error

    channel, bot, _ = limited()
    bot.lower(24)
    keeper = PaceKeeper(Broken(), {"telegram": channel}, lambda _: "described")  # type: ignore[arg-type]
    await keeper.load()
    await keeper.keep()
    assert bot.learnt == 24
    assert capsys.readouterr().out.count(said) == 2
