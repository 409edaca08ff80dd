"""The SQL of draining: what is due, what comes next in a chat, what became of it, and what helps in doubt."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    BindParameter,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement

from bot.errors import ErrorCode
from bot.records import Chat
from bot.tables import chats, deliveries, digests, messages, replies


def unsettled(rows: Any) -> ColumnElement[bool]:
    """Tell whether there is, or may be, something left to do about a delivery.

    SQLite finds such rows by an index of their own where a statement says this word for word.
    """
    return rows.c.state != literal_column("'sent'")  # type: ignore[no-any-return]


def recover(settle: float) -> tuple[Update, ...]:
    doubt = {
        "state": "unconfirmed",
        "not_before": deliveries.c.attempted_at + settle,
        "problem": ErrorCode.UNCONFIRMED,
        "error": "the program ended before the answer came",
    }
    return (
        update(deliveries).where(unsettled(deliveries), deliveries.c.state == "sending").values(doubt),
        update(deliveries).where(unsettled(deliveries), deliveries.c.state == "editing").values(state="stale"),
    )


# Rows that `drain` can still do something about; an unconfirmed one without a time is held.
_WANTS = and_(
    unsettled(deliveries),
    or_(
        deliveries.c.state.in_(("pending", "stale")),
        and_(deliveries.c.state == "unconfirmed", deliveries.c.not_before.is_not(None)),
    ),
)


# What a digest no longer has is not sent any more, whatever became of earlier tries.
DROPPED = and_(
    messages.c.vanished == 1, deliveries.c.remote_id.is_(None), deliveries.c.state.in_(("pending", "failed"))
)


def _due(until: float) -> ColumnElement[bool]:
    return and_(_WANTS, or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= until))


def lanes(channel: str, until: float, after: int, most: int) -> Select[tuple[Any, ...]]:
    # "+ 0": SQLite would go through all chats, not knowing in how few of them something is due.
    busy = deliveries.join(chats, chats.c.id == deliveries.c.chat_id + 0)
    columns = (chats.c.id, chats.c.channel, chats.c.name, chats.c.address, chats.c.counter)
    theirs = (deliveries.c.chat_id > after, _due(until), chats.c.channel == channel, chats.c.state == "active")
    by_chat = select(*columns).select_from(busy).where(*theirs).group_by(deliveries.c.chat_id)
    return by_chat.order_by(deliveries.c.chat_id).limit(most)


def open_rows(now: float) -> Select[Any]:
    return select(func.count()).select_from(deliveries.join(chats)).where(chats.c.state == "active", _due(now))


def next_due(now: float) -> Select[Any]:
    later = (chats.c.state == "active", _WANTS, deliveries.c.not_before > now)
    return select(func.min(deliveries.c.not_before)).select_from(deliveries.join(chats)).where(*later)


AHEAD = 20  # rows of a chat that are read at once: about a digest
_IN_FLIGHT = ("sending", "editing")


def _heads() -> Select[tuple[Any, ...]]:
    other = deliveries.alias()
    flies = (other.c.chat_id == bindparam("chat"), unsettled(other), other.c.state.in_(_IN_FLIGHT))
    return (
        select(
            deliveries.c.id,
            deliveries.c.ref,
            deliveries.c.state,
            messages.c.hash,
            messages.c.key,
            deliveries.c.plain,
            deliveries.c.attempts,
            func.coalesce(deliveries.c.not_before, 0.0),
            func.coalesce(deliveries.c.attempted_at, 0.0),
            func.coalesce(deliveries.c.remote_id, ""),
            func.coalesce(deliveries.c.sent_hash, ""),
            func.coalesce(deliveries.c.thread, ""),
            messages.c.id.label("message"),
        )
        .select_from(deliveries.join(messages).join(digests).join(chats))
        .where(deliveries.c.chat_id == bindparam("chat"), chats.c.state == "active", _WANTS, not_(DROPPED))
        .where(not_(exists().where(*flies)))
        .order_by(deliveries.c.state != "unconfirmed", digests.c.day, digests.c.id, messages.c.seq)
        .limit(AHEAD)
    )


# What comes next in the chat :chat, one row under way at a time: the fields of Rows, but for the body.
HEADS = _heads()


def bodies(ids: Collection[int]) -> Select[Any]:
    return select(messages.c.hash, messages.c.body).where(messages.c.id.in_(ids))


def _claim() -> ReturningUpdate[Any]:
    own, parent, index = messages.alias(), deliveries.alias(), messages.alias()
    new = deliveries.c.state == "pending"
    wording = select(own.c.hash).where(own.c.id == deliveries.c.message_id).scalar_subquery()
    thread = (
        select(parent.c.remote_id)
        .select_from(own.join(index, index.c.digest_id == own.c.digest_id).join(parent))
        .where(own.c.id == deliveries.c.message_id, own.c.edition.startswith("thread"), own.c.key != "index")
        .where(index.c.edition == own.c.edition, index.c.channel == own.c.channel, index.c.key == "index")
        .where(parent.c.chat_id == deliveries.c.chat_id)
        .scalar_subquery()
    )
    refs = select(func.json_each(bindparam("refs")).table_valued("value").c.value)
    return (
        update(deliveries)
        .where(deliveries.c.ref.in_(refs), deliveries.c.state.in_(("pending", "stale")))
        .values(
            state=case((new, "sending"), else_="editing"),
            sent_hash=case((new, wording), else_=deliveries.c.sent_hash),
            thread=case((new, func.coalesce(thread, "")), else_=deliveries.c.thread),
            attempts=deliveries.c.attempts + 1,
            attempted_at=bindparam("now"),
        )
        .returning(deliveries.c.ref, func.coalesce(deliveries.c.thread, ""))
    )


# Note that rows, a JSON list of :refs, are under way; of new messages also the wording, and the thread they go to,
# which their parent, sent a moment ago, decides.
CLAIM = _claim()

_KEPT = ("sent_hash", "remote_id", "place", "sent_at", "plain")  # where an outcome does not name them


def _settle() -> Update:
    wanted = select(messages.c.hash).where(messages.c.id == deliveries.c.message_id).scalar_subquery()
    state: BindParameter[str] = bindparam("to_state")
    said: BindParameter[str] = bindparam("to_sent_hash")
    again = and_(state == "sent", wanted != said)
    return (
        update(deliveries)
        .where(deliveries.c.ref == bindparam("of"))
        .values({name: func.coalesce(bindparam(f"to_{name}"), deliveries.c[name]) for name in _KEPT})
        .values({name: bindparam(f"to_{name}") for name in ("not_before", "problem", "error")})
        .values(state=case((again, "stale"), else_=state))
    )


# Write what became of a row, known by its ref: SQLite gives the id of a dropped row to another one. What was sent in
# a wording that is no longer wanted is stale at once.
SETTLE = _settle()


def outcome(ref: str, values: Mapping[str, object]) -> dict[str, object]:
    """Spell an outcome for SETTLE."""
    names = ("state", "not_before", "problem", "error", *_KEPT)
    return {"of": ref} | {f"to_{name}": values.get(name) for name in names}


def last_id(chat: Chat, before: float) -> Select[Any, Any]:
    """Give the highest id of a counter that was known at `before`, and when that message was sent."""
    sent = select(_NUMBER.label("id"), deliveries.c.sent_at).select_from(deliveries.join(chats))
    answers = select(replies.c.remote_id, replies.c.sent_at).where(
        replies.c.channel == chat.channel, replies.c.counter == chat.counter, replies.c.sent_at <= before
    )
    known = sent.where(_counted(chat), deliveries.c.sent_at <= before).union_all(answers).subquery()
    return select(known).order_by(known.c.id.desc()).limit(1)


def later_ids(chat: Chat, after: int) -> Select[int]:
    return select(_NUMBER).select_from(deliveries.join(chats)).where(_counted(chat), after < _NUMBER)


def reply_ids(chat: Chat, after: int) -> Select[Any]:
    theirs = (replies.c.channel == chat.channel, replies.c.counter == chat.counter)
    return select(replies.c.remote_id).where(*theirs, replies.c.remote_id > after)


def doubts(chat: Chat) -> Select[Any]:
    """Count the sends of a counter of which nobody knows whether they arrived."""
    unknown = and_(unsettled(deliveries), deliveries.c.state.in_(("sending", "unconfirmed")))
    same = and_(chats.c.channel == chat.channel, chats.c.counter == chat.counter)
    return select(func.count()).select_from(deliveries.join(chats)).where(same, unknown)


_NUMBER = cast(deliveries.c.remote_id, Integer)


def _counted(chat: Chat) -> ColumnElement[bool]:
    return and_(
        chats.c.channel == chat.channel, deliveries.c.place == chat.counter, deliveries.c.remote_id.is_not(None)
    )
