"""Two hundred tabs ask for what is new while a digest is delivered: readers are answered as quickly as ever."""

from __future__ import annotations

import asyncio
import sys
from statistics import quantiles

import pytest

from bot.pages.demo.server import Pace
from tests.pages.demo.visitor import Visitor, visiting
from tests.support.documents import ROOT

LONGEST = 0.150  # seconds until an answer stands in the chat, for 99 of 100
MOST_TIMES = 5  # as long as without tabs, on a machine that is too busy for that

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("own_logging")]


async def slowest(visitor: Visitor) -> float:
    """Ask sixty times for a paper while something is delivered; give the 99th percentile of the waits, in seconds."""
    waits, loop = [], asyncio.get_running_loop()
    for action in ("add", "mend", "drop"):
        visitor.demo.promise.ask(action)
    for number in range(60):
        began = loop.time()
        await visitor.demo.readers["telegram"].type(f"/paper {number % 6 + 1}", "en")
        waits.append(loop.time() - began)
        await asyncio.sleep(0.15)
    await asyncio.wait_for(visitor.demo.promise.finished(), 30)
    return quantiles(waits, n=100)[98]


async def test_answers_are_quick_and_each_tab_sees_each_change() -> None:
    """Where a machine is so busy that answers are late without any tab, tabs must not make it much worse."""
    pipe = asyncio.subprocess.PIPE
    async with visiting(pace=Pace(0.05, 0.1, 0.1)) as visitor:
        alone = await slowest(visitor)
        after = str(visitor.demo.chats.feeds["en"].last)
        command = (sys.executable, "-m", "tests.pages.demo.tabs", visitor.address, after)
        tabs = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
        assert tabs.stdout
        assert await tabs.stdout.readline() == b"ready\n"
        among_tabs = await slowest(visitor)
        said, _ = await asyncio.wait_for(tabs.communicate(b""), 30)

    different, changes = map(int, said.split())
    assert (different, changes > 150) == (1, True)
    assert among_tabs < max(LONGEST, MOST_TIMES * alone), f"{alone:.3f} s without tabs"
