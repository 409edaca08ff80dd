"""Pruning: the deliveries of old digests are deleted, a few chats at a time, and their papers stay in the archive."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Delete, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.engine import Database, repeats
from bot.ledger.sql import pruning_sql
from bot.ledger.sql.pruning_sql import Interval

# Readers are answered, and messages sent, between two transactions: so many seconds shall one of them take.
_GOAL = 0.02
_LEAST, _FIRST, _MOST = 20, 50, 500  # chats at a time
# Seconds around an unconfirmed send, in which others of its sequence were under way too.
_AROUND = 3600.0
_MOST_INTERVALS = 50


class Pruning:
    """Forget who holds old digests. One process at a time does; others may plan and dispatch meanwhile."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read, self._write = database.read, database.write_aside
        self._clock = clock
        self._most = _FIRST

    async def prune(self, keep: float, newest: int, today: date, is_enough: Callable[[], bool] = lambda: False) -> int:
        """Delete what is settled of digests that were found more than `keep` seconds ago, and count it.

        Each of them is over then. The `newest` digests of each source stay, whatever their age, since chats may yet be
        given them. It ends early once `is_enough`, and goes on there the next time.
        """
        before, count = self._clock() - keep, 0
        async with self._read() as db:
            # Twice as old they were looked at often enough: what then is not settled is few, and stays.
            old = pruning_sql.old_digests(before, before - keep, newest, today.isoformat())
            listed = (await db.execute(old)).scalars().all()
            unused = (await db.execute(pruning_sql.with_unused_messages())).scalars().all()
            asked = sorted((await db.execute(pruning_sql.asked_chats())).scalars())
            telling = await _telling(db)
        for digest in unused:
            await self._drop_messages(digest)
        for digest in listed:
            async with self._read() as db:
                following = pruning_sql.later_messages(digest, newest, today.isoformat())
                later = (await db.execute(following)).scalars().all()
            following_chat = pruning_sql.next_chat(digest)
            statement = pruning_sql.prune(digest, before, later, telling)
            after, self._most = 0, _FIRST
            while not is_enough() and (window := await self._window(following_chat, after, asked)):
                first, after = window
                count += await self._prune(digest, statement, first, after)
        return count

    async def _window(self, following: Select[Any], after: int, asked: Sequence[int]) -> tuple[int, int] | None:
        """Choose the next chats, first and last, that hold something of a digest, without those that are `asked`."""
        async with self._read() as db:
            first: int | None = (await db.execute(following, {"after": after})).scalar_one()
            while first is not None and _is_in(asked, first):
                first = (await db.execute(following, {"after": first})).scalar_one()
        if first is None:
            return None
        behind = bisect_left(asked, first)
        last = first + self._most - 1
        return first, min(last, asked[behind] - 1) if behind < len(asked) else last

    @repeats
    async def _prune(self, digest: int, statement: Delete, first: int, last: int) -> int:
        async with self._write() as db:
            begun = time.monotonic()
            deleted = int((await db.execute(statement, {"first": first, "last": last})).rowcount)
            if deleted:
                await db.execute(pruning_sql.mark_over(digest))
            took = time.monotonic() - begun
        # Disks and machines differ, and so do digests; where little was deleted, it says little.
        share = _GOAL / max(took, _GOAL / 2 if deleted >= self._most else _GOAL)
        self._most = min(_MOST, max(_LEAST, int(self._most * share)))
        return deleted

    @repeats
    async def _drop_messages(self, digest: int) -> None:
        async with self._write() as db:
            await db.execute(pruning_sql.drop_unused(digest))


def _is_in(ordered: Sequence[int], one: int) -> bool:
    place = bisect_left(ordered, one)
    return place < len(ordered) and ordered[place] == one


async def _telling(db: AsyncConnection) -> list[Interval]:
    """Find when ids came that tell where unconfirmed sends stand: around each, and beside that."""
    sends = [(str(name), float(at or 0.0)) for name, at in await db.execute(pruning_sql.unconfirmed())]
    by_sequence = groupby(sends, lambda one: one[0])
    ends = [(name, *both) for name, ats in by_sequence for both in _ends(at for _, at in ats)]
    return [await _interval(db, *one) for one in ends]


async def _interval(db: AsyncConnection, id_sequence: str, first: float, last: float) -> Interval:
    beside = pruning_sql.sent_around(id_sequence, first, last)
    before, after = [(await db.execute(one)).scalar_one() for one in beside]
    early, late = first - _AROUND, last + _AROUND
    return Interval(id_sequence, min(early, before or early), max(late, after or late))


def _ends(times: Iterable[float]) -> list[tuple[float, float]]:
    """Join times that are near to one another, and more of them where there are many: the first and last of each."""
    joined = [(at, at) for at in times]
    gap = _AROUND
    while True:
        joined = _joined(joined, gap)
        if len(joined) <= _MOST_INTERVALS:
            return joined
        gap *= 2


def _joined(intervals: Iterable[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for first, last in intervals:
        if joined and first - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
