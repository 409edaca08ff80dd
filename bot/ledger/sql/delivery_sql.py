"""The SQL of dispatching that reads: what is due, what comes next in a chat, and what confirms a send."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    CTE,
    Insert,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from bot.database.dialect import has_item, unindexed, whole_number
from bot.database.schema import chats, clock, deliveries, digests, messages, papers, sent_replies
from bot.database.states import ChatState, DeliveryState
from bot.errors import ErrorCode
from bot.ledger.records.deliveries import Chat
from bot.ledger.sql.claim_sql import is_named
from bot.ledger.sql.transitions import IS_DROPPED, not_sent
from formatters.edition import THREAD

# How people are told of a chat: "telegram Reading group (-1001234567890)", with the address where it is now.
CHAT_LABEL = (
    chats.c.channel
    + literal(" ")
    + case((chats.c.title == "", chats.c.address), else_=chats.c.title + literal(" (") + chats.c.address + literal(")"))
)


_REF = func.coalesce(deliveries.c.ref, "").label("delivery_ref")


def takes(source: ColumnElement[str]) -> ColumnElement[bool]:
    """Tell whether a chat (of the enclosing statement) receives the digests of a source."""
    return or_(chats.c.takes == "", has_item(chats.c.takes, source))


def all_rows() -> Select[tuple[Any, ...]]:
    """List every delivery, in the order of its digest."""
    joined = deliveries.join(messages).join(chats, chats.c.id == deliveries.c.chat_id)
    columns = (chats.c.channel, messages.c.key, _REF, deliveries.c.state)
    return select(*columns).select_from(joined).order_by(messages.c.digest_id, messages.c.seq, chats.c.id)


def _waits_for_parent() -> ColumnElement[bool]:
    """Tell whether a delivery belongs under a parent that was refused, or of which nobody knows whether it arrived.

    A parent that an operator gave up is waited for no longer.
    """
    own, index, parent = messages.alias("own"), messages.alias("parent_message"), deliveries.alias("parent")
    of_digest = (index.c.digest_id == own.c.digest_id, index.c.channel == own.c.channel)
    lacking = (
        parent.c.state.in_((DeliveryState.FAILED, DeliveryState.SENDING, DeliveryState.UNCONFIRMED)),
        parent.c.remote_id.is_(None),
    )
    return (
        exists()
        .select_from(parent.join(index, index.c.id == parent.c.message_id).join(own, and_(*of_digest)))
        .where(parent.c.chat_id == deliveries.c.chat_id, not_sent(parent), *lacking)
        .where(func.coalesce(parent.c.problem, "") != ErrorCode.DISCARDED)
        .where(index.c.key == "index", index.c.edition == own.c.edition, own.c.edition.startswith(THREAD))
        .where(own.c.id == deliveries.c.message_id, own.c.key != "index")
        .correlate(deliveries)
    )


WAITS_FOR_PARENT = _waits_for_parent()

# What a worker can still do something about.
IS_ACTIONABLE = and_(
    not_sent(deliveries),
    or_(
        and_(deliveries.c.state == DeliveryState.PENDING, not_(WAITS_FOR_PARENT)),
        deliveries.c.state.in_((DeliveryState.STALE, DeliveryState.RECALLING)),
        and_(deliveries.c.state == DeliveryState.UNCONFIRMED, deliveries.c.not_before.is_not(None)),
    ),
)


def due(until: float) -> ColumnElement[bool]:
    """Tell whether something can be done about a delivery by then."""
    return and_(IS_ACTIONABLE, or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= until))


def chats_due(channel: str, *, until: float, after: int, most: int) -> Select[tuple[Any, ...]]:
    # SQLite would go through all chats, not knowing in how few of them something is due.
    busy = deliveries.join(chats, chats.c.id == unindexed(deliveries.c.chat_id))
    columns = (chats.c.id, chats.c.channel, chats.c.name, chats.c.address, chats.c.id_sequence.label("id_sequence"))
    label = CHAT_LABEL.label("label")
    theirs = (deliveries.c.chat_id > after, due(until), chats.c.channel == channel, chats.c.state == ChatState.ACTIVE)
    by_chat = select(*columns, label).select_from(busy).where(*theirs).group_by(chats.c.id)
    return by_chat.order_by(chats.c.id).limit(most)


def due_work() -> Select[tuple[Any, ...]]:
    """Count, for each chat and digest, what can be done: the fields of DueWork."""
    states = (DeliveryState.PENDING, DeliveryState.STALE, DeliveryState.RECALLING, DeliveryState.UNCONFIRMED)
    counts = (func.sum(case((deliveries.c.state == state, 1), else_=0)) for state in states)
    columns = (chats.c.channel, chats.c.name, chats.c.address, CHAT_LABEL, digests.c.name, *counts)
    rows = deliveries.join(messages, messages.c.id == unindexed(deliveries.c.message_id)).join(digests).join(chats)
    found = select(*columns, func.min(func.coalesce(deliveries.c.not_before, 0.0))).select_from(rows)
    found = found.where(IS_ACTIONABLE, not_(IS_DROPPED), chats.c.state == ChatState.ACTIVE)
    return found.group_by(chats.c.id, digests.c.id).order_by(chats.c.channel, chats.c.id, digests.c.day, digests.c.id)


def open_rows(now: float) -> Select[Any]:
    return select(func.count()).select_from(deliveries.join(chats)).where(chats.c.state == ChatState.ACTIVE, due(now))


def next_due(channel: str, after: float) -> Select[Any]:
    active = (chats.c.channel == channel, chats.c.state == ChatState.ACTIVE)
    later = (*active, IS_ACTIONABLE, deliveries.c.not_before > after)
    return select(func.min(deliveries.c.not_before)).select_from(deliveries.join(chats)).where(*later)


READ_AHEAD = 20  # rows of a chat that are read at once: about a digest
_IN_FLIGHT = (DeliveryState.SENDING, DeliveryState.EDITING)


def _is_asked(chat: ColumnElement[int]) -> ColumnElement[bool]:
    return chat.in_(bindparam("chats", expanding=True))


def _next_rows() -> Select[tuple[Any, ...]]:
    other = deliveries.alias()
    recalled = deliveries.c.state == DeliveryState.RECALLING
    last_sent = _last_sent()
    under_way = (other.c.chat_id == deliveries.c.chat_id, not_sent(other), other.c.state.in_(_IN_FLIGHT))
    order = (
        *(deliveries.c.state != DeliveryState.UNCONFIRMED, not_(recalled)),
        *(func.coalesce(last_sent.c.at, 0.0).desc(), digests.c.day, digests.c.id),
        case((recalled, -messages.c.seq), else_=messages.c.seq),  # a thread goes before its parent
    )
    rows = (
        select(
            messages.c.id.label("message"),
            chats.c.id.label("chat"),
            chats.c.address,
            chats.c.paused_at.is_not(None).label("is_retried"),
            _REF,
            deliveries.c.state,
            messages.c.hash,
            messages.c.key,
            deliveries.c.plain,
            deliveries.c.attempts,
            func.coalesce(deliveries.c.not_before, 0.0).label("not_before"),
            func.coalesce(deliveries.c.remote_id, "").label("remote_id"),
            func.coalesce(deliveries.c.sent_hash, "").label("tried_hash"),
            func.coalesce(deliveries.c.thread, "").label("thread"),
            func.coalesce(deliveries.c.id_sequence, "").label("id_sequence"),
            digests.c.name.label("digest"),
            messages.c.edition,
        )
        .add_columns(func.row_number().over(partition_by=deliveries.c.chat_id, order_by=order).label("place"))
        .select_from(deliveries.join(messages).join(digests).join(chats))
        .outerjoin(last_sent, and_(last_sent.c.digest_id == digests.c.id, last_sent.c.chat_id == deliveries.c.chat_id))
        .where(
            _is_asked(deliveries.c.chat_id),
            _is_asked(chats.c.id),  # PostgreSQL does not conclude it, and would look through all chats
            chats.c.state == ChatState.ACTIVE,
            IS_ACTIONABLE,
            not_(IS_DROPPED),
        )
        .where(not_(exists().where(*under_way).correlate(deliveries)))
        .subquery()
    )
    columns = [column for column in rows.c if column.key != "place"]
    return select(*columns).where(rows.c.place <= READ_AHEAD).order_by(rows.c.chat, rows.c.place)


def _last_sent() -> CTE:
    """Give when a message of each digest last came to each chat: what came last is finished before anything else.

    These are the digests of which something is left to do there, each looked up once and not once for each row.
    """
    theirs, other, left = messages.alias(), deliveries.alias(), deliveries.alias()
    # Of an unconfirmed send it is not known whether it came.
    came = case((other.c.state == DeliveryState.UNCONFIRMED, other.c.attempted_at), else_=other.c.sent_at)
    unfinished = (
        select(left.c.chat_id, messages.c.digest_id, messages.c.channel)
        .select_from(messages.join(left))
        .where(_is_asked(left.c.chat_id), not_sent(left))
        .distinct()
        .cte()
    )
    of_digest = (theirs.c.digest_id == unfinished.c.digest_id, theirs.c.channel == unfinished.c.channel)
    there = (other.c.message_id == theirs.c.id, other.c.chat_id == unfinished.c.chat_id)
    return (
        select(unfinished.c.chat_id, unfinished.c.digest_id, func.max(came).label("at"))
        .select_from(unfinished.join(theirs, and_(*of_digest)).join(other, and_(*there)))
        .group_by(unfinished.c.chat_id, unfinished.c.digest_id)
        .cte("last_sent")
        .prefix_with("MATERIALIZED")  # else PostgreSQL would look them up for each row anew
    )


# The next deliveries of :chats, none where one is under way: the fields of QueuedDelivery without the body.
NEXT_ROWS = _next_rows()


def bodies(ids: Collection[int]) -> Select[Any]:
    return select(messages.c.hash, messages.c.body).where(messages.c.id.in_(ids))


# When the delivery that is `named` was tried.
ATTEMPTED_AT = select(deliveries.c.attempted_at).where(is_named(deliveries))


def messages_about(chat: Chat, refs: Collection[str]) -> Select[str, str, str]:
    """Give where papers stand in a chat: ref, remote id and thread, the newest message last."""
    theirs = papers.join(messages, messages.c.digest_id == papers.c.digest_id)
    rows = theirs.join(deliveries, deliveries.c.message_id == messages.c.id)
    stands = (deliveries.c.remote_id.is_not(None), deliveries.c.state != DeliveryState.RECALLING)
    here = (deliveries.c.chat_id == chat.id, func.coalesce(deliveries.c.id_sequence, "").in_(("", chat.id_sequence)))
    thread = func.coalesce(deliveries.c.thread, "").label("thread")
    return (
        select(papers.c.ref, deliveries.c.remote_id, thread)
        .select_from(rows)
        .where(papers.c.ref.in_(refs), messages.c.channel == chat.channel)
        .where(messages.c.key == literal("paper/") + papers.c.paper, *stands, *here)
        .order_by(func.coalesce(deliveries.c.sent_at, 0.0), messages.c.id)
    )


_MOST_AT_ONCE = 1000  # sends of an id sequence: more than are ever under way, so that ids are in order but for these


def last_id(chat: Chat, before: float) -> Select[Any, Any]:
    """Give the highest message id of an id sequence that was known at `before`, and when that message was sent.

    0 where the clock was set back in between: then nobody knows how long that was before.
    """
    answers = select(sent_replies.c.remote_id, sent_replies.c.sent_at).where(
        sent_replies.c.channel == chat.channel,
        sent_replies.c.id_sequence == chat.id_sequence,
        sent_replies.c.sent_at <= before,
    )
    newest = _sent(chat).where(deliveries.c.sent_at <= before).order_by(deliveries.c.sent_at.desc())
    known = select(newest.limit(_MOST_AT_ONCE).subquery()).union_all(answers).subquery()
    set_back = select(clock.c.set_back_at).scalar_subquery()
    unknown = and_(known.c.sent_at < set_back, set_back <= before)
    at = case((unknown, 0.0), else_=known.c.sent_at).label("sent_at")
    return select(known.c.id, at).order_by(known.c.id.desc()).limit(1)


def later_ids(chat: Chat, before: float, after: int) -> Select[Any, Any]:
    """List the ids of a sequence above `after` that were not known at `before`."""
    return _sent(chat).where(deliveries.c.sent_at > before, after < _NUMBER)


def _sent(chat: Chat) -> Select[Any, Any]:
    """List the ids of a sequence, each with when its message was sent."""
    of_sequence = (deliveries.c.id_sequence == chat.id_sequence, messages.c.channel == chat.channel)
    sent = select(_NUMBER.label("id"), deliveries.c.sent_at).select_from(deliveries.join(messages))
    return sent.where(*of_sequence, deliveries.c.remote_id.is_not(None))


def reply_ids(chat: Chat, after: int) -> Select[Any]:
    theirs = (sent_replies.c.channel == chat.channel, sent_replies.c.id_sequence == chat.id_sequence)
    return select(sent_replies.c.remote_id).where(*theirs, sent_replies.c.remote_id > after)


def _keep_recalled_id() -> Insert:
    told = (chats.c.channel, deliveries.c.id_sequence, _NUMBER, deliveries.c.sent_at)
    gone = select(*told).select_from(deliveries.join(chats))
    gone = gone.where(is_named(deliveries), deliveries.c.remote_id.is_not(None))
    return insert(sent_replies).from_select(["channel", "id_sequence", "remote_id", "sent_at"], gone)


def unconfirmed_sends(chat: Chat) -> Select[Any]:
    """Count the sends of an id sequence of which nobody knows whether they arrived."""
    unknown = and_(not_sent(deliveries), deliveries.c.state.in_((DeliveryState.SENDING, DeliveryState.UNCONFIRMED)))
    same = and_(chats.c.channel == chat.channel, chats.c.id_sequence == chat.id_sequence)
    return select(func.count()).select_from(deliveries.join(chats)).where(same, unknown)


_NUMBER = whole_number(deliveries.c.remote_id)

# Keep the id of the message that is `named`, which was deleted: an unconfirmed send is not taken for it, nor looked for
# before it.
KEEP_RECALLED_ID = _keep_recalled_id()
