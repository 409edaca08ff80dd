"""By the deadline of a call it is written, or never; and when others ask about it, it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app.assembly import make_channels
from bot.channels import all_kits
from bot.channels.slack.channel import SlackChannel
from bot.channels.telegram.channel import TelegramChannel
from bot.concurrency import steady
from bot.database.postgres.engine import SHARING
from bot.delivery.channel import Channel
from bot.errors import RetryLater, Unconfirmed
from bot.ledger.writing.deadline import SOLE, NotWritten, before_write, call, deadline
from tests.support.fakes import faults
from tests.support.fakes.server import FakeServer
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.setup import channels_of, settings_in

_SOON, _LATE = 0.5, 30.0  # seconds; to connect takes long now and then
_SENDS = {"telegram": "sendMessage", "slack": "chat.postMessage"}


@dataclass
class Platform:
    """A channel before its server."""

    channel: Channel
    server: FakeServer
    addresses: list[str]  # of chats, one more than there are connections

    @property
    def came(self) -> int:
        return sum(call.method == _SENDS[self.channel.name] for call in self.server.calls)

    async def send(self, seconds: float, chat: int = 0) -> str:
        """Send something that must be written within so many seconds."""
        with deadline(steady() + seconds):
            body = self.channel.formatter.notice("A paper").body
            return await self.channel.send(self.addresses[chat], body, delivery_ref="ref", thread="")


@pytest.fixture(params=["telegram", "slack"])
async def platform(
    request: pytest.FixtureRequest, telegram: FakeTelegram, slack: FakeSlack, tmp_path: Path
) -> AsyncIterator[Platform]:
    channels = channels_of(settings_in(tmp_path, telegram, slack))
    places: dict[str, tuple[FakeServer, list[str]]] = {
        "telegram": (telegram, [str(number) for number in range(1001, 1066)]),
        "slack": (slack, [f"C{number}" for number in range(1001, 1102)]),
    }
    for chat in places["telegram"][1]:
        telegram.add_chat(chat, kind="private")
    for chat in places["slack"][1]:
        slack.add_channel(chat, name=chat.lower())
    yield Platform(channels[request.param], *places[request.param])
    for channel in channels.values():
        await channel.close()


def test_when_others_ask_about_a_call_it_is_over(telegram: FakeTelegram, slack: FakeSlack, tmp_path: Path) -> None:
    """As long as it may take from its claim to its answer."""
    channels = make_channels(settings_in(tmp_path, telegram, slack), all_kits())
    of_telegram, of_slack = channels["telegram"], channels["slack"]
    assert isinstance(of_telegram, TelegramChannel)
    assert isinstance(of_slack, SlackChannel)
    assert {*channels} - {*_SENDS} == set()
    for answer in (of_telegram.client.answer, of_slack.answer):
        assert SHARING.deadline + answer < SHARING.take_over_delay


async def _write(seconds: float) -> str:
    before_write()
    await asyncio.sleep(seconds)
    return "answer"


async def _time_out() -> None:
    """Be given up by a library, which has times of its own."""
    raise TimeoutError("read")


async def test_what_has_no_connection_in_time_was_not_written() -> None:
    with pytest.raises(NotWritten):
        await call(asyncio.sleep(_LATE), 0.01, _LATE)


async def test_what_was_written_and_has_no_answer_in_time_may_have_been_carried_out() -> None:
    with pytest.raises(TimeoutError):
        await call(_write(_LATE), _LATE, 0.01)


async def test_what_a_library_gives_up_may_have_been_carried_out() -> None:
    with pytest.raises(TimeoutError, match="read"):
        await call(_time_out(), _LATE, _LATE)


async def test_where_nobody_else_asks_about_a_send_that_has_no_deadline() -> None:
    with deadline(steady()):
        with pytest.raises(NotWritten):
            await call(_write(0), _LATE, _LATE)
        with deadline(await SOLE.deadline()):
            assert await call(_write(0), _LATE, _LATE) == "answer"


async def test_what_is_written_in_time_is_sent(platform: Platform) -> None:
    assert await platform.send(_LATE)


async def test_what_waits_for_a_connection_at_its_deadline_is_not_sent(platform: Platform) -> None:
    """All are taken by calls that are answered late."""
    *chats, last = range(len(platform.addresses))
    platform.server.faults.add(faults.late(2 * _LATE, times=len(chats)))
    taken = [asyncio.create_task(platform.send(_LATE, chat)) for chat in chats]
    async with asyncio.timeout(_LATE):
        while platform.came < len(chats):
            await asyncio.sleep(0.01)
    platform.server.faults.clear()
    [sent] = await asyncio.gather(platform.send(_SOON, last), return_exceptions=True)
    for task in taken:
        task.cancel()
    await asyncio.gather(*taken, return_exceptions=True)
    assert isinstance(sent, RetryLater)
    assert "no connection in time" in str(sent)
    assert platform.came == len(chats)


@pytest.mark.parametrize("connected", [False, True])
async def test_who_stood_still_past_the_deadline_writes_nothing(platform: Platform, *, connected: bool) -> None:
    if connected:
        await platform.send(_LATE)
    came, sending = platform.came, asyncio.create_task(platform.send(_SOON))
    await asyncio.sleep(0)
    time.sleep(2 * _SOON)
    with pytest.raises(RetryLater, match="no connection in time"):
        await sending
    assert platform.came == came


async def test_what_was_written_in_time_is_unconfirmed_without_an_answer(platform: Platform) -> None:
    """Also where the deadline is over before it is given up: it may have been carried out."""
    await platform.send(_LATE)
    platform.server.faults.add(faults.lost_answer(method=_SENDS[platform.channel.name]))
    with pytest.raises(Unconfirmed):
        await platform.send(_SOON)
    assert platform.came == 2


async def test_an_answer_that_comes_after_the_deadline_counts(platform: Platform) -> None:
    await platform.send(_LATE)
    platform.server.faults.add(faults.late(2 * _SOON, method=_SENDS[platform.channel.name]))
    assert await platform.send(_SOON)
