"""What becomes of each digest: decided without ledger or network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.planning import EMPTY, MISSED, decide, fingerprint
from bot.protocols import Found
from bot.records import Known
from formatters.model import Link, Section
from tests.samples import days, digest, found, paper


def known(founds: Sequence[Found], state: str = "active") -> list[Known]:
    return [Known(one.digest.id, one.post, one.digest.day, fingerprint(one.digest), state) for one in founds]


def states(before: Sequence[Known], now: Sequence[Found], *, catch_up: int = 3) -> dict[int, str]:
    return {intent.digest.day.day: intent.state for intent in decide(before, now, catch_up=catch_up)}


def test_the_first_look_delivers_the_newest_and_takes_the_rest_as_known() -> None:
    assert states([], days(1, 2, 3)) == {1: "baseline", 2: "baseline", 3: "active"}


def test_the_newest_is_found_by_date_then_name_whatever_the_order() -> None:
    two = [*days(2), found(digest(date(2025, 1, 2), paper(1), series="Arxiv"))]
    intents = decide([], [*reversed(two), *days(1)], catch_up=3)
    assert [(intent.post, intent.state) for intent in intents] == [
        ("2025-01-01-daily-papers.md", "baseline"),
        ("2025-01-02-arxiv.md", "baseline"),
        ("2025-01-02-daily-papers.md", "active"),
    ]


def test_an_empty_newest_is_held_and_nothing_else_is_sent() -> None:
    intents = decide([], [*days(1, 2), *days(3, papers=0)], catch_up=3)
    assert [intent.state for intent in intents] == ["baseline", "baseline", "held"]
    assert intents[-1].reason == EMPTY
    assert not any(intent.spread for intent in intents)


def test_a_held_digest_is_delivered_once_it_has_papers() -> None:
    before = known(days(1), "baseline") + known(days(2, papers=0), "held")
    assert states(before, days(2)) == {2: "active"}
    assert states(before, days(2, papers=0)) == {}


def test_downtime_is_caught_up_oldest_first_but_not_without_end() -> None:
    before = known(days(1))
    intents = decide(before, days(1, 2, 3, 4, 5, 6), catch_up=3)
    assert [(one.digest.day.day, one.state) for one in intents] == [
        (2, "skipped"),
        (3, "skipped"),
        (4, "active"),
        (5, "active"),
        (6, "active"),
    ]
    assert intents[0].reason == MISSED


def test_empty_days_do_not_use_up_the_catching_up() -> None:
    now = [*days(2, 3), *days(4, papers=0), *days(5)]
    assert states(known(days(1)), now) == {2: "active", 3: "active", 4: "held", 5: "active"}


def test_a_post_from_before_the_first_look_is_no_news() -> None:
    assert states(known(days(10)), days(3, 10)) == {3: "baseline"}


def test_a_second_series_of_the_same_day_is_delivered() -> None:
    arxiv = found(digest(date(2025, 1, 10), paper(1), series="Arxiv"))
    assert [one.digest.id for one in decide(known(days(10)), [*days(10), arxiv], catch_up=3)] == ["arxiv/2025-01-10"]


def test_an_unchanged_post_is_left_alone() -> None:
    assert states(known(days(1, 2)), days(1, 2)) == {}


def test_layout_of_the_text_is_no_change() -> None:
    one = days(1)[0]
    section = Section("Introduction", "* Goal: Say plain  \n  things.\n\n* Contribution: A plain way.")
    papers = tuple(replace(each, sections=(section,)) for each in one.digest.papers)
    reformatted = replace(one, digest=replace(one.digest, papers=papers, url="https://example.org/now-linked/"))
    assert states(known([one]), [reformatted]) == {}


def test_every_word_and_link_of_a_paper_counts_as_a_change() -> None:
    one = paper(1)
    variants = [
        replace(one, title="Another"),
        replace(one, url="https://example.org/1"),
        replace(one, number=2),
        replace(one, links=(Link("GitHub", "https://github.com/example/repo"),)),
        replace(one, sections=(replace(one.sections[0], heading="Intro"),)),
        replace(one, sections=()),
    ]
    day = date(2025, 1, 1)
    prints = {fingerprint(digest(day, each)) for each in [one, *variants]}
    assert len(prints) == len(variants) + 1


def test_a_renamed_file_is_the_same_digest() -> None:
    renamed = replace(days(1)[0], post="2025-01-01-papers.md")
    assert states(known(days(1)), [renamed]) == {}


def test_a_post_with_a_new_title_is_the_same_digest() -> None:
    before = days(1)[0]
    digest_now = replace(before.digest, id="papers-of-the-day/2025-01-01", series="Papers of the Day")
    retitled = replace(before, digest=digest_now)
    intents = decide(known([before]), [retitled], catch_up=3)
    assert [(one.digest.id, one.state, one.spread) for one in intents] == [(before.digest.id, "active", False)]


def test_a_post_with_a_corrected_date_is_the_same_digest() -> None:
    before = days(1)[0]
    redated = found(digest(date(2025, 1, 2), *before.digest.papers), before.post)
    assert [one.digest.id for one in decide(known([before]), [redated], catch_up=3)] == [before.digest.id]


def test_a_delivered_post_that_lost_all_its_papers_is_left_as_delivered() -> None:
    assert states(known(days(1)), days(1, papers=0)) == {}


def test_a_changed_post_of_the_baseline_is_read_but_not_sent() -> None:
    before = known(days(1), "baseline") + known(days(2))
    changed = found(digest(date(2025, 1, 1), paper(1, word="other")))
    assert states(before, [changed]) == {1: "baseline"}


def test_an_empty_source_is_nothing_to_do() -> None:
    assert decide([], [], catch_up=3) == []
