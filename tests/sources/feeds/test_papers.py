"""Entries of a feed as papers: what came since the last digest, by the hour of delivery."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.errors import SourceError
from bot.sources.feeds import presets
from bot.sources.feeds.days import Hours, pruned
from bot.sources.feeds.papers import FeedOfPapers
from bot.sources.feeds.presets import Listing
from bot.sources.source import Cost, FoundDigest
from bot.sources.web.addresses import AddressGuard
from bot.sources.web.fetcher import Fetcher
from formatters.model import Link
from formatters.summary import summarise
from tests.support.fakes.documents import DocumentServer
from tests.support.feeds import arxiv_paper, item, rss

SEOUL = ZoneInfo("Asia/Seoul")
PATH = "/rss/cs.CL"
EVERY_DAY = range(7)


class Clock:
    """The time in Seoul; a Tuesday."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 3, 8, 30, tzinfo=SEOUL)

    def __call__(self) -> float:
        return self.now.timestamp()

    def at(self, day: int, hour: int, minute: int = 0) -> None:
        self.now = datetime(2026, 3, day, hour, minute, tzinfo=SEOUL)


@pytest.fixture
async def server() -> AsyncIterator[DocumentServer]:
    async with DocumentServer() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(server: DocumentServer, clock: Clock) -> FeedOfPapers:
    return made(presets.arxiv(["cs.CL"], server.url), clock)


def made(listing: Listing, clock: Clock, top: int = 3, state: str = "") -> FeedOfPapers:
    fetcher = Fetcher(AddressGuard(allow_private=True), first_pause=0.01)
    hours = Hours(time(8, 30), EVERY_DAY, SEOUL)
    return FeedOfPapers("new", fetcher, listing, hours, top, clock=clock, state=state)


async def read(source: FeedOfPapers, server: DocumentServer, *items: str) -> dict[int, list[str]]:
    """Give the titles of each day when the feed holds this."""
    server.documents[PATH] = rss(*items, title="New papers", link="https://papers.example/")
    return titles(await source.digests())


def titles(found: Sequence[FoundDigest]) -> dict[int, list[str]]:
    return {one.digest.day.day: [paper.title for paper in one.digest.papers] for one in found}


def papers(*numbers: int) -> list[str]:
    return [arxiv_paper(number) for number in numbers]


def named(*numbers: int) -> list[str]:
    return [f"A Paper of Number {number}" for number in numbers]


# What is said of a paper


async def test_a_paper_of_arxiv(source: FeedOfPapers, server: DocumentServer) -> None:
    await read(source, server, arxiv_paper(1, title="On $\\ell_2$ <think>"))
    [found] = await source.digests()
    digest = found.digest
    assert (digest.id, digest.series, found.post) == ("arxiv-cs-cl/2026-03-03", "arXiv cs.CL", "2026-03-03")
    assert (digest.url, digest.preface) == ("https://arxiv.org/list/cs.CL/new", "")
    [paper] = digest.papers
    assert (paper.id, paper.title, paper.url) == ("2603.00001", "On ℓ₂ <think>", "https://arxiv.org/abs/2603.00001")
    assert [section.heading for section in paper.sections] == ["Abstract", "Authors"]
    assert summarise(paper).lead == "Abstract 1: xᵢ < 5% of A*."
    assert paper.sections[1].body == "Ann A., Bob B."
    assert str(source.survey) == "1 post read, 1 digest, 1 paper"


async def test_a_paper_of_biorxiv(server: DocumentServer, clock: Clock) -> None:
    source = made(presets.biorxiv(["cell_biology", "genomics"], server.url), clock)
    link = "https://www.biorxiv.org/content/10.64898/2026.03.02.123456v1"
    entry = item(title="<i>E. coli</i> in Rain", link=f"{link}?rss=1", description="They &lt;i&gt;fall&lt;/i&gt;.")
    server.documents["/biorxiv_xml.php"] = rss(entry)
    [found] = await source.digests()
    [paper] = found.digest.papers
    assert (paper.title, paper.url, paper.links) == ("E. coli in Rain", link, (Link("PDF", f"{link}.full.pdf"),))
    assert paper.id == "doi:10.64898/2026.03.02.123456"
    assert found.digest.series == "bioRxiv cell biology, genomics"
    assert found.digest.url == "https://www.biorxiv.org/collection/cell-biology"
    assert dict(server.requests[0].query) == {"subject": "cell_biology genomics"}


async def test_the_series_of_another_feed_is_its_first_title(server: DocumentServer, clock: Clock) -> None:
    source = made(Listing(f"{server.url}{PATH}"), clock)
    first = item(title="Rain falls on the just", link="https://papers.example/1", description="<p>It <b>falls</b>.</p>")
    await read(source, server, first, item(link="https://papers.example/2"), item(title="Snow"))
    server.documents[PATH] = rss(first, title="Renamed")
    [found] = await source.digests()
    digest = found.digest
    assert (digest.id, digest.url) == ("new-papers/2026-03-03", "https://papers.example/")
    assert [(paper.title, paper.url) for paper in digest.papers] == [
        ("Rain falls on the just", "https://papers.example/1"),
        ("Snow", ""),
    ]
    assert digest.papers[0].sections[0].body == "It **falls**."


# Which papers count


async def test_replacements_and_cross_lists_are_left_out(
    source: FeedOfPapers, server: DocumentServer, clock: Clock
) -> None:
    kinds = ("new", "cross", "replace", "replace-cross")
    items = [arxiv_paper(number, kind) for number, kind in enumerate(kinds, 1)]
    assert await read(source, server, *items) == {3: named(1)}
    crossing = made(presets.arxiv(["cs.CL"], server.url, cross_lists=True), clock)
    assert await read(crossing, server, *items) == {3: named(1, 2)}


async def test_the_address_of_a_feed_of_arxiv_gives_all_but_replacements(server: DocumentServer, clock: Clock) -> None:
    source = made(Listing(f"{server.url}{PATH}"), clock, top=9)
    kinds = ["new", "cross", "replace", "replace-cross"]
    items = [arxiv_paper(number, announced) for number, announced in enumerate(kinds, 1)]
    assert await read(source, server, *items) == {3: named(1, 2)}


async def test_keywords_begin_words(source: FeedOfPapers, server: DocumentServer) -> None:
    source.keywords = ("agent", "RL")
    found = await read(
        source,
        server,
        arxiv_paper(1, title="Agents at Work"),
        arxiv_paper(2, title="The World of Reagents"),
        arxiv_paper(3, description="We use RL."),
    )
    assert found == {3: ["Agents at Work", "A Paper of Number 3"]}


async def test_the_first_look_takes_the_newest(server: DocumentServer, clock: Clock) -> None:
    source = made(Listing(f"{server.url}{PATH}"), clock)
    dated = [arxiv_paper(n, "", pubDate=f"Mon, 0{n} Feb 2026 00:00:00 GMT") for n in (2, 4, 1, 5, 3)]
    assert await read(source, server, *dated, arxiv_paper(6, "", pubDate="")) == {3: named(5, 4, 3)}
    assert (await source.digests())[0].digest.preface == ""
    clock.at(4, 9)
    assert await read(source, server, *dated, *[arxiv_paper(7, "")]) == {3: named(5, 4, 3), 4: named(7)}


async def test_others_are_counted_and_linked(source: FeedOfPapers, server: DocumentServer, clock: Clock) -> None:
    await read(source, server)
    clock.at(3, 9)
    assert await read(source, server, *papers(1, 2, 3, 4, 5)) == {3: named(1, 2, 3)}
    [found] = await source.digests()
    assert found.digest.preface == "+2 → [cs.CL](https://arxiv.org/list/cs.CL/new)"


async def test_others_of_a_feed_without_a_page(server: DocumentServer, clock: Clock) -> None:
    source = made(Listing(f"{server.url}{PATH}"), clock, top=1)
    for numbers in ((1,), (2, 3)):
        server.documents[PATH] = rss(*(arxiv_paper(n, "") for n in numbers), title="New *papers*", link="")
        [found] = await source.digests()
    assert (found.digest.preface, found.digest.url) == ("+2 → New &#42;papers&#42;", "")


# Which day a paper belongs to


async def test_what_comes_after_the_hour_is_of_the_next_day(
    source: FeedOfPapers, server: DocumentServer, clock: Clock
) -> None:
    assert await read(source, server, *papers(1)) == {3: named(1)}
    clock.at(3, 14)
    assert await read(source, server, *papers(2)) == {3: named(1)}
    clock.at(4, 8, 29)
    assert await read(source, server, *papers(3)) == {3: named(1)}
    clock.at(4, 8, 30)
    assert await read(source, server, *papers(4)) == {3: named(1), 4: named(2, 3, 4)}


async def test_what_comes_soon_after_the_digest_is_appended(
    source: FeedOfPapers, server: DocumentServer, clock: Clock
) -> None:
    await read(source, server, *papers(1))
    clock.at(3, 10)
    assert await read(source, server, *papers(2)) == {3: named(1, 2)}
    clock.at(3, 10, 15)
    assert await read(source, server, *papers(3, 4)) == {3: named(1, 2, 3)}
    assert (await source.digests())[0].digest.preface.startswith("+1 → ")
    clock.at(3, 10, 30)
    assert await read(source, server, *papers(5)) == {3: named(1, 2, 3)}


async def test_papers_that_are_late_come_the_same_day(
    source: FeedOfPapers, server: DocumentServer, clock: Clock
) -> None:
    await read(source, server, *papers(1))
    clock.at(4, 8, 30)
    assert await read(source, server) == {3: named(1)}
    clock.at(4, 14)
    assert await read(source, server, *papers(2)) == {3: named(1), 4: named(2)}


async def test_the_first_papers_do_not_wait_for_the_hour(
    source: FeedOfPapers, server: DocumentServer, clock: Clock
) -> None:
    clock.at(3, 7)
    assert await read(source, server, *papers(1)) == {2: named(1)}
    clock.at(3, 8, 30)
    assert await read(source, server, *papers(2)) == {2: named(1), 3: named(2)}


async def test_days_of_the_schedule(source: FeedOfPapers, server: DocumentServer, clock: Clock) -> None:
    source.hours = Hours(time(8, 30), range(5), SEOUL)
    await read(source, server, *papers(1))
    clock.at(7, 9)  # Saturday
    assert await read(source, server, *papers(2)) == {3: named(1)}
    clock.at(9, 8, 30)  # Monday
    assert await read(source, server) == {3: named(1), 9: named(2)}


async def test_three_days_are_remembered(source: FeedOfPapers, server: DocumentServer, clock: Clock) -> None:
    for day in range(3, 8):
        clock.at(day, 9)
        await read(source, server, *papers(day))
    assert list(titles(await source.digests())) == [5, 6, 7]
    assert list(titles(await source.digests(date(2026, 3, 6)))) == [6, 7]


# What was given stays


async def test_what_was_given_stays(source: FeedOfPapers, server: DocumentServer, clock: Clock) -> None:
    """Also when it is gone from the feed, or told otherwise; and over a restart, with fewer papers a day."""
    await read(source, server, *papers(1, 2))
    [first] = await source.digests()
    again = made(source.listing, clock, 1, source.state)
    again_titled = arxiv_paper(1, description="Another abstract.")
    assert await read(again, server, again_titled, arxiv_paper(3)) == {3: named(1, 2)}
    [after] = await again.digests()
    assert after.digest.papers == first.digest.papers


async def test_an_author_who_writes_all_ids_anew_sends_nothing(server: DocumentServer, clock: Clock) -> None:
    source = made(Listing(f"{server.url}{PATH}"), clock)

    def entries(site: str, guid: str) -> list[str]:
        return [
            item(title=f"The rain of day {n} in Spain", link=f"https://{site}/{n}", guid=f"{guid}{n}") for n in (1, 2)
        ]

    first = await read(source, server, *entries("a.example", "a"))
    for site, guid in (("a.example", "b"), ("b.example", "b"), ("b.example", "c")):
        clock.now += timedelta(days=1)
        assert await read(source, server, *entries(site, guid)) == first


async def test_short_titles_are_no_names(server: DocumentServer, clock: Clock) -> None:
    source = made(Listing(f"{server.url}{PATH}"), clock)
    errata = [item(title="Erratum", link=f"https://a.example/{n}", guid=f"{n}") for n in (1, 2)]
    assert await read(source, server, *errata) == {3: ["Erratum", "Erratum"]}


def test_what_the_feed_dropped_is_forgotten_in_time() -> None:
    today = date(2026, 3, 3)
    old, young = today - timedelta(days=61), today - timedelta(days=60)
    assert pruned({"a": old, "b": young, "c": today}, today) == {"b": young, "c": today}
    many = {f"{n}": today - timedelta(days=1) for n in range(6000)}
    there = {f"now {n}": today for n in range(6000)}
    assert len(pruned({**many, **there}, today)) == 11_000


# Bad days


async def test_a_look_that_finds_nothing_new_costs_one_free_request(
    source: FeedOfPapers, server: DocumentServer, clock: Clock
) -> None:
    server.documents[PATH] = rss(*papers(1), etag='"one"')
    found = await source.digests()
    again = made(source.listing, clock, state=source.state)
    for _ in range(2):
        assert await again.digests() == found
    assert (len(server.requests), again.cost) == (3, Cost(2, 0))
    assert again.state == source.state


async def test_another_address_is_read_anew(source: FeedOfPapers, server: DocumentServer, clock: Clock) -> None:
    server.documents[PATH] = rss(*papers(1), etag='"one"')
    await source.digests()
    server.documents["/rss/cs.LG"] = rss(*papers(1, 2, 3, 4, 5), etag='"one"')
    clock.at(4, 9)
    other = made(presets.arxiv(["cs.LG"], server.url), clock, state=source.state)
    assert titles(await other.digests())[4] == named(2, 3, 4)


async def test_arxiv_is_empty_at_weekends_and_others_are_not(
    source: FeedOfPapers, server: DocumentServer, clock: Clock
) -> None:
    assert await read(source, server, *papers(1)) == await read(source, server)
    other = made(Listing(f"{server.url}{PATH}"), clock)
    first = await read(other, server, arxiv_paper(1, ""))
    kept = other.state
    with pytest.raises(SourceError, match=r"source new: its feed has no entries any more; open .* in a browser"):
        await read(other, server)
    assert other.state == kept
    assert await read(other, server, arxiv_paper(1, "")) == first


async def test_a_first_look_on_a_day_without_papers_is_no_problem(
    source: FeedOfPapers, server: DocumentServer, clock: Clock
) -> None:
    assert await read(source, server) == {}
    assert (str(source.survey), source.survey.problem(has_given=False)) == ("no papers now, as on weekends", "")
    other = made(Listing(f"{server.url}{PATH}"), clock)
    assert await read(other, server) == {}
    assert other.survey.problem(has_given=False) == "0 posts read, none is a digest"
    other.keywords = ["no such word"]
    assert await read(other, server, arxiv_paper(1, "")) == {}
    assert other.survey.problem(has_given=False) == ""


async def test_a_clock_that_was_ahead_sends_nothing_again(
    source: FeedOfPapers, server: DocumentServer, clock: Clock
) -> None:
    clock.now += timedelta(days=400)
    await read(source, server, *papers(1))
    clock.at(3, 9)
    found = await read(source, server, *papers(1, 2))
    assert sorted(title for one in found.values() for title in one) == named(1, 2)


async def test_a_broken_feed_is_told(source: FeedOfPapers, server: DocumentServer) -> None:
    assert await read(source, server, *papers(1), "<item>A & B</item>") == {3: named(1)}
    assert "is no well-formed XML" in str(source.problems)
    await read(source, server, *papers(1))
    assert source.problems == {}


async def test_what_a_newer_version_remembered_is_read_anew(source: FeedOfPapers, server: DocumentServer) -> None:
    source.state = '{"days": 9}'
    assert await read(source, server, *papers(1)) == {3: named(1)}


def test_hours_are_of_the_zone() -> None:
    hours = Hours(time(8, 30), [1], SEOUL)
    just = datetime(2026, 3, 2, 23, 30, tzinfo=UTC).timestamp()
    assert (hours.day(just), hours.day(just - 1), hours.day(just + 86400)) == (date(2026, 3, 3), None, None)
