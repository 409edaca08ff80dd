"""What tells the outside how the process is: the file, systemd's socket, and what platforms say to our tokens."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from filelock import FileLock
from structlog.testing import capture_logs

from bot.app import reporter as reporter_module
from bot.app import systemd
from bot.app.reporter import Reporter, ask_about_token
from bot.database.states import IncidentKind
from bot.monitoring.health import Health
from bot.monitoring.health_report import HealthReport, read_report
from tests.support.memory_channel import MemoryChannel

FILE = Path("paperboy.db.health")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INTERVAL", "_SELDOM", "_SOON"):
        monkeypatch.setattr(reporter_module, name, 0.01)


@pytest.fixture(params=["a path", "an abstract name"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Listen as systemd does."""
    address = f"{tmp_path}/n" if request.param == "a path" else f"@{tmp_path}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield listening


@asynccontextmanager
async def reporting(health: Health, secrets: Sequence[str] = ()) -> AsyncIterator[None]:
    task = asyncio.create_task(Reporter(health, FILE, secrets).run())
    async with asyncio.timeout(10):
        yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def received(manager: socket.socket) -> list[str]:
    """Wait for the next datagram, and give its lines."""
    async with asyncio.timeout(10):
        return (await asyncio.get_running_loop().sock_recv(manager, 4096)).decode().splitlines()


async def written(problems: int) -> HealthReport:
    """Wait until the file has so many problems."""
    while (found := read_report(FILE)) is None or len(found.problems) != problems:
        await asyncio.sleep(0.005)
    return found


async def test_the_file_follows_what_happens_and_goes_with_the_process() -> None:
    health = Health()
    async with reporting(health):
        await written(0)
        health.outages.begin(IncidentKind.RUN, "", "the disk is full", brief=0.0)
        assert (await written(1)).problems[0].what == "A run failed. the disk is full"
        health.outages.end(IncidentKind.RUN, "")
        await written(0)
    assert not FILE.exists()


async def test_each_process_of_a_machine_has_a_file_and_who_starts_again_has_the_same() -> None:
    second, health = FILE.with_name(f"{FILE.name}.2"), Health()
    dead = FileLock(f"{FILE}.lock")
    dead.acquire()
    async with reporting(health):
        while read_report(second) is None:
            await asyncio.sleep(0.005)
        assert not FILE.exists()
        dead.release()
        async with reporting(health):
            await written(0)
    assert not FILE.exists()
    assert not second.exists()


async def test_a_folder_that_cannot_be_made_is_told_and_the_process_goes_on() -> None:
    Path("blocked").touch()
    reporter = Reporter(Health(), Path("blocked/local/health"))
    with capture_logs() as logs:
        task = asyncio.create_task(reporter.run())
        async with asyncio.timeout(10):
            while not logs:
                await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert logs[0]["error"].startswith("blocked/local/health: Not a directory; check the folder")


async def test_no_secret_is_written() -> None:
    health = Health()
    health.outages.begin(IncidentKind.RUN, "", "no way with xoxb-0123456789 and s3cret", brief=0.0)
    async with reporting(health, ["s3cret"]):
        assert (await written(1)).problems[0].what == "A run failed. no way with [secret] and [secret]"


def test_a_file_that_cannot_be_written_is_logged_once_and_tried_again() -> None:
    blocked, reporter = Path(f"{FILE}.new"), Reporter(Health(), FILE)
    blocked.mkdir()
    with capture_logs() as logs:
        for _ in range(3):
            reporter._report()
        blocked.rmdir()
        reporter._report()
    assert [line["event"] for line in logs] == ["health"]
    assert "Is a directory; check the folder" in logs[0]["error"]
    assert read_report(FILE)


async def test_systemd_is_told_that_it_is_ready_and_well(manager: socket.socket) -> None:
    async with reporting(Health()):
        assert await received(manager) == ["READY=1", "WATCHDOG=1", "STATUS=healthy"]
        assert await received(manager) == ["WATCHDOG=1", "STATUS=healthy"]


async def test_the_watchdog_starves_only_where_a_task_hangs(manager: socket.socket) -> None:
    """That a platform is away for hours would not be mended by a restart."""
    health = Health()
    health.outages.begin(IncidentKind.DISCONNECTED, "telegram", "Telegram cannot\nbe reached", brief=0.0)
    async with reporting(health):
        away = "STATUS=telegram: readers are not heard. Telegram cannot be reached"
        assert await received(manager) == ["READY=1", "WATCHDOG=1", away]
        health.sign("telegram listener", within=-1)
        while (lines := await received(manager)) == ["WATCHDOG=1", away]:
            pass
        assert lines == ["STATUS=telegram listener: no sign of life"]
        health.sign("telegram listener", within=60)
        while (lines := await received(manager)) == ["STATUS=telegram listener: no sign of life"]:
            pass
        assert lines == ["WATCHDOG=1", away]


@pytest.mark.parametrize("address", ["", "@nobody-listens-here", "/no/such/socket", "x" * 200])
def test_who_cannot_be_told_is_not_told(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    systemd.notify(systemd.READY)
    assert not FILE.exists()


# Tokens


class Asked(MemoryChannel):
    """A channel that is asked about its token."""

    problem: str | Exception = ""
    times = 0

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        self.times += 1
        if isinstance(self.problem, Exception):
            raise self.problem
        return [("token", self.problem), *[(address, "") for address in addresses]]


async def asked(channel: Asked, health: Health, times: int = 2) -> None:
    stopping = asyncio.Event()
    task = asyncio.create_task(ask_about_token(channel, health, stopping))
    async with asyncio.timeout(10):
        before = channel.times
        while channel.times < before + times:
            await asyncio.sleep(0.005)
        stopping.set()
        await task


@pytest.mark.parametrize("problem", ["Telegram refuses the token", ZeroDivisionError("123456:FAKE-telegram-token-x")])
async def test_a_token_that_is_refused_is_a_problem_though_nothing_is_delivered(problem: str | Exception) -> None:
    now, channel = [0.0], Asked(name="telegram")
    health = Health(lambda: now[0])
    channel.problem = problem
    await asked(channel, health)
    assert health.report(0).problems == []
    now[0] = 50.0
    await asked(channel, health)
    [found] = health.report(0).problems
    assert found.what.startswith("telegram: nothing goes out. ")
    assert "FAKE" not in found.what

    channel.problem = ""
    await asked(channel, health)
    assert health.report(0).problems == []


async def test_who_is_told_to_stop_waits_for_no_answer() -> None:
    class Silent(Asked):
        async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
            self.times += 1
            await asyncio.Event().wait()
            return ()

    channel = Silent(name="slack")
    await asked(channel, Health(), times=1)
    assert channel.times == 1
