"""Digests from a git repository, from Hugging Face and from feeds, to the chats."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from bot.app.assembly import open_app
from bot.config.settings import Settings
from bot.errors import SourceError
from tests.support.app import FIRST, SECOND, memory, opened
from tests.support.chats import SLACK_CHAT
from tests.support.fakes.documents import Document, DocumentServer
from tests.support.fakes.slack import FakeSlack
from tests.support.feeds import arxiv_paper, post, rss
from tests.support.memory_channel import MemoryChannel
from tests.support.repository import Repository
from tests.support.setup import AT_ONCE, DATA

API = "/api/daily_papers"


def paper(number: int, upvotes: int = 1) -> dict[str, object]:
    summary = {"summary": f"The abstract of {number}.", "ai_summary": f"The gist of {number}."}
    return {"paper": {"id": f"2603.{number:05}", "title": f"Paper {number}", "upvotes": upvotes, **summary}}


def papers(*items: object) -> Document:
    return Document(json.dumps(items).encode(), "application/json", etag=f'"{len(items)}"')


@pytest.fixture
async def documents() -> AsyncIterator[DocumentServer]:
    async with DocumentServer() as server:
        yield server


def publish(blog: Repository, post: str, text: str = "") -> None:
    """Let the author publish a post of the tests, or another text in its place."""
    blog.write(f"_posts/{post}", text or (DATA / post).read_text("utf-8"))
    blog.push()


async def sweep(channel: MemoryChannel, sources: Sequence[Mapping[str, object]]) -> list[SourceError]:
    """Look and deliver, with nothing in memory but the channel."""
    async with opened(channel, sources=sources, policy=AT_ONCE) as app:
        errors = await app.cycle.plan(at_once=True, resume=False)
        await app.cycle.dispatcher().run()
        return errors


def shown(channel: MemoryChannel, chat: str = "5") -> list[str]:
    return [str(message.body) for message in channel.chats[chat]]


async def test_a_folder_and_a_repository_with_the_same_posts_give_the_same_messages(tmp_path: Path) -> None:
    blog, from_git, from_folder = Repository(tmp_path), memory(), memory()
    source = {"name": "daily", "kind": "git", "url": blog.url, "path": "_posts"}
    publish(blog, FIRST)
    publish(blog, SECOND)
    assert await sweep(from_git, [source]) == []
    Path("paperboy.db").unlink()
    shutil.copytree(blog.work / "_posts", "_posts", dirs_exist_ok=True)
    await sweep(from_folder, [{"name": "daily", "kind": "folder", "path": "_posts"}])
    assert shown(from_git) == shown(from_folder) != []


async def test_later_versions_in_a_repository_are_edits(tmp_path: Path) -> None:
    blog, channel = Repository(tmp_path), memory()
    source = {"name": "daily", "kind": "git", "url": blog.url, "path": "_posts"}
    publish(blog, SECOND)
    await sweep(channel, [source])
    before = len(shown(channel))
    text = (DATA / SECOND).read_text("utf-8").replace("U-Net", "W-Net")
    publish(blog, SECOND, text)
    await sweep(channel, [source])
    assert len(shown(channel)) == before
    assert any("W-Net" in one for one in shown(channel))
    shutil.rmtree(blog.bare)
    (error,) = await sweep(channel, [source])
    assert str(error).startswith("source daily: git: ")
    assert len(shown(channel)) == before


async def test_two_lines_deliver_the_papers_of_the_day_to_slack(
    tmp_path: Path, slack: FakeSlack, documents: DocumentServer
) -> None:
    documents.documents[API] = papers(paper(1, 3), paper(2, 9))
    slack.add_channel(SLACK_CHAT, name="papers")
    hf = {"name": "hf", "kind": "huggingface", "url": documents.url, "allow_private": True}
    to_slack = {"bot_token": "xoxb-FAKE-slack-token", "base_url": slack.base_url, "chats": [SLACK_CHAT]}
    settings = Settings.model_validate({"sources": [hf], "slack": to_slack})
    for _ in range(2):
        async with open_app(settings, policy=AT_ONCE) as app:
            assert await app.cycle.plan(at_once=True, resume=False) == []
            await app.cycle.dispatcher().run()
    index, first, second = [message.text for message in slack.shown(SLACK_CHAT)]
    assert "Hugging Face Daily Papers" in index
    assert ("Paper 2" in first, "The gist of 2." in first, "Paper 1" in second) == (True, True, True)


async def test_a_site_that_fails_keeps_no_other_source_back_and_nothing_comes_again(documents: DocumentServer) -> None:
    channel = memory()
    sources: list[Mapping[str, object]] = [
        {"name": "hf", "kind": "huggingface", "url": documents.url, "allow_private": True},
        {"name": "daily", "kind": "folder", "path": "_posts"},
    ]
    documents.documents[API] = papers(paper(1))
    await sweep(channel, sources)
    documents.documents[API] = Document(b"<html>We are down</html>")
    Path("_posts").mkdir(exist_ok=True)
    shutil.copy(DATA / SECOND, "_posts")
    (error,) = await sweep(channel, sources)
    assert "the answer is no list of papers" in str(error)
    before = shown(channel)
    assert any("U-Net" in one for one in before)
    documents.documents[API] = papers(paper(1, 50))
    assert await sweep(channel, sources) == []
    assert shown(channel) == before


async def test_the_papers_of_arxiv_come_once_whatever_becomes_of_their_feed(documents: DocumentServer) -> None:
    """Nothing in memory from one look to the next: what was given is known by the state alone."""
    channel = memory()
    sources = [{"name": "new", "kind": "feed", "arxiv": ["cs.CL"], "url": documents.url, "allow_private": True}]
    first, renamed = arxiv_paper(1), arxiv_paper(1, guid="another", title="Renamed")
    for items in ([first], [first], [], [renamed], [first]):
        documents.documents["/rss/cs.CL"] = rss(*items)
        assert await sweep(channel, sources) == []
    index, paper = shown(channel)
    assert ("arXiv cs.CL" in index, "Number 1" in paper) == (True, True)


async def test_the_posts_of_a_feed_are_edited_with_their_pages(documents: DocumentServer) -> None:
    channel = memory()
    sources = [{"name": "blog", "kind": "feed", "url": f"{documents.url}/feed.xml", "allow_private": True}]
    page = '<h1>1. <a href="https://arxiv.org/abs/2603.00001">Rain</a></h1><p>It falls.</p>'
    for said in ("falls", "falls", "stops"):
        documents.documents["/feed.xml"] = rss(post("Rain 2026-03-03", page.replace("falls", said)))
        assert await sweep(channel, sources) == []
    index, paper = shown(channel)
    assert ("Rain" in index, "It stops." in paper) == (True, True)
    documents.documents["/feed.xml"] = rss()
    (error,) = await sweep(channel, sources)
    assert "its feed has no entries any more" in str(error)
    assert shown(channel) == [index, paper]
