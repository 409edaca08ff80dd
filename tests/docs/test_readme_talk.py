"""The conversations that the README and the handbook show are those that readers have."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from bot.channels import all_kits, kit_of
from bot.cli.setup import sample
from bot.config.settings import Operators, Settings
from bot.conversation.context import Request
from bot.conversation.limits import AnswerLimits
from bot.conversation.router import CommandRouter
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.planner import plan
from bot.ledger.ledger import open_ledger
from bot.sources.folder import FolderSource
from formatters.locale import phrases
from formatters.message import Message
from formatters.telegram import TelegramFormatter
from tests.support.documents import HANDBOOK, README, read, section
from tests.support.memory_channel import MemoryChannel

SOME, WHOLE = (README, "Talk to it"), (HANDBOOK, "The whole conversation")
READER, OPERATOR = "12345678", "1"


@pytest.fixture
def channel() -> MemoryChannel:
    return MemoryChannel("telegram", TelegramFormatter(phrases("ko"), buttons=True))


@pytest.fixture
async def router(tmp_path: Path, channel: MemoryChannel) -> AsyncIterator[CommandRouter]:
    """Serve a reader to whom the sample digest was delivered."""
    formatter = channel.formatter
    settings = Settings(operators=Operators.model_validate({"telegram": [OPERATOR]}))
    async with open_ledger(f"sqlite:///{tmp_path}/paperboy.db") as ledger:
        usual = kit_of("telegram").usual_edition(settings)
        await ledger.subscriptions.sync_chats("telegram", usual, {OPERATOR: "bot"})
        found = await FolderSource("daily-papers", Path(sample.__file__).parent).digests()
        await plan(ledger, "daily-papers", found, {"telegram": formatter}, Rules(catch_up=1))
        await ledger.open_at("", 0.0)
        await Dispatcher(ledger, {"telegram": channel}).run()
        yield CommandRouter(ledger, settings, all_kits(), {"telegram": formatter}, {"telegram": channel.id_sequence})


def seen(message: Message) -> str:
    """Give a message as a reader sees it, each row of buttons in brackets on a line."""
    text = unescape(re.sub(r"<[^>]*>", "", str(message.body["text"])))
    markup: Any = message.body.get("reply_markup", {"inline_keyboard": []})
    rows = ("  ".join(f"[ {key['text']} ]" for key in row) for row in markup["inline_keyboard"])
    return "\n".join([text, *rows])


def expected(shown: str) -> str:
    """Turn what is shown into a pattern: "…" at a line's end leaves the rest of it out, alone whole lines."""
    lines = (re.escape(line) for line in shown.strip().splitlines())
    loose = (line.replace("…", ".*", 1) if line.endswith("…") and line != "…" else line for line in lines)
    return "\n".join(loose).replace("\n…\n", r"\n(?:.*\n)*?")


@pytest.mark.usefixtures("router")
def test_what_a_reader_sees_in_the_morning(channel: MemoryChannel) -> None:
    """The index and a card; a bar stands before what is folded."""
    morning = read(README).partition("\n## ")[0]
    index, card = (block.strip("\n") for block in re.findall(r"```text\n(.*?)```", morning, re.DOTALL))
    texts = [str(channel.chats[OPERATOR][place].body["text"]) for place in (0, 3)]
    shown = [re.sub("<blockquote expandable>.*", _barred, text, flags=re.DOTALL) for text in texts]
    assert re.match(expected(f"{index}\n6. LoRA…"), seen(Message("", {"text": shown[0]})))
    assert re.match(expected(card), seen(Message("", {"text": shown[1]})))


def _barred(folded: re.Match[str]) -> str:
    return "\n".join(f"┃ {line}" for line in folded[0].splitlines())


def typed(page: str, heading: str) -> list[tuple[str, str]]:
    """Give a page's conversation: each line that begins with "> " is typed, what follows is the answer."""
    return re.findall(r"^> (.+)\n((?:(?!^> |^```).*\n)*)", section(page, heading), re.MULTILINE)


def test_every_command_is_shown() -> None:
    shown = {line.split()[0].removeprefix("/") for line, _ in typed(*WHOLE)}
    assert shown >= {*phrases("ko").commands, *phrases("ko").operator_commands, "start"}


def test_the_readme_shows_some() -> None:
    assert len(typed(*SOME)) > 3


@pytest.mark.parametrize("shown", [SOME, WHOLE], ids=["readme", "handbook"])
async def test_a_conversation(router: CommandRouter, shown: tuple[str, str]) -> None:
    for line, answer in typed(*shown):
        korean = re.search("[가-힣]", answer) is not None
        user = OPERATOR if line.startswith("/status") else f"{READER}{korean:d}"
        router.limits = AnswerLimits()  # the page is read faster than anybody types
        given = await router.handle(Request("telegram", user, user=user, language="ko" if korean else "en"), line)
        assert re.fullmatch(expected(answer), "\n".join(map(seen, given.messages))), line
