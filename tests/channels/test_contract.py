"""One suite over all channels: what `Channel` promises, through the real SDKs against strict servers."""

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

from bot.channels.rate_limits import RateLimiter
from bot.channels.slack.channel import SlackChannel
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.terminal import TerminalChannel
from bot.delivery.channel import Channel, Delivered, NotDelivered, UnconfirmedSend
from bot.errors import BotGone, ChatGone, Rejected, RetryLater, SendError, Unconfirmed
from formatters.locale import phrases
from formatters.message import Formatter
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from formatters.terminal import TerminalFormatter
from tests.support.chats import CHANNEL, GROUP, ROOM
from tests.support.fakes import faults
from tests.support.fakes.answers import Answer, ok
from tests.support.fakes.faults import Fault
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram

pytestmark = [
    pytest.mark.filterwarnings("ignore:Deprecated since version v22.2"),
    pytest.mark.unmeasured,
]

PATIENCE = 0.3  # seconds for an answer


class Unpaced(RateLimiter):
    """Let every call go at once, and note the pauses that platforms ask for."""

    def __init__(self) -> None:
        super().__init__(None, lambda _room: [])
        self.pauses: list[tuple[str, float]] = []

    def pause(self, room: str, seconds: float) -> None:
        self.pauses.append((room, seconds))


@dataclass
class OnTelegram:
    """A Telegram channel on the stage: its server, two chats, and what goes wrong in Telegram's way."""

    server: FakeTelegram
    limiter: Unpaced = field(default_factory=Unpaced)
    formatter: Formatter = field(default_factory=lambda: TelegramFormatter(phrases("en")))
    address: str = CHANNEL
    other: str = GROUP
    send_method: str = "sendMessage"
    edit_method: str = "editMessageText"

    def __post_init__(self) -> None:
        self.server.add_chat(self.address, kind="channel", last_id=100)
        self.server.add_chat(self.other, kind="supergroup", last_id=7)

    def channel(self, token: str = "", base_url: str = "") -> Channel:
        token, base_url = token or self.server.token, base_url or self.server.base_url
        return TelegramChannel(token, base_url, self.formatter, self.limiter, timeout=PATIENCE)

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
class OnSlack:
    """The same for Slack."""

    server: FakeSlack
    limiter: Unpaced = field(default_factory=Unpaced)
    formatter: Formatter = field(default_factory=lambda: SlackFormatter(phrases("en")))
    address: str = ROOM
    other: str = "C0456EFGH"
    send_method: str = "chat.postMessage"
    edit_method: str = "chat.update"

    def __post_init__(self) -> None:
        self.server.add_channel(self.address, name="papers")
        self.server.add_channel(self.other, name="more-papers")

    def channel(self, token: str = "", base_url: str = "") -> Channel:
        token, base_url = token or self.server.token, base_url or self.server.base_url
        return SlackChannel(token, base_url, self.formatter, self.limiter, timeout=PATIENCE)

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


Stage = OnTelegram | OnSlack


@pytest.fixture(params=["telegram", "slack"])
def stage(request: pytest.FixtureRequest, telegram: FakeTelegram, slack: FakeSlack) -> Stage:
    return OnTelegram(telegram) if request.param == "telegram" else OnSlack(slack)


@pytest.fixture
async def channel(stage: Stage) -> AsyncIterator[Channel]:
    channel = stage.channel()
    yield channel
    await channel.close()


def message(stage: Stage, text: str) -> Mapping[str, object]:
    return stage.formatter.notice(text).body


async def send(stage: Stage, channel: Channel, text: str, ref: str = "ref") -> str:
    return await channel.send(stage.address, message(stage, text), ref=ref, thread="")


def calls(stage: Stage, method: str) -> int:
    return sum(call.method == method for call in stage.server.calls)


# Sending and editing


async def test_a_message_sent_is_shown_under_its_remote_id(stage: Stage, channel: Channel) -> None:
    remote_id = await send(stage, channel, "A paper with <b>, & and 논문")
    assert stage.ids() == [remote_id]
    assert [text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for text in stage.texts()] == [
        "A paper with <b>, & and 논문"
    ]


async def test_messages_stand_in_the_order_in_which_they_were_sent(stage: Stage, channel: Channel) -> None:
    sent = [await send(stage, channel, f"Paper {number}") for number in range(5)]
    assert stage.ids() == sent
    assert stage.texts() == [f"Paper {number}" for number in range(5)]


async def test_an_edit_changes_that_message_alone(stage: Stage, channel: Channel) -> None:
    first, second = await send(stage, channel, "One"), await send(stage, channel, "Two")
    await channel.edit(stage.address, first, message(stage, "One, mended"))
    assert (stage.ids(), stage.texts()) == ([first, second], ["One, mended", "Two"])


async def test_an_edit_into_the_same_content_is_a_success(stage: Stage, channel: Channel) -> None:
    remote_id = await send(stage, channel, "One")
    for _ in range(2):
        await channel.edit(stage.address, remote_id, message(stage, "One"))
    assert stage.texts() == ["One"]


async def test_a_message_sent_as_plain_text_can_be_edited(stage: Stage, channel: Channel) -> None:
    plain = stage.formatter.plain(message(stage, "One"))
    remote_id = await channel.send(stage.address, plain, ref="ref", thread="")
    await channel.edit(stage.address, remote_id, stage.formatter.plain(message(stage, "Two")))
    assert stage.texts() == ["Two"]


async def test_an_edit_of_a_deleted_message_is_rejected(stage: Stage, channel: Channel) -> None:
    remote_id = await send(stage, channel, "One")
    stage.delete(remote_id)
    with pytest.raises(Rejected):
        await channel.edit(stage.address, remote_id, message(stage, "Two"))


async def test_an_edit_of_somebody_elses_message_is_rejected(stage: Stage, channel: Channel) -> None:
    with pytest.raises(Rejected):
        await channel.edit(stage.address, stage.post_by_other(), message(stage, "Two"))


async def test_every_chat_has_a_counter_of_its_own(stage: Stage, channel: Channel) -> None:
    assert channel.id_sequence(stage.address) != channel.id_sequence(stage.other)


# What goes wrong: a class of ours, one call, and no token


def nonsense(body: str, content_type: str = "application/json") -> Fault:
    """Process the call and answer something that is no answer."""
    return Fault("garbled", Answer(200, body, content_type=content_type))


SAME_ON_BOTH = {
    "reset": (faults.reset(), Unconfirmed),
    "lost answer": (faults.lost_answer(), Unconfirmed),
    "500": (faults.server_error(500), Unconfirmed),
    "502": (faults.server_error(502), Unconfirmed),
    "503": (faults.server_error(503), Unconfirmed),
    "late": (faults.late(PATIENCE * 2), Unconfirmed),
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
IN_ITS_OWN_WAY = {
    "flood": RetryLater,
    "flood without a time": RetryLater,
    "bot refused": BotGone,
    "chat refused": ChatGone,
    "message refused": Rejected,
}


def own_fault(stage: Stage, name: str) -> Fault:
    return {
        "flood": stage.flood(7),
        "flood without a time": stage.flood(None),
        "bot refused": stage.bot_refused(),
        "chat refused": stage.chat_refused(),
        "message refused": stage.message_refused(),
    }[name]


async def failure(stage: Stage, channel: Channel) -> SendError:
    """Send, give the error, and see that there is no token in it."""
    with pytest.raises(SendError) as raised:
        await send(stage, channel, "One")
    assert stage.server.token not in f"{raised.value} {raised.value!r}"
    return raised.value


@pytest.mark.parametrize("name", SAME_ON_BOTH)
async def test_what_breaks_is_in_doubt_and_sent_no_second_time(stage: Stage, channel: Channel, name: str) -> None:
    fault, meaning = SAME_ON_BOTH[name]
    stage.server.faults.add(fault)
    assert type(await failure(stage, channel)) is meaning
    assert calls(stage, stage.send_method) == 1
    assert len(stage.texts()) == (name not in UNPROCESSED)


@pytest.mark.parametrize("name", IN_ITS_OWN_WAY)
async def test_what_the_platform_refuses_is_not_sent(stage: Stage, channel: Channel, name: str) -> None:
    stage.server.faults.add(own_fault(stage, name))
    assert type(await failure(stage, channel)) is IN_ITS_OWN_WAY[name]
    assert calls(stage, stage.send_method) == 1
    assert stage.texts() == []


@pytest.mark.parametrize("name", sorted(SAME_ON_BOTH.keys() - {"parts missing", "empty object"}))
async def test_edits_break_as_sends_do(stage: Stage, channel: Channel, name: str) -> None:
    fault, meaning = SAME_ON_BOTH[name]
    remote_id = await send(stage, channel, "One")
    stage.server.faults.add(fault)
    with pytest.raises(meaning):
        await channel.edit(stage.address, remote_id, message(stage, "Two"))
    assert calls(stage, stage.edit_method) == 1


@pytest.mark.parametrize("name", IN_ITS_OWN_WAY)
async def test_edits_are_refused_as_sends_are(stage: Stage, channel: Channel, name: str) -> None:
    remote_id = await send(stage, channel, "One")
    stage.server.faults.add(own_fault(stage, name))
    with pytest.raises(IN_ITS_OWN_WAY[name]):
        await channel.edit(stage.address, remote_id, message(stage, "Two"))
    assert stage.texts() == ["One"]


async def test_the_next_message_goes_through_after_any_failure(stage: Stage, channel: Channel) -> None:
    for fault, _ in SAME_ON_BOTH.values():
        stage.server.faults.add(fault)
        with suppress(SendError):
            await send(stage, channel, "One")
    assert await send(stage, channel, "Two") == stage.ids()[-1]


async def test_a_server_that_is_down_got_nothing(stage: Stage, channel: Channel) -> None:
    await stage.server.stop()
    error = await failure(stage, channel)
    assert isinstance(error, RetryLater)
    assert (error.after, error.flood) == (None, False)


async def test_a_server_that_goes_down_between_two_messages_got_one(stage: Stage, channel: Channel) -> None:
    await send(stage, channel, "One")
    await stage.server.stop()
    assert isinstance(await failure(stage, channel), RetryLater | Unconfirmed)
    await stage.server.start()
    await send(stage, channel, "Two")
    assert stage.texts() == ["One", "Two"]


@pytest.mark.parametrize(
    ("host", "scheme"),
    [("paperboy.invalid", "http"), ("127.0.0.1:{port}", "https")],
    ids=["no such host", "no TLS there"],
)
async def test_who_cannot_be_reached_got_nothing(stage: Stage, host: str, scheme: str) -> None:
    channel = stage.elsewhere(host.format(port=stage.server.port), scheme)
    error = await failure(stage, channel)
    await channel.close()
    assert type(error) is RetryLater


async def test_a_wrong_token_is_refused_without_being_shown(stage: Stage) -> None:
    channel = stage.channel(token="654321:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc")
    error = await failure(stage, channel)
    await channel.close()
    assert type(error) is BotGone
    assert "AAEhBOweik6" not in str(error)


async def test_a_chat_that_is_not_there_is_gone(stage: Stage, channel: Channel) -> None:
    address = "-1005555555555" if isinstance(stage, OnTelegram) else "C0NOWHERE"
    with pytest.raises(ChatGone, match=r"(?i)not.found; check the"):
        await channel.send(address, message(stage, "One"), ref="ref", thread="")


# Pauses


@pytest.mark.parametrize(("told", "kept"), [(7, 7), (None, 30)])
async def test_a_flood_pauses_its_chat_for_as_long_as_it_says(
    stage: Stage, channel: Channel, told: int | None, kept: float
) -> None:
    stage.server.faults.add(stage.flood(told))
    error = await failure(stage, channel)
    assert isinstance(error, RetryLater)
    assert (error.after, error.flood) == (kept, True)
    assert stage.limiter.pauses == [(stage.address, kept)]


@pytest.mark.parametrize("fault", [fault for fault, _ in SAME_ON_BOTH.values()], ids=SAME_ON_BOTH.keys())
async def test_nothing_else_pauses_anybody(stage: Stage, channel: Channel, fault: Fault) -> None:
    stage.server.faults.add(fault)
    await failure(stage, channel)
    assert stage.limiter.pauses == []


# Doubtful sends


async def test_a_message_whose_answer_was_lost_is_found(stage: Stage, channel: Channel) -> None:
    stage.server.faults.add(faults.lost_answer())
    await failure(stage, channel)
    found = await channel.reconcile(stage.address, stage.unconfirmed(message(stage, "One")))
    assert found == Delivered(stage.ids()[0])
    assert stage.texts() == ["One"]


async def test_a_message_that_never_arrived_is_absent(stage: Stage, channel: Channel) -> None:
    stage.server.faults.add(faults.reset())
    await failure(stage, channel)
    assert await channel.reconcile(stage.address, stage.unconfirmed(message(stage, "One"))) == NotDelivered()
    assert stage.texts() == []


async def test_it_is_found_among_messages_of_other_people(stage: Stage, channel: Channel) -> None:
    for _ in range(12):
        stage.post_by_other()
    stage.server.faults.add(faults.lost_answer())
    await failure(stage, channel)
    stage.post_by_other()
    found = await channel.reconcile(stage.address, stage.unconfirmed(message(stage, "One")))
    assert found == Delivered(stage.ids()[0])


async def test_it_is_absent_among_messages_of_other_people(stage: Stage, channel: Channel) -> None:
    others = [stage.post_by_other() for _ in range(12)]
    assert len(set(others)) == 12
    assert await channel.reconcile(stage.address, stage.unconfirmed(message(stage, "One"))) == NotDelivered()


async def test_what_others_deleted_does_not_hide_it(stage: Stage, channel: Channel) -> None:
    for _ in range(9):
        stage.delete(stage.post_by_other())
    stage.server.faults.add(faults.lost_answer())
    await failure(stage, channel)
    found = await channel.reconcile(stage.address, stage.unconfirmed(message(stage, "One")))
    assert found == Delivered(stage.ids()[0])


async def test_it_is_told_from_a_message_of_the_same_wording(stage: Stage, channel: Channel) -> None:
    first = await send(stage, channel, "One", ref="another")
    stage.server.faults.add(faults.lost_answer())
    await failure(stage, channel)
    unconfirmed = stage.unconfirmed(message(stage, "One"), taken=(first,) if isinstance(stage, OnTelegram) else ())
    assert await channel.reconcile(stage.address, unconfirmed) == Delivered(stage.ids()[1])


async def test_asking_twice_gives_the_same_answer(stage: Stage, channel: Channel) -> None:
    stage.server.faults.add(faults.lost_answer())
    await failure(stage, channel)
    unconfirmed = stage.unconfirmed(message(stage, "One"))
    assert await channel.reconcile(stage.address, unconfirmed) == await channel.reconcile(stage.address, unconfirmed)


@pytest.mark.parametrize("name", SAME_ON_BOTH)
async def test_a_question_that_breaks_raises_what_a_send_does(stage: Stage, channel: Channel, name: str) -> None:
    fault, _ = SAME_ON_BOTH[name]
    await send(stage, channel, "One")
    stage.server.faults.add(replace(fault, times=None))  # for ever: what only reads may be repeated
    with pytest.raises((Unconfirmed, RetryLater)):
        await channel.reconcile(stage.address, stage.unconfirmed(message(stage, "One")))


@pytest.mark.parametrize("name", ["flood", "bot refused"])
async def test_a_question_that_is_refused_raises_what_a_send_does(stage: Stage, channel: Channel, name: str) -> None:
    stage.server.faults.add(own_fault(stage, name))
    with pytest.raises(IN_ITS_OWN_WAY[name]):
        await channel.reconcile(stage.address, stage.unconfirmed(message(stage, "One")))


# The doctor


async def test_all_is_well(stage: Stage, channel: Channel) -> None:
    checked = await channel.check([stage.address, stage.other])
    assert len(checked) == 3
    assert [what for what, problem in checked if problem] == []
    assert stage.texts() == []


async def test_a_wrong_token_is_the_only_line(stage: Stage) -> None:
    channel = stage.channel(token="654321:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc")
    [(what, problem)] = await channel.check([stage.address])
    await channel.close()
    assert what == "token"
    assert "token" in problem
    assert "AAEhBOweik6" not in problem


async def test_a_chat_that_is_closed_is_named_and_the_others_are_well(stage: Stage, channel: Channel) -> None:
    stage.close_chat()
    _, (what, problem), (_, well) = await channel.check([stage.address, stage.other])
    assert stage.address in what
    assert problem
    assert well == ""


async def test_a_chat_that_is_unknown_is_named(stage: Stage, channel: Channel) -> None:
    address = "-1005555555555" if isinstance(stage, OnTelegram) else "C0NOWHERE"
    _, (what, problem) = await channel.check([address])
    assert address in what + problem
    assert problem


async def test_a_server_that_is_down_is_a_line_too(stage: Stage, channel: Channel) -> None:
    await stage.server.stop()
    [(what, problem)] = await channel.check([stage.address])
    assert what == "token"
    assert "reached" in problem


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("body", ["{}", "[1]", "null", '{"ok": true}', '{"ok": true, "result": 1, "channel": 1}'])
async def test_nonsense_is_a_line_too(stage: Stage, channel: Channel, body: str, skip: int) -> None:
    stage.server.faults.add(Fault("garbled", Answer(200, body), skip=skip))
    checked = await channel.check([stage.address, stage.other])
    assert any(problem for _, problem in checked)


async def test_closing_twice_does_no_harm(stage: Stage) -> None:
    channel = stage.channel()
    await send(stage, channel, "One")
    await channel.close()
    await channel.close()
    assert stage.texts() == ["One"]


# The terminal, as far as it has anything to keep


@pytest.fixture
def paper() -> Iterator[io.StringIO]:
    with io.StringIO() as paper:
        yield paper


@pytest.fixture
def terminal(paper: io.StringIO) -> Channel:
    return TerminalChannel(Console(file=paper, width=60), TerminalFormatter(phrases("en")))


async def test_a_terminal_prints_and_counts(terminal: Channel, paper: io.StringIO) -> None:
    bodies = [terminal.formatter.notice(text).body for text in ("One [1]", "Two")]
    ids = [await terminal.send("here", body, ref="", thread="") for body in bodies]
    assert [int(later) - int(earlier) for earlier, later in pairwise(ids)] == [1]
    assert "One [1]" in paper.getvalue()
    assert paper.getvalue().index("One") < paper.getvalue().index("Two")


async def test_a_terminal_prints_edits_anew(terminal: Channel, paper: io.StringIO) -> None:
    await terminal.edit("here", "1", terminal.formatter.notice("Mended").body)
    assert "Mended" in paper.getvalue()


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
