"""Operators are notified of each incident once, and of what is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot import errors
from bot.archive.sources import LookCost
from bot.config.settings import Operators, Settings
from bot.config.sources import Source
from bot.database.states import IncidentKind
from bot.delivery.replies import ReplySender
from bot.ledger.records.reports import Selection
from bot.monitoring.notifier import OperatorChat, OperatorNotifier
from bot.monitoring.outages import Outages
from formatters.locale import phrases
from tests.support.digests import days, digest, found, paper
from tests.support.ledger_rows import change
from tests.support.memory_channel import MemoryChannel, refused
from tests.support.pipeline import Pipeline, open_pipeline, pipeline_at
from tests.support.usual import usual_edition

SETTINGS = Settings(
    language="en",
    sources=(Source(name="blog", kind="folder", path=Path("_posts")),),
    operators=Operators(weekly_report=False),
)


UNCONFIRMED = (
    "? terminal a, paper/2501.00001 may have arrived: this platform does not tell. "
    "Look into the chat, then: paperboy retry --unseen, or discard"
)
WENT_BACK = (
    "⚠ The clock of this computer went back by 3:05 hours; the times in the ledger were moved with it. "
    "Let the system keep the time (NTP)"
)


@dataclass
class Watch:
    """A notifier of the chats "ops" and "boss", and what they were sent."""

    pipeline: Pipeline
    settings: Settings = SETTINGS
    passed: float = 0.0  # seconds on the clock of outages
    channel: MemoryChannel = field(default_factory=MemoryChannel)

    def __post_init__(self) -> None:
        self.outages = Outages(lambda: self.passed)
        replies = ReplySender(self.channel, self.pipeline.ledger.replies)
        chats = [OperatorChat(chat, replies, self.channel.formatter.notice) for chat in ("ops", "boss")]
        self.notifier = OperatorNotifier(
            *(self.settings, self.pipeline.ledger.incidents, self.outages, chats, self.pipeline.clock),
            listed=[("terminal", "a"), ("terminal", "b")],
        )

    async def look(self) -> list[str]:
        """Notify, and give the lines that each operators' chat received."""
        before = {chat: len(self.channel.chats[chat]) for chat in ("ops", "boss")}
        await self.notifier.notify()
        received = [
            [
                line
                for one in self.channel.chats[chat][before[chat] :]
                for line in str(one.body["markup"]).splitlines()[1:]
            ]
            for chat in ("ops", "boss")
        ]
        assert received[0] == received[1]
        return received[0]


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a", "b") as pipeline:
        yield pipeline


@pytest.fixture
def watch(pipeline: Pipeline) -> Watch:
    return Watch(pipeline)


@pytest.fixture
async def file_watch(tmp_path: Path) -> AsyncIterator[Watch]:
    """Where the clock may be set back; a server's is trusted."""
    async with open_pipeline(tmp_path, "a", "b") as pipeline:
        yield Watch(pipeline)


async def test_where_all_is_well_nobody_is_told_anything(watch: Watch) -> None:
    await watch.pipeline.run(days(1))
    assert await watch.look() == []
    assert watch.channel.calls == []


async def test_a_source_that_cannot_be_read_is_told_after_an_hour(watch: Watch) -> None:
    sources, clock = watch.pipeline.ledger.sources, watch.pipeline.clock
    for name in ("blog", "gone"):
        await sources.failed(name, "HTTP 500; check the address", LookCost(1, 0, 0.1))
    assert await watch.look() == []
    clock.now += 3600
    assert await watch.look() == ["✖ blog: posts cannot be read, for an hour by now. HTTP 500; check the address"]
    clock.now += 3600
    assert await Watch(watch.pipeline).look() == []  # the next process
    await sources.recovered("blog")
    assert await watch.look() == ["✔ blog: posts can be read again"]
    await sources.failed("blog", "reset", LookCost(1, 0, 0.1))
    assert await watch.look() == []


async def test_of_a_source_that_left_the_settings_nothing_more_is_said(watch: Watch) -> None:
    await watch.pipeline.ledger.sources.failed("blog", "HTTP 500", LookCost(1, 0, 0.1))
    watch.pipeline.clock.now += 3600
    assert len(await watch.look()) == 1
    elsewhere = Watch(watch.pipeline, SETTINGS.model_copy(update={"sources": ()}))
    assert await elsewhere.look() == []
    assert await watch.pipeline.ledger.incidents.reported() == {}


async def test_each_incident_is_reported_once(watch: Watch) -> None:
    pipeline = watch.pipeline
    pipeline.channel.readable = False
    pipeline.channel.failures["a"] += [refused(errors.Rejected("too odd")), refused(errors.Rejected("too odd"))]
    pipeline.channel.failures["a"].append(refused(errors.Unconfirmed("reset")))
    pipeline.channel.failures["b"].append(refused(errors.ChatGone("kicked; let it in again")))
    await pipeline.run(days(1))
    assert await watch.look() == [
        "⏸ terminal b is paused: kicked; let it in again",
        "✖ terminal a, index was refused: too odd",
        UNCONFIRMED,
    ]
    assert await watch.look() == []
    another = Watch(pipeline)  # the next process
    assert await another.look() == []


async def test_what_comes_back_is_told_again(watch: Watch) -> None:
    pipeline, closed = watch.pipeline, refused(errors.ChatGone("kicked"))
    pipeline.channel.failures["b"].append(closed)
    await pipeline.run(days(1))
    assert len(await watch.look()) == 1
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.dispatch()
    assert await watch.look() == ["✔ terminal b is no longer paused"]
    pipeline.channel.failures["b"].append(closed)
    await pipeline.run(days(1, 2))
    assert await watch.look() == ["⏸ terminal b is paused: kicked"]


async def test_posts_in_which_no_paper_was_read(watch: Watch) -> None:
    """A source that could not be looked at is neither ill nor well."""
    unread: dict[str, str] = {}
    watch.notifier.unread = unread
    assert await watch.look() == []
    unread["blog"] = "1 post read, none is a digest"
    assert await watch.look() == ["✖ blog: no papers were read. 1 post read, none is a digest"]
    unread["blog"] = "2 posts read, none is a digest"
    assert await watch.look() == []
    del unread["blog"]
    assert await watch.look() == []
    unread["blog"] = ""
    assert await watch.look() == ["✔ blog: papers are read"]


# --- chats that are paused, and back

UNSUBSCRIBED = (
    "✖ terminal b: its people unsubscribed it, though the settings list it. "
    "Take it out of the settings, or let them /subscribe"
)
PAUSED, BACK = "⏸ terminal b is paused: kicked", "✔ terminal b is no longer paused"


async def pause(watch: Watch, *, told: bool = True) -> None:
    """Let a chat refuse a digest, and operators be told."""
    watch.pipeline.channel.failures["b"].append(refused(errors.ChatGone("kicked")))
    await watch.pipeline.run(days(1))
    if told:
        assert await watch.look() == [PAUSED]


async def test_a_paused_chat_is_back_when_a_message_arrived(watch: Watch) -> None:
    """While it is tried again there is nothing to be told: neither before the try, nor when it was in vain."""
    pipeline = watch.pipeline
    await pause(watch)
    for day in (2, 3, 4):
        pipeline.clock.now += 86400
        await pipeline.ledger.subscriptions.resume_all()
        await pipeline.look(days(*range(1, day + 1)))
        assert await watch.look() == []
        if day < 4:
            pipeline.channel.failures["b"].append(refused(errors.ChatGone("kicked, still")))
        await pipeline.dispatch()
        assert await watch.look() == ([BACK] if day == 4 else [])
    assert await watch.look() == []


async def test_a_paused_chat_that_lacks_nothing_is_not_back_before_something_arrives(watch: Watch) -> None:
    pipeline = watch.pipeline
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.pause((await pipeline.known("b")).id, "kicked")
    assert await watch.look() == [PAUSED]
    for _ in range(3):
        await pipeline.ledger.subscriptions.resume_all()
        await pipeline.run(days(1))
        assert await watch.look() == []
    await pipeline.run(days(1, 2))
    assert await watch.look() == [BACK]


async def test_a_retry_of_an_operator_is_told_when_it_worked(watch: Watch) -> None:
    await pause(watch)
    await watch.pipeline.ledger.incidents.retry(Selection("b"))
    assert await watch.look() == []
    await watch.pipeline.dispatch()
    assert await watch.look() == [BACK]


@pytest.mark.parametrize("act", ["let in", "subscribed"])
async def test_a_paused_chat_is_back_when_its_people_say_so(watch: Watch, act: str) -> None:
    await pause(watch)
    chat = (await watch.pipeline.known("b")).id
    if act == "let in":
        await watch.pipeline.ledger.subscriptions.resume(chat)
    else:
        await watch.pipeline.subscribe("b")
    assert await watch.look() == [BACK]
    await watch.pipeline.dispatch()
    assert await watch.look() == []


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("act", ["unsubscribed", "taken out"])
async def test_of_a_paused_chat_that_left_nothing_more_is_told(watch: Watch, act: str, back: bool) -> None:
    """Nor when it returns before anybody looked."""
    await pause(watch)
    people = watch.pipeline.ledger.subscriptions
    if act == "unsubscribed":
        await watch.pipeline.unsubscribe("b")
    else:
        await people.sync_chats("terminal", usual_edition(), {"a": "a"})
    if back:
        await people.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b"})
    assert await watch.look() == ([UNSUBSCRIBED] if act == "unsubscribed" else [])
    await watch.pipeline.dispatch()
    assert await watch.look() == []


async def test_a_chat_by_two_names_that_became_one_is_not_back(watch: Watch) -> None:
    people = watch.pipeline.ledger.subscriptions
    await watch.pipeline.subscriber("-100", kind="group")
    await people.pause((await watch.pipeline.known("b")).id, "kicked")
    assert await watch.look() == [PAUSED]
    await watch.pipeline.set_preferences("b", canonical_address="-100")
    await people.merge_doubles("terminal")
    assert await watch.look() == []


async def test_single_readers_who_block_the_bot_are_not_told(watch: Watch) -> None:
    await watch.pipeline.subscriber("reader", kind="private")
    watch.pipeline.channel.failures["reader"].append(refused(errors.ChatGone("blocked")))
    await watch.pipeline.run(days(1))
    assert await watch.look() == []
    await watch.pipeline.ledger.subscriptions.resume_all()
    await watch.pipeline.dispatch()
    assert await watch.look() == []


async def test_a_chat_of_the_settings_that_its_people_unsubscribe(watch: Watch) -> None:
    await watch.pipeline.unsubscribe("b")
    assert await watch.look() == [UNSUBSCRIBED]
    assert await watch.look() == []
    await watch.pipeline.subscribe("b")
    assert await watch.look() == ["✔ terminal b is subscribed again"]
    assert await watch.look() == []


async def test_a_chat_that_leaves_the_settings_is_not_subscribed_again(watch: Watch) -> None:
    await watch.pipeline.unsubscribe("b")
    assert await watch.look() == [UNSUBSCRIBED]
    watch.notifier.listed = [("terminal", "a")]
    assert await watch.look() == []


async def test_others_who_unsubscribe_are_no_news(watch: Watch) -> None:
    await watch.pipeline.subscriber("reader", kind="private")
    await watch.pipeline.unsubscribe("reader")
    assert await watch.look() == []


async def test_a_refused_message_that_is_given_up_is_settled(watch: Watch) -> None:
    watch.pipeline.channel.failures["b"] += [refused(errors.Rejected("too long"))] * 2
    await watch.pipeline.run(days(1))
    assert await watch.look() == ["✖ terminal b, index was refused: too long"]
    await watch.pipeline.ledger.incidents.discard()
    assert await watch.look() == ["✔ terminal b, index is settled"]


# --- the weekly report

MONDAY = datetime(2025, 6, 23, 8, 30, tzinfo=SETTINGS.zone)


def weekly(pipeline: Pipeline, language: str = "en") -> Watch:
    return Watch(pipeline, SETTINGS.model_copy(update={"operators": Operators(), "language": language}))


async def deliver_a_week(pipeline: Pipeline) -> None:
    """Deliver a digest on each day from Monday to Sunday."""
    for number in range(1, 8):
        pipeline.clock.now = (MONDAY - timedelta(days=8 - number, hours=-1)).timestamp()
        await pipeline.run(days(*range(1, number + 1)))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "✔ In the last week: 7 digests, 3 chats, 0 open, 1 reader blocks the bot"),
        ("ko", "✔ 지난 한 주: 다이제스트 7개, 채팅 3곳, 미해결 0건, 봇을 차단한 독자 1명"),
    ],
)
async def test_each_monday_says_what_the_week_brought(pipeline: Pipeline, language: str, said: str) -> None:
    await deliver_a_week(pipeline)
    for reader in ("reader", "blocker"):
        await pipeline.subscriber(reader, kind="private")
    await pipeline.ledger.subscriptions.pause((await pipeline.known("blocker")).id, "blocked")
    pipeline.clock.now = MONDAY.timestamp()
    assert await weekly(pipeline, language).look() == [said]
    assert await weekly(pipeline, language).look() == []  # another process
    pipeline.clock.now += 6 * 86400
    assert await weekly(pipeline, language).look() == []


async def test_a_week_without_a_digest_is_told_with_what_is_open(pipeline: Pipeline) -> None:
    await deliver_a_week(pipeline)
    pipeline.clock.now = MONDAY.timestamp() + 7 * 86400
    await pipeline.ledger.subscriptions.pause((await pipeline.known("b")).id, "kicked")
    assert await weekly(pipeline).look() == [PAUSED, "✔ In the last week: 0 digests, 2 chats, 1 open"]


async def test_a_ledger_younger_than_monday_has_no_week_to_tell_of(pipeline: Pipeline) -> None:
    pipeline.clock.now = MONDAY.timestamp() + 1
    await pipeline.run(days(1))
    assert await weekly(pipeline).look() == []


async def test_the_weekly_report_can_be_turned_off(watch: Watch) -> None:
    await deliver_a_week(watch.pipeline)
    watch.pipeline.clock.now = MONDAY.timestamp()
    assert await watch.look() == []


async def test_reasons_are_told_in_the_language_of_the_operators(pipeline: Pipeline) -> None:
    watch = Watch(pipeline, SETTINGS.model_copy(update={"language": "ko"}))
    kicked = "Forbidden; add the bot to the chat again and let it post"
    pipeline.channel.failures["b"].append(refused(errors.ChatGone(kicked)))
    await pipeline.run(days(1))
    assert await watch.look() == [
        "⏸ terminal b: 전송을 멈췄습니다. “Forbidden”; 봇을 채팅에 다시 추가하고 글을 쓸 수 있게 해 주세요"
    ]


async def test_a_refused_bot_and_its_return(watch: Watch) -> None:
    watch.pipeline.channel.failures["a"].append(refused(errors.BotGone("Get a new token.")))
    await watch.pipeline.run(days(1))
    assert await watch.look() == ["✖ terminal: nothing goes out. Get a new token."]
    await watch.pipeline.dispatch()
    assert await watch.look() == ["✔ terminal: messages go out again"]


async def test_a_clock_that_was_set_back_is_told_once(file_watch: Watch) -> None:
    watch = file_watch
    clock = watch.pipeline.clock
    for back in (0.0, 11_100.0, 600.0):  # by 3:05, and by some minutes more
        clock.now -= back
        await watch.pipeline.run(days(1))
        clock.now += 20
        assert await watch.look() == ([WENT_BACK] if back > 10_000 else [])
    clock.now += 86_400
    assert await watch.look() == []
    clock.now -= 600
    await watch.pipeline.run(days(1))
    assert len(await watch.look()) == 1


async def test_many_incidents_are_one_message(watch: Watch) -> None:
    for number in range(30):
        watch.pipeline.channel.failures[str(number)].append(refused(errors.ChatGone("x" * 1000)))
        await watch.pipeline.subscriber(str(number))
    await watch.pipeline.run(days(1))
    lines = await watch.look()
    assert lines[-1] == "… +20"
    assert [len(line) for line in lines[:-1]] == [300] * 10
    assert len(watch.channel.chats["ops"]) == 1
    assert await watch.look() == []


@pytest.mark.unmeasured
async def test_a_post_that_is_overdue_and_comes(watch: Watch) -> None:
    pipeline, zone = watch.pipeline, SETTINGS.zone
    first = datetime(2025, 7, 7, 9, tzinfo=zone)
    seen = []
    for number in range(28):
        morning = first + timedelta(days=number)
        pipeline.clock.now = morning.timestamp()
        seen.append(found(digest(morning.date(), paper(number))))
        await pipeline.look(seen)
        assert await watch.look() == []
    late = first + timedelta(days=28, hours=2)
    pipeline.clock.now = late.timestamp() - 1
    assert await watch.look() == []
    pipeline.clock.now += 1
    assert await watch.look() == ["⏰ blog: no post yet; one usually is there by 2025-08-04 09:00"]
    pipeline.clock.now += 3600
    assert await watch.look() == []
    await pipeline.look([*seen, found(digest(late.date(), paper(99)))])
    assert await watch.look() == ["✔ blog: the post has come"]
    assert await watch.look() == []


async def test_the_silence_of_sources_can_be_left_untold(pipeline: Pipeline) -> None:
    schedule = SETTINGS.schedule.model_copy(update={"overdue": timedelta()})
    watch = Watch(pipeline, SETTINGS.model_copy(update={"schedule": schedule}))
    first = datetime(2025, 7, 7, 9, tzinfo=SETTINGS.zone)
    for number in range(28):
        pipeline.clock.now = (first + timedelta(days=number)).timestamp()
        await pipeline.look([found(digest((first + timedelta(days=number)).date(), paper(number)))])
    pipeline.clock.now += 10 * 86400
    assert await watch.look() == []


async def test_an_outage_is_told_when_it_lasts_and_when_it_is_over(watch: Watch) -> None:
    watch.outages.begin(IncidentKind.DISCONNECTED, "telegram", "Telegram does not answer")
    watch.passed = 59
    assert await watch.look() == []
    watch.outages.begin(IncidentKind.DISCONNECTED, "telegram", "another program asks for this bot's updates")
    watch.passed = 60
    assert await watch.look() == [
        "✖ telegram: readers are not heard. another program asks for this bot's updates",
    ]
    watch.outages.begin(IncidentKind.DISCONNECTED, "telegram", "Telegram does not answer")
    assert await watch.look() == []
    watch.outages.end(IncidentKind.DISCONNECTED, "telegram")
    assert await watch.look() == ["✔ telegram: readers are heard again"]
    assert await watch.look() == []


async def test_a_short_outage_is_not_worth_a_word(watch: Watch) -> None:
    watch.outages.begin(IncidentKind.DISCONNECTED, "slack", "reset")
    watch.outages.end(IncidentKind.DISCONNECTED, "slack")
    watch.outages.end(IncidentKind.RUN, "")
    watch.passed = 100
    assert await watch.look() == []


@pytest.mark.parametrize("error", [errors.RetryLater("away", 9999), errors.BotGone("revoked")])
async def test_what_reaches_nobody_is_sent_later(watch: Watch, error: errors.SendError) -> None:
    watch.outages.begin(IncidentKind.RUN, "", "the disk is full", brief=0)
    for chat in ("ops", "boss"):
        watch.channel.failures[chat].append(refused(error))
    assert await watch.look() == []
    assert await watch.look() == ["✖ A run failed. the disk is full"]
    assert await watch.look() == []


@pytest.mark.parametrize("error", [errors.Unconfirmed("lost"), errors.ChatGone("the operator blocked the bot")])
async def test_who_cannot_be_reached_is_not_told_again_and_again(watch: Watch, error: errors.SendError) -> None:
    watch.outages.begin(IncidentKind.RUN, "", "the disk is full", brief=0)
    for chat in ("ops", "boss"):
        watch.channel.failures[chat].append(refused(error))
    assert await watch.look() == []
    assert await watch.look() == []


async def test_one_chat_that_can_be_reached_is_enough(watch: Watch) -> None:
    watch.outages.begin(IncidentKind.RUN, "", "the disk is full", brief=0)
    watch.channel.failures["boss"].append(refused(errors.RetryLater("away", 9999)))
    await watch.notifier.notify()
    assert len(watch.channel.chats["ops"]) == 1
    assert await watch.look() == []


async def test_without_operators_incidents_are_logged_once(pipeline: Pipeline) -> None:
    outages = Outages(lambda: 0.0)
    notifier = OperatorNotifier(SETTINGS, pipeline.ledger.incidents, outages, (), pipeline.clock)
    outages.begin(IncidentKind.RUN, "", "the disk is full", brief=0)
    with capture_logs() as logs:
        await notifier.notify()
        await notifier.notify()
    assert [(one["event"], one["what"]) for one in logs] == [("trouble", "✖ A run failed. the disk is full")]


async def test_a_ledger_that_fails_is_told_all_the_same(watch: Watch, ledger_url: str) -> None:
    watch.outages.begin(IncidentKind.RUN, "", "the ledger is damaged", brief=0)
    change(ledger_url, "ALTER TABLE notices RENAME TO gone")
    with capture_logs() as logs:
        assert await watch.look() == ["✖ A run failed. the ledger is damaged"]
        assert await watch.look() == []
    change(ledger_url, "ALTER TABLE gone RENAME TO notices")  # PostgreSQL's is lent again
    assert [one["event"] for one in logs if one["log_level"] == "error"] == ["alarm", "alarm"]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_incident_has_words(language: str) -> None:
    said = phrases(language)
    assert said.incidents.keys() == {*IncidentKind} - {IncidentKind.DISCARDED}
    assert said.incidents_over.keys() == said.incidents.keys() - {
        IncidentKind.WEEK,
        IncidentKind.CLOCK,
        IncidentKind.UNFOLDED,
    }
