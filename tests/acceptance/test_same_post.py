"""One post by every way: from a folder, from a repository, and from the feed of the blog that shows it."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, time
from email.utils import format_datetime
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from bot.app.sources import make_sources
from bot.sources.posts import front_matter
from bot.sources.posts.post import Origin, parse
from tests.support.app import SEOUL, described
from tests.support.fakes.documents import DocumentServer
from tests.support.feeds import post, rss
from tests.support.golden import DATA, SHARED
from tests.support.rendering import CASES
from tests.support.repository import Repository

PERMALINK = "https://blog.example/:year/:month/:day/:title/"
OWN = [DATA / name for name in ("2025-01-06-daily-papers-20250106.md", "2025-01-08-daily-papers-20250108.md")]
REAL = [path for path in sorted((SHARED / "posts").glob("2025-*-*.md")) if "test" not in path.name]
# All in which the messages of a feed may differ from those of the file: none of these posts needs any.
ALLOWED: tuple[tuple[re.Pattern[str], str], ...] = ()


@pytest.fixture
async def blog() -> AsyncIterator[DocumentServer]:
    async with DocumentServer() as server:
        yield server


def feed_of(path: Path) -> str:
    """Give a post as an item of the blog's feed: its page, its title, its address, and when it was published."""
    text = path.read_text("utf-8-sig")
    _, body, _ = front_matter.read(text)
    digest = parse(path.read_bytes(), Origin(path.name, PERMALINK)).digest
    assert digest
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(body)
    published = datetime.combine(digest.day, time(8, 15), SEOUL)
    return post(digest.title, page, digest.url, pubDate=format_datetime(published))


async def messages(source: Mapping[str, object]) -> list[str]:
    """Give all that readers get of a source's digest, in Telegram and in Slack."""
    [made] = make_sources(described(sources=[{"name": "daily", **source}]))
    [found] = await made.digests()
    digest = found.digest
    listed = [message for case in CASES for message in case.formatter.digest(digest)]
    listed += [message for case in CASES for paper in digest.papers for message in case.formatter.paper(paper)]
    return [without_allowed(f"{message.key} {message.body}") for message in listed]


def without_allowed(text: str) -> str:
    for pattern, replacement in ALLOWED:
        text = pattern.sub(replacement, text)
    return text


@pytest.mark.parametrize("path", [*OWN, *REAL], ids=lambda path: path.name)
async def test_a_post_gives_the_same_messages_by_every_way(path: Path, tmp_path: Path, blog: DocumentServer) -> None:
    folder, repository = tmp_path / "_posts", Repository(tmp_path)
    folder.mkdir()
    shutil.copy(path, folder)
    repository.write(f"_posts/{path.name}", path.read_text("utf-8"))
    repository.push()
    blog.documents["/feed.xml"] = rss(feed_of(path))
    from_folder = await messages({"kind": "folder", "path": str(folder), "permalink": PERMALINK})
    git = {"kind": "git", "url": repository.url, "path": "_posts", "permalink": PERMALINK}
    assert await messages(git) == from_folder
    assert await messages({"kind": "feed", "url": f"{blog.url}/feed.xml", "allow_private": True}) == from_folder
