"""The SQL of claiming and settling: before a call, that a delivery is under way; after it, what became of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    Float,
    Integer,
    Update,
    and_,
    bindparam,
    case,
    cast,
    func,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement

from bot.database.dialect import Id, field, items, number_field, unlocked
from bot.database.engine import dump_json
from bot.database.schema import chats, deliveries, messages
from bot.database.states import ChatState, DeliveryState
from bot.ledger.records.deliveries import QueuedDelivery
from bot.ledger.sql.transitions import (
    EDITING,
    FAILED,
    IS_RECALLED,
    PENDING,
    RECALLED,
    RECALLING,
    SENDING,
    SENT,
    STALE,
    UNCONFIRMED,
)
from formatters.edition import THREAD


def is_named(rows: Any) -> ColumnElement[bool]:
    """Tell whether a delivery is the one that was claimed, as `named` names it.

    Its chat may have been merged with another one meanwhile, which holds it now; and a row that was dropped may be
    planned anew: then it has another ref, or none.
    """
    chat: BindParameter[int] = bindparam("of_chat", type_=Id)
    kept = select(chats.c.same_as).where(chats.c.id == chat).scalar_subquery()
    return _is(rows, bindparam("of_message"), (chat, kept), bindparam("of_ref"))


def _is(
    rows: Any, message: ColumnElement[int], either: Collection[ColumnElement[int]], ref: ColumnElement[str]
) -> ColumnElement[bool]:
    return and_(rows.c.message_id == message, rows.c.chat_id.in_(either), func.coalesce(rows.c.ref, "") == ref)


def named(row: QueuedDelivery) -> dict[str, object]:
    """Name a delivery that was claimed, for `is_named`."""
    return {"of_message": row.message, "of_chat": row.chat, "of_ref": row.delivery_ref}


def _claim() -> ReturningUpdate[Any]:
    listed = items(bindparam("rows"))
    own, parent, index = messages.alias("own"), deliveries.alias("parent"), messages.alias("parent_message")
    new, recalled = deliveries.c.state == PENDING, deliveries.c.state == RECALLING
    thread = (
        select(parent.c.remote_id)
        .select_from(index.join(parent, parent.c.message_id == index.c.id))
        .where(own.c.edition.startswith(THREAD), own.c.key != "index", index.c.digest_id == own.c.digest_id)
        .where(index.c.edition == own.c.edition, index.c.channel == own.c.channel, index.c.key == "index")
        .where(parent.c.chat_id == deliveries.c.chat_id)
        .correlate(own, deliveries)
        .scalar_subquery()
    )
    as_read = (
        *(deliveries.c.message_id == number_field(listed, 0), deliveries.c.chat_id == number_field(listed, 1)),
        *(deliveries.c.state == field(listed, 2), deliveries.c.state.in_((PENDING, STALE, RECALLING))),
        *(own.c.id == deliveries.c.message_id, or_(recalled, own.c.hash == field(listed, 3))),
        or_(not_(new), own.c.is_obsolete == 0),
        *(chats.c.id == deliveries.c.chat_id, chats.c.state == ChatState.ACTIVE, chats.c.address == field(listed, 4)),
    )
    return (
        update(deliveries)
        .where(*as_read)
        .values(
            ref=func.coalesce(deliveries.c.ref, field(listed, 5)),
            # To delete once more what is gone does no harm, so that nobody need know that it is under way.
            state=case((new, SENDING.value), (recalled, RECALLING.value), else_=EDITING.value),
            sent_hash=case((new, own.c.hash), else_=deliveries.c.sent_hash),
            thread=case((new, func.coalesce(thread, "")), else_=deliveries.c.thread),
            id_sequence=case((new, chats.c.id_sequence), else_=deliveries.c.id_sequence),
            attempts=deliveries.c.attempts + 1,
            attempted_at=bindparam("now"),
        )
        .returning(
            *(deliveries.c.message_id, deliveries.c.chat_id, deliveries.c.ref),
            func.coalesce(deliveries.c.thread, "").label("thread"),
        )
    )


# Note that :rows are under way, if they and their chats stand as they were read; of new messages also the wording, the
# id sequence of their chat, and the thread they go to, which their parent, sent a moment ago, decides.
CLAIM = _claim()


def claims(rows: Iterable[QueuedDelivery], new_ref: Callable[[], str]) -> str:
    """Spell :rows for CLAIM; what has no ref gets a new one."""
    return dump_json([[row.message, row.chat, row.state, row.hash, row.address, new_ref()] for row in rows])


_UNTOUCHED = ("sent_hash", "remote_id", "id_sequence", "plain")  # where an outcome does not name them
_OUTCOME = ("of_message", "of_chat", "of_ref", "to_state", "has_arrived", "not_before", "problem", "error", *_UNTOUCHED)
_NUMBERS: Mapping[str, Any] = {
    **dict.fromkeys(("of_message", "of_chat"), Id),
    **dict.fromkeys(("has_arrived", "plain"), Integer),
    "not_before": Float,
}


def _told() -> CTE:
    """Read the outcomes that the text :outcomes lists, with the chat that each one's chat was merged with."""
    listed = items(bindparam("outcomes"))
    columns = {name: field(listed, place) for place, name in enumerate(_OUTCOME)}
    known = [(cast(one, _NUMBERS[name]) if name in _NUMBERS else one).label(name) for name, one in columns.items()]
    merged = listed.outerjoin(chats, chats.c.id == cast(columns["of_chat"], Id))
    read = select(*known, chats.c.same_as.label("merged_with")).select_from(merged)
    return read.cte("told").prefix_with("MATERIALIZED")  # else each field would be read wherever it is named


def _settle() -> Update:
    said = _told()
    of, either, ref = said.c.of_message, (said.c.of_chat, said.c.merged_with), said.c.of_ref
    wanted = select(messages.c.hash).where(messages.c.id == deliveries.c.message_id).scalar_subquery()
    again = and_(said.c.to_state == SENT.value, wanted != said.c.sent_hash)
    known: dict[str, ColumnElement[Any]] = {
        name: func.coalesce(said.c[name], deliveries.c[name]) for name in _UNTOUCHED
    }
    recalled = and_(IS_RECALLED, deliveries.c.state != RECALLING, said.c.to_state != UNCONFIRMED.value)
    there = (and_(recalled, known["remote_id"].is_not(None)), RECALLING.value)
    return (
        update(deliveries)
        .where(_is(deliveries, of, either, ref))
        .values(known | {"remote_id": case((said.c.to_state == RECALLED.value, null()), else_=known["remote_id"])})
        .values({name: said.c[name] for name in ("not_before", "problem", "error")})
        .values(sent_at=case((said.c.has_arrived == 1, bindparam("now")), else_=deliveries.c.sent_at))
        .values(state=case(there, (recalled, RECALLED.value), (again, STALE.value), else_=said.c.to_state))
    )


# Write what became of the rows that :outcomes names, each once. What was sent in a wording that is no longer wanted is
# stale at once, and what was recalled meanwhile is to be deleted.
SETTLE = _settle()

# Which of some messages nobody is changing just now, nor will until the transaction ends. Who changes one makes due
# again what he sees as sent: not a row that is settled beside him, whose settling in turn does not see the change.
UNCHANGED = unlocked(select(messages.c.id).where(messages.c.id.in_(bindparam("sent", expanding=True))))

# What SETTLE is told, by the state that the row is in. No condition holds it to that: what the platform has taken
# must be written down whatever anybody wrote meanwhile, or it would be sent twice.
OUTCOMES: Mapping[DeliveryState, Collection[DeliveryState]] = {
    SENDING: (SENT, PENDING, FAILED, UNCONFIRMED),
    EDITING: (SENT, STALE, FAILED),
    UNCONFIRMED: (SENT, STALE, PENDING, UNCONFIRMED),
    RECALLING: (RECALLED, RECALLING, FAILED),
}


def outcomes(told: Iterable[Mapping[str, object]]) -> str:
    """Spell outcomes for SETTLE: each names its row as `named` does, and what became of it."""
    return dump_json([[one.get(name) for name in _OUTCOME] for one in told])
