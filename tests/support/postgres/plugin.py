"""One PostgreSQL server for all processes of a test session: the first that needs it starts it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from tests.support.postgres.server import QUICK, PostgresServer, roles, watch

if TYPE_CHECKING:  # imported where they are needed: psycopg takes a while
    from tests.support.postgres.databases import Databases

_GIVEN = "postgres_folder"
_FOLDER = pytest.StashKey[Path]()
_ALIVE = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder in the process that outlives all others, and a pipe in it that ends with that process."""
    given: dict[str, str] = getattr(config, "workerinput", {})
    if _GIVEN in given:
        config.stash[_FOLDER] = Path(given[_GIVEN])
        return
    folder = config.stash[_FOLDER] = Path(tempfile.mkdtemp(prefix="paperboy-"))
    folder.chmod(0o711)  # the server may run as another user
    os.mkfifo(folder / "alive")
    config.stash[_ALIVE] = os.open(folder / "alive", os.O_RDWR)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput[_GIVEN] = str(node.config.stash[_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if any test needed it."""
    if _ALIVE in config.stash:
        _server(config).retire()
        shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)
        os.close(config.stash[_ALIVE])


def _server(config: pytest.Config) -> PostgresServer:
    return PostgresServer(config.stash[_FOLDER] / "server")


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> PostgresServer:
    """The server that all tests share. It does not survive a power cut, and must not be stopped; see `own_server`."""
    server, folder = _server(pytestconfig), pytestconfig.stash[_FOLDER]
    with FileLock(folder / "lock"), ExitStack() as failing:
        if not server.folder.exists():
            failing.callback(server.retire)
            watch(server, folder, os.open(folder / "alive", os.O_RDONLY))
            server.make(QUICK, "trust")
            server.execute(*roles())
            failing.pop_all()
    return server


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: PostgresServer, worker_id: str) -> Iterator[Databases]:
    """Databases for this process of tests alone."""
    from tests.support.postgres.databases import Databases

    databases = Databases(postgres_server, worker_id)
    yield databases
    databases.close()


@pytest.fixture
def postgres_url(postgres_databases: Databases) -> Iterator[str]:
    """Address of a new PostgreSQL database with nothing in it; gone after the test."""
    with postgres_databases.fresh() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a ledger that is not there yet, in a file and in PostgreSQL: each test runs twice."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'paperboy.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
