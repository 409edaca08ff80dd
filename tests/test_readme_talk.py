"""The conversation that the README shows is the one that readers have."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from bot import sample
from bot.commands import Desk
from bot.config import Operators, Settings
from bot.decisions import Rules
from bot.delivery import Drain
from bot.flood import Flood
from bot.planning import plan
from bot.sources.folder import FolderSource
from bot.store import opened
from bot.talk import Asker
from formatters.locale import words
from formatters.message import Message
from formatters.telegram import TelegramFormatter
from tests.support.memory_channel import MemoryChannel
from tests.test_readme import section

# A block of the README: each line that begins with "> " is typed, what follows is the answer.
TYPED = re.findall(r"^> (.+)\n((?:(?!^> |^```).*\n)*)", section("Talk to it"), re.MULTILINE)
READER, OPERATOR = "12345678", "1"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Serve a reader to whom the sample digest was delivered."""
    formatter = TelegramFormatter(words("ko"), buttons=True)
    channel = MemoryChannel("telegram", formatter)
    settings = Settings(operators=Operators.model_validate({"telegram": [OPERATOR]}))
    async with opened(f"sqlite:///{tmp_path}/paperboy.db") as store:
        await store.join("telegram", "messages", {OPERATOR: "bot"})
        found = await FolderSource("daily-papers", Path(sample.__file__).parent).digests()
        await plan(store, "daily-papers", found, {"telegram": formatter}, Rules(catch_up=1))
        await store.gate("", 0.0)
        await Drain(store, {"telegram": channel}).run()
        yield Desk(store, settings, {"telegram": formatter}, {"telegram": channel.counter})


def seen(message: Message) -> str:
    """Give a message as a reader sees it, each row of buttons in brackets on a line."""
    text = unescape(re.sub(r"<[^>]*>", "", str(message.body["text"])))
    markup: Any = message.body.get("reply_markup", {"inline_keyboard": []})
    rows = ("  ".join(f"[ {key['text']} ]" for key in row) for row in markup["inline_keyboard"])
    return "\n".join([text, *rows])


def expected(shown: str) -> str:
    """Turn what the README shows into a pattern: "…" at a line's end leaves the rest of it out, alone whole lines."""
    lines = (re.escape(line) for line in shown.strip().splitlines())
    loose = (line.replace("…", ".*", 1) if line.endswith("…") and line != "…" else line for line in lines)
    return "\n".join(loose).replace("\n…\n", r"\n(?:.*\n)*?")


def test_every_command_is_shown() -> None:
    shown = {line.split()[0].removeprefix("/") for line, _ in TYPED}
    assert shown >= {*words("ko").commands, *words("ko").operator_commands, "start"}


async def test_the_conversation_of_the_readme(desk: Desk) -> None:
    for line, answer in TYPED:
        korean = re.search("[가-힣]", answer) is not None
        user = OPERATOR if line.startswith("/status") else f"{READER}{korean:d}"
        desk.flood = Flood()  # the README is read faster than anybody types
        given = await desk.answer(Asker("telegram", user, user=user, language="ko" if korean else "en"), line)
        assert re.fullmatch(expected(answer), "\n".join(map(seen, given.messages))), line
