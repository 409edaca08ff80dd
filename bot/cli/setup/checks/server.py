"""The server of a ledger in PostgreSQL, and the jobs that it holds."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.app.assembly import App
from bot.cli.console import plural
from bot.cli.setup.checks.findings import Finding, Name


async def look(url: str) -> AsyncIterator[Finding]:
    """Look at the server itself; at nothing where it cannot be reached, or its driver is not there."""
    try:
        from bot.database.postgres.checks import examine
    except ImportError:  # who opens the ledger says so
        return
    for check in await examine(url):
        yield Finding(Name(check.concern), check.what, check.cure)


async def jobs(app: App) -> AsyncIterator[Finding]:
    """List the timed jobs that failed and did not succeed since."""
    for one in await app.ledger.failed_jobs():
        often = f"failed {plural(one.times, 'time')}"
        yield Finding(Name.JOBS, f"job {one.name} {one.what}", f"{often}; the log of the process that plans says why")
