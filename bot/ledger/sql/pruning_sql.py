"""The SQL of pruning: deliveries of old digests are deleted, but for what must be known for ever.

What came to a chat last is kept, of each source: it tells which digest the chat saw last, that it was there before it
was away, and which id of its sequence is the highest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Delete,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from bot.database.dialect import Id
from bot.database.schema import chats, deliveries, digests, messages
from bot.database.states import DigestState, Unplanned
from bot.errors import ErrorCode
from bot.ledger.sql.transitions import FAILED, RECALLED, SENDING, SENT, UNCONFIRMED, not_sent

_LATER = 3  # digests of a source that are looked at for whether a chat holds a later one
_CROWDED = 100  # chats of an id sequence, from which on it is one that private chats share


@dataclass(frozen=True, slots=True)
class Interval:
    """When the ids of a sequence came that tell where an unconfirmed send stands."""

    id_sequence: str
    first: float
    last: float


# --- which digests


def old_digests(before: float, again_from: float, newest: int, today: str) -> Select[Any]:
    """List the digests that were found before then and hold messages, older first, but for the newest of each source.

    Those that are over are listed again when they were found since `again_from`.
    """
    is_planned = (digests.c.state != DigestState.HELD, digests.c.unplanned == Unplanned.NOTHING)
    is_old = (digests.c.found_at < before, *is_planned, _is_left(newest, today))
    again = or_(digests.c.is_over == 0, digests.c.found_at >= again_from)
    listed = select(digests.c.id).where(*is_old, again, _IS_LAID_OUT)
    return listed.order_by(digests.c.day, digests.c.post)


def _is_left(newest: int, today: str) -> ColumnElement[bool]:
    """Tell whether a digest is of an earlier day than those that chats may still be given."""
    newest_first = (digests.c.day.desc(), digests.c.post.desc())
    delivered = (digests.c.state == DigestState.ACTIVE, digests.c.is_over == 0, digests.c.day <= today)
    place = func.row_number().over(partition_by=digests.c.source, order_by=newest_first)
    ranked = select(digests.c.source, digests.c.day, place.label("place")).where(*delivered).subquery()
    kept = select(func.min(ranked.c.day)).where(ranked.c.place <= newest, ranked.c.source == digests.c.source)
    return digests.c.day < func.coalesce(kept.correlate(digests).scalar_subquery(), "")


_IS_LAID_OUT = exists().where(messages.c.digest_id == digests.c.id)


def later_messages(digest: int, newest: int, today: str) -> Select[Any]:
    """List the messages with which the next old digests of the same source begin, in all editions."""
    own = digests.alias()
    is_later = or_(digests.c.day > own.c.day, and_(digests.c.day == own.c.day, digests.c.found_at > own.c.found_at))
    theirs = select(digests.c.id).join(own, and_(digests.c.source == own.c.source, is_later))
    following = theirs.where(own.c.id == digest, _IS_LAID_OUT, _is_left(newest, today))
    following = following.order_by(digests.c.day, digests.c.found_at).limit(_LATER)
    return select(messages.c.id).where(messages.c.digest_id.in_(following), messages.c.seq == 0)


def mark_over(digest: int) -> Update:
    return update(digests).where(digests.c.id == digest, digests.c.is_over == 0).values(is_over=1)


# --- what tells of unconfirmed sends

_SEQUENCE = func.coalesce(deliveries.c.id_sequence, chats.c.id_sequence)
_OPEN_SENDS = (not_sent(deliveries), deliveries.c.state.in_((SENDING, UNCONFIRMED)))


def _crowded() -> Select[Any]:
    """List the id sequences in which a chat cannot be asked for the ids of the others."""
    return select(chats.c.id_sequence).group_by(chats.c.id_sequence).having(func.count() > _CROWDED)


def asked_chats() -> CompoundSelect[Any]:
    """List the chats of which each id may tell of an unconfirmed send: its own, and those that share its ids."""
    own = select(chats.c.id).join(deliveries).where(*_OPEN_SENDS)
    sequences = select(_SEQUENCE).select_from(deliveries.join(chats)).where(*_OPEN_SENDS)
    other = (chats.c.id_sequence.in_(sequences), chats.c.id_sequence.not_in(_crowded()))
    return own.union(select(chats.c.id).where(*other))


def unconfirmed() -> Select[Any]:
    """Give when each unconfirmed send was tried in an id sequence that many chats share."""
    sends = select(_SEQUENCE, deliveries.c.attempted_at).select_from(deliveries.join(chats))
    return sends.where(*_OPEN_SENDS, _SEQUENCE.in_(_crowded())).order_by(_SEQUENCE, deliveries.c.attempted_at)


def sent_around(id_sequence: str, first: float, last: float) -> tuple[Select[Any], Select[Any]]:
    """Tell when something of an id sequence was sent last before `first`, and next after `last`."""
    at = deliveries.c.sent_at
    theirs = deliveries.c.id_sequence == id_sequence
    return select(func.max(at)).where(theirs, at < first), select(func.min(at)).where(theirs, at > last)


# --- a few chats at a time


def next_chat(digest: int) -> Select[Any]:
    """Give the first chat behind :after that has a delivery of a digest: one look for each message, by the key."""
    theirs = (deliveries.c.message_id == messages.c.id, deliveries.c.chat_id > bindparam("after", type_=Id))
    first = select(func.min(deliveries.c.chat_id)).where(*theirs).correlate(messages).scalar_subquery()
    found = select(first.label("chat")).where(messages.c.digest_id == digest).subquery()
    return select(func.min(found.c.chat))


def prune(digest: int, before: float, later: Collection[int], telling: Sequence[Interval]) -> Delete:
    """Delete what is settled of a digest and older than `before`, in the chats from :first to :last.

    Kept are all deliveries of it in a chat where any is not settled, those `telling` of an unconfirmed send, and the
    newest one in a chat to which none of the messages `later` came after it.
    """
    is_old = func.coalesce(deliveries.c.sent_at, deliveries.c.attempted_at, 0.0) < before
    tells = or_(literal(value=False), *map(_is_in, telling))
    open_, later_, followed = _has_open(digest), _holds_later(digest, later), _is_followed(digest)
    settled = (_is_here(deliveries, digest), _is_settled(deliveries), is_old)
    return delete(deliveries).where(*settled, not_(tells), not_(open_), or_(later_, followed))


def _is_here(rows: Any, digest: int, *others: int) -> ColumnElement[bool]:
    """Tell whether a delivery is of a digest, or one of these other messages, and in one of the chats."""
    theirs = select(messages.c.id).where(or_(messages.c.digest_id == digest, messages.c.id.in_(others)))
    first, last = bindparam("first", type_=Id), bindparam("last", type_=Id)
    return and_(rows.c.message_id.in_(theirs), rows.c.chat_id >= first, rows.c.chat_id <= last)


def _is_in(interval: Interval) -> ColumnElement[bool]:
    at = func.coalesce(deliveries.c.sent_at, 0.0)
    same = func.coalesce(deliveries.c.id_sequence, "") == interval.id_sequence
    return and_(same, at.between(interval.first, interval.last))


def _holds_later(digest: int, later: Collection[int]) -> ColumnElement[bool]:
    """Tell whether one of the messages `later` came to the chat after all of the digest."""
    other = deliveries.alias()
    is_later = other.c.message_id.in_(later)
    came = case((other.c.remote_id.is_not(None), other.c.sent_at))
    newest = func.max(case((not_(is_later), func.coalesce(other.c.sent_at, 0.0))))
    those = select(other.c.chat_id).where(_is_here(other, digest, *later)).group_by(other.c.chat_id)
    return deliveries.c.chat_id.in_(those.having(func.max(case((is_later, came))) >= newest))


def _is_followed(digest: int) -> ColumnElement[bool]:
    """Tell whether another delivery of the digest says more: it stands in the chat, and came there later."""
    other = deliveries.alias()
    (own, own_at, own_id), (its, its_at, its_id) = (_newness(rows) for rows in (deliveries, other))
    same_time = or_(its_at > own_at, and_(its_at == own_at, its_id > own_id))
    more = or_(its > own, and_(its == own, same_time))
    return exists().where(_is_here(other, digest), other.c.chat_id == deliveries.c.chat_id, more).correlate(deliveries)


def _newness(rows: Any) -> tuple[ColumnElement[int], ColumnElement[float], ColumnElement[int]]:
    stands = case((rows.c.remote_id.is_not(None), 1), else_=0)
    return stands, func.coalesce(rows.c.sent_at, 0.0), rows.c.message_id


def _has_open(digest: int) -> ColumnElement[bool]:
    other = deliveries.alias()
    is_open = (_is_here(other, digest), not_sent(other), not_(_is_settled(other)))
    return deliveries.c.chat_id.in_(select(other.c.chat_id).where(*is_open))


def _is_settled(rows: Any) -> ColumnElement[bool]:
    given_up = and_(rows.c.state == FAILED, func.coalesce(rows.c.problem, "") == ErrorCode.DISCARDED)
    return or_(rows.c.state.in_((SENT, RECALLED)), given_up)


# --- the messages of digests that were over before

_IS_UNUSED = not_(exists().where(deliveries.c.message_id == messages.c.id))


def with_unused_messages() -> Select[Any]:
    """List the digests that are over and have messages that no delivery needs any more."""
    over = select(digests.c.id).where(digests.c.is_over == 1)
    return select(messages.c.digest_id).where(messages.c.digest_id.in_(over), _IS_UNUSED).distinct()


def drop_unused(digest: int) -> Delete:
    return delete(messages).where(messages.c.digest_id == digest, _IS_UNUSED)
