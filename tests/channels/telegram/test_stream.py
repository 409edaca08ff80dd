"""Whatever updates Telegram sends, readers get answers afterwards."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.support.chats import BASIC, CHANNEL, FORUM, GROUP, READER, TOPIC
from tests.support.telegram_bot import ANN, BOSS, EN, KO, MINA, NAME, Delivered, listening_bot

Raw = dict[str, Any]
Maker = st.SearchStrategy[Any]


def some(required: dict[str, Maker], **optional: Maker) -> Maker:
    return st.fixed_dictionaries(required, optional=optional)


def one_of(*values: Any) -> Maker:
    return st.sampled_from(values)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
LINES = one_of(
    *("/start", "/help", "/paper", "/paper 2", "/paper 99", "/papers 2025-01-05", "/search ~1 #2", "/search net"),
    *("/subscribe now", "/unsubscribe", "/settings", "/settings language ko", "/settings 08:00 x", "/status retry"),
    *(
        "/start paper-0123456789abcdef",
        f"/paper@{NAME} 2",
        f"@{NAME} papers",
        "/paper@other 1",
        "/",
        "@",
        "３",
        "\u202e",
    ),
)
TEXT = LINES | st.text(max_size=40)
IDS = st.integers(-(2**53), 2**53)
USER = some(
    {"id": one_of(MINA, ANN, BOSS, 777000, 1087968824), "is_bot": st.booleans(), "first_name": st.text(max_size=5)},
    language_code=one_of("ko", "en", "en-US", "", "zz"),
    username=st.text(max_size=5),
)
CHAT = st.builds(
    lambda known, more: {"id": int(known[0]), "type": known[1], **more},
    one_of(
        *((READER, "private"), (GROUP, "supergroup"), (FORUM, "supergroup"), (CHANNEL, "channel"), (BASIC, "group")),
        *(
            (str(ANN), "private"),
            ("0", "private"),
            ("-1", "strange"),
            (str(2**52), "private"),
            (f"-{10**15}", "channel"),
        ),
    ),
    some({}, title=st.text(max_size=5), username=one_of("my_channel", "x"), is_forum=st.booleans(), new=JSON),
)
KEYBOARD = some(
    {"inline_keyboard": st.lists(st.lists(some({"text": TEXT}, callback_data=LINES, url=TEXT), max_size=2))}
)
MESSAGE = some(
    {"message_id": st.integers(1, 600), "date": one_of(0, 1_750_000_000), "chat": CHAT},
    **{"from": USER},
    text=TEXT,
    sender_chat=CHAT,
    message_thread_id=one_of(1, TOPIC, 5),
    is_topic_message=st.booleans(),
    via_bot=USER,
    migrate_to_chat_id=IDS,
    migrate_from_chat_id=IDS,
    caption=TEXT,
    photo=st.just([]),
    is_automatic_forward=st.booleans(),
    reply_markup=KEYBOARD,
    new_chat_members=st.lists(USER, max_size=2),
    entities=st.just([{"type": "bot_command", "offset": 0, "length": 99}]),
    what_is_this=JSON,
)
MEMBER = some(
    {"status": one_of("creator", "administrator", "member", "restricted", "left", "kicked", "new"), "user": USER},
    is_member=st.booleans(),
    is_anonymous=st.booleans(),
    until_date=st.integers(0, 2**31),
)
QUERY: dict[str, Maker] = {"id": one_of("1", "7000000000000001"), "from": USER}
UPDATES = {
    "message": MESSAGE,
    "edited_message": MESSAGE,
    "channel_post": MESSAGE,
    "callback_query": some(
        {**QUERY, "chat_instance": st.text(max_size=3)}, message=MESSAGE, data=LINES | st.text(max_size=64)
    ),
    "inline_query": some({**QUERY, "query": TEXT, "offset": st.text(max_size=3)}, chat_type=st.text(max_size=3)),
    "my_chat_member": some(
        {"chat": CHAT, "from": USER, "date": st.just(1), "old_chat_member": MEMBER, "new_chat_member": MEMBER}
    ),
    "chat_boost": JSON,
    "brand_new": JSON,
}


@st.composite
def updates(draw: st.DrawFn, *, damaged: bool) -> list[Raw]:
    """Make updates as Telegram allows them, or every other one with something missing or strange in it."""
    made: list[Raw] = []
    for kind in draw(st.lists(st.sampled_from(sorted(UPDATES)), min_size=1, max_size=12)):
        payload = draw(UPDATES[kind])
        if damaged and isinstance(payload, dict) and payload and draw(st.booleans()):
            damage(draw, payload)
        made.append({kind: payload})
    return made


def damage(draw: st.DrawFn, payload: Raw) -> None:
    """Take a field away, here or deeper, or put something strange there."""
    name = draw(st.sampled_from(sorted(payload)))
    if isinstance(payload[name], dict) and payload[name] and draw(st.booleans()):
        damage(draw, payload[name])
    elif draw(st.booleans()):
        del payload[name]
    else:
        payload[name] = draw(JSON)


@pytest.mark.parametrize("damaged", [False, True])
def test_no_stream_of_updates_stops_the_bot(telegram_template: Delivered, *, damaged: bool) -> None:
    @given(stream=updates(damaged=damaged))
    @settings(max_examples=10, suppress_health_check=list(HealthCheck))
    def survive(stream: list[Raw]) -> None:
        errors = asyncio.run(survived(telegram_template, stream))
        assert damaged or errors == []

    survive()


async def survived(telegram_template: Delivered, stream: list[Raw]) -> list[EventDict]:
    """Check that /help is answered after all these updates, and give what was logged as an error."""
    with pytest.MonkeyPatch.context() as patches, capture_logs() as logs:
        async with listening_bot(telegram_template, patches) as telegram_bot:
            await telegram_bot.server.answered("setMyCommands", 12)
            for one in stream:
                number = telegram_bot.server.inbox.add("message", {})
                telegram_bot.server.inbox.pending[-1] = {"update_id": number, **one}
            await telegram_bot.ask(str(ANN), ANN, "/help")
            [said] = await telegram_bot.ask(str(ANN), ANN, "/help")
            assert said.startswith((EN.help, KO.help))
            assert not telegram_bot.listening[0].done()
    return [line for line in logs if line["log_level"] in {"error", "critical"}]
