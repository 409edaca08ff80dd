"""What workers are for: they deliver the real post, whatever becomes of each of them."""

from __future__ import annotations

from datetime import date

import pytest

from tests.faults import posts
from tests.faults.site import Site
from tests.faults.workers.acts import Act, Freeze, Kill
from tests.faults.workers.server import Server
from tests.faults.workers.stage import WITHIN, Stage, staged
from tests.faults.workers.times import INSTALLED, SHORT, Times
from tests.faults.workers.worker import Worker
from tests.support.setup import SHARED

pytestmark = pytest.mark.long  # until a busy machine does not make them fail

_DAY = date(2025, 9, 10)
_NAME = f"{_DAY}-daily-papers-{_DAY:%Y%m%d}.md"
_REAL = SHARED / "posts" / _NAME  # of the blog, where it lies beside the repository

_EACH = 10  # calls, after which a fault strikes


def _text() -> str:
    """Give the real post, else one with as many papers."""
    return _REAL.read_text("utf-8") if _REAL.exists() else posts.post(range(1, 19), day=_DAY)


@pytest.mark.parametrize(
    ("times", "pace", "faults", "within"),
    [
        pytest.param(SHORT, 0.05, 3, WITHIN, id="short times"),
        # What is unconfirmed is asked about after 25 s, and a group takes 20 calls a minute.
        pytest.param(INSTALLED, 1.0, 8, 180.0, id="as installed"),
    ],
)
async def test_one_worker_is_killed_again_and_again_and_the_other_is_frozen_and_thawed(
    site: Site, server: Server, times: Times, pace: float, faults: int, within: float
) -> None:
    async with staged(site, server, times) as stage:
        stage.pace, stage.within = pace, within
        await stage.hire(2)
        await stage.shared_out()
        stage.blog.take(_text(), _NAME, _DAY)
        first, second = stage.workers
        for number in range(faults):
            await _strike(stage, Kill(), first)
            await _strike(stage, Freeze((0.5, 1.5)[number % 2] * times.silence), second)
        await stage.check()


async def _strike(stage: Stage, act: Act, worker: Worker) -> None:
    """Let a fault strike a worker amid the delivery, once it runs."""
    await stage.at(_EACH, lambda _: None)
    await stage.until(lambda: act.do(stage, worker), stage.within)
