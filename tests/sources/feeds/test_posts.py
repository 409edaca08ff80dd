"""Entries of a feed as posts, from a server that answers as blogs do, and otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.errors import SourceError
from bot.sources.feeds.posts import FeedOfPosts
from bot.sources.source import Cost, FoundDigest
from bot.sources.web.addresses import AddressGuard
from bot.sources.web.fetcher import Fetcher
from tests.support.fakes.documents import Document, DocumentServer
from tests.support.feeds import item, post, rss

NOW = datetime(2026, 3, 4, 0, 30, tzinfo=UTC).timestamp()
PAGE = '<h1>1. <a href="https://arxiv.org/abs/2603.00001">Rain</a></h1><h2>Introduction</h2><p>It <b>falls</b>.</p>'
TITLE = "Daily Papers — 2026-03-03"
LINK = "https://blog.example/2026/03/03/papers/"
MIDNIGHT = "Tue, 03 Mar 2026 00:30:00 +0900"


@pytest.fixture
async def server() -> AsyncIterator[DocumentServer]:
    async with DocumentServer() as server:
        yield server


@pytest.fixture
def source(server: DocumentServer) -> FeedOfPosts:
    return made(server)


def made(server: DocumentServer, state: str = "", match: str | None = None) -> FeedOfPosts:
    fetcher = Fetcher(AddressGuard(allow_private=True), first_pause=0.01)
    url, zone = f"{server.url}/feed.xml", ZoneInfo("Asia/Seoul")
    return FeedOfPosts("blog", fetcher, url, match, zone, {"Authorization": "Bearer FAKE"}, lambda: NOW, state)


async def read(source: FeedOfPosts, server: DocumentServer, *items: str) -> list[FoundDigest]:
    server.documents["/feed.xml"] = rss(*items)
    return list(await source.digests())


async def one(source: FeedOfPosts, server: DocumentServer, **fields: str) -> FoundDigest:
    [found] = await read(source, server, post(TITLE, PAGE, **fields))
    return found


async def test_a_post_is_a_digest(source: FeedOfPosts, server: DocumentServer) -> None:
    found = await one(source, server, link=LINK, pubDate=MIDNIGHT)
    digest = found.digest
    assert (digest.id, digest.series, digest.url) == ("daily-papers/2026-03-03", "Daily Papers", LINK)
    [paper] = digest.papers
    assert (paper.id, paper.title, paper.sections[0].body.strip()) == ("2603.00001", "Rain", "It **falls**.")
    assert found.post == "2026/03/03/papers"
    assert str(source.survey) == "1 post read, 1 digest, 1 paper"
    assert (source.problems, server.requests[0].headers["Authorization"]) == ({}, "Bearer FAKE")


@pytest.mark.parametrize(
    ("fields", "day"),
    [
        ({"pubDate": MIDNIGHT, "title": "Papers"}, date(2026, 3, 3)),  # of the settings' zone
        ({"title": "Papers 2026-03-02"}, date(2026, 3, 2)),
        ({"link": "https://blog.example/2026/03/01/papers/"}, date(2026, 3, 1)),
        ({"pubDate": "Thu, 01 Jan 1970 00:00:00 GMT"}, date(2026, 3, 3)),  # of the title, as in what follows
        ({"pubDate": "Fri, 01 Jan 2100 00:00:00 GMT"}, date(2026, 3, 3)),
        ({"pubDate": "yesterday"}, date(2026, 3, 3)),
        ({"atom__updated": "2026-02-27T10:00:00Z"}, date(2026, 3, 3)),
        ({"atom__updated": "2026-02-27T10:00:00Z", "title": "Papers"}, date(2026, 2, 27)),
    ],
    ids=str,
)
async def test_the_day_of_a_post(
    source: FeedOfPosts, server: DocumentServer, fields: dict[str, str], day: date
) -> None:
    document = rss(item(**{"title": TITLE if "link" not in fields else "Papers", "content__encoded": PAGE, **fields}))
    names = b'<rss xmlns:atom="http://www.w3.org/2005/Atom" '
    server.documents["/feed.xml"] = Document(document.content.replace(b"<rss ", names), document.content_type)
    [found] = await source.digests()
    assert found.digest.day == day


async def test_a_post_without_any_day_is_told(source: FeedOfPosts, server: DocumentServer) -> None:
    assert await read(source, server, post("Papers", PAGE, pubDate="Thu, 01 Jan 1970 00:00:00 GMT")) == []
    assert list(source.problems.values()) == [
        "p: no date that can be in the feed, its address or its title; tell its author"
    ]


async def test_a_title_of_another_day_is_told(source: FeedOfPosts, server: DocumentServer) -> None:
    await one(source, server, pubDate="Thu, 26 Feb 2026 00:30:00 +0900")
    assert list(source.problems.values()) == [
        "p: dated 2026-02-26 by its feed, which counts, but 2026-03-03 by its title"
    ]


async def test_other_posts_are_no_digests(source: FeedOfPosts, server: DocumentServer) -> None:
    assert await read(source, server, post("About me", "<h1>Hello</h1><p>I am here.</p>")) == []
    assert str(source.survey).startswith("1 post read, none is a digest")
    links = (f'<a href="https://arxiv.org/abs/2603.0000{n}">this</a>' for n in (1, 2))
    page = f"<p>See {' and '.join(links)}.</p>"
    assert await read(source, server, post("Links", page)) == []
    assert source.survey.nearest
    assert source.survey.nearest.line == 0


async def test_match_chooses_by_title_or_address(server: DocumentServer) -> None:
    server.documents["/feed.xml"] = rss(post(TITLE, PAGE, LINK), post("Other 2026-03-02", PAGE, "https://a.example/o"))
    for match in ("Daily*", "*/papers/", "2026/*"):
        source = made(server, match=match)
        assert [found.digest.day.day for found in await source.digests()] == [3]
        assert source.survey.posts == 1


async def test_a_look_that_finds_nothing_new_costs_one_free_request(server: DocumentServer) -> None:
    """Also after a restart: the posts are in the state."""
    server.documents["/feed.xml"] = rss(post(TITLE, PAGE), etag='"one"')
    first = made(server)
    found = await first.digests()
    again = made(server, first.state)
    for _ in range(2):
        assert await again.digests() == found
    assert (len(server.requests), again.cost) == (3, Cost(2, 0))
    assert again.state == first.state


async def test_posts_before_a_day_are_left_out(source: FeedOfPosts, server: DocumentServer) -> None:
    server.documents["/feed.xml"] = rss(post(TITLE, PAGE))
    assert await source.digests(date(2026, 3, 4)) == []
    assert len(await source.digests(date(2026, 3, 3))) == 1


async def test_an_edited_post_is_read_anew(source: FeedOfPosts, server: DocumentServer) -> None:
    before = await one(source, server)
    [after] = await read(source, server, post(TITLE, PAGE.replace("falls", "stops")))
    assert (after.digest.id, after.fingerprint == before.fingerprint) == (before.digest.id, False)


async def test_two_entries_of_one_post_are_one(source: FeedOfPosts, server: DocumentServer) -> None:
    [found] = await read(source, server, post(TITLE, PAGE, f"{LINK}old/"), post(TITLE, PAGE, LINK))
    assert found.doubles
    assert "only that one counts" in str(source.problems)


async def test_a_broken_entry_keeps_no_other_back(source: FeedOfPosts, server: DocumentServer) -> None:
    huge = post("Papers 2026-03-02", PAGE + "x" * 600_000, "https://blog.example/huge")
    larger = post("Papers 2026-03-01", PAGE + "x" * 1_100_000, "https://blog.example/larger")
    [found] = await read(source, server, huge, "<item/>", larger, post(TITLE, PAGE))
    assert found.digest.day == date(2026, 3, 3)
    [problem] = source.problems.values()
    assert problem.startswith("huge: larger than a post may be")


async def test_text_without_html_is_markdown(source: FeedOfPosts, server: DocumentServer) -> None:
    text = "# 1. [Rain](https://arxiv.org/abs/2603.00001)\n\nIt falls."
    [found] = await read(source, server, item(title=TITLE, description=text))
    assert found.digest.papers[0].title == "Rain"
    assert found.post == TITLE


async def test_a_feed_that_suddenly_has_nothing_keeps_what_it_had(source: FeedOfPosts, server: DocumentServer) -> None:
    found = await one(source, server)
    kept = source.state
    with pytest.raises(SourceError, match=r"source blog: its feed has no entries any more; open .* in a browser"):
        await read(source, server)
    assert source.state == kept
    assert [await one(source, server)] == [found]


async def test_broken_xml_is_told(source: FeedOfPosts, server: DocumentServer) -> None:
    [found] = await read(source, server, post(TITLE, PAGE), "<item><title>A & B</title></item>")
    assert found.digest.papers
    assert any("is no well-formed XML" in problem for problem in source.problems.values())


@pytest.mark.parametrize("state", ['{"posts": 9}', '{"url": "https://other.example/"}', "?"])
async def test_what_another_version_or_feed_left_is_read_anew(server: DocumentServer, state: str) -> None:
    assert await one(made(server, state), server)
