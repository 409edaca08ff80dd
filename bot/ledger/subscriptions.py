"""Subscriptions: which chats receive digests, and their preferences. Each change is committed before it is answered.

Nothing else writes `chats`; a test holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Integer,
    Update,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.engine import Database
from bot.database.schema import chats, deliveries, notices
from bot.database.states import ChatKind, ChatOrigin, ChatState, IncidentKind
from bot.ledger.records import Subscription
from bot.ledger.transitions import ask_again, drop_unsent, reopened, stop_editing
from formatters.edition import Edition

_FIELDS = (
    *(chats.c.id, chats.c.channel, chats.c.name, chats.c.address, chats.c.kind, chats.c.state, chats.c.reason),
    *(chats.c.layout, chats.c.language, chats.c.silent, chats.c.schedule, chats.c.paused_at),
)
_PREFERENCES = (chats.c.layout, chats.c.language, chats.c.silent, chats.c.kind)  # of these the edition is made
_NAMES = (chats.c.address, chats.c.name)
_SCHEDULES = select(chats.c.schedule).where(chats.c.state == ChatState.ACTIVE).distinct()


class Subscriptions:
    """The chats of the ledger."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read, self._write = database.read, database.write
        self._clock = clock

    async def sync_chats(self, channel: str, layout: str, listed: Mapping[str, str]) -> None:
        """Make the chats of a channel those of the settings, name to id sequence; the others are kept but removed."""
        async with self._write() as db:
            for name in listed:
                await db.execute(_rename_chat(channel, name))
            others = (chats.c.origin == ChatOrigin.SETTINGS, chats.c.name.not_in(listed))
            await _remove(db, ChatOrigin.SETTINGS, chats.c.channel == channel, *others)
            for name, id_sequence in listed.items():
                await db.execute(_list_chat(channel=channel, name=name, id_sequence=id_sequence))
            await _write_editions(db, layout, chats.c.channel == channel)

    async def schedules(self) -> list[str]:
        """List the hours that active chats prefer; an empty one is what the operator set."""
        async with self._read() as db:
            return list((await db.execute(_SCHEDULES)).scalars())

    async def find(self, channel: str, addresses: Sequence[str]) -> Subscription | None:
        """Find the chat known by one of these addresses, preferably one that receives."""
        query = select(*_FIELDS).where(chats.c.channel == channel, or_(*_known_by(addresses)))
        receiving_first = query.order_by(chats.c.state == ChatState.REMOVED, chats.c.id).limit(1)
        async with self._read() as db:
            row = (await db.execute(receiving_first)).first()
        return None if row is None else _subscription(row)

    async def with_topics(self, channel: str, names: Sequence[str]) -> list[Subscription]:
        """List a chat and its topics, as far as the ledger knows them."""
        begins = [f"{name}:" for name in names]
        topics = [column.startswith(begin, autoescape=True) for begin in begins for column in _NAMES]
        query = select(*_FIELDS).where(chats.c.channel == channel, or_(*_known_by(names), *topics))
        async with self._read() as db:
            return [_subscription(row) for row in await db.execute(query.order_by(chats.c.id))]

    async def unidentified(self, channel: str) -> list[Subscription]:
        """List the active chats whose kind is not known yet: those of the settings."""
        unknown = (chats.c.channel == channel, chats.c.kind == ChatKind.UNKNOWN, chats.c.state == ChatState.ACTIVE)
        query = select(*_FIELDS).where(*unknown).order_by(chats.c.id)
        async with self._read() as db:
            return [_subscription(row) for row in await db.execute(query)]

    async def merge_into(self, listed: Subscription, number: str) -> bool:
        """Merge a chat that the settings list into the one that its people subscribed: else it would get all twice.

        `number` is its address. Gives False where there is no other one, and where the listed one has messages
        already: then that one stays, and the other receives no more.
        """
        same = (chats.c.channel == listed.channel, chats.c.address == number, chats.c.id != listed.id)
        held = select(deliveries.c.id).where(deliveries.c.chat_id == listed.id).limit(1)
        async with self._write() as db:
            receiving_first = select(chats.c.id).where(*same).order_by(chats.c.state == ChatState.REMOVED, chats.c.id)
            other = (await db.execute(receiving_first)).scalars().first()
            if other is None:
                return False
            if (await db.execute(held)).first():
                await _remove(db, ChatOrigin.SETTINGS, chats.c.id == other)
                return False
            await db.execute(delete(chats).where(chats.c.id == listed.id))
            await db.execute(_FORGET_PAUSES)
            await db.execute(update(chats).where(chats.c.id == other).values(name=listed.name))
        return True

    async def add_chat(
        self, channel: str, address: str, *, id_sequence: str, kind: ChatKind, language: str, layout: str
    ) -> int:
        """Add a chat that receives nothing yet, and give its id."""
        row = {"channel": channel, "name": address, "address": address, "id_sequence": id_sequence, "kind": kind}
        preferences = {"language": language, "state": ChatState.REMOVED, "edition": ""}
        made = (
            insert(chats).values(**row, **preferences).on_conflict_do_update(["channel", "name"], set_={"kind": kind})
        )
        async with self._write() as db:
            chat: int = (await db.execute(made.returning(chats.c.id))).scalar_one()
            await _write_editions(db, layout, chats.c.id == chat)
        return chat

    async def keep_titles(self, channel: str, titles: Mapping[str, str]) -> None:
        """Write how chats are called now, by address; what is known already is not written again."""
        if rows := [{"of": channel, "at": address, "now": title} for address, title in titles.items()]:
            async with self._write() as db:
                await db.execute(_KEEP_TITLE, rows)

    async def subscribe(self, chat: int, layout: str, *, now: bool) -> None:
        """Let a chat receive digests from now on; with `now`, the newest one at once.

        A chat that is subscribed already goes on with the digests that it shall have.
        """
        since = case((chats.c.state == ChatState.REMOVED, self._clock()), else_=chats.c.receives_since)
        wants_newest = 1 if now else chats.c.wants_newest
        values = {**_OPEN, "origin": ChatOrigin.READER, "receives_since": since, "wants_newest": wants_newest}
        gone = select(chats.c.id).where(chats.c.id == chat, chats.c.state == ChatState.REMOVED)
        async with self._write() as db:
            await db.execute(drop_unsent(deliveries.c.chat_id.in_(gone)))
            await db.execute(update(chats).where(chats.c.id == chat).values(values))
            await _write_editions(db, layout, chats.c.id == chat)

    async def unsubscribe(self, chat: int) -> None:
        """Let a chat receive nothing more, and drop what waits for it."""
        async with self._write() as db:
            await _remove(db, ChatOrigin.READER, chats.c.id == chat)
            await db.execute(drop_unsent(deliveries.c.chat_id == chat))

    async def set_preferences(self, chat: int, layout: str, /, **preferences: object) -> None:
        """Write preferences of a chat; `layout` is the one of the settings."""
        async with self._write() as db:
            await db.execute(update(chats).where(chats.c.id == chat).values(preferences))
            await _write_editions(db, layout, chats.c.id == chat)

    async def pause(self, chat: int, reason: str) -> None:
        """Send nothing to a chat that cannot be written to; its preferences stay."""
        async with self._write() as db:
            await db.execute(PAUSE, {"of": chat, "why": reason, "now": self._clock()})

    async def resume(self, chat: int) -> None:
        """Send to a paused chat again, and end its pause: its people, or the platform, say that it is open."""
        theirs = chats.c.id == chat
        async with self._write() as db:
            await db.execute(reopened(theirs))
            await db.execute(update(chats).where(theirs, IS_PAUSED).values(_OPEN))

    async def try_again(self, chat: int) -> None:
        """Give a paused chat another try; it counts as paused until a message arrives there."""
        theirs = chats.c.id == chat
        async with self._write() as db:
            await db.execute(reopened(theirs))
            await db.execute(tried_again(self._clock(), theirs))

    async def resume_all(self) -> None:
        """Give paused chats and undecided sends another try: somebody may have let us in again."""
        now = self._clock()
        async with self._write() as db:
            for statement in (reopened(), tried_again(now), *ask_again(now)):
                await db.execute(statement)

    async def move(self, chat: int, *, address: str, id_sequence: str) -> None:
        """Write where a chat is now; what it holds from before cannot be edited any more."""
        moved = update(chats).where(chats.c.id == chat).values(address=address, id_sequence=id_sequence)
        async with self._write() as db:
            await db.execute(moved)
            await db.execute(stop_editing(chat))


# --- the statements

_NEW_TITLE = (chats.c.channel == bindparam("of"), chats.c.address == bindparam("at"), chats.c.title != bindparam("now"))
_KEEP_TITLE = update(chats).where(*_NEW_TITLE).values(title=bindparam("now"))
_OPEN = {"state": ChatState.ACTIVE, "reason": "", "paused_at": None}
IS_PAUSED = chats.c.paused_at.is_not(None)  # whether or not it is being tried again
IS_READER = and_(chats.c.kind == ChatKind.PRIVATE, chats.c.origin == ChatOrigin.READER)  # one person, who subscribed

_IS_ACTIVE = (chats.c.id == bindparam("of"), chats.c.state == ChatState.ACTIVE)
_SINCE = func.coalesce(chats.c.paused_at, bindparam("now"))  # nothing arrived since the first refusal
# Send nothing to the chat :of from :now on, for the reason :why.
PAUSE = update(chats).where(*_IS_ACTIVE).values(state=ChatState.PAUSED, reason=bindparam("why"), paused_at=_SINCE)


def _end_pause() -> Update:
    arrived = select(deliveries).where(deliveries.c.ref == bindparam("of"))
    chat, tried_at = (arrived.with_only_columns(deliveries.c[name]) for name in ("chat_id", "attempted_at"))
    is_tried = (chats.c.id == chat.scalar_subquery(), chats.c.state == ChatState.ACTIVE)
    return update(chats).where(*is_tried, chats.c.paused_at <= tried_at.scalar_subquery()).values(_OPEN)


# End the pause of the chat in which the delivery with the ref :of arrived, if it was sent since the pause began.
END_PAUSE = _end_pause()


def tried_again(now: float, *which: ColumnElement[bool]) -> Update:
    """Send to paused chats again, which count as paused until a message arrives there.

    A pause that a clock wrote which was ahead begins now; else nothing would arrive after it.
    """
    since = func.min(chats.c.paused_at, now)
    return update(chats).where(IS_PAUSED, *which).values(state=ChatState.ACTIVE, paused_at=since)


def _forget_pauses() -> Delete:
    number = cast(func.substr(notices.c.key, len(IncidentKind.PAUSED) + 2), Integer)
    receives = exists().where(chats.c.id == number, chats.c.state != ChatState.REMOVED)
    return delete(notices).where(notices.c.key.startswith(f"{IncidentKind.PAUSED} "), not_(receives))


# Forget that the pauses of chats were told which receive nothing more: nobody is told that they are over.
_FORGET_PAUSES = _forget_pauses()


async def _remove(db: AsyncConnection, origin: ChatOrigin, *which: ColumnElement[bool]) -> None:
    """Let chats receive nothing more, and end their pauses without a word."""
    gone = {"state": ChatState.REMOVED, "reason": "", "paused_at": None, "wants_newest": 0, "origin": origin}
    await db.execute(update(chats).where(*which).values(gone))
    await db.execute(_FORGET_PAUSES)


def _rename_chat(channel: str, name: str) -> Update:
    """Give a chat the name of the settings, where the ledger knows it by another: it moved, or was subscribed."""
    taken = chats.alias()
    known = (chats.c.channel == channel, chats.c.address == name, chats.c.name != name)
    free = not_(exists().where(taken.c.channel == channel, taken.c.name == name))
    return update(chats).where(*known, free).values(name=name)


def _list_chat(*, channel: str, name: str, id_sequence: str) -> Insert:
    """Add a chat of the settings, or make it active again; one whose people unsubscribed it stays removed."""
    row = insert(chats).values(channel=channel, name=name, address=name, id_sequence=id_sequence, edition="")
    ours = and_(chats.c.state == ChatState.REMOVED, chats.c.origin == ChatOrigin.SETTINGS)
    back = case((ours, ChatState.ACTIVE.value), else_=chats.c.state)
    return row.on_conflict_do_update(["channel", "name"], set_={"state": back})


def got_newest(chat_ids: Collection[int]) -> Update:
    """Note that these chats no longer want the newest digest at once."""
    return update(chats).where(chats.c.id.in_(chat_ids)).values(wants_newest=0)


def _known_by(addresses: Sequence[str]) -> list[ColumnElement[bool]]:
    """Match chats by address or name; names such as "@my_channel" in any case of letters."""
    public = [address.lower() for address in addresses if address.startswith("@")]
    folded = [func.lower(column).in_(public) for column in _NAMES] if public else []
    return [*(column.in_(addresses) for column in _NAMES), *folded]


def _subscription(row: Any) -> Subscription:
    words = {"kind": ChatKind(row.kind), "state": ChatState(row.state), "silent": bool(row.silent)}
    return Subscription(**{**row._mapping, **words})


async def _write_editions(db: AsyncConnection, layout: str, which: ColumnElement[bool]) -> None:
    """Write the editions that follow from the preferences of chats, where `layout` is the one of the settings.

    All chats with the same preferences are written at once: there may be 100,000 of them.
    """
    columns = (*_PREFERENCES, chats.c.edition)
    known = (await db.execute(select(*columns).where(which).distinct())).all()
    spelled = [(preferences, str(_edition(preferences, layout))) for preferences in known]
    changed = [
        (tuple_(*columns) == preferences, edition) for preferences, edition in spelled if edition != preferences.edition
    ]
    if changed:
        edition = case(*changed, else_=chats.c.edition)
        await db.execute(update(chats).where(which, chats.c.edition != edition).values(edition=edition))


def _edition(preferences: Any, layout: str) -> Edition:
    here = preferences.kind in (ChatKind.PRIVATE, ChatKind.GROUP)
    return Edition(preferences.layout or layout, preferences.language, bool(preferences.silent), here)
