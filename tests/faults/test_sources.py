"""A source fails while the digest of another is delivered: nothing is lost or doubled, and its last digest stays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.posts import post
from tests.faults.site import Site
from tests.support.chats import GROUP, READER
from tests.support.fakes.documents import Document, DocumentServer, Reply, status
from tests.support.feeds import arxiv_paper, rss
from tests.support.feeds import post as feed_post
from tests.support.repository import Repository
from tests.support.setup import DATA

OTHER = "2025-01-05-arxiv-crlf.md"
WHO = {
    "PAPERBOY_TELEGRAM__CHATS": json.dumps(
        [{"chat": READER, "sources": ["daily-papers"]}, {"chat": GROUP, "sources": ["other"]}]
    ),
    "PAPERBOY_SLACK__CHATS": "",
}

DOWN = status(500, Retry_After="0")
PROXY_PAGE = Document(b"<html><title>Sign in</title></html>", "text/html")


@dataclass
class Other:
    """Another source than the blog, as the settings have it, and what takes it away and gives it back."""

    settings: str
    fail: Callable[[], object]
    heal: Callable[[], object]


Kind = Callable[[Path], AbstractAsyncContextManager[Other]]


@asynccontextmanager
async def git(folder: Path) -> AsyncIterator[Other]:
    repository = Repository(folder)
    repository.write(OTHER, (DATA / OTHER).read_text("utf-8"))
    repository.push()
    away = repository.bare.with_name("away.git")
    yield Other(
        f'kind = "git"\nurl = "{repository.url}"',
        lambda: repository.bare.rename(away),
        lambda: away.rename(repository.bare),
    )


@asynccontextmanager
async def web(folder: Path) -> AsyncIterator[Other]:
    paper = {"id": "2603.00001", "title": "A paper", "summary": "The abstract.", "upvotes": 3}
    there = Document(json.dumps([{"paper": paper}]).encode(), "application/json")
    async with DocumentServer() as server:
        documents = server.documents
        documents["/api/daily_papers"] = there
        yield Other(
            f'kind = "huggingface"\nurl = "{server.url}"\nallow_private = true',
            lambda: documents.update({"/api/daily_papers": status(500, Retry_After="0")}),
            lambda: documents.update({"/api/daily_papers": there}),
        )


@asynccontextmanager
async def another_folder(folder: Path) -> AsyncIterator[Other]:
    there, away = folder / "other", folder / "away"
    there.mkdir()
    (there / OTHER).write_bytes((DATA / OTHER).read_bytes())
    yield Other(f'kind = "folder"\npath = "{there}"', lambda: there.rename(away), lambda: away.rename(there))


@asynccontextmanager
async def feed_of_posts(folder: Path) -> AsyncIterator[Other]:
    page = '<h1>1. <a href="https://arxiv.org/abs/2603.00001">Rain</a></h1><p>It falls.</p>'
    there = rss(feed_post("Daily Papers of Others — 2026-03-03", page))
    async with _feed(there, DOWN, 'entries = "posts"') as other:
        yield other


@asynccontextmanager
async def feed_of_papers(folder: Path) -> AsyncIterator[Other]:
    async with _feed(rss(arxiv_paper(1)), PROXY_PAGE, 'entries = "papers"') as other:
        yield other


@asynccontextmanager
async def _feed(there: Document, broken: Reply, entries: str) -> AsyncIterator[Other]:
    async with DocumentServer() as server:
        documents = server.documents
        documents["/feed.xml"] = there
        yield Other(
            f'kind = "feed"\nurl = "{server.url}/feed.xml"\nallow_private = true\n{entries}\n[schedule]\nat = "00:00"',
            lambda: documents.update({"/feed.xml": broken}),
            lambda: documents.update({"/feed.xml": there}),
        )


@pytest.mark.parametrize("kind", [another_folder, git, web, feed_of_posts, feed_of_papers])
async def test_a_source_fails_while_another_ones_digest_is_delivered(site: Site, tmp_path: Path, kind: Kind) -> None:
    site.chats.names = (READER,)
    async with kind(tmp_path) as other:
        site.more = f'[[sources]]\nname = "other"\n{other.settings}'
        assert (await site.deliver(environ=WHO)).code == 1  # the blog is empty
        before = site.telegram.shown(GROUP)
        assert len(before) == 2
        other.fail()
        site.post(post([1, 2, 3]))
        site.at(2, site.kill, answered=True)
        assert (await site.deliver(environ=WHO)).killed
        ended = await site.deliver(environ=WHO)
        assert (ended.code, "other" in ended.err) == (2, True)
        other.heal()
        await site.finish(environ=WHO)
        site.faults += 1
        site.check()
        assert site.telegram.shown(GROUP) == before
