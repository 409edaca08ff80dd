"""The SQL of draining: what is due, what comes next in a chat, what became of it, and what helps in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from bot.records import Chat, Row
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
        "problem": "Unconfirmed",
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


def _head() -> Select[tuple[Any, ...]]:
    parent, index = deliveries.alias(), messages.alias()
    same = (index.c.digest_id == messages.c.digest_id, index.c.edition == messages.c.edition, index.c.key == "index")
    thread = (
        select(parent.c.remote_id)
        .select_from(parent.join(index))
        .where(*same, parent.c.chat_id == deliveries.c.chat_id)
        .scalar_subquery()
    )
    threaded = and_(messages.c.edition.startswith("thread"), messages.c.key != "index")
    return (
        select(
            deliveries.c.id,
            deliveries.c.ref,
            deliveries.c.state,
            messages.c.key,
            messages.c.body,
            messages.c.hash,
            deliveries.c.plain,
            deliveries.c.attempts,
            func.coalesce(deliveries.c.not_before, 0.0),
            func.coalesce(deliveries.c.attempted_at, 0.0),
            func.coalesce(deliveries.c.remote_id, ""),
            func.coalesce(deliveries.c.sent_hash, ""),
            # A doubtful send is looked for where it went, not where it would go now.
            func.coalesce(case((deliveries.c.state == "unconfirmed", deliveries.c.thread), (threaded, thread)), ""),
        )
        .select_from(deliveries.join(messages).join(digests))
        .where(deliveries.c.chat_id == bindparam("chat"), _WANTS, not_(DROPPED))
        .order_by(deliveries.c.state != "unconfirmed", digests.c.day, digests.c.id, messages.c.seq)
        .limit(1)
    )


# What comes next in the chat :chat, as the fields of a Row.
HEAD = _head()


_due_at = func.coalesce(deliveries.c.not_before, 0.0)


def claim(row: Row, now: float) -> Update:
    """Note that a row is under way, if it still is as it was read; a new message also notes its wording."""
    sending = {"state": "sending", "sent_hash": row.hash, "thread": row.thread}
    tried = sending if row.state == "pending" else {"state": "editing"}
    return (
        update(deliveries)
        .where(deliveries.c.ref == row.ref, deliveries.c.state == row.state, _due_at == row.not_before)
        .values(**tried, attempts=deliveries.c.attempts + 1, attempted_at=now)
    )


def settle(row: Row, values: Mapping[str, object]) -> Update:
    """Write what became of a row, known by its ref: SQLite gives the id of a dropped row to another one."""
    return update(deliveries).where(deliveries.c.ref == row.ref).values(values)


def holds(row: Row) -> Select[Any]:
    return select(deliveries.c.id).where(deliveries.c.ref == row.ref, _due_at == row.not_before)


def sent_or_stale(body_hash: str) -> ColumnElement[str]:
    """Choose the state of a row that was sent with a wording, by whether it is still the wanted one."""
    wanted = select(messages.c.hash).where(messages.c.id == deliveries.c.message_id).scalar_subquery()
    return case((wanted == body_hash, "sent"), else_="stale")


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
