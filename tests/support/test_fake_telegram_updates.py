"""Telegram's conversation side as strict as documentation and sources say, seen through the real SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from telegram import (
    Bot,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    CallbackQuery,
    ChatMemberAdministrator,
    ChatMemberBanned,
    ChatMemberRestricted,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    Message,
    ReplyKeyboardMarkup,
    ReplyParameters,
    Update,
)
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden
from telegram.request import HTTPXRequest

from tests.support.chats import BASIC, CHANNEL, FORUM, GROUP, READER
from tests.support.fakes.telegram import FakeTelegram
from tests.support.fakes.telegram_updates import SECRET_HEADER

ADA, BEN = 42, 43


@pytest.fixture
async def server() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        server.add_chat(CHANNEL, kind="channel", username="my_channel")
        server.add_chat(FORUM, kind="supergroup", topics={77}, last_id=500)
        server.add_chat(GROUP, kind="supergroup")
        server.add_chat(BASIC, kind="group")
        server.add_chat(READER, kind="private", last_id=9)
        server.inbox.pause = 0.001
        server.inbox.plain_http = True
        yield server


@pytest.fixture
async def bot(server: FakeTelegram) -> AsyncIterator[Bot]:
    async with connected(server) as bot:
        server.calls.clear()  # of getMe
        yield bot


def connected(server: FakeTelegram) -> Bot:
    """Give a bot that spends no time on certificates."""
    request, poll = (HTTPXRequest(httpx_kwargs={"verify": False}) for _ in range(2))
    return Bot(server.token, base_url=server.base_url, request=request, get_updates_request=poll)


def refused(reason: str) -> pytest.RaisesExc[BadRequest]:
    """Expect a 400; the SDK changes the case of the first letters."""
    return pytest.raises(BadRequest, match=f"(?i){reason}")


async def refusal(server: FakeTelegram, method: str, **arguments: object) -> str:
    """Call without the SDK, which has checks of its own, and give the answer in Telegram's very words."""
    async with ClientSession() as session:
        answer = await session.post(f"{server.base_url}{server.token}/{method}", json=arguments)
        assert answer.status == 400
        return str((await answer.json())["description"]).removeprefix("Bad Request: ")


async def news(bot: Bot) -> Update:
    """Take in the one update that there is, and confirm it."""
    [update] = await bot.get_updates(timeout=0)
    assert await bot.get_updates(offset=update.update_id + 1, timeout=0) == ()
    return update


async def message(bot: Bot) -> Message:
    """Take in the one message that there is."""
    said = (await news(bot)).effective_message
    assert isinstance(said, Message)
    return said


# What people write


async def test_a_command_in_private(server: FakeTelegram, bot: Bot) -> None:
    number = server.says(READER, ADA, "/start p_3", language="ko")
    update = await news(bot)
    assert update.message is not None
    assert (update.message.message_id, update.message.text, update.message.chat.type) == (
        number,
        "/start p_3",
        "private",
    )
    assert update.effective_user is not None
    assert (update.effective_user.id, update.effective_user.language_code) == (ADA, "ko")
    [entity] = update.message.entities
    assert (entity.type, entity.offset, entity.length) == ("bot_command", 0, 6)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("/paper@fake_paperboy_bot 3", ["bot_command"]),
        ("see https://a.example #tag @name", ["url", "hashtag", "mention"]),
        ("/논문 3", []),
        ("at 5:30", []),
    ],
)
async def test_telegram_itself_marks_what_people_write(
    server: FakeTelegram, bot: Bot, text: str, types: list[str]
) -> None:
    server.says(GROUP, ADA, text)
    assert [entity.type for entity in (await message(bot)).entities] == types


async def test_messages_of_people_and_of_the_bot_share_a_counter(server: FakeTelegram, bot: Bot) -> None:
    ids = [server.says(READER, ADA, "a"), (await bot.send_message(READER, "b")).message_id]
    ids += [server.says(BEN, BEN, "c"), server.says(BASIC, BEN, "d"), server.says(GROUP, BEN, "e")]
    assert ids == [10, 11, 12, 13, 1]


async def test_a_person_nobody_knew_opens_a_chat(server: FakeTelegram, bot: Bot) -> None:
    with refused("chat not found"):
        await bot.send_message(77, "x")
    server.says(77, 77, "/start")
    assert (await bot.send_message(77, "x")).chat.id == 77


async def test_topics_and_threads(server: FakeTelegram, bot: Bot) -> None:
    """Only a topic is marked; a reply elsewhere still has a message_thread_id, which nothing can be sent to."""
    server.says(FORUM, ADA, "/paper", topic=77)
    in_topic = await message(bot)
    assert (in_topic.message_thread_id, in_topic.is_topic_message) == (77, True)
    root = (await bot.send_message(GROUP, "x")).message_id
    reply = server.says(GROUP, ADA, "/more", reply_to=root)
    in_thread = await message(bot)
    assert (in_thread.message_thread_id, in_thread.is_topic_message) == (root, None)
    assert in_thread.reply_to_message is not None
    assert in_thread.reply_to_message.text == "x"
    with refused("message thread not found"):
        await bot.send_message(GROUP, "y", message_thread_id=root)
    server.says(GROUP, BEN, "/more", reply_to=reply)
    deeper = await message(bot)
    assert deeper.message_thread_id == root
    assert deeper.reply_to_message is not None
    assert deeper.reply_to_message.reply_to_message is None


@pytest.mark.parametrize("chat", [READER, BASIC])
async def test_replies_without_threads(server: FakeTelegram, bot: Bot, chat: str) -> None:
    first = await bot.send_message(chat, "x")
    server.says(chat, ADA, "y", reply_to=first.message_id)
    said = await message(bot)
    assert (said.message_thread_id, said.reply_to_message) == (None, first)


async def test_a_reply_to_a_topic_is_in_the_topic(server: FakeTelegram, bot: Bot) -> None:
    asked = server.says(FORUM, ADA, "/paper", topic=77)
    sent = await bot.send_message(FORUM, "x", reply_parameters=ReplyParameters(asked))
    assert (sent.message_thread_id, sent.is_topic_message) == (77, True)
    assert server.shown(FORUM)[0].thread == 77
    general = server.says(FORUM, ADA, "y", reply_to=server.says(FORUM, ADA, "x"))
    assert server.chat(FORUM).places[general] == {"message_thread_id": general - 1}


async def test_edited_messages(server: FakeTelegram, bot: Bot) -> None:
    first = server.says(READER, ADA, "/papr")
    assert server.says(READER, ADA, "/paper", edited=True) == first
    _, second = await bot.get_updates(timeout=0)
    assert second.message is None
    assert second.edited_message is not None
    assert (second.edited_message.text, second.edited_message.message_id) == ("/paper", first)
    assert second.edited_message.edit_date is not None


async def test_hidden_administrators_and_channels_that_write(server: FakeTelegram, bot: Bot) -> None:
    server.says(GROUP, ADA, "/settings", sender_chat=GROUP)
    hidden = await message(bot)
    assert hidden.from_user is not None
    assert hidden.sender_chat is not None
    assert (hidden.from_user.id, hidden.from_user.is_bot, hidden.sender_chat.id) == (1087968824, True, int(GROUP))
    server.says(GROUP, ADA, "/settings", sender_chat=CHANNEL)
    channel = await message(bot)
    assert channel.from_user is not None
    assert channel.from_user.username == "Channel_Bot"
    with refused("participant_id_invalid"):
        await bot.get_chat_member(GROUP, ADA)


async def test_posts(server: FakeTelegram, bot: Bot) -> None:
    number = server.posts(CHANNEL, "/paper 3")
    update = await news(bot)
    assert update.message is None
    assert update.channel_post is not None
    assert (update.channel_post.message_id, update.channel_post.from_user) == (number, None)
    assert update.channel_post.sender_chat == update.effective_chat


async def test_titles(server: FakeTelegram, bot: Bot) -> None:
    server.says(GROUP, ADA, "hi", title="Reading group")
    assert (await message(bot)).chat.title == "Reading group"
    assert (await bot.get_chat(GROUP)).title == "Reading group"


def impossible(server: FakeTelegram) -> Iterator[Any]:
    """List what no person can do."""
    yield lambda: server.says(READER, BEN, "x")
    yield lambda: server.says(CHANNEL, ADA, "x")
    yield lambda: server.posts(GROUP, "x")
    yield lambda: server.says(FORUM, ADA, "x", topic=78)
    yield lambda: server.says(GROUP, ADA, "x", reply_to=9)
    yield lambda: server.presses(GROUP, 9, ADA, "x")
    yield lambda: server.asks_inline(ADA, "x" * 257)
    yield lambda: server.button(GROUP, "More")


async def test_what_no_person_can_do(server: FakeTelegram) -> None:
    for act in impossible(server):
        with pytest.raises(AssertionError):
            act()
    assert server.inbox.pending == []


# Polls


async def test_a_second_poll_ends_the_first(server: FakeTelegram, bot: Bot) -> None:
    async with asyncio.TaskGroup() as group:
        older = group.create_task(outcome(bot.get_updates(timeout=40)))
        await waiting(server)
        async with connected(server) as other:
            assert await other.get_updates(timeout=0) == ()  # does not wait, so it ends nothing
            newer = group.create_task(other.get_updates(timeout=40))
            error = await older
            server.says(READER, ADA, "x")
            assert len(await newer) == 1
    assert isinstance(error, Conflict)
    assert "terminated by other getUpdates request; make sure that only one bot instance" in str(error)


async def outcome(call: Any) -> Any:
    """Give what a call raised, or its result."""
    try:
        return await call
    except Conflict as error:
        return error


async def waiting(server: FakeTelegram) -> None:
    """Wait until the poll that was just begun is under way."""
    arrived = asyncio.Event()

    async def notice(method: str, arguments: dict[str, Any]) -> None:
        arrived.set()

    server.on_call = notice
    await arrived.wait()


async def test_offsets(server: FakeTelegram, bot: Bot) -> None:
    for text in "abc":
        server.says(READER, ADA, text)
    assert [update.message and update.message.text for update in await bot.get_updates(limit=2, timeout=0)] == [
        "a",
        "b",
    ]
    [last] = await bot.get_updates(offset=-1, timeout=0)
    assert last.message is not None
    assert last.message.text == "c"
    assert await bot.get_updates(timeout=0) == (last,)


async def test_allowed_updates_hold_for_what_comes_after(server: FakeTelegram, bot: Bot) -> None:
    server.says(READER, ADA, "before")
    await bot.get_updates(timeout=0, allowed_updates=["callback_query", "nonsense"])
    server.says(READER, ADA, "not wanted")
    assert server.membership(READER, "member", "kicked", by=ADA) == 0
    assert (await bot.get_webhook_info()).allowed_updates == ("callback_query",)
    server.membership(READER, "kicked", "member", by=ADA)
    before = await message(bot)
    assert before.text == "before"
    await bot.get_updates(timeout=0, allowed_updates=[])  # the usual ones
    assert server.membership(READER, "member", "kicked", by=ADA)


async def test_emptied_waits_for_the_confirmation(server: FakeTelegram, bot: Bot) -> None:
    await server.emptied()
    server.says(READER, ADA, "x")
    emptied = asyncio.create_task(server.emptied())
    [update] = await bot.get_updates(timeout=0)
    assert not emptied.done()
    await bot.get_updates(offset=update.update_id + 1, timeout=0)
    await emptied


# The webhook


class Receiver:
    """A bot's web server: the answers it shall give one after the other, then 200, and what it was sent."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.updates: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        app = web.Application()
        app.router.add_post("/hook", self._receive)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self.server.make_url("/hook"))

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates]

    async def _receive(self, request: web.Request) -> web.Response:
        self.updates.append(await request.json())
        self.secrets.append(request.headers.get(SECRET_HEADER))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with receiver.server:
        yield receiver


async def test_a_webhook_is_sent_what_is_pending_and_what_comes(
    server: FakeTelegram, bot: Bot, receiver: Receiver
) -> None:
    server.says(READER, ADA, "before")
    await bot.set_webhook(receiver.url, secret_token="s3cret_-")
    await server.emptied()
    server.says(READER, ADA, "after")
    await server.emptied()
    assert (receiver.texts, receiver.secrets) == (["before", "after"], ["s3cret_-"] * 2)
    update = Update.de_json(receiver.updates[0], bot)
    assert update.effective_user is not None
    assert update.effective_user.id == ADA


async def test_what_a_webhook_refuses_is_sent_again_in_order(
    server: FakeTelegram, bot: Bot, receiver: Receiver
) -> None:
    receiver.statuses = [500, 302, 204]
    await bot.set_webhook(receiver.url)
    server.says(READER, ADA, "1")
    server.says(READER, ADA, "2")
    await server.emptied()
    assert (receiver.texts, receiver.secrets[0]) == (["1", "1", "1", "2"], None)
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.max_connections) == (receiver.url, 0, 40)
    assert info.last_error_message == "Wrong response from the webhook: 302 Found"
    assert info.last_error_date is not None


async def test_a_webhook_that_is_down_is_sent_all_when_it_is_back(server: FakeTelegram, bot: Bot) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook")  # nobody listens there
    server.says(READER, ADA, "x")
    server.inbox.pause = 60
    receiver = Receiver()
    async with receiver.server:
        await bot.set_webhook(receiver.url)
        await server.emptied()
    assert receiver.texts == ["x"]


async def test_polls_and_webhooks_exclude_one_another(server: FakeTelegram, bot: Bot, receiver: Receiver) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(outcome(bot.get_updates(timeout=40)))
        await waiting(server)
        await bot.set_webhook(receiver.url)
    assert "terminated by setWebhook request" in str(poll.result())
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active; use deleteWebhook"):
        await bot.get_updates(timeout=0)
    await bot.delete_webhook()
    assert await bot.get_updates(timeout=0) == ()
    assert (await bot.get_webhook_info()).url == ""


async def test_pending_updates_can_be_dropped(server: FakeTelegram, bot: Bot, receiver: Receiver) -> None:
    server.says(READER, ADA, "x")
    await bot.delete_webhook()
    assert len(server.inbox.pending) == 1
    await bot.set_webhook(receiver.url, drop_pending_updates=True)
    server.says(READER, ADA, "y")
    await server.emptied()
    assert receiver.texts == ["y"]


async def test_a_public_address_leads_here_through_a_proxy(server: FakeTelegram, bot: Bot, receiver: Receiver) -> None:
    server.inbox.plain_http = False
    server.inbox.proxies["https://bot.example/"] = str(receiver.server.make_url("/"))
    await bot.set_webhook("https://bot.example/hook", allowed_updates=["message"], max_connections=1)
    server.says(READER, ADA, "x")
    await server.emptied()
    info = await bot.get_webhook_info()
    assert (receiver.texts, info.allowed_updates, info.max_connections) == (["x"], ("message",), 1)


async def test_nothing_leaves_this_machine(server: FakeTelegram, bot: Bot) -> None:
    await bot.set_webhook("https://bot.example:8443/hook")
    server.says(READER, ADA, "x")
    while not (info := await bot.get_webhook_info()).last_error_message:
        pass
    assert (info.pending_update_count, info.last_error_message[:22]) == (1, "Failed to resolve host")


async def test_a_stopped_server_goes_on_when_it_is_back(server: FakeTelegram, bot: Bot, receiver: Receiver) -> None:
    await bot.set_webhook(receiver.url)
    await server.stop()
    server.says(READER, ADA, "x")
    assert receiver.texts == []
    await server.start()
    await server.emptied()
    assert receiver.texts == ["x"]


@pytest.mark.parametrize(
    ("url", "arguments", "reason"),
    [
        ("http://bot.example/", {}, "An HTTPS URL must be provided for webhook"),
        ("https://bot.example:8080/", {}, "Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ("https://bot.example:99999/", {}, "invalid webhook URL specified"),
        ("nonsense", {}, "invalid webhook URL specified"),
        ("https://bot.example/", {"secret_token": "s" * 257}, "secret token is too long"),
        ("https://bot.example/", {"secret_token": "s s"}, "secret token contains unallowed characters"),
        ("https://bot.example/", {"max_connections": 101}, "1 to 100 max_connections"),
    ],
)
async def test_refused_webhooks(bot: Bot, url: str, arguments: dict[str, Any], reason: str) -> None:
    with refused(reason):
        await bot.set_webhook(url, **arguments)
    assert (await bot.get_webhook_info()).url == ""


# Buttons


def keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([buttons])


MORE = InlineKeyboardButton("More", callback_data="p:1:full")
OPEN = InlineKeyboardButton("Open it", url="https://a.example/1")


async def test_presses(server: FakeTelegram, bot: Bot) -> None:
    sent = await bot.send_message(GROUP, "x", reply_markup=keyboard(MORE))
    query_id = server.presses(GROUP, *server.button(GROUP, "More")[:1], ADA, "p:1:full", "ko")
    query = (await news(bot)).callback_query
    assert isinstance(query, CallbackQuery)
    assert (query.id, query.data, query.from_user.language_code) == (query_id, "p:1:full", "ko")
    assert query.message == sent
    assert await query.answer("Done")
    assert server.toasts == {query_id: ("Done", False)}
    with refused("query is too old and response timeout expired or query id is invalid"):
        await query.answer()


async def test_forged_presses(server: FakeTelegram, bot: Bot) -> None:
    sent = await bot.send_message(GROUP, "x", reply_markup=keyboard(MORE))
    with pytest.raises(AssertionError, match="no button of 1 has p:2:full"):
        server.presses(GROUP, sent.message_id, ADA, "p:2:full")
    server.presses(GROUP, sent.message_id, ADA, "p:2:full", forged=True)
    query = (await news(bot)).callback_query
    assert query is not None
    assert query.data == "p:2:full"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"text": "x" * 201}, "message_too_long"),
        ({"url": "https://a.example/"}, "url_invalid"),
        ({"url": "https://t.me/other_bot?start=p_1"}, "url_invalid"),
        ({"url": "https://t.me/fake_paperboy_bot?start="}, "url_invalid"),
        ({"url": f"https://t.me/fake_paperboy_bot?start={'x' * 65}"}, "url_invalid"),
        ({"url": "https://t.me/fake_paperboy_bot?start=p.1"}, "url_invalid"),
        ({"url": "https://t.me/fake_paperboy_bot"}, "url_invalid"),
        ({"url": "https://t.me/Fake_Paperboy_Bot?start=p_1", "text": "Done"}, "wants a text or a url"),
    ],
)
async def test_refused_answers_of_presses(
    server: FakeTelegram, bot: Bot, arguments: dict[str, Any], reason: str
) -> None:
    await bot.send_message(GROUP, "x", reply_markup=keyboard(MORE))
    query = server.presses(GROUP, 1, ADA, "p:1:full")
    with refused(reason):
        await bot.answer_callback_query(query, **arguments)
    url = "https://t.me/fake_paperboy_bot?start=p_1"
    await bot.answer_callback_query(query, url=url, show_alert=True)
    assert (server.toasts, server.opened) == ({query: ("", True)}, {query: url})


async def test_late_and_unknown_answers(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(GROUP, "x", reply_markup=keyboard(MORE))
    late = server.presses(GROUP, 1, ADA, "p:1:full")
    server.expire(late)
    for query in (late, "12", server.asks_inline(ADA, "x")):
        with refused("query is too old"):
            await bot.answer_callback_query(query)
    assert server.toasts == {}


async def test_what_buttons_readers_see(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(GROUP, "x", reply_markup=keyboard(MORE))
    await bot.send_message(GROUP, "y", reply_markup=keyboard(MORE, OPEN))
    await bot.send_message(GROUP, "z")
    first, _, last = server.shown(GROUP)
    assert (first.buttons, last.buttons) == ([[{"text": "More", "callback_data": "p:1:full"}]], [])
    assert server.button(GROUP, "Mor") == (2, "p:1:full")
    assert server.button(GROUP, "Open") == (2, "https://a.example/1")


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        ({"callback_data": "x"}, "can't parse inline keyboard button: Can't find field \"text\""),
        ({"text": "", "callback_data": "x"}, "inline keyboard button text must be non-empty"),
        ({"text": "x"}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "x", "callback_data": ""}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "x", "callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        (
            {"text": "x", "url": "ftp://a.example/"},
            "button URL 'ftp://a.example/' is invalid: Unsupported URL protocol",
        ),
        ({"text": "x", "url": "http://localhost/"}, "URL 'http://localhost/' is invalid: Wrong HTTP URL"),
        ({"text": "x", "callback_data": "x", "url": "https://a.example/"}, "wants one of callback_data, url"),
        ({"text": "x", "copy_text": {"text": "x" * 257}}, "BUTTON_COPY_TEXT_INVALID"),
        ({"text": "x", "callbackdata": "x"}, "knows no callbackdata of a button"),
        ({"text": "x", "switch_inline_query": ""}, "can't use switch_inline_query button in a channel chat"),
    ],
)
async def test_refused_buttons(server: FakeTelegram, bot: Bot, button: dict[str, Any], reason: str) -> None:
    await bot.send_message(CHANNEL, "x")
    markup = {"inline_keyboard": [[button]]}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("sendMessage", {"text": "y"}),
        ("editMessageText", {"message_id": 1, "text": "y"}),
        ("editMessageReplyMarkup", {"message_id": 1}),
    ]
    for method, arguments in calls:
        assert reason in await refusal(server, method, chat_id=CHANNEL, reply_markup=markup, **arguments)
    assert [shown.text for shown in server.shown(CHANNEL)] == ["x"]


async def test_buttons_of_every_kind(server: FakeTelegram, bot: Bot) -> None:
    buttons = [
        MORE,
        OPEN,
        InlineKeyboardButton("Open", url="tg://resolve?domain=x"),
        InlineKeyboardButton("Search", switch_inline_query_current_chat=""),
        InlineKeyboardButton("Copy", copy_text=CopyTextButton("2509.12345")),
    ]
    sent = await bot.send_message(GROUP, "x", reply_markup=keyboard(*buttons))
    assert sent.reply_markup == keyboard(*buttons)


async def test_too_many_buttons(bot: Bot) -> None:
    with refused("reply markup is too long"):
        await bot.send_message(GROUP, "x", reply_markup=InlineKeyboardMarkup([[MORE]] * 101))
    with refused("reply markup is too long"):
        await bot.send_message(GROUP, "x", reply_markup=keyboard(*[MORE] * 9))
    await bot.send_message(GROUP, "x", reply_markup=InlineKeyboardMarkup([[MORE] * 8] * 12))


async def test_edits_of_keyboards(server: FakeTelegram, bot: Bot) -> None:
    await bot.send_message(GROUP, "x", reply_markup=keyboard(MORE))
    with refused("message is not modified"):
        await bot.edit_message_reply_markup(GROUP, 1, reply_markup=keyboard(MORE))
    edited = await bot.edit_message_reply_markup(GROUP, 1, reply_markup=keyboard(OPEN))
    assert isinstance(edited, Message)
    assert (edited.text, edited.reply_markup) == ("x", keyboard(OPEN))
    assert edited.edit_date is not None
    await bot.edit_message_text("x", GROUP, 1)
    assert server.shown(GROUP)[0].buttons == []
    with refused("message is not modified"):
        await bot.edit_message_reply_markup(GROUP, 1)
    with refused("message to edit not found"):
        await bot.edit_message_reply_markup(GROUP, 2)


async def test_other_keyboards(bot: Bot) -> None:
    letters = ReplyKeyboardMarkup([["Yes"]])
    with refused("inline keyboard expected"):
        await bot.send_message(CHANNEL, "x", reply_markup=letters)
    sent = await bot.send_message(GROUP, "x", reply_markup=letters)
    assert sent.reply_markup is None


# Replies of the bot


async def test_replies_of_the_bot(server: FakeTelegram, bot: Bot) -> None:
    asked = server.says(GROUP, ADA, "/paper 3")
    sent = await bot.send_message(GROUP, "x", reply_parameters=ReplyParameters(asked))
    assert sent.reply_to_message is not None
    assert (sent.reply_to_message.text, sent.message_thread_id) == ("/paper 3", asked)
    assert server.shown(GROUP)[0].reply_to == asked
    server.delete(GROUP, asked)
    with refused("message to be replied not found"):
        await bot.send_message(GROUP, "y", reply_parameters=ReplyParameters(asked))
    may_fail = ReplyParameters(asked, allow_sending_without_reply=True)
    assert (await bot.send_message(GROUP, "y", reply_parameters=may_fail)).reply_to_message is None


# Inline queries


def article(
    number: str = "1", text: str = "Text", parse_mode: str | None = None, **more: Any
) -> InlineQueryResultArticle:
    return InlineQueryResultArticle(number, "Title", InputTextMessageContent(text, parse_mode), **more)


async def test_inline_queries(server: FakeTelegram, bot: Bot) -> None:
    number = server.asks_inline(ADA, "diffusion", language="en", offset="50")
    query = (await news(bot)).inline_query
    assert query is not None
    assert (query.id, query.query, query.offset, query.from_user.id) == (number, "diffusion", "50", ADA)
    results = [
        InlineQueryResultArticle(
            "1",
            "Title",
            InputTextMessageContent("<b>Text</b>", parse_mode="HTML"),
            description="Summary",
            url="https://a.example/",
            reply_markup=keyboard(OPEN),
        ),
        article("2"),
    ]
    button = InlineQueryResultsButton("Open the bot", start_parameter="inline")
    await query.answer(results, cache_time=5, is_personal=True, next_offset="100", button=button)
    answer = server.inline[number]
    assert [result["id"] for result in answer["results"]] == ["1", "2"]
    assert (answer["cache_time"], answer["is_personal"], answer["next_offset"]) == (5, True, "100")
    with refused("query is too old"):
        await query.answer([])


@pytest.mark.parametrize(
    ("results", "more", "reason"),
    [
        ([article(str(number)) for number in range(51)], {}, "too many inline query results specified"),
        ([article(), article()], {}, "RESULT_ID_DUPLICATE"),
        ([article("é" * 33)], {}, "RESULT_ID_INVALID"),
        ([article("1", "<b>x", "HTML")], {}, "can't parse entities: Can't find end tag"),
        ([article(text=" ")], {}, "text must be non-empty"),
        ([article(text="x" * 4097)], {}, "message is too long"),
        ([article(text="")], {}, "Input message content is not specified"),
        ([article(reply_markup=keyboard(InlineKeyboardButton("x", url="x y")))], {}, "Wrong HTTP URL"),
        ([InlineQueryResultArticle("1", "", InputTextMessageContent("x"))], {}, "ARTICLE_TITLE_EMPTY"),
        ([{"type": "article", "id": "1", "title": "x"}], {}, "Can't find field \"message_text\""),
        ([{"type": "photo", "id": "1"}], {}, "knows articles"),
        ([], {"next_offset": "x" * 65}, "NEXT_OFFSET_INVALID"),
        ([], {"button": {"text": "x", "start_parameter": "a b"}}, "START_PARAM_INVALID"),
        ([], {"button": {"text": "x"}}, "must have exactly one optional field"),
        ([], {"cache_time": "soon"}, "wants a cache_time in whole seconds"),
    ],
)  # fmt: skip
async def test_refused_answers_of_inline_queries(
    server: FakeTelegram, bot: Bot, results: list[Any], more: dict[str, Any], reason: str
) -> None:
    query = server.asks_inline(ADA, "x")
    dicts = [result if isinstance(result, dict) else result.to_dict() for result in results]
    assert reason in await refusal(server, "answerInlineQuery", inline_query_id=query, results=dicts, **more)
    assert server.inline == {}
    await bot.answer_inline_query(query, [article()])


# Who is where


async def test_the_bot_is_thrown_out_and_comes_back(server: FakeTelegram, bot: Bot) -> None:
    server.membership(GROUP, "member", "kicked", by=ADA)
    change = (await news(bot)).my_chat_member
    assert change is not None
    assert (change.old_chat_member.status, change.from_user.id) == ("member", ADA)
    assert isinstance(change.new_chat_member, ChatMemberBanned)
    assert change.new_chat_member.user.id == bot.id
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(GROUP, "x")
    with pytest.raises(AssertionError, match="the bot notices nothing"):
        server.says(GROUP, ADA, "x")
    server.membership(GROUP, "kicked", "administrator", by=ADA)
    await bot.send_message(GROUP, "x")
    assert isinstance(await bot.get_chat_member(GROUP, bot.id), ChatMemberAdministrator)
    server.membership(GROUP, "administrator", "restricted", by=ADA)
    assert isinstance(await bot.get_chat_member(GROUP, bot.id), ChatMemberRestricted)
    with refused("not enough rights to send text messages to the chat"):
        await bot.send_message(GROUP, "x")


@pytest.mark.parametrize(
    ("chat", "status", "reason"),
    [
        (READER, "kicked", "bot was blocked by the user"),
        (BASIC, "left", "bot is not a member of the group chat"),
        (CHANNEL, "left", "bot is not a member of the channel chat"),
    ],
)
async def test_closed_chats(server: FakeTelegram, bot: Bot, chat: str, status: Any, reason: str) -> None:
    server.membership(chat, "member", status, by=ADA)
    with pytest.raises(Forbidden, match=reason):
        await bot.send_message(chat, "x")
    server.membership(chat, status, "administrator" if chat == CHANNEL else "member", by=ADA)
    await bot.send_message(chat, "x")


async def test_a_group_becomes_a_supergroup(server: FakeTelegram, bot: Bot) -> None:
    server.member(BASIC, ADA, "creator")
    server.migrates(BASIC, "-10099")
    left, came = await bot.get_updates(timeout=0)
    assert left.message is not None
    assert came.message is not None
    assert (left.message.chat.id, left.message.migrate_to_chat_id) == (int(BASIC), -10099)
    assert (came.message.chat.id, came.message.migrate_from_chat_id) == (-10099, int(BASIC))
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(BASIC, "x")
    assert moved.value.new_chat_id == -10099
    assert (await bot.send_message(-10099, "x")).chat.type == "supergroup"
    assert (await bot.get_chat_member(-10099, ADA)).status == "creator"


async def test_members(server: FakeTelegram, bot: Bot) -> None:
    with refused("participant_id_invalid"):
        await bot.get_chat_member(GROUP, ADA)
    with refused("user not found"):
        await bot.get_chat_member(BASIC, ADA)
    server.says(GROUP, ADA, "x")
    server.member(GROUP, BEN, "administrator")
    statuses = [(await bot.get_chat_member(GROUP, user)).status for user in (ADA, BEN, bot.id)]
    assert statuses == ["member", "administrator", "member"]
    assert (await bot.get_chat_member(READER, ADA)).status == "member"


async def test_administrators(server: FakeTelegram, bot: Bot) -> None:
    server.member(CHANNEL, ADA, "creator")
    assert {member.user.id for member in await bot.get_chat_administrators(CHANNEL)} == {ADA, bot.id}
    assert await bot.get_chat_administrators(GROUP) == ()
    with refused("there are no administrators in the private chat"):
        await bot.get_chat_administrators(READER)


# The bot itself


async def test_me(server: FakeTelegram, bot: Bot) -> None:
    server.username = "paperboy_bot"
    me = await bot.get_me()
    assert (me.username, me.supports_inline_queries, me.is_bot) == ("paperboy_bot", True, True)


async def test_commands_of_scopes_and_languages(server: FakeTelegram, bot: Bot) -> None:
    await bot.set_my_commands([("paper", "Show one paper")])
    await bot.set_my_commands([("paper", "논문 한 편")], language_code="ko")
    await bot.set_my_commands([("stop", "Stop")], scope=BotCommandScopeAllGroupChats())
    await bot.set_my_commands([("stop", "Stop here")], scope=BotCommandScopeChat(int(GROUP)), language_code="en")
    assert {key: [command["description"] for command in commands] for key, commands in server.commands.items()} == {
        ("default", ""): ["Show one paper"],
        ("default", "ko"): ["논문 한 편"],
        ("all_group_chats", ""): ["Stop"],
        ("chat", GROUP, "en"): ["Stop here"],
    }
    assert [command.description for command in await bot.get_my_commands(language_code="ko")] == ["논문 한 편"]
    assert await bot.get_my_commands(language_code="de") == ()
    await bot.delete_my_commands(language_code="ko")
    assert ("default", "ko") not in server.commands


@pytest.mark.parametrize(
    ("commands", "more", "reason"),
    [
        ([("Paper", "x")], {}, "bot_command_invalid"),
        ([("p" * 33, "x")], {}, "bot_command_invalid"),
        ([("paper", "")], {}, "command description must be non-empty"),
        ([("paper", "x" * 257)], {}, "command description length must not exceed 256"),
        ([("paper", "x")] * 101, {}, "bot_commands_too_much"),
        ([], {"language_code": "eng"}, "invalid language code specified"),
        ([], {"scope": BotCommandScopeChat(9)}, "chat not found"),
    ],
)
async def test_refused_commands(
    server: FakeTelegram, bot: Bot, commands: list[tuple[str, str]], more: dict[str, Any], reason: str
) -> None:
    with refused(reason):
        await bot.set_my_commands(commands, **more)
    assert server.commands == {}


async def test_descriptions(server: FakeTelegram, bot: Bot) -> None:
    await bot.set_my_description("Papers, daily", language_code="en")
    await bot.set_my_short_description("Papers")
    assert (await bot.get_my_description("en")).description == "Papers, daily"
    assert (await bot.get_my_short_description("en")).short_description == ""
    assert server.descriptions["short_description", ""] == "Papers"
    with refused("takes 120 characters of short_description"):
        await bot.set_my_short_description("x" * 121)


async def test_chat_actions(server: FakeTelegram, bot: Bot) -> None:
    assert await bot.send_chat_action(FORUM, "typing", message_thread_id=77)
    with refused("wrong parameter action in request"):
        await bot.send_chat_action(FORUM, "dancing")
