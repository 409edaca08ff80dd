"""What an operator reads when PostgreSQL cannot be used."""

from __future__ import annotations

import sys

import pytest

from bot.errors import LedgerError
from bot.ledger.ledger import open_ledger
from tests.support.postgres.proxy import Proxy
from tests.support.postgres.server import PASSWORD, USER, PostgresServer, own_server


async def refused(url: str) -> str:
    with pytest.raises(LedgerError) as raised:
        async with open_ledger(url):
            pass
    assert PASSWORD not in str(raised.value)
    return str(raised.value)


async def test_a_user_or_a_database_that_is_not_there(postgres_url: str) -> None:
    place = postgres_url.partition("?")[2]
    wrong = await refused(postgres_url.replace(f"//{USER}:", "//nobody:"))
    assert wrong.startswith("ledger postgresql://nobody@/")
    assert "user or password are refused; check store.url" in wrong
    assert "there is no such database; make it with createdb" in await refused(
        f"postgresql://{USER}:{PASSWORD}@/nowhere?{place}"
    )


async def test_a_wrong_password() -> None:
    with own_server(auth="scram-sha-256") as server:
        said = await refused(server.url().replace(PASSWORD, "a-wrong-one"))
        assert "user or password are refused; check store.url" in said
        assert "a-wrong-one" not in said


async def test_no_server() -> None:
    said = await refused(f"postgresql://{USER}:{PASSWORD}@127.0.0.1:1/{USER}")
    assert "no answer from the server; is it running, and reachable from here? Nothing in the ledger is lost" in said


async def test_no_host() -> None:
    said = await refused(f"postgresql://{USER}:{PASSWORD}@no-such-host.invalid/{USER}")
    assert "there is no such host, or no name server answers; check store.url" in said


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("sslmod=require", "invalid connection option"),
        ("sslmode=maybe", "invalid sslmode value"),
        ("options=-c%20nosuch%3Doff", "unrecognized configuration parameter"),
    ],
)
async def test_an_option_of_the_address_that_is_wrong(postgres_url: str, option: str, why: str) -> None:
    said = await refused(f"{postgres_url}&{option}")
    assert ": an option in store.url is wrong; postgresql.org/docs/current/libpq-connect.html lists" in said
    assert why in said


async def test_a_server_without_tls(postgres_server: PostgresServer) -> None:
    async with Proxy(postgres_server.socket) as proxy:
        said = await refused(postgres_server.url("any", address=proxy.address) + "?sslmode=require")
    assert ": the server has no TLS; set it up there, or take sslmode out of store.url" in said


async def test_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.startswith(("psycopg", "bot.database.postgres.e"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install 'paperboy-bot[postgres]'" in await refused("postgresql:///paperboy")
