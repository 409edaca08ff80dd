"""Calls that take their time while a bot is taken over: what they carry out is found, and comes once."""

from __future__ import annotations

import pytest

from tests.faults.site import Site
from tests.faults.workers.acts import EndConnections
from tests.faults.workers.server import Server
from tests.faults.workers.stage import staged
from tests.faults.workers.times import SHORT
from tests.faults.workers.worker import Worker
from tests.support.chats import READER, SLACK_CHAT
from tests.support.fakes.faults import late, slow

pytestmark = pytest.mark.long
_PACE = 0.03  # seconds that a call takes
_ONE_EACH = (READER, SLACK_CHAT)
_SEND = {"telegram": "sendMessage", "slack": "chat.postMessage"}


@pytest.mark.parametrize("channel", ["telegram", "slack"])
async def test_what_is_carried_out_after_the_death_of_the_caller_comes_once(
    site: Site, server: Server, channel: str
) -> None:
    """As late as a call may take, and before it is asked about."""
    async with staged(site, server, names=_ONE_EACH) as stage:
        stage.pace = _PACE
        await stage.hire(2)
        await stage.shared_out()
        site.happen(slow(SHORT.call, method=_SEND[channel], skip=2))
        stage.blog.publish()
        await stage.at(3, Worker.kill, _SEND[channel])
        stage.strikes("killed")
        await stage.check()


@pytest.mark.parametrize("channel", ["telegram", "slack"])
@pytest.mark.parametrize("seconds", [0.6 * SHORT.call, 2 * SHORT.take_over_delay], ids=["shorter", "longer"])
async def test_a_call_under_way_when_its_bot_is_lost_comes_once(
    site: Site, server: Server, channel: str, seconds: float
) -> None:
    """It is carried out at once, and answered sooner, or later, than others ask about it; its caller lives."""
    async with staged(site, server, names=_ONE_EACH) as stage:
        stage.pace = _PACE
        await stage.hire(2)
        await stage.shared_out()
        site.happen(late(seconds, method=_SEND[channel], skip=2))
        stage.blog.publish()
        await stage.at(3, lambda worker: EndConnections().do(stage, worker), _SEND[channel])
        await stage.check()
