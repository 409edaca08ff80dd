"""A ledger of the first reading: what is understood better, or at last, after an upgrade is neither sent nor edited.

`tests/data/ledgers` says how it was made.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.app.cycle import look_from
from bot.delivery.decisions import Rules
from bot.ledger.ledger import Ledger, open_ledger
from bot.sources.fingerprint import is_current
from bot.sources.folder import FolderSource
from formatters.locale import phrases
from formatters.telegram import TelegramFormatter
from tests.support.golden import DATA
from tests.support.memory_channel import MemoryChannel, StoredMessage
from tests.support.pipeline import Clock, Pipeline

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

LEDGERS = DATA / "ledgers"
RULES = Rules(catch_up=9, edits_for=5 * 86400.0, today=date(2025, 1, 18))
NEW = ["2025-01-12-unnumbered.md", "README.md#2025-01-05", "README.md#2025-01-12", "speech.qmd", "2024/12/30/index.md"]
PAPER = "### {}. [Paper {}](https://arxiv.org/abs/2501.{:05})\n\nWords about it.\n\n"


@dataclass
class Upgraded:
    """The posts and the ledger of the first reading, in the hands of the program of today."""

    posts: Path
    pipeline: Pipeline
    source: FolderSource = field(init=False)

    def __post_init__(self) -> None:
        self.source = FolderSource("blog", self.posts, zone=ZoneInfo("Asia/Seoul"))

    @property
    def ledger(self) -> Ledger:
        return self.pipeline.ledger

    async def run(self, *, all_posts: bool = False) -> list[str]:
        """Look as a sweep does, or at all posts, and give what was called."""
        self.pipeline.channel.calls.clear()
        known = [one.day for one in await self.ledger.known_digests("blog")]
        found = await self.source.digests(None if all_posts else look_from(known, timedelta(days=5)))
        await self.pipeline.look(found, rules=RULES)
        await self.pipeline.dispatch()
        return [call for call, _ in self.pipeline.channel.calls]

    async def states(self) -> dict[str, str]:
        return {one.post: one.state for one in await self.ledger.known_digests("blog")}


@pytest.fixture
async def upgraded(tmp_path: Path) -> AsyncIterator[Upgraded]:
    posts, ledger = tmp_path / "_posts", tmp_path / "ledger.db"
    shutil.copytree(DATA / "first-reading", posts)
    for post in DATA.glob("2025-01-[01]*.md"):
        if post.name < "2025-01-15":
            shutil.copy(post, posts)
    shutil.copy(LEDGERS / "first-reading.db", ledger)
    left = json.loads((LEDGERS / "first-reading.json").read_text())
    channel = MemoryChannel("telegram", TelegramFormatter(phrases("en"), buttons=True))
    channel.chats["@papers"] = [StoredMessage(one["id"], one["ref"], {}) for one in left["shown"]]
    clock = Clock(left["stopped_at"])
    async with open_ledger(f"sqlite:///{ledger}", clock) as opened:
        yield Upgraded(posts, Pipeline(opened, clock, channel))


@pytest.mark.parametrize("all_posts", [False, True], ids=["sweep", "all"])
async def test_nothing_is_sent_or_edited_for_files_that_did_not_change(upgraded: Upgraded, all_posts: bool) -> None:
    before = await upgraded.states()

    assert [await upgraded.run(all_posts=all_posts) for _ in range(3)] == [[], [], []]

    after = await upgraded.states()
    assert {post: after[post] for post in before} == before
    assert {post: str(after[post]) for post in after.keys() - before} == dict.fromkeys(NEW, "baseline")
    known = await upgraded.ledger.known_digests("blog")
    read_again = {one.post for one in known if is_current(one.fingerprint)}
    # A draft is not read any more; a post without papers was none of theirs.
    assert before.keys() - read_again == {"2025-01-15-evening.md"}


async def test_digests_keep_their_names_days_and_papers(upgraded: Upgraded) -> None:
    before = {one.post: (one.name, one.day) for one in await upgraded.ledger.known_digests("blog")}
    await upgraded.run()

    after = {one.post: (one.name, one.day) for one in await upgraded.ledger.known_digests("blog")}
    assert {post: after[post] for post in before} == before
    digest = await upgraded.ledger.digest("blog", "morning-papers-thu/2025-01-15")
    assert (str(digest.day), digest.series) == ("2025-01-15", "Morning Papers (Thu)")
    assert [paper.id for paper in digest.papers] == ["bounds-of-theta-for-small-nets-12", "a-paper-of-a-journal"]
    assert [str(one.day) for one in await upgraded.ledger.archive.of_day(date(2025, 1, 17))] == ["2025-01-17"]


async def test_of_what_is_readable_at_last_the_newest_day_is_sent(upgraded: Upgraded) -> None:
    inside = upgraded.posts / "2025" / "01" / "18"
    inside.mkdir(parents=True)
    (inside / "index.md").write_text(PAPER.format(1, 1, 181))

    assert await upgraded.run() == ["send", "send"]
    assert await upgraded.run() == []


async def test_after_the_upgrade_posts_are_followed_as_always(upgraded: Upgraded) -> None:
    await upgraded.run()
    morning = upgraded.posts / "2025-01-16-papers.md"
    morning.write_text(morning.read_text() + "More words.\n")
    readme = upgraded.posts / "README.md"
    title, _, former = readme.read_text().partition("\n\n")
    newer = f"{title}\n\n## 2025-01-13 to 2025-01-18\n\n{PAPER.format(1, 1, 182)}"
    readme.write_text(newer + former)

    assert await upgraded.run() == ["edit", "send", "send"]

    readme.write_text(newer + PAPER.format(2, 2, 183) + former)
    assert sorted(await upgraded.run()) == ["edit", "send"]
    assert await upgraded.run() == []
