"""Two processes that share a ledger in PostgreSQL, one of which dies in mid-delivery."""

from __future__ import annotations

import psycopg
import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.site import ALWAYS, Site


@pytest.fixture
def site(site: Site, postgres_url: str) -> Site:
    site.url, site.more = postgres_url, ALWAYS
    site.chats.buttons = True
    return site


async def test_what_one_leaves_that_dies_another_delivers(site: Site, postgres_url: str) -> None:
    site.post(post(PAPERS))
    environ = {"PAPERBOY_STORE__URL": postgres_url}
    processes = [await site.start("run", environ=environ) for _ in range(2)]
    by_pid = {process.pid: process for process in processes}
    killed = []

    def kill() -> None:
        with psycopg.connect(postgres_url) as db:
            [(pid,)] = db.execute("SELECT pid FROM bots WHERE channel = 'telegram'").fetchall()
        by_pid[pid].kill()
        killed.append(by_pid.pop(pid))

    site.at(5, kill, method="sendMessage")
    while not killed:
        await processes[0].until(lambda: bool(killed))
    assert (await site.end(killed[0])).killed
    [left] = by_pid.values()
    await site.stop(left)
    site.check()
