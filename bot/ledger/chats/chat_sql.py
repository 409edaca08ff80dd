"""The SQL of chats: those of the settings, their editions, and which are found under an address."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.dialect import Insert, insert, whole_number
from bot.database.schema import chats, deliveries, notices
from bot.database.states import ChatKind, ChatOrigin, ChatState, DeliveryState, IncidentKind
from bot.ledger.sql.claim_sql import is_named
from formatters.edition import Edition, UsualEdition

NAMES = (chats.c.address, chats.c.name, chats.c.canonical_address)
SCHEDULES = select(chats.c.schedule).where(chats.c.state == ChatState.ACTIVE).distinct()


def stands(rows: Any) -> ColumnElement[bool]:
    """Tell whether a delivery stands in its chat, or may stand there."""
    return or_(rows.c.remote_id.is_not(None), rows.c.state.in_((DeliveryState.SENDING, DeliveryState.UNCONFIRMED)))


STANDS = stands(deliveries)

# Of these the edition is made.
_PREFERENCES = (
    *(chats.c.layout, chats.c.language, chats.c.silent, chats.c.kind),
    *(chats.c.cards, chats.c.most_cards),
)
_NEW_TITLE = (chats.c.channel == bindparam("of"), chats.c.address == bindparam("at"), chats.c.title != bindparam("now"))
KEEP_TITLE = update(chats).where(*_NEW_TITLE).values(title=bindparam("now"))
OPEN = {"state": ChatState.ACTIVE, "reason": "", "paused_at": None}
IS_PAUSED = chats.c.paused_at.is_not(None)  # whether or not it is being tried again
IS_READER = and_(chats.c.kind == ChatKind.PRIVATE, chats.c.origin == ChatOrigin.READER)  # one person, who subscribed

_IS_ACTIVE = (chats.c.id == bindparam("of"), chats.c.state == ChatState.ACTIVE)
_SINCE = func.coalesce(chats.c.paused_at, bindparam("now"))  # nothing arrived since the first refusal
# Send nothing to the chat :of from :now on, for the reason :why.
PAUSE = update(chats).where(*_IS_ACTIVE).values(state=ChatState.PAUSED, reason=bindparam("why"), paused_at=_SINCE)


def _end_pause() -> Update:
    arrived = select(deliveries).where(is_named(deliveries))
    chat, tried_at = (arrived.with_only_columns(deliveries.c[name]) for name in ("chat_id", "attempted_at"))
    is_tried = (chats.c.id == chat.scalar_subquery(), chats.c.state == ChatState.ACTIVE)
    return update(chats).where(*is_tried, chats.c.paused_at <= tried_at.scalar_subquery()).values(OPEN)


# End the pause of the chat in which the delivery that is `named` arrived, if it was sent since the pause began.
END_PAUSE = _end_pause()


def tried_again(*which: ColumnElement[bool]) -> Update:
    """Send to paused chats again, which count as paused until a message arrives there."""
    return update(chats).where(IS_PAUSED, *which).values(state=ChatState.ACTIVE)


def _forget_pauses() -> Delete:
    number = whole_number(func.substr(notices.c.key, len(IncidentKind.PAUSED) + 2))
    receives = exists().where(chats.c.id == number, chats.c.state != ChatState.REMOVED)
    return delete(notices).where(notices.c.key.startswith(f"{IncidentKind.PAUSED} "), not_(receives))


# Forget that the pauses of chats were told which receive nothing more: nobody is told that they are over.
_FORGET_PAUSES = _forget_pauses()


async def remove(db: AsyncConnection, origin: ChatOrigin, *which: ColumnElement[bool]) -> None:
    """Let chats receive nothing more, and end their pauses without a word."""
    gone = {"state": ChatState.REMOVED, "reason": "", "paused_at": None, "wants_newest": 0, "origin": origin}
    await db.execute(update(chats).where(*which).values(gone))
    await db.execute(_FORGET_PAUSES)


def rename_chat(channel: str, name: str, listed: Collection[str]) -> Update:
    """Give a chat the name of the settings, where the ledger knows it by another: it moved, or was subscribed."""
    taken, there = chats.alias(), chats.alias()
    free = not_(exists().where(taken.c.channel == channel, taken.c.name == name))
    known = select(there.c.id).where(there.c.channel == channel, there.c.address == name, there.c.same_as.is_(None))
    first = known.order_by(there.c.state == ChatState.REMOVED, there.c.id).limit(1).scalar_subquery()
    return update(chats).where(chats.c.id == first, chats.c.name.not_in(listed), free).values(name=name)


def mark_listed(channel: str, listed: Collection[str]) -> tuple[Update, Update]:
    """Note which chats the settings name; each statement finds its few by an index."""
    is_named, own = chats.c.name.in_(listed), update(chats).where(chats.c.channel == channel)
    return (
        own.where(chats.c.listed == 0, is_named).values(listed=1),
        own.where(chats.c.listed == 1, not_(is_named)).values(listed=0),
    )


def list_chat(*, channel: str, name: str, id_sequence: str) -> Insert:
    """Add a chat of the settings, or make it active again; one whose people unsubscribed it stays removed."""
    row = insert(chats).values(channel=channel, name=name, address=name, id_sequence=id_sequence, edition="", listed=1)
    ours = and_(chats.c.state == ChatState.REMOVED, chats.c.origin == ChatOrigin.SETTINGS, chats.c.same_as.is_(None))
    back = case((ours, ChatState.ACTIVE.value), else_=chats.c.state)
    return row.on_conflict_do_update(index_elements=["channel", "name"], set_={"state": back})


def got_newest(chat_ids: Collection[int]) -> Update:
    """Note that these chats no longer want the newest digest at once."""
    return update(chats).where(chats.c.id.in_(chat_ids)).values(wants_newest=0)


def known_by(addresses: Sequence[str]) -> list[ColumnElement[bool]]:
    """Match chats by address or name; names such as "@my_channel" in any case of letters."""
    public = [address.lower() for address in addresses if address.startswith("@")]
    folded = [func.lower(column).in_(public) for column in NAMES] if public else []
    return [*(column.in_(addresses) for column in NAMES), *folded]


async def write_editions(db: AsyncConnection, usual: UsualEdition, which: ColumnElement[bool]) -> None:
    """Write the editions that follow from the preferences of chats, and from what is usual where they have none.

    All chats with the same preferences are written at once: there may be 100,000 of them.
    """
    has_links = or_(false(), *map(chats.c.address.like, usual.linkable))
    columns = (*_PREFERENCES, has_links, chats.c.edition)
    shown = select(*_PREFERENCES, has_links.label("has_links"), chats.c.edition).where(which).distinct()
    known = (await db.execute(shown)).all()
    spelled = [(preferences, str(_edition(preferences, usual))) for preferences in known]
    changed = [
        (tuple_(*columns) == preferences, edition) for preferences, edition in spelled if edition != preferences.edition
    ]
    if changed:
        edition = case(*changed, else_=chats.c.edition)
        await db.execute(update(chats).where(which, chats.c.edition != edition).values(edition=edition))


def _edition(chosen: Any, usual: UsualEdition) -> Edition:
    return Edition(
        chosen.layout or usual.layout,
        chosen.language,
        silent=bool(chosen.silent),
        buttons_in_chat=chosen.kind in (ChatKind.PRIVATE, ChatKind.GROUP),
        folded=usual.folds(chosen.layout, chosen.cards),
        linked=bool(chosen.has_links) and usual.has_cards(chosen.layout),
        cards=usual.most_cards(chosen.layout, chosen.most_cards),
    )
