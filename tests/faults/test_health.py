"""`paperboy health` beside a running process: what it says of one that is well, refused, stopped, killed, gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from contextlib import closing

import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.process import Ended, Process
from tests.faults.site import ALWAYS, Site
from tests.support.fakes.faults import unauthorized
from tests.support.fakes.monitor import PATH, Monitor

CURE = "; start it: `paperboy run`, or `systemctl start paperboy` where it is a service"
A_MINUTE = 60.0  # seconds by which the clock of who asks is ahead: so long has nothing been heard


@pytest.fixture
async def running(site: Site) -> Process:
    """Run the program until it has delivered a digest."""
    site.more, site.chats.buttons = ALWAYS, True
    site.post(post(PAPERS))
    process = await site.start("run")
    await process.until(site._settled)
    return process


async def asked(site: Site, *options: str, shift: float = 0.0) -> Ended:
    """Ask how the process is, on a clock that is ahead."""
    return await site.end(await site.start("health", *options, shift=shift))


async def asked_until(site: Site, code: int) -> Ended:
    async with asyncio.timeout(30):
        while (ended := await asked(site)).code != code:
            pass
    return ended


async def test_all_is_well(site: Site, running: Process) -> None:
    ended = await asked_until(site, 0)
    as_json = await asked(site, "--json")

    assert ended.err == ""
    assert ended.out.startswith("healthy: ")
    tasks = {word.rsplit(" ", 3)[0] for word in ended.out[9:].split(", ")}
    dispatches = {"telegram dispatch", "slack dispatch"}  # each is told while there is one
    assert tasks - dispatches == {"sweep", "telegram listener", "delivery"}
    found = json.loads(as_json.out)
    assert (as_json.code, found["healthy"], found["problems"]) == (0, True, [])
    assert found["last"]["sweep"].endswith("+09:00")


async def test_a_token_that_is_dead(site: Site, running: Process) -> None:
    site.telegram.token = "123456:another-token-since-yesterday"
    site.post(post(PAPERS, "새"))
    ended = await asked_until(site, 1)
    as_json = await asked(site, "--json")

    assert ended.out == ""
    assert ended.err.startswith("telegram: nothing goes out. Telegram refuses the token; get a new one from @BotFather")
    assert ", since 20" in ended.err
    [problem] = json.loads(as_json.out)["problems"]
    assert (as_json.code, problem["what"] in ended.err) == (1, True)


async def test_one_that_stands_still(site: Site, running: Process) -> None:
    await asked_until(site, 0)
    running.send(signal.SIGSTOP)
    await running.stands_still()
    young, old = await asked(site), await asked(site, shift=A_MINUTE)
    running.send(signal.SIGCONT)

    assert (young.code, old.code, old.out) == (0, 1, "")
    assert old.err.startswith(f"process {running.pid} gives no sign of life: it hangs, is stopped, or cannot write")
    await asked_until(site, 0)


async def test_one_that_was_killed(site: Site, running: Process) -> None:
    await asked_until(site, 0)
    running.kill()
    await site.end(running)
    ended = await asked(site, shift=A_MINUTE)

    assert ended.code == 1
    assert ended.err.startswith(f"not running: process {running.pid} has ended, since 20")
    assert ended.err.endswith(f"{CURE}\n")


async def test_one_that_was_told_to_stop(site: Site, running: Process) -> None:
    await asked_until(site, 0)
    running.send(signal.SIGTERM)
    await site.end(running)
    ended, as_json = await asked(site), await asked(site, "--json")

    assert (ended.code, ended.out, ended.err) == (1, "", f"not running{CURE}\n")
    found = json.loads(as_json.out)
    assert found == {"healthy": False, "problems": [{"what": "not running", "since": None}], "notes": [], "last": {}}


async def test_one_that_we_may_not_ask(site: Site) -> None:
    site.ledger.with_name("paperboy.db.health").mkdir()  # as root we may read any file
    ended = await asked(site)

    assert (ended.code, ended.out) == (2, "")
    assert "cannot be read (Is a directory); ask as the user that Paperboy runs as" in ended.err


async def test_the_heartbeat_comes_while_all_is_well(site: Site) -> None:
    """It comes after the start and after each digest; it comes no more once the token is dead."""
    site.more = ALWAYS
    site.post(post([1]))
    async with Monitor() as monitor:
        process = await site.start("run", environ={"PAPERBOY_OPERATORS__HEARTBEAT_URL": monitor.url})
        await process.until(site._settled)
        await _called(monitor, 1)
        before = len(monitor.calls)
        site.post(post(PAPERS))
        await process.until(site._settled)
        await _called(monitor, before + 1)
        assert ", heartbeat " in (await asked_until(site, 0)).out
        while_well = list(monitor.calls)
        site.telegram.token = "123456:another-token-since-yesterday"
        site.post(post([*PAPERS, 9], "새"))
        await asked_until(site, 1)
        process.send(signal.SIGTERM)
        ended = await site.end(process)
    assert monitor.calls == while_well
    assert {*while_well} == {f"GET {PATH}?via=paperboy"}
    assert PATH not in ended.out + ended.err


async def _called(monitor: Monitor, times: int) -> None:
    async with asyncio.timeout(30):
        while len(monitor.calls) < times:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("status", [200, 404])
async def test_deliver_calls_too_and_what_is_answered_changes_nothing(site: Site, status: int) -> None:
    site.post(post(PAPERS))
    async with Monitor(answers=[status] * 3) as monitor:
        ended = await site.deliver(environ={"PAPERBOY_OPERATORS__HEARTBEAT_URL": monitor.url})
    assert (ended.code, ended.err) == (0, "" if status == 200 else "heartbeat: 127.0.0.1: HTTP 404\n")
    assert {*monitor.calls} == {f"GET {PATH}?via=paperboy"}


async def test_deliver_does_not_call_where_something_waits(site: Site) -> None:
    site.post(post(PAPERS))
    site.happen(unauthorized(method="sendMessage", times=None))
    async with Monitor() as monitor:
        ended = await site.deliver(environ={"PAPERBOY_OPERATORS__HEARTBEAT_URL": monitor.url})
    assert (ended.code, monitor.calls) == (1, [])


async def test_what_systemd_is_told(site: Site) -> None:
    """From the start to the end of a real process."""
    site.more = ALWAYS
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(f"\0paperboy-{os.getpid()}")
        manager.setblocking(False)
        process = await site.start("run", environ={"NOTIFY_SOCKET": f"@paperboy-{os.getpid()}"})
        loop, lines = asyncio.get_running_loop(), list[str]()
        async with asyncio.timeout(30):
            while lines.count("WATCHDOG=1") < 3:
                lines += (await loop.sock_recv(manager, 4096)).decode().splitlines()
            process.send(signal.SIGTERM)
            while "STOPPING=1" not in lines:
                lines += (await loop.sock_recv(manager, 4096)).decode().splitlines()
    assert (lines[0], lines.count("READY=1"), (await site.end()).code) == ("READY=1", 1, 0)
