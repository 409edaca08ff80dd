"""The SQL of planning, a function or constant per statement; `ledger` runs them."""

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
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import ScalarSelect

from bot.archive.index import digest_to_json
from bot.database.schema import chats, deliveries, digests, messages, papers
from bot.database.states import DIGEST_CHANGES, ChatState, DeliveryState, DigestState
from bot.ledger.records import PlannedDigest, RenderedEdition, StatusChange
from bot.ledger.sql import transitions
from bot.ledger.sql.delivery_sql import takes
from bot.ledger.sql.transitions import HOUR_UNKNOWN, waits_for_hour
from formatters.message import Message
from formatters.model import Digest

REASON = (digests.c.cause, digests.c.numbers, digests.c.reason)  # as `Reason` reads it
PAPERS = select(func.count()).where(papers.c.digest_id == digests.c.id).correlate(digests).scalar_subquery()

_LISTED = func.group_concat(papers.c.paper, "\n")
_PAPER_IDS = select(_LISTED).where(papers.c.digest_id == digests.c.id).correlate(digests).scalar_subquery()


def known(source: str) -> Select[tuple[Any, ...]]:
    columns = (
        *(digests.c.name, digests.c.post, digests.c.day, digests.c.fingerprint, digests.c.state, *REASON),
        *(PAPERS.label("papers"), digests.c.found_at, digests.c.held_since),
        *(_PAPER_IDS.label("paper_ids"), digests.c.told_apart),
    )
    return select(*columns).where(digests.c.source == source).order_by(digests.c.day, digests.c.post)


def editions_in_use(source: str, name: str) -> Compound[Any]:
    """List the editions that chats prefer now, and those in which the digest was laid out before."""
    receives = (chats.c.state != ChatState.REMOVED, takes(literal(source)))
    preferred = select(chats.c.channel, chats.c.edition).where(*receives)
    sent = select(messages.c.channel, messages.c.edition).join(digests).where(is_digest(source, name))
    return preferred.union(sent)


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


def write_digest(source: str, planned: PlannedDigest, now: float) -> Insert:
    values = {
        "post": planned.post,
        "day": planned.digest.day.isoformat(),
        "fingerprint": planned.fingerprint,
        "content": digest_to_json(planned.digest),
        "state": planned.state,
        **planned.reason.stored(),
        "held_since": planned.held_since,
    }
    row = upsert(digests).values(source=source, name=planned.digest.id, found_at=now, told_apart=1, **values)
    # A digest that was held is found when it has papers: whoever subscribed meanwhile receives it.
    found = {"found_at": now} if planned.to_new_chats and planned.may_edit else {}
    return row.on_conflict_do_update(["source", "name"], set_=values | found).returning(digests.c.id)


def write_reading(source: str, digest: Digest, fingerprint: str) -> ReturningUpdate[Any]:
    """Write how a post is read now that says what it said."""
    values = {"fingerprint": fingerprint, "content": digest_to_json(digest)}
    return update(digests).where(is_digest(source, digest.id)).values(values).returning(digests.c.id)


def change_status(source: str, one: StatusChange) -> Update:
    """Write the state of a digest, unless it came meanwhile into a state that does not lead there."""
    noted = {"state": one.state, **one.reason.stored(), "held_since": one.held_since}
    before = [state for state, after in DIGEST_CHANGES.items() if state is one.state or one.state in after]
    return update(digests).where(is_digest(source, one.name), digests.c.state.in_(before)).values(noted)


def record_post(source: str, name: str, post: str) -> Update:
    """Write the post of a delivered digest, which may have been renamed."""
    delivered = (is_digest(source, name), digests.c.state == DigestState.ACTIVE)
    return update(digests).where(*delivered).values(post=post).returning(digests.c.id)


def told_apart(source: str) -> Update:
    """Write that what a former version passed over beside the digests of a source is known now."""
    return update(digests).where(digests.c.source == source, digests.c.told_apart == 0).values(told_apart=1)


def hashes(digest: int, rendered: RenderedEdition) -> Select[tuple[Any, ...]]:
    """Give what the ledger holds of an edition: keys, hashes, and whether anything became of a message in any chat."""
    tried = exists().where(deliveries.c.message_id == messages.c.id, deliveries.c.state != DeliveryState.PENDING)
    return select(messages.c.key, messages.c.hash, tried.label("tried")).where(_rendered(digest, rendered))


def write_message(digest: int, rendered: RenderedEdition, seq: int, message: Message, body_hash: str) -> Insert:
    key = {"digest_id": digest, "channel": rendered.channel, "edition": rendered.edition, "key": message.key}
    values = {"seq": seq, "body": dict(message.body), "hash": body_hash, "is_obsolete": 0}
    return upsert(messages).values(**key, **values).on_conflict_do_update(list(key), set_=values)


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


def queue_missing(digest: int, *, to_those_who_left: bool) -> Insert:
    """Queue, for every chat that has some messages of a digest, the others in the same edition.

    They wait as long as those that it has. For a paused chat they are queued too, so that nothing is missing when
    it can be written to again. What a chat has from before it unsubscribed is completed only `to_those_who_left`.
    """
    other, theirs = deliveries.alias(), messages.alias()
    same = (theirs.c.digest_id == digest, theirs.c.edition == messages.c.edition, other.c.chat_id == chats.c.id)
    reached = func.coalesce(other.c.sent_at, other.c.attempted_at, chats.c.receives_since)
    lately = reached >= chats.c.receives_since
    recent = or_(lately, _WANTS_NEWEST) if to_those_who_left else lately
    wait = select(func.max(other.c.not_before)).select_from(other.join(theirs)).where(*same, waits_for_hour(other))
    has = exists().select_from(other.join(theirs)).where(*same, recent)
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
    return select(digests.c.id).where(is_digest(source, name)).scalar_subquery()


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
    since = func.max(chats.c.receives_since, chats.c.takes_since)
    shall = (chats.c.state == ChatState.ACTIVE, since <= _of(digest, "found_at"), takes(_of(digest, "source")))
    return and_(*shall, not_(_holds(digest)), or_(chats.c.receives_since > 0, has_former))


def _pairs(digest: int, not_before: ColumnElement[Any]) -> Select[tuple[Any, ...]]:
    ref = func.lower(func.hex(func.randomblob(8)))
    return (
        select(ref, messages.c.id, chats.c.id, not_before)
        .select_from(messages.join(chats, chats.c.channel == messages.c.channel))
        .where(messages.c.digest_id == digest, messages.c.is_obsolete == 0)
        .order_by(chats.c.id, messages.c.seq)
    )


def _insert(pairs: Select[tuple[Any, ...]]) -> Insert:
    columns = ["ref", "message_id", "chat_id", "not_before"]
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


def content(source: str, name: str) -> Select[tuple[Any, ...]]:
    return select(digests.c.content).where(is_digest(source, name))


def is_digest(source: str, name: str) -> ColumnElement[bool]:
    return and_(digests.c.source == source, digests.c.name == name)


def _rendered(digest: int, rendered: RenderedEdition) -> ColumnElement[bool]:
    of_channel = (messages.c.channel == rendered.channel, messages.c.edition == rendered.edition)
    return and_(messages.c.digest_id == digest, *of_channel)
