"""What `Channel` promises, tested for every channel through the real SDKs against strict servers."""

from __future__ import annotations

import io
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from rich.console import Console

from bot.channels.rate_limits.limiter import RateLimiter
from bot.channels.slack.channel import SlackChannel
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.terminal import TerminalChannel
from bot.delivery.channel import Channel, Delivered, NotDelivered, UnconfirmedSend
from bot.errors import BotGone, ChatGone, Rejected, RetryLater, SendError, Unconfirmed
from formatters import placeholders
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.message import Formatter
from formatters.page import reference
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from formatters.terminal import TerminalFormatter
from tests.support.chats import CHANNEL, GROUP, SLACK_CHAT
from tests.support.fakes import faults
from tests.support.fakes.answers import Answer, ok
from tests.support.fakes.faults import Fault
from tests.support.fakes.message_links import slack_links, slack_target, telegram_links, telegram_target
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.rendering import COMMON

pytestmark = [
    pytest.mark.filterwarnings("ignore:Deprecated since version v22.2"),
    pytest.mark.unmeasured,
]

TIMEOUT = 0.3  # seconds for an answer


class RecordingLimiter(RateLimiter):
    """Let every call go at once, and note the pauses that platforms ask for."""

    def __init__(self) -> None:
        super().__init__((), lambda _chat: [])
        self.pauses: list[tuple[str, float]] = []

    def pause(self, chat: str, seconds: float) -> None:
        self.pauses.append((chat, seconds))


@dataclass
class TelegramCase:
    """What a test needs of Telegram: its server, two chats, and its own kinds of faults."""

    server: FakeTelegram
    limiter: RecordingLimiter = field(default_factory=RecordingLimiter)
    formatter: Formatter = field(default_factory=lambda: TelegramFormatter(phrases("en")))
    address: str = CHANNEL
    other: str = GROUP
    never_sent: str = "9999"
    send_method: str = "sendMessage"
    edit_method: str = "editMessageText"

    def __post_init__(self) -> None:
        self.server.add_chat(self.address, kind="channel", last_id=100)
        self.server.add_chat(self.other, kind="supergroup", last_id=7)

    def channel(self, token: str = "", base_url: str = "") -> Channel:
        token, base_url = token or self.server.token, base_url or self.server.base_url
        return TelegramChannel(token, base_url, self.formatter, self.limiter, timeout=TIMEOUT)

    def elsewhere(self, host: str, scheme: str = "http") -> Channel:
        return self.channel(base_url=f"{scheme}://{host}/bot")

    def ids(self) -> list[str]:
        return [str(message.id) for message in self.server.shown(self.address)]

    def texts(self) -> list[str]:
        return [message.text for message in self.server.shown(self.address)]

    def post_by_other(self, text: str = "Hello") -> str:
        return str(self.server.post_by_other(self.address, text))

    def delete(self, remote_id: str) -> None:
        self.server.delete(self.address, int(remote_id))

    def make_old(self, remote_id: str) -> None:
        """Let a message be too old to be deleted."""
        message = self.server.chat(self.address).messages[int(remote_id)]
        assert message
        message.date -= 48 * 3600

    def holds(self, remote_id: str) -> bool:
        return int(remote_id) in self.server.chat(self.address).messages

    def leads_to(self, remote_id: str) -> list[str]:
        """Give the ids of the messages to which the words of a message lead."""
        chat = self.server.chat(self.address)
        links = telegram_links(next(one for one in self.server.shown(self.address) if str(one.id) == remote_id))
        return [str(found.id) for _, url in links if (found := telegram_target(chat, url))]

    def close_chat(self) -> None:
        self.server.chat(self.address).rights = False

    def unconfirmed(
        self, body: Mapping[str, object], *, after: str = "100", taken: tuple[str, ...] = ()
    ) -> UnconfirmedSend:
        now = time.time()
        return UnconfirmedSend("ref", body, "", now, int(after), now, frozenset(map(int, taken)))

    def flood(self, seconds: int | None) -> Fault:
        return faults.flood(seconds)

    def bot_refused(self) -> Fault:
        return faults.unauthorized()

    def chat_refused(self) -> Fault:
        return faults.bad_request("not enough rights to send text messages to the chat")

    def message_refused(self) -> Fault:
        return faults.bad_request("can't parse entities: unclosed start tag at byte offset 0")


@dataclass
class SlackCase:
    """The same for Slack."""

    server: FakeSlack
    limiter: RecordingLimiter = field(default_factory=RecordingLimiter)
    formatter: Formatter = field(default_factory=lambda: SlackFormatter(phrases("en")))
    address: str = SLACK_CHAT
    other: str = "C0456EFGH"
    never_sent: str = "1750000000.000001"
    send_method: str = "chat.postMessage"
    edit_method: str = "chat.update"

    def __post_init__(self) -> None:
        self.server.add_channel(self.address, name="papers")
        self.server.add_channel(self.other, name="more-papers")

    def channel(self, token: str = "", base_url: str = "") -> Channel:
        token, base_url = token or self.server.token, base_url or self.server.base_url
        return SlackChannel(token, base_url, self.formatter, self.limiter, timeout=TIMEOUT)

    def elsewhere(self, host: str, scheme: str = "http") -> Channel:
        return self.channel(base_url=f"{scheme}://{host}/api/")

    def ids(self) -> list[str]:
        return [message.ts for message in self.server.shown(self.address)]

    def texts(self) -> list[str]:
        return [message.text for message in self.server.shown(self.address)]

    def post_by_other(self, text: str = "Hello") -> str:
        return self.server.post_by_other(self.address, text)

    def delete(self, remote_id: str) -> None:
        self.server.delete(self.address, remote_id)

    def make_old(self, remote_id: str) -> None:
        """Let a message be one that the app may not delete."""
        self.server.channel(self.address).messages[remote_id].by_bot = False

    def holds(self, remote_id: str) -> bool:
        return remote_id in self.server.channel(self.address).messages

    def leads_to(self, remote_id: str) -> list[str]:
        """Give the ids of the messages to which the words of a message lead."""
        chat = self.server.channel(self.address)
        links = slack_links(chat.messages[remote_id])
        return [found.ts for _, url in links if (found := slack_target(chat, url))]

    def close_chat(self) -> None:
        self.server.channel(self.address).archived = True

    def unconfirmed(
        self, body: Mapping[str, object], *, after: str = "0", taken: tuple[str, ...] = ()
    ) -> UnconfirmedSend:
        return UnconfirmedSend("ref", body, "", time.time(), 0, 0.0, frozenset())

    def flood(self, seconds: int | None) -> Fault:
        return faults.ratelimited(seconds)

    def bot_refused(self) -> Fault:
        return faults.slack_refusal("account_inactive")

    def chat_refused(self) -> Fault:
        return faults.slack_refusal("is_archived")

    def message_refused(self) -> Fault:
        return faults.slack_refusal("invalid_blocks")


PlatformCase = TelegramCase | SlackCase


@pytest.fixture(params=["telegram", "slack"])
def case(request: pytest.FixtureRequest, telegram: FakeTelegram, slack: FakeSlack) -> PlatformCase:
    return TelegramCase(telegram) if request.param == "telegram" else SlackCase(slack)


@pytest.fixture
async def channel(case: PlatformCase) -> AsyncIterator[Channel]:
    channel = case.channel()
    yield channel
    await channel.close()


def message(case: PlatformCase, text: str) -> Mapping[str, object]:
    return case.formatter.notice(text).body


async def send(case: PlatformCase, channel: Channel, text: str, ref: str = "ref") -> str:
    return await channel.send(case.address, message(case, text), delivery_ref=ref, thread="")


def calls(case: PlatformCase, method: str) -> int:
    return sum(call.method == method for call in case.server.calls)


# Sending and editing


async def test_a_message_sent_is_shown_under_its_remote_id(case: PlatformCase, channel: Channel) -> None:
    remote_id = await send(case, channel, "A paper with <b>, & and 논문")
    assert case.ids() == [remote_id]
    assert [text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for text in case.texts()] == [
        "A paper with <b>, & and 논문"
    ]


async def test_messages_are_in_the_order_in_which_they_were_sent(case: PlatformCase, channel: Channel) -> None:
    sent = [await send(case, channel, f"Paper {number}") for number in range(5)]
    assert case.ids() == sent
    assert case.texts() == [f"Paper {number}" for number in range(5)]


async def test_an_edit_changes_that_message_alone(case: PlatformCase, channel: Channel) -> None:
    first, second = await send(case, channel, "One"), await send(case, channel, "Two")
    await channel.edit(case.address, first, message(case, "One, mended"))
    assert (case.ids(), case.texts()) == ([first, second], ["One, mended", "Two"])


async def test_an_edit_into_the_same_content_is_a_success(case: PlatformCase, channel: Channel) -> None:
    remote_id = await send(case, channel, "One")
    for _ in range(2):
        await channel.edit(case.address, remote_id, message(case, "One"))
    assert case.texts() == ["One"]


async def test_a_message_sent_as_plain_text_can_be_edited(case: PlatformCase, channel: Channel) -> None:
    plain = case.formatter.plain(message(case, "One"))
    remote_id = await channel.send(case.address, plain, delivery_ref="ref", thread="")
    await channel.edit(case.address, remote_id, case.formatter.plain(message(case, "Two")))
    assert case.texts() == ["Two"]


async def test_an_edit_of_a_deleted_message_is_rejected(case: PlatformCase, channel: Channel) -> None:
    remote_id = await send(case, channel, "One")
    case.delete(remote_id)
    with pytest.raises(Rejected):
        await channel.edit(case.address, remote_id, message(case, "Two"))


async def test_an_edit_of_somebody_elses_message_is_rejected(case: PlatformCase, channel: Channel) -> None:
    with pytest.raises(Rejected):
        await channel.edit(case.address, case.post_by_other(), message(case, "Two"))


async def test_a_message_is_deleted_alone_and_only_once(case: PlatformCase, channel: Channel) -> None:
    first, second = await send(case, channel, "One"), await send(case, channel, "Two")
    for _ in range(2):
        await channel.delete(case.address, first)
    assert case.ids() == [second]


async def test_what_the_platform_does_not_delete_stays(case: PlatformCase, channel: Channel) -> None:
    remote_id = await send(case, channel, "One")
    case.make_old(remote_id)
    with pytest.raises(Rejected, match="not deleted, it stays"):
        await channel.delete(case.address, remote_id)
    assert case.holds(remote_id)


@pytest.mark.parametrize("name", ["lost answer", "500", "reset"])
async def test_a_deletion_whose_answer_is_lost_may_be_repeated(case: PlatformCase, channel: Channel, name: str) -> None:
    remote_id = await send(case, channel, "One")
    case.server.faults.add(COMMON_FAULTS[name][0])
    with pytest.raises(Unconfirmed):
        await channel.delete(case.address, remote_id)
    await channel.delete(case.address, remote_id)
    assert case.ids() == []


async def test_a_link_leads_to_a_message_and_the_server_refuses_one_that_leads_nowhere(
    case: PlatformCase, channel: Channel
) -> None:
    body = case.formatter.digest(COMMON, Edition(linked=True))[0].body
    await channel.prepare(body)
    refs = {one: reference(COMMON, one) for one in COMMON.papers}
    texts = {ref: message(case, one.title) for one, ref in refs.items()}
    ids = [await channel.send(case.address, text, delivery_ref=ref, thread="") for ref, text in texts.items()]
    messages = dict(zip(texts, (channel.message_link(case.address, one, "") for one in ids), strict=True))
    sent = await channel.send(case.address, placeholders.fill(body, messages), delivery_ref="index", thread="")
    assert case.leads_to(sent) == ids
    nowhere = {ref: channel.message_link(case.address, case.never_sent, "") for ref in messages}
    for wrong in (body, placeholders.fill(body, nowhere)):
        with pytest.raises(Rejected):
            await channel.edit(case.address, sent, wrong)


async def test_every_chat_has_an_id_sequence_of_its_own(case: PlatformCase, channel: Channel) -> None:
    assert channel.id_sequence(case.address) != channel.id_sequence(case.other)


# Faults: each gives an error of ours after one call, without a token in it


def nonsense(body: str, content_type: str = "application/json") -> Fault:
    """Process the call and answer something that is no answer."""
    return Fault("garbled", Answer(200, body, content_type=content_type))


COMMON_FAULTS = {
    "reset": (faults.reset(), Unconfirmed),
    "lost answer": (faults.lost_answer(), Unconfirmed),
    "500": (faults.server_error(500), Unconfirmed),
    "502": (faults.server_error(502), Unconfirmed),
    "503": (faults.server_error(503), Unconfirmed),
    "late": (faults.late(TIMEOUT * 2), Unconfirmed),
    "truncated": (faults.truncated(), Unconfirmed),
    "captive portal": (faults.captive_portal(), Unconfirmed),
    "plain text": (nonsense("It works!", "text/plain"), Unconfirmed),
    "nothing": (nonsense(""), Unconfirmed),
    "empty object": (nonsense("{}"), Unconfirmed),
    "list": (nonsense("[1]"), Unconfirmed),
    "number": (nonsense("1"), Unconfirmed),
    "null": (nonsense("null"), Unconfirmed),
    "parts missing": (Fault("garbled", ok(result={}, message={})), Unconfirmed),
}
UNPROCESSED = {"reset", "500", "502", "503"}
OWN_FAULTS = {
    "flood": RetryLater,
    "flood without a time": RetryLater,
    "bot refused": BotGone,
    "chat refused": ChatGone,
    "message refused": Rejected,
}


def own_fault(case: PlatformCase, name: str) -> Fault:
    return {
        "flood": case.flood(7),
        "flood without a time": case.flood(None),
        "bot refused": case.bot_refused(),
        "chat refused": case.chat_refused(),
        "message refused": case.message_refused(),
    }[name]


async def failure(case: PlatformCase, channel: Channel) -> SendError:
    """Send, give the error, and see that there is no token in it."""
    with pytest.raises(SendError) as raised:
        await send(case, channel, "One")
    assert case.server.token not in f"{raised.value} {raised.value!r}"
    return raised.value


@pytest.mark.parametrize("name", COMMON_FAULTS)
async def test_a_broken_send_is_unconfirmed_and_made_only_once(case: PlatformCase, channel: Channel, name: str) -> None:
    fault, meaning = COMMON_FAULTS[name]
    case.server.faults.add(fault)
    assert type(await failure(case, channel)) is meaning
    assert calls(case, case.send_method) == 1
    assert len(case.texts()) == (name not in UNPROCESSED)


@pytest.mark.parametrize("name", OWN_FAULTS)
async def test_what_the_platform_refuses_is_not_sent(case: PlatformCase, channel: Channel, name: str) -> None:
    case.server.faults.add(own_fault(case, name))
    assert type(await failure(case, channel)) is OWN_FAULTS[name]
    assert calls(case, case.send_method) == 1
    assert case.texts() == []


@pytest.mark.parametrize("name", sorted(COMMON_FAULTS.keys() - {"parts missing", "empty object"}))
async def test_edits_break_as_sends_do(case: PlatformCase, channel: Channel, name: str) -> None:
    fault, meaning = COMMON_FAULTS[name]
    remote_id = await send(case, channel, "One")
    case.server.faults.add(fault)
    with pytest.raises(meaning):
        await channel.edit(case.address, remote_id, message(case, "Two"))
    assert calls(case, case.edit_method) == 1


@pytest.mark.parametrize("name", OWN_FAULTS)
async def test_edits_are_refused_as_sends_are(case: PlatformCase, channel: Channel, name: str) -> None:
    remote_id = await send(case, channel, "One")
    case.server.faults.add(own_fault(case, name))
    with pytest.raises(OWN_FAULTS[name]):
        await channel.edit(case.address, remote_id, message(case, "Two"))
    assert case.texts() == ["One"]


async def test_the_next_message_goes_through_after_any_failure(case: PlatformCase, channel: Channel) -> None:
    for fault, _ in COMMON_FAULTS.values():
        case.server.faults.add(fault)
        with suppress(SendError):
            await send(case, channel, "One")
    assert await send(case, channel, "Two") == case.ids()[-1]


async def test_a_server_that_is_down_got_nothing(case: PlatformCase, channel: Channel) -> None:
    await case.server.stop()
    error = await failure(case, channel)
    assert isinstance(error, RetryLater)
    assert (error.after, error.flood) == (None, False)


async def test_a_server_that_goes_down_between_two_messages_got_one(case: PlatformCase, channel: Channel) -> None:
    await send(case, channel, "One")
    await case.server.stop()
    assert isinstance(await failure(case, channel), RetryLater | Unconfirmed)
    await case.server.start()
    await send(case, channel, "Two")
    assert case.texts() == ["One", "Two"]


@pytest.mark.parametrize(
    ("host", "scheme"),
    [("paperboy.invalid", "http"), ("127.0.0.1:{port}", "https")],
    ids=["no such host", "no TLS there"],
)
async def test_a_server_that_cannot_be_reached_got_nothing(case: PlatformCase, host: str, scheme: str) -> None:
    channel = case.elsewhere(host.format(port=case.server.port), scheme)
    error = await failure(case, channel)
    await channel.close()
    assert type(error) is RetryLater


async def test_a_wrong_token_is_refused_without_being_shown(case: PlatformCase) -> None:
    channel = case.channel(token="654321:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc")
    error = await failure(case, channel)
    await channel.close()
    assert type(error) is BotGone
    assert "AAEhBOweik6" not in str(error)


async def test_a_chat_that_is_not_there_is_gone(case: PlatformCase, channel: Channel) -> None:
    address = "-1005555555555" if isinstance(case, TelegramCase) else "C0NOWHERE"
    with pytest.raises(ChatGone, match=r"(?i)not.found; check the"):
        await channel.send(address, message(case, "One"), delivery_ref="ref", thread="")


# Pauses


@pytest.mark.parametrize(("asked", "kept"), [(7, 7), (None, 30)])
async def test_a_flood_pauses_its_chat_for_as_long_as_it_says(
    case: PlatformCase, channel: Channel, asked: int | None, kept: float
) -> None:
    case.server.faults.add(case.flood(asked))
    error = await failure(case, channel)
    assert isinstance(error, RetryLater)
    assert (error.after, error.flood) == (kept, True)
    assert case.limiter.pauses == [(case.address, kept)]


@pytest.mark.parametrize("fault", [fault for fault, _ in COMMON_FAULTS.values()], ids=COMMON_FAULTS.keys())
async def test_nothing_else_pauses_a_chat(case: PlatformCase, channel: Channel, fault: Fault) -> None:
    case.server.faults.add(fault)
    await failure(case, channel)
    assert case.limiter.pauses == []


# Unconfirmed sends


async def test_a_message_whose_answer_was_lost_is_found(case: PlatformCase, channel: Channel) -> None:
    case.server.faults.add(faults.lost_answer())
    await failure(case, channel)
    found = await channel.reconcile(case.address, case.unconfirmed(message(case, "One")))
    assert found == Delivered(case.ids()[0])
    assert case.texts() == ["One"]


async def test_a_message_that_never_arrived_is_absent(case: PlatformCase, channel: Channel) -> None:
    case.server.faults.add(faults.reset())
    await failure(case, channel)
    assert await channel.reconcile(case.address, case.unconfirmed(message(case, "One"))) == NotDelivered()
    assert case.texts() == []


async def test_it_is_found_among_messages_of_other_people(case: PlatformCase, channel: Channel) -> None:
    for _ in range(12):
        case.post_by_other()
    case.server.faults.add(faults.lost_answer())
    await failure(case, channel)
    case.post_by_other()
    found = await channel.reconcile(case.address, case.unconfirmed(message(case, "One")))
    assert found == Delivered(case.ids()[0])


async def test_it_is_absent_among_messages_of_other_people(case: PlatformCase, channel: Channel) -> None:
    others = [case.post_by_other() for _ in range(12)]
    assert len(set(others)) == 12
    assert await channel.reconcile(case.address, case.unconfirmed(message(case, "One"))) == NotDelivered()


async def test_what_others_deleted_does_not_hide_it(case: PlatformCase, channel: Channel) -> None:
    for _ in range(9):
        case.delete(case.post_by_other())
    case.server.faults.add(faults.lost_answer())
    await failure(case, channel)
    found = await channel.reconcile(case.address, case.unconfirmed(message(case, "One")))
    assert found == Delivered(case.ids()[0])


async def test_it_is_distinguished_from_a_message_of_the_same_wording(case: PlatformCase, channel: Channel) -> None:
    first = await send(case, channel, "One", ref="another")
    case.server.faults.add(faults.lost_answer())
    await failure(case, channel)
    unconfirmed = case.unconfirmed(message(case, "One"), taken=(first,) if isinstance(case, TelegramCase) else ())
    assert await channel.reconcile(case.address, unconfirmed) == Delivered(case.ids()[1])


async def test_reconciling_twice_gives_the_same_result(case: PlatformCase, channel: Channel) -> None:
    case.server.faults.add(faults.lost_answer())
    await failure(case, channel)
    unconfirmed = case.unconfirmed(message(case, "One"))
    assert await channel.reconcile(case.address, unconfirmed) == await channel.reconcile(case.address, unconfirmed)


@pytest.mark.parametrize("name", COMMON_FAULTS)
async def test_a_broken_reconciliation_raises_what_a_send_does(case: PlatformCase, channel: Channel, name: str) -> None:
    fault, _ = COMMON_FAULTS[name]
    await send(case, channel, "One", "another")
    case.server.faults.add(replace(fault, times=None))  # for ever: what only reads may be repeated
    with pytest.raises((Unconfirmed, RetryLater)):
        await channel.reconcile(case.address, case.unconfirmed(message(case, "One")))


@pytest.mark.parametrize("name", ["flood", "bot refused"])
async def test_a_refused_reconciliation_raises_what_a_send_does(
    case: PlatformCase, channel: Channel, name: str
) -> None:
    case.server.faults.add(own_fault(case, name))
    with pytest.raises(OWN_FAULTS[name]):
        await channel.reconcile(case.address, case.unconfirmed(message(case, "One")))


# The doctor


async def test_all_is_well(case: PlatformCase, channel: Channel) -> None:
    checked = await channel.check([case.address, case.other])
    assert len(checked) == 3
    assert [what for what, problem in checked if problem] == []
    assert case.texts() == []


async def test_a_wrong_token_is_the_only_line(case: PlatformCase) -> None:
    channel = case.channel(token="654321:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc")
    [(what, problem)] = await channel.check([case.address])
    await channel.close()
    assert what == "token"
    assert "token" in problem
    assert "AAEhBOweik6" not in problem


async def test_a_chat_that_is_closed_is_named_and_the_others_are_well(case: PlatformCase, channel: Channel) -> None:
    case.close_chat()
    _, (what, problem), (_, well) = await channel.check([case.address, case.other])
    assert case.address in what
    assert problem
    assert well == ""


async def test_a_chat_that_is_unknown_is_named(case: PlatformCase, channel: Channel) -> None:
    address = "-1005555555555" if isinstance(case, TelegramCase) else "C0NOWHERE"
    _, (what, problem) = await channel.check([address])
    assert address in what + problem
    assert problem


async def test_a_server_that_is_down_is_a_line_too(case: PlatformCase, channel: Channel) -> None:
    await case.server.stop()
    [(what, problem)] = await channel.check([case.address])
    assert what == "token"
    assert "reached" in problem


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("body", ["{}", "[1]", "null", '{"ok": true}', '{"ok": true, "result": 1, "channel": 1}'])
async def test_nonsense_is_a_line_too(case: PlatformCase, channel: Channel, body: str, skip: int) -> None:
    case.server.faults.add(Fault("garbled", Answer(200, body), skip=skip))
    checked = await channel.check([case.address, case.other])
    assert any(problem for _, problem in checked)


async def test_closing_twice_does_no_harm(case: PlatformCase) -> None:
    channel = case.channel()
    await send(case, channel, "One")
    await channel.close()
    await channel.close()
    assert case.texts() == ["One"]


# The terminal, as far as the promises concern it


@pytest.fixture
def paper() -> Iterator[io.StringIO]:
    with io.StringIO() as paper:
        yield paper


@pytest.fixture
def terminal(paper: io.StringIO) -> Channel:
    return TerminalChannel(Console(file=paper, width=60), TerminalFormatter(phrases("en")))


async def test_a_terminal_prints_and_counts(terminal: Channel, paper: io.StringIO) -> None:
    bodies = [terminal.formatter.notice(text).body for text in ("One [1]", "Two")]
    ids = [await terminal.send("here", body, delivery_ref="", thread="") for body in bodies]
    assert [int(later) - int(earlier) for earlier, later in pairwise(ids)] == [1]
    assert "One [1]" in paper.getvalue()
    assert paper.getvalue().index("One") < paper.getvalue().index("Two")


async def test_a_terminal_prints_edits_anew(terminal: Channel, paper: io.StringIO) -> None:
    await terminal.edit("here", "1", terminal.formatter.notice("Mended").body)
    assert "Mended" in paper.getvalue()


async def test_a_terminal_says_what_is_deleted(terminal: Channel, paper: io.StringIO) -> None:
    await terminal.delete("here", "1")
    assert "message 1 is deleted" in paper.getvalue()


async def test_a_terminal_has_no_limits_and_nothing_to_refuse(terminal: Channel) -> None:
    started = time.monotonic()
    for _ in range(1000):
        await terminal.acquire_turn("here", reply=True)
    assert time.monotonic() - started < 1
    assert await terminal.check(["here"]) == [("here", "")]
    assert terminal.id_sequence("here") == "here"
    await terminal.close()


async def test_what_a_terminal_of_another_run_showed_is_gone(terminal: Channel) -> None:
    unconfirmed = UnconfirmedSend("ref", {}, "", time.time(), 0, 0.0, frozenset())
    assert await terminal.reconcile("here", unconfirmed) == NotDelivered()


def test_bodies_are_json() -> None:
    """The ledger keeps them as such."""
    for formatter in (
        TelegramFormatter(phrases("en")),
        SlackFormatter(phrases("ko")),
        TerminalFormatter(phrases("en")),
    ):
        body = formatter.notice("One").body
        assert json.loads(json.dumps(body)) == body
