"""The fakes are as strict as platform documentation and experience say, seen through the real SDKs."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import aiohttp
import httpx
import pytest
import telegram
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, ReplyKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from tests.support.chats import BASIC, CHANNEL, CHANNEL_NAME, FORUM, READER
from tests.support.fakes import faults
from tests.support.fakes.faults import Fault
from tests.support.fakes.markup import parse
from tests.support.fakes.rates import Limits
from tests.support.fakes.slack import SCOPES, FakeSlack
from tests.support.fakes.telegram import FakeTelegram

pytestmark = pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")  # RetryAfter.retry_after


def with_chats(server: FakeTelegram) -> FakeTelegram:
    server.add_chat(CHANNEL, kind="channel", username="my_channel")
    server.add_chat(FORUM, kind="supergroup", topics={77}, last_id=500)
    server.add_chat(BASIC, kind="group")
    server.add_chat(READER, kind="private", last_id=9)
    return server


@pytest.fixture
async def server() -> AsyncIterator[FakeTelegram]:
    async with with_chats(FakeTelegram()) as server:
        yield server


@pytest.fixture
async def bot(server: FakeTelegram) -> AsyncIterator[Bot]:
    async with Bot(server.token, base_url=server.base_url) as bot:
        server.calls.clear()  # of getMe
        yield bot


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as slack:
        slack.add_channel("C0123ABCD", name="papers")
        yield slack


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return slack_client(slack)


def slack_client(slack: FakeSlack, token: str | None = None) -> AsyncWebClient:
    return AsyncWebClient(token or slack.token, base_url=slack.base_url, retry_handlers=[])


# Telegram: text


async def test_readers_see_parsed_text(server: FakeTelegram, bot: Bot) -> None:
    sent = await bot.send_message(CHANNEL, "<b>Paper</b> &lt;1&gt; \n", parse_mode="HTML", disable_notification=True)
    [shown] = server.shown(CHANNEL)
    assert shown.text == sent.text == "Paper <1>"
    assert shown.entities == [{"type": "bold", "offset": 0, "length": 5}]
    assert (shown.id, shown.chat, shown.thread, shown.silent, shown.edits) == (1, CHANNEL, None, True, 0)
    assert shown.arguments["text"] == "<b>Paper</b> &lt;1&gt; \n"
    assert sent.entities[0].type == "bold"
    assert sent.sender_chat is not None
    assert sent.chat.username == "my_channel"


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("<", "HTML", "can't parse entities: unclosed start tag at byte offset 0"),
        ("a<br>b", "HTML", 'can\'t parse entities: unsupported start tag "br" at byte offset 1'),
        ("<b>x", "HTML", "can't parse entities: can't find end tag corresponding to start tag"),
        ("<b><i>x</b></i>", "HTML", "can't parse entities: unmatched end tag"),
        ("1.5", "MarkdownV2", "can't parse entities: character '.' is reserved"),
        ("x", "BBCode", "unsupported parse_mode"),
        ("<b> </b>", "HTML", "text must be non-empty"),
        (" \n", None, "text must be non-empty"),
        ("x" * 4097, None, "message is too long"),
        ("<b>x</b>" * 4096 + "x", "HTML", "text is too long"),
    ],
)
async def test_refused_texts(server: FakeTelegram, bot: Bot, text: str, mode: str | None, reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(CHANNEL, text, parse_mode=mode)
    assert reason in str(refused.value).lower()
    assert server.shown(CHANNEL) == []


async def test_refusals_are_telegrams_own_sentences(server: FakeTelegram) -> None:
    answer = await post(server, "sendMessage", chat_id=CHANNEL, text="<", parse_mode="HTML")
    assert answer.status_code == 400
    assert answer.json() == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: can't parse entities: Unclosed start tag at byte offset 0",
    }


async def test_empty_text(server: FakeTelegram) -> None:
    answer = await post(server, "sendMessage", chat_id=CHANNEL, text="")
    assert answer.json()["description"] == "Bad Request: message text is empty"


async def test_length_counts_code_points_after_parsing(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(CHANNEL, "<b>" + "😀" * 4096 + "</b>", parse_mode="HTML")
    assert len(server.shown(CHANNEL)[0].text) == 4096


@pytest.mark.parametrize("url", ["http://localhost/x", "javascript:alert(1)", "ftp://a.example/x", "/x"])
def test_links_dropped_silently(url: str) -> None:
    assert parse(f'<a href="{url}">x</a>', "HTML") == ("x", [])


def test_spelling_of_entities() -> None:
    html = (
        '<pre><code class="language-python">x</code></pre><a href="https://a.example/">y</a>'
        "<blockquote expandable>z</blockquote>"
    )
    assert parse(html, "HTML")[1] == [
        {"type": "pre", "offset": 0, "length": 1, "language": "python"},
        {"type": "text_link", "offset": 1, "length": 1, "url": "https://a.example/"},
        {"type": "expandable_blockquote", "offset": 2, "length": 1},
    ]


@pytest.mark.parametrize(("outer", "inner"), [*product(("", " expandable"), repeat=2)])
async def test_a_quote_in_a_quote_is_refused(server: FakeTelegram, bot: Bot, outer: str, inner: str) -> None:
    nested = f"<blockquote{outer}>a<blockquote{inner}>b</blockquote></blockquote>"
    with pytest.raises(BadRequest, match="can't be nested"):
        await bot.send_message(CHANNEL, nested, parse_mode="HTML")
    apart = f"<blockquote{outer}>a<b>c</b><pre>d</pre></blockquote><blockquote{inner}>b</blockquote>"
    assert (await bot.send_message(CHANNEL, apart, parse_mode="HTML")).text == "acdb"


async def test_entities_past_a_hundred_are_dropped(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(CHANNEL, "<b>a</b>" * 101, parse_mode="HTML")
    assert len(server.shown(CHANNEL)[0].entities) == 100


async def test_margins_are_cut_and_entities_move(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(CHANNEL, "\n 😀 <b>x \n</b>", parse_mode="HTML")
    [shown] = server.shown(CHANNEL)
    assert (shown.text, shown.entities) == ("😀 x", [{"type": "bold", "offset": 3, "length": 1}])


# Telegram: requests


async def post(server: FakeTelegram, method: str, /, **arguments: object) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{server.base_url}{server.token}/{method}", json=arguments)


async def test_requests_of_every_form(server: FakeTelegram) -> None:
    url = f"{server.base_url}{server.token}/SENDMESSAGE"
    arguments = {"chat_id": CHANNEL, "text": "x", "disable_notification": "true"}
    async with httpx.AsyncClient() as client:
        await client.get(url, params=arguments)
        await client.post(url, data=arguments)
        await client.post(url, files={name: (None, value) for name, value in arguments.items()})
        await client.post(url, json={"chat_id": int(CHANNEL), "text": "x", "disable_notification": True})
    assert [shown.silent for shown in server.shown(CHANNEL)] == [True] * 4
    assert [call.status for call in server.calls] == [200] * 4


async def test_unknown_arguments_are_refused(server: FakeTelegram, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="disable_notifications"):
        await bot.send_message(CHANNEL, "x", api_kwargs={"disable_notifications": True})


async def test_wrong_token(server: FakeTelegram) -> None:
    with pytest.raises(InvalidToken):
        async with Bot("123456:other", base_url=server.base_url):
            pass
    assert (server.calls[-1].status, server.calls[-1].error) == (401, "Unauthorized")


@pytest.mark.parametrize("path", ["/", "/bot/getMe", "/botX/getMe", "/bot123456:FAKE-telegram-token/noSuchMethod"])
async def test_paths_that_do_not_exist(server: FakeTelegram, path: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{server.port}{path}")
    assert answer.status_code == answer.json()["error_code"] == 404
    assert answer.json()["description"].startswith("Not Found")


async def test_me(bot: Bot) -> None:
    assert (bot.id, bot.username) == (123456, "fake_paperboy_bot")


async def test_commands(server: FakeTelegram, bot: Bot) -> None:
    await bot.set_my_commands([("paper", "Show one paper")], language_code="en")
    assert server.commands["default", "en"] == [{"command": "paper", "description": "Show one paper"}]
    with pytest.raises(BadRequest, match=r"(?i)BOT_COMMAND_INVALID"):
        await bot.set_my_commands([("Paper", "Show one paper")])


async def test_updates_are_confirmed_by_the_offset(server: FakeTelegram, bot: Bot) -> None:
    assert await bot.get_updates(timeout=0) == ()
    server.post_by_other(READER, "/paper 3")
    server.post_by_other(CHANNEL, "Hello")
    first, second = await bot.get_updates(timeout=10)
    assert first.message is not None
    assert second.channel_post is not None
    assert (first.message.text, first.message.entities[0].type) == ("/paper 3", "bot_command")
    assert await bot.get_updates(offset=first.update_id + 1) == (second,)


async def test_long_poll_returns_with_the_news(server: FakeTelegram, bot: Bot) -> None:
    arrived = asyncio.Event()

    async def notice(method: str, arguments: dict[str, Any]) -> None:
        arrived.set()

    server.on_call = notice
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(bot.get_updates(timeout=40))
        await arrived.wait()
        server.post_by_other(READER)
    assert len(poll.result()) == 1


# Telegram: chats


@pytest.mark.parametrize("address", [int(CHANNEL), CHANNEL, CHANNEL_NAME, "@My_Channel"])
async def test_addresses_of_a_chat(server: FakeTelegram, bot: Bot, address: int | str) -> None:
    await bot.send_message(address, "x")
    assert len(server.shown(CHANNEL)) == 1


@pytest.mark.parametrize("address", ["my_channel", "@", "-9", "nonsense"])
async def test_no_such_chat(bot: Bot, address: str) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(address, "x")


async def test_chat_objects(server: FakeTelegram, bot: Bot) -> None:
    forum, reader = await bot.get_chat(FORUM), await bot.get_chat(READER)
    assert (forum.type, forum.is_forum, reader.type) == ("supergroup", True, "private")
    assert (await bot.get_chat_member(CHANNEL, bot.id)).status == "administrator"
    server.chat(CHANNEL).rights = False
    assert (await bot.get_chat_member(CHANNEL, bot.id)).status == "left"
    server.member(FORUM, 7, "member")
    assert (await bot.get_chat_member(FORUM, 7)).status == "member"


async def test_topics(server: FakeTelegram, bot: Bot) -> None:
    sent = await bot.send_message(FORUM, "x", message_thread_id=77)
    assert (sent.message_thread_id, sent.is_topic_message) == (77, True)
    assert (await bot.send_message(FORUM, "x")).message_thread_id is None
    assert [shown.thread for shown in server.shown(FORUM)] == [77, None]


@pytest.mark.parametrize(("chat", "thread"), [(FORUM, 1), (FORUM, 78), (CHANNEL, 77), (READER, 77)])
async def test_no_such_topic(bot: Bot, chat: str, thread: int) -> None:
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(chat, "x", message_thread_id=thread)


@pytest.mark.parametrize(
    "reason",
    ["bot was blocked by the user", "user is deactivated", "bot was kicked from the channel chat"],
)
async def test_forbidden(server: FakeTelegram, bot: Bot, reason: str) -> None:
    server.chat(CHANNEL).refuse = reason
    with pytest.raises(Forbidden, match=f"^Forbidden: {reason}$"):
        await bot.send_message(CHANNEL, "x")


async def test_migration(server: FakeTelegram, bot: Bot) -> None:
    server.chat(BASIC).migrate_to = "-100777"
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(BASIC, "x")
    assert moved.value.new_chat_id == -100777
    assert server.calls[-1].status == 400
    assert server.calls[-1].error == "Bad Request: group chat was upgraded to a supergroup chat"


@pytest.mark.parametrize(
    ("chat", "reason"),
    [(CHANNEL, "Need administrator rights"), (FORUM, "Not enough rights to send text messages to the chat")],
)
async def test_missing_rights(server: FakeTelegram, bot: Bot, chat: str, reason: str) -> None:
    server.chat(chat).rights = False
    with pytest.raises(BadRequest, match=reason):
        await bot.send_message(chat, "x")


# Telegram: ids and edits


async def test_id_counters(server: FakeTelegram, bot: Bot) -> None:
    """Channels and supergroups count per chat, private chats and basic groups together."""
    server.add_chat("43", kind="private")
    chats = (CHANNEL, FORUM, READER, "43", BASIC, CHANNEL, FORUM, READER)
    ids = [(await bot.send_message(chat, "x")).message_id for chat in chats]
    assert ids == [1, 501, 10, 11, 12, 2, 502, 13]


async def test_messages_of_others_and_deleted_ones_use_up_ids(server: FakeTelegram, bot: Bot) -> None:
    assert server.post_by_other(FORUM) == 501
    sent = await bot.send_message(FORUM, "x")
    server.delete(FORUM, sent.message_id)
    assert (await bot.send_message(FORUM, "y")).message_id == 503
    assert [shown.text for shown in server.shown(FORUM)] == ["y"]


async def test_edits(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(CHANNEL, "old")
    await bot.edit_message_text("<b>new</b>", CHANNEL, 1, parse_mode="HTML")
    [shown] = server.shown(CHANNEL)
    assert (shown.text, shown.edits, shown.arguments["text"]) == ("new", 1, "<b>new</b>")


async def test_edit_that_changes_nothing(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(CHANNEL, "<b>same</b>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="Message is not modified: specified new message content and reply"):
        await bot.edit_message_text("<strong>same</strong> ", CHANNEL, 1, parse_mode="HTML")
    assert server.shown(CHANNEL)[0].edits == 0
    await bot.edit_message_text("same", CHANNEL, 1)


async def test_edit_probe_of_a_reader_of_ids(server: FakeTelegram, bot: Bot) -> None:
    server.post_by_other(CHANNEL)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("x", CHANNEL, 1)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", CHANNEL, 2)


async def test_an_edit_without_keyboard_removes_it(server: FakeTelegram, bot: Bot) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="p:1")]])
    sent = await bot.send_message(CHANNEL, "x", reply_markup=keyboard)
    assert sent.reply_markup == keyboard
    await bot.edit_message_text("x", CHANNEL, 1)
    assert server.shown(CHANNEL)[0].keyboard is None


async def test_a_message_with_another_keyboard_is_never_edited(bot: Bot) -> None:
    sent = await bot.send_message(READER, "x", reply_markup=ReplyKeyboardMarkup([["Yes"]]))
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("y", READER, sent.message_id)


async def test_keyboards(bot: Bot) -> None:
    long_data = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="가" * 22)]])
    with pytest.raises(BadRequest, match=r"(?i)BUTTON_DATA_INVALID"):
        await bot.send_message(CHANNEL, "x", reply_markup=long_data)
    too_many = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="x")]] * 101)
    with pytest.raises(BadRequest, match="Reply markup is too long"):
        await bot.send_message(CHANNEL, "x", reply_markup=too_many)


async def test_replies(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(FORUM, "x", reply_to_message_id=server.post_by_other(FORUM))
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(FORUM, "x", reply_to_message_id=9)


async def test_deleting(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(CHANNEL, "x")
    assert await bot.delete_message(CHANNEL, 1)
    assert server.shown(CHANNEL) == []
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(CHANNEL, 1)
    other = server.post_by_other(CHANNEL)
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(CHANNEL, other)
    server.chat(CHANNEL).deletes_others = True
    assert await bot.delete_message(CHANNEL, other)
    old = await bot.send_message(CHANNEL, "x")
    server.shown(CHANNEL)[0].date -= 48 * 3600
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(CHANNEL, old.message_id)


# Telegram: rates


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("limits", "chats", "wait"),
    [
        (Limits(chat=1), [READER, READER], 1),
        (Limits(bot=2), [READER, CHANNEL, FORUM], 1),
        (Limits(chat=100, group=2), [FORUM, FORUM, FORUM], 60),
        (Limits(chat=100, group=2), [CHANNEL, CHANNEL, CHANNEL], 60),
    ],
)
async def test_rate_limits(limits: Limits, chats: list[str], wait: int) -> None:
    clock = Clock()
    async with with_chats(FakeTelegram(limits=limits, clock=clock)) as server:
        for chat in chats[:-1]:
            assert (await post(server, "sendMessage", chat_id=chat, text="x")).status_code == 200
        answer = await post(server, "sendMessage", chat_id=chats[-1], text="x")
        assert (answer.status_code, answer.json()["parameters"]) == (429, {"retry_after": wait})
        clock.now += wait
        assert (await post(server, "sendMessage", chat_id=chats[-1], text="x")).status_code == 200


async def test_edits_count_as_messages_do() -> None:
    async with with_chats(FakeTelegram(limits=Limits(), clock=Clock())) as server:
        await post(server, "sendMessage", chat_id=READER, text="x")
        answer = await post(server, "editMessageText", chat_id=READER, message_id=10, text="y")
    assert answer.status_code == 429


async def test_the_tolerance_shortens_the_window() -> None:
    clock = Clock()
    async with with_chats(FakeTelegram(limits=Limits(tolerance=0.1), clock=clock)) as server:
        await post(server, "sendMessage", chat_id=READER, text="x")
        clock.now += 0.95
        assert (await post(server, "sendMessage", chat_id=READER, text="x")).status_code == 200


# Faults


async def test_flood_has_parameter_and_header(server: FakeTelegram, bot: Bot) -> None:
    server.faults.add(faults.flood(7, times=2))
    with pytest.raises(RetryAfter) as flood:
        await bot.send_message(CHANNEL, "x")
    assert flood.value.retry_after == 7
    answer = await post(server, "sendMessage", chat_id=CHANNEL, text="x")
    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["parameters"] == {"retry_after": 7}
    assert server.shown(CHANNEL) == []


async def test_flood_without_retry_after(server: FakeTelegram) -> None:
    server.faults.add(faults.flood(None))
    answer = await post(server, "sendMessage", chat_id=CHANNEL, text="x")
    assert answer.status_code == 429
    assert "parameters" not in answer.json()
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("fault", "error", "kept"),
    [
        (faults.forbidden("bot was blocked by the user"), Forbidden, 0),
        (faults.bad_request("chat not found"), BadRequest, 0),
        (faults.unauthorized(), InvalidToken, 0),
        (faults.server_error(500), NetworkError, 0),
        (faults.server_error(502), NetworkError, 0),
        (faults.reset(), NetworkError, 0),
        (faults.lost_answer(), NetworkError, 1),
        (faults.late(60), TimedOut, 1),
        (faults.slow(60), TimedOut, 0),
        (faults.truncated(), telegram.error.TelegramError, 1),
        (faults.captive_portal(), telegram.error.TelegramError, 1),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
async def test_what_telegram_keeps_in_each_fault(
    server: FakeTelegram, bot: Bot, fault: Fault, error: type[Exception], kept: int
) -> None:
    server.faults.add(fault)
    with pytest.raises(error):
        await bot.send_message(CHANNEL, "x", read_timeout=0.2)
    assert len(server.shown(CHANNEL)) == kept
    await bot.send_message(CHANNEL, "the next one goes through")


async def test_faults_choose_their_calls(server: FakeTelegram) -> None:
    server.faults.add(faults.server_error(method="SENDMESSAGE", chat=CHANNEL, skip=1, times=2))
    statuses = [
        (await post(server, method, chat_id=chat, text="x")).status_code
        for method, chat in [
            ("getMe", CHANNEL),
            ("sendMessage", READER),
            ("sendMessage", CHANNEL),
            ("sendMessage", "@my_channel"),
            ("sendMessage", CHANNEL),
            ("sendMessage", CHANNEL),
        ]
    ]
    assert statuses == [200, 200, 200, 500, 500, 200]


async def test_faults_in_order_and_for_ever(server: FakeTelegram) -> None:
    server.faults.add(faults.server_error(502), faults.server_error(503, times=None))
    assert [(await post(server, "getMe")).status_code for _ in range(3)] == [502, 503, 503]
    server.faults.clear()
    assert (await post(server, "getMe")).status_code == 200


async def test_on_call_comes_before_processing(server: FakeTelegram, bot: Bot) -> None:
    seen: list[tuple[str, str, int]] = []

    async def look(method: str, arguments: dict[str, Any]) -> None:
        seen.append((method, arguments["text"], len(server.shown(CHANNEL))))

    server.on_call = look
    await bot.send_message(CHANNEL, "x")
    assert seen == [("sendMessage", "x", 0)]


async def test_a_stopped_server_comes_back_on_its_port(server: FakeTelegram, bot: Bot) -> None:
    port = server.port
    await server.stop()
    with pytest.raises(NetworkError, match="ConnectError"):
        await bot.send_message(CHANNEL, "x")
    await server.start()
    assert server.port == port
    await bot.send_message(CHANNEL, "x")


async def test_calls_are_recorded(server: FakeTelegram, bot: Bot) -> None:
    before = time.monotonic()
    server.faults.add(faults.lost_answer(skip=1))
    await bot.send_message(CHANNEL, "x")
    with pytest.raises(NetworkError):
        await bot.send_message(CHANNEL, "y")
    assert [(call.method, call.arguments["text"], call.status) for call in server.calls] == [
        ("sendMessage", "x", 200),
        ("sendMessage", "y", None),
    ]
    assert before <= server.calls[0].at <= server.calls[1].at <= time.monotonic()


# Slack


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


METADATA = {"event_type": "paperboy_digest", "event_payload": {"key": "k1"}}


def refused(code: str) -> Any:
    return pytest.raises(SlackApiError, match=f"'error': '{code}'")


async def test_post(slack: FakeSlack, client: AsyncWebClient) -> None:
    answer = await client.chat_postMessage(
        channel="C0123ABCD", text="A paper", blocks=[section("*A* paper")], metadata=METADATA, unfurl_links=False
    )
    [shown] = slack.shown("C0123ABCD")
    assert (shown.ts, shown.thread_ts, shown.text, shown.edits) == (answer["ts"], None, "A paper", 0)
    assert (shown.blocks, shown.metadata, shown.pings) == ([section("*A* paper")], METADATA, [])
    assert shown.arguments["unfurl_links"] is False


async def test_forms_carry_json(slack: FakeSlack) -> None:
    form = {
        "token": slack.token,
        "channel": "C0123ABCD",
        "text": "x",
        "blocks": '[{"type": "divider"}]',
        "parse": "none",
    }
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{slack.base_url}chat.postMessage", data=form)
        assert (await answer.json())["ok"]
    assert slack.shown("C0123ABCD")[0].blocks == [{"type": "divider"}]
    assert slack.shown("C0123ABCD")[0].pings == []


async def test_tokens(slack: FakeSlack) -> None:
    with refused("invalid_auth"):
        await slack_client(slack, "xoxb-other").auth_test()
    assert slack.calls[-1].status == 200
    assert slack.calls[-1].error == "invalid_auth"
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"{slack.base_url}auth.test")
        assert await answer.json() == {"ok": False, "error": "not_authed"}
    assert (await slack_client(slack).auth_test())["bot_id"] == "B0FAKEBOT"


async def test_unknown_method_and_argument(client: AsyncWebClient) -> None:
    with refused("unknown_method"):
        await client.api_call("chat.postMesage")
    with refused("invalid_arguments"):
        await client.chat_postMessage(channel="C0123ABCD", text="x", unfurl_link=False)


async def test_missing_scope() -> None:
    async with FakeSlack(scopes=SCOPES - {"channels:history"}) as slack:
        slack.add_channel("C0123ABCD", name="papers")
        with refused("missing_scope") as refusal:
            await slack_client(slack).conversations_history(channel="C0123ABCD")
    assert refusal.value.response["needed"] == "channels:history"
    assert refusal.value.response["provided"] == "channels:read,chat:write"


async def test_channels(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.add_channel("C0OLD", name="old", archived=True)
    slack.add_channel("C0FOREIGN", name="foreign", member=False)
    for channel, code in (
        ("C0NONE", "channel_not_found"),
        ("C0OLD", "is_archived"),
        ("C0FOREIGN", "not_in_channel"),
    ):
        with refused(code):
            await client.chat_postMessage(channel=channel, text="x")
    with refused("not_in_channel"):
        await client.conversations_history(channel="C0FOREIGN")
    info = await client.conversations_info(channel="C0FOREIGN")
    assert info["channel"]["name"] == "foreign"
    assert info["channel"]["is_member"] is False


async def test_a_public_channel_needs_no_membership_with_the_scope() -> None:
    async with FakeSlack(scopes=SCOPES | {"chat:write.public"}) as slack:
        slack.add_channel("C0FOREIGN", name="foreign", member=False)
        await slack_client(slack).chat_postMessage(channel="C0FOREIGN", text="x")
        assert len(slack.shown("C0FOREIGN")) == 1


async def test_only_posting_takes_a_channel_name(client: AsyncWebClient) -> None:
    answer = await client.chat_postMessage(channel="#papers", text="x")
    assert answer["channel"] == "C0123ABCD"
    with refused("channel_not_found"):
        await client.chat_update(channel="#papers", ts=answer["ts"], text="y")


async def test_text(slack: FakeSlack, client: AsyncWebClient) -> None:
    with refused("no_text"), pytest.warns(UserWarning, match="`text` argument is missing"):
        await client.chat_postMessage(channel="C0123ABCD", text="")
    answer = await client.chat_postMessage(channel="C0123ABCD", text="x" * 40_001)
    assert len(slack.shown("C0123ABCD")[0].text) == 40_000
    with refused("msg_too_long"):
        await client.chat_update(channel="C0123ABCD", ts=answer["ts"], text="x" * 4001)


@pytest.mark.parametrize(
    "block",
    [
        section("x"),
        section("x") | {"accessory": {"type": "image", "image_url": "https://a.example/i.png", "alt_text": "i"}},
        {"type": "section", "fields": [{"type": "plain_text", "text": "x", "emoji": True}]},
        {"type": "header", "text": {"type": "plain_text", "text": "x"}, "block_id": "b"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x"}}]},
        {"type": "divider"},
        {"type": "markdown", "text": "# x"},
        {"type": "image", "image_url": "https://a.example/i.png", "alt_text": "i"},
        rich({"type": "text", "text": "x", "style": {"bold": True}}, {"type": "link", "url": "https://a.example/"}),
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "emoji", "name": "wave"}]}]}]},
        {"type": "rich_text", "elements": [
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "x"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x"}]}]},
    ],
)  # fmt: skip
async def test_good_blocks(client: AsyncWebClient, block: dict[str, Any]) -> None:
    await client.chat_postMessage(channel="C0123ABCD", text="x", blocks=[block])


@pytest.mark.parametrize(
    "blocks",
    [
        ["text"],
        [{"type": "carousel"}],
        [{"type": "divider"}] * 51,
        [{"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"}],
        [{"type": "divider", "block_id": "b" * 256}],
        [{"type": "divider", "text": "x"}],
        [section("")],
        [section("x" * 3001)],
        [section("x") | {"text": "x"}],
        [{"type": "section"}],
        [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}],
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        [{"type": "context", "elements": []}],
        [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}],
        [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x" * 76}}]}],
        [{"type": "markdown", "text": "x" * 7000}, {"type": "markdown", "text": "x" * 5001}],
        [{"type": "image", "image_url": "https://a.example/i.png"}],
        [rich()],
        [rich({"type": "text", "text": ""})],
        [rich({"type": "text", "text": "x", "style": {"underline": True}})],
        [rich({"type": "text", "text": "x", "style": {"bold": "yes"}})],
        [rich({"type": "link", "url": "mailto:a@b.example"})],
        [rich({"type": "link", "url": "https://a.example/", "text": ""})],
        [{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}],
        [{"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": [
            {"type": "text", "text": "x"}]}]}],
    ],
)  # fmt: skip
async def test_bad_blocks(slack: FakeSlack, client: AsyncWebClient, blocks: list[Any]) -> None:
    with refused("invalid_blocks"):
        await client.chat_postMessage(channel="C0123ABCD", text="x", blocks=blocks)
    assert slack.shown("C0123ABCD") == []


async def test_too_much_text_in_all_blocks(client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C0123ABCD", text="x", blocks=[section("x" * 2640)] * 5)
    with refused("msg_blocks_too_long"):
        await client.chat_postMessage(channel="C0123ABCD", text="x", blocks=[section("x" * 2641)] * 5)


async def test_blocks_that_are_no_json(client: AsyncWebClient) -> None:
    with refused("invalid_blocks_format"):
        await client.chat_postMessage(channel="C0123ABCD", text="x", blocks="[{")


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"event_type": "x"}, "invalid_metadata_format"),
        ({"event_type": 1, "event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "x", "event_payload": {"key": "x" * 8000}}, "metadata_too_large"),
    ],
)
async def test_bad_metadata(client: AsyncWebClient, metadata: dict[str, Any], code: str) -> None:
    with refused(code):
        await client.chat_postMessage(channel="C0123ABCD", text="x", metadata=metadata)


@pytest.mark.parametrize(
    ("arguments", "pings"),
    [
        ({"text": "&lt;!channel&gt; &amp; &lt;@U1&gt; <https://a.example|a> <#C1>"}, []),
        ({"text": "<!channel> <@U1> <!here|here>"}, ["!channel", "@U1", "!here|here"]),
        ({"text": "x", "blocks": [section("<!subteam^S1>")]}, ["!subteam^S1"]),
        ({"text": "x", "blocks": [rich({"type": "text", "text": "<!channel>"})]}, []),
        ({"text": "x", "blocks": [rich({"type": "broadcast", "range": "here"})]}, ["here"]),
        ({"text": "x", "link_names": True, "parse": "full"}, ["link_names", "parse=full"]),
    ],
)
async def test_pings(slack: FakeSlack, client: AsyncWebClient, arguments: dict[str, Any], pings: list[str]) -> None:
    await client.chat_postMessage(channel="C0123ABCD", **arguments)
    assert slack.shown("C0123ABCD")[0].pings == pings


async def test_update(slack: FakeSlack, client: AsyncWebClient) -> None:
    answer = await client.chat_postMessage(
        channel="C0123ABCD", text="x", blocks=[{"type": "divider"}], metadata=METADATA
    )
    await client.chat_update(channel="C0123ABCD", ts=answer["ts"], text="y")
    [shown] = slack.shown("C0123ABCD")
    assert (shown.text, shown.blocks, shown.metadata, shown.edits) == ("y", [], METADATA, 1)
    await client.chat_update(channel="C0123ABCD", ts=answer["ts"], text="y", metadata={})
    assert slack.shown("C0123ABCD")[0].metadata is None


async def test_update_and_delete_of_what_is_not_ours(slack: FakeSlack, client: AsyncWebClient) -> None:
    foreign = slack.post_by_other("C0123ABCD")
    with refused("cant_update_message"):
        await client.chat_update(channel="C0123ABCD", ts=foreign, text="x")
    with refused("cant_delete_message"):
        await client.chat_delete(channel="C0123ABCD", ts=foreign)
    with refused("message_not_found"):
        await client.chat_update(channel="C0123ABCD", ts="1.000000", text="x")
    slack.delete("C0123ABCD", foreign)
    assert (await client.conversations_history(channel="C0123ABCD"))["messages"] == []


async def test_delete(slack: FakeSlack, client: AsyncWebClient) -> None:
    answer = await client.chat_postMessage(channel="C0123ABCD", text="x")
    await client.chat_delete(channel="C0123ABCD", ts=answer["ts"])
    assert slack.shown("C0123ABCD") == []


async def test_threads(slack: FakeSlack, client: AsyncWebClient) -> None:
    parent = (await client.chat_postMessage(channel="C0123ABCD", text="parent"))["ts"]
    reply = (await client.chat_postMessage(channel="C0123ABCD", text="reply", thread_ts=parent))["ts"]
    slack.post_by_other("C0123ABCD", "thanks", thread_ts=parent)
    loud = {"thread_ts": parent, "reply_broadcast": True}
    await client.chat_postMessage(channel="C0123ABCD", text="loud", **loud)
    thread = await client.conversations_replies(channel="C0123ABCD", ts=parent)
    assert [message["text"] for message in thread["messages"]] == ["parent", "reply", "thanks", "loud"]
    assert thread["messages"][0]["reply_count"] == 3
    assert slack.shown("C0123ABCD")[1].thread_ts == parent
    history = await client.conversations_history(channel="C0123ABCD")
    assert [message["text"] for message in history["messages"]] == ["loud", "parent"]
    for ts in (reply, "1.000000"):
        with refused("thread_not_found"):
            await client.chat_postMessage(channel="C0123ABCD", text="x", thread_ts=ts)
    with refused("thread_not_found"):
        await client.conversations_replies(channel="C0123ABCD", ts="1.000000")


async def test_history_pages(client: AsyncWebClient) -> None:
    for number in range(5):
        await client.chat_postMessage(channel="C0123ABCD", text=str(number))
    pages = await client.conversations_history(channel="C0123ABCD", limit=2)
    texts = [[message["text"] for message in page["messages"]] async for page in pages]
    assert texts == [["4", "3"], ["2", "1"], ["0"]]
    with refused("invalid_cursor"):
        await client.conversations_history(channel="C0123ABCD", cursor="nonsense")


async def test_history_since(client: AsyncWebClient) -> None:
    started = time.time()
    stamps = [(await client.chat_postMessage(channel="C0123ABCD", text="x"))["ts"] for _ in range(3)]
    assert started - 1 < float(stamps[0]) < time.time() + 1
    assert stamps == sorted(set(stamps))

    async def since(oldest: str, **more: Any) -> list[str]:
        history = await client.conversations_history(channel="C0123ABCD", oldest=oldest, **more)
        return [message["ts"] for message in reversed(history["messages"])]

    assert await since(str(started - 1)) == stamps
    assert await since(stamps[1]) == stamps[2:]
    assert await since(stamps[1], inclusive=True) == stamps[1:]
    assert await since(stamps[0], latest=stamps[2]) == [stamps[1]]


async def test_metadata_is_only_given_when_asked_for(client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C0123ABCD", text="x", metadata=METADATA)
    without = await client.conversations_history(channel="C0123ABCD")
    given = await client.conversations_history(channel="C0123ABCD", include_all_metadata=True)
    assert "metadata" not in without["messages"][0]
    assert given["messages"][0]["metadata"] == METADATA


async def test_slack_rate_limit(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.faults.add(faults.ratelimited(9), faults.ratelimited(None))
    with refused("ratelimited") as first:
        await client.chat_postMessage(channel="C0123ABCD", text="x")
    with refused("ratelimited") as second:
        await client.chat_postMessage(channel="C0123ABCD", text="x")
    assert first.value.response.status_code == 429
    assert first.value.response.headers["Retry-After"] == "9"
    assert "Retry-After" not in second.value.response.headers


@pytest.mark.parametrize(
    ("fault", "error", "kept"),
    [
        (faults.slack_refusal("fatal_error"), SlackApiError, 0),
        (faults.server_error(503), SlackApiError, 0),
        (faults.reset(), aiohttp.ClientError, 0),
        (faults.lost_answer(), aiohttp.ClientError, 1),
        (faults.late(60), TimeoutError, 1),
        (faults.truncated(), SlackApiError, 1),
        (faults.captive_portal(), SlackApiError, 1),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
async def test_what_slack_keeps_in_each_fault(
    slack: FakeSlack, client: AsyncWebClient, fault: Fault, error: type[Exception], kept: int
) -> None:
    slack.faults.add(fault)
    client.timeout = 1
    with pytest.raises(error):
        await client.chat_postMessage(channel="C0123ABCD", text="x")
    assert len(slack.shown("C0123ABCD")) == kept
    await client.chat_postMessage(channel="C0123ABCD", text="the next one goes through")
