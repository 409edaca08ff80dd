"""What becomes of each digest: decided without ledger or network."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from itertools import product
from typing import Any, ClassVar

import pytest

from bot.database.reasons import NOTHING, Cause, Reason
from bot.database.states import DIGEST_CHANGES, DigestState
from bot.delivery.decisions import Rules, decide
from bot.ledger.records.digests import RELEASED, KnownDigest, PlannedDigest, StatusChange
from bot.sources.fingerprint import fingerprint
from bot.sources.source import FoundDigest
from formatters.model import Digest, Link, Paper, Section
from tests.support.digests import days, digest, found, paper

HOUR, DAY = 3600.0, 86400.0
RULES = Rules(catch_up=3, gate_wait=2 * HOUR, edits_for=3 * DAY)
FOUND_AT = 1_735_700_000.0
BASELINE, SKIPPED, HELD, ACTIVE = DigestState
MISSED, STAYED_EMPTY, GONE = Reason(Cause.MISSED), Reason(Cause.STAYED_EMPTY), Reason(Cause.GONE)
LOST_ALL, TOO_LATE, EMPTY = Reason(Cause.LOST_ALL), Reason(Cause.TOO_LATE), Reason(Cause.EMPTY)
SHRANK = Reason(Cause.SHRANK, (2, 1))


def known(
    founds: Sequence[FoundDigest],
    state: DigestState = ACTIVE,
    reason: Reason = NOTHING,
    held_since: float | None = None,
) -> list[KnownDigest]:
    return [
        KnownDigest(
            *(one.digest.id, one.post, one.digest.day, fingerprint(one.digest), state, reason),
            *(len(one.digest.papers), FOUND_AT, held_since),
        )
        for one in founds
    ]


def decided(before: Sequence[KnownDigest], now: Sequence[FoundDigest], after: float = HOUR) -> list[PlannedDigest]:
    """Decide so many seconds after all was found, where nothing is to be noted."""
    plans = [one for one in decide(before, now, RULES, FOUND_AT + after) if isinstance(one, PlannedDigest)]
    assert len(plans) == len(decide(before, now, RULES, FOUND_AT + after))
    return plans


def noted(before: Sequence[KnownDigest], now: Sequence[FoundDigest], after: float) -> list[StatusChange]:
    """Decide so many seconds after all was found, where all stays as it is."""
    changes = [one for one in decide(before, now, RULES, FOUND_AT + after) if isinstance(one, StatusChange)]
    assert len(changes) == len(decide(before, now, RULES, FOUND_AT + after))
    return changes


def states(before: Sequence[KnownDigest], now: Sequence[FoundDigest], after: float = HOUR) -> dict[int, DigestState]:
    return {planned.digest.day.day: planned.state for planned in decided(before, now, after)}


def wordless(*numbers: int, said: str = "정보 부족") -> list[Paper]:
    """Give papers whose sections say nothing."""
    sections = (Section("Introduction", f"- Goal: {said}\n- Contribution: {said}"), Section("Results", ""))
    return [replace(paper(number), sections=sections) for number in numbers]


def test_the_first_look_delivers_the_newest_and_takes_the_rest_as_known() -> None:
    assert states([], days(1, 2, 3)) == {1: BASELINE, 2: BASELINE, 3: ACTIVE}


def test_a_look_after_an_import_is_the_first_one() -> None:
    assert states(known(days(1, 2), BASELINE), days(2, 3, 4, 5)) == {3: BASELINE, 4: BASELINE, 5: ACTIVE}


def test_the_newest_is_found_by_date_then_name_whatever_the_order() -> None:
    two = [*days(2), found(digest(date(2025, 1, 2), paper(1), series="Arxiv"))]
    plans = decided([], [*reversed(two), *days(1)])
    assert [(planned.post, planned.state) for planned in plans] == [
        ("2025-01-01-daily-papers.md", BASELINE),
        ("2025-01-02-arxiv.md", BASELINE),
        ("2025-01-02-daily-papers.md", ACTIVE),
    ]


def test_the_first_look_delivers_the_newest_with_papers_and_waits_for_those_without() -> None:
    plans = decided([], [*days(1, 2), *days(3, 4, papers=0)])
    assert [planned.state for planned in plans] == [BASELINE, ACTIVE, HELD, HELD]
    assert [planned.reason for planned in plans] == [NOTHING, NOTHING, EMPTY, EMPTY]
    assert [planned.to_new_chats for planned in plans] == [False, True, False, False]


def test_at_a_first_look_without_papers_the_newest_alone_is_waited_for() -> None:
    assert states([], days(1, 2, papers=0)) == {1: BASELINE, 2: HELD}
    assert states([], []) == {}


def test_a_held_digest_is_delivered_once_it_has_papers() -> None:
    before = known(days(1), BASELINE) + known(days(2, papers=0), HELD, EMPTY, FOUND_AT)
    assert states(before, days(2)) == {2: ACTIVE}
    assert states(before, days(2, papers=0)) == {}


def test_downtime_is_caught_up_oldest_first_but_not_without_end() -> None:
    before = known(days(1))
    plans = decided(before, days(1, 2, 3, 4, 5, 6))
    assert [(one.digest.day.day, one.state) for one in plans] == [
        (2, SKIPPED),
        (3, SKIPPED),
        (4, ACTIVE),
        (5, ACTIVE),
        (6, ACTIVE),
    ]
    assert plans[0].reason == MISSED


def test_empty_days_do_not_use_up_the_catching_up() -> None:
    now = [*days(2, 3), *days(4, papers=0), *days(5)]
    assert states(known(days(1)), now) == {2: ACTIVE, 3: ACTIVE, 4: HELD, 5: ACTIVE}


def test_what_was_not_there_at_the_first_look_is_news_whatever_its_date() -> None:
    assert states(known(days(10)), days(3, 10)) == {3: ACTIVE}


# --- dates that keep a post back

TODAY = date(2025, 1, 20)
TYPO = found(digest(date(2062, 1, 20), paper(1), paper(2)))
FUTURE, LATE = Reason(Cause.FUTURE, (2062, 1, 20)), Reason(Cause.LATE)


def on(
    today: date, before: Sequence[KnownDigest], now: Sequence[FoundDigest]
) -> list[tuple[date | str, DigestState, Reason]]:
    """Decide on a day."""
    return [
        (one.digest.day if isinstance(one, PlannedDigest) else one.name, one.state, one.reason)
        for one in decide(before, now, replace(RULES, today=today), FOUND_AT)
    ]


def test_a_post_dated_in_the_future_is_held_and_decides_nothing_about_others() -> None:
    assert on(TODAY, [], [*days(18, 19), TYPO]) == [
        (TYPO.digest.day, HELD, FUTURE),
        (date(2025, 1, 18), BASELINE, NOTHING),
        (date(2025, 1, 19), ACTIVE, NOTHING),
    ]
    before = known([TYPO], HELD, FUTURE) + known(days(18), BASELINE) + known(days(19))
    assert on(TODAY, before, [*days(18, 19), TYPO]) == []
    assert on(TODAY, before, [*days(17, 18, 19, 20), TYPO]) == [
        (date(2025, 1, 17), ACTIVE, NOTHING),
        (date(2025, 1, 20), ACTIVE, NOTHING),
    ]


def test_a_future_post_uses_up_no_catching_up() -> None:
    assert [day for day, state, _ in on(TODAY, known(days(1)), [*days(18, 19, 20), TYPO]) if state is ACTIVE] == [
        date(2025, 1, day) for day in (18, 19, 20)
    ]


def test_a_post_is_delivered_when_its_day_has_come_or_its_date_is_corrected() -> None:
    before = known(days(19)) + known([TYPO], HELD, FUTURE)
    assert on(TYPO.digest.day, before, [TYPO]) == [(TYPO.digest.day, ACTIVE, NOTHING)]
    corrected = replace(days(20)[0], post=TYPO.post)
    assert on(TODAY, before, [*days(19), corrected]) == [(TODAY, ACTIVE, NOTHING)]


def test_a_future_post_that_is_taken_away_is_forgotten_at_once_and_may_come_back() -> None:
    assert on(TODAY, known([TYPO], HELD, FUTURE), []) == [(TYPO.digest.id, SKIPPED, GONE)]
    assert on(TODAY, known([TYPO], SKIPPED, GONE), [TYPO]) == [(TYPO.digest.day, HELD, FUTURE)]


@pytest.mark.parametrize("rest", [BASELINE, ACTIVE])
def test_where_a_future_post_was_once_sent_the_others_are_delivered_again(rest: DigestState) -> None:
    before = known(days(1, 2), rest) + known([TYPO])
    assert on(TODAY, before, [*days(1, 2, 20), TYPO]) == [(TODAY, ACTIVE, NOTHING)]
    assert on(TODAY, before, days(1, 2, 20)) == [(TODAY, ACTIVE, NOTHING)]


def test_a_post_that_is_found_late_is_archived_and_delivered_only_with_another_date() -> None:
    late = days(5)
    assert on(TODAY, known(days(19)), days(5, 6, 19)) == [
        (date(2025, 1, 5), SKIPPED, LATE),
        (date(2025, 1, 6), ACTIVE, NOTHING),
    ]
    before = known(late, SKIPPED, LATE) + known(days(19))
    assert on(TODAY, before, days(5, 19)) == []
    assert on(TODAY, before, days(5, papers=3)) == [(date(2025, 1, 5), SKIPPED, LATE)]
    assert on(TODAY, before, [replace(days(20)[0], post=late[0].post)]) == [(TODAY, ACTIVE, NOTHING)]


def test_the_newest_post_is_never_late() -> None:
    assert on(date(2025, 3, 1), known(days(5)), days(5, 6)) == [(date(2025, 1, 6), ACTIVE, NOTHING)]


def test_what_was_found_in_time_does_not_become_late() -> None:
    before = known(days(5, papers=0), SKIPPED, STAYED_EMPTY) + known(days(19))
    assert on(date(2025, 3, 1), before, days(5, 19)) == [(date(2025, 1, 5), ACTIVE, NOTHING)]


def test_a_second_series_of_the_same_day_is_delivered() -> None:
    arxiv = found(digest(date(2025, 1, 10), paper(1), series="Arxiv"))
    assert [one.digest.id for one in decided(known(days(10)), [*days(10), arxiv])] == ["arxiv/2025-01-10"]


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
    plans = decided(known([before]), [retitled])
    assert [(one.digest.id, one.state, one.to_new_chats) for one in plans] == [(before.digest.id, ACTIVE, False)]


def test_a_post_with_a_corrected_date_is_the_same_digest() -> None:
    before = days(1)[0]
    redated = found(digest(date(2025, 1, 2), *before.digest.papers), before.post)
    assert [one.name for one in decided(known([before]), [redated])] == [before.digest.id]


@pytest.mark.parametrize(
    "now", [days(1, papers=1), [found(digest(date(2025, 1, 1), *wordless(1, 2)))], days(1, papers=0)]
)
def test_a_delivered_post_that_looks_unfinished_is_not_edited_at_once(now: Sequence[FoundDigest]) -> None:
    (change,) = noted(known(days(1)), now, HOUR)
    assert change.name == "daily-papers/2025-01-01"
    assert change.held_since == FOUND_AT + HOUR
    waiting = known(days(1), reason=change.reason, held_since=change.held_since)
    assert noted(waiting, now, 3 * HOUR - 1) == []
    after = decide(waiting, now, RULES, FOUND_AT + 3 * HOUR)
    assert [one.reason for one in after] == [LOST_ALL if not now[0].digest.papers else NOTHING]
    assert [one.held_since for one in after] == [None]


def test_a_post_that_stays_emptied_is_told_of_once() -> None:
    assert noted(known(days(1), reason=LOST_ALL), days(1, papers=0), DAY) == []


@pytest.mark.parametrize("reason", [SHRANK, LOST_ALL, TOO_LATE])
def test_a_post_that_is_again_as_it_was_delivered_is_well(reason: Reason) -> None:
    assert noted(known(days(1), reason=reason, held_since=FOUND_AT), days(1), 9 * DAY) == [
        StatusChange("daily-papers/2025-01-01", ACTIVE, NOTHING, None)
    ]


def test_a_shrunken_post_that_grows_again_is_edited_at_once() -> None:
    grown = days(1, papers=3)
    (planned,) = decided(known(days(1), reason=SHRANK, held_since=FOUND_AT), grown, 60)
    assert (planned.state, planned.may_edit, planned.held_since, planned.reason) == (ACTIVE, True, None, NOTHING)


def test_a_digest_is_edited_no_more_after_edits_for() -> None:
    changed = [found(digest(date(2025, 1, 1), paper(1, word="other"), paper(2)))]
    assert states(known(days(1)), changed, 3 * DAY) == {1: ACTIVE}
    assert noted(known(days(1)), changed, 3 * DAY + 1) == [
        StatusChange("daily-papers/2025-01-01", ACTIVE, TOO_LATE, None)
    ]
    assert noted(known(days(1), reason=TOO_LATE), changed, 4 * DAY) == []


@pytest.mark.parametrize("said", ["정보 부족", "N/A", "", "..."])
def test_a_new_post_that_says_mostly_nothing_is_held_then_sent_with_what_it_has(said: str) -> None:
    sparse = [found(digest(date(2025, 1, 2), paper(1), *wordless(2, 3, said=said)))]
    (planned,) = decided(known(days(1)), sparse, 0)
    assert (planned.state, planned.to_new_chats, planned.held_since) == (HELD, False, FOUND_AT)
    assert planned.reason == Reason(Cause.SPARSE_PAPERS, (2, 3))
    held = known(days(1)) + known(sparse, HELD, planned.reason, FOUND_AT)
    assert decided(held, sparse, 2 * HOUR - 1) == []
    (sent,) = decided(held, sparse, 2 * HOUR)
    assert (sent.state, sent.to_new_chats, sent.held_since, sent.reason) == (ACTIVE, True, None, NOTHING)


@pytest.mark.parametrize("wait", [2 * HOUR, math.inf])
def test_a_post_that_the_operator_released_is_waited_for_no_longer(wait: float) -> None:
    sparse, rules = [found(digest(date(2025, 1, 2), *wordless(1, 2)))], replace(RULES, gate_wait=wait)
    held = known(days(1)) + known(sparse, HELD, SHRANK, RELEASED)
    (sent,) = decide(held, sparse, rules, FOUND_AT)
    assert isinstance(sent, PlannedDigest)
    assert (sent.state, sent.to_new_chats, sent.held_since) == (ACTIVE, True, None)
    (gone,) = decide(held, [], rules, FOUND_AT)
    assert isinstance(gone, StatusChange)
    assert (gone.state, gone.reason) == (SKIPPED, Reason(Cause.GONE, (2,)))


def test_half_of_the_sections_saying_something_is_enough() -> None:
    assert states(known(days(1)), [found(digest(date(2025, 1, 2), paper(1), paper(2), *wordless(3)))]) == {2: ACTIVE}


def test_empty_sections_of_papers_that_say_something_count() -> None:
    bare = [replace(paper(n), sections=(*paper(n).sections, *(Section("Results", ""),) * 2)) for n in (1, 2)]
    (planned,) = decided(known(days(1)), [found(digest(date(2025, 1, 2), *bare))], 0)
    assert (planned.state, planned.reason) == (HELD, Reason(Cause.SPARSE_SECTIONS, (4, 6)))


def test_papers_without_any_section_count_where_others_have_some() -> None:
    bare = [replace(paper(number), sections=()) for number in (2, 3)]
    (planned,) = decided(known(days(1)), [found(digest(date(2025, 1, 2), paper(1), *bare))], 0)
    assert (planned.state, planned.reason) == (HELD, Reason(Cause.SPARSE_PAPERS, (2, 3)))


def test_a_list_of_titles_is_a_digest_too() -> None:
    titles = [replace(paper(number), sections=()) for number in (1, 2)]
    assert states(known(days(1)), [found(digest(date(2025, 1, 2), *titles))]) == {2: ACTIVE}


def test_a_held_post_that_changes_is_read_again_but_its_wait_does_not_begin_anew() -> None:
    empty, sparse = days(2, papers=0), [found(digest(date(2025, 1, 2), *wordless(1, 2)))]
    (planned,) = decided(known(empty, HELD, EMPTY, FOUND_AT), sparse, HOUR)
    assert (planned.state, planned.held_since) == (HELD, FOUND_AT)


def test_a_held_post_that_shrinks_is_still_held() -> None:
    (planned,) = decided(known(days(2), HELD, Reason(Cause.OTHER, words="whatever"), FOUND_AT), days(2, papers=1), HOUR)
    assert (planned.state, planned.reason) == (HELD, SHRANK)


def test_a_post_that_stays_empty_is_skipped_but_delivered_when_it_has_papers_at_last() -> None:
    before = known(days(1)) + known(days(2, papers=0), HELD, EMPTY, FOUND_AT)
    (planned,) = decided(before, days(1) + days(2, papers=0), 2 * HOUR)
    assert (planned.state, planned.reason) == (SKIPPED, STAYED_EMPTY)
    skipped = known(days(1)) + known(days(2, papers=0), SKIPPED, STAYED_EMPTY)
    assert decided(skipped, days(1) + days(2, papers=0), DAY) == []
    assert states(skipped, days(1, 2), DAY) == {2: ACTIVE}


@pytest.mark.parametrize(
    ("state", "becomes"),
    [(HELD, (SKIPPED, Reason(Cause.GONE, (2,)))), (ACTIVE, (ACTIVE, NOTHING))],
    ids=["new", "delivered"],
)
def test_a_post_that_is_taken_away_while_it_looks_unfinished_is_waited_for_as_long(
    state: DigestState, becomes: tuple[DigestState, Reason]
) -> None:
    before = known(days(1), state, SHRANK, FOUND_AT)
    assert decide(before, [], RULES, FOUND_AT + 2 * HOUR - 1) == []
    assert decide(before, [], RULES, FOUND_AT + 2 * HOUR) == [StatusChange(before[0].name, *becomes, None)]
    assert decide(before, None, RULES, FOUND_AT + DAY) == []  # nobody knows whether it is there
    assert decide(known(days(1), *becomes), [], RULES, FOUND_AT + DAY) == []


def test_a_post_that_shrank_is_held_again_when_it_comes_back_as_short_as_it_was() -> None:
    shrunken = known(days(2, papers=1), HELD, Reason(Cause.SHRANK, (9, 1)), FOUND_AT)
    (gone,) = decide(known(days(1)) + shrunken, days(1), RULES, FOUND_AT + 2 * HOUR)
    away = replace(shrunken[0], state=gone.state, reason=gone.reason, held_since=None)
    (back,) = decided([*known(days(1)), away], days(1) + days(2, papers=1), DAY)
    assert (back.state, back.reason) == (HELD, Reason(Cause.SHRANK, (9, 1)))
    assert states([*known(days(1)), away], days(1) + days(2, papers=9), DAY) == {2: ACTIVE}


def test_a_post_that_comes_back_is_news() -> None:
    assert states(known(days(1)) + known(days(2), SKIPPED, GONE), days(1, 2), DAY) == {2: ACTIVE}


def test_what_was_missed_is_read_but_not_sent() -> None:
    (planned,) = decided(known(days(1), SKIPPED, MISSED), days(1, papers=3), DAY)
    assert (planned.state, planned.reason, planned.to_new_chats) == (SKIPPED, MISSED, False)


def test_a_changed_post_of_the_baseline_is_read_but_not_sent() -> None:
    before = known(days(1), BASELINE) + known(days(2))
    changed = found(digest(date(2025, 1, 1), paper(1, word="other")))
    assert states(before, [changed]) == {1: BASELINE}


def test_an_empty_source_is_nothing_to_do() -> None:
    assert decided([], []) == []


@pytest.mark.unmeasured
def test_a_digest_changes_its_state_only_as_the_table_has_it() -> None:
    """Every state and reason, whatever the post is now, before, at and after the end of each wait."""
    posts = [[], days(2, papers=0), days(2, papers=1), days(2), [found(digest(date(2025, 1, 2), *wordless(1, 2)))]]
    redated = [found(digest(date(2025, 1, day), paper(1)), days(2)[0].post) for day in (1, 9)]
    many = days(2, 3, 4, 5, 6)
    changes = {
        (was, one.state)
        for was, cause, since in product(DigestState, Cause, (None, RELEASED, FOUND_AT))
        for now in (*posts, *([one] for one in redated), many)
        for after in (0.0, 2 * HOUR, 9 * DAY)
        for today in (None, date(2025, 1, 1), date(2025, 2, 1))
        for one in decide(
            *(known(days(2), was, Reason(cause, (2, 1, 1)), since), now),
            *(replace(RULES, today=today), FOUND_AT + after),
        )
        if one.name == "daily-papers/2025-01-02" and one.state is not was
    }
    by_hand = {(BASELINE, ACTIVE), (BASELINE, SKIPPED), (ACTIVE, SKIPPED)}
    assert changes == {(was, state) for was, after in DIGEST_CHANGES.items() for state in after} - by_hand


DROPPED = Reason(Cause.DROPPED)


def test_what_was_dropped_stays_so_until_its_content_changes() -> None:
    before = known(days(2), SKIPPED, DROPPED)
    changed = [found(digest(date(2025, 1, 2), paper(1, word="right"), paper(2)))]

    assert decided(before, days(2)) == decided(before, days(2, papers=0)) == decided(before, []) == []
    assert decided([replace(before[0], is_recalling=True)], changed) == []
    [new] = decided(before, changed)
    assert (new.state, new.reason, new.to_new_chats, new.lifts_drop) == (ACTIVE, NOTHING, True, True)


def test_what_was_dropped_and_is_unfinished_now_is_held() -> None:
    [new] = decided(known(days(2), SKIPPED, DROPPED), days(2, papers=1))
    assert (new.state, new.reason, new.lifts_drop) == (HELD, SHRANK, True)


@dataclass(frozen=True)
class Counted(Digest):
    """Count how often anything of a digest is read, also when two are compared."""

    reads: ClassVar[Counter[str]] = Counter()

    def __getattribute__(self, name: str) -> Any:
        Counted.reads["digest"] += 1
        return super().__getattribute__(name)


@dataclass(frozen=True)
class CountedKnown(KnownDigest):
    def __getattribute__(self, name: str) -> Any:
        Counted.reads["known"] += 1
        return super().__getattribute__(name)


def reads(posts: int, state: DigestState) -> Counter[str]:
    """Count what is read to decide on so many posts, of which one was delivered and half are known."""
    every = [digest(date(2000, 1, 1) + timedelta(number), paper(1)) for number in range(posts)]
    now = [found(Counted(**{field.name: getattr(one, field.name) for field in fields(one)})) for one in every]
    before = [*known(now[:1]), *known(now[1 : posts // 2], state)] if state else []
    counted = [CountedKnown(*(getattr(one, field.name) for field in fields(one))) for one in before]
    Counted.reads.clear()
    decide(counted, now, RULES, FOUND_AT)
    return Counted.reads.copy()


@pytest.mark.parametrize("state", ["", BASELINE, ACTIVE], ids=["first look", BASELINE, "downtime"])
def test_twice_as_many_posts_are_twice_the_work(state: DigestState) -> None:
    few, many = reads(100, state), reads(200, state)
    assert all(many[what] <= 2.1 * count for what, count in few.items())
    assert few["digest"] > 100
