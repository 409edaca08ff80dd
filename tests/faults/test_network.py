"""The network between the program and the platforms, and answers that are none."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from itertools import cycle, islice

import pytest

from bot.delivery.dispatcher import RetryPolicy
from tests.faults.posts import PAPERS, post
from tests.faults.site import Site
from tests.support.chats import CHANNEL, GROUP, READER, SLACK_CHAT
from tests.support.fakes import faults
from tests.support.fakes.faults import Fault
from tests.support.fakes.server import FakeServer

SHORT = 0.4  # seconds that an answer may take here
IN_A_HURRY = RetryPolicy(settle_delay=0.05, first_backoff=0.05, longest_wait=0.1)

FAULTS: dict[str, Callable[..., Fault]] = {
    "the answer is lost": faults.lost_answer,
    "reset before the request is carried out": faults.reset,
    "500": partial(faults.server_error, 500),
    "502 with an HTML body": partial(faults.server_error, 502),
    "truncated JSON": faults.truncated,
    "a hotel's page with 200": faults.captive_portal,
    "an answer after the time-out": partial(faults.late, 2 * SHORT),
}


# Sends in each kind of chat, the very first one or a later one, and edits.
SENDS = [
    *[("sendMessage", GROUP, 0), ("sendMessage", READER, 2), ("sendMessage", CHANNEL, 1)],
    *[("chat.postMessage", SLACK_CHAT, 0), ("sendMessage", "-1002234567890", 3), ("chat.postMessage", SLACK_CHAT, 2)],
]
EDITS = [("editMessageText", GROUP, 0), ("chat.update", SLACK_CHAT, 1), ("editMessageText", READER, 1)]


async def _send_and_edit(site: Site, kinds: Sequence[Callable[..., Fault]]) -> None:
    """Let each send and each edit meet its fault."""
    made = [
        kind(method=method, chat=chat, skip=skip)
        for kind, (method, chat, skip) in zip(kinds, SENDS + EDITS, strict=True)
    ]
    site.post(post(PAPERS))
    site.happen(*made[: len(SENDS)])
    await site.finish(timeout=SHORT)
    site.post(post([1, 9, 2, 3], "새"))
    site.happen(*made[len(SENDS) :])
    await site.finish(timeout=SHORT)
    site.check()


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.long) for turn in range(1, 7))])
async def test_another_fault_for_each(site: Site, turn: int) -> None:
    kinds = deque(FAULTS.values())
    kinds.rotate(turn)
    await _send_and_edit(site, list(islice(cycle(kinds), len(SENDS + EDITS))))


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
async def test_the_same_fault_for_all(site: Site, name: str) -> None:
    await _send_and_edit(site, [FAULTS[name]] * len(SENDS + EDITS))


async def test_what_the_platform_carries_out_late_is_waited_for(site: Site) -> None:
    """It carries the send out only after our time-out, while the send is still unconfirmed."""
    site.post(post(PAPERS))
    site.happen(faults.slow(2 * SHORT, method="sendMessage", chat=READER, skip=1))
    site.happen(faults.slow(2 * SHORT, method="chat.postMessage", skip=1))
    await site.finish(timeout=SHORT, waits=RetryPolicy(settle_delay=3 * SHORT))
    site.check()


async def test_refused_connections_then_served(site: Site) -> None:
    site.post(post(PAPERS))
    async with site.away():
        assert "cannot be reached" in (await site.deliver(waits=IN_A_HURRY)).err
    await site.finish()
    site.check()


async def test_a_chat_that_waits_to_be_identified_lets_no_other_be_tried_more_often(site: Site) -> None:
    """While it is asked for again and again, each failure of another chat doubles the wait all the same."""
    site.post(post(PAPERS))
    began = time.monotonic()
    async with site.away():
        await site.deliver(waits=RetryPolicy(settle_delay=0.05, first_backoff=0.05, longest_wait=0.4))
    took = time.monotonic() - began
    with closing(sqlite3.connect(site.ledger)) as db:
        (attempts,) = db.execute("SELECT max(attempts) FROM deliveries").fetchone()
    assert attempts > 1
    assert 0.05 * (2 ** (attempts - 1) - 1) <= took
    await site.finish()
    site.check()


async def test_the_platforms_go_away_in_the_middle(site: Site) -> None:
    """Connections break in the middle of calls, and new ones are refused."""
    site.post(post(PAPERS))
    gone = asyncio.Event()
    site.at(7, gone.set, answered=True)
    await site.start("deliver", waits=IN_A_HURRY)
    await gone.wait()
    async with site.away():
        assert (await site.end()).code == 3
    await site.finish()
    site.check()


async def test_connections_reset_before_the_request(site: Site) -> None:
    site.post(post(PAPERS))
    async with site.away(), _slamming(site.telegram), _slamming(site.slack):
        assert (await site.deliver(waits=IN_A_HURRY)).code == 3
    await site.finish()
    site.check()


async def test_names_that_do_not_resolve(site: Site) -> None:
    site.post(post(PAPERS))
    nowhere = {
        "PAPERBOY_TELEGRAM__BASE_URL": "http://api.telegram.invalid/bot",
        "PAPERBOY_SLACK__BASE_URL": "http://slack.invalid/api/",
        "RES_OPTIONS": "timeout:1 attempts:1",  # where no name server answers at all
    }
    ended = await site.deliver(environ=nowhere, waits=IN_A_HURRY)
    assert (ended.code, site.calls) == (3, 0)
    assert "cannot be reached" in ended.err
    site.faults += len(site.servers)
    await site.finish()
    site.check()


@pytest.mark.long
async def test_answered_after_a_minute(site: Site) -> None:
    await _after_a_minute(site, faults.late)


@pytest.mark.long
@pytest.mark.xfail(strict=True, reason="what is carried out after it was asked for, and found absent, comes twice")
async def test_carried_out_after_a_minute(site: Site) -> None:
    """It asks 5 s after its own time-out; no platform tells what it has yet to do."""
    await _after_a_minute(site, faults.slow)


async def _after_a_minute(site: Site, fault: Callable[..., Fault]) -> None:
    """Have the time-out and the waits of the installed program."""
    site.post(post([1]))
    site.happen(fault(60, method="sendMessage", chat=READER, skip=1), fault(60, method="chat.postMessage", skip=1))
    await site.finish(waits=RetryPolicy())
    async with asyncio.timeout(120):
        while any(call.answer is None for server in site.servers for call in server.calls):
            await asyncio.sleep(0.1)
    site.check()


@asynccontextmanager
async def _slamming(server: FakeServer) -> AsyncIterator[None]:
    """Put something in a platform's place that resets each connection as soon as it is open."""

    def slam(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reset = struct.pack("ii", 1, 0)  # linger for no time: close with RST
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        writer.transport.abort()

    async with await asyncio.start_server(slam, "127.0.0.1", server.port):
        yield
