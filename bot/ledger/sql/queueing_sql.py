"""The SQL of queueing: which chats lack deliveries, and the statements that make them, for some chats at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import (
    CTE,
    Delete,
    Exists,
    Insert,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import ScalarSelect

from bot.database.dialect import insert, unindexed
from bot.database.schema import by_message, chats, deliveries, digests, messages
from bot.database.states import ChatState, DigestState
from bot.ledger.sql import transitions
from bot.ledger.sql.delivery_sql import takes
from bot.ledger.sql.digest_sql import number
from bot.ledger.sql.transitions import HOUR_UNKNOWN, waits_for_hour

# Which chats: those with ids above the first number and up to the second.
Range = tuple[int, int]
LAST = 2**63 - 1  # no id is higher
ALL: Range = (0, LAST)

_WANTS_NEWEST = and_(chats.c.state == ChatState.ACTIVE, chats.c.wants_newest == 1)
WANTING_NEWEST = select(chats.c.id).where(_WANTS_NEWEST)


# --- what is lacking


def has_chats_without(source: str, name: str) -> Select[tuple[Any, ...]]:
    receives = or_(_has_to_receive(_id(source, name)), and_(_WANTS_NEWEST, takes(literal(source))))
    return select(chats.c.id).where(receives).limit(1)


def has_returned_chats_without(source: str, name: str) -> Select[tuple[Any, ...]]:
    return select(chats.c.id).where(_was_away(_id(source, name))).limit(1)


def waiting_in_old_edition(source: str) -> Select[tuple[Any, ...]]:
    """List the digests that still wait for the hour of a chat in an edition that the chat no longer prefers."""
    of_source = (digests.c.source == source, digests.c.state == DigestState.ACTIVE)
    theirs = _OUTDATED.join(digests)
    return select(digests.c.name).select_from(theirs).where(*of_source, *_waits_in_old_edition()).distinct()


def first_behind(after: int, most: int) -> Select[int]:
    """Give the id of the first chat behind so many with ids above `after`, none where there are no more than these."""
    return select(chats.c.id).where(chats.c.id > after).order_by(chats.c.id).offset(most).limit(1)


# --- what is queued, each for a range of chats


def queue_new_chats(digest: int, of: Range, openings: Mapping[str, float]) -> Insert:
    """Queue all messages of a digest for every chat that shall have it and has nothing of it.

    They wait for the hour of the chat: `openings` gives it by schedule, what is not there `Ledger.open_at` writes.
    """
    return _queue([digest], _receivers(of, _hour(openings), _has_to_receive(literal(digest), of)))


def queue_returned_chats(digest: int, of: Range, openings: Mapping[str, float]) -> Insert:
    """Queue all messages of a digest for every chat that was away when others got it."""
    return _queue([digest], _receivers(of, _hour(openings), _was_away(literal(digest), of)))


def queue_by_hand(digest: int, chat: int, of: Range, openings: Mapping[str, float]) -> Insert:
    """Queue all messages of a digest for a chat, 0 for all that receive, where there is nothing of it yet.

    A chat that chose hours of its own waits for them.
    """
    hour = case((chats.c.schedule == "", null()), else_=_hour(openings))
    which = chats.c.id == chat if chat else takes(_of(literal(digest), "source"))
    return _queue(
        [digest], _receivers(of, hour, chats.c.state != ChatState.REMOVED, which, _lacks(literal(digest), of))
    )


def queue_missing(digest: int, of: Range, *, to_those_who_left: bool) -> Insert:
    """Queue, for every chat that has some messages of a digest, the others in the same edition.

    They wait as long as those that it has; where it was recalled, nothing more comes. For a paused chat they are queued
    too, so that nothing is missing when it can be written to again. What a chat has from before it unsubscribed is
    completed only `to_those_who_left`.
    """
    which = _in_range(deliveries.c.chat_id, of)
    return _queue([digest], _lacking([digest], which, to_those_who_left=to_those_who_left))


LISTED = select(chats.c.id).where(chats.c.listed == 1, chats.c.state != ChatState.REMOVED)


def queue_missing_to(listed: Collection[int], of_digests: Collection[int]) -> Insert:
    """Queue the same of some digests for these chats."""
    return _queue(of_digests, _lacking(of_digests, deliveries.c.chat_id.in_(listed), to_those_who_left=False))


def chats_to_relayout(digest: int, of: Range) -> Select[Any]:
    """List the chats that wait for a digest in an old edition, where it is laid out in the one they prefer now."""
    new = messages.alias("new")
    laid_out = exists().where(
        *(new.c.digest_id == digest, new.c.channel == chats.c.channel, new.c.edition == chats.c.edition)
    )
    where = (messages.c.digest_id == digest, _in_range(deliveries.c.chat_id, of), laid_out.correlate(chats))
    return select(chats.c.id).select_from(_OUTDATED).where(*where, *_waits_in_old_edition()).distinct()


def requeue(digest: int, waiting: Collection[int], openings: Mapping[str, float]) -> tuple[Delete, Insert]:
    """Replace what waits for the hour of these chats by the edition that they prefer now.

    What was claimed in the meantime stays, and nothing comes in its place. Who waits has nothing that was deleted.
    """
    theirs = select(messages.c.id).where(messages.c.digest_id == digest)
    return (
        transitions.drop_waiting(waiting, theirs).where(waits_for_hour(deliveries)),
        _queue_all([digest], _receivers(ALL, _hour(openings), chats.c.id.in_(waiting), _lacks(literal(digest)))),
    )


# --- the chats that receive something: a table of chats, channels, editions, and from when on


def _receivers(of: Range, hour: ColumnElement[Any], *which: ColumnElement[bool]) -> CTE:
    columns = (chats.c.id, chats.c.channel, chats.c.edition, hour.label("not_before"))
    return _as_table(select(*columns).where(_in_range(chats.c.id, of), *which))


def _lacking(of_digests: Collection[int], which: ColumnElement[bool], *, to_those_who_left: bool) -> CTE:
    """Choose the chats that have some of the messages of an edition of a digest, and not all."""
    reached = func.coalesce(deliveries.c.sent_at, deliveries.c.attempted_at, chats.c.receives_since)
    lately = reached >= chats.c.receives_since
    recent = or_(lately, _WANTS_NEWEST) if to_those_who_left else lately
    edition = (messages.c.digest_id, messages.c.channel, messages.c.edition)
    current = case((messages.c.is_obsolete == 0, 1), else_=0)
    begun = (
        select(chats.c.id, *edition, func.sum(current).label("messages"))
        .add_columns(func.max(case((waits_for_hour(deliveries), deliveries.c.not_before))).label("not_before"))
        .select_from(by_message.join(chats, chats.c.id == deliveries.c.chat_id))
        .where(messages.c.digest_id.in_(of_digests), chats.c.state != ChatState.REMOVED, which)
        .group_by(chats.c.id, *edition)
        .having(func.max(case((and_(recent, deliveries.c.is_recalled == 0), 1), else_=0)) == 1)
        .subquery("begun")
    )
    whole = (
        select(*edition, func.sum(current).label("messages"))
        .where(messages.c.digest_id.in_(of_digests))
        .group_by(*edition)
        .subquery("whole")
    )
    same = (begun.c[column.key] == whole.c[column.key] for column in edition)
    lacks = begun.join(whole, and_(*same, begun.c.messages < whole.c.messages))
    return _as_table(select(begun).select_from(lacks))


def _as_table(chosen: Select[Any]) -> CTE:
    """Let chats be chosen once, and not for each of the messages anew."""
    return chosen.cte("receivers").prefix_with("MATERIALIZED")


def _queue(of_digests: Collection[int], receivers: CTE) -> Insert:
    """Queue messages of digests; none of one that is over, since it is not known who holds it."""
    known = select(digests.c.id).where(digests.c.id.in_(of_digests), digests.c.is_over == 0)
    return _queue_all(known, receivers)


def _queue_all(of_digests: Collection[int] | Select[int], receivers: CTE) -> Insert:
    edition = (messages.c.channel == receivers.c.channel, messages.c.edition == receivers.c.edition)
    of_one = (messages.c.digest_id == receivers.c.digest_id,) if "digest_id" in receivers.c else ()
    rows = (
        select(messages.c.id, receivers.c.id, receivers.c.not_before)
        .select_from(messages.join(receivers, and_(*edition, *of_one)))
        .where(messages.c.digest_id.in_(of_digests), messages.c.is_obsolete == 0)
        .order_by(messages.c.id, receivers.c.id)  # as they lie on the disk
    )
    return insert(deliveries).from_select(["message_id", "chat_id", "not_before"], rows).on_conflict_do_nothing()


# --- what a chat is, of the enclosing statement


def _in_range(chat: ColumnElement[int], of: Range) -> ColumnElement[bool]:
    return and_(chat > of[0], chat <= of[1])


def _hour(openings: Mapping[str, float]) -> ColumnElement[Any]:
    unknown = literal(HOUR_UNKNOWN)
    return case(openings, value=chats.c.schedule, else_=unknown) if openings else unknown


def _has_to_receive(digest: ScalarSelect[Any] | ColumnElement[int], of: Range = ALL) -> ColumnElement[bool]:
    """Tell whether a chat, one of a range, receives a digest of which it has nothing."""
    return and_(
        chats.c.state == ChatState.ACTIVE,
        or_(chats.c.receives_since <= _of(digest, "found_at"), chats.c.wants_newest == 1),
        takes(_of(digest, "source")),
        _lacks(digest, of),
    )


def _id(source: str, name: str) -> ScalarSelect[int]:
    return number(source, name).scalar_subquery()


def _of(digest: ScalarSelect[Any] | ColumnElement[int], column: str) -> ScalarSelect[Any]:
    return select(digests.c[column]).where(digests.c.id == digest).scalar_subquery()


def _was_away(digest: ScalarSelect[Any] | ColumnElement[int], of: Range = ALL) -> ColumnElement[bool]:
    """Tell whether a chat, one of a range, receives, and has nothing of a digest that it should have got.

    That is one found after it subscribed; in a chat of the settings, one after a digest of which it has something.
    """
    own, former = digests.alias(), digests.alias()
    theirs, held = messages.alias(), deliveries.alias()
    is_later = (own.c.source == former.c.source, own.c.day >= former.c.day, own.c.found_at >= former.c.found_at)
    has_former = (
        exists()
        .select_from(held.join(theirs).join(former).join(own, and_(*is_later)))
        .where(held.c.chat_id == chats.c.id, own.c.id == digest, former.c.id != own.c.id)
        .correlate(chats)
    )
    since = case((chats.c.receives_since > chats.c.takes_since, chats.c.receives_since), else_=chats.c.takes_since)
    shall = (chats.c.state == ChatState.ACTIVE, since <= _of(digest, "found_at"), takes(_of(digest, "source")))
    return and_(*shall, _lacks(digest, of), or_(chats.c.receives_since > 0, has_former))


def _lacks(digest: ScalarSelect[Any] | ColumnElement[int], of: Range = ALL) -> ColumnElement[bool]:
    """Tell whether a chat has nothing of a digest: most have it in their edition, which is looked at first."""
    return and_(not_(_holds(digest, of, lambda theirs: theirs.c.edition == chats.c.edition)), not_(_holds(digest, of)))


def _holds(
    digest: ScalarSelect[Any] | ColumnElement[int],
    of: Range,
    which: Callable[[Any], ColumnElement[bool]] = lambda _: true(),
) -> Exists:
    """Tell whether a chat has anything of a digest, or of some of its messages.

    The range is said of deliveries, too: PostgreSQL would look at those of all chats, each time.
    """
    theirs, held = messages.alias(), deliveries.alias()
    return (
        exists()
        .select_from(held.join(theirs))
        .where(theirs.c.digest_id == digest, theirs.c.channel == chats.c.channel, held.c.chat_id == chats.c.id)
        .where(which(theirs), true() if of == ALL else _in_range(held.c.chat_id, of))
        .correlate(chats)
    )


# SQLite would look up all deliveries of each message, not knowing how few of them wait.
_OUTDATED = deliveries.join(messages, messages.c.id == unindexed(deliveries.c.message_id)).join(chats)


def _waits_in_old_edition() -> tuple[ColumnElement[bool], ...]:
    """Tell whether a delivery waits in an edition that its chat no longer prefers, as all of its digest does there."""
    rows, theirs = deliveries.alias(), messages.alias()
    same = (theirs.c.digest_id == messages.c.digest_id, rows.c.chat_id == chats.c.id)
    out = exists().select_from(rows.join(theirs)).where(*same, not_(waits_for_hour(rows))).correlate(chats, messages)
    is_other = and_(messages.c.edition != chats.c.edition, chats.c.state != ChatState.REMOVED)
    return waits_for_hour(deliveries), is_other, not_(out)
