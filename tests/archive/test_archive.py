"""The archive: what is looked up, searched, remembered and noted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest

from bot.archive.archive import Archive
from bot.database.states import DigestState
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.digests import PlannedDigest
from formatters.model import Digest, Link, Paper, Section
from formatters.page import reference
from tests.support.digests import days, digest, found, paper
from tests.support.ledger_rows import change, rows
from tests.support.pipeline import Clock, Pipeline, pipeline_at
from tests.support.usual import usual_edition

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

DAY = date(2025, 1, 1)
MINI = Paper(
    "2509.07969",
    1,
    "Mini-o3: Scaling Up Reasoning Patterns for Visual Search",
    "https://arxiv.org/abs/2509.07969",
    (Link("GitHub", "https://github.com/example/mini-o3"),),
    (Section("Introduction", "- Goal: Deep thinking with images.\n- Contribution: Dozens of turns."),),
)
KOREAN = Paper(
    "2509.00001",
    2,
    "잠재확산모델로 눈을 만들기",
    "https://arxiv.org/abs/2509.00001",
    (),
    (Section("서론", "- 목표: 강화학습과 **확산** 모델을 잇는다.\n- 기여: Café에서 쓰는 방법."),),
)


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url, Clock()) as ledger:
        yield ledger


async def write(
    ledger: Ledger, *digests: Digest, state: DigestState = DigestState.ACTIVE, source: str = "blog"
) -> None:
    for one in digests:
        post = f"{one.day}-{one.series.lower().replace(' ', '-')}.md"
        await ledger.write_plan(source, PlannedDigest(one, post, "print", state), [])


async def found_by(archive: Archive, said: str) -> list[str]:
    hits, count = await archive.search(said, 100, 0)
    assert len(hits) == count
    return [hit.ref for hit in hits]


async def test_papers_are_found_by_what_buttons_hold_and_by_their_ids(ledger: Ledger) -> None:
    one = digest(DAY, MINI, KOREAN)
    await write(ledger, one)
    for where, value in (("ref", reference(one, KOREAN)), ("paper", "2509.00001")):
        assert await ledger.archive.paper(where, value) == (one, KOREAN)
        assert await ledger.archive.paper(where, value[:-1]) is None


async def test_a_paper_presented_twice_is_the_newer_one_and_both_are_known(ledger: Ledger) -> None:
    older, newer = digest(DAY, MINI), digest(date(2025, 1, 2), replace(MINI, number=5))
    await write(ledger, newer, older)
    assert await ledger.archive.paper("paper", MINI.id) == (newer, newer.papers[0])
    assert await ledger.archive.paper("ref", reference(older, MINI)) == (older, MINI)


async def test_an_edited_post_is_looked_up_as_it_is_now(ledger: Ledger) -> None:
    await write(ledger, digest(DAY, MINI, KOREAN))
    edited = replace(MINI, title="A New Title", sections=(Section("Introduction", "- Goal: Another."),))
    await write(ledger, digest(DAY, edited))
    assert await found_by(ledger.archive, "확산") == []
    assert await found_by(ledger.archive, "images") == []
    assert len(await found_by(ledger.archive, "another title")) == 1
    assert await ledger.archive.paper("paper", KOREAN.id) is None
    assert await ledger.archive.paper("paper", MINI.id) == (digest(DAY, edited), edited)


@pytest.mark.parametrize(
    ("said", "paper"),
    [
        ("mini-o3", MINI),
        ("MINI O3", MINI),
        ("reas patt", MINI),  # words may only be begun
        ("visual scaling", MINI),  # in any order
        ("images turns visual", MINI),  # of title and text together
        ("2509.07969", MINI),
        ("github", MINI),
        ("introduction dozens", MINI),
        ("확산", KOREAN),  # inside of a longer word, too
        ("산모", KOREAN),
        ("눈", KOREAN),
        ("확산모델", KOREAN),
        ("강화학습 목표", KOREAN),
        ("cafe", KOREAN),
        ("ＣＡＦÉ", KOREAN),
    ],
)
async def test_words_are_found(ledger: Ledger, said: str, paper: Paper) -> None:
    one = digest(DAY, MINI, KOREAN)
    await write(ledger, one)
    assert await found_by(ledger.archive, said) == [reference(one, paper)]


@pytest.mark.parametrize(
    "said", ["", "  ", "!?", '"', "*", "mini AND NOT o3", "산확", "ini", "title:mini", "모델을만", "\0"]
)
async def test_other_words_are_not(ledger: Ledger, said: str) -> None:
    await write(ledger, digest(DAY, MINI, KOREAN))
    assert await found_by(ledger.archive, said) == []
    assert await ledger.archive.titled(said, 8) == []


async def test_titles_are_looked_for_in_titles_alone_and_on_a_day_if_asked(ledger: Ledger) -> None:
    older, newer = digest(DAY, MINI, KOREAN), digest(date(2025, 1, 2), MINI)
    await write(ledger, older, newer)
    assert [hit.day for hit in await ledger.archive.titled("search mini", 8)] == [newer.day, older.day]
    assert [hit.day for hit in await ledger.archive.titled("mini", 8, older.day)] == [older.day]
    assert await ledger.archive.titled("mini", 8, date(2025, 1, 3)) == []
    assert await ledger.archive.titled("images", 8) == []
    assert len(await ledger.archive.titled("mini", 1)) == 1


async def test_hits_come_newest_first_page_by_page_with_a_line_each(ledger: Ledger) -> None:
    for n in (1, 3, 2):
        await write(ledger, digest(date(2025, 1, n), *(paper(k, id=f"{n}{k}") for k in (1, 2))))
    hits = [await ledger.archive.search("plain", 4, start) for start in (0, 4, 8)]
    assert [[(hit.day.day, hit.number) for hit in some] for some, _ in hits] == [
        [(3, 1), (3, 2), (2, 1), (2, 2)],
        [(1, 1), (1, 2)],
        [],
    ]
    assert {count for _, count in hits} == {6}
    assert hits[0][0][0].line == "A plain way."


async def test_days_are_those_with_papers(ledger: Ledger) -> None:
    daily, arxiv = digest(DAY, MINI), digest(DAY, KOREAN, series="Arxiv")
    await write(ledger, daily, arxiv, source="blog")
    await write(ledger, digest(date(2025, 1, 2)), state=DigestState.HELD)
    assert await ledger.archive.days() == [DAY]
    assert await ledger.archive.of_day(DAY) == [daily, arxiv]
    assert await ledger.archive.of_day(date(2025, 1, 2)) == []


async def test_the_newest_is_one_that_is_delivered_if_any_is(ledger: Ledger) -> None:
    assert await ledger.archive.newest() is None
    baseline, active, skipped = (digest(date(2025, 1, n), paper(n)) for n in (1, 2, 3))
    await write(ledger, baseline, state=DigestState.BASELINE)
    await write(ledger, digest(date(2025, 1, 9)), state=DigestState.HELD)
    assert await ledger.archive.newest() == baseline
    await write(ledger, skipped, state=DigestState.SKIPPED)
    await write(ledger, active)
    assert await ledger.archive.newest() == active


async def test_what_an_older_version_delivered_of_the_future_is_not_the_newest(ledger_url: str) -> None:
    typo = digest(date(2062, 1, 3), paper(3))
    async with pipeline_at(ledger_url, "a") as pipeline:
        archive = pipeline.ledger.archive
        await pipeline.run([found(typo)])
        assert await archive.newest() == await archive.newest_delivered() == await archive.last_seen(1) == typo
        await pipeline.run([found(typo), *days(2)])
        newest = days(2)[0].digest
        assert await archive.newest() == await archive.newest_delivered() == await archive.last_seen(1) == newest


async def test_of_two_series_on_a_day_the_newest_is_the_one_that_came_last(ledger_url: str) -> None:
    """Their names say nothing about that."""
    clock = Clock()
    daily, arxiv = days(1)[0], found(digest(DAY, paper(7), series="Arxiv"))
    async with open_ledger(ledger_url, clock) as ledger:
        await ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
        pipeline = Pipeline(ledger, clock)
        await pipeline.run([daily])
        clock.now += 3600
        await pipeline.run([daily, arxiv])
        assert await ledger.archive.newest() == arxiv.digest
        assert await ledger.archive.last_seen(1) == arxiv.digest


async def test_a_chat_saw_last_what_arrived_there_and_not_what_waits(ledger_url: str) -> None:
    clock = Clock()
    async with open_ledger(ledger_url, clock) as ledger:
        await ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b"})
        pipeline = Pipeline(ledger, clock)
        assert await ledger.archive.last_seen(1) is None
        await pipeline.run(days(1))
        await pipeline.look(days(1, 2), opening=clock() + 3600)
        assert await ledger.archive.last_seen(1) == days(1)[0].digest
        await pipeline.run(days(1, 2))
        assert await ledger.archive.last_seen(1) == days(2)[0].digest
        assert await ledger.archive.last_seen(3) is None


async def test_a_search_is_remembered_for_its_chat_alone(ledger: Ledger) -> None:
    archive = ledger.archive
    kept = await archive.remember("telegram", "5", "확산 모델")
    assert await archive.recall("telegram", "5", kept) == "확산 모델"
    assert await archive.recall("telegram", "6", kept) == ""
    assert await archive.recall("slack", "5", kept) == ""
    assert await archive.recall("telegram", "5", kept + 1) == ""
    assert await archive.remember("telegram", "5", "확산 모델") == kept
    assert await archive.remember("telegram", "6", "확산 모델") != kept


async def test_of_each_chat_the_newest_searches_are_remembered(ledger: Ledger, ledger_url: str) -> None:
    archive = ledger.archive
    other = await archive.remember("telegram", "6", "words")
    kept = [await archive.remember("telegram", "5", f"words {n}") for n in range(30)]
    assert [bool(await archive.recall("telegram", "5", one)) for one in kept] == [False] * 10 + [True] * 20
    assert await archive.recall("telegram", "6", other) == "words"
    assert rows(ledger_url, "SELECT count(*) FROM searches") == [(21,)]


async def test_a_search_made_again_is_as_new_as_any(ledger_url: str) -> None:
    clock = Clock()
    async with open_ledger(ledger_url, clock) as ledger:
        first = await ledger.archive.remember("telegram", "5", "words")
        for n in range(19):
            await ledger.archive.remember("telegram", "5", f"words {n}")
        clock.now += 1
        assert await ledger.archive.remember("telegram", "5", "words") == first
        for n in range(10):
            await ledger.archive.remember("telegram", "5", f"other words {n}")
        assert await ledger.archive.recall("telegram", "5", first) == "words"


async def test_an_older_programs_digests_are_indexed_when_the_ledger_is_opened(ledger_url: str) -> None:
    one = digest(DAY, MINI, KOREAN)
    async with open_ledger(ledger_url) as ledger:
        await write(ledger, one)
    change(ledger_url, "DELETE FROM papers", "DELETE FROM words")
    for _ in range(2):
        async with open_ledger(ledger_url) as ledger:
            assert await found_by(ledger.archive, "확산") == [reference(one, KOREAN)]
            assert await ledger.archive.newest() == one
