"""Planning, as it is written: a digest with its messages and deliveries, in the transaction of who calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.archive.index import index_digest
from bot.database.reasons import Reason
from bot.database.states import DigestState
from bot.ledger.records.digests import KnownDigest, PlannedDigest, RenderedEdition
from bot.ledger.sql import digest_sql, linking_sql, planning_sql, transitions
from bot.ledger.sql.hand_sql import end_recall, is_of_digest


async def write_plan(
    db: AsyncConnection, source: str, planned: PlannedDigest, rendered: Sequence[RenderedEdition], now: float
) -> int:
    """Write a digest, its messages and its deliveries; count what is queued by hand."""
    digest = (await db.execute(digest_sql.write_digest(source, planned, now))).scalar_one_or_none()
    if digest is None:
        return 0  # it was dropped meanwhile
    if planned.lifts_drop or planned.only_chat:
        for ended in end_recall(is_of_digest(digest, [planned.only_chat] if planned.only_chat else None)):
            await db.execute(ended)
    if planned.may_edit:
        await index_digest(db, digest, planned.digest)
    for one in rendered:
        await _write_messages(db, digest, one, update=planned.may_edit)
    queued = [planning_sql.queue_missing(digest, to_those_who_left=planned.to_new_chats)] if rendered else []
    queued += [planning_sql.queue_by_hand(digest, planned.only_chat)] if planned.by_hand else []
    # PostgreSQL's driver forgets what an INSERT counted unless it is told to keep it.
    counted = [statement.execution_options(preserve_rowcount=True) for statement in queued]
    count = sum([(await db.execute(statement)).rowcount for statement in counted])
    if not planned.may_edit:
        waiting = (await db.execute(planning_sql.chats_to_relayout(digest))).scalars().all()
        for statement in planning_sql.requeue(digest, waiting):
            await db.execute(statement)
    if planned.to_new_chats:
        await db.execute(planning_sql.queue_new_chats(digest))
    if planned.to_returned_chats:
        await db.execute(planning_sql.queue_returned_chats(digest))
    return count


def known_digest(row: Any) -> KnownDigest:
    """Read what `digest_sql.known` gives."""
    reason = Reason.read(row.cause, row.numbers, row.reason)
    papers = frozenset(row.paper_ids.split("\n")) if row.paper_ids else frozenset()
    seen = (row.fingerprint, DigestState(row.state), reason, row.papers, row.found_at, row.held_since)
    more = (papers, bool(row.told_apart), bool(row.is_recalling))
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
