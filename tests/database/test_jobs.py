"""Timed jobs on a server: what becomes of those that fail, and of those that a dead process was at."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import pytest
from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager
from sqlalchemy import create_engine

from bot.database.engine import Task
from bot.database.postgres.addresses import driver_url
from bot.database.postgres.jobs import Listening, PostgresJobs, migrate_jobs
from bot.ledger.ledger import Ledger, open_ledger


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.database.postgres.jobs._AGAIN", 0.2)


@pytest.fixture
async def ledger(postgres_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(postgres_url) as ledger:
        yield ledger


class Done:
    """What was done of the jobs."""

    def __init__(self) -> None:
        self.begun, self.told = list[str](), list[str]()
        self.error: Exception | None = None
        self.go_on = asyncio.Event()

    async def work(self, what: str) -> None:
        self.begun.append(what)
        if self.error:
            raise self.error
        await self.go_on.wait()


@asynccontextmanager
async def working(ledger: Ledger, done: Done, retries: int = 0) -> AsyncIterator[None]:
    assert ledger.jobs
    task = asyncio.create_task(ledger.jobs.run({"plan": Task(done.work, retries)}, done.told.append))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(known: Callable[[], bool], *also: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not known():
            for one in also:
                one()
            await asyncio.sleep(0.02)


async def put(ledger: Ledger, done: Done, *names: str) -> None:
    """Put jobs into the queue until they are begun: at first it is not open."""
    assert ledger.jobs
    async with asyncio.timeout(30):
        while not set(names) <= set(done.begun):
            for name in names:
                await ledger.jobs.defer("plan", name)
            await asyncio.sleep(0.1)


async def test_jobs_of_several_sources_are_done_at_once(ledger: Ledger) -> None:
    """One sweep is enough for all of them, which wait for it."""
    done = Done()
    async with working(ledger, done):
        await put(ledger, done, "blog", "papers")
        done.go_on.set()
    assert done.told == []


async def test_a_job_that_fails_is_told_and_listed_until_it_succeeds(ledger: Ledger) -> None:
    done = Done()
    done.error = ZeroDivisionError("no")
    async with working(ledger, done):
        await put(ledger, done, "blog")
        await until(lambda: "plan blog: no" in done.told)
        async with asyncio.timeout(20):
            while not (failed := await ledger.failed_jobs()):
                await asyncio.sleep(0.02)
        assert [(one.name, one.what, one.times) for one in failed] == [("plan", "blog", 1)]
        assert abs(failed[0].failed_at - ledger.clock()) < 60
        done.error = None
        done.go_on.set()
        done.begun.clear()
        await put(ledger, done, "blog")
        async with asyncio.timeout(20):
            while await ledger.failed_jobs():
                await asyncio.sleep(0.02)


async def test_what_a_dead_process_was_at_is_dropped(ledger: Ledger, postgres_url: str) -> None:
    done = Done()
    done.go_on.set()
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, status) "
            "VALUES ('paperboy', 'plan', 'plan blog', jsonb_build_object('what', 'blog'), 'doing')"
        )
        async with working(ledger, done):
            await put(ledger, done, "blog")
            async with asyncio.timeout(20):
                while server.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() != (0,):
                    await asyncio.sleep(0.02)


async def test_a_connection_that_is_lost_is_made_anew(ledger: Ledger, postgres_url: str) -> None:
    done = Done()
    done.go_on.set()
    async with working(ledger, done):
        await put(ledger, done, "blog")
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
        done.begun.clear()
        await put(ledger, done, "blog")


async def test_what_ends_the_listening_is_not_told_as_one_that_nobody_heard() -> None:
    """The worker does not look at it where it is cancelled at the same time; asyncio would log it with a traceback."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about))
    jobs = Listening(PsycopgConnector(conninfo="postgresql://nobody@127.0.0.1:1/none"))
    task = asyncio.create_task(jobs.listen_for_jobs(on_notification=nothing))
    await asyncio.wait([task])
    del task
    gc.collect()
    assert told == []


async def nothing(**_about: object) -> None:
    """Do nothing about it."""


def waiting(server: psycopg.Connection) -> list[int]:
    """List the backends that wait for a lock of this database."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return [pid for (pid,) in server.execute(query)]


async def test_a_queue_that_loses_its_connection_while_it_asks_is_opened_anew(
    ledger: Ledger, postgres_url: str
) -> None:
    done = Done()
    done.go_on.set()
    with psycopg.connect(postgres_url, autocommit=True) as server, psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE procrastinate_jobs")
        async with working(ledger, done):
            await until(lambda: bool(waiting(server)))
            server.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [waiting(server)])
            other.commit()
            await put(ledger, done, "blog")
    assert done.told == []


@pytest.mark.long  # a pool waits for half a minute
async def test_a_queue_that_cannot_be_reached_is_tried_again() -> None:
    task = asyncio.create_task(PostgresJobs("postgresql://nobody@127.0.0.1:1/none").run({}, str))
    done, _ = await asyncio.wait([task], timeout=40)
    task.cancel()
    assert not done


async def test_no_job_outlives_its_queue(ledger: Ledger) -> None:
    """Not even where that is cancelled once more while it waits for it, as by a second loss of connections."""
    done = Done()
    assert ledger.jobs
    working = asyncio.create_task(ledger.jobs.run({"plan": Task(done.work)}, done.told.append))
    await put(ledger, done, "blog")
    for _ in range(2):
        working.cancel()
        await asyncio.sleep(0.1)
    await asyncio.gather(working, return_exceptions=True)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("process job")]


async def test_nor_does_a_job_whose_end_cannot_be_written(ledger: Ledger, postgres_url: str) -> None:
    """It is told to stop once more, and nothing is logged of it."""
    done, logged = Done(), list[dict[str, Any]]()
    assert ledger.jobs
    asyncio.get_running_loop().set_exception_handler(lambda _, about: logged.append(about))
    working = asyncio.create_task(ledger.jobs.run({"plan": Task(done.work)}, done.told.append))
    await put(ledger, done, "blog")
    with psycopg.connect(postgres_url, autocommit=True) as server, psycopg.connect(postgres_url) as other:
        other.execute("SELECT FROM procrastinate_jobs FOR UPDATE")
        done.go_on.set()
        await until(lambda: bool(waiting(server)))
        for _ in range(2):
            working.cancel()
            await asyncio.sleep(0.1)
        await asyncio.wait_for(asyncio.gather(working, return_exceptions=True), 30)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("process job")]
    assert logged == []


def test_tables_of_an_older_version_are_brought_up_to_date(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version that is installed has the last migration that this program was tried with."""
    engine = create_engine(driver_url(postgres_url))
    applied = "SELECT obj_description('procrastinate_jobs'::regclass)"
    with engine.begin() as db:
        migrate_jobs(db)
        [(newest,)] = db.exec_driver_sql(applied).all()
        assert newest == "03.04.00_50_post_add_retry_failed_job_procedure"
        db.exec_driver_sql("COMMENT ON TABLE procrastinate_jobs IS '03.04.00_01_pre_add_retry_failed_job_procedure'")
        db.exec_driver_sql("DROP FUNCTION procrastinate_trigger_function_status_events_update_v1 CASCADE")
        migrate_jobs(db)
        assert db.exec_driver_sql(applied).all() == [(newest,)]
        db.exec_driver_sql("DROP FUNCTION procrastinate_trigger_function_status_events_update_v1 CASCADE")
        monkeypatch.setattr(SchemaManager, "get_schema", lambda: "no SQL")
        migrate_jobs(db)
    engine.dispose()
