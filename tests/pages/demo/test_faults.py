"""What goes wrong on the page of the demo, and what does not although somebody asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.concurrency import beside
from tests.pages.demo.visitor import Visitor, visiting, words

FORM = "application/x-www-form-urlencoded"
OWN = {"Sec-Fetch-Site": "same-origin"}
QUICKLY = 10.0  # seconds: less than what an action waits for a send that never comes

pytestmark = pytest.mark.usefixtures("own_logging")


def armed(visitor: Visitor) -> list[object]:
    channels = visitor.demo.chats.channels.values()
    return [*(fault for one in channels for fault in one.faults), *(one.name for one in channels if one.stuck.is_set())]


async def test_a_fault_that_finds_no_send_is_told_and_strikes_nothing_later() -> None:
    """A chat that does not receive gets nothing that could go wrong; the other one does."""
    async with visiting() as visitor, asyncio.timeout(QUICKLY):
        await visitor.type("telegram", "/unsubscribe")
        for action, count in (("drop", 8), ("stop", 9)):
            said = words(await visitor.act(action))
            assert "but no new message was due in Telegram, so nothing went wrong there. Messages" in said
            assert said.endswith(f"by now: Telegram 7, Slack {count}; none lost, none twice.")
            assert armed(visitor) == []
        mended = words(await visitor.act("mend"))
        assert mended.endswith("Telegram 7, Slack 9; none lost, none twice.")
        await visitor.type("telegram", "/subscribe")
        added = words(await visitor.act("add"))  # who subscribes gets new papers from the next digest on
        assert added.startswith("Paper 9 was added: new messages: 1")
        assert added.endswith("Telegram 7, Slack 10; none lost, none twice.")


async def test_where_no_chat_receives_nothing_is_waited_for() -> None:
    async with visiting() as visitor, asyncio.timeout(QUICKLY):
        await visitor.type("telegram", "/unsubscribe")
        await visitor.post("slack", line="/papers-unsubscribe")
        said = words(await visitor.act("stop"))
        assert "due in Telegram · Slack, so" in said
        assert said.endswith("Telegram 7, Slack 7; none lost, none twice.")


@contextmanager
def without_ledger(visitor: Visitor) -> Iterator[None]:
    """Let each look at the ledger be an error that nothing expects."""
    ledger, visitor.demo.delivery.ledger = visitor.demo.delivery.ledger, None  # type: ignore[assignment]
    yield
    visitor.demo.delivery.ledger = ledger


async def test_an_error_is_told_and_the_bar_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    async with visiting() as visitor:
        with without_ledger(visitor):
            assert words(await visitor.act("drop")).startswith("An error ended this; please report")
        assert "fault" in (await visitor.elements())["report"].classes
        assert armed(visitor) == []
        assert "The title of paper 1 was mended" in words(await visitor.act("mend"))
        assert "fault" not in (await visitor.elements())["report"].classes
    assert "unexpected error, please report it: AttributeError" in capsys.readouterr().out


async def test_the_table_goes_on_after_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    async with visiting() as visitor, asyncio.timeout(QUICKLY):
        with without_ledger(visitor):
            visitor.demo.delivery.changed.set()
            while "part=ledger" not in capsys.readouterr().out:
                await asyncio.sleep(0.01)
        await visitor.act("add")
        while visitor.demo.table.sent < 16:
            await asyncio.sleep(0.01)


async def test_a_work_that_ended_with_an_error_does_not_end_the_program() -> None:
    async def breaks() -> None:
        raise RuntimeError

    async with beside(breaks(), asyncio.Event().wait()):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("path", "form", "kind"),
    [
        ("telegram", b"line=\xff", FORM),
        ("promise", b"action=add", f"{FORM}; charset=no-such"),
        ("slack/1", b"", "multipart/form-data"),
    ],
)
async def test_a_form_that_is_no_text_is_refused(path: str, form: bytes, kind: str) -> None:
    async with visiting() as visitor:
        headers = {**OWN, "Content-Type": kind}
        async with visitor.session.post(f"{visitor.address}{path}", data=form, headers=headers) as response:
            assert response.status == 400


async def test_a_press_leads_only_to_a_message_that_is_there() -> None:
    async with visiting() as visitor:
        assert await visitor.post("telegram/%0d%0aSet-Cookie:x", line="/settings layout index") == "telegram-7"


async def test_a_page_that_turns_keeps_nothing_of_the_former_one() -> None:
    async with visiting() as visitor:
        channel = visitor.demo.chats.channels["slack"]
        settings = await visitor.post("slack", line="/papers-settings")
        message = channel.messages[settings.removeprefix("slack-")]
        channel.replace(message.id, {**message.arguments, "attachments": [{"text": "former"}]})
        await visitor.press(settings, "Layout → index only")
        assert channel.messages[message.id].arguments.keys() == message.arguments.keys()
