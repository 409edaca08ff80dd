"""`paperboy init` in a real terminal, from an empty folder to the first paper in a chat."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bot.cli.init.writing import has_systemd
from tests.support.chats import CHANNEL, CHANNEL_NAME, READER, SLACK_CHAT
from tests.support.documents import README, section
from tests.support.fakes.slack import TOKEN as SLACK_TOKEN
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.slack_api import APP_TOKEN
from tests.support.fakes.telegram import TOKEN, FakeTelegram
from tests.support.installed import paperboy
from tests.support.questions import FOLDER, SAID, SEND, SLACK, TELEGRAM, TIME, answer, newcomer, the_chat, workspace
from tests.support.terminal import Terminal

UNDER = 120.0  # seconds: from an empty folder to the first digest in a chat, at a person's speed
REST = (*FOLDER, *TIME, *SEND)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with workspace() as server:
        yield server


@pytest.fixture
def environ(telegram: FakeTelegram, slack: FakeSlack) -> Mapping[str, str]:
    return newcomer(telegram, slack)


async def set_up_telegram(terminal: Terminal, telegram: FakeTelegram, *, is_person: bool = False) -> int:
    """Set Telegram up; the bot is let into the channel while it is waited for."""
    await answer(terminal, *TELEGRAM, the_chat(telegram), is_person=is_person)
    await terminal.shows(SAID.waiting)
    telegram.membership(CHANNEL, "left", "administrator", READER)
    await answer(terminal, (SAID.which_found, ""), *REST, is_person=is_person)
    return await terminal.ends()


async def set_up_slack(terminal: Terminal, *, is_person: bool = False) -> int:
    await answer(terminal, *SLACK, *REST, is_person=is_person)
    return await terminal.ends()


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
