"""Moving the ledger to PostgreSQL, as an operator does it."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from bot.ledger.ledger import open_ledger
from tests.database.moving.support import is_empty, of_file, of_server
from tests.faults.process import LONGEST_RUN, Process, get_ready
from tests.faults.program import Conditions
from tests.support.chats import CHANNEL, CHANNEL_NAME, READER
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.installed import TOKENS
from tests.support.operator import Operator
from tests.support.postgres.server import PASSWORD, USER, own_server

ONE, NEXT = "2025-01-05-arxiv-crlf.md", "2025-01-06-daily-papers-20250106.md"
LEDGER, MOVED = Path("state/ledger.db"), Path("state/ledger.db.moved")
URL = "PAPERBOY_STORE__URL"


@pytest.fixture
async def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    """An operator whose bot has delivered a digest."""
    operator = Operator(telegram, slack)
    operator.settle(telegram=(CHANNEL_NAME, READER))
    operator.post(ONE)
    assert (await operator.run("deliver")).code == 0
    return operator


async def refused(operator: Operator, *arguments: str, **environ: str) -> str:
    """Try to move the ledger; it stays as it was."""
    before = of_file(LEDGER)
    done = await operator.run("migrate-ledger", *arguments, **environ)
    assert (done.code, done.out) == (2, "")
    assert (of_file(LEDGER), MOVED.exists()) == (before, False)
    assert PASSWORD not in done.err
    return done.err


async def test_the_ledger_is_moved_and_nothing_is_sent_again(operator: Operator, postgres_url: str) -> None:
    shown = [len(operator.telegram.shown(chat)) for chat in (CHANNEL, READER)]
    moved = await operator.run("migrate-ledger", postgres_url)
    assert (moved.code, moved.err) == (0, "")
    assert "copying chats: 2 rows" in moved.lines
    whole = (
        rf"\d+ rows copied and compared, in \d+ s; {Path.cwd()}/state/ledger\.db is called ledger\.db\.moved now, .*"
    )
    assert re.fullmatch(whole, moved.lines[-2])
    place = f"postgresql://{USER}@/{postgres_url.partition('@/')[2]}"
    assert moved.lines[-1] == f"next: let store.url name {place}, with the password; then start Paperboy"

    done = await operator.run("deliver", **{URL: postgres_url})
    assert (done.code, done.err, done.lines[-1:]) == (0, "", ["nothing new to send"])
    assert [len(operator.telegram.shown(chat)) for chat in (CHANNEL, READER)] == shown
    operator.post(NEXT)
    assert (await operator.run("deliver", **{URL: postgres_url})).code == 0
    assert len(operator.telegram.shown(CHANNEL)) > shown[0]


async def test_what_would_begin_a_new_ledger_says_that_it_was_moved(operator: Operator, postgres_url: str) -> None:
    await operator.run("migrate-ledger", postgres_url)
    calls = len(operator.telegram.calls)
    for command in (
        ["deliver"],
        ["deliver", "--dry-run"],
        ["status"],
        ["backup", "copy.db"],
        ["migrate-ledger", postgres_url],
    ):
        done = await operator.run(*command)
        assert (done.code, done.out) == (2, "")
        assert "ledger.db: it was moved to PostgreSQL; set store.url to its address there" in done.err
    assert (len(operator.telegram.calls), LEDGER.exists(), MOVED.exists()) == (calls, False, True)


async def test_no_password_need_be_typed(operator: Operator, postgres_url: str) -> None:
    """The settings name the new place, and the command names the file."""
    moved = await operator.run("migrate-ledger", "--from", str(LEDGER), **{URL: postgres_url})
    assert (moved.code, moved.lines[-1].partition("; ")[2]) == (
        0,
        f"{Path.cwd()}/{LEDGER} is called {MOVED.name} now, and nothing runs from it",
    )
    assert of_server(postgres_url) == of_file(MOVED)


async def test_where_from_and_where_to_must_be_said(operator: Operator, postgres_url: str) -> None:
    unsaid = "name where to: paperboy migrate-ledger postgresql://user:password@host/name. Or, so that no"
    assert unsaid in await refused(operator)
    assert unsaid in await refused(operator, "sqlite:///other.db")
    assert 'write "postgresql://" in place of "postgres://"' in await refused(
        operator, f"postgres://{USER}:{PASSWORD}@db.example.org/paperboy"
    )
    no_file = "store.url names PostgreSQL already; name the file that is moved there: --from paperboy.db"
    assert no_file in await refused(operator, **{URL: postgres_url})
    assert "nowhere.db: is not there; nothing to move" in await refused(operator, "--from", "nowhere.db", postgres_url)
    assert of_server(postgres_url) == {}


async def test_while_a_bot_runs_nothing_is_moved(operator: Operator, postgres_url: str) -> None:
    get_ready()
    bot = Process(["run"], Path.cwd(), Conditions(environ={**TOKENS, "PAPERBOY_TELEGRAM__LISTEN": "off"}))
    await bot.start()
    await bot.says("running")
    done = await operator.run("migrate-ledger", postgres_url)
    assert (done.code, done.out, MOVED.exists()) == (2, "", False)
    assert re.search(r"ledger\.db: (a program has it open|Paperboy is delivering from it); stop", done.err)
    bot.send(signal.SIGTERM)
    assert (await bot.end()).code == 0
    assert (await operator.run("migrate-ledger", postgres_url)).code == 0


async def mover(url: str, **conditions: object) -> Process:
    get_ready()
    process = Process(["migrate-ledger", url], Path.cwd(), Conditions(environ=TOKENS, **conditions))  # type: ignore[arg-type]
    await process.start()
    return process


@asynccontextmanager
async def waiting_mover(url: str) -> AsyncIterator[tuple[Process, psycopg.Connection]]:
    """Start a mover that has copied some tables and waits for one, which a connection holds until the block ends."""
    async with open_ledger(url):
        pass
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE papers IN EXCLUSIVE MODE")
        process = await mover(url)
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        async with asyncio.timeout(LONGEST_RUN):
            while not holder.execute(waits).fetchone():
                await asyncio.sleep(0.02)
                holder.execute("SELECT pg_stat_clear_snapshot()")
        yield process, holder


@pytest.mark.parametrize("at", ["DELETE FROM clock", "INSERT INTO words", "setval", "ANALYZE"])
async def test_a_mover_that_is_killed_leaves_all_as_it_was(operator: Operator, postgres_url: str, at: str) -> None:
    before = of_file(LEDGER)
    process = await mover(postgres_url, killed_at=at)
    assert (await process.end()).killed
    assert of_file(LEDGER) == before
    assert is_empty(of_server(postgres_url))
    assert (await operator.run("migrate-ledger", postgres_url)).code == 0
    assert of_server(postgres_url) == of_file(MOVED)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
async def test_a_mover_that_is_stopped_in_the_middle(
    operator: Operator, postgres_url: str, sent: signal.Signals
) -> None:
    before = of_file(LEDGER)
    async with waiting_mover(postgres_url) as (process, _):
        process.send(sent)
        ended = await process.end()
    assert ended.code == (130 if sent == signal.SIGINT else -sent)
    assert ended.err == ""
    assert of_file(LEDGER) == before
    assert is_empty(of_server(postgres_url))
    assert (await operator.run("migrate-ledger", postgres_url)).code == 0


async def test_a_server_that_ends_in_the_middle(operator: Operator, postgres_url: str) -> None:
    async with waiting_mover(postgres_url) as (process, holder):
        holder.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        ended = await process.end()
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "is it running, and reachable from here? Nothing in the ledger is lost" in ended.err
    assert is_empty(of_server(postgres_url))


async def test_a_wrong_password(operator: Operator) -> None:
    with own_server(auth="scram-sha-256") as server:
        said = await refused(operator, server.url().replace(PASSWORD, "a-wrong-one"))
        assert "user or password are refused" in said
        assert "a-wrong-one" not in said
        assert (await operator.run("migrate-ledger", server.url())).code == 0
