"""Which known digest a post is: renamed, copied with its date, mended; no post is taken for another one's digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.database.states import DigestState
from bot.delivery.decisions import Rules, decide
from bot.delivery.recognition import recognise
from bot.ledger.records.digests import KnownDigest, PlannedDigest
from bot.sources.folder import _keep
from bot.sources.source import FoundDigest
from formatters.model import Digest
from tests.support.digests import days, digest, found, paper
from tests.support.pipeline import pipeline_at

ACTIVE = DigestState.ACTIVE
DAY = date(2025, 1, 2)
FIRST, COPY, OTHER = "2025-01-02-daily.md", "2025-01-03-daily.md", "2025-01-02-b.md"
ID, COPIED = "daily-papers/2025-01-02", "daily-papers/2025-01-02/2025-01-03-daily"


def post(name: str, *numbers: int, day: date = DAY) -> FoundDigest:
    return found(digest(day, *map(paper, numbers)), name)


@dataclass
class History:
    """A source that is looked at again and again, and a ledger that takes what is decided."""

    rules: Rules = field(default_factory=lambda: Rules(catch_up=99))
    known: dict[str, KnownDigest] = field(default_factory=dict)
    now: float = 0.0

    def look(self, *posts: FoundDigest) -> list[tuple[str, list[int]]]:
        """Look at posts, and give what is sent or edited."""
        by_id: dict[str, list[FoundDigest]] = {}
        for one in sorted(posts, key=lambda one: one.post):
            _keep(one, by_id, {})
        kept = [one for same in by_id.values() for one in same]
        before = sorted(self.known.values(), key=lambda one: (one.day, one.post))
        decided = decide(before, kept, self.rules, self.now)
        assert len({one.name for one in decided}) == len(decided)
        for change in decided:
            if isinstance(change, PlannedDigest):
                self._write(change)
            else:
                self.known[change.name] = replace(self.known[change.name], state=change.state, reason=change.reason)
        for one in recognise(kept, before, self.rules.since):
            if self.known[one.digest.id].state is ACTIVE:
                self.known[one.digest.id] = replace(self.known[one.digest.id], post=one.post)
        plans = (one for one in decided if isinstance(one, PlannedDigest) and one.state is ACTIVE)
        return [(plan.name, [paper.number for paper in plan.digest.papers]) for plan in plans]

    def _write(self, one: PlannedDigest) -> None:
        papers = frozenset(paper.id for paper in one.digest.papers)
        facts = (one.name, one.post, one.digest.day, one.fingerprint, one.state, one.reason)
        self.known[one.name] = KnownDigest(*facts, len(papers), self.now, one.held_since, papers)


def test_a_copy_with_its_date_is_another_digest_until_its_date_is_mended_and_after() -> None:
    history, first = History(), post(FIRST, 1, 2, 3)
    assert history.look(first) == [(ID, [1, 2, 3])]
    assert history.look(first, post(COPY, 1, 2, 3)) == []  # copied, and not written yet
    assert history.look(first, post(COPY, 4, 5, 6)) == [(COPIED, [4, 5, 6])]
    assert history.look(first, post(COPY, 4, 5, 6)) == []
    mended = post(COPY, 4, 5, 6, day=DAY + timedelta(1))
    assert history.look(first, mended) == [(COPIED, [4, 5, 6])]
    assert history.look(first, mended) == []


@pytest.mark.parametrize("numbers", [(1, 2), (1, 2, 3)])
def test_a_copy_that_is_first_seen_beside_its_original_is_another_digest_once_it_is_filled(
    numbers: Sequence[int],
) -> None:
    history, first = History(), post(FIRST, *numbers)
    assert history.look(first, post(COPY, *numbers)) == [(ID, [*numbers])]
    assert history.look(first, post(COPY, 4, 5, 6)) == [(COPIED, [4, 5, 6])]
    mended = post(COPY, 4, 5, 6, day=DAY + timedelta(1))
    assert history.look(first, mended) == [(COPIED, [4, 5, 6])]
    assert history.look(first, mended) == []


def test_a_post_that_takes_the_papers_of_another_one_is_its_digest() -> None:
    """Its own file holds others now: neither is sent twice, nor left out."""
    history = History()
    history.look(post(FIRST, 1, 2))
    assert history.look(post(FIRST, 7, 8), post(OTHER, 1, 2)) == [
        ("daily-papers/2025-01-02/2025-01-02-daily", [7, 8]),
    ]


def test_a_digest_whose_post_was_not_looked_at_is_not_gone() -> None:
    """A new post may well have the three papers of one of last year, such as the best of them."""
    history, best = History(), post(COPY, 1, 2, 3, day=DAY + timedelta(30))
    history.look(post(FIRST, 1, 2, 3))
    history.rules = replace(history.rules, since=DAY + timedelta(1))
    assert history.look(best) == [("daily-papers/2025-02-01", [1, 2, 3])]
    assert history.look(best) == []


def test_two_posts_of_a_day_with_half_of_their_papers_are_one_of_which_the_later_counts() -> None:
    history, first = History(), post(FIRST, 1, 2)
    history.look(first)
    assert history.look(first, post(COPY, 1, 7, 8)) == [(ID, [1, 7, 8])]
    assert history.known[ID].post == FIRST
    assert history.look(post(COPY, 1, 7, 8)) == []
    assert history.known[ID].post == COPY


def test_neither_of_two_posts_of_a_day_drops_the_papers_of_the_other() -> None:
    history = History()
    history.look(post("2025-01-01-daily.md", 9, day=DAY - timedelta(1)))
    assert history.look(post(FIRST, 1, 2), post(OTHER, 3, 4)) == [
        (ID, [3, 4]),
        ("daily-papers/2025-01-02/2025-01-02-daily", [1, 2]),
    ]
    assert history.look(post(FIRST, 1, 2, 5), post(OTHER, 3, 4, 6)) == [
        (ID, [3, 4, 6]),
        ("daily-papers/2025-01-02/2025-01-02-daily", [1, 2, 5]),
    ]


@pytest.mark.parametrize("name", ["2025-01-04-daily.md", FIRST])
def test_a_day_that_is_mended_by_renaming_sends_nothing_again(name: str) -> None:
    history, mended = History(), post(name, 3, 2, 1, day=date(2025, 1, 4))
    history.look(post(FIRST, 1, 2, 3))
    assert history.look(mended) == [(ID, [3, 2, 1])]
    assert (list(history.known), history.known[ID].day, history.known[ID].post) == ([ID], date(2025, 1, 4), name)


@pytest.mark.parametrize("numbers", [(1, 2), (1, 2, 3, 4)])
def test_other_or_few_papers_under_a_new_name_and_day_are_a_new_digest(numbers: Sequence[int]) -> None:
    history = History()
    history.look(post(FIRST, 1, 2) if len(numbers) == 2 else post(FIRST, 1, 2, 3))
    assert history.look(post(COPY, *numbers, day=date(2025, 1, 3))) == [("daily-papers/2025-01-03", list(numbers))]


def test_the_same_papers_are_a_new_digest_while_the_post_of_the_old_one_is_there() -> None:
    history, first = History(), post(FIRST, 1, 2, 3)
    history.look(first)
    assert history.look(first, post(COPY, 1, 2, 3, day=date(2025, 1, 3))) == [("daily-papers/2025-01-03", [1, 2, 3])]


def test_a_post_whose_own_digest_has_another_name_keeps_it_when_another_takes_its_day() -> None:
    history = History()
    history.look(post(FIRST, 1, 2))
    redated = post(FIRST, 1, 2, day=date(2025, 1, 3))
    assert history.look(redated, post(OTHER, 3, 4)) == [
        (ID, [1, 2]),
        ("daily-papers/2025-01-02/2025-01-02-b", [3, 4]),
    ]


def test_posts_that_differ_in_nothing_but_their_endings_have_names_of_their_own() -> None:
    three = [
        post(name, number) for number, name in enumerate((FIRST, OTHER, "2025-01-02-b.markdown", "2025-01-02-b.x"))
    ]
    assert [one.digest.id.removeprefix(ID) for one in recognise(three, [])] == [
        *("/2025-01-02-daily", "/2025-01-02-b", "", "/2025-01-02-b-2"),
    ]


async def test_what_a_former_version_passed_over_is_no_news(ledger_url: str) -> None:
    day = days(1)[0].digest.day
    two, three = (found(digest(day, paper(number)), f"2025-01-01-{number}.md") for number in (2, 3))
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([three])
        async with pipeline.ledger._write() as db:
            await db.exec_driver_sql("UPDATE digests SET told_apart = 0")
        for posts in ([], [two, three], [two, three]):
            await pipeline.run(posts)
        assert pipeline.read("a") == ["index", "3"]
        await pipeline.run([two, three, found(digest(day, paper(4)), "2025-01-01-4.md")])
        assert pipeline.read("a") == ["index", "3", "index", "4"]


async def test_a_ledger_knows_an_original_from_its_copy(ledger_url: str) -> None:
    first, copy = post(FIRST, 1, 2), post(COPY, 3, 4)
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([replace(first, post=COPY, doubles=(FIRST,))])
        for _ in range(2):
            await pipeline.run([first, copy])
        assert pipeline.read("a") == ["index", "1", "2", "index", "3", "4"]
        assert [one.edits for one in pipeline.channel.chats["a"]] == [0] * 6


async def test_a_ledger_recognises_a_renamed_day_by_its_papers(ledger_url: str) -> None:
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run(days(1, papers=3))
        await pipeline.run(days(2, papers=3))
        assert pipeline.read("a") == ["index", "1", "2", "3"]
        assert [one.edits for one in pipeline.channel.chats["a"]] == [1, 0, 0, 0]


# --- any history


@dataclass
class Author:
    """Someone who writes, copies, renames and mends posts."""

    draw: st.DataObject
    posts: dict[str, Digest] = field(default_factory=dict)
    written: int = 0
    named: int = 0

    def papers(self) -> Digest:
        self.written += 3
        return digest(self.day(), *(paper(self.written + one) for one in range(3)))

    def day(self) -> date:
        return DAY + timedelta(self.draw.draw(st.sampled_from([0, 1, 2, 3, 9000])))

    def name(self) -> str:
        self.named += 1
        return f"2025-01-0{self.draw.draw(st.integers(1, 9))}-{self.named}.md"

    def acts(self) -> None:
        act = self.draw.draw(st.sampled_from(["write", "copy", "double", "rename", "redate", "remove"]))
        some = self.draw.draw(st.sampled_from(sorted(self.posts))) if self.posts else ""
        if act == "write" or not some:
            self.posts[self.name()] = self.papers()
        elif act == "copy":  # with its date, and other papers
            self.posts[self.name()] = replace(self.papers(), day=self.posts[some].day, id=self.posts[some].id)
        elif act == "double":
            self.posts[self.name()] = self.posts[some]
        elif act == "remove":
            del self.posts[some]
        elif list(self.posts.values()).count(self.posts[some]) > 1:  # a copy that was there beside its original
            self.posts[some] = replace(self.posts[some], papers=self.papers().papers)
        else:
            old = self.posts.pop(some)
            day = self.day()
            self.posts[self.name() if act == "rename" else some] = replace(old, day=day, id=f"daily-papers/{day}")

    def found(self) -> list[FoundDigest]:
        return [FoundDigest(one, name) for name, one in self.posts.items()]


@given(st.data())
def test_whatever_an_author_does_no_paper_is_sent_twice_and_each_digest_once(draw: st.DataObject) -> None:
    author, history = Author(draw), History(Rules(catch_up=99, today=DAY + timedelta(3)))
    history.look(*author.found(), post("2025-01-01-first.md", 900, day=DAY - timedelta(1)))
    digest_of: dict[str, str] = {}  # by paper
    for _ in range(draw.draw(st.integers(1, 8))):
        author.acts()
        for name, _ in history.look(*author.found()):
            for one in history.known[name].paper_ids:
                assert digest_of.setdefault(one, name) == name
        assert history.look(*author.found()) == []  # nothing goes to and fro
        due = {one.id for each in author.posts.values() if each.day <= DAY + timedelta(3) for one in each.papers}
        assert due <= set(digest_of)
