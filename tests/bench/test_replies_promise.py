"""The bench of replies in a few seconds: who waits less, and that nobody waits in vain."""

from __future__ import annotations

import pytest

from tests.bench.replies import measured, paperboy, rate_limiter


@pytest.mark.long
@pytest.mark.parametrize("jitter", [0.0, 0.1])
async def test_replies_do_not_wait_behind_a_broadcast(jitter: float) -> None:
    ours, theirs = [await measured(side, 2.0, jitter) for side in (paperboy, rate_limiter)]
    assert ours.answered == len(ours.waits) == 40
    assert ours.percentile(0.99) < theirs.percentile(0.5)
