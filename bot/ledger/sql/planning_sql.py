"""The SQL of planning messages and deliveries, a function or constant per statement; `ledger` runs them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import CompoundSelect as Compound
from sqlalchemy import (
    Delete,
    Exists,
    Insert,
    Select,
    Update,
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
    update,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import ScalarSelect

from bot.database.dialect import insert as upsert
from bot.database.schema import chats, deliveries, digests, messages
from bot.database.states import ChatState, DeliveryState, DigestState
from bot.ledger.records.digests import RenderedEdition
from bot.ledger.sql import transitions
from bot.ledger.sql.delivery_sql import takes
from bot.ledger.sql.digest_sql import is_digest, number
from bot.ledger.sql.transitions import HOUR_UNKNOWN, waits_for_hour
from formatters.message import Message


def editions_in_use(source: str, name: str, of: Collection[int] | None) -> Compound[Any]:
    """List the editions that these chats prefer now, None for all, and those in which it was laid out before."""
    meant = takes(literal(source)) if of is None else chats.c.id.in_(of)
    preferred = select(chats.c.channel, chats.c.edition).where(chats.c.state != ChatState.REMOVED, meant)
    sent = select(messages.c.channel, messages.c.edition).join(digests).where(is_digest(source, name))
    return preferred.union(sent)


CARD = "paper/"  # before the id of the paper whose message it is


def card_keys(source: str, name: str, channel: str, edition: str) -> Select[str]:
    """Give the keys of the messages that a digest has in an edition for single papers."""
    its = (is_digest(source, name), messages.c.channel == channel, messages.c.edition == edition)
    current = (messages.c.key.startswith(CARD), messages.c.is_obsolete == 0)
    return select(messages.c.key).join(digests).where(*its, *current)


def has_chats_without(source: str, name: str) -> Select[tuple[Any, ...]]:
    receives = or_(_has_to_receive(_id(source, name)), and_(_WANTS_NEWEST, takes(literal(source))))
    return select(chats.c.id).where(receives).limit(1)


def has_returned_chats_without(source: str, name: str) -> Select[tuple[Any, ...]]:
    return select(chats.c.id).where(_was_away(_id(source, name))).limit(1)


def waiting_in_old_edition(source: str) -> Select[tuple[Any, ...]]:
    """List the digests that still wait for the hour of a chat in an edition that the chat no longer prefers."""
    # "+ 0": SQLite would look up all deliveries of each message, not knowing how few of them wait.
    theirs = deliveries.join(messages, messages.c.id == deliveries.c.message_id + 0).join(digests).join(chats)
    other = (digests.c.source == source, digests.c.state == DigestState.ACTIVE, messages.c.edition != chats.c.edition)
    waits = (waits_for_hour(deliveries), _waits_wholly(messages.c.digest_id, chats.c.id))
    return (
        select(digests.c.name).select_from(theirs).where(*other, chats.c.state != ChatState.REMOVED, *waits).distinct()
    )


def hashes(digest: int, rendered: RenderedEdition) -> Select[tuple[Any, ...]]:
    """Give what the ledger holds of an edition: of each message whether anything became of it in any chat, too."""
    tried = exists().where(deliveries.c.message_id == messages.c.id, deliveries.c.state != DeliveryState.PENDING)
    columns = (messages.c.key, messages.c.hash, messages.c.is_obsolete, tried.label("tried"))
    return select(*columns).where(_rendered(digest, rendered))


def write_message(digest: int, rendered: RenderedEdition, seq: int, message: Message, body_hash: str) -> Insert:
    key = {"digest_id": digest, "channel": rendered.channel, "edition": rendered.edition, "key": message.key}
    values = {"seq": seq, "body": dict(message.body), "hash": body_hash, "is_obsolete": 0}
    return upsert(messages).values(**key, **values).on_conflict_do_update(index_elements=list(key), set_=values)


def move_message(digest: int, rendered: RenderedEdition, seq: int, key: str) -> Update:
    """Write the place of a message that stays as it is."""
    return update(messages).where(_rendered(digest, rendered), messages.c.key == key).values(seq=seq, is_obsolete=0)


def drop_obsolete(digest: int, rendered: RenderedEdition) -> tuple[Update | Delete, ...]:
    """Mark the messages that a digest no longer has, and drop what was not sent of them."""
    kept = [message.key for message, _ in rendered.messages]
    gone = select(messages.c.id).where(_rendered(digest, rendered), messages.c.is_obsolete == 1)
    return (
        update(messages).where(_rendered(digest, rendered), messages.c.key.not_in(kept)).values(is_obsolete=1),
        transitions.drop_pending(gone),
    )


def changed_messages(digest: int, rendered: RenderedEdition, keys: Collection[str]) -> Select[int]:
    return select(messages.c.id).where(_rendered(digest, rendered), messages.c.key.in_(keys))


_WANTS_NEWEST = and_(chats.c.state == ChatState.ACTIVE, chats.c.wants_newest == 1)


def queue_new_chats(digest: int) -> Insert:
    """Queue all messages of a digest for every chat that shall have it and has nothing of it.

    They wait for the hour of the chat, which `Ledger.open_at` writes.
    """
    new = (chats.c.edition == messages.c.edition, _has_to_receive(literal(digest)))
    return _insert(_pairs(digest, literal(HOUR_UNKNOWN)).where(*new))


def queue_returned_chats(digest: int) -> Insert:
    """Queue all messages of a digest for every chat that was away when others got it."""
    returned = (chats.c.edition == messages.c.edition, _was_away(literal(digest)))
    return _insert(_pairs(digest, literal(HOUR_UNKNOWN)).where(*returned))


def queue_by_hand(digest: int, chat: int) -> Insert:
    """Queue all messages of a digest for a chat, 0 for all that receive, where there is nothing of it yet.

    A chat that chose hours of its own waits for them.
    """
    hour = case((chats.c.schedule == "", null()), else_=literal(HOUR_UNKNOWN))
    which = chats.c.id == chat if chat else takes(_of(literal(digest), "source"))
    meant = (chats.c.state != ChatState.REMOVED, which, not_(_holds(literal(digest))))
    return _insert(_pairs(digest, hour).where(chats.c.edition == messages.c.edition, *meant))


def queue_missing(digest: int, *, to_those_who_left: bool) -> Insert:
    """Queue, for every chat that has some messages of a digest, the others in the same edition.

    They wait as long as those that it has; where it was recalled, nothing more comes. For a paused chat they are queued
    too, so that nothing is missing when it can be written to again. What a chat has from before it unsubscribed is
    completed only `to_those_who_left`.
    """
    other, theirs = deliveries.alias(), messages.alias()
    same = (theirs.c.digest_id == digest, theirs.c.edition == messages.c.edition, other.c.chat_id == chats.c.id)
    reached = func.coalesce(other.c.sent_at, other.c.attempted_at, chats.c.receives_since)
    lately = reached >= chats.c.receives_since
    recent = or_(lately, _WANTS_NEWEST) if to_those_who_left else lately
    wait = select(func.max(other.c.not_before)).select_from(other.join(theirs)).where(*same, waits_for_hour(other))
    has = exists().select_from(other.join(theirs)).where(*same, recent, other.c.is_recalled == 0)
    hour = wait.correlate(chats, messages).scalar_subquery()
    return _insert(_pairs(digest, hour).where(chats.c.state != ChatState.REMOVED, has))


def chats_to_relayout(digest: int) -> Select[Any]:
    """List the chats that wait for a digest in an old edition, where it is laid out in the one they prefer now."""
    laid_out = exists().where(messages.c.digest_id == digest, messages.c.edition == chats.c.edition)
    channel = messages.c.channel == chats.c.channel
    old = _holds(literal(digest), lambda theirs: theirs.c.edition != chats.c.edition)
    waits = _waits_wholly(literal(digest), chats.c.id)
    return select(chats.c.id).where(chats.c.state != ChatState.REMOVED, waits, old, laid_out.where(channel))


def requeue(digest: int, waiting: Collection[int]) -> tuple[Delete, Insert]:
    """Replace what waits for the hour of these chats by the edition that they prefer now."""
    theirs = select(messages.c.id).where(messages.c.digest_id == digest)
    preferred = (messages.c.edition == chats.c.edition, chats.c.id.in_(waiting))
    return (
        transitions.drop_waiting(waiting, theirs),
        _insert(_pairs(digest, literal(HOUR_UNKNOWN)).where(*preferred)),
    )


WANTING_NEWEST = select(chats.c.id).where(_WANTS_NEWEST)


def _waits_wholly(digest: ColumnElement[int], chat: ColumnElement[int]) -> ColumnElement[bool]:
    """Tell whether a chat has something of a digest, and all of that waits for its hour."""
    rows, theirs = deliveries.alias(), messages.alias()
    same = (theirs.c.digest_id == digest, rows.c.chat_id == chat)
    some = exists().select_from(rows.join(theirs)).where(*same, waits_for_hour(rows))
    out = exists().select_from(rows.join(theirs)).where(*same, not_(waits_for_hour(rows)))
    return and_(some.correlate_except(rows, theirs), not_(out.correlate_except(rows, theirs)))


def _has_to_receive(digest: ScalarSelect[Any] | ColumnElement[int]) -> ColumnElement[bool]:
    """Tell whether a chat (of the enclosing statement) receives a digest of which it has nothing."""
    return and_(
        chats.c.state == ChatState.ACTIVE,
        or_(chats.c.receives_since <= _of(digest, "found_at"), chats.c.wants_newest == 1),
        takes(_of(digest, "source")),
        not_(_holds(digest)),
    )


def _id(source: str, name: str) -> ScalarSelect[int]:
    return number(source, name).scalar_subquery()


def _of(digest: ScalarSelect[Any] | ColumnElement[int], column: str) -> ScalarSelect[Any]:
    return select(digests.c[column]).where(digests.c.id == digest).scalar_subquery()


def _was_away(digest: ScalarSelect[Any] | ColumnElement[int]) -> ColumnElement[bool]:
    """Tell whether a chat (of the enclosing statement) receives, and has nothing of a digest that it should have got.

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
    return and_(*shall, not_(_holds(digest)), or_(chats.c.receives_since > 0, has_former))


def _pairs(digest: int, not_before: ColumnElement[Any]) -> Select[tuple[Any, ...]]:
    return (
        select(messages.c.id, chats.c.id, not_before)
        .select_from(messages.join(chats, chats.c.channel == messages.c.channel))
        .where(messages.c.digest_id == digest, messages.c.is_obsolete == 0)
        .order_by(messages.c.id, chats.c.id)  # as they lie on the disk
    )


def _insert(pairs: Select[tuple[Any, ...]]) -> Insert:
    columns = ["message_id", "chat_id", "not_before"]
    return upsert(deliveries).from_select(columns, pairs).on_conflict_do_nothing()


def _holds(
    digest: ScalarSelect[Any] | ColumnElement[int], which: Callable[[Any], ColumnElement[bool]] = lambda _: true()
) -> Exists:
    """Tell whether a chat (of the enclosing statement) has anything of a digest, or of some of its messages."""
    theirs, held = messages.alias(), deliveries.alias()
    return (
        exists()
        .select_from(held.join(theirs))
        .where(theirs.c.digest_id == digest, held.c.chat_id == chats.c.id, which(theirs))
        .correlate(chats)
    )


def _rendered(digest: int, rendered: RenderedEdition) -> ColumnElement[bool]:
    of_channel = (messages.c.channel == rendered.channel, messages.c.edition == rendered.edition)
    return and_(messages.c.digest_id == digest, *of_channel)
