"""What an operator sees of each command where the ledger's server is not as it should be."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from bot.ledger.ledger import open_ledger
from tests.support.fakes.telegram import FakeTelegram
from tests.support.golden import DATA
from tests.support.installed import PATH, SECRETS, TOKENS, Done, paperboy
from tests.support.postgres.server import PASSWORD, USER, VERSION, PostgresServer, own_server

_WRONG = "a-wrong-one"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with own_server({"max_connections": "20"}, auth="scram-sha-256") as server:
        yield server


@pytest.fixture
def settings(telegram: FakeTelegram) -> None:
    telegram.add_chat("-1002", "supergroup")
    Path("_posts").mkdir()
    (Path("_posts") / "2025-01-08-daily.md").write_bytes((DATA / "2025-01-08-daily-papers-20250108.md").read_bytes())
    Path("paperboy.toml").write_text(
        f"""
[[sources]]
name = "daily"
kind = "folder"
path = "_posts"
[telegram]
chats = ["-1002"]
base_url = "{telegram.base_url}"
""",
        "utf-8",
    )
    Path("paperboy.toml").chmod(0o640)


async def seen(url: str, *commands: str, missing: str = "") -> list[Done]:
    """Run commands on a ledger, perhaps without a module; the password is shown in none of them."""
    code = f"import sys; sys.modules['{missing}'] = None; from bot.cli.main import main; main()"
    program, *rest = (sys.executable, "-c", code) if missing else (PATH,)
    environ = {"PAPERBOY_TELEGRAM__TOKEN": TOKENS["PAPERBOY_TELEGRAM__TOKEN"], "PAPERBOY_STORE__URL": url}
    async with asyncio.timeout(60):
        done = await asyncio.gather(*(paperboy(*rest, one, program=program, **environ) for one in commands))
    assert not [one for one in done if PASSWORD in one.out + one.err or _WRONG in one.out + one.err]
    return list(done)


@pytest.mark.usefixtures("settings")
async def test_a_wrong_password(server: PostgresServer) -> None:
    doctor, status, run = await seen(server.url().replace(PASSWORD, _WRONG), "doctor", "status", "run")

    what = f"ledger postgresql://{USER}@/{USER}?host={server.folder}&port={server.port}: "
    said = f"{what}user or password are refused; check store.url ("
    assert (doctor.code, status.code, run.code, doctor.err, status.out, run.out) == (1, 2, 2, "", "", "")
    assert [line.startswith(f"✗ set-up: {said}") for line in doctor.lines] == [False, True]
    assert doctor.lines[-1].endswith(" [set-up]")
    assert status.err == run.err
    assert (status.err.startswith(f"paperboy: {said}"), status.err.count("\n")) == (True, 1)


@pytest.mark.usefixtures("settings")
async def test_a_database_that_is_only_read(server: PostgresServer) -> None:
    async with open_ledger(server.url()):
        pass  # so that there is one, as with a standby
    server.execute(f"ALTER DATABASE {USER} SET default_transaction_read_only = on")
    doctor, deliver = await seen(server.url(), "doctor", "deliver")
    server.execute(f"ALTER DATABASE {USER} RESET ALL")

    assert (doctor.code, deliver.code) == (1, 2)
    assert (
        f'nothing can be written there; ALTER DATABASE "{USER}" SET default_transaction_read_only = off' in doctor.out
    )
    assert "nothing can be written there; name the primary server in store.url" in deliver.err


@pytest.mark.usefixtures("settings")
async def test_too_many_connections(server: PostgresServer) -> None:
    with ExitStack() as others:
        for _ in range(17):  # of 20; the others are kept for administrators
            others.enter_context(psycopg.connect(server.url()))
        [status] = await seen(server.url(), "status")

    assert status.code == 2
    assert "the server has too many connections; raise max_connections, or run fewer workers" in status.err


@pytest.mark.usefixtures("settings")
async def test_a_driver_that_is_not_installed(server: PostgresServer) -> None:
    doctor, run = await seen(server.url(), "doctor", "run", missing="psycopg")

    said = "store.url names PostgreSQL, whose driver is not installed: pip install 'paperboy-bot[postgres]'"
    assert (doctor.code, run.code, run.err) == (1, 2, f"paperboy: {said}\n")
    assert f"✗ set-up: {said} [set-up]" in doctor.lines


@pytest.mark.usefixtures("settings")
async def test_what_the_doctor_says_where_all_is_well_but_commits_and_a_job(server: PostgresServer) -> None:
    async with open_ledger(server.url()):
        pass
    server.execute(f"ALTER DATABASE {USER} SET synchronous_commit = off")
    with psycopg.connect(server.url()) as db:
        db.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
            "VALUES ('paperboy', 'plan', jsonb_build_object('what', 'daily'))"
        )
        for state in ("doing", "failed"):
            db.execute("UPDATE procrastinate_jobs SET status = %s::procrastinate_job_status", (state,))
    [doctor] = await seen(server.url(), "doctor")
    server.execute(f"ALTER DATABASE {USER} RESET ALL")

    assert doctor.code == 1
    assert doctor.lines[1].startswith(f"✓ PostgreSQL {VERSION}.")
    assert [line.rpartition(" [")[2] for line in doctor.lines if line.startswith("✗")] == ["durability]", "jobs]"]
    assert "✗ job plan daily: failed 1 time; " in doctor.out


@dataclass
class Running:
    """`paperboy run` in a process of its own, and what it has said."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def read(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self.lines.append(line.decode())

    async def until(self, event: str, said: str = "", *, after: int = 0) -> None:
        async with asyncio.timeout(60):
            while not any(
                json.loads(line)["event"] == event and said in line
                for line in self.lines[after:]
                if line.startswith("{")
            ):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        *(PATH, "run"),
        env={**os.environ, "PAPERBOY_TELEGRAM__TOKEN": TOKENS["PAPERBOY_TELEGRAM__TOKEN"], "PAPERBOY_STORE__URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    run = Running(process)
    reading = asyncio.create_task(run.read())
    try:
        yield run
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await process.wait()
            await reading


@pytest.mark.usefixtures("settings")
async def test_a_server_that_is_stopped_while_it_runs_and_started_again(telegram: FakeTelegram) -> None:
    with own_server() as server:
        async with running(server.url()) as run:
            await run.until("running")
            await asyncio.to_thread(server.stop)
            await run.until("database", "is it running, and reachable from here? Nothing in the ledger is lost")
            calls = len(telegram.calls)
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(60):
                while len(telegram.calls) == calls:
                    await asyncio.sleep(0.05)
    assert run.process.returncode == 0
    said = "".join(run.lines)
    assert "Traceback" not in said
    assert not [secret for secret in SECRETS if secret in said]
    assert json.loads(run.lines[-1])["event"] == "stopped"
