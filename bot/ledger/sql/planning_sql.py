"""The SQL of planning messages and deliveries, a function or constant per statement; `ledger` runs them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import CompoundSelect as Compound
from sqlalchemy import (
    Delete,
    Insert,
    Select,
    Update,
    and_,
    exists,
    literal,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from bot.database.dialect import insert as upsert
from bot.database.schema import chats, deliveries, digests, messages
from bot.database.states import ChatState, DeliveryState
from bot.ledger.records.digests import RenderedEdition
from bot.ledger.sql import transitions
from bot.ledger.sql.delivery_sql import takes
from bot.ledger.sql.digest_sql import is_digest
from formatters.message import Message


def editions_in_use(source: str, name: str, of: Collection[int] | None) -> Compound[Any]:
    """List the editions that these chats prefer now, None for all, and those in which it was laid out before."""
    meant = takes(literal(source)) if of is None else chats.c.id.in_(of)
    preferred = select(chats.c.channel, chats.c.edition).where(chats.c.state != ChatState.REMOVED, meant).distinct()
    sent = select(messages.c.channel, messages.c.edition).join(digests).where(is_digest(source, name))
    return preferred.union(sent)


CARD = "paper/"  # before the id of the paper whose message it is


def card_keys(source: str, name: str, channel: str, edition: str) -> Select[str]:
    """Give the keys of the messages that a digest has in an edition for single papers."""
    its = (is_digest(source, name), messages.c.channel == channel, messages.c.edition == edition)
    current = (messages.c.key.startswith(CARD), messages.c.is_obsolete == 0)
    return select(messages.c.key).join(digests).where(*its, *current)


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


def _rendered(digest: int, rendered: RenderedEdition) -> ColumnElement[bool]:
    of_channel = (messages.c.channel == rendered.channel, messages.c.edition == rendered.edition)
    return and_(messages.c.digest_id == digest, *of_channel)
