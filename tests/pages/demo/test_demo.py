"""The demo in a browser, without one: what both chats hold after each thing that somebody does."""

from __future__ import annotations

import json

import pytest

from bot.database.states import DeliveryState
from tests.pages.demo.visitor import Visitor, visiting, words

TITLES = [
    "Attention Is All You Need",
    "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    "Adam: A Method for Stochastic Optimization",
]
pytestmark = pytest.mark.usefixtures("own_logging")


def bot_messages(visitor: Visitor, chat: str) -> list[str]:
    """List the deliveries of a chat by their refs."""
    return [one.delivery_ref for one in visitor.demo.chats.channels[chat].messages.values() if one.delivery_ref]


async def require_whole(visitor: Visitor, count: int) -> None:
    """Check that each chat holds each row of the ledger once, and nothing else."""
    rows = await visitor.demo.delivery.ledger.all_rows()
    for chat in ("telegram", "slack"):
        own = [row for row in rows if row.channel == chat]
        assert {row.state for row in own} == {DeliveryState.SENT}
        assert sorted(bot_messages(visitor, chat)) == sorted(row.delivery_ref for row in own)
        assert len(own) == count


async def test_both_chats_are_filled_by_what_the_platforms_would_be_sent() -> None:
    async with visiting() as visitor:
        await require_whole(visitor, 7)
        telegram, slack = (list(visitor.demo.chats.channels[name].messages.values()) for name in ("telegram", "slack"))
        index, *replies = slack
        elements = await visitor.elements()

    assert telegram[0].arguments.keys() >= {"chat_id", "text", "parse_mode", "link_preview_options"}
    assert index.arguments.keys() >= {"channel", "text", "blocks", "metadata"}
    assert {reply.arguments["thread_ts"] for reply in replies} == {index.id}
    assert elements[f"slack-{index.id}"].text.count("Replies: 6") == 1
    assert all(title in elements["telegram-1"].text for title in TITLES)
    assert TITLES[0] in elements["telegram-2"].text
    assert "Limitations" in elements["telegram-2"].text  # folded
    assert TITLES[0] in elements["thread-list"].text
    assert words(elements["progress"].text).endswith("14 of 14 messages delivered")
    assert words(elements["ledger"].text).count(" sent") == 14


async def test_a_conversation_in_telegram() -> None:
    async with visiting() as visitor:
        full = await visitor.type("telegram", "/paper 3")
        assert TITLES[2] in full
        assert "Limitations" in full
        assert await visitor.text("telegram-8") != full
        assert words((await visitor.elements())["telegram-8"].text).startswith("/paper 3")
        assert TITLES[1] in await visitor.press("telegram-9", "◀ Paper 2")

        await visitor.type("telegram", "/settings")
        settings = next(reversed(visitor.demo.chats.channels["telegram"].messages))
        before = len(visitor.demo.chats.channels["telegram"].messages)
        changed = await visitor.press(f"telegram-{settings}", "Layout → all in one message")
        assert "all in one message" in changed
        assert len(visitor.demo.chats.channels["telegram"].messages) == before  # the page turned in its place
        assert words(await visitor.text("telegram-toast")) == "Saved."
        assert "Only visible" not in await visitor.text("telegram-list")
        assert "messages sent" in await visitor.type("telegram", "/status")  # who sits here operates it


async def test_a_conversation_in_slack_is_seen_by_one_alone() -> None:
    async with visiting() as visitor:
        full = await visitor.type("slack", "/paper 3")
        assert words(full).startswith("P Only visible to you")
        assert "Limitations" in full
        message = next(reversed(visitor.demo.chats.channels["slack"].messages))
        shared = await visitor.press(f"slack-{message}", "Share in channel")
        assert "↗ You" in shared
        assert "Only visible" not in shared
        assert "Share in channel" not in (await visitor.elements())[f"slack-{message}"].buttons

        assert "Only visible to you" in await visitor.type("slack", "/papers-search attention")
        settings = await visitor.post("slack", line="/papers-settings")
        turned = await visitor.press(settings, "Layout → index only")
        assert "Layout: index only" in turned


async def test_a_mention_is_answered_in_a_thread_and_other_words_are_not() -> None:
    async with visiting() as visitor:
        said = await visitor.post("slack", line="what <b>a</b> day")
        assert "what <b>a</b> day" in await visitor.text(said)
        assert await visitor.post("slack", line="  ") == said
        await visitor.post("slack", line="@Paperboy paper 3")
        answer = list(visitor.demo.chats.channels["slack"].messages.values())[-1]
        assert "Limitations" in str(answer.arguments)
        assert not answer.private
        assert visitor.demo.chats.channels["slack"].messages[answer.thread].reader
        pressed = await visitor.press(f"slack-{answer.id}", "◀ Paper 2")
        assert "Only visible to you" in pressed
        assert TITLES[1] in pressed
        assert list(visitor.demo.chats.channels["slack"].messages.values())[-1].thread == answer.thread


async def test_each_button_of_the_bar_and_nothing_is_lost_or_twice() -> None:
    async with visiting() as visitor:
        mended = words(await visitor.act("mend"))
        assert mended.startswith("The title of paper 1 was mended: messages edited in place: 4, sent anew: 0.")
        assert mended.endswith("Messages delivered by now: Telegram 7, Slack 7; none lost, none twice.")
        assert f"{TITLES[0]} (corrected)" in await visitor.text("telegram-2")
        await require_whole(visitor, 7)

        added = words(await visitor.act("add"))
        # Each index gets a new line; Slack's is edited once more when its line can lead to the message.
        assert added.startswith("Paper 7 was added: new messages: 2, edits of the lists in place: 3.")
        await require_whole(visitor, 8)

        dropped = words(await visitor.act("drop"))
        assert dropped.startswith("Telegram's answer for paper 8 was lost.")
        assert dropped.endswith("Messages delivered by now: Telegram 9, Slack 9; none lost, none twice.")
        await require_whole(visitor, 9)

        stopped = words(await visitor.act("stop"))
        assert stopped.startswith("Stopped while paper 9 was being sent")
        assert stopped.endswith("Messages delivered by now: Telegram 10, Slack 10; none lost, none twice.")
        await require_whole(visitor, 10)


async def test_the_papers_to_add_come_to_an_end() -> None:
    async with visiting() as visitor:
        numbers = [words(await visitor.act("add")).split()[1] for _ in range(8)]
        assert numbers == [str(number) for number in range(7, 15)]
        for action in ("add", "drop", "stop"):
            assert words(await visitor.act(action)).startswith("There are no more papers to add.")
        await require_whole(visitor, 15)


async def test_each_state_of_a_row_is_seen() -> None:
    """The feed tells of every state that the ledger went through, also while it waits for an answer."""
    async with visiting() as visitor:
        feed = visitor.demo.chats.feeds["en"]
        after = feed.last
        await visitor.act("drop")
        await visitor.act("stop")
        changes = map(json.loads, feed.since(after) or ())
        tables = [change["html"] for change in changes if change["id"] == "ledger"]

    seen = {state for state in DeliveryState for table in tables if f'"state {state}"' in table}
    assert seen >= {DeliveryState.SENDING, DeliveryState.UNCONFIRMED, DeliveryState.SENT, DeliveryState.EDITING}


@pytest.mark.parametrize(("said", "language"), [("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en-GB", "en"), ("", "en")])
async def test_the_page_speaks_the_language_of_its_reader(said: str, language: str) -> None:
    async with visiting() as visitor:
        html = await visitor.page(**{"Accept-Language": said})
    assert f'<html lang="{language}">' in html
    assert ("약속 지켜보기" in html) == (language == "ko")


async def test_what_is_asked_for_nonsense_is_refused() -> None:
    async with visiting() as visitor:
        own = {"Sec-Fetch-Site": "same-origin"}
        for path, form, status in (
            ("promise", {"action": "explode"}, 400),
            ("promise", {}, 400),
            ("slack/1.1", {"line": "/help"}, 303),
            ("telegram/99", {"line": "/settings layout index"}, 303),
            ("telegram/99", {"line": "x" * 70_000}, 413),
        ):
            target = f"{visitor.address}{path}"
            async with visitor.session.post(target, data=form, headers=own, allow_redirects=False) as response:
                assert response.status == status, path
        await require_whole(visitor, 7)
