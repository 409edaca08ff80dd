"""What befalls the connections of workers, and their server: each goes on by itself."""

from __future__ import annotations

import time

import pytest

from tests.faults.site import Site
from tests.faults.workers.acts import Act, CutOff, EndConnections, RestartServer, Whom
from tests.faults.workers.server import Server
from tests.faults.workers.stage import TELEGRAM_ALONE, WITHIN, staged
from tests.faults.workers.times import SHORT

pytestmark = pytest.mark.long  # until a busy machine does not make them fail

_PACE = 0.03  # seconds that a call takes
_LONG = 2 * SHORT.silence  # seconds without a connection, in which others take over


@pytest.mark.parametrize("seconds", [0.0, pytest.param(_LONG, marks=pytest.mark.long)])
async def test_both_workers_go_on_when_postgresql_was_restarted(site: Site, server: Server, seconds: float) -> None:
    await _both_go_on(site, server, RestartServer(seconds))


@pytest.mark.parametrize("whom", ["caller", pytest.param(None, marks=pytest.mark.long)])
async def test_workers_go_on_whose_connections_were_ended(site: Site, server: Server, whom: Whom | None) -> None:
    await _both_go_on(site, server, EndConnections(whom))


@pytest.mark.long
@pytest.mark.parametrize(
    "how",
    [(False, False, False), (True, False, False), (True, False, True), (True, True, False), (True, True, True)],
    ids=["refused", "held", "held and lost", "answers held", "answers lost"],
)
async def test_a_worker_that_is_cut_off_stops_calling_and_comes_back(
    site: Site, server: Server, how: tuple[bool, bool, bool]
) -> None:
    """By the end of its lease at the latest, before another one may call."""
    async with staged(site, server, names=TELEGRAM_ALONE, papers=12) as stage:
        stage.pace = _PACE
        await stage.hire(2)
        stage.blog.publish()
        cut = await stage.at(10, lambda worker: CutOff(_LONG, *how).do(stage, worker), "sendMessage")
        cut_at = time.monotonic()
        await stage.until(lambda: not stage.is_striking, 60)
        assert max(call.at for call in stage.calls_of(cut)) < cut_at + SHORT.sharing.lease + SHORT.call
        assert not cut.ended
        await stage.check()


@pytest.mark.long
async def test_nothing_is_lost_where_the_disk_of_the_server_is_full(site: Site, server: Server) -> None:
    """A limit stands for the disk: the server's processes can write no file any further, and say so."""
    async with staged(site, server, papers=20) as stage:
        stage.pace = 10 * _PACE  # until it is full
        await stage.hire(2)
        await stage.shared_out()
        stage.blog.publish()
        await stage.at(10, lambda _: None, "sendMessage")
        async with server.full_disk():
            stage.pace = _PACE
            await stage.until(stage.said("Check free disk space"), WITHIN)
        stage.strikes("disk full")
        await stage.check()


async def _both_go_on(site: Site, server: Server, act: Act) -> None:
    """Let both deliver, do something amid that, and see that neither ends and all is there once."""
    async with staged(site, server) as stage:
        stage.pace = _PACE
        await stage.hire(2)
        await stage.shared_out()
        stage.blog.publish()
        await stage.at(10, lambda worker: act.do(stage, worker), "sendMessage")
        await stage.until(lambda: not stage.is_striking, 60)
        await stage.shared_out()
        assert not [ended for worker in stage.workers for ended in worker.ended]
        await stage.check()
