"""Whatever a site on the web answers: one clear line, the other sources go on, and nothing is sent again."""

from __future__ import annotations

import gzip
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.app.assembly import App
from bot.sources.feeds.papers import FeedOfPapers
from bot.sources.feeds.posts import FeedOfPosts
from bot.sources.web.addresses import AddressGuard
from bot.sources.web.huggingface import HuggingFaceSource
from tests.acceptance.test_sources import API, paper, papers
from tests.support.app import SECOND, memory, opened
from tests.support.fakes.documents import Document, DocumentServer, Reply, endless, silence, status
from tests.support.feeds import arxiv_paper, post, rss
from tests.support.memory_channel import MemoryChannel
from tests.support.setup import AT_ONCE

PAGE = '<h1>1. <a href="https://arxiv.org/abs/2603.00001">Rain</a></h1><p>It falls.</p>'


class _Local(AddressGuard):
    """Take this machine for a public one."""

    async def pinned(self, url: httpx.URL) -> list[httpx.URL]:
        return [url] if url.host == "127.0.0.1" else await super().pinned(url)


FOLDER: Mapping[str, object] = {"name": "daily", "kind": "folder", "path": "_posts"}


@dataclass(frozen=True)
class Kind:
    """A kind of source on the web, and what it reads when all is well."""

    name: str
    path: str
    good: Document
    settings: Mapping[str, object]


KINDS = [
    Kind("huggingface", API, papers(paper(1)), {"kind": "huggingface"}),
    Kind("posts", "/feed.xml", rss(post("Rain 2026-03-03", PAGE)), {"kind": "feed"}),
    Kind("papers", "/rss/cs.CL", rss(arxiv_paper(1)), {"kind": "feed", "arxiv": ["cs.CL"]}),
]
BAD: Mapping[str, tuple[Reply, str]] = {
    "gone": (status(410), "HTTP 410 Gone; it is gone for good; take this source out of the settings"),
    "not found": (status(404), "HTTP 404 Not Found; there is nothing; check the address"),
    "a token is wanted": (status(401), "HTTP 401 Unauthorized; it wants a token; check it"),
    "forbidden": (status(403), "HTTP 403 Forbidden; it lets us not in"),
    "busy": (status(429, Retry_After="3600"), "HTTP 429 Too Many Requests"),
    "broken": (status(500), "HTTP 500 Internal Server Error"),
    "slow": (silence, "no answer within 0.2 seconds"),
    "endless": (endless, "has more than 100,000 bytes"),
    "in a circle": (status(302, Location=""), "leads from one address to the next"),
    "to a file": (status(302, Location="file:///etc/hostname"), "only http and https addresses can be read"),
    "a bomb": (
        Document(gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"}),
        "has more than 100,000 bytes",
    ),
    "a page": (Document(b"<html><body>We are <b>down</b></body></html>", "text/html"), "is no"),
    "entities": (Document(b'<!DOCTYPE x [<!ENTITY a "b">]><rss><channel/></rss>'), "is no list|declares entities"),
    "nothing": (Document(b""), "is no"),
    "no JSON": (Document(b'{"error": "none"}', "application/json"), "is no"),
}  # fmt: skip


@pytest.fixture
async def server() -> AsyncIterator[DocumentServer]:
    async with DocumentServer() as server:
        yield server


@asynccontextmanager
async def _opened(channel: MemoryChannel, server: DocumentServer, kind: Kind, *posts: str) -> AsyncIterator[App]:
    url = server.url + ("/feed.xml" if kind.name == "posts" else "")
    web = {"name": "web", **kind.settings, "url": url, "allow_private": True}
    async with opened(channel, *posts, sources=[web, FOLDER], policy=AT_ONCE) as app:
        fetcher = source_of(app).fetcher
        fetcher.largest, fetcher.tries = 100_000, 1
        for file in Path("_posts").iterdir():
            os.utime(file, (1, 1))  # one that was just written would be waited for
        yield app


def source_of(app: App) -> HuggingFaceSource | FeedOfPosts | FeedOfPapers:
    source = app.cycle.sources[0]
    assert isinstance(source, HuggingFaceSource | FeedOfPosts | FeedOfPapers)
    return source


async def sweep(app: App) -> Sequence[str]:
    errors = await app.cycle.plan(at_once=True, resume=False)
    await app.cycle.dispatcher().run()
    return [str(error) for error in errors]


def shown(channel: MemoryChannel) -> list[str]:
    return [str(message.body) for message in channel.chats["5"]]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_a_site_that_is_away_or_lies(server: DocumentServer, kind: Kind) -> None:
    channel = memory()
    server.documents[kind.path] = kind.good
    async with _opened(channel, server, kind) as app:
        assert await sweep(app) == []
    before = shown(channel)
    assert before
    async with _opened(channel, server, kind, SECOND) as app:
        for name, (reply, said) in BAD.items():
            server.documents[kind.path] = reply
            source_of(app).fetcher.longest = 0.2 if reply is silence else 20.0
            error = str(*await app.cycle.plan(at_once=True, resume=False))
            assert "\n" not in error, name
            assert any(one in error for one in said.split("|")), (name, error)
        await app.cycle.dispatcher().run()
        after = shown(channel)
        assert after[: len(before)] == before
        assert len(after) > len(before)  # of the folder
        server.documents[kind.path] = kind.good
        assert await sweep(app) == []
    assert shown(channel) == after


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_a_redirect_into_the_network_of_the_operator(server: DocumentServer, kind: Kind) -> None:
    """The first address may be private here, since all of this machine's are; where it leads may not."""
    server.documents[kind.path] = status(302, Location="http://169.254.169.254/latest/")
    async with _opened(memory(), server, kind) as app:
        source_of(app).fetcher.guard = _Local()
        (error,) = await sweep(app)
    assert "169.254.169.254, which is not a public address" in error
    assert len(server.requests) == 1
