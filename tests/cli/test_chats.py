"""`paperboy chats`, as an operator types it."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest

from tests.support.chats import CHANNEL, CHANNEL_NAME, READER, SLACK_CHAT
from tests.support.fakes.faults import forbidden
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.operator import Operator

MINUTE = r"\d{4}-\d\d-\d\d \d\d:\d\d"


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    operator = Operator(telegram, slack)
    operator.settle(telegram=(CHANNEL_NAME, READER), slack=(SLACK_CHAT,))
    return operator


async def test_the_list_after_a_delivery(operator: Operator) -> None:
    operator.post("2025-01-05-arxiv-crlf.md")
    operator.telegram.faults.add(forbidden("bot was blocked by the user", method="sendMessage", chat=READER))
    sent = await operator.run("deliver")

    whole = await operator.run("chats")
    assert (whole.code, whole.err) == (0, "")
    head, channel, reader, *_ = whole.lines
    some = json.loads((await operator.run("chats", "--json", "--limit", "1", "--page", "2")).out)
    [paused] = json.loads((await operator.run("chats", "--paused", "--json", READER)).out)["chats"]

    assert sent.code == 1
    assert [line.split("  ")[0] for line in whole.lines] == [
        "chat",
        f"telegram Chat {CHANNEL} ({CHANNEL_NAME})",
        f"telegram {READER}",
        f"slack #papers ({SLACK_CHAT})",
        "3 chats",
    ]
    columns = ["chat", "kind", "layout", "hours", "sources", "since", "last message", "paused"]
    starts = [head.index(name) for name in columns]
    cells = [[line[one:other].strip() for one, other in pairwise([*starts, None])] for line in (channel, reader)]
    usual = ["messages", "08:30 mon-sun Asia/Seoul", "daily", ""]
    assert [line[1:6] for line in cells] == [["channel", *usual], ["private", *usual]]
    assert re.fullmatch(MINUTE, cells[0][6])
    assert cells[0][7] == cells[1][6] == ""
    assert re.match(f"since {MINUTE}: .*blocked", cells[1][7])
    assert (some["total"], some["page"], some["pages"], len(some["chats"])) == (3, 2, 3, 1)
    assert (paused["layout"], paused["is_paused"], paused["last_message"]) == ("messages", True, None)
    assert paused["sources"] == ["daily"]
    assert "blocked" in paused["why"]


async def test_no_chat_is_like_that(operator: Operator) -> None:
    done = await operator.run("chats", "--channel", "slack", "nowhere")
    assert (done.code, done.lines) == (0, ["0 chats"])
