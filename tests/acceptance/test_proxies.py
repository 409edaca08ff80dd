"""Deliveries through the proxies that the environment names."""

from __future__ import annotations

import pytest

from tests.support.chats import CHANNEL
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.socks import socks_proxy
from tests.support.fakes.telegram import FakeTelegram
from tests.support.operator import Operator

POST = "2025-01-05-arxiv-crlf.md"


async def test_a_delivery_through_a_socks_proxy(telegram: FakeTelegram, slack: FakeSlack) -> None:
    operator = Operator(telegram, slack)
    operator.post(POST)

    async with socks_proxy() as proxy:
        done = await operator.run("deliver", ALL_PROXY=proxy.url)

    assert (done.code, done.err) == (0, "")
    assert proxy.connections > 0
    assert len(telegram.shown(CHANNEL)) == 2


@pytest.mark.parametrize(
    ("command", "code", "said"), [("doctor", 1, "✗ set-up: "), ("deliver", 2, "paperboy: "), ("run", 2, "paperboy: ")]
)
async def test_a_proxy_that_is_not_understood_is_a_line(
    telegram: FakeTelegram, slack: FakeSlack, command: str, code: int, said: str
) -> None:
    operator = Operator(telegram, slack)

    done = await operator.run(command, ALL_PROXY="socks://me:secret@127.0.0.1:1080")

    why = "ALL_PROXY begins with socks://, which is not understood; write socks5:// or http://"
    assert (done.code, (done.out + done.err).splitlines()[-1]) == (code, f"{said}{why}")
    assert telegram.calls == []
