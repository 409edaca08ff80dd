"""`paperboy init` in a real terminal, from an empty folder to the first paper in a chat."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bot.cli.init.wording import wording
from bot.cli.init.writing import has_systemd
from tests.support.chats import CHANNEL, CHANNEL_NAME, READER, SLACK_CHAT
from tests.support.documents import README, section
from tests.support.fakes.slack import TOKEN as SLACK_TOKEN
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.slack_api import APP_TOKEN
from tests.support.fakes.telegram import TOKEN, FakeTelegram
from tests.support.installed import paperboy
from tests.support.setup import DATA
from tests.support.slack_bot import MANIFEST
from tests.support.terminal import CTRL_C, LONGEST, Terminal

POSTS = ("2025-01-05-arxiv-crlf.md", "2025-01-06-daily-papers-20250106.md")
SAID = wording("en")
ENTER = "\r"
KEY, READING = 0.2, 1.5  # seconds that a person takes for a key, and to read a question
UNDER = 120.0  # seconds: from an empty folder to the first digest in a chat, at a person's speed

Step = tuple[str, str]  # a question, and what is typed
START = ("언어 · Language", "2")
REST: tuple[Step, ...] = (
    *((SAID.source, ""), (SAID.source_addresses["folder"], ""), (SAID.hour, ""), (SAID.zone, ""), (SAID.send_now, "1")),
    *([(SAID.service, "")] if has_systemd() else []),
)
TELEGRAM: tuple[Step, ...] = (START, (SAID.platform, "1"), (SAID.which_bot, TOKEN))
SLACK: tuple[Step, ...] = (
    *(START, (SAID.platform, "2"), (SAID.has_app, "1"), (SAID.which_app, SLACK_TOKEN), (SAID.socket_app, APP_TOKEN)),
    ("#papers", "1"),
)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(scopes=MANIFEST["oauth_config"]["scopes"]["bot"]) as server:
        server.add_channel(SLACK_CHAT, "papers")
        server.add_channel("C0RANDOM", "random", member=False)
        yield server


@pytest.fixture
def environ(telegram: FakeTelegram, slack: FakeSlack) -> Mapping[str, str]:
    """Give an environment with both platforms, in a folder with posts that are old enough to be whole."""
    telegram.add_chat(CHANNEL, "channel", CHANNEL_NAME.removeprefix("@"), title="Papers")
    Path("_posts").mkdir()
    for name in POSTS:
        os.utime(shutil.copy(DATA / name, "_posts"), (0, 0))
    urls = {"PAPERBOY_TELEGRAM__BASE_URL": telegram.base_url, "PAPERBOY_SLACK__BASE_URL": slack.base_url}
    return {**urls, "LANG": "C.UTF-8", "LC_ALL": "", "TZ": "Asia/Seoul"}


async def answer(terminal: Terminal, *steps: Step, is_person: bool = False) -> None:
    """Answer questions, each when it is asked; a person reads and types."""
    for question, keys in steps:
        await terminal.shows(question)
        await terminal.shows("> ")
        await asyncio.sleep(READING if is_person else 0)
        await terminal.types(keys, pause=KEY if is_person else 0)
        await terminal.types(ENTER)


async def set_up_telegram(terminal: Terminal, telegram: FakeTelegram, *, is_person: bool = False) -> int:
    """Set Telegram up; the bot is let into the channel while it is waited for."""
    await answer(terminal, *TELEGRAM, (f"open t.me/{telegram.username}", ""), is_person=is_person)
    await terminal.shows(SAID.waiting)
    telegram.membership(CHANNEL, "left", "administrator", READER)
    await answer(terminal, (SAID.which_found, ""), *REST, is_person=is_person)
    return await terminal.ends()


async def set_up_slack(terminal: Terminal, *, is_person: bool = False) -> int:
    await answer(terminal, *SLACK, *REST, is_person=is_person)
    return await terminal.ends()


async def asked(telegram: FakeTelegram, method: str) -> None:
    """Wait until a call has arrived."""
    arrived = asyncio.Event()

    async def note(name: str, _: object) -> None:
        if name == method:
            arrived.set()

    telegram.on_call = note
    await asyncio.wait_for(arrived.wait(), LONGEST)


def in_readme(heading: str, shown: str) -> list[str]:
    """List what was not shown as it stands in the README, where "…" leaves lines out."""
    transcript = section(README, heading).partition("```text\n$ paperboy init\n")[2].partition("```")[0]
    parts = [f"\n{part.strip(chr(10))}\n" for part in re.split(r"^…$", transcript, flags=re.MULTILINE) if part.strip()]
    rest, missing = "\n".join(line.rstrip() for line in shown.splitlines()) + "\n", []
    for part in parts:
        found, _, behind = rest.partition(part)
        missing += [] if found != rest else [part]
        rest = f"\n{behind}" if found != rest else rest
    assert len(parts) > 3
    return missing


async def test_telegram(environ: Mapping[str, str], telegram: FakeTelegram) -> None:
    async with Terminal("init", environ=environ) as terminal:
        assert await set_up_telegram(terminal, telegram) == 0

    assert TOKEN not in terminal.text
    assert len(telegram.shown(CHANNEL)) == 2
    assert in_readme("Start in five minutes: a Telegram channel", terminal.text) == []


async def test_slack(environ: Mapping[str, str], slack: FakeSlack) -> None:
    async with Terminal("init", environ=environ) as terminal:
        assert await set_up_slack(terminal) == 0

    assert not [token for token in (SLACK_TOKEN, APP_TOKEN) if token in terminal.text]
    assert len(slack.shown(SLACK_CHAT)) == 2
    assert in_readme("Start in five minutes: a Slack workspace", terminal.text) == []


@pytest.mark.parametrize("place", ["at a token, which is not shown", "while a chat is waited for"])
async def test_ctrl_c(environ: Mapping[str, str], telegram: FakeTelegram, place: str) -> None:
    async with Terminal("init", environ=environ) as terminal:
        if place.startswith("at"):
            await answer(terminal, *TELEGRAM[:-1])
            await terminal.shows(SAID.which_bot)
            await terminal.shows("> ")
        else:
            polled = asyncio.create_task(asked(telegram, "getUpdates"))
            await answer(terminal, *TELEGRAM, (f"open t.me/{telegram.username}", ""))
            await polled
            await terminal.types(f"a name{ENTER}")  # what is typed meanwhile is an answer
            await terminal.shows(SAID.no_address.partition(";")[0])
            polled = asyncio.create_task(asked(telegram, "getUpdates"))
            await terminal.types(ENTER)
            await polled
        await terminal.types(CTRL_C)
        assert await terminal.ends() == 130

    assert terminal.text.splitlines()[-1] == SAID.stopped
    assert "Traceback" not in terminal.text
    assert [path.name for path in Path().iterdir()] == ["_posts"]


async def test_answers_from_a_pipe(environ: Mapping[str, str], telegram: FakeTelegram) -> None:
    answers = ["2", "1", TOKEN, CHANNEL_NAME, *[""] * 4, "2", *([""] if has_systemd() else [])]
    done = await paperboy("init", typed="\n".join([*answers, ""]), **environ)

    assert (done.code, done.err, Path(".env").exists()) == (0, "", True)


@pytest.mark.long
async def test_at_the_speed_of_a_person(environ: Mapping[str, str], telegram: FakeTelegram, slack: FakeSlack) -> None:
    for name in ("telegram", "slack"):
        begun = time.monotonic()
        async with Terminal("init", environ=environ) as terminal:
            if name == "telegram":
                assert await set_up_telegram(terminal, telegram, is_person=True) == 0
            else:
                assert await set_up_slack(terminal, is_person=True) == 0
        seconds = time.monotonic() - begun
        print(f"{name}: {seconds:.0f} seconds")  # noqa: T201 - what was measured
        assert seconds < UNDER
        for path in (Path("paperboy.toml"), Path(".env"), Path("paperboy.db")):
            path.unlink()
    assert (len(telegram.shown(CHANNEL)), len(slack.shown(SLACK_CHAT))) == (2, 2)
