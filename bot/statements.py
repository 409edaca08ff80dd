"""The ledger's SQL, a function or constant per statement; `store` runs them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import CompoundSelect as Compound
from sqlalchemy import (
    Delete,
    Exists,
    Insert,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import ScalarSelect

from bot.records import Chat, Intent, Rendered, Row
from bot.tables import chats, deliveries, digests, messages
from formatters.message import Message
from formatters.model import Digest, Link, Paper, Section

# --- chats


def remove_others(channel: str, listed: Collection[str]) -> Update:
    return update(chats).where(chats.c.channel == channel, chats.c.name.not_in(listed)).values(state="removed")


def list_chat(channel: str, name: str, counter: str, layout: str) -> Insert:
    row = upsert(chats).values(channel=channel, name=name, address=name, counter=counter, layout=layout)
    back = case((chats.c.state == "removed", "active"), else_=chats.c.state)
    return row.on_conflict_do_update(["channel", "name"], set_={"layout": layout, "state": back})


def resume(now: float) -> tuple[Update, ...]:
    """Open what a closed chat refused, what is held, what only our own back-off keeps, and the paused chats."""
    paused = select(chats.c.id).where(chats.c.state == "paused")
    refused = and_(deliveries.c.state == "failed", deliveries.c.problem == "ChatGone", deliveries.c.chat_id.in_(paused))
    held = and_(deliveries.c.state == "unconfirmed", deliveries.c.not_before.is_(None))
    return (
        update(deliveries).where(refused).values(state=_unsent("pending", "stale")),
        update(deliveries).where(held).values(not_before=now),
        update(deliveries).where(deliveries.c.problem == "RetryLater").values(not_before=now),
        update(chats).where(chats.c.state == "paused").values(state="active", reason=""),
    )


def pause(chat: int, reason: str) -> Update:
    return update(chats).where(chats.c.id == chat).values(state="paused", reason=reason)


def move(chat: int, address: str, counter: str) -> Update:
    return update(chats).where(chats.c.id == chat).values(address=address, counter=counter)


def leave(chat: int) -> Update:
    """Give up edits of what stands where a chat was before it moved."""
    there = (deliveries.c.chat_id == chat, deliveries.c.state == "stale")
    return update(deliveries).where(*there).values(state="sent")


# --- planning


def known(source: str) -> Select[tuple[Any, ...]]:
    columns = (digests.c.name, digests.c.post, digests.c.day, digests.c.fingerprint, digests.c.state)
    return select(*columns).where(digests.c.source == source).order_by(digests.c.day, digests.c.post)


def layouts(source: str, name: str) -> Compound[Any]:
    chosen = select(chats.c.channel, chats.c.layout).where(chats.c.state != "removed")
    used = select(messages.c.channel, messages.c.layout).join(digests).where(_is(source, name))
    return chosen.union(used)


def unserved(source: str, name: str) -> Select[tuple[Any, ...]]:
    digest = select(digests.c.id).where(_is(source, name)).scalar_subquery()
    return select(chats.c.id).where(chats.c.state == "active", not_(_holds(digest))).limit(1)


def write_digest(source: str, intent: Intent, now: float) -> Insert:
    values = {
        "post": intent.post,
        "day": intent.digest.day.isoformat(),
        "fingerprint": intent.fingerprint,
        "content": {**asdict(intent.digest), "day": intent.digest.day.isoformat()},
        "state": intent.state,
        "reason": intent.reason,
    }
    row = upsert(digests).values(source=source, name=intent.digest.id, found_at=now, **values)
    return row.on_conflict_do_update(["source", "name"], set_=values).returning(digests.c.id)


def take_post(source: str, name: str, post: str) -> Update:
    """Note the post of a delivered digest, which may have been renamed."""
    return (
        update(digests).where(_is(source, name), digests.c.state == "active").values(post=post).returning(digests.c.id)
    )


def hashes(digest: int, rendered: Rendered) -> Select[tuple[Any, ...]]:
    return select(messages.c.key, messages.c.hash).where(_rendered(digest, rendered))


def write_message(digest: int, rendered: Rendered, seq: int, message: Message, body_hash: str) -> Insert:
    place = {"digest_id": digest, "channel": rendered.channel, "layout": rendered.layout, "key": message.key}
    values = {"seq": seq, "body": dict(message.body), "hash": body_hash, "vanished": 0}
    return upsert(messages).values(**place, **values).on_conflict_do_update(list(place), set_=values)


def drop_vanished(digest: int, rendered: Rendered) -> tuple[Update | Delete, ...]:
    """Mark messages that a digest no longer has; what was not sent of them is not sent."""
    kept = [message.key for message, _ in rendered.messages]
    gone = select(messages.c.id).where(_rendered(digest, rendered), messages.c.vanished == 1)
    return (
        update(messages).where(_rendered(digest, rendered), messages.c.key.not_in(kept)).values(vanished=1),
        delete(deliveries).where(deliveries.c.message_id.in_(gone), deliveries.c.state == "pending"),
    )


def reopen(digest: int, rendered: Rendered, keys: Collection[str]) -> Update:
    """Make rows of changed messages due again, unless the chat already reads so."""
    changed = select(messages.c.id).where(_rendered(digest, rendered), messages.c.key.in_(keys))
    wanted = select(messages.c.hash).where(messages.c.id == deliveries.c.message_id).scalar_subquery()
    settled = and_(deliveries.c.message_id.in_(changed), deliveries.c.state.in_(("sent", "stale", "failed")))
    counter = select(chats.c.counter).where(chats.c.id == deliveries.c.chat_id).scalar_subquery()
    final = or_(deliveries.c.sent_hash == wanted, deliveries.c.place != counter)  # a chat that moved is not edited
    stands = and_(deliveries.c.remote_id.is_not(None), final)
    due = case((stands, "sent"), else_=_unsent("pending", "stale"))
    return update(deliveries).where(settled).values(state=due, plain=0)


def first_rows(digest: int) -> Insert:
    """Give every active chat that has nothing of a digest all its messages."""
    new = (chats.c.state == "active", chats.c.layout == messages.c.layout, not_(_holds(literal(digest))))
    pairs = _pairs(digest).where(*new)
    return _insert(pairs)


def more_rows(digest: int) -> Insert:
    """Give every chat that has some messages of a digest the others, in the layout it has.

    A paused chat too: when it lets us in again, nothing is missing.
    """
    other, theirs = deliveries.alias(), messages.alias()
    same = (theirs.c.digest_id == digest, theirs.c.layout == messages.c.layout, other.c.chat_id == chats.c.id)
    return _insert(
        _pairs(digest).where(chats.c.state != "removed", exists().select_from(other.join(theirs)).where(*same))
    )


def _pairs(digest: int) -> Select[tuple[Any, ...]]:
    ref = func.lower(func.hex(func.randomblob(8)))
    return (
        select(ref, messages.c.id, chats.c.id)
        .select_from(messages.join(chats, chats.c.channel == messages.c.channel))
        .where(messages.c.digest_id == digest, messages.c.vanished == 0)
        .order_by(chats.c.id, messages.c.seq)
    )


def _insert(pairs: Select[tuple[Any, ...]]) -> Insert:
    return upsert(deliveries).from_select(["ref", "message_id", "chat_id"], pairs).on_conflict_do_nothing()


def _holds(digest: ScalarSelect[Any] | ColumnElement[int]) -> Exists:
    """Tell whether a chat (of the enclosing statement) has anything of a digest."""
    theirs, held = messages.alias(), deliveries.alias()
    return (
        exists()
        .select_from(held.join(theirs))
        .where(theirs.c.digest_id == digest, held.c.chat_id == chats.c.id)
        .correlate(chats)
    )


# --- draining


def recover(settle: float) -> tuple[Update, ...]:
    doubt = {
        "state": "unconfirmed",
        "not_before": deliveries.c.attempted_at + settle,
        "problem": "Unconfirmed",
        "error": "the program ended before the answer came",
    }
    return (
        update(deliveries).where(deliveries.c.state == "sending").values(doubt),
        update(deliveries).where(deliveries.c.state == "editing").values(state="stale"),
    )


# Rows that `drain` can still do something about; an unconfirmed one without a time is held.
_WANTS = or_(
    deliveries.c.state.in_(("pending", "stale")),
    and_(deliveries.c.state == "unconfirmed", deliveries.c.not_before.is_not(None)),
)


# What a digest no longer has is not sent any more, whatever became of earlier tries.
_DROPPED = and_(
    messages.c.vanished == 1, deliveries.c.remote_id.is_(None), deliveries.c.state.in_(("pending", "failed"))
)


def lanes(channel: str) -> Select[tuple[Any, ...]]:
    busy = exists().where(deliveries.c.chat_id == chats.c.id, _WANTS)
    columns = (chats.c.id, chats.c.channel, chats.c.name, chats.c.address, chats.c.counter)
    return select(*columns).where(chats.c.channel == channel, chats.c.state == "active", busy).order_by(chats.c.id)


OPEN = select(func.count()).select_from(deliveries.join(chats)).where(chats.c.state == "active", _WANTS)


def _head() -> Select[tuple[Any, ...]]:
    parent, index = deliveries.alias(), messages.alias()
    same = (index.c.digest_id == messages.c.digest_id, index.c.layout == messages.c.layout, index.c.key == "index")
    thread = (
        select(parent.c.remote_id)
        .select_from(parent.join(index))
        .where(*same, parent.c.chat_id == deliveries.c.chat_id)
        .scalar_subquery()
    )
    threaded = and_(messages.c.layout == "thread", messages.c.key != "index")
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
        .where(deliveries.c.chat_id == bindparam("chat"), _WANTS, not_(_DROPPED))
        .order_by(deliveries.c.state != "unconfirmed", digests.c.day, digests.c.id, messages.c.seq)
        .limit(1)
    )


# What comes next in the chat :chat, as the fields of a Row.
HEAD = _head()


def claim(row: Row, now: float) -> Update:
    """Note that a row is under way, if it still is as it was read; a new message also notes its wording."""
    sending = {"state": "sending", "sent_hash": row.hash, "thread": row.thread}
    tried = sending if row.state == "pending" else {"state": "editing"}
    return (
        update(deliveries)
        .where(deliveries.c.id == row.id, deliveries.c.state == row.state)
        .values(**tried, attempts=deliveries.c.attempts + 1, attempted_at=now)
    )


def settle(row: int, values: Mapping[str, object]) -> Update:
    return update(deliveries).where(deliveries.c.id == row).values(values)


def last_id(chat: Chat, before: float) -> Select[Any, Any]:
    """Give the highest id of a counter that was known at `before`, and when that message was sent."""
    known = select(_NUMBER, deliveries.c.sent_at).select_from(deliveries.join(chats))
    return known.where(_counted(chat), deliveries.c.sent_at <= before).order_by(_NUMBER.desc()).limit(1)


def later_ids(chat: Chat, after: int) -> Select[int]:
    return select(_NUMBER).select_from(deliveries.join(chats)).where(_counted(chat), after < _NUMBER)


def doubts(chat: Chat) -> Select[Any]:
    """Count the sends of a counter of which nobody knows whether they arrived."""
    unknown = deliveries.c.state.in_(("sending", "unconfirmed"))
    same = and_(chats.c.channel == chat.channel, chats.c.counter == chat.counter)
    return select(func.count()).select_from(deliveries.join(chats)).where(same, unknown)


_NUMBER = cast(deliveries.c.remote_id, Integer)


def _counted(chat: Chat) -> ColumnElement[bool]:
    return and_(
        chats.c.channel == chat.channel, deliveries.c.place == chat.counter, deliveries.c.remote_id.is_not(None)
    )


# --- reading


def content(source: str, name: str) -> Select[tuple[Any, ...]]:
    return select(digests.c.content).where(_is(source, name))


NEWEST = (
    select(digests.c.content)
    .where(digests.c.state == "active")
    .order_by(digests.c.day.desc(), digests.c.post.desc())
    .limit(1)
)

STANDINGS = (
    select(digests.c.source, digests.c.name, digests.c.state, digests.c.reason, digests.c.content)
    .where(digests.c.state.in_(("held", "active", "skipped")))
    .order_by(digests.c.day.desc(), digests.c.post.desc())
)


def receipts(source: str, name: str) -> Select[tuple[Any, ...]]:
    columns = (chats.c.channel, chats.c.name, chats.c.reason, deliveries.c.state, deliveries.c.error)
    return (
        select(*columns, func.count())
        .select_from(deliveries.join(chats).join(messages).join(digests))
        .where(_is(source, name), chats.c.state != "removed", not_(_DROPPED))
        .group_by(chats.c.id, deliveries.c.state, deliveries.c.error)
        .order_by(chats.c.channel, chats.c.id)
    )


def loaded(content: Mapping[str, Any]) -> Digest:
    """Make a Digest of the content as `write_digest` wrote it."""
    return Digest(
        **{**content, "day": date.fromisoformat(content["day"]), "papers": tuple(map(_paper, content["papers"]))}
    )


def _paper(paper: Mapping[str, Any]) -> Paper:
    links = tuple(Link(**link) for link in paper["links"])
    return Paper(**{**paper, "links": links, "sections": tuple(Section(**section) for section in paper["sections"])})


def _is(source: str, name: str) -> ColumnElement[bool]:
    return and_(digests.c.source == source, digests.c.name == name)


def _rendered(digest: int, rendered: Rendered) -> ColumnElement[bool]:
    return and_(
        messages.c.digest_id == digest,
        messages.c.channel == rendered.channel,
        messages.c.layout == rendered.layout,
    )


def _unsent(never: str, ever: str) -> ColumnElement[str]:
    return case((deliveries.c.remote_id.is_(None), never), else_=ever)
