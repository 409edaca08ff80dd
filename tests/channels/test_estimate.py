"""How long a dry run says that calls take: no longer than the limits make them, and no shorter."""

from __future__ import annotations

import pytest

from bot.channels.slack.channel import SlackChannel
from bot.channels.telegram.channel import TelegramChannel
from bot.delivery.channel import ChatWork
from formatters.locale import phrases
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.support.chats import CHANNEL, READER

TELEGRAM = TelegramChannel("123456:FAKE", "http://127.0.0.1:1/bot", TelegramFormatter(phrases("en")))
PEOPLE = [ChatWork(f"{number}", sends=1) for number in range(1, 302)]


@pytest.mark.parametrize(
    ("work", "seconds"),
    [
        ([], 0),
        ([ChatWork(READER, 19)], 18),
        ([ChatWork(READER, 10, 9, 1)], 19),
        ([ChatWork(CHANNEL, 20)], 19),
        ([ChatWork(CHANNEL, 21)], 60),
        ([ChatWork(CHANNEL, 45)], 124),
        (PEOPLE, 10),
    ],
)
def test_telegram(work: list[ChatWork], seconds: float) -> None:
    assert TELEGRAM.seconds_for(work) == seconds


@pytest.mark.parametrize(
    ("work", "seconds"),
    [
        ([], 0),
        ([ChatWork("C1", 19), ChatWork("C2", 5, 2)], 18),
        ([ChatWork("C1", 0, 50), ChatWork("C2", 0, 51)], 120),
        ([ChatWork("C1", 0, 0, 51)], 60),
    ],
)
def test_slack(work: list[ChatWork], seconds: float) -> None:
    channel = SlackChannel("xoxb-fake", "http://127.0.0.1:1/api/", SlackFormatter(phrases("en")))
    assert channel.seconds_for(work) == seconds


def test_what_was_learnt_counts() -> None:
    channel = SlackChannel("xoxb-fake", "http://127.0.0.1:1/api/", SlackFormatter(phrases("en")))
    post = channel.allowances[0]
    post.lower(0)
    assert channel.seconds_for([ChatWork("C1", 4)]) == pytest.approx(5, rel=0.01)
