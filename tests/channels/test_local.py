"""A chat in memory: an edit leaves what the platform would leave."""

from __future__ import annotations

import pytest

from bot.channels.local import LocalChannel
from bot.channels.slack.api.answers import post_arguments
from bot.database.states import ChatKind
from bot.pages.demo.chats import telegram_arguments
from formatters.locale import phrases
from formatters.terminal import TerminalFormatter


@pytest.mark.parametrize(
    ("arguments", "more"),
    [(telegram_arguments, {"reply_markup": {}, "parse_mode": "HTML"}), (post_arguments, {"blocks": []})],
    ids=["telegram", "slack"],
)
async def test_an_edit_drops_what_it_does_not_name(arguments, more) -> None:  # type: ignore[no-untyped-def]
    channel = LocalChannel("local", TerminalFormatter(phrases("en")), ChatKind.PRIVATE, lambda: "1", arguments)
    ref = "01234567-89ab-cdef-0123-456789abcdef"
    await channel.send("5", {"text": "before", **more}, delivery_ref=ref, thread="")
    await channel.edit("5", "1", {"text": "after"})
    assert channel.messages["1"].arguments == arguments("5", {"text": "after"}, ref, "")
    assert channel.messages["1"].delivery_ref == ref
