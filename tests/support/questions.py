"""The questions of `paperboy init`, and what is typed at them in a terminal."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bot.cli.init.wording import wording
from bot.cli.init.writing import has_systemd
from tests.support.chats import CHANNEL, CHANNEL_NAME, SLACK_CHAT
from tests.support.fakes.slack import TOKEN as SLACK_TOKEN
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.slack_api import APP_TOKEN
from tests.support.fakes.telegram import TOKEN, FakeTelegram
from tests.support.setup import DATA
from tests.support.slack_bot import MANIFEST
from tests.support.terminal import Terminal

POSTS = ("2025-01-05-arxiv-crlf.md", "2025-01-06-daily-papers-20250106.md")
SAID = wording("en")
ENTER = "\r"
KEY, READING = 0.2, 1.5  # seconds that a person takes for a key, and to read a question

Step = tuple[str, str]  # a question, and what is typed
START = ("언어 · Language", "2")
FOLDER: tuple[Step, ...] = ((SAID.source, ""), (SAID.source_addresses["folder"], ""))
TIME: tuple[Step, ...] = ((SAID.hour, ""), (SAID.zone, ""))
SERVICE: tuple[Step, ...] = ((SAID.service, ""),) if has_systemd() else ()
SEND: tuple[Step, ...] = ((SAID.send_now, "1"), *SERVICE)
SEND_NOTHING: tuple[Step, ...] = ((SAID.send_now, "2"), *SERVICE)
TELEGRAM: tuple[Step, ...] = (START, (SAID.platform, "1"), (SAID.which_bot, TOKEN))
SLACK: tuple[Step, ...] = (
    *(START, (SAID.platform, "2"), (SAID.has_app, "1"), (SAID.which_app, SLACK_TOKEN), (SAID.socket_app, APP_TOKEN)),
    ("#papers", "1"),
)


def workspace() -> FakeSlack:
    """Make a workspace with the app of our manifest, which is in one of two channels."""
    server = FakeSlack(scopes=MANIFEST["oauth_config"]["scopes"]["bot"])
    server.add_channel(SLACK_CHAT, "papers")
    server.add_channel("C0RANDOM", "random", member=False)
    return server


def newcomer(telegram: FakeTelegram, slack: FakeSlack) -> Mapping[str, str]:
    """Give the environment of who sets up: both platforms, and a folder of posts that are old enough to be whole."""
    telegram.add_chat(CHANNEL, "channel", CHANNEL_NAME.removeprefix("@"), title="Papers")
    Path("_posts").mkdir()
    for name in POSTS:
        os.utime(shutil.copy(DATA / name, "_posts"), (0, 0))
    urls = {"PAPERBOY_TELEGRAM__BASE_URL": telegram.base_url, "PAPERBOY_SLACK__BASE_URL": slack.base_url}
    return {**urls, "LANG": "C.UTF-8", "LC_ALL": "", "TZ": "Asia/Seoul"}


def the_chat(telegram: FakeTelegram, typed: str = "") -> Step:
    """Give the question for a chat, and what is typed at it."""
    return f"open t.me/{telegram.username}", typed


async def asked(terminal: Terminal, question: str) -> None:
    """Wait until a question is asked, and an answer is waited for."""
    await terminal.shows(question)
    await terminal.shows("> ")


async def answer(terminal: Terminal, *steps: Step, is_person: bool = False) -> None:
    """Answer questions, each when it is asked; a person reads and types."""
    for question, keys in steps:
        await asked(terminal, question)
        await asyncio.sleep(READING if is_person else 0)
        await terminal.types(keys, pause=KEY if is_person else 0)
        await terminal.types(ENTER)
