"""Give each test a database of its own, on a server that keeps what it commits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.faults.workers.server import SETTINGS, SMALL_LOG, Server, free_port
from tests.support.postgres.server import USER, PostgresServer, own_server

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def faulty_server() -> Iterator[PostgresServer]:
    """The server that the tests of this process share; none leaves it stopped."""
    with own_server(SETTINGS, port=free_port(), options=SMALL_LOG) as server:
        yield server


@pytest.fixture
def server(faulty_server: PostgresServer) -> Iterator[Server]:
    name = f"workers_{next(_NUMBERS)}"
    faulty_server.execute(f"CREATE DATABASE {name} OWNER {USER} STRATEGY file_copy")
    yield Server(faulty_server, name)
    if not faulty_server.answers:
        faulty_server.start()
    faulty_server.execute(f"DROP DATABASE {name} WITH (FORCE)")
