"""The SQL of what operators do with whole digests: drop and recall them, and take that back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Delete, Select, Update, and_, case, delete, func, literal, not_, or_, select, true, update
from sqlalchemy.sql.elements import ColumnElement

from bot.database.reasons import Cause, Reason
from bot.database.schema import chats, deliveries, digests, messages
from bot.database.states import ChatState, DigestState
from bot.ledger.sql.transitions import (
    AT_ONCE,
    EDITING,
    FAILED,
    IS_RECALLED,
    IS_THERE,
    NOT_DISCARDED,
    PENDING,
    RECALLED,
    RECALLING,
    SENDING,
    SENT,
    STALE,
    UNCONFIRMED,
    drop_unsent,
    not_sent,
)

_NOT_KNOWN = (SENDING, EDITING, UNCONFIRMED)


def find(said: str) -> Select[Any]:
    """Find the digests of this name, with the source before it or without, or of this day."""
    named = (digests.c.name, digests.c.source + literal(" ") + digests.c.name, digests.c.day)
    return _DIGESTS.where(literal(said).in_(named)).order_by(digests.c.day, digests.c.id)


def newest(most: int) -> Select[Any]:
    return _DIGESTS.order_by(digests.c.day.desc(), digests.c.id.desc()).limit(most)


_DIGESTS = select(digests.c.id, digests.c.source, digests.c.name, digests.c.is_over)


def is_of_digest(digest: int, chat_ids: Collection[int] | None = None) -> ColumnElement[bool]:
    """Tell whether a delivery is of this digest, and in one of these chats; None: in any."""
    of = select(messages.c.id).where(messages.c.digest_id == digest)
    where = true() if chat_ids is None else deliveries.c.chat_id.in_(chat_ids)
    return and_(deliveries.c.message_id.in_(of), where)


def drop(digest: int) -> tuple[Update | Delete, ...]:
    """Take a digest out, with all that is still to be sent or edited of it; what stands in chats stays as it is."""
    dropped = {"state": DigestState.SKIPPED, **Reason(Cause.DROPPED).stored(), "held_since": None}
    theirs = is_of_digest(digest)
    open_edits = (not_sent(deliveries), deliveries.c.state.in_((STALE, FAILED)), IS_THERE, not_(IS_RECALLED))
    settled = {"state": SENT, "problem": None, "error": None, "not_before": AT_ONCE}
    return (
        update(digests).where(digests.c.id == digest).values(dropped),
        update(messages).where(messages.c.digest_id == digest).values(is_obsolete=1),
        drop_unsent(and_(theirs, NOT_DISCARDED)),
        update(deliveries).where(*open_edits, theirs).values(settled),
    )


def may_delete(digest: int, chat: int) -> ColumnElement[bool]:
    """Tell whether a delivery is in this chat, 0 for any that receives, and not where that was before it moved."""
    here = func.coalesce(deliveries.c.id_sequence, chats.c.id_sequence) == chats.c.id_sequence
    receives = (chats.c.state != ChatState.REMOVED, literal(chat).in_((0, chats.c.id)))
    theirs = select(chats.c.id).where(chats.c.id == deliveries.c.chat_id, here, *receives)
    return and_(is_of_digest(digest), theirs.correlate(deliveries).exists())


def recall(meant: ColumnElement[bool]) -> tuple[Update, ...]:
    """Let these be deleted where they stand, and not sent where they do not.

    What is under way or unconfirmed is only marked: what becomes of it says which of the two it is.
    """
    due = {"is_recalled": 1, "problem": None, "error": None, "not_before": AT_ONCE}
    there = (deliveries.c.state.in_((SENT, STALE, FAILED)), IS_THERE)
    never = (deliveries.c.state.in_((PENDING, FAILED)), not_(IS_THERE), NOT_DISCARDED)
    return (
        update(deliveries).where(*there, meant).values(due | {"state": RECALLING}),
        update(deliveries).where(*never, meant).values(due | {"state": RECALLED}),
        update(deliveries).where(deliveries.c.state.in_(_NOT_KNOWN), meant).values(is_recalled=1),
    )


def end_recall(meant: ColumnElement[bool]) -> tuple[Delete, Update]:
    """Forget that these were recalled: what was deleted may be sent again, what stands there is edited again."""
    state = case((deliveries.c.state == RECALLING, SENT.value), else_=deliveries.c.state)
    marked = (deliveries.c.state.in_((SENT, FAILED, RECALLING, *_NOT_KNOWN)), IS_RECALLED, meant)
    return (
        delete(deliveries).where(not_sent(deliveries), deliveries.c.state == RECALLED, meant),
        update(deliveries).where(*marked).values(is_recalled=0, state=state),
    )


def staying(digest: int) -> Select[Any]:
    """Count the messages of a digest that stand in chats, and are not to be deleted."""
    stays = (IS_THERE, or_(not_(IS_RECALLED), deliveries.c.state == FAILED))
    return select(func.count()).select_from(deliveries).where(is_of_digest(digest), *stays)
