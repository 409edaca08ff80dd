"""What only Slack has: threads, error codes, and looking for a message by the key in its metadata."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from email.utils import formatdate
from types import SimpleNamespace

import pytest
from slack_sdk.errors import SlackApiError
from structlog.testing import capture_logs

from bot.channels.slack.api.answers import EVENT
from bot.channels.slack.api.errors import translate
from bot.channels.slack.api.workspace import RefusedContainers
from bot.channels.slack.channel import SlackChannel
from bot.database.states import ChatKind
from bot.delivery.channel import Delivered, NotDelivered, UnconfirmedSend, Undecided
from bot.errors import BotGone, ChatGone, Rejected, RetryLater, SendError, Unconfirmed
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.slack import SlackFormatter
from tests.support.chats import SLACK_CHAT
from tests.support.digests import digest, paper
from tests.support.fakes import faults
from tests.support.fakes.answers import Answer, ok, slack_error
from tests.support.fakes.faults import Fault
from tests.support.fakes.slack import FakeSlack
from tests.support.rendering import COMMON
from tests.support.setup import unthrottled
from tests.support.virtual_time import run

FORMATTER = SlackFormatter(phrases("en"))


@pytest.fixture
async def server() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as server:
        server.add_channel(SLACK_CHAT, name="papers")
        yield server


@pytest.fixture
async def channel(server: FakeSlack) -> AsyncIterator[SlackChannel]:
    channel = SlackChannel(server.token, server.base_url, FORMATTER, unthrottled())
    yield channel
    await channel.close()


async def send(channel: SlackChannel, text: str = "One", *, ref: str = "ref", thread: str = "") -> str:
    return await channel.send(SLACK_CHAT, FORMATTER.notice(text).body, delivery_ref=ref, thread=thread)


async def send_without_answer(server: FakeSlack, channel: SlackChannel, *, thread: str = "") -> None:
    """Send a message that arrives, without an answer that says so."""
    server.faults.add(faults.lost_answer())
    with pytest.raises(Unconfirmed):
        await send(channel, thread=thread)


def unconfirmed(*, thread: str = "", ref: str = "ref", ago: float = 0.0) -> UnconfirmedSend:
    return UnconfirmedSend(ref, FORMATTER.notice("One").body, thread, time.time() - ago, 0, 0.0, frozenset())


def methods(server: FakeSlack) -> list[str]:
    return [call.method for call in server.calls]


# Sending and editing


async def test_a_message_carries_its_key(server: FakeSlack, channel: SlackChannel) -> None:
    await send(channel, ref="4711")
    [shown] = server.shown(SLACK_CHAT)
    assert shown.metadata == {"event_type": EVENT, "event_payload": {"key": "4711"}}
    assert shown.thread_ts is None
    assert shown.pings == []


async def test_a_reply_is_in_its_thread(server: FakeSlack, channel: SlackChannel) -> None:
    parent = await send(channel, "Index")
    await send(channel, "Paper", thread=parent)
    assert [message.thread_ts for message in server.shown(SLACK_CHAT)] == [None, parent]


async def test_an_edit_keeps_thread_and_key(server: FakeSlack, channel: SlackChannel) -> None:
    parent = await send(channel, "Index")
    reply = await send(channel, "Paper", ref="4711", thread=parent)
    await channel.edit(SLACK_CHAT, reply, FORMATTER.notice("Paper, mended").body)
    shown = server.shown(SLACK_CHAT)[1]
    assert (shown.text, shown.thread_ts, shown.edits) == ("Paper, mended", parent, 1)
    assert (shown.metadata or {})["event_payload"] == {"key": "4711"}


async def test_an_edit_into_plain_text_removes_the_blocks(server: FakeSlack, channel: SlackChannel) -> None:
    ts = await send(channel)
    await channel.edit(SLACK_CHAT, ts, FORMATTER.plain(FORMATTER.notice("Plain").body))
    [shown] = server.shown(SLACK_CHAT)
    assert (shown.text, shown.blocks) == ("Plain", [])


async def test_a_thread_whose_parent_is_gone_rejects(server: FakeSlack, channel: SlackChannel) -> None:
    with pytest.raises(Rejected, match="thread_not_found"):
        await send(channel, thread="1700000000.000100")


# Containers, which a workspace may refuse

DIGEST = FORMATTER.digest(digest(date(2025, 1, 6), paper(1)), Edition("digest", folded=True))[0].body
OPEN = ["rich_text", "rich_text", "section", "context"]


def kinds(server: FakeSlack) -> list[list[str]]:
    return [[block["type"] for block in message.blocks] for message in server.shown(SLACK_CHAT)]


async def test_after_a_refusal_all_comes_unfolded_at_once(server: FakeSlack, channel: SlackChannel) -> None:
    ts = await channel.send(SLACK_CHAT, DIGEST, delivery_ref="a", thread="")
    server.knows_containers = False
    with pytest.raises(Rejected, match="invalid_blocks"):
        await channel.send(SLACK_CHAT, DIGEST, delivery_ref="b", thread="")
    with capture_logs() as logs:
        await channel.send(SLACK_CHAT, DIGEST, delivery_ref="b", thread="")
        await channel.edit(SLACK_CHAT, ts, DIGEST)
        await send(channel)
    assert kinds(server) == [OPEN, OPEN, ["rich_text"]]
    assert (len(methods(server)), logs) == (5, [])


async def test_a_refused_edit_is_learnt_from_too(server: FakeSlack, channel: SlackChannel) -> None:
    ts = await channel.send(SLACK_CHAT, DIGEST, delivery_ref="a", thread="")
    server.knows_containers = False
    with capture_logs() as logs, pytest.raises(Rejected, match="invalid_blocks"):
        await channel.edit(SLACK_CHAT, ts, DIGEST)
    await channel.edit(SLACK_CHAT, ts, DIGEST)
    assert kinds(server) == [OPEN]
    assert [(one["event"], one["channel"]) for one in logs] == [("folded summaries come unfolded for a day", "slack")]


async def test_what_else_is_refused_teaches_nothing_of_containers(server: FakeSlack, channel: SlackChannel) -> None:
    for code, body in (("msg_too_long", DIGEST), ("invalid_blocks", FORMATTER.notice("One").body)):
        server.faults.add(faults.slack_refusal(code))
        with pytest.raises(Rejected):
            await channel.send(SLACK_CHAT, body, delivery_ref="a", thread="")
    await channel.send(SLACK_CHAT, DIGEST, delivery_ref="b", thread="")
    assert kinds(server) == [["rich_text", "container"]]


def test_a_day_later_containers_are_tried_again() -> None:
    now = [0.0]
    containers = RefusedContainers(FORMATTER.plain, lambda: now[0])
    refusal = SlackApiError("no", SimpleNamespace(data={"error": "invalid_blocks"}))  # type: ignore[no-untyped-call]

    def tried() -> bool:
        with containers.accepted(DIGEST) as body:
            return body == DIGEST

    assert tried()
    with pytest.raises(Rejected), containers.accepted(DIGEST):
        raise translate(refusal) from refusal
    assert not tried()
    now[0] += 86_401
    assert tried()


# Refusals through the SDK


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("channel_not_found", ChatGone),
        ("is_archived", ChatGone),
        ("not_in_channel", ChatGone),
        ("restricted_action", ChatGone),
        ("messages_tab_disabled", ChatGone),
        ("account_inactive", BotGone),
        ("token_revoked", BotGone),
        ("invalid_auth", BotGone),
        ("invalid_blocks", Rejected),
        ("msg_too_long", Rejected),
        ("no_text", Rejected),
        ("ratelimited", RetryLater),
        ("message_limit_exceeded", RetryLater),
        ("fatal_error", Unconfirmed),
        ("internal_error", Unconfirmed),
    ],
)
async def test_codes(server: FakeSlack, channel: SlackChannel, code: str, meaning: type[SendError]) -> None:
    server.faults.add(faults.slack_refusal(code))
    with pytest.raises(meaning):
        await send(channel)
    assert methods(server) == ["chat.postMessage"]


async def test_a_missing_scope_stops_the_app_and_is_named(server: FakeSlack, channel: SlackChannel) -> None:
    server.scopes.discard("chat:write")
    with pytest.raises(BotGone, match="chat:write"):
        await send(channel)


async def test_an_archived_channel_is_gone(server: FakeSlack, channel: SlackChannel) -> None:
    server.channel(SLACK_CHAT).archived = True
    with pytest.raises(ChatGone, match="unarchive"):
        await send(channel)


async def test_an_app_that_was_not_invited(server: FakeSlack, channel: SlackChannel) -> None:
    server.channel(SLACK_CHAT).member = False
    with pytest.raises(ChatGone, match="/invite"):
        await send(channel)


async def test_a_code_with_500_may_have_succeeded(server: FakeSlack, channel: SlackChannel) -> None:
    server.faults.add(Fault("answer", slack_error("service_unavailable", 503)))
    with pytest.raises(Unconfirmed):
        await send(channel)


async def test_success_without_an_id_is_unconfirmed(server: FakeSlack, channel: SlackChannel) -> None:
    server.faults.add(Fault("garbled", ok(channel=SLACK_CHAT)))
    with pytest.raises(Unconfirmed):
        await send(channel)


# Unconfirmed sends


async def test_it_is_found_by_its_key_and_not_by_its_wording(server: FakeSlack, channel: SlackChannel) -> None:
    await send(channel, "One", ref="another")
    await send_without_answer(server, channel)
    await send(channel, "One", ref="a third")
    assert await channel.reconcile(SLACK_CHAT, unconfirmed()) == Delivered(server.shown(SLACK_CHAT)[1].ts)


async def test_it_is_found_in_its_thread(server: FakeSlack, channel: SlackChannel) -> None:
    parent = await send(channel, "Index", ref="index")
    server.post_by_other(SLACK_CHAT, thread_ts=parent)
    await send_without_answer(server, channel, thread=parent)
    server.post_by_other(SLACK_CHAT, thread_ts=parent)
    assert await channel.reconcile(SLACK_CHAT, unconfirmed(thread=parent)) == Delivered(server.shown(SLACK_CHAT)[1].ts)


async def test_it_is_absent_from_its_thread(server: FakeSlack, channel: SlackChannel) -> None:
    parent = await send(channel, "Index", ref="index")
    server.post_by_other(SLACK_CHAT, thread_ts=parent)
    assert await channel.reconcile(SLACK_CHAT, unconfirmed(thread=parent)) == NotDelivered()


async def test_it_is_found_pages_back(server: FakeSlack, channel: SlackChannel) -> None:
    await send_without_answer(server, channel)
    for _ in range(450):
        server.post_by_other(SLACK_CHAT)
    assert await channel.reconcile(SLACK_CHAT, unconfirmed()) == Delivered(server.shown(SLACK_CHAT)[0].ts)
    assert methods(server).count("conversations.history") == 3


async def test_it_is_absent_from_a_busy_channel(server: FakeSlack, channel: SlackChannel) -> None:
    for _ in range(1500):
        server.post_by_other(SLACK_CHAT)
    assert await channel.reconcile(SLACK_CHAT, unconfirmed()) == NotDelivered()


async def test_a_very_busy_channel_hides_it(server: FakeSlack, channel: SlackChannel) -> None:
    one_more = ok(messages=[], response_metadata={"next_cursor": "more"})
    server.faults.add(Fault("answer", one_more, method="conversations.history", times=None))
    found = await channel.reconcile(SLACK_CHAT, unconfirmed())
    assert isinstance(found, Undecided)
    assert "5,000 messages" in found.why
    assert methods(server) == ["conversations.history"] * 25


@pytest.mark.parametrize("ahead", [3, 9, 720])
@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_clock_that_is_hours_ahead_does_not_hide_it(
    server: FakeSlack, channel: SlackChannel, ahead: int, in_thread: bool
) -> None:
    """Where a message of ours is known, its id says the time by Slack's own clock."""
    index = await send(channel, "Index", ref="index")
    thread = index if in_thread else ""
    await send_without_answer(server, channel, thread=thread)
    question = replace(unconfirmed(thread=thread, ago=-3600 * ahead), after=0 if in_thread else int(float(index)))
    assert await channel.reconcile(SLACK_CHAT, question) == Delivered(server.shown(SLACK_CHAT)[1].ts)


@pytest.mark.parametrize("ahead", [3, 14, 720])
async def test_the_first_message_of_a_chat_is_found_where_the_clock_is_ahead(
    server: FakeSlack, channel: SlackChannel, ahead: int
) -> None:
    await send_without_answer(server, channel)
    assert isinstance(await channel.reconcile(SLACK_CHAT, unconfirmed(ago=-3600 * ahead)), Delivered)


async def test_only_what_came_since_our_last_message_is_read(server: FakeSlack, channel: SlackChannel) -> None:
    first = unconfirmed(ago=3600)
    later = replace(first, after=int(first.attempted_at) - 86400)
    in_thread = replace(later, thread=await send(channel, "Index", ref="index"))
    for question in (first, later, in_thread):
        await channel.reconcile(SLACK_CHAT, question)
    asked = [float(call.arguments.get("oldest", 0)) for call in server.calls[1:]]
    assert asked == pytest.approx([0, later.after, float(in_thread.thread)])


@pytest.mark.parametrize(
    ("ahead", "ago", "before", "pages"),
    [
        *((0, 0, 47, 25), (0, 0, 49, 1), (0, 72, 119, 25), (0, 72, 121, 1)),
        *((720, 0, 47, 25), (720, 0, 49, 1), (720, 72, 119, 25), (720, 72, 121, 1)),
        *((-9, 0, 56, 25), (-9, 0, 58, 1)),  # where our clock is behind, more is read
    ],
)
async def test_where_none_of_ours_is_known_it_is_looked_for_until_two_days_before_the_attempt(
    server: FakeSlack, channel: SlackChannel, ahead: int, ago: int, before: int, pages: int
) -> None:
    """All are hours: how far our clock is ahead of Slack's, and how long ago the attempt and a message were."""
    slack_time = time.time() - 3600 * ahead
    one_more = ok(messages=[{"ts": f"{slack_time - 3600 * before:.6f}"}], response_metadata={"next_cursor": "more"})
    one_more = replace(one_more, headers={"Date": formatdate(slack_time, usegmt=True)})
    server.faults.add(Fault("answer", one_more, method="conversations.history", times=None))
    await channel.reconcile(SLACK_CHAT, unconfirmed(ago=3600 * ago))
    assert len(methods(server)) == pages


async def test_where_slack_does_not_say_the_time_all_is_read(server: FakeSlack, channel: SlackChannel) -> None:
    no_date = replace(ok(messages=[{"ts": "1.1"}], response_metadata={"next_cursor": "more"}), headers={"Date": "now"})
    server.faults.add(Fault("answer", no_date, method="conversations.history", times=None))
    assert isinstance(await channel.reconcile(SLACK_CHAT, unconfirmed()), Undecided)


@pytest.mark.parametrize("thread", [False, True])
async def test_without_the_history_scope_it_is_undecided(
    server: FakeSlack, channel: SlackChannel, thread: bool
) -> None:
    parent = await send(channel, "Index", ref="index") if thread else ""
    server.scopes.discard("channels:history")
    found = await channel.reconcile(SLACK_CHAT, unconfirmed(thread=parent))
    assert isinstance(found, Undecided)
    assert "channels:history" in found.why


async def test_outside_the_channel_it_is_undecided(server: FakeSlack, channel: SlackChannel) -> None:
    server.channel(SLACK_CHAT).member = False
    found = await channel.reconcile(SLACK_CHAT, unconfirmed())
    assert isinstance(found, Undecided)
    assert "invite" in found.why


async def test_messages_without_metadata_are_skipped(server: FakeSlack, channel: SlackChannel) -> None:
    others = [{"ts": "1.1"}, {"ts": "1.2", "metadata": None}, {"ts": "1.3", "metadata": {"event_payload": None}}]
    ours = {"ts": "1.4", "metadata": {"event_type": EVENT, "event_payload": {"key": "ref"}}}
    server.faults.add(Fault("answer", ok(messages=[*others, ours])))
    assert await channel.reconcile(SLACK_CHAT, unconfirmed()) == Delivered("1.4")


@pytest.mark.parametrize("answer", [ok(), ok(messages=None), ok(messages=7), ok(messages=[7])])
async def test_a_page_that_makes_no_sense_leaves_it_unconfirmed(
    server: FakeSlack, channel: SlackChannel, answer: Answer
) -> None:
    server.faults.add(Fault("answer", answer))
    with pytest.raises(Unconfirmed):
        await channel.reconcile(SLACK_CHAT, unconfirmed())


# The doctor


@pytest.mark.parametrize(
    ("member", "archived", "advice"),
    [(True, False, ""), (False, False, "/invite"), (True, True, "unarchive"), (False, True, "unarchive")],
)
async def test_rights_in_a_channel(
    server: FakeSlack, channel: SlackChannel, member: bool, archived: bool, advice: str
) -> None:
    server.add_channel("C0999", name="side", member=member, archived=archived)
    (token, _), (_, problem) = await channel.check(["C0999"])
    assert token == "token: paperboy in Fake"
    assert (advice in problem) if advice else problem == ""


@pytest.mark.parametrize(("private", "advice"), [(False, ""), (True, "invite")])
async def test_only_a_public_channel_needs_no_invitation(
    server: FakeSlack, channel: SlackChannel, private: bool, advice: str
) -> None:
    server.scopes |= {"chat:write.public", "groups:read"}
    server.add_channel("C0999", name="side", member=False, private=private)
    _, (_, problem) = await channel.check(["C0999"])
    assert (advice in problem) if advice else problem == ""


async def test_a_direct_message_has_no_members(server: FakeSlack, channel: SlackChannel) -> None:
    known = {"id": "D0123", "is_im": True, "is_archived": False}
    server.faults.add(Fault("answer", ok(channel=known), method="conversations.info"))
    _, (_, problem) = await channel.check(["D0123"])
    assert problem == ""


async def test_without_the_scope_to_look_the_doctor_says_so(server: FakeSlack, channel: SlackChannel) -> None:
    server.scopes.discard("channels:read")
    _, (what, problem) = await channel.check([SLACK_CHAT])
    assert what == SLACK_CHAT
    assert "channels:read" in problem


# Limits, in virtual time


async def use(channel: SlackChannel, address: str, *, reply: bool = False) -> None:
    """Wait for a turn and make a call that is answered at once."""
    async with await channel.acquire_turn(address, reply=reply):
        pass


def test_a_chat_gets_one_a_second_and_chats_do_not_wait_for_one_another() -> None:
    async def scenario() -> float:
        channel = SlackChannel("xoxb-x", "http://127.0.0.1:1/api/", FORMATTER)
        await asyncio.gather(*(use(channel, f"C{number % 10}") for number in range(50)))
        return asyncio.get_running_loop().time()

    assert 4 < run(scenario()) < 4.1


@pytest.mark.parametrize(("reply", "seconds"), [(True, [0, 0, 0, 1, 2]), (False, [0, 1, 2, 3, 4])])
def test_three_answers_come_at_once_and_a_broadcast_does_not_count_on_that(reply: bool, seconds: list[int]) -> None:
    async def scenario() -> list[int]:
        channel, granted = SlackChannel("xoxb-x", "http://127.0.0.1:1/api/", FORMATTER), []
        for _ in seconds:
            await use(channel, SLACK_CHAT, reply=reply)
            granted.append(round(asyncio.get_running_loop().time()))
        return granted

    assert run(scenario()) == seconds


async def test_a_title_that_slack_does_not_tell(server: FakeSlack, channel: SlackChannel) -> None:
    with pytest.raises(ChatGone, match="channel_not_found"):
        await channel.ask_title("C0999")
    server.scopes.discard("channels:read")
    with pytest.raises(BotGone, match="missing_scope"):
        await channel.ask_title(SLACK_CHAT)
    assert channel.titles.take() == {}


# Which chat an address leads to


async def test_a_person_is_their_direct_messages(server: FakeSlack, channel: SlackChannel) -> None:
    server.scopes.add("im:write")
    server.add_user("U0ANN", "Ann")
    identity = await channel.identify("U0ANN")
    assert (identity.kind, identity.canonical_address[0]) == (ChatKind.PRIVATE, "D")
    assert await channel.identify(identity.canonical_address) == identity
    assert await channel.canonical_address("U0ANN") == identity.canonical_address
    assert (await channel.identify(SLACK_CHAT)).kind == ChatKind.BROADCAST
    assert [channel.is_canonical(one) for one in ("U0ANN", "W0ANN", "D0ANN", SLACK_CHAT)] == [False, False, True, True]
    assert [call.method for call in server.calls] == ["conversations.open"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.slack_refusal("user_not_found"), ChatGone),
        (faults.slack_refusal("missing_scope"), BotGone),
        (faults.ratelimited(3), RetryLater),
        (faults.server_error(502), Unconfirmed),
        (Fault("answer", ok(channel={})), Rejected),
    ],
)
async def test_why_it_is_not_known_who_a_person_is(
    server: FakeSlack, channel: SlackChannel, fault: Fault, error: type[SendError]
) -> None:
    server.faults.add(fault)
    with pytest.raises(SendError) as caught:
        await channel.identify("U0ANN")
    assert isinstance(caught.value, error)
    server.faults.add(fault)
    assert await channel.canonical_address("U0ANN") == "U0ANN"


# Links to messages

LINKED = FORMATTER.digest(COMMON, Edition(linked=True))[0].body
TS = "1750000000.000100"


async def test_where_the_workspace_is_is_asked_once_and_only_when_it_is_needed(
    server: FakeSlack, channel: SlackChannel
) -> None:
    await channel.prepare(FORMATTER.notice("One").body)
    assert (channel.message_link(SLACK_CHAT, TS, ""), methods(server)) == ("", [])
    await asyncio.gather(*(channel.prepare(LINKED) for _ in range(9)))
    await channel.prepare(LINKED)
    assert methods(server) == ["auth.test"]
    place = f"https://fake.slack.com/archives/{SLACK_CHAT}/p1750000000000100"
    assert channel.message_link(SLACK_CHAT, TS, "") == place
    thread = "1750000000.000001"
    assert channel.message_link(SLACK_CHAT, TS, thread) == f"{place}?thread_ts={thread}&cid={SLACK_CHAT}"
    assert channel.message_link("U0ANN", TS, "") == ""


@pytest.mark.parametrize(
    "fault", [faults.ratelimited(3), faults.server_error(502), faults.lost_answer(), Fault("answer", ok(url=None))]
)
async def test_an_answer_that_does_not_come_keeps_nothing_from_being_sent(
    server: FakeSlack, channel: SlackChannel, fault: Fault
) -> None:
    server.faults.add(fault)
    await asyncio.gather(*(channel.prepare(LINKED) for _ in range(3)))
    assert channel.message_link(SLACK_CHAT, TS, "") == ""
    await channel.prepare(LINKED)
    assert channel.message_link(SLACK_CHAT, TS, "")
    assert methods(server) == ["auth.test"] * 2
