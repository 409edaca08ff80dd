"""Timed jobs on the server: Procrastinate's queue, whose tables stand beside those of the ledger.

Its tables are made, and brought up to date, with those of the ledger; the comment of its table of jobs names the last
of its migrations that was applied (procrastinate.readthedocs.io, "Migrate your schema").
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from psycopg import OperationalError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.engine import FailedJob, Task
from bot.database.postgres.addresses import libpq_url

_QUEUE = "paperboy"
_AT_ONCE = 20  # jobs: those of all sources wait for one look
_CONNECTIONS = 3  # one listens
_AGAIN = 5.0  # seconds until a queue that failed is opened once more
_GRACE = 1.0  # seconds for jobs that are told to stop
_APPLIED = text("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")
_FAILED = text(
    "SELECT task_name AS name, args->>'what' AS what, count(DISTINCT job.id) AS times, "
    "CAST(extract(epoch FROM max(event.at)) AS float) AS failed_at "
    "FROM procrastinate_jobs AS job JOIN procrastinate_events AS event ON job_id = job.id "
    "WHERE job.status = 'failed' GROUP BY 1, 2 ORDER BY 1, 2"
)
_FORGET = "DELETE FROM procrastinate_jobs WHERE status = 'failed' AND task_name = %(task)s AND args->>'what' = %(what)s"

# It logs what happens to each job, and errors with tracebacks; we log what failed.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL + 1)
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL + 1)


def migrate_jobs(db: Connection) -> None:
    """Make the tables of the queue, or bring them up to date."""
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    applied: str | None = db.execute(_APPLIED).scalar_one()
    if applied is None:
        _run(db, SchemaManager.get_schema())
    for file in [file for file in files if applied is not None and file.stem > applied]:
        _run(db, file.read_text("utf-8"))
    if applied != (newest := files[-1].stem):
        _run(db, f"COMMENT ON TABLE procrastinate_jobs IS '{newest}'")


def _run(db: Connection, statements: str) -> None:
    """Carry many statements out at once, in the transaction."""
    cursor = db.connection.cursor()
    cursor.execute(statements)
    cursor.close()


async def failed_jobs(db: AsyncConnection) -> list[FailedJob]:
    """List the jobs that were given up."""
    return [FailedJob(*row) for row in await db.execute(_FAILED)]


def _hear_end(task: asyncio.Task[Any]) -> None:
    """Let asyncio not tell that nobody heard what ended a task: it was told, or is the loss of a connection."""
    if not task.cancelled():
        task.exception()


class Listening(JobManager):
    """Listens for new jobs, in a task at which the worker does not look when it is cancelled at the same time."""

    async def listen_for_jobs(self, **how: Any) -> None:
        """Raise ConnectorException where the connection is lost, and say it to nobody else."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        task.add_done_callback(_hear_end)
        await super().listen_for_jobs(**how)


class PostgresJobs:
    """The queue of a server. Only one process at a time works on it: who plans."""

    def __init__(self, url: str) -> None:
        self._url = libpq_url(url)
        self._app: App | None = None  # while it is open
        self._retried: set[str] = set()  # tasks
        self._under_way: set[asyncio.Task[Any]] = set()  # jobs

    async def defer(self, task: str, what: str) -> None:
        """Put a job into the queue, unless it waits there already; while the queue is not open, do nothing."""
        if self._app is not None:
            # One that is retried has no such lock: it would collide with one that came meanwhile.
            lock = None if task in self._retried else f"{task} {what}"
            with suppress(AlreadyEnqueued, ConnectorException):  # it comes again
                await self._app.configure_task(task, queue=_QUEUE, queueing_lock=lock).defer_async(what=what)

    async def run(self, tasks: Mapping[str, Task], failed: Callable[[str], object]) -> None:
        """Do the jobs of these names until cancelled, whatever happens to the connection."""
        while True:
            try:
                with suppress(ConnectorException, OperationalError):  # the second one where no connection can be made
                    await self._work(tasks, failed)
            finally:
                await self._end_jobs()
            await asyncio.sleep(_AGAIN)

    async def _end_jobs(self) -> None:
        """End those that were left as they are when the connection was lost; each first tries to write that down."""
        while self._under_way:
            for job in self._under_way:
                job.cancel()
            await asyncio.wait(self._under_way, timeout=_GRACE)

    async def _work(self, tasks: Mapping[str, Task], failed: Callable[[str], object]) -> None:
        connector = PsycopgConnector(conninfo=self._url, min_size=1, max_size=_CONNECTIONS, timeout=_AGAIN)
        app = App(connector=connector)
        app.job_manager = Listening(connector)
        for name, task in tasks.items():
            retry = RetryStrategy(max_attempts=task.retries, exponential_wait=4) if task.retries else False
            app.task(name=name, queue=_QUEUE, retry=retry)(partial(self._do, app, name, task.work, failed))
        self._retried = {name for name, task in tasks.items() if task.retries}
        async with app.open_async():
            await _clear(app)
            self._app = app
            try:
                await app.run_worker_async(
                    queues=[_QUEUE],
                    concurrency=_AT_ONCE,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=_GRACE,
                )
            finally:
                self._app = None

    async def _do(
        self, app: App, name: str, work: Callable[[str], Awaitable[object]], failed: Callable[[str], object], what: str
    ) -> None:
        job = cast("asyncio.Task[Any]", asyncio.current_task())
        self._under_way.add(job)
        for call in (self._under_way.discard, _hear_end):
            job.add_done_callback(call)
        try:
            await work(what)
        except Exception as error:
            failed(f"{name} {what}: {error}")
            raise
        await app.connector.execute_query_async(_FORGET, task=name, what=what)


async def _clear(app: App) -> None:
    """Drop the jobs that a former process was at: nobody else is at one now, and each comes again."""
    left = await app.job_manager.list_jobs_async(queue=_QUEUE, status=Status.DOING.value)
    for number in [job.id for job in left if job.id is not None]:
        await app.job_manager.finish_job_by_id_async(number, Status.ABORTED, delete_job=True)
