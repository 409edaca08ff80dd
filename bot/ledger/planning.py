"""Planning, as it is written: a digest with its messages and deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.archive.index import index_digest
from bot.database.engine import MARK, Database, repeats
from bot.database.reasons import Reason
from bot.database.schema import deliveries, messages
from bot.database.states import DigestState, Unplanned
from bot.ledger.records.digests import KnownDigest, PlannedDigest, Queueing, RenderedEdition
from bot.ledger.sql import digest_sql, linking_sql, planning_sql, queueing_sql, transitions
from bot.ledger.sql.hand_sql import end_recall, is_of_digest
from bot.ledger.sql.queueing_sql import Range

_MOST_ROWS = 20_000  # of a transaction: it takes a fraction of a second, and whoever else writes waits no longer
_MOST_CHATS = 10_000  # of a transaction: they may be listed in a statement


@dataclass(frozen=True, slots=True)
class Part:
    """How far a digest is planned."""

    digest: int
    last: int = 0  # of the chats that were looked at: all with higher ids are still to be
    queued: int = 0  # messages, by hand, in the part that was written last
    comes_between: bool = False  # in chats of that part something may come before what they are due

    @property
    def is_whole(self) -> bool:
        return self.last == queueing_sql.LAST


_NOTHING = Part(0, queueing_sql.LAST)


class Plan:
    """A digest as it is written: with its messages, and with its deliveries for some chats at a time.

    Where that ends early, the digest stays `unplanned`, and the next sweep goes on. Only what an operator sends by hand
    must be sent again by hand: then it goes to those that lack it.
    """

    def __init__(
        self, database: Database, source: str, planned: PlannedDigest, rendered: Sequence[RenderedEdition]
    ) -> None:
        self._database, self._write = database, database.write
        self._source, self._planned, self._rendered = source, planned, rendered
        longest = max((len(one.messages) for one in rendered), default=0)
        self._most = min(_MOST_CHATS, _MOST_ROWS // max(1, longest))

    async def write(self, queueing: Queueing) -> int:
        """Write all of it; count what is queued by hand."""
        part = await self.begin(queueing.openings)
        count = part.queued
        while not part.is_whole:
            await queueing.on_queued()
            part = await self.go_on(part, queueing.openings)
            count += part.queued
        if part.digest:
            await queueing.on_queued()
        return count

    @repeats
    async def begin(self, openings: Mapping[str, float]) -> Part:
        """Write the digest and its messages, and its deliveries for the first chats; nothing if it was dropped."""
        planned = self._planned
        async with self._write() as db:
            written = digest_sql.write_digest(self._source, planned, self._database.clock())
            digest = (await db.execute(written)).scalar_one_or_none()
            if digest is None:
                return _NOTHING
            if planned.lifts_drop or planned.only_chat:
                for ended in end_recall(is_of_digest(digest, [planned.only_chat] if planned.only_chat else None)):
                    await db.execute(ended)
            if planned.may_edit:
                await index_digest(db, digest, planned.digest)
            for one in self._rendered:
                await _write_messages(db, digest, one, update=planned.may_edit)
            if not self._rendered:
                return _NOTHING
            await db.run_sync(self._database.gather_statistics, messages)
            return await self._queue_next(db, Part(digest), openings)

    @repeats
    async def go_on(self, before: Part, openings: Mapping[str, float]) -> Part:
        """Write the deliveries for the chats that follow.

        A new digest comes after what they are due, so that nobody need read that anew for each part.
        """
        async with self._database.write_aside() as db:
            part = await self._queue_next(db, before, openings)
            if part.comes_between:
                await db.execute(MARK)
            return part

    async def _queue_next(self, db: AsyncConnection, before: Part, openings: Mapping[str, float]) -> Part:
        """Write the deliveries for the chats behind those that were looked at, and what is left then."""
        behind = (await db.execute(queueing_sql.first_behind(before.last, self._most))).scalar_one_or_none()
        of = before.last, queueing_sql.LAST if behind is None else behind - 1
        queued, comes_between = await self._queue(db, before.digest, of, openings)
        left = Unplanned.ALL if self._planned.to_new_chats else Unplanned.REST
        note = digest_sql.note_planned if behind is None else digest_sql.note_unplanned
        await db.execute(note(before.digest, left))
        return Part(before.digest, of[1], queued, comes_between)

    async def _queue(
        self, db: AsyncConnection, digest: int, of: Range, openings: Mapping[str, float]
    ) -> tuple[int, bool]:
        """Queue what these chats lack; count what that is by hand, and tell whether it may come before what is due."""
        planned = self._planned
        waiting: Sequence[int] = ()
        if not planned.may_edit:
            waiting = (await db.execute(queueing_sql.chats_to_relayout(digest, of))).scalars().all()
            for statement in queueing_sql.requeue(digest, waiting, openings) if waiting else ():
                await db.execute(statement)
        # First what completes, since whoever gets the whole lacks nothing.
        missing = queueing_sql.queue_missing(digest, of, to_those_who_left=planned.to_new_chats)
        completed = await _count(db, missing)
        if planned.by_hand:
            return completed + sum([await _count(db, one) for one in self._inserts(digest, of, openings)]), True
        for insert in self._inserts(digest, of, openings):
            await db.execute(insert)
        return 0, bool(waiting or completed or planned.to_returned_chats)

    def _inserts(self, digest: int, of: Range, openings: Mapping[str, float]) -> list[Insert]:
        """Give what queues for chats that have nothing of it."""
        planned, inserts = self._planned, list[Insert]()
        if planned.by_hand:
            inserts.append(queueing_sql.queue_by_hand(digest, planned.only_chat, of, openings))
        if planned.to_new_chats:
            inserts.append(queueing_sql.queue_new_chats(digest, of, openings))
        if planned.to_returned_chats:
            inserts.append(queueing_sql.queue_returned_chats(digest, of, openings))
        return inserts


async def _count(db: AsyncConnection, insert: Insert) -> int:
    """Carry it out, and count its rows: not every driver counts what an INSERT with a table of its own writes."""
    return len((await db.execute(insert.returning(deliveries.c.message_id))).all())


def known_digest(row: Any) -> KnownDigest:
    """Read what `digest_sql.known` gives."""
    reason = Reason.read(row.cause, row.numbers, row.reason)
    papers = frozenset(row.paper_ids.split("\n")) if row.paper_ids else frozenset()
    seen = (row.fingerprint, DigestState(row.state), reason, row.papers, row.found_at, row.held_since)
    more = (papers, bool(row.told_apart), bool(row.is_recalling), Unplanned(row.unplanned), bool(row.is_over))
    return KnownDigest(row.name, row.post, date.fromisoformat(row.day), *seen, *more)


async def _write_messages(db: AsyncConnection, digest: int, rendered: RenderedEdition, *, update: bool) -> None:
    """Write the messages of a digest in one edition; without `update`, only those that the ledger lacks.

    What was sent stays in its words where the edit changed nothing, whatever the language and layout are now.
    """
    rows = (await db.execute(planning_sql.hashes(digest, rendered))).all()
    # What comes back is looked at as if it had changed: an edit of it may have been left undone.
    before = {row.key: row.hash for row in rows}
    back = {row.key for row in rows if row.is_obsolete}
    kept = {row.key for row in rows if row.tried and row.key in rendered.unchanged}
    for seq, (message, body_hash) in enumerate(rendered.messages):
        if update and message.key in kept:
            await db.execute(planning_sql.move_message(digest, rendered, seq, message.key))
        elif update or message.key not in before:
            await db.execute(planning_sql.write_message(digest, rendered, seq, message, body_hash))
    if update:
        new = [(message.key, body_hash) for message, body_hash in rendered.messages if message.key not in kept]
        changed = {key for key, body_hash in new if before.get(key) != body_hash}
        for statement in planning_sql.drop_obsolete(digest, rendered):
            await db.execute(statement)
        await db.execute(transitions.reopen(planning_sql.changed_messages(digest, rendered, changed | back)))
        # An index that reads as it did may still be to be edited for its links.
        index = planning_sql.changed_messages(
            digest, rendered, {key for key in changed | back if key.startswith("index")}
        )
        await db.execute(linking_sql.edit_index(linking_sql.SETTLED.c.message_id.in_(index)))
