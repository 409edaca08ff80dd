"""A person, and the platforms that the environment names."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.chats import CHANNEL, CHANNEL_NAME, SLACK_CHAT
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.person import Person
from tests.support.setup import DATA
from tests.support.slack_bot import MANIFEST

PROGRAM = "/opt/paperboy/bin/paperboy"  # as it was called
POSTS = ("2025-01-05-arxiv-crlf.md", "2025-01-06-daily-papers-20250106.md")


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """Give a workspace with the app of our manifest, which is in one of two channels."""
    async with FakeSlack(scopes=MANIFEST["oauth_config"]["scopes"]["bot"]) as server:
        server.add_channel(SLACK_CHAT, "papers")
        server.add_channel("C0RANDOM", "random", member=False)
        yield server


@pytest.fixture
def person(
    telegram: FakeTelegram,
    slack: FakeSlack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    own_logging: None,
) -> Person:
    """Give a person in an empty folder."""
    telegram.add_chat(CHANNEL, "channel", CHANNEL_NAME.removeprefix("@"), title="Papers")
    for name, value in {"TELEGRAM__BASE_URL": telegram.base_url, "SLACK__BASE_URL": slack.base_url}.items():
        monkeypatch.setenv(f"PAPERBOY_{name}", value)
    for name, value in {"LANG": "C.UTF-8", "LC_ALL": "", "TZ": "Asia/Seoul"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", [PROGRAM, "init"])
    monkeypatch.setattr("bot.cli.init.writing._SYSTEMD", Path("no-systemd"))
    return Person(monkeypatch, capsys)


@pytest.fixture
def posts() -> Path:
    """Lay a folder of posts."""
    folder = Path("_posts")
    folder.mkdir()
    for name in POSTS:
        shutil.copy(DATA / name, folder)
    return folder
