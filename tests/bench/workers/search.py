"""How long a reader's search takes among very many papers in PostgreSQL: `tests.bench.search`, in both databases."""

from __future__ import annotations

import asyncio

from tests.bench.search import MOST, measured, worst
from tests.bench.workers.databases import databases
from tests.bench.workers.figures import Figure


def main(*, full: bool) -> list[Figure]:
    papers, rounds = (100_000, 20) if full else (10_000, 5)
    with databases() as where:
        in_file, in_server = (
            worst(asyncio.run(measured(url, papers, rounds))) for url in (where.sqlite(), where.postgres())
        )
    what, instead = f"search among {papers:,} papers, 99 of 100 within", f"SQLite: {in_file * 1000:.0f} ms"
    return [Figure(what, f"{in_server * 1000:.0f} ms", f"< {MOST * 1000:.0f} ms", in_server < MOST, instead)]
