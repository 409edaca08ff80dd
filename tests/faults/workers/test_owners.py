"""Who sends for a bot: its owner alone, which may die, stand still, or lose its connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from statistics import median

import pytest

from tests.faults.site import Site
from tests.faults.workers.server import Server, WaitingPort
from tests.faults.workers.stage import TELEGRAM_ALONE, WITHIN, Stage, shows, staged
from tests.faults.workers.times import SHORT
from tests.faults.workers.worker import Worker
from tests.support.chats import READER
from tests.support.fakes.faults import late

pytestmark = pytest.mark.long  # until a busy machine does not make them fail

Moment = Callable[[Stage, Worker], Awaitable[object]]
_PACE = 0.03  # seconds that a call takes
_UNCONFIRMED = """
SELECT DISTINCT chats.name FROM chats JOIN deliveries ON chat_id = chats.id
WHERE deliveries.state IN ('sending', 'editing', 'unconfirmed')
"""
_CROWD = tuple(str(number) for number in range(1001, 1021))
# More chats than connections of a worker to Telegram; each has ids of its own: what is unconfirmed is soon found.
_GROUPS = tuple(str(-1002000000000 - number) for number in range(80))


async def _is_taken_over(stage: Stage, former: Worker | None) -> None:
    async def is_so() -> bool:
        return await stage.owner("telegram") not in (None, former)

    await stage.until(is_so, WITHIN)


async def _is_all_there(stage: Stage, _: Worker) -> None:
    await stage.until(stage.is_done, WITHIN)


async def _frozen_in(stage: Stage, waiting: AbstractAsyncContextManager[WaitingPort]) -> Worker:
    """Freeze the owner while an update of it waits, and let the update go on."""
    async with waiting as first:
        stage.blog.publish()
        frozen = stage.worker_at(await first())
        assert frozen
        frozen.freeze()
        stage.strikes("frozen")
    return frozen


_MOMENTS = pytest.mark.parametrize(
    "moment",
    [
        pytest.param(_is_taken_over, marks=pytest.mark.long, id="taken over"),
        pytest.param(_is_all_there, id="all there"),
    ],
)


@_MOMENTS
async def test_a_frozen_owner_thaws_and_sends_nothing(site: Site, server: Server, moment: Moment) -> None:
    async with staged(site, server, names=TELEGRAM_ALONE) as stage:
        stage.pace = _PACE
        await stage.hire(2)
        stage.blog.publish()
        frozen = await stage.at(10, Worker.freeze, "sendMessage")
        stage.strikes("frozen")
        await moment(stage, frozen)
        calls = stage.calls_of(frozen)
        frozen.thaw()
        await stage.check()
        assert stage.calls_of(frozen) == calls


@_MOMENTS
async def test_a_row_that_a_frozen_owner_claimed_is_not_sent_after_the_thaw(
    site: Site, server: Server, moment: Moment
) -> None:
    """It stands still after its claim was committed, and before it knows that."""
    async with staged(site, server, names=(READER,)) as stage:
        await stage.hire(2)
        await _is_taken_over(stage, None)
        frozen = await _frozen_in(stage, server.held("deliveries", "NEW.state = 'sending'", at_commit=True))
        await moment(stage, frozen)
        frozen.thaw()
        await stage.check()
        assert not stage.calls_of(frozen)


@pytest.mark.parametrize(("table", "when"), [("deliveries", "NEW.state = 'sent'"), ("chats", "true")])
async def test_a_worker_that_is_frozen_in_a_transaction_holds_nobody_up(
    site: Site, server: Server, table: str, when: str
) -> None:
    """Not even after a statement with many rows: PostgreSQL itself waits for the next one for ever then."""
    async with staged(site, server, names=TELEGRAM_ALONE) as stage:
        await stage.hire(2)
        await _is_taken_over(stage, None)
        frozen = await _frozen_in(stage, server.held(table, when))
        await _is_taken_over(stage, frozen)
        await _is_all_there(stage, frozen)
        frozen.thaw()
        await stage.check()


@pytest.mark.long
async def test_sends_that_wait_for_a_connection_are_not_made_after_the_thaw(site: Site, server: Server) -> None:
    """They were claimed, and looked at: more at a time than there are connections to Telegram."""
    for name in _GROUPS:
        site.telegram.add_chat(name, kind="supergroup")
    async with staged(site, server, names=_GROUPS, papers=1) as stage:
        await stage.hire(2)
        site.happen(late(SHORT.call, method="sendMessage", times=None))
        stage.blog.publish()
        frozen = await stage.at(64, lambda _: None, "sendMessage")
        await asyncio.sleep(0.1)  # as many are under way as can be
        frozen.freeze()
        stage.strikes("frozen")
        await _is_taken_over(stage, frozen)
        calls = stage.calls_of(frozen)
        site.heal()
        frozen.thaw()
        await stage.check()
        assert stage.calls_of(frozen) == calls


@pytest.mark.long
async def test_the_other_bot_goes_on_while_one_is_taken_over(site: Site, server: Server) -> None:
    async with staged(site, server, papers=30) as stage:
        stage.pace = _PACE
        await stage.hire(3)
        owner, other = await stage.shared_out()
        stage.blog.publish()
        assert await stage.at(10, Worker.kill, "sendMessage") is owner
        stage.strikes("killed")
        await stage.check()
        sent = [call.at for call in site.slack.calls if call.method == "chat.postMessage"]
        assert max(later - earlier for earlier, later in pairwise(sent)) < SHORT.take_over_delay
        assert len(stage.calls_of(other)) >= len(sent)


@pytest.mark.long
async def test_an_owner_that_is_told_to_end_leaves_nothing_unconfirmed(site: Site, server: Server) -> None:
    async with staged(site, server, names=TELEGRAM_ALONE) as stage:
        stage.pace = _PACE
        await stage.hire(2)
        stage.blog.publish()
        await stage.at(10, Worker.tell_to_end, "sendMessage")
        stage.strikes("told to end")
        await stage.check()
        assert not list(site.verdicts())


@pytest.mark.long
@pytest.mark.parametrize(("kills", "papers"), [(2, 8), (20, 80)])
async def test_chats_without_unconfirmed_sends_go_on_at_once_after_a_kill(
    site: Site, server: Server, kills: int, papers: int
) -> None:
    """Half of them within a second of it, at Telegram's pace: each chat gets a message a second."""
    async with staged(site, server, names=_CROWD, papers=papers) as stage:
        waits: list[float] = []
        stage.within += papers  # each of them takes a second
        await stage.hire(3, limited=True)
        stage.blog.publish()
        for _ in range(kills):
            killed = await stage.at(30, Worker.kill, "sendMessage")
            stage.strikes("killed")
            waits += await _waits(stage, killed)
        await stage.check()
        assert median(waits) < 1, waits


async def _waits(stage: Stage, killed: Worker) -> list[float]:
    """Give the seconds from its death on until others call in each chat of which it left nothing under way."""
    died_at, unconfirmed = time.monotonic(), {name for [name] in await stage.server.ask(_UNCONFIRMED)}
    certain = set(stage.scene.names) - unconfirmed
    calls: dict[str, float] = {}  # the first one of another worker, by chat

    def all_called() -> bool:
        for call in stage.site.telegram.calls:
            if call.at > died_at and shows(call.method) and call.port not in killed.ports.values():
                calls.setdefault(str(call.arguments["chat_id"]), call.at)
        return certain <= calls.keys()

    await stage.until(all_called, WITHIN)
    return [calls[chat] - died_at for chat in certain]
