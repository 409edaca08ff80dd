"""Merging: of chats that are one under several names, only one receives, and it holds what stands under the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.schema import by_message, chats, deliveries, digests, messages
from bot.database.states import ChatOrigin, ChatState
from bot.ledger.chats.chat_sql import IS_PAUSED, OPEN, STANDS, remove
from bot.ledger.sql.transitions import drop_unsent, drop_waiting, hand_over, rename_sequence, reopened

_other = chats.alias()
_ONE_CHAT = (_other.c.channel == chats.c.channel, _other.c.canonical_address == chats.c.canonical_address)
_DOUBLES = select(chats.c.id, _other.c.id).where(
    *(chats.c.channel == bindparam("of"), chats.c.listed == 1, chats.c.state != ChatState.REMOVED, *_ONE_CHAT),
    *(chats.c.same_as.is_(None), _other.c.same_as.is_(None), chats.c.id != _other.c.id),
)
# Chats of the channel :of that the settings no longer name as they did, each with its row for another of its names.
LOST_NAMES = select(chats.c.id, _other.c.id).where(
    *(chats.c.channel == bindparam("of"), chats.c.listed == 0, _other.c.same_as == chats.c.id, _other.c.listed == 1),
    _other.c.same_as.is_not(None),  # as its index has it: few are names of others
)


async def merge_doubles(db: AsyncConnection, channel: str) -> None:
    """Merge the chats of the settings with all that have the same canonical address."""
    while double := (await db.execute(_DOUBLES, {"of": channel})).first():
        ranks = {await _rank(db, one): one.id for one in await _rows(db, *double)}
        await merge(db, kept=ranks[max(ranks)], gone=ranks[min(ranks)])


async def merge(db: AsyncConnection, kept: int, gone: int) -> None:
    """Let `kept` be the chat that both rows are; if the settings name it by the other one, it is called so now."""
    own, other = await _rows(db, kept, gone)
    is_renamed = other.listed > own.listed
    # Its number stays its address; of names, the one that the settings have now is sure to lead to it.
    there = other if is_renamed and own.address != own.canonical_address else own
    await remove(db, ChatOrigin.SETTINGS, chats.c.id == gone)
    await db.execute(update(chats).where(or_(chats.c.id == gone, chats.c.same_as == gone)).values(same_as=kept))
    for statement in (
        *_hand_over(gone, kept),
        rename_sequence(kept, (own.id_sequence, other.id_sequence), there.id_sequence),
        *(_rename(own, other, {"address": there.address, "id_sequence": there.id_sequence}) if is_renamed else ()),
    ):
        await db.execute(statement)


def _hand_over(gone: int, kept: int) -> tuple[Delete | Update, ...]:
    """Give a chat what it holds, and the digests that wait, under another name: nothing is sent again, none is lost.

    Of a digest that it has begun to receive it is given only what is of the same edition.
    """
    one, digest, edition = messages.c.id, messages.c.digest_id, messages.c.edition
    not_begun = select(one).where(digest.in_(_of(gone, digest)), digest.not_in(_of(kept, digest)))
    lacking = select(one).where(one.in_(_of(gone, one)), one.not_in(_of(kept, one)))
    begun = lacking.where(tuple_(digest, edition).in_(_of(kept, digest, edition)))
    others = select(one).where(digest.not_in(_of(kept, digest, waiting=True)))
    return (
        drop_waiting([kept], not_begun),
        drop_waiting([kept], begun),
        hand_over(gone, kept, begun),
        hand_over(gone, kept, others),
        drop_unsent(deliveries.c.chat_id == gone),
    )


def _of(chat: int, *columns: ColumnElement[Any], waiting: bool = False) -> Select[Any]:
    """Select columns of the messages that stand in a chat or may stand there; with `waiting`, of all that are due."""
    which = (deliveries.c.chat_id == chat, true() if waiting else STANDS)
    return select(*columns).select_from(by_message).where(*which)


async def _rows(db: AsyncConnection, *ids: int) -> list[Any]:
    rows = {row.id: row for row in await db.execute(select(chats).where(chats.c.id.in_(ids)))}
    return [rows[one] for one in ids]


async def _rank(db: AsyncConnection, chat: Any) -> tuple[Any, ...]:
    """Say how much speaks for keeping a chat: what it holds of the newest digest, then what its people decided.

    What stands where it was before it moved does not count.
    """
    holds = (digests.c.day, digests.c.id, func.count(), func.coalesce(func.max(deliveries.c.sent_at), 0.0))
    here = (deliveries.c.remote_id.is_not(None), deliveries.c.id_sequence == chat.id_sequence)
    by_digest = select(*holds).select_from(by_message.join(digests)).where(deliveries.c.chat_id == chat.id, *here)
    newest = by_digest.group_by(digests.c.id).order_by(digests.c.day.desc(), digests.c.id.desc()).limit(1)
    held = tuple((await db.execute(newest)).first() or ())
    is_readers = chat.origin == ChatOrigin.READER
    return held, is_readers, is_readers and chat.state != ChatState.REMOVED, -chat.id


def _rename(own: Any, other: Any, where: Mapping[str, str]) -> tuple[Delete | Update, ...]:
    """Let a chat be called as the settings call it now, and receive; the row that was called so keeps what it holds."""
    kept, gone = chats.c.id == own.id, chats.c.id == other.id
    removed = (chats.c.state == ChatState.REMOVED, chats.c.origin == ChatOrigin.SETTINGS)
    return (
        update(chats).where(gone).values(name=f"{other.name} {other.id}", listed=0),
        delete(chats).where(gone, not_(_of(other.id, messages.c.id, waiting=True).exists())),
        update(chats).where(kept).values(name=other.name, listed=1, **where),
        update(chats).where(kept, or_(IS_PAUSED, and_(*removed))).values(OPEN),
        reopened(kept),
    )
