"""The bench of replies in a few seconds: who waits less, and that nobody waits in vain."""

from __future__ import annotations

import pytest

from tests.bench.replies import measured, paperboy, rate_limiter
from tests.bench.waits import NETWORKS, asked


@pytest.mark.long
@pytest.mark.parametrize("jitter", [0.0, 0.1])
async def test_replies_do_not_wait_behind_a_broadcast(jitter: float) -> None:
    ours, theirs = [await measured(side, 2.0, jitter) for side in (paperboy, rate_limiter)]
    assert ours.answered == len(ours.waits) == 40
    assert ours.percentile(0.99) < theirs.percentile(0.5)


def test_replies_hardly_wait_for_their_turns_though_calls_come_late_by_chance() -> None:
    assert asked(NETWORKS["0 to 100 ms"], 60).is_met
