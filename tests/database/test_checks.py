"""What the doctor finds of a PostgreSQL server: each thing is set wrong on a real one, or stood in for by a proxy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from bot.database.postgres.checks import Check, Concern, examine
from bot.ledger.ledger import open_ledger
from tests.support.postgres.pooler import pooled
from tests.support.postgres.proxy import Proxy
from tests.support.postgres.server import ADMIN, PASSWORD, USER, VERSION, PostgresServer, own_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with own_server({"max_connections": "30", "wal_level": "replica"}) as server:
        yield server


@pytest.fixture(autouse=True)
def as_it_should_be(server: PostgresServer) -> Iterator[None]:
    yield
    server.execute(
        "SET synchronous_commit = local",  # it waits for no standby
        "ALTER SYSTEM RESET ALL",
        "SELECT pg_reload_conf()",
        f"ALTER DATABASE {USER} RESET ALL",
        f"ALTER ROLE {USER} RESET ALL",
        f"ALTER ROLE {USER} IN DATABASE {USER} RESET ALL",
        f"ALTER DATABASE {USER} CONNECTION LIMIT -1",
        f"ALTER ROLE {USER} CONNECTION LIMIT -1",
    )


async def wrong(url: str) -> list[Check]:
    found = await examine(url)
    assert PASSWORD not in str(found)
    return [check for check in found if check.cure]


async def test_all_is_well(server: PostgresServer) -> None:
    [found] = await examine(server.url())
    assert (found.concern, found.cure) == (Concern.SERVER, "")
    assert found.what.startswith(f"PostgreSQL {VERSION}.")
    assert found.what.endswith(f" at postgresql://{USER}@/{USER}?host={server.folder}&port={server.port}")


async def test_who_cannot_connect_finds_nothing_and_is_told_elsewhere(server: PostgresServer) -> None:
    assert await examine(server.url("nowhere")) == []
    assert await examine(f"postgresql://{USER}@127.0.0.1:1/{USER}") == []
    assert await examine(f"{server.url()}&no-such-option=on") == []


async def test_an_old_server(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is newer: what is asked for is newer still."""
    monkeypatch.setattr("bot.database.postgres.checks._OLDEST", 99)
    [found] = await examine(server.url())
    assert (found.concern, found.cure) == (Concern.SERVER, "too old; install 99 or newer, and move the database there")


@pytest.mark.parametrize(
    ("where", "place"),
    [
        (f"DATABASE {USER}", f'ALTER DATABASE "{USER}" SET synchronous_commit = on'),
        (f"ROLE {USER}", f'ALTER ROLE "{USER}" SET synchronous_commit = on'),
        (f"ROLE {USER} IN DATABASE {USER}", f'ALTER ROLE "{USER}" IN DATABASE "{USER}" SET synchronous_commit = on'),
        ("SYSTEM", "ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf()"),
    ],
)
async def test_commits_that_wait_for_no_disk(server: PostgresServer, where: str, place: str) -> None:
    server.execute(f"ALTER {where} SET synchronous_commit = off", "SELECT pg_reload_conf()")
    [found] = await wrong(server.url())
    assert (found.concern, found.what) == (Concern.DURABILITY, "synchronous_commit = off")
    assert found.cure == f"a power cut forgets what was sent, and it is sent again; {place}"
    server.execute(*(one.strip() for one in place.split(";")))
    assert await wrong(server.url()) == []


async def test_commits_that_an_option_of_the_address_lets_wait_for_no_disk(server: PostgresServer) -> None:
    [found] = await wrong(f"{server.url()}&options=-c%20synchronous_commit%3Doff")
    assert found.cure.endswith("; take synchronous_commit out of the options in store.url, or out of PGOPTIONS")


async def test_commits_that_a_standby_may_lack(server: PostgresServer) -> None:
    server.execute(f"ALTER DATABASE {USER} SET synchronous_commit = local")
    assert await wrong(server.url()) == []
    server.execute("ALTER SYSTEM SET synchronous_standby_names = 'another'", "SELECT pg_reload_conf()")
    [found] = await wrong(server.url())
    assert found.what == "synchronous_commit = local"
    assert found.cure.startswith("a standby that takes over may lack what was sent; ")


async def test_a_server_that_waits_for_no_disk_at_all(server: PostgresServer) -> None:
    server.execute("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    [found] = await wrong(server.url())
    assert (found.concern, found.what) == (Concern.DURABILITY, "fsync = off")
    assert found.cure.endswith("ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()")


async def test_a_database_that_is_only_read(server: PostgresServer) -> None:
    server.execute(f"ALTER DATABASE {USER} SET default_transaction_read_only = on")
    [found] = await wrong(server.url())
    place = f'ALTER DATABASE "{USER}" SET default_transaction_read_only = off'
    assert (found.concern, found.cure) == (Concern.SERVER, f"nothing can be written there; {place}")


async def test_a_standby() -> None:
    with own_server() as server:
        server.stop()
        (server.data / "standby.signal").touch()
        server.start()
        [found] = await wrong(server.url())
    assert found.concern == Concern.SERVER
    assert found.cure == "the server is a standby, which is only read; name the primary in store.url"


async def test_a_database_of_another_encoding(server: PostgresServer) -> None:
    server.execute(f"CREATE DATABASE latin OWNER {USER} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    [found] = await wrong(server.url("latin"))
    assert (found.concern, found.cure[:24]) == (Concern.SERVER, "its encoding is LATIN1; ")


async def test_rights_that_are_missing(server: PostgresServer) -> None:
    server.execute(f"CREATE DATABASE others OWNER {ADMIN}")
    [found] = await wrong(server.url("others"))
    assert (found.concern, found.what) == (Concern.RIGHTS, f"user {USER}")
    assert found.cure.endswith(f'or GRANT USAGE, CREATE ON SCHEMA "public" TO "{USER}"')
    with psycopg.connect(server.url("others", user=ADMIN), autocommit=True) as db:
        db.execute(f'GRANT USAGE, CREATE ON SCHEMA "public" TO "{USER}"'.encode())
        assert await wrong(server.url("others")) == []
        db.execute("CREATE TABLE deliveries ()")
        [found] = await wrong(server.url("others"))
        assert found.cure.startswith("does not own the table deliveries, and cannot change it; ")
        db.execute(f"ALTER TABLE deliveries OWNER TO {USER}".encode())
        db.execute("REVOKE EXECUTE ON FUNCTION pg_terminate_backend FROM PUBLIC")
        [found] = await wrong(server.url("others"))
        assert found.cure.startswith("may not end connections of its own that stand still; ")
        db.execute(found.cure.partition("; ")[2].encode())
        assert await wrong(server.url("others")) == []
        db.execute(f"ALTER ROLE {USER} SET search_path = nowhere".encode())
        [found] = await wrong(server.url("others"))
        assert found.cure.startswith("its search_path names no schema that is there; ")


async def test_too_few_connections(server: PostgresServer) -> None:
    with ExitStack() as others:
        for _ in range(19):  # of 30; 3 are kept for administrators, and the two that ask are no others
            others.enter_context(psycopg.connect(server.url(), application_name="reports"))
        assert await wrong(server.url()) == []
        others.enter_context(psycopg.connect(server.url(), application_name="reports"))
        [found] = await wrong(server.url())
    assert (found.concern, found.what) == (Concern.CONNECTIONS, "max_connections = 30")
    assert found.cure.startswith("7 are left to Paperboy, and a worker needs up to 8; raise it")


async def test_too_few_connections_for_the_workers_that_there_are(server: PostgresServer) -> None:
    server.execute(f"ALTER DATABASE {USER} CONNECTION LIMIT 16", f"ALTER ROLE {USER} CONNECTION LIMIT 15")
    async with open_ledger(server.url()) as one:
        await one.bots.join()
        assert await wrong(server.url()) == []
        async with open_ledger(server.url()) as other:
            await other.bots.join()
            [found] = await wrong(server.url())
    assert found.what == "CONNECTION LIMIT of the user = 15"
    assert found.cure.startswith("15 are left to Paperboy, and 2 workers need up to 16")


async def test_a_second_connection_that_is_refused(server: PostgresServer) -> None:
    server.execute(f"ALTER ROLE {USER} CONNECTION LIMIT 1")
    few, second = await wrong(server.url())
    assert (few.what, second.what) == ("CONNECTION LIMIT of the user = 1", "a second connection")
    assert second.concern == Concern.CONNECTIONS
    assert "too many connections for role" in second.cure


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("pg_try_advisory_lock(a int, b int) RETURNS bool", "a lock of one of them does not keep the other out"),
        ("pg_notify(a text, b text) RETURNS bool", "what one of them is told by NOTIFY does not arrive"),
    ],
)
async def test_a_server_that_only_looks_like_postgresql(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, function: str, why: str
) -> None:
    """What it lacks it takes, and does nothing."""
    monkeypatch.setattr("bot.database.postgres.checks._PATIENCE", 2)
    server.execute("CREATE DATABASE alike", f"ALTER DATABASE alike OWNER TO {USER}")
    with psycopg.connect(server.url("alike", user=ADMIN), autocommit=True) as db:
        db.execute(f"CREATE SCHEMA stubs AUTHORIZATION {USER}".encode())
        db.execute(f"CREATE FUNCTION stubs.{function} LANGUAGE sql AS 'SELECT true'".encode())
        db.execute("ALTER DATABASE alike SET search_path = stubs, pg_catalog")
    [found] = await wrong(server.url("alike"))
    server.execute("DROP DATABASE alike")
    assert (found.concern, found.cure.partition("; ")[0]) == (Concern.POOLER, why)


@pytest.mark.parametrize(
    ("right", "what"),
    [
        ("SELECT ON pg_locks", "view pg_locks"),
        ("EXECUTE ON FUNCTION pg_try_advisory_lock(int, int)", "function pg_try_advisory_lock"),
    ],
)
async def test_a_server_that_does_not_tell_what_is_asked(server: PostgresServer, right: str, what: str) -> None:
    server.execute("CREATE DATABASE alike", f"ALTER DATABASE alike OWNER TO {USER}")
    with psycopg.connect(server.url("alike", user=ADMIN), autocommit=True) as db:
        db.execute(f"REVOKE {right} FROM PUBLIC".encode())
    [found] = await wrong(server.url("alike"))
    server.execute("DROP DATABASE alike")
    assert found.concern == Concern.SERVER
    assert found.cure.startswith(f"does not tell what is asked (permission denied for {what})")


@pytest.mark.parametrize(("seconds", "off"), [(60, "+60"), (-7, "-7")])
async def test_a_clock_that_is_not_the_server_s(server: PostgresServer, seconds: int, off: str) -> None:
    *_, found = await examine(server.url(), lambda: time.time() + seconds)
    assert (found.concern, found.what) == (Concern.CLOCK, "clock, by the server's")
    assert found.cure == f"off by {off} seconds; let both systems keep the time (NTP)"


async def test_an_answer_that_takes_long_makes_no_clock_wrong(server: PostgresServer) -> None:
    times = iter([time.time() - 5, time.time() + 15])
    found = await examine(server.url(), lambda: next(times))
    assert [check for check in found if check.cure] == []


@pytest.mark.parametrize(
    ("sessions", "why"),
    [
        (2, "what follows in one of them goes to another session of the server"),
        (1, "one waits while another is used"),
    ],
)
async def test_a_pooler_that_lends_sessions_for_a_transaction(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, sessions: int, why: str
) -> None:
    monkeypatch.setattr("bot.database.postgres.checks._PATIENCE", 2)
    async with pooled(server.socket, USER, sessions) as address:
        [found] = await wrong(server.url(address=address))
    assert found.concern == Concern.POOLER
    assert found.cure.startswith(f"{why}; name the server itself in store.url, not PgBouncer in transaction mode")


async def test_a_proxy_that_only_passes_on_is_none(server: PostgresServer) -> None:
    async with Proxy(server.socket) as proxy:
        assert await wrong(server.url(address=proxy.address)) == []
