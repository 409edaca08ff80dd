"""Transactions that hold what others wait for: one of them is given up and repeated, and nobody knows of it."""

from __future__ import annotations

import pytest

from tests.faults.site import Site
from tests.faults.workers.server import Server
from tests.faults.workers.stage import TELEGRAM_ALONE, WITHIN, staged

pytestmark = pytest.mark.long
_DEADLOCKS = 3


async def test_a_worker_repeats_what_it_lost_to_a_deadlock(site: Site, server: Server) -> None:
    await server.look_soon()
    async with staged(site, server, names=TELEGRAM_ALONE, papers=12) as stage:
        stage.pace = 0.01
        await stage.hire(2)
        stage.blog.publish()
        await stage.at(5, lambda _: None)

        async def was_lost() -> bool:
            await server.cross_locks()
            if await stage.is_done():
                stage.blog.reword(0)
            return await server.deadlocks() >= _DEADLOCKS

        await stage.until(was_lost, WITHIN)
        stage.strikes("in a deadlock")
        await stage.check()
