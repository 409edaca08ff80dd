"""A chat that is closed to the bot for some days, as its operator sees it, with both platforms' fakes behind it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from bot.database.states import ChatKind
from bot.ledger.ledger import open_ledger
from tests.support.chats import CHANNEL, CHANNEL_NAME, READER
from tests.support.fakes.faults import bad_request, forbidden
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.installed import Done
from tests.support.operator import Operator
from tests.support.usual import usual_edition

FIRST = "2025-01-06-daily-papers-20250106.md"
MISSED = ["2025-01-07-daily-papers.md", *(f"2025-01-{day}-daily-papers-202501{day}.md" for day in ("08", "09", "14"))]
OPERATOR = "7"
TITLED = f"telegram Chat {CHANNEL} (@my_channel)"
UNSUBSCRIBED = (
    f"✖ {TITLED}: its people unsubscribed it, though the settings list it. "
    "Take it out of the settings, or let them /subscribe"
)
KICKED = "bot was kicked from the channel chat"


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    telegram.add_chat(OPERATOR, "private")
    operator = Operator(telegram, slack)
    operator.settle(telegram=(CHANNEL_NAME, READER))
    return operator


async def deliver(operator: Operator) -> Done:
    return await operator.run("deliver", PAPERBOY_OPERATORS__TELEGRAM=OPERATOR)


def told(operator: Operator) -> list[str]:
    """Give what operators were told, cut before the reason."""
    lines = [line for one in operator.telegram.shown(OPERATOR) for line in one.text.splitlines()[1:]]
    return [line.partition(": ")[0] for line in lines]


def indexes(operator: Operator) -> list[str]:
    """Give the days whose digests the channel shows."""
    heads = [one.text.splitlines()[0] for one in operator.telegram.shown(CHANNEL)]
    return [found[1] for head in heads if (found := re.search(r", (\d+) January 2025", head))]


async def test_a_channel_that_throws_the_bot_out_and_lets_it_in_again(operator: Operator) -> None:
    operator.post(FIRST)
    assert (await deliver(operator)).code == 0
    operator.telegram.faults.add(forbidden(KICKED, chat=CHANNEL, times=None))

    for post in MISSED:
        operator.post(post)
        done = await deliver(operator)
        assert done.code == 1
        [said] = done.err.splitlines()
        assert re.fullmatch(rf"paused: {re.escape(TITLED)}, since \d{{4}}-\d\d-\d\d \d\d:\d\d: .*{KICKED}.*", said)
    assert (told(operator), indexes(operator)) == ([f"⏸ {TITLED} is paused"], ["6"])

    status, as_json = await operator.run("status"), json.loads((await operator.run("status", "--json")).out)
    [paused] = as_json["paused"]
    since = datetime.fromisoformat(paused.pop("since"))
    assert paused.pop("why").startswith(f"Forbidden: {KICKED}")
    named = {"title": f"Chat {CHANNEL}", "address": CHANNEL_NAME, "label": TITLED}
    assert paused == {"channel": "telegram", "chat": CHANNEL_NAME, "is_tried": False, "is_reader": False, **named}
    assert abs((datetime.now(since.tzinfo) - since).total_seconds()) < 60
    place = status.lines.index("1 chat is paused")
    assert status.lines[place + 1].startswith(f"  {TITLED}, since {since:%Y-%m-%d %H:%M}: Forbidden: ")

    operator.telegram.faults.clear()
    done = await deliver(operator)
    assert (done.code, done.err) == (0, "")
    assert indexes(operator) == ["6", "7", "8", "9", "14"]
    assert (await deliver(operator)).code == 0
    assert told(operator) == [f"⏸ {TITLED} is paused", f"✔ {TITLED} is no longer paused"]
    assert json.loads((await operator.run("status", "--json")).out)["paused"] == []


async def test_a_paused_channel_needs_a_person_also_when_it_lacks_nothing(operator: Operator) -> None:
    """What it refused was given up; nobody knows whether the next message will be refused as well."""
    operator.post(FIRST)
    operator.telegram.faults.add(bad_request("not enough rights to send text messages", chat=CHANNEL, times=None))
    await deliver(operator)
    operator.telegram.faults.clear()
    await operator.run("discard", CHANNEL_NAME, "--all")

    done = await deliver(operator)
    assert (done.code, done.lines) == (1, ["source daily: 1 post read, 1 digest, 3 papers", "nothing new to send"])
    assert done.err.endswith(" (the next message tries again)\n")
    operator.post(MISSED[0])
    assert (await deliver(operator)).code == 0
    assert told(operator)[1:] == ["✔ telegram @my_channel is no longer paused"]


async def test_a_paused_channel_that_is_taken_out_of_the_settings_is_forgotten(operator: Operator) -> None:
    operator.post(FIRST)
    operator.telegram.faults.add(forbidden(KICKED, chat=CHANNEL, times=None))
    await deliver(operator)
    operator.settle(telegram=(READER,))

    done = await deliver(operator)
    assert (done.code, done.err) == (0, "")
    assert told(operator) == ["⏸ telegram @my_channel is paused"]
    assert json.loads((await operator.run("status", "--json")).out)["paused"] == []


@pytest.mark.parametrize(("kind", "said"), [(ChatKind.PRIVATE, "1 reader has blocked the bot"), (ChatKind.GROUP, "")])
async def test_who_subscribed_and_closes_a_chat_needs_no_operator(
    operator: Operator, kind: ChatKind, said: str
) -> None:
    """And is tried again at each run."""
    operator.settle()
    operator.telegram.faults.add(forbidden("bot was blocked by the user", chat=READER, times=None))
    async with open_ledger(f"sqlite:///{Path.cwd()}/state/ledger.db") as ledger:
        people = ledger.subscriptions
        chat = await people.add_chat(
            "telegram", READER, id_sequence="bot", kind=kind, language="", usual=usual_edition()
        )
        await people.subscribe(chat, usual_edition(), now=True)

    for post in (FIRST, MISSED[0]):
        operator.post(post)
        done = await deliver(operator)
        assert done.code == 0
        assert done.err.startswith(f"{said}\n" if said else f"paused: telegram {READER}, since ")
        assert done.err.count("\n") == 1
    assert told(operator) == ([] if said else [f"⏸ telegram {READER} is paused"])
    status = await operator.run("status")
    assert [line for line in status.lines if line.startswith(f"  telegram {READER}, since ")]


async def test_a_chat_of_the_settings_that_its_people_unsubscribed(operator: Operator) -> None:
    """Nothing comes there any more, so a person must know, until it leaves the settings or subscribes again."""
    operator.post(FIRST)
    assert (await deliver(operator)).code == 0
    async with open_ledger(f"sqlite:///{Path.cwd()}/state/ledger.db") as ledger:
        [chat] = await ledger.subscriptions.with_topics("telegram", (CHANNEL_NAME,))
        await ledger.subscriptions.unsubscribe(chat.id)

    done = await deliver(operator)
    assert (done.code, done.err.splitlines()) == (1, [UNSUBSCRIBED])
    assert UNSUBSCRIBED.partition(": ")[0] in told(operator)
    assert UNSUBSCRIBED in (await operator.run("status")).lines
    assert json.loads((await operator.run("status", "--json")).out)["unsubscribed"] == [f"telegram {CHANNEL_NAME}"]
    doctor = await operator.run("doctor")
    assert (doctor.code, [line for line in doctor.lines if "unsubscribed" in line]) == (
        1,
        [f"✗ {TITLED}: its people unsubscribed it; take it out of the settings, or let them /subscribe [unsubscribed]"],
    )

    operator.settle(telegram=(READER,))
    assert (await deliver(operator)).code == 0
    assert len(told(operator)) == 1
