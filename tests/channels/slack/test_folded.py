"""A day of papers that open at a press, from the post to the reader: delivered, edited, refused, pressed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.channels import kit_of
from bot.channels.slack.channel import SlackChannel
from bot.config.settings import Settings, Slack
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, open_ledger
from formatters.locale import phrases
from formatters.model import Digest, Paper, Section
from formatters.slack import SlackFormatter
from tests.support.chats import SLACK_CHAT
from tests.support.digests import digest, found
from tests.support.fakes import faults
from tests.support.fakes.slack import FakeSlack
from tests.support.ledger_files import empty
from tests.support.setup import unthrottled
from tests.support.slack_bot import ANN, SlackBot
from tests.support.usual import usual_edition

DAY = date(2025, 3, 3)
ONE = Paper("one", 1, "One", "https://one.org/", (), (Section("Goal", "To be one."),))
LONG = Paper("long", 2, "Long", "https://long.org/", (), (Section("Goal", "Words of a sentence. " * 600),))
AT_ONCE = RetryPolicy(settle_delay=0, first_backoff=0)


class Day:
    """A channel whose chat gets its days folded, and what it shows."""

    def __init__(self, slack: FakeSlack, ledger: Ledger, channel: SlackChannel, layout: str = "digest") -> None:
        self.slack, self.ledger, self.channel = slack, ledger, channel
        self.usual = usual_edition(layout, "folded", kit_of("slack").foldable)

    async def comes(self, *papers: Paper) -> None:
        await self.ledger.subscriptions.sync_chats("slack", self.usual, {SLACK_CHAT: SLACK_CHAT})
        await plan(self.ledger, "daily", [found(_day(papers))], {"slack": self.channel.formatter}, Rules())
        await self.ledger.open_at("", 0.0)
        await Dispatcher(self.ledger, {"slack": self.channel}, AT_ONCE).run()

    def kinds(self) -> list[list[str]]:
        return [[block["type"] for block in message.blocks] for message in self.slack.shown(SLACK_CHAT)]

    def calls(self, method: str) -> int:
        return sum(call.method == method for call in self.slack.calls)


def _day(papers: Sequence[Paper]) -> Digest:
    return digest(DAY, *papers)


@pytest.fixture
async def day(slack: FakeSlack, tmp_path: Path) -> AsyncIterator[Day]:
    formatter = SlackFormatter(phrases("en"), buttons=True)
    channel = SlackChannel(slack.token, slack.base_url, formatter, unthrottled())
    empty(tmp_path / "ledger.db")
    async with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        yield Day(slack, ledger, channel)
    await channel.close()


FOLDED = ["rich_text", "container", "container"]
OPEN = ["rich_text", "rich_text", "section", "context", "rich_text", *["section"] * 3, "actions", "context"]


async def test_a_day_is_one_message_and_is_edited_as_one(day: Day) -> None:
    await day.comes(ONE)
    await day.comes(replace(ONE, title="Better"), replace(ONE, id="two", number=2))
    assert day.kinds() == [FOLDED]
    [message] = day.slack.shown(SLACK_CHAT)
    assert (message.edits, message.blocks[1]["title"]["text"], message.pings) == (1, "1. Better", [])


async def test_a_lost_answer_is_found_by_its_key(day: Day) -> None:
    day.slack.faults.add(faults.lost_answer())
    await day.comes(ONE)
    assert day.kinds() == [["rich_text", "container"]]
    assert day.calls("chat.postMessage") == 1


async def test_what_a_workspace_refuses_comes_open_and_operators_are_told(day: Day) -> None:
    day.slack.knows_containers = False
    await day.comes(ONE, LONG, replace(LONG, id="longer", number=3))
    assert day.kinds() == [OPEN, OPEN[4:]]
    assert day.calls("chat.postMessage") == 3  # one was refused, and the next was not tried
    told = [(one.kind, one.where) for one in await day.ledger.incidents.current() if one.is_news]
    assert told == [("unfolded", "slack")]


async def test_what_is_refused_in_both_forms_comes_as_text(day: Day) -> None:
    day.slack.faults.add(faults.slack_refusal("invalid_blocks", method="chat.postMessage", times=2))
    await day.comes(ONE)
    [message] = day.slack.shown(SLACK_CHAT)
    assert (message.blocks, "To be one." in message.text, "https://one.org/" in message.text) == ([], True, True)


@pytest.mark.parametrize(("layout", "last"), [("thread", ["rich_text"]), ("messages", ["rich_text", "container"])])
async def test_cards_hold_the_full_summary(day: Day, layout: str, last: list[str]) -> None:
    day.usual = replace(day.usual, layout=layout)
    await day.comes(ONE)
    [index, card] = day.slack.shown(SLACK_CHAT)
    assert (card.thread_ts == index.ts) is (layout == "thread")
    assert ([block["type"] for block in card.blocks], "To be one." in card.text) == (last, True)


def test_slack_folds_unless_it_is_told_otherwise() -> None:
    def usual(**more: Any) -> str:
        slack = Slack.model_validate({"bot_token": "xoxb-FAKE", "chats": [SLACK_CHAT], **more})
        return str(kit_of("slack").usual_edition(Settings(slack=slack)).edition())

    assert [usual(), usual(layout="index"), usual(cards="short")] == ["thread folded", "index", "thread"]


async def test_button_inside_is_answered_as_any(slack_bot: SlackBot) -> None:
    day = Day(slack_bot.slack, slack_bot.ledger, slack_bot.channel)
    await day.comes(ONE, LONG)
    day_of_long = next(one for one in slack_bot.slack.shown(SLACK_CHAT) if "Long" in str(one.blocks[-1]))
    await slack_bot.press("전체 요약", ANN, ts=day_of_long.ts)
    await slack_bot.quiet()
    assert "Long" in slack_bot.ephemeral()[0]
    assert sum(said.count("Words of a sentence.") for said in slack_bot.ephemeral()) == 600
