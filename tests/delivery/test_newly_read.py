"""A newer program reads posts otherwise: nothing is sent or edited for that; corrected papers stay what they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from bot.archive.index import digest_to_json
from bot.delivery.decisions import Rules
from bot.delivery.planner import plan
from bot.delivery.recognition import with_known_ids
from bot.sources.fingerprint import fingerprint, is_current, says_the_same
from bot.sources.source import FoundDigest
from formatters.model import Digest, Link, Paper, Section
from tests.support.digests import days, digest, found, paper
from tests.support.ledger_rows import change
from tests.support.pipeline import Pipeline, pipeline_at

DAY = date(2025, 1, 1)
HF = "https://huggingface.co/papers/2501.00001"
# A paper as it was read at first, and as it is read now.
FORMER = Paper("a-title-40", 1, "A title ⭐ 40", HF, (), (Section("", "Words."), Section("News", "None.")))
NOW = replace(FORMER, id="2501.00001", title="A title", sections=(Section("", "Words."),), category="All")


def former(one: Digest, *papers: Paper, preface: str = "") -> Digest:
    return replace(one, papers=papers, preface=preface)


async def as_left_by_a_former_program(url: str, contents: Sequence[Digest]) -> None:
    """Write into a ledger how a former program read its posts; its fingerprints name no reading."""
    for one in contents:
        change(
            url,
            "UPDATE digests SET content = :content, fingerprint = :fingerprint WHERE name = :name",
            "UPDATE papers SET paper = :paper WHERE digest_id = (SELECT id FROM digests WHERE name = :name)",
            content=json.dumps(digest_to_json(one)),
            fingerprint=fingerprint(one).partition(":")[2],
            paper=one.papers[0].id if one.papers else "",
            name=one.id,
        )


async def calls(pipeline: Pipeline, posts: Sequence[FoundDigest]) -> list[str]:
    """Run twice, and give what was called at the channel."""
    pipeline.channel.calls.clear()
    await pipeline.run(posts)
    await pipeline.run(posts)
    return [call for call, _ in pipeline.channel.calls]


async def test_what_only_the_program_reads_otherwise_is_neither_sent_nor_edited(ledger_url: str) -> None:
    before = former(digest(DAY), FORMER, preface="## All")
    after = replace(before, papers=(NOW,), preface="", rest="## News\n\nNone.")
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([found(before)])
        await as_left_by_a_former_program(ledger_url, [before])

        assert await calls(pipeline, [found(after)]) == []
        (known,) = await pipeline.ledger.known_digests("blog")
        assert is_current(known.fingerprint)
        content = await pipeline.ledger.digest("blog", known.name)
        assert [(one.id, one.title, one.category) for one in content.papers] == [("a-title-40", "A title", "All")]
        assert content.rest == after.rest

        edited = replace(after, papers=(replace(NOW, sections=(Section("", "Other words."),)),))
        assert await calls(pipeline, [found(edited)]) == ["edit"]


async def test_an_edit_at_the_time_of_the_upgrade_edits_and_sends_nothing_anew(ledger_url: str) -> None:
    before = former(digest(DAY), FORMER)
    after = replace(before, papers=(replace(NOW, sections=(Section("", "Entirely new."),)),))
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([found(before)])
        await as_left_by_a_former_program(ledger_url, [before])

        assert set(await calls(pipeline, [found(after)])) == {"edit"}


async def test_of_what_is_understood_at_last_the_newest_day_alone_is_news(ledger_url: str) -> None:
    posts = days(1, 2, 3)
    text = (
        "Paper 2501.00001 https://arxiv.org/abs/2501.00001 Goal Say plain things A way Contribution Introduction 00002"
    )
    contents = [former(one.digest, preface=text) for one in posts]
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([replace(one, digest=content) for one, content in zip(posts[:2], contents, strict=False)])
        await as_left_by_a_former_program(ledger_url, contents[:2])

        assert await calls(pipeline, posts) == ["send"] * 3
        states = {one.name[-1]: str(one.state) for one in await pipeline.ledger.known_digests("blog")}
        assert states == {"1": "baseline", "2": "skipped", "3": "active"}


async def test_posts_that_no_former_program_took_for_digests(ledger_url: str) -> None:
    posts = days(1, 2, 3, 4)
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run(posts[:1])
        await as_left_by_a_former_program(ledger_url, [posts[0].digest])

        assert await calls(pipeline, posts) == ["send"] * 3
        states = [str(one.state) for one in await pipeline.ledger.known_digests("blog")]
        assert states == ["active", "baseline", "baseline", "active"]


async def test_later_looks_catch_up_as_usual(ledger_url: str) -> None:
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run(days(1))

        assert await calls(pipeline, days(1, 2, 3)) == ["send"] * 6


async def test_a_source_that_cannot_be_read_changes_nothing(ledger_url: str) -> None:
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run(days(1))
        formatters = {"terminal": pipeline.channel.formatter}

        assert await plan(pipeline.ledger, "blog", None, formatters, Rules()) == []


# Which paper is which


def titled(name: str, title: str, url: str = "") -> Paper:
    return Paper(name, 1, title, url, (), ())


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (titled("old", "A title", "https://openreview.net/forum?id=X"), ("New", "https://openreview.net/pdf?id=X")),
        (titled("old", "A title", "https://b.org/x"), ("New", "https://b.org/x")),
        (
            titled("old", "A title", "https://arxiv.org/abs/2501.00001"),
            ("A  Title", "https://arxiv.org/abs/2501.00009"),
        ),
        (titled("old", "A title"), ("a title", "https://arxiv.org/abs/2501.00001")),
    ],
)
def test_a_paper_keeps_its_id_by_its_address_else_by_its_title(was: Paper, now: tuple[str, str]) -> None:
    after = with_known_ids(digest(DAY, titled("new", *now)), digest(DAY, was))

    assert [one.id for one in after.papers] == ["old"]


def test_what_is_not_told_apart_is_not_recognised() -> None:
    before = digest(DAY, titled("a", "One", "https://b.org"), titled("b", "Two", "https://b.org"), titled("c", "C"))
    after = digest(DAY, titled("a", "Two", "https://b.org"), titled("b", "New", "https://b.org"), titled("c", "Other"))

    assert [one.id for one in with_known_ids(after, before).papers] == ["b", "b-2", "c"]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"title": "A title"}, True),
        ({"title": "A title ⭐ 40 more"}, False),
        ({"url": "https://arxiv.org/abs/2501.00001v2"}, True),
        ({"url": "https://arxiv.org/abs/2501.00002"}, False),
        ({"links": (Link("Code", "https://b.org"),)}, False),
        ({"sections": (Section("", "Words. News. None 1."),)}, True),
        ({"sections": (Section("", "Words."),)}, False),
    ],
)
def test_two_readings_of_one_text(change: dict[str, object], same: bool) -> None:
    before = digest(DAY, FORMER)

    assert says_the_same(before, digest(DAY, replace(FORMER, **change))) is same  # type: ignore[arg-type]


def test_formulas_in_titles_and_headings_that_are_shown_now() -> None:
    raw = replace(FORMER, title=r"Bounds of $\theta^*$", sections=(Section(r"On $\alpha$", "Words."),))
    shown = replace(FORMER, title="Bounds of θ*", sections=(Section("On α", "Words."),))

    assert says_the_same(digest(DAY, raw), digest(DAY, shown))
    assert not says_the_same(digest(DAY, raw), digest(DAY, replace(shown, title="Bounds of φ*")))


def test_markup_that_was_once_taken_for_words() -> None:
    body = "<p>Words.</p> [Code](https://b.org){:target='_blank'}\n{: .notice--info}"
    before, after = replace(FORMER, sections=(Section("", body),)), replace(FORMER, sections=(Section("", "Words."),))
    front = '+++\ntitle = "Late Papers"\n+++\n\nWords of the day.'
    toml, other = former(digest(DAY), before, preface=front), former(digest(DAY), before, preface="Words of the day.")

    assert says_the_same(digest(DAY, before), digest(DAY, replace(after, links=(Link("Code", "https://b.org"),))))
    assert not says_the_same(digest(DAY, before), digest(DAY, replace(after, links=(Link("Code", "https://c.org"),))))
    assert says_the_same(toml, replace(other, series="Late Papers", title="Late Papers"))
    assert not says_the_same(other, replace(other, series="Late Papers", title="Late Papers"))


def test_a_text_whose_day_is_found_elsewhere_is_the_same() -> None:
    titled = replace(digest(DAY, paper(1)), title="Daily Papers")

    assert says_the_same(titled, replace(titled, day=date(2025, 1, 2)))


async def test_a_day_that_is_read_otherwise_sends_and_edits_nothing_and_old_buttons_find_it(ledger_url: str) -> None:
    later = date(2025, 1, 2)
    before = former(digest(DAY), FORMER)
    after = replace(before, id=f"daily-papers/{later}", day=later)
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([found(before)])
        await as_left_by_a_former_program(ledger_url, [before])

        assert await calls(pipeline, [replace(found(after), post=found(before).post)]) == []
        assert [one.id for one in await pipeline.ledger.archive.of_day(DAY)] == [before.id]


def test_where_no_paper_was_seen_numbers_and_markup_may_go() -> None:
    text = "# 논문 1. [A title](https://huggingface.co/papers/2501.00001)\n\nWords."
    after = digest(DAY, replace(NOW, category=""))

    assert says_the_same(former(digest(DAY), preface=text), after)
    assert not says_the_same(former(digest(DAY), preface="Soon."), after)
