"""`kill -9` at any moment, two processes at once, and a stop in order: whole processes, real signals."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.parse import parse
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.house import CHANNEL, DATA, FORUM, GROUP, PRIVATE, ROOM, ROOT, furnish, write_settings

POST = "2025-02-03-daily-papers-20250203.md"


class Site:
    """A folder with settings and a post, and the platforms that it delivers to."""

    def __init__(self, folder: Path, telegram: FakeTelegram, slack: FakeSlack) -> None:
        furnish(telegram, slack)
        self.folder, self.telegram, self.slack = folder, telegram, slack
        self.settings = write_settings(folder, telegram.base_url, slack.base_url)
        shutil.copy(DATA / "edits" / "version-2.md", folder / "_posts" / POST)
        digest = parse((folder / "_posts" / POST).read_bytes(), POST).digest
        assert digest
        self.wanted = [digest.series, *(paper.title for paper in digest.papers)]

    async def start(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.driver", str(self.settings), cwd=ROOT, stdout=pipe, stderr=pipe
        )

    async def finish(self) -> None:
        """Run once more, undisturbed, to the end."""
        process = await self.start()
        _, errors = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, errors.decode()

    def check(self) -> None:
        """Check that every chat holds each message exactly once, in order."""
        chats = {name: self._texts(name) for name in (CHANNEL, GROUP, FORUM, PRIVATE, ROOM)}
        for name, texts in chats.items():
            heads = [text.splitlines()[0] for text in texts]
            assert len(heads) == len(self.wanted), f"{name} holds {heads}"
            assert all(title in head for title, head in zip(self.wanted, heads, strict=True)), f"{name} holds {heads}"

    def _texts(self, chat: str) -> list[str]:
        if chat == ROOM:
            return [shown.text for shown in self.slack.shown(ROOM)]
        address = "-1001111111111" if chat == CHANNEL else chat.partition(":")[0]
        return [shown.text for shown in self.telegram.shown(address)]


@pytest.fixture
def site(tmp_path: Path, telegram: FakeTelegram, slack: FakeSlack) -> Site:
    return Site(tmp_path, telegram, slack)


class Killer:
    """Kill a process when the platforms take their n-th call, before or after it is carried out."""

    def __init__(self, site: Site, at: int, *, before: bool) -> None:
        self.at, self.before, self.count = at, before, 0
        self.process: asyncio.subprocess.Process | None = None
        for server in (site.telegram, site.slack):
            server.on_call = self._on_call if before else None
            server.on_answer = None if before else self._on_answer

    async def _on_call(self, _method: str, _arguments: Mapping[str, Any]) -> None:
        self._strike()

    def _on_answer(self, _call: object) -> None:
        self._strike()

    def _strike(self) -> None:
        self.count += 1
        if self.count == self.at and self.process and self.process.returncode is None:
            self.process.kill()


def _release(site: Site) -> None:
    for server in (site.telegram, site.slack):
        server.on_call = server.on_answer = None


@pytest.mark.parametrize("before", [True, False], ids=["asked", "answered"])
@pytest.mark.parametrize("at", [1, 2, 9, 22])
async def test_killed_in_a_call_then_run_again(site: Site, at: int, before: bool) -> None:
    killer = Killer(site, at, before=before)
    killer.process = await site.start()
    await asyncio.wait_for(killer.process.communicate(), 60)
    assert killer.process.returncode == -signal.SIGKILL
    _release(site)
    await site.finish()
    site.check()


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_random_moments_again_and_again(site: Site, seed: int) -> None:
    await _kill_and_check(site, random.Random(seed), kills=3)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 150))
async def test_killed_two_hundred_times(site: Site, seed: int) -> None:
    await _kill_and_check(site, random.Random(seed), kills=4)


async def _kill_and_check(site: Site, chance: random.Random, kills: int) -> None:
    for _ in range(kills):
        killer = Killer(site, chance.randint(1, 16), before=chance.random() < 0.5)
        killer.process = await site.start()
        await asyncio.wait_for(killer.process.communicate(), 60)
    _release(site)
    await site.finish()
    site.check()


async def test_two_processes_on_one_ledger_send_nothing_twice(site: Site) -> None:
    processes = [await site.start() for _ in range(3)]
    for process in processes:
        _, errors = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, errors.decode()
    site.check()
    sends = [call for call in site.telegram.calls if call.method == "sendMessage"]
    assert len(sends) == 4 * len(site.wanted)
