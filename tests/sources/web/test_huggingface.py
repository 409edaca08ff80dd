"""The papers of a day at Hugging Face, from a server that answers as the API does, and otherwise."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.errors import SourceError
from bot.sources.fingerprint import fingerprint
from bot.sources.source import Cost
from bot.sources.web.addresses import AddressGuard
from bot.sources.web.fetcher import Fetcher
from bot.sources.web.huggingface import HuggingFaceSource
from formatters.model import Digest
from formatters.summary import summarise
from tests.support.fakes.documents import Document, DocumentServer, status

PATH = "/api/daily_papers"
NOW = datetime(2026, 3, 4, 23, 30, tzinfo=UTC).timestamp()
DAY = date(2026, 3, 3)


def item(number: int, upvotes: int = 1, **more: Any) -> dict[str, Any]:
    """Spell a paper as the API does, with fields that nobody here needs."""
    paper = {
        "id": f"2603.{number:05}",
        "title": f"Paper {number}",
        "upvotes": upvotes,
        "summary": f"Abstract {number}.",
    }
    return {"publishedAt": "2026-03-03T00:00:00.000Z", "numComments": 1, "paper": {**paper, **more}}


def answer(*items: object, etag: str = "") -> Document:
    return Document(json.dumps(items).encode(), "application/json; charset=utf-8", etag)


@pytest.fixture
async def server() -> AsyncIterator[DocumentServer]:
    async with DocumentServer() as server:
        yield server


@pytest.fixture
def source(server: DocumentServer) -> HuggingFaceSource:
    fetcher = Fetcher(AddressGuard(allow_private=True), first_pause=0.01)
    return HuggingFaceSource("hf", fetcher, top=3, min_upvotes=2, site=server.url, clock=lambda: NOW)


async def read(source: HuggingFaceSource, server: DocumentServer, *items: object) -> Digest:
    """Give the newest digest when the API says this."""
    server.documents[PATH] = answer(*items)
    return (await source.digests())[-1].digest


def titles(digest: Digest) -> list[str]:
    return [paper.title for paper in digest.papers]


async def test_the_day_that_ended_is_asked_for(source: HuggingFaceSource, server: DocumentServer) -> None:
    digest = await read(source, server, item(1, 5))
    assert (digest.id, digest.day, digest.series) == (
        "hugging-face-daily-papers/2026-03-03",
        DAY,
        "Hugging Face Daily Papers",
    )
    assert digest.url == f"{server.url}/papers/date/2026-03-03"
    assert [dict(request.query) for request in server.requests] == [{"date": "2026-03-03", "limit": "100"}]
    assert str(source.survey) == "1 post read, 1 digest, 1 paper"


async def test_papers_come_by_upvotes(source: HuggingFaceSource, server: DocumentServer) -> None:
    digest = await read(source, server, item(1, 2), item(2, 9), item(3, 1), item(4, 2), item(5, 3))
    assert [(paper.number, paper.title) for paper in digest.papers] == [(1, "Paper 2"), (2, "Paper 5"), (3, "Paper 1")]
    assert digest.papers[0].url == "https://arxiv.org/abs/2603.00002"


async def test_votes_never_change_a_digest(source: HuggingFaceSource, server: DocumentServer) -> None:
    first = await read(source, server, item(1, 3), item(2, 2))
    second = await read(source, server, item(2, 90), item(1, 4))
    assert (second, fingerprint(second)) == (first, fingerprint(first))


async def test_later_papers_are_appended_while_there_is_place(
    source: HuggingFaceSource, server: DocumentServer
) -> None:
    await read(source, server, item(1, 3), item(2, 2))
    digest = await read(source, server, item(3, 9), item(4, 8), item(1, 3), item(2, 2))
    assert titles(digest) == ["Paper 1", "Paper 2", "Paper 3"]


async def test_what_was_chosen_stays(source: HuggingFaceSource, server: DocumentServer) -> None:
    """Also when it has lost its votes, or is gone; and over a restart."""
    first = await read(source, server, item(1, 3, ai_summary="In short."), item(2, 2))
    again = HuggingFaceSource(source.name, source.fetcher, 3, 2, server.url, source.clock, source.state)
    assert await read(again, server, item(1, 0)) == first


async def test_what_is_said_of_a_paper_is_brought_up_to_date(source: HuggingFaceSource, server: DocumentServer) -> None:
    await read(source, server, item(1, 3))
    digest = await read(source, server, item(1, 3, ai_summary="It is short.", title="Mended", summary=None))
    [paper] = digest.papers
    assert (paper.title, summarise(paper).lead) == ("Mended", "It is short.")
    assert [section.heading for section in paper.sections] == ["TL;DR", "Abstract"]


async def test_all_that_the_api_says_of_a_paper(source: HuggingFaceSource, server: DocumentServer) -> None:
    more = {"githubRepo": "https://github.com/a/b", "projectPage": "https://a.example", "ai_keywords": ["x", "y"]}
    digest = await read(source, server, item(1, 3, authors=[{"name": "Ann A."}, {"hidden": True}, 7], **more))
    [paper] = digest.papers
    assert [(link.label, link.url) for link in paper.links] == [
        ("Code", "https://github.com/a/b"),
        ("Project", "https://a.example"),
    ]
    assert [(one.heading, one.body) for one in paper.sections] == [
        ("Abstract", "Abstract 1."),
        ("Keywords", "x, y"),
        ("Authors", "Ann A."),
    ]


async def test_characters_that_nobody_sees_are_left_out(source: HuggingFaceSource, server: DocumentServer) -> None:
    """PostgreSQL cannot store the first of them."""
    odd = item(
        1, 2, title="A\0 paper", summary="An\0 abstract\x07.", ai_keywords=["a\0 word"], authors=[{"name": "A\0nn"}]
    )
    digest = await read(source, server, odd)
    assert digest.papers[0].title == "A paper"
    assert [one.body for one in digest.papers[0].sections] == ["An abstract.", "a word", "Ann"]


async def test_a_day_without_papers_leaves_the_one_before(source: HuggingFaceSource, server: DocumentServer) -> None:
    first = await read(source, server, item(1, 3))
    source.clock = lambda: NOW + 86400
    assert await read(source, server) == first
    assert await source.digests(date(2026, 3, 4)) == []
    assert source.survey.digests == 1


async def test_a_first_look_on_a_day_without_papers_is_no_problem(
    source: HuggingFaceSource, server: DocumentServer
) -> None:
    server.documents[PATH] = answer()
    assert await source.digests() == []
    assert (str(source.survey), source.survey.problem(has_given=False)) == ("no papers now, as on weekends", "")


async def test_three_days_are_remembered(source: HuggingFaceSource, server: DocumentServer) -> None:
    for days in range(5):
        source.clock = lambda days=days: NOW + days * 86400  # type: ignore[misc]
        await read(source, server, item(days + 1, 3))
    assert [found.post for found in await source.digests()] == ["2026-03-05", "2026-03-06", "2026-03-07"]


async def test_a_look_that_finds_nothing_new_costs_one_free_request(
    source: HuggingFaceSource, server: DocumentServer
) -> None:
    server.documents[PATH] = answer(item(1, 3), etag='"one"')
    first = await source.digests()
    came = source.cost.bytes
    assert await source.digests() == first
    assert (len(server.requests), source.cost) == (2, Cost(2, came))


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (None, "all of it"),
        ({"paper": 7}, "all of it"),
        ({"paper": {"title": "No id"}}, "id"),
        (item(2, id="../../etc"), "id"),
        (item(2, id=2603.1), "id"),
        (item(2, title=None), "title"),
    ],
    ids=str,
)
async def test_one_broken_paper_keeps_no_other_back(
    source: HuggingFaceSource, server: DocumentServer, bad: object, field: str
) -> None:
    digest = await read(source, server, item(1, 3), bad, item(3, 3))
    assert titles(digest) == ["Paper 1", "Paper 3"]
    assert list(source.problems.values()) == [f"hf: 2026-03-03: paper 2 is left out, it is not as expected: {field}"]
    await read(source, server, item(1, 3))
    assert source.problems == {}


async def test_fields_of_another_type_are_as_if_missing(source: HuggingFaceSource, server: DocumentServer) -> None:
    odd = item(1, ai_summary=["a"], summary=3, ai_keywords="x", authors=None, githubRepo={}, projectPage=1)
    source.min_upvotes = 0
    digest = await read(source, server, {**odd, "paper": {**odd["paper"], "upvotes": "many"}})
    assert (titles(digest), digest.papers[0].sections, digest.papers[0].links) == (["Paper 1"], (), ())


@pytest.mark.parametrize("content", [b"<html>Busy</html>", b'{"error": "none"}', b"[", b"\xff"])
async def test_an_answer_that_is_no_list_of_papers(
    source: HuggingFaceSource, server: DocumentServer, content: bytes
) -> None:
    first = await read(source, server, item(1, 3))
    kept = source.state
    server.documents[PATH] = Document(content)
    with pytest.raises(SourceError, match=r"/api/daily_papers: the answer is no list of papers"):
        await source.digests()
    assert source.state == kept
    assert await read(source, server, item(1, 3)) == first


async def test_a_site_that_refuses(source: HuggingFaceSource, server: DocumentServer) -> None:
    server.documents[PATH] = status(400)
    with pytest.raises(SourceError, match="HTTP 400"):
        await source.digests()


async def test_what_a_newer_version_remembered_is_read_anew(source: HuggingFaceSource, server: DocumentServer) -> None:
    source.state = '{"version": 9}'
    assert titles(await read(source, server, item(1, 3))) == ["Paper 1"]
