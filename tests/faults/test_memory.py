"""The installed program runs for long, with readers who talk and a post that changes: its memory stops growing.

What it still fills in this time, and that it ends: tests/README.md.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from random import Random

import pytest

from tests.faults.combined.blog import Blog
from tests.faults.site import Site
from tests.support.chats import CHANNEL, FORUM, GROUP, SLACK_CHAT, TOPIC
from tests.support.fakes.slack_api import APP_TOKEN, CONVERSATION_SCOPES
from tests.support.fakes.telegram import FakeTelegram
from tests.support.installed import PATH

MINUTES = float(os.environ.get("PAPERBOY_MINUTES", "15"))
MOST = 5 * 1024  # kilobytes by which it may grow in the last two thirds of the time
READERS = range(1001, 1021)
LINES = (
    *("/help", "/papers", "/paper 1", "/paper 2", "/paper 9", "/search 방법", "/search Paper 102", "/search nothing"),
    *("/settings", "/settings layout digest", "/settings default", "/subscribe", "/unsubscribe", "hello", "/unknown"),
)
_SETTINGS = '[schedule]\nat = "00:00"\nsweep = "5s"\n'
_EDITED_EVERY = 40.0  # seconds: with each, a group gets up to ten of its twenty calls a minute
_SPOKEN_EVERY = 1.0  # far less than it can answer: what waits for its answer takes memory, too


@pytest.mark.long
async def test_a_quarter_of_an_hour(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.more, site.slack.patience = _SETTINGS, 30.0
    site.slack.scopes |= CONVERSATION_SCOPES
    blog = Blog(site.posts, days=3)
    blog.publish()
    async with _running(site) as (process, lines):
        busy = [asyncio.create_task(work) for work in (_talk(site.telegram), _talk_in_slack(site), _edit(blog))]
        held = [await _memory_after(process, MINUTES * 60 / 15) for _ in range(15)]
        for task in busy:
            assert task.cancel(), task  # it was still at work
        await asyncio.wait(busy)
    sent = sum(call.method == "sendMessage" for call in site.telegram.calls)
    with capsys.disabled():
        sys.stdout.write(f"\nkilobytes at each fifteenth of {MINUTES:g} minutes: {held}; {sent} messages sent\n")
    assert process.returncode == 0
    assert [line for line in lines if not _is_sound(line)] == []
    assert sent > MINUTES * 30
    assert held[-1] - held[4] < MOST


@asynccontextmanager
async def _running(site: Site) -> AsyncIterator[tuple[Process, list[str]]]:
    """Run the program until the block ends, and give what it says."""
    environ = {**os.environ, "PAPERBOY_SLACK__APP_TOKEN": APP_TOKEN}
    command = (PATH, "run", "--config", str(site.settings()))
    process = await asyncio.create_subprocess_exec(*command, stderr=PIPE, env=environ, limit=2**20)
    lines: list[str] = []
    following = asyncio.create_task(_follow(process, lines))
    site.slack.reach = site.slack.sockets
    try:
        await site.slack.sockets.opened(seconds=120)  # the machine may be busy
        yield process, lines
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 60)
    finally:
        if process.returncode is None:
            process.kill()
        await following


async def _follow(process: Process, lines: list[str]) -> None:
    assert process.stderr
    while line := await process.stderr.readline():
        lines.append(line.decode())


def _is_sound(line: str) -> bool:
    """Tell whether a line of the log stands there on a sound day."""
    try:
        return json.loads(line)["level"] in ("debug", "info")
    except ValueError:
        return False


async def _memory_after(process: Process, seconds: float) -> int:
    """Give the kilobytes of memory that a process holds after a while."""
    await asyncio.sleep(seconds)
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


async def _talk(telegram: FakeTelegram) -> None:
    """Let readers write in private, in groups and in the channel."""
    chance = Random(1)
    while True:
        reader, line = chance.choice(READERS), chance.choice(LINES)
        where = chance.randrange(60)  # groups and channels are asked little, as they get twenty messages a minute
        if where == 0:
            telegram.says(GROUP, reader, line)
        elif where == 1:
            telegram.says(FORUM, reader, line, topic=TOPIC)
        elif where == 2 and line in ("/help", "hello"):
            telegram.posts(CHANNEL, line)
        else:
            telegram.says(reader, reader, line)
        await asyncio.sleep(_SPOKEN_EVERY)


async def _talk_in_slack(site: Site) -> None:
    chance = Random(2)
    while True:
        name, _, text = chance.choice(LINES[:9]).partition(" ")
        sent = await site.slack.slash(name, text, f"U0READER{chance.randrange(9)}", SLACK_CHAT)
        assert not sent.error
        await asyncio.sleep(2 * _SPOKEN_EVERY)


async def _edit(blog: Blog) -> None:
    """Reword a post again and again; at times it gets one more paper, and twice the next post comes."""
    for times in count(1):
        await asyncio.sleep(_EDITED_EVERY)
        if times % 8 == 0:
            blog.publish()
        newest = len(blog.posts) - 1
        blog.add(newest, 1) if times % 3 == 0 and len(blog.posts[newest].papers) < 9 else blog.reword(newest)
