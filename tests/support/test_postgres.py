"""The PostgreSQL servers that other tests run on."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, insert, update
from sqlalchemy.exc import DBAPIError

from bot.database.schema import deliveries
from bot.ledger.ledger import open_ledger
from tests.support.postgres.databases import Databases, Ledgers
from tests.support.postgres.ledger import make_ledger
from tests.support.postgres.proxy import Proxy
from tests.support.postgres.server import ADMIN, PASSWORD, USER, PostgresServer, _package, link, own_server
from tests.support.usual import usual_edition

ROOT = Path(__file__).parents[2]
LONG = 120  # seconds: machines are busy at times
Connections = tuple[psycopg.AsyncConnection, psycopg.AsyncConnection]
# A session of tests in which each process tells its database and the server's process, then may wait to be killed.
SESSION = """
import os, pathlib, time

def test_one(postgres_server, postgres_url, worker_id):
    told = f"{postgres_server.pid} {postgres_server.folder} {postgres_url}"
    pathlib.Path("told.part").with_stem(worker_id).write_text(told)
    os.rename(f"{worker_id}.part", f"{worker_id}.told")
    if os.environ.get("WAITS"):
        time.sleep(60)
"""


def _session(folder: Path, *options: str, **environ: str) -> subprocess.Popen[str]:
    (folder / "test_session.py").write_text(SESSION, "utf-8")
    plugins = ("xdist.plugin", "tests.support.postgres.plugin", "no:cacheprovider")
    options = ("-q", *(word for plugin in plugins for word in ("-p", plugin)), *options)
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, "test_session.py"],
        cwd=folder,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            **environ,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _told(folder: Path) -> list[tuple[int, Path, str]]:
    """Read what each process told: the server's process, its folder, the database's address."""
    found = [path.read_text("utf-8").split() for path in sorted(folder.glob("*.told"))]
    return [(int(pid), Path(where), url) for pid, where, url in found]


def _until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Tell whether a process is there, and not merely waiting to be asked how it ended."""
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


class TestDatabases:
    def test_each_is_new_and_gone_afterwards(
        self, postgres_databases: Databases, postgres_server: PostgresServer
    ) -> None:
        url = postgres_databases.url
        with postgres_databases.fresh() as first, psycopg.connect(url(first)) as db:
            db.execute("CREATE TABLE notes (text TEXT)")
            db.commit()
            with postgres_databases.fresh() as second, psycopg.connect(url(second)) as other:
                assert other.execute("SELECT to_regclass('notes')").fetchone() == (None,)
        with psycopg.connect(postgres_server.url(ADMIN, user=ADMIN)) as db:
            names = {name for (name,) in db.execute("SELECT datname FROM pg_database")}
        assert not names & {first, second}

    def test_who_is_still_connected_is_cut_off(self, postgres_databases: Databases) -> None:
        with postgres_databases.fresh() as name:
            left = psycopg.connect(postgres_databases.url(name))
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            left.execute("SELECT 1")

    def test_its_user_may_do_no_more_than_an_operator_s(self, postgres_url: str) -> None:
        with psycopg.connect(postgres_url, autocommit=True) as db:
            assert db.info.user == USER
            db.execute("CREATE TABLE notes (text TEXT)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute("CREATE DATABASE another")


class TestLedgers:
    async def test_the_address_of_each_opens_a_ledger_without_chats(self, ledger_url: str) -> None:
        async with open_ledger(ledger_url) as ledger:
            assert not await ledger.subscriptions.find("terminal", ("me",))
            await ledger.subscriptions.sync_chats("terminal", usual_edition(), {"me": "me"})

    @pytest.mark.parametrize(("state", "error"), [("sending", nullcontext()), ("sent", pytest.raises(DBAPIError))])
    def test_each_refuses_what_the_table_of_transitions_does_not_allow(
        self, ledger_url: str, state: str, error: AbstractContextManager[object]
    ) -> None:
        made = ledger_url.replace(f"//{USER}", f"//{ADMIN}").replace("postgresql", "postgresql+psycopg")
        engine = create_engine(made)
        with engine.begin() as db:
            if engine.name == "postgresql":
                db.exec_driver_sql("SET LOCAL session_replication_role = replica")  # without foreign keys
            db.execute(insert(deliveries).values(message_id=1, chat_id=1, ref="ref", state="pending"))
        with error, engine.begin() as db:
            db.execute(update(deliveries).values(state=state))
        engine.dispose()

    async def test_one_is_lent_again_as_if_it_were_new(
        self, postgres_databases: Databases, postgres_server: PostgresServer
    ) -> None:
        def dumped(url: str) -> str:
            options = ("--schema=public", "--inserts", "--restrict-key=none")
            dump = [str(postgres_server.program("pg_dump")), *options, url]
            return subprocess.run(dump, check=True, capture_output=True, text=True).stdout

        with closing(Ledgers(postgres_databases, make_ledger)) as ledgers:
            with ledgers.lend(), ledgers.lend() as used:
                new = dumped(used)
                await self._use(used)
                left = psycopg.connect(used)
                left.execute("INSERT INTO words VALUES (2, 'left', 'left')")
                assert dumped(used) != new
            with ledgers.lend() as again:
                assert again == used
                assert dumped(again) == new
                with pytest.raises(psycopg.OperationalError, match="terminating connection"):
                    left.commit()

    async def _use(self, url: str) -> None:
        """Write into tables with numbers of their own, with one row from the beginning, and without either."""
        async with open_ledger(url) as ledger:
            await ledger.subscriptions.sync_chats("terminal", usual_edition(), {"me": "me", "you": "you"})
        with psycopg.connect(url) as db:
            db.execute("UPDATE clock SET written_at = 1")
            db.execute("DELETE FROM alembic_version")
            db.execute("INSERT INTO words VALUES (1, 'title', 'body')")


class TestSharedServer:
    def test_all_processes_share_it_each_with_databases_of_its_own(self, tmp_path: Path) -> None:
        session = _session(tmp_path, "--tx", "2*popen", "--dist", "each")
        out, _ = session.communicate(timeout=LONG)
        assert session.returncode == 0, out
        (pid, folder, one), (same_pid, same_folder, other) = _told(tmp_path)
        assert (pid, folder) == (same_pid, same_folder)
        assert one != other
        assert not _runs(pid)
        assert not folder.parent.exists()

    def test_it_ends_with_a_session_that_is_killed(self, tmp_path: Path) -> None:
        with _session(tmp_path, "-n", "1", WAITS="yes") as session:
            _until(lambda: _told(tmp_path) or session.poll() is not None)
            ((pid, folder, _),) = _told(tmp_path)
            assert _runs(pid)
            session.send_signal(signal.SIGKILL)
        _until(lambda: not _runs(pid) and not folder.parent.exists())

    def test_tests_fail_where_it_cannot_start(self, tmp_path: Path) -> None:
        """They are not skipped: that would look as if all was well."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o711)  # PostgreSQL may run as another user
            (too_long := Path(folder, "long" * 30)).mkdir(0o711)
            session = _session(tmp_path, "-n", "0", TMPDIR=str(too_long))
            out, _ = session.communicate(timeout=LONG)
            assert not list(too_long.iterdir())
        assert session.returncode == 1
        assert "1 error" in out
        assert "skipped" not in out
        assert "PostgresError: pg_ctl start" in out
        assert "is too long" in out


class TestOwnServer:
    def test_what_was_committed_survives_an_immediate_restart(self) -> None:
        with own_server() as server:
            with psycopg.connect(server.url()) as db:
                assert (
                    db.execute("SHOW fsync").fetchone() == db.execute("SHOW synchronous_commit").fetchone() == ("on",)
                )
                db.execute("CREATE TABLE notes (text TEXT)")
                db.execute("INSERT INTO notes VALUES ('committed')")
                db.commit()
                db.execute("INSERT INTO notes VALUES ('not committed')")
                pid = server.pid
                server.restart("immediate")
                assert server.pid != pid
                with pytest.raises(psycopg.OperationalError):
                    db.commit()
            with psycopg.connect(server.url()) as db:
                assert db.execute("SELECT text FROM notes").fetchall() == [("committed",)]
            pid = server.pid
        assert not _runs(pid)
        assert not server.folder.exists()

    def test_it_may_be_stopped_or_killed_in_between(self) -> None:
        with own_server() as server:
            server.stop()
            assert not server.answers
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(server.url())
            server.start()
            os.kill(server.pid, signal.SIGKILL)
        assert not server.folder.exists()

    def test_it_starts_where_its_programs_are_in_a_private_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another user than root, who runs them then, may not enter it: they are copied, and no mode is changed."""
        private, package = tmp_path / "private", _package()
        for name in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.with_name(name), private / name, copy_function=link)
        private.chmod(0o700)
        monkeypatch.syspath_prepend(private)
        with own_server() as server, psycopg.connect(server.url()) as db:
            assert db.execute("SELECT 1").fetchone() == (1,)
        assert private.stat().st_mode & 0o777 == 0o700

    def test_it_ends_though_it_is_frozen(self) -> None:
        with own_server() as server:
            pid = server.pid
            os.kill(pid, signal.SIGSTOP)
        assert not _runs(pid)

    def test_settings_an_address_and_a_password(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "idle_session_timeout": "15s"}
        with own_server(settings, port=_free_port(), auth="scram-sha-256") as server:
            url = server.url(address=f"127.0.0.1:{server.port}")
            with psycopg.connect(url) as db:
                assert db.execute("SHOW idle_session_timeout").fetchone() == ("15s",)
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(url.replace(PASSWORD, "another"))
            pid = server.pid
        assert not _runs(pid)


class TestProxy:
    @pytest.fixture
    async def proxy(self, postgres_server: PostgresServer) -> AsyncIterator[Proxy]:
        async with Proxy(postgres_server.socket) as proxy:
            yield proxy

    @pytest.fixture
    async def connections(
        self, postgres_databases: Databases, postgres_server: PostgresServer, proxy: Proxy
    ) -> AsyncIterator[Connections]:
        """One connection to a table through the proxy, one around it."""
        with postgres_databases.fresh() as name:
            through = postgres_server.url(name, address=proxy.address)
            async with (
                await psycopg.AsyncConnection.connect(through, autocommit=True) as one,
                await psycopg.AsyncConnection.connect(postgres_databases.url(name), autocommit=True) as other,
            ):
                await other.execute("CREATE TABLE notes (text TEXT)")
                yield one, other
                proxy.feed()  # else whoever still waits would do so for ever

    async def _notes(self, connection: psycopg.AsyncConnection) -> list[tuple[str]]:
        return await (await connection.execute("SELECT text FROM notes")).fetchall()

    async def test_what_is_starved_goes_on_when_it_is_fed(self, proxy: Proxy, connections: Connections) -> None:
        one, other = connections
        proxy.starve()
        writing = asyncio.create_task(one.execute("INSERT INTO notes VALUES ('late')"))
        await asyncio.sleep(0.1)
        assert not await self._notes(other)
        proxy.feed()
        await writing
        assert await self._notes(other) == await self._notes(one) == [("late",)]

    async def test_a_commit_can_lose_its_answer(self, proxy: Proxy, connections: Connections) -> None:
        one, other = connections
        proxy.starve(requests=False)
        writing = asyncio.create_task(one.execute("INSERT INTO notes VALUES ('unheard')"))
        async with asyncio.timeout(10):
            while not await self._notes(other):
                await asyncio.sleep(0.01)
        assert not writing.done()
        proxy.cut()
        with pytest.raises(psycopg.OperationalError):
            await writing
        proxy.feed()
        async with await psycopg.AsyncConnection.connect(one.info.dsn, password=PASSWORD) as again:
            assert await self._notes(again) == [("unheard",)]
