"""One PostgreSQL server for all processes of a test session: the first that needs it starts it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from tests.support.postgres.server import QUICK, PostgresServer, roles, watch

if TYPE_CHECKING:  # imported where they are needed: psycopg takes a while
    from tests.support.ledger_files import Files
    from tests.support.postgres.databases import Databases, Ledgers

_GIVEN = "postgres_folder"
_FOLDER = pytest.StashKey[Path]()
_ALIVE = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder in the process that outlives all others, and a pipe in it that ends with that process."""
    given: dict[str, str] = getattr(config, "workerinput", {})
    if _GIVEN in given:
        config.stash[_FOLDER] = Path(given[_GIVEN])
        return
    folder = config.stash[_FOLDER] = Path(tempfile.mkdtemp(prefix="paperboy-postgres-"))
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

    with closing(Databases(postgres_server, worker_id)) as databases:
        yield databases


@pytest.fixture
def postgres_url(postgres_databases: Databases) -> Iterator[str]:
    """Address of a new PostgreSQL database with nothing in it; gone after the test."""
    with postgres_databases.fresh() as name:
        yield postgres_databases.url(name)


@pytest.fixture(scope="session")
def postgres_ledgers(postgres_databases: Databases) -> Iterator[Ledgers]:
    """Empty ledgers in PostgreSQL for this process of tests."""
    from tests.support.postgres.databases import Ledgers
    from tests.support.postgres.ledger import make_ledger

    with closing(Ledgers(postgres_databases, make_ledger)) as ledgers:
        yield ledgers


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def ledgers(request: pytest.FixtureRequest) -> Files | Ledgers:
    """Ledgers that hold nothing, each lent as an address: in SQLite, then in PostgreSQL, so that a test runs twice."""
    from tests.support.ledger_files import Files

    if request.param == "sqlite":
        return Files()
    lent: Ledgers = request.getfixturevalue("postgres_ledgers")  # which stays when tests take turns
    return lent


@pytest.fixture
def ledger_url(ledgers: Files | Ledgers) -> Iterator[str]:
    """Address of a ledger that holds nothing, in SQLite, then in PostgreSQL."""
    with ledgers.lend() as url:
        yield url
