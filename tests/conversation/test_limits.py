"""Nobody's many questions cost another the first, in any minute no more is answered than a group may get."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.context import Request
from bot.conversation.limits import AnswerLimits
from bot.conversation.throttle import Throttle, Verdict
from bot.database.states import ChatKind

ANSWER, NOTE, SILENCE, BUSY = Verdict
A_MINUTE = 20  # messages that Telegram lets into a group

Line = tuple[str, float]  # who wrote, and when


def member(user: str, group: str = "-1") -> Request:
    return Request("telegram", group, ChatKind.GROUP, user)


def verdicts(limits: AnswerLimits, lines: Sequence[Line]) -> list[Verdict]:
    """Judge lines of members of one group, none of whom sets anything."""

    async def judged() -> list[Verdict]:
        return [await limits.verdict(member(user), now, operator=False, sets=False) for user, now in lines]

    return asyncio.run(judged())


@pytest.mark.parametrize("pace", [0.0, 1.0, 7.0, 10.0, 15.0])
def test_one_who_asks_without_end_costs_nobody_the_first_question(pace: float) -> None:
    limits, lines = AnswerLimits(), [("many", n * pace) for n in range(100)]
    verdicts(limits, lines)
    end = 100 * pace
    assert verdicts(limits, [(f"new {n}", end) for n in range(5)]) == [ANSWER] * 5


def test_several_who_ask_without_end_cost_nobody_the_first_question() -> None:
    limits = AnswerLimits()
    lines = [(f"many {n % 4}", n * 2.0) for n in range(200)]
    verdicts(limits, lines)
    assert verdicts(limits, [(f"new {n}", 400.0) for n in range(5)]) == [ANSWER] * 5


def test_a_first_question_comes_again_after_some_minutes() -> None:
    limits = AnswerLimits()
    assert verdicts(limits, [("ann", 0.0)]) == [ANSWER]
    verdicts(limits, [(f"new {n}", 500.0) for n in range(5)])
    assert verdicts(limits, [("ann", 500.0)]) == [BUSY]
    verdicts(limits, [(f"other {n}", 620.0) for n in range(5)])
    assert verdicts(limits, [("ann", 620.0)]) == [ANSWER]


def test_who_was_not_answered_still_has_the_first_question() -> None:
    limits = AnswerLimits(group=Throttle(burst=6, per_second=1.0, steady=True))
    assert verdicts(limits, [(f"new {n}", 0.0) for n in range(6)]) == [ANSWER] * 6
    assert verdicts(limits, [("late", 0.0), ("late", 1.0)]) == [BUSY, ANSWER]


def test_that_too_much_is_asked_is_said_once_a_minute() -> None:
    lines = [(f"new {n}", n * 0.5) for n in range(140)]
    told = [now for (_, now), verdict in zip(lines, verdicts(AnswerLimits(), lines), strict=True) if verdict is BUSY]
    assert told == [5.0, 65.0]


def test_groups_do_not_notice_each_other() -> None:
    async def judged() -> list[Verdict]:
        limits = AnswerLimits()
        requests = [member(str(n), group) for group in ("-1", "-2") for n in range(10)]
        return [await limits.verdict(one, 0.0, operator=False, sets=False) for one in requests]

    assert asyncio.run(judged()) == [ANSWER] * 20


def test_who_administers_is_asked_once_a_minute() -> None:
    asked = Counter[str]()

    async def judged() -> list[Verdict]:
        limits, now = AnswerLimits(), [0.0]

        async def is_admin() -> bool:
            asked[f"at {now[0]}"] += 1
            return now[0] > 0

        request = Request("telegram", "-1", ChatKind.GROUP, "42", is_admin=is_admin)
        first = [await limits.verdict(request, 0.0, operator=False, sets=False) for _ in range(9)]
        now[0] = 60.0
        for _ in range(9):
            await limits.verdict(request, 60.0, operator=False, sets=False)
        return [*first, await limits.verdict(request, 61.0, operator=False, sets=True)]

    assert asyncio.run(judged()) == [ANSWER] * 3 + [NOTE] + [SILENCE] * 5 + [ANSWER]
    assert asked == {"at 0.0": 1, "at 60.0": 1}


PEOPLE = st.sampled_from([f"person {n}" for n in range(30)])
GAPS = st.sampled_from([0.0, 0.0, 0.1, 0.5, 2.0, 5.0])


@given(st.lists(st.tuples(PEOPLE, GAPS), max_size=150))
def test_whatever_is_asked_a_group_gets_no_more_in_a_minute_than_telegram_lets_in(
    asked: list[tuple[str, float]],
) -> None:
    now, lines = 0.0, []
    for user, gap in asked:
        now += gap
        lines.append((user, now))
    given_at = [at for (_, at), one in zip(lines, verdicts(AnswerLimits(), lines), strict=True) if one is not SILENCE]
    for place, start in enumerate(given_at):
        assert sum(at < start + 60 for at in given_at[place:]) <= A_MINUTE


@given(st.lists(st.tuples(st.sampled_from(["many", "more"]), GAPS), max_size=100), st.integers(1, 5))
def test_whatever_others_asked_before_a_first_question_is_answered(asked: list[tuple[str, float]], new: int) -> None:
    now, lines = 0.0, []
    for user, gap in asked:
        now += gap
        lines.append((user, now))
    firsts = [(f"new {n}", now) for n in range(new)]
    assert verdicts(AnswerLimits(), [*lines, *firsts])[len(lines) :][:3] == [ANSWER] * min(new, 3)
