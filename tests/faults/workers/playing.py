"""Play a script: let things change, and faults strike when their calls come."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import psycopg
from sqlalchemy.exc import DBAPIError

from tests.faults.combined.acts import Publish
from tests.faults.combined.runs import Broken
from tests.faults.workers.drawing import At, Late, Round, Script
from tests.faults.workers.stage import Stage
from tests.faults.workers.worker import Worker
from tests.support.fakes.faults import Fault, late, slow
from tests.support.fakes.server import Call

_MOST = 90.0  # seconds that a round may take
_QUIET = 3.0  # seconds without a call, after which none is waited for any more


async def play(stage: Stage, script: Script) -> None:
    """Play a script, until its last fault has begun."""
    stage.pace = script.pace
    for number in range(script.workers):
        await stage.hire(shift=script.shifts[number])
    for one in script.rounds:
        await _play(stage, one)


async def _play(stage: Stage, one: Round) -> None:
    if isinstance(one.change, Publish):
        await stage.until(lambda: _knows_all(stage), _MOST)
    moments = _Moments(stage, list(one.acts))
    stage.on_call, stage.on_answer = moments.on_call, moments.on_answer
    stage.site.happen(*(_fault(fault) for fault in one.broken))
    one.change.do(stage.scene)
    await stage.until(moments.are_over, _MOST)


def _knows_all(stage: Stage) -> bool:
    """Tell whether the ledger knows all posts: an older one that it finds first with a newer one is passed over."""
    with suppress(psycopg.Error, DBAPIError):
        return stage.scene.knows(len(stage.blog.posts))
    return False


def _fault(fault: Broken | Late) -> Fault:
    if isinstance(fault, Broken):
        return fault.made
    kind = late if fault.done_first else slow
    return kind(fault.seconds, method=fault.method, skip=fault.skip)


class _Moments:
    """Count the calls that could show something, and let faults strike that are due."""

    def __init__(self, stage: Stage, acts: list[At]) -> None:
        self._stage, self._acts = stage, acts
        self._called = self._answered = 0
        self._last = asyncio.get_running_loop().time()  # when the last call came

    async def on_call(self, call: Call, worker: Worker) -> None:
        self._last = asyncio.get_running_loop().time()
        self._called += 1
        self._strike(self._called, worker, answered=False)

    def on_answer(self, call: Call, worker: Worker) -> None:
        self._answered += 1
        self._strike(self._answered, worker, answered=True)

    def are_over(self) -> bool:
        """Tell whether all faults have struck; those that no call is left for strike when it has been quiet."""
        if asyncio.get_running_loop().time() > self._last + _QUIET:
            for number, worker in enumerate(self._stage.workers):
                for at in self._acts[number :: len(self._stage.workers)]:
                    self._try(at, worker)
        return not self._acts

    def _strike(self, number: int, worker: Worker, *, answered: bool) -> None:
        for at in [at for at in self._acts if at.call <= number and at.answered == answered]:
            self._try(at, worker)

    def _try(self, at: At, worker: Worker) -> None:
        if at.act.do(self._stage, worker):
            self._acts.remove(at)
