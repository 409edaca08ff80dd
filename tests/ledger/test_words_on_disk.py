"""Every word that stands in a ledger, or in a message that was sent, and by which the program steers.

They are written out here, not taken from the code: one that changes would no longer be understood in the ledgers
and the chats that hold it. A new word is added; none is changed or taken away. The line by which a reader of Slack
shares a paper is in `test_slack_listener`.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from bot import errors
from bot.channels.slack.api.answers import EVENT
from bot.config.settings import Settings
from bot.config.sources import Source
from bot.conversation.parsing.preferences import PreferenceChange, parse_choice_page, parse_preferences
from bot.database.reasons import Cause, Reason
from bot.database.states import ChatKind, ChatOrigin, ChatState, DeliveryState, DigestState, IncidentKind
from bot.delivery.decisions import Rules
from bot.delivery.hours import DeliveryHours
from bot.errors import ErrorCode
from bot.ledger.records.digests import RELEASED
from bot.ledger.records.reports import Incident
from bot.monitoring.notifier import OperatorNotifier
from bot.monitoring.outages import Outages
from bot.sources.fingerprint import fingerprint, hashed
from formatters import pages
from formatters.edition import LAYOUTS, Edition
from formatters.lines import read_start, read_start_day
from formatters.locale import phrases
from formatters.message import Formatter
from formatters.page import Page, SearchHit, reference
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from formatters.terminal import TerminalFormatter
from tests.support.digests import digest, found, paper
from tests.support.memory_channel import Failure, refused
from tests.support.pipeline import Pipeline, open_pipeline
from tests.support.usual import usual_edition

EN = phrases("en")
DAY = date(2025, 1, 1)
SMALL = digest(DAY, paper(1), paper(2))
REF = "995402cb6bf11de0"  # of the first paper of SMALL


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[Pipeline]:
    async with open_pipeline(tmp_path, "a", "b", "c") as pipeline:
        yield pipeline


# --- states and codes


WORDS: dict[type[StrEnum], set[str]] = {
    DigestState: {"baseline", "skipped", "held", "active"},
    DeliveryState: {"pending", "sending", "sent", "stale", "editing", "failed", "unconfirmed", "recalling", "recalled"},
    ChatState: {"active", "paused", "removed"},
    ChatOrigin: {"settings", "reader"},
    ChatKind: {"", "private", "group", "channel"},
    Cause: {
        *("", "missed", "stayed_empty", "gone", "given_up", "lost_all", "too_late"),
        *("empty", "shrank", "sparse_papers", "sparse_sections", "other", "future", "late", "dropped"),
    },
    IncidentKind: {
        *("paused", "refused", "unconfirmed", "bot", "held", "silent"),
        *("deaf", "run", "source", "unread", "unsubscribed", "week", "twice", "clock", "unfolded", "discarded"),
    },
    ErrorCode: {
        *("RetryLater", "Flood", "Unconfirmed", "Rejected", "ChatGone", "ChatMoved", "BotGone"),
        "Discarded",
    },
}


@pytest.mark.parametrize("kind", WORDS)
def test_states_and_codes(kind: type[StrEnum]) -> None:
    assert set(map(str, kind)) == WORDS[kind]


def test_the_code_of_each_error() -> None:
    assert {
        "RetryLater": errors.RetryLater("").code,
        "Flood": errors.RetryLater("", 3, flood=True).code,
        "Unconfirmed": errors.Unconfirmed.code,
        "Rejected": errors.Rejected.code,
        "ChatGone": errors.ChatGone.code,
        "ChatMoved": errors.ChatMoved.code,
        "BotGone": errors.BotGone.code,
    } == {code: code for code in WORDS[ErrorCode] - {"Discarded"}}
    assert len(errors.SendError.__subclasses__()) >= len(WORDS[ErrorCode]) - 2


@pytest.mark.parametrize(
    ("table", "kind"), [("digests", DigestState), ("deliveries", DeliveryState), ("chats", ChatState)]
)
async def test_a_ledger_takes_these_states_and_no_others(
    table: str, kind: type[StrEnum], pipeline: Pipeline, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    [check] = inspect(engine).get_check_constraints(table)
    engine.dispose()
    assert set(re.findall(r"'(\w+)'", check["sqltext"])) == WORDS[kind]


def test_why_a_digest_stands_so() -> None:
    assert json.loads(json.dumps(Reason(Cause.SHRANK, (6, 4)).stored())) == {
        "cause": "shrank",
        "numbers": [6, 4],
        "reason": "",
    }
    assert RELEASED == 0.0


# --- spellings


@pytest.mark.parametrize(
    ("spelled", "edition"),
    [
        ("messages", Edition()),
        ("thread", Edition("thread")),
        ("digest ko", Edition("digest", "ko")),
        ("index silent", Edition("index", silent=True)),
        ("messages here", Edition(buttons_in_chat=True)),
        ("thread en silent here", Edition("thread", "en", silent=True, buttons_in_chat=True)),
        ("messages here folded", Edition(buttons_in_chat=True, folded=True)),
        ("thread ko folded linked", Edition("thread", "ko", folded=True, linked=True)),
        ("messages linked first5", Edition(linked=True, cards=5)),
    ],
)
def test_editions(spelled: str, edition: Edition) -> None:
    assert str(edition) == spelled
    assert Edition.read(spelled) == edition


def test_layouts() -> None:
    assert set(LAYOUTS) == {"messages", "thread", "digest", "index"}


async def test_the_editions_of_chats(pipeline: Pipeline) -> None:
    kinds = ("", "private", "group", "channel")
    for kind in kinds:
        await pipeline.subscriber(f"of {kind}", kind=kind, layout="digest", language="ko", silent=1)
        await pipeline.subscriber(f"usual {kind}", kind=kind)
    spelled = {edition for channel, edition in await pipeline.ledger.editions("blog", SMALL.id)}
    assert spelled == {"messages", "messages here", "digest ko silent", "digest ko silent here"}


def test_schedules() -> None:
    hours = DeliveryHours(time(8), "mon-fri", "Asia/Seoul")
    assert str(hours) == "08:00 mon-fri Asia/Seoul"
    assert DeliveryHours.read("08:00 mon-fri Asia/Seoul") == hours


def test_names_and_hashes() -> None:
    assert SMALL.id == "daily-papers/2025-01-01"
    assert reference(SMALL, SMALL.papers[0]) == REF
    assert fingerprint(SMALL) == "3:6f877951bc3d7295e869d56d3a2eea16"
    assert hashed({"text": "한글", "a": [1, None]}) == "b5c5dc888e159610d029214f54a5e2a5"


# --- messages


def keys(formatter: Formatter, count: int, layout: str) -> set[str]:
    many = digest(DAY, *(paper(n, word="long " * 60) for n in range(1, count + 1)))
    return {message.key for message in formatter.digest(many, Edition(layout))}


@pytest.mark.parametrize("formatter", [TelegramFormatter(EN), SlackFormatter(EN), TerminalFormatter(EN)])
def test_message_keys(formatter: Formatter) -> None:
    assert keys(formatter, 2, "messages") == {"index", "paper/2501.00001", "paper/2501.00002"}


@pytest.mark.parametrize("formatter", [TelegramFormatter(EN), SlackFormatter(EN)])
def test_keys_of_parts(formatter: Formatter) -> None:
    assert {"index", "index/2"} <= keys(formatter, 300, "index")
    assert {"digest", "digest/2"} <= keys(formatter, 300, "digest")


def test_what_slack_keeps_of_a_delivery() -> None:
    assert EVENT == "paperboy_delivery"


# --- what presses type: buttons stay in chats for ever


def lines(page: Page) -> list[str]:
    buttons = [*(item.button for item in page.items), *(button for row in page.rows for button in row)]
    return [button.line for button in buttons]


def test_lines_of_papers() -> None:
    many = replace(SMALL, papers=tuple(paper(n) for n in range(1, 22)))
    assert lines(pages.papers(many, EN, 2))[1:] == ["/papers 2025-01-01 #1"]
    assert lines(pages.papers(SMALL, EN, 1))[0] == f"/paper {REF}"
    hit = SearchHit(REF, 1, "U-Net", "", DAY)
    turn = pages.Turn("/search ~7", "/search diffusion", 2, more=True)
    assert lines(pages.hits("", [hit], EN, turn)) == [f"/paper {REF}", "/search ~7 #1", "/search ~7 #3"]
    assert lines(pages.choice([hit], EN)) == lines(pages.stands_above(SMALL, SMALL.papers[0], EN)) == [f"/paper {REF}"]
    assert lines(pages.days("", [DAY], EN)) == ["/papers 2025-01-01"]
    assert lines(pages.days("", [DAY], EN, 3)) == ["/paper 3 2025-01-01"]


def test_lines_of_settings() -> None:
    chosen = pages.PreferencesView(
        receives=True, closed=False, layout="messages", language="en", silent=False, hours=""
    )
    assert lines(pages.settings(chosen, EN, LAYOUTS)) == [
        *("/settings layout thread", "/settings layout digest", "/settings layout index"),
        "/settings language ko",
        *("/settings silent", "/settings hours"),
        *("/settings default", "/unsubscribe"),
    ]
    with_cards = lines(pages.settings(replace(chosen, cards="folded", most_cards=5), EN, LAYOUTS))
    assert [line for line in with_cards if "cards" in line] == ["/settings cards short", "/settings cards"]
    assert "/settings cards folded" in lines(pages.settings(replace(chosen, cards="short"), EN, LAYOUTS))
    assert lines(pages.hours("", EN)) == [
        *("/settings 07:00", "/settings 08:30", "/settings 12:30", "/settings 18:00", "/settings"),
    ]
    assert lines(pages.number_of_cards(5, EN)) == [
        *("/settings cards 3", "/settings cards 10", "/settings cards 20", "/settings cards all", "/settings"),
    ]
    others = replace(chosen, receives=False, silent=True)
    assert lines(pages.sources({"daily": True, "hf": True, "new": False}, EN)) == [
        *("/settings without ~9e76a386", "/settings without ~ed8dc027", "/settings with ~488cd754", "/settings"),
    ]
    several = [("daily", SMALL), ("hf", SMALL)]
    assert lines(pages.lists(several, EN)) == ["/papers 2025-01-01 ~9e76a386", "/papers 2025-01-01 ~ed8dc027"]
    assert lines(pages.settings(others, EN, ("messages",)))[1:] == [
        *("/settings loud", "/settings hours", "/settings default", "/subscribe"),
    ]
    assert lines(pages.start("", EN)) == ["/subscribe now", "/subscribe"]
    assert lines(pages.status([], EN, stuck=True)) == ["/status retry"]


def test_lines_of_settings_are_understood() -> None:
    assert parse_choice_page("hours") == "hours"
    assert parse_choice_page("cards") == "cards"
    assert parse_preferences("07:00") == PreferenceChange(at=time(7))
    assert parse_preferences("cards folded") == PreferenceChange(cards="folded")
    assert parse_preferences("cards short") == PreferenceChange(cards="short")
    assert parse_preferences("cards 10") == PreferenceChange(most_cards=10)
    assert parse_preferences("cards all") == PreferenceChange(most_cards=0)


def test_lines_under_papers() -> None:
    card = json.dumps(
        TelegramFormatter(EN, buttons=True).card(SMALL, SMALL.papers[0], Edition(buttons_in_chat=True)).body
    )
    assert f'"callback_data": "/paper {REF}"' in card
    leading = json.dumps(TelegramFormatter(EN, buttons=True).card(SMALL, SMALL.papers[0]).body)
    assert f'"url": "https://t.me/BOT?start=paper-{REF}"' in leading
    assert read_start(f"paper-{REF}") == REF
    assert read_start_day("papers-2025-01-01") == "2025-01-01"
    slack = json.dumps(SlackFormatter(EN, buttons=True).card(SMALL, SMALL.papers[0]).body)
    assert f'"value": "/paper {REF}"' in slack


# --- notices


async def test_keys_of_notices(pipeline: Pipeline) -> None:
    gone, rules = refused(errors.ChatGone("kicked")), Rules(gate_wait=900)
    pipeline.channel.failures["a"] += [Failure(), gone]
    pipeline.channel.failures["b"] += [Failure(), refused(errors.Rejected("no")), refused(errors.Rejected("no"))]
    pipeline.channel.failures["c"] += [
        Failure(),
        refused(errors.Unconfirmed("lost")),
        refused(errors.BotGone("revoked")),
    ]
    await pipeline.look([found(SMALL)])
    await pipeline.dispatch()
    await pipeline.look([found(SMALL), found(digest(date(2025, 1, 2)))], rules=rules)
    chats = {name: (await pipeline.known(name)).id for name in ("a", "b", "c")}
    keys = {re.sub("[0-9a-f]{16}", "<ref>", one.key) for one in await pipeline.ledger.incidents.current()}
    assert keys == {
        f"paused {chats['a']}",
        "refused <ref>",
        "unconfirmed <ref>",
        "bot terminal",
        "held blog daily-papers/2025-01-02",
    }


async def test_the_key_of_what_came_unfolded(pipeline: Pipeline) -> None:
    await pipeline.ledger.subscriptions.sync_chats(
        "terminal", usual_edition("digest", "folded", ("digest",)), {"a": "a"}
    )
    pipeline.channel.formatter = TelegramFormatter(EN)
    pipeline.channel.failures["a"].append(refused(errors.Rejected("no")))
    await pipeline.look([found(SMALL)])
    await pipeline.dispatch()
    assert [one.key for one in await pipeline.ledger.incidents.current()] == ["unfolded terminal"]


async def test_the_key_of_a_missing_post(pipeline: Pipeline) -> None:
    for number in range(1, 29):
        pipeline.clock.now = datetime(2025, 1, number, 8, tzinfo=UTC).timestamp()
        await pipeline.look([found(digest(date(2025, 1, number), paper(1)))])
    pipeline.clock.now = datetime(2025, 1, 30, 23, tzinfo=UTC).timestamp()
    source = Source(name="blog", kind="folder", path=Path("_posts"))
    settings = Settings(sources=(source,), timezone="UTC")
    await OperatorNotifier(settings, pipeline.ledger.incidents, Outages(), (), pipeline.clock).notify()
    assert set(await pipeline.ledger.incidents.reported()) == {"silent blog"}


def test_the_key_of_an_outage() -> None:
    outages = Outages()
    outages.begin(IncidentKind.DISCONNECTED, "telegram", "reset", brief=0.0)
    [outage] = outages.lasting()
    assert outage.incident == Incident("deaf telegram", IncidentKind.DISCONNECTED, "telegram", "reset")
