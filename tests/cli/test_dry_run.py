"""A dry run says what would go where, and leaves everything as it is."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.chats import CHANNEL_NAME, READER, SLACK_CHAT
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.operator import Operator

POST, LATER = "2025-01-06-daily-papers-20250106.md", "2025-01-07-daily-papers.md"
DAY, NEXT_DAY = "daily-papers/2025-01-06", "daily-papers/2025-01-07"
NOTHING = "this was a dry run, nothing is sent or written"
LEDGER = Path("state/ledger.db")


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    operator = Operator(telegram, slack)
    operator.settle(telegram=(CHANNEL_NAME, READER), slack=(SLACK_CHAT,))
    operator.post(POST)
    return operator


def held() -> list[str]:
    """Give all that the ledger holds."""
    with closing(sqlite3.connect(LEDGER)) as db:
        return list(db.iterdump())


async def test_it_says_what_would_go_where_and_sends_nothing(operator: Operator) -> None:
    told = await operator.run("deliver", "--dry-run")
    assert (told.code, told.err) == (0, "")
    assert told.lines == [
        f"slack {SLACK_CHAT}, {DAY}: 4 messages, now",
        f"telegram {CHANNEL_NAME}, {DAY}: 4 messages, now",
        f"telegram {READER}, {DAY}: 4 messages, now",
        f"12 messages; what is due now takes about 3 seconds at the learnt pace; {NOTHING}",
    ]
    assert operator.telegram.calls == operator.slack.calls == []
    assert not LEDGER.exists()


async def test_what_a_chat_waits_for_is_told_with_its_hour(operator: Operator) -> None:
    await operator.run("deliver")
    with closing(sqlite3.connect(LEDGER)) as db, db:
        db.execute(f"UPDATE chats SET schedule = '00:00 mon Asia/Seoul' WHERE name = '{READER}'")
        first = "SELECT message_id, chat_id FROM deliveries ORDER BY chat_id, message_id LIMIT 1"
        db.execute(f"UPDATE deliveries SET state = 'stale' WHERE (message_id, chat_id) = ({first})")
    operator.post(LATER)
    before, calls = held(), len(operator.telegram.calls) + len(operator.slack.calls)
    told = await operator.run("deliver", "--dry-run", "--json")
    found = json.loads(told.out)

    work = [(one["chat"], one["digest"], one["messages"], one["edits"]) for one in found["deliveries"]]
    assert next(one for one in work if one[1] == NEXT_DAY)[2] == 4
    assert sum(one[3] for one in work) == 1
    assert {one["chat"]: one["at"] is None for one in found["deliveries"] if one["digest"] == NEXT_DAY} == {
        SLACK_CHAT: True,
        CHANNEL_NAME: True,
        READER: False,
    }
    assert found["seconds"] > 0
    assert (held(), len(operator.telegram.calls) + len(operator.slack.calls)) == (before, calls)


async def test_a_source_that_cannot_be_read_is_told(operator: Operator) -> None:
    await operator.run("deliver")
    Path("_posts").rename("elsewhere")
    told = await operator.run("deliver", "--dry-run")
    assert told.code == 2
    assert "_posts" in told.err
    assert told.lines == [f"nothing to send; {NOTHING}"]


async def test_in_a_ledger_on_a_server_there_is_no_dry_run(operator: Operator) -> None:
    told = await operator.run("deliver", "--dry-run", PAPERBOY_STORE__URL="postgresql://nobody@127.0.0.1:1/there")
    why = "paperboy: a dry run plans in a copy of the ledger, and of one in PostgreSQL none is made here; "
    assert (told.code, told.out, told.err.startswith(why)) == (2, "", True)


async def test_json_goes_with_a_dry_run_alone(operator: Operator) -> None:
    told = await operator.run("deliver", "--json")
    assert (told.code, "--dry-run" in told.err) == (2, True)
