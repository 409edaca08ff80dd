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
from tests.support.fakes.documents import Document, DocumentServer, status
from tests.support.repository import Repository
from tests.support.setup import DATA

OTHER = "2025-01-05-arxiv-crlf.md"
WHO = {
    "PAPERBOY_TELEGRAM__CHATS": json.dumps(
        [{"chat": READER, "sources": ["daily-papers"]}, {"chat": GROUP, "sources": ["other"]}]
    ),
    "PAPERBOY_SLACK__CHATS": "",
}


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


@pytest.mark.parametrize("kind", [git, web])
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
