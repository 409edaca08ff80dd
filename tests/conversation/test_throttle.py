"""Who sends too many lines gets one note and then silence; nobody else is affected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.throttle import Throttle, Verdict

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

ANSWER, NOTE, SILENCE, _ = Verdict
LETTERS = {ANSWER: "a", NOTE: "n", SILENCE: "-"}
TICK = 1e-6  # what floating point may lose

Line = tuple[str, float]  # who wrote, and when


def verdicts(throttle: Throttle, lines: Iterable[Line]) -> str:
    return "".join(LETTERS[throttle.verdict(sender, now)] for sender, now in lines)


def alone(moments: Iterable[float], throttle: Throttle | None = None) -> str:
    """Give the verdicts on the lines of one sender, a letter each."""
    return verdicts(throttle or Throttle(), (("ann", now) for now in moments))


# One sender


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        pytest.param([0], "a", id="one line"),
        pytest.param([0] * 5, "aaaaa", id="a burst"),
        pytest.param([0] * 9, "aaaaan---", id="more than a burst"),
        pytest.param(range(100), "a" * 100, id="one a second"),
        pytest.param([n / 2 for n in range(12)], "aaaaaaaaan--", id="two a second"),
        pytest.param([0] * 5 + [1, 2, 3], "aaaaaaaa", id="a burst, and then no more than is refilled"),
        pytest.param([0] * 5 + [0.9, 1.5], "aaaaan-", id="not yet refilled"),
        pytest.param([0] * 6 + [1, 2, 3, 4, 5], "aaaaan-----", id="one a second does not end a silence"),
        pytest.param([0] * 6 + [1.9, 3.8, 5.7], "aaaaan---", id="nor does a little less"),
        pytest.param([0] * 6 + [2, 2, 2, 2], "aaaaanaan-", id="two seconds of quiet do"),
        pytest.param([0] * 6 + [1, 3, 3, 3], "aaaaan-aan", id="two seconds from the last line"),
        pytest.param([0] * 6 + [5] * 6, "aaaaanaaaaan", id="a full bucket after five"),
        pytest.param([1.7e9 + 0.1] * 7, "aaaaan-", id="by a wall clock"),
    ],
)
def test_what_a_sender_gets(moments: Sequence[float], expected: str) -> None:
    assert alone(moments) == expected


@pytest.mark.parametrize(
    ("throttle", "moments", "expected"),
    [
        pytest.param(Throttle(burst=1), [0, 0, 0.9, 1.9, 1.9], "an-an", id="a burst of one needs one to be refilled"),
        pytest.param(Throttle(burst=2, per_second=0.1), [0, 0, 0, 19, 39, 39, 39], "aan-aan", id="slowly refilled"),
        pytest.param(Throttle(burst=3, per_second=1 / 3), [1.7e9 + 0.1] * 4, "aaan", id="an odd rate by a wall clock"),
    ],
)
def test_the_numbers_can_be_set(throttle: Throttle, moments: Sequence[float], expected: str) -> None:
    assert alone(moments, throttle) == expected


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        pytest.param([1000, 0, 0, 0, 0, 0, 0], "aaaaan-", id="nothing is refilled"),
        pytest.param([1000] * 6 + [0, 2], "aaaaan-a", id="nobody waits until the old time comes again"),
        pytest.param([1000] * 3 + [0, 1, 2, 3, 4, 5], "aaaaaaaaa", id="it is refilled as the clock goes on"),
    ],
)
def test_a_clock_set_back_breaks_nothing(moments: Sequence[float], expected: str) -> None:
    assert alone(moments) == expected


# Many senders


def test_many_lines_of_one_harm_nobody_else() -> None:
    throttle = Throttle()
    assert verdicts(throttle, [("ann", 0)] * 1000) == "aaaaan" + "-" * 994
    assert verdicts(throttle, [("bob", 0)] * 5) == "aaaaa"


def test_any_hashable_is_a_sender() -> None:
    throttle = Throttle(burst=1)
    assert [throttle.verdict(sender, 0) for sender in (7, "7", ("telegram", 7), ("slack", 7), None)] == [ANSWER] * 5


def test_those_who_would_be_answered_as_if_new_are_forgotten_first() -> None:
    throttle = Throttle(most=3)
    assert verdicts(throttle, [*[("ann", 0)] * 6, ("bob", 0.5), ("cid", 1), ("cid", 1)]) == "aaaaanaaa"
    assert verdicts(throttle, [("dan", 1.75), ("ann", 1.75)]) == "a-"
    assert set(throttle._buckets) == {"ann", "cid", "dan"}  # bob wrote after ann, but his bucket was full


def test_where_all_places_are_taken_the_fullest_bucket_goes() -> None:
    throttle = Throttle(most=2)
    assert verdicts(throttle, [("bob", 0), ("ann", 0.1), *[("ann", 0.1)] * 5]) == "aaaaaan"
    others = [(f"other {n}", 0.2 + n / 100) for n in range(50)]
    assert verdicts(throttle, [line for other in others for line in (other, ("ann", other[1]))]) == "a-" * 50


def test_the_remembered_are_no_more_than_there_are_places() -> None:
    throttle = Throttle(most=10)
    for n in range(1000):
        throttle.verdict(n, n / 1000)
        assert len(throttle._buckets) == len(throttle._queue) <= 10


def test_the_quiet_are_forgotten_without_need_for_their_places() -> None:
    throttle = Throttle()
    assert verdicts(throttle, [(f"reader {n}", n / 10) for n in range(1000)]) == "a" * 1000
    assert len(throttle._buckets) <= 11
    assert verdicts(throttle, [("ann", 1000)]) == "a"
    assert set(throttle._buckets) == {"ann"}


# Whatever is written


# Quarters of a second, and rates that go with them: no verdict is a matter of rounding.
GAPS = st.integers(0, 12).map(lambda quarters: quarters / 4)
RATES = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0])
BURSTS = st.integers(1, 6)
SENDERS = st.sampled_from(["ann", "bob", "cid", "dan"])


@st.composite
def stories(draw: st.DrawFn) -> list[Line]:
    """Lines of some senders, one after the other, many of them at the same time."""
    now = 0.0
    lines = []
    for sender, hurry, gap in draw(st.lists(st.tuples(SENDERS, st.integers(0, 3), GAPS), max_size=80)):
        now += 0.0 if hurry else gap
        lines.append((sender, now))
    return lines


def of(sender: str, lines: Iterable[Line]) -> list[float]:
    return [now for one, now in lines if one == sender]


@given(stories(), BURSTS, RATES)
def test_nobody_notices_the_others(lines: list[Line], burst: int, rate: float) -> None:
    together = zip(lines, verdicts(Throttle(burst, rate), lines), strict=True)
    for sender, letters in groupby(sorted(together, key=lambda one: one[0][0]), key=lambda one: one[0][0]):
        assert "".join(letter for _, letter in letters) == alone(of(sender, lines), Throttle(burst, rate))


@given(st.lists(st.floats(0, 60), max_size=80).map(sorted), BURSTS, st.floats(0.1, 10))
def test_no_window_holds_more_answers_than_the_burst_and_the_rate_allow(
    moments: list[float], burst: int, rate: float
) -> None:
    answered = [
        now for now, letter in zip(moments, alone(moments, Throttle(burst, rate)), strict=True) if letter == "a"
    ]
    for (first, start), (last, end) in combinations(enumerate(answered), 2):
        assert last - first + 1 <= burst + rate * (end - start) + TICK


@given(stories(), BURSTS, RATES)
def test_each_excess_gets_one_note_and_silence_until_a_pause(lines: list[Line], burst: int, rate: float) -> None:
    moments = of("ann", lines)
    letters = alone(moments, Throttle(burst, rate))
    before = ["a", *letters]
    for place, (now, letter) in enumerate(zip(moments, letters, strict=True)):
        if before[place] == "a":
            assert letter in "an"
        else:
            quiet = now - moments[place - 1] >= min(2, burst) / rate
            assert letter == ("a" if quiet else "-")


@given(st.lists(GAPS, max_size=80), BURSTS, RATES)
def test_lines_without_a_pause_are_answered_in_one_burst_and_no_more(
    gaps: list[float], burst: int, rate: float
) -> None:
    moments, now = [0.0] * (burst + 1), 0.0
    for gap in gaps:
        now += min(gap, (min(2, burst) - 0.25) / rate)
        moments.append(now)
    assert alone(moments, Throttle(burst, rate)) == "a" * burst + "n" + "-" * len(gaps)


@given(st.lists(GAPS, max_size=80), BURSTS)
def test_who_keeps_to_the_rate_is_always_answered(gaps: list[float], burst: int) -> None:
    moments = [sum(gaps[:place]) + place for place in range(len(gaps) + 1)]
    assert set(alone(moments, Throttle(burst, 1.0))) == {"a"}


@given(stories(), st.integers(1, 4), BURSTS, RATES)
def test_whoever_is_new_is_answered_and_no_place_is_taken_beyond_the_most(
    lines: list[Line], most: int, burst: int, rate: float
) -> None:
    throttle = Throttle(burst, rate, most)
    seen = Counter[str]()
    for sender, now in lines:
        verdict = throttle.verdict(sender, now)
        assert verdict is ANSWER or seen[sender]
        assert len(throttle._buckets) == len(throttle._queue) <= most
        seen[sender] += 1


@given(stories(), BURSTS, RATES)
def test_a_bucket_is_forgotten_before_it_is_full_only_where_none_is_full(
    lines: list[Line], burst: int, rate: float
) -> None:
    throttle = Throttle(burst, rate, most=2)
    for sender, now in lines:
        before = {one: throttle._full_at(bucket) for one, bucket in throttle._buckets.items() if one != sender}
        throttle.verdict(sender, now)
        forgotten = [full for one, full in before.items() if one not in throttle._buckets]
        kept = [full for one, full in before.items() if one in throttle._buckets]
        assert max(forgotten, default=0.0) <= max(now, min(kept, default=now + 1000))
        assert not forgotten or max(forgotten) <= now or len(before) == 2


@given(st.lists(st.tuples(SENDERS, st.floats(-1e9, 1e9)), max_size=60), st.integers(1, 4))
def test_no_clock_breaks_it(lines: list[Line], most: int) -> None:
    throttle = Throttle(most=most)
    letters = verdicts(throttle, lines)
    assert len(letters) == len(lines)
    assert len(throttle._buckets) == len(throttle._queue) <= most


def test_what_many_share_is_answered_as_far_as_it_is_refilled() -> None:
    shared = Throttle(burst=2, per_second=0.1, steady=True)

    verdicts = [shared.verdict("a group", second) for second in range(40)]

    assert verdicts.count(Verdict.ANSWER) == 2 + 3
    assert verdicts[10] is verdicts[20] is verdicts[30] is Verdict.ANSWER
