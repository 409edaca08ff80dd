"""Subscriptions: which chats receive digests, and their preferences. Each change is committed before it is answered.

Only this package writes `chats`, but for times that `database.sqlite.times` moves; a test holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select, update

from bot.database.dialect import insert
from bot.database.engine import Database, repeats
from bot.database.schema import by_message, chats, deliveries
from bot.database.states import ChatKind, ChatOrigin, ChatState
from bot.ledger.chats.chat_sql import (
    IS_PAUSED,
    KEEP_TITLE,
    NAMES,
    OPEN,
    PAUSE,
    SCHEDULES,
    STANDS,
    known_by,
    list_chat,
    mark_listed,
    remove,
    rename_chat,
    tried_again,
    write_editions,
)
from bot.ledger.chats.merging import LOST_NAMES, merge, merge_doubles
from bot.ledger.chats.sources import changed_sources, shared_sources, write_sources
from bot.ledger.records.deliveries import Subscription
from bot.ledger.sql.transitions import ask_again, drop_unsent, reopened
from formatters.edition import UsualEdition

_FIELDS = (
    *(chats.c.id, chats.c.channel, chats.c.name, chats.c.address, chats.c.kind, chats.c.state, chats.c.reason),
    *(chats.c.layout, chats.c.language, chats.c.silent, chats.c.schedule, chats.c.paused_at),
    *(chats.c.sources, chats.c.cards, chats.c.most_cards),
)


class Subscriptions:
    """The chats of the ledger."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read, self._write, self._write_aside = database.read, database.write, database.write_aside
        self._clock = clock

    @repeats
    async def sync_chats(self, channel: str, usual: UsualEdition, listed: Mapping[str, str]) -> None:
        """Make the chats of a channel those of the settings, name to id sequence; the others are kept but removed."""
        async with self._write() as db:
            for name in listed:
                await db.execute(rename_chat(channel, name, listed))
            for marked in mark_listed(channel, listed):
                await db.execute(marked)
            for lost_name in (await db.execute(LOST_NAMES, {"of": channel})).all():
                await merge(db, *lost_name)
            others = (chats.c.origin == ChatOrigin.SETTINGS, chats.c.listed == 0)
            await remove(db, ChatOrigin.SETTINGS, chats.c.channel == channel, *others)
            for name, id_sequence in listed.items():
                await db.execute(list_chat(channel=channel, name=name, id_sequence=id_sequence))
            await write_editions(db, usual, chats.c.channel == channel)

    @repeats
    async def sync_sources(self, channel: str, known: Sequence[str], listed: Mapping[str, Sequence[str]]) -> None:
        """Let each chat receive of the sources that its people chose, else those `listed` by its name, else of all.

        What a chat has begun to receive of another source is finished, what only waits is dropped.
        """
        async with self._read() as db:
            changes = await changed_sources(db, channel, known, listed)
        if changes:
            async with self._write() as db:
                for one in changes:
                    await write_sources(db, one, self._clock())

    async def shared_sources(self, source: str, others: Collection[str]) -> list[str]:
        """Name, among other sources, those of which every chat receives that receives of this source."""
        async with self._read() as db:
            return await shared_sources(db, source, others)

    async def schedules(self) -> list[str]:
        """List the hours that active chats prefer; an empty one is what the operator set."""
        async with self._read() as db:
            return list((await db.execute(SCHEDULES)).scalars())

    async def find(self, channel: str, addresses: Sequence[str]) -> Subscription | None:
        """Find the chat known by one of these addresses, preferably one that receives."""
        known = select(func.coalesce(chats.c.same_as, chats.c.id))
        theirs = known.where(chats.c.channel == channel, or_(*known_by(addresses)))
        receiving_first = (chats.c.state == ChatState.REMOVED, chats.c.id)
        query = select(*_FIELDS).where(chats.c.id.in_(theirs)).order_by(*receiving_first).limit(1)
        async with self._read() as db:
            row = (await db.execute(query)).first()
        return None if row is None else _subscription(row)

    async def with_topics(self, channel: str, names: Sequence[str]) -> list[Subscription]:
        """List a chat and its topics, as far as the ledger knows them."""
        begins = [f"{name}:" for name in names]
        topics = [column.istartswith(begin, autoescape=True) for begin in begins for column in NAMES]
        query = select(*_FIELDS).where(chats.c.channel == channel, or_(*known_by(names), *topics))
        async with self._read() as db:
            return [_subscription(row) for row in await db.execute(query.order_by(chats.c.id))]

    async def unidentified(self, channel: str) -> list[Subscription]:
        """List the chats of which the kind or the canonical address is not known yet: those of the settings.

        Also those that were in the settings before, and hold something: the settings may name them anew.
        """
        theirs = (deliveries.c.chat_id == chats.c.id, STANDS)
        holds = exists().select_from(by_message).where(*theirs).correlate(chats)
        active, unknown = chats.c.state == ChatState.ACTIVE, chats.c.canonical_address.is_(None)
        asked = (or_(unknown, chats.c.kind == ChatKind.UNKNOWN), or_(active, and_(unknown, holds)))  # for their index
        query = select(*_FIELDS).where(chats.c.channel == channel, chats.c.same_as.is_(None), *asked)
        async with self._read() as db:
            return [_subscription(row) for row in await db.execute(query.order_by(chats.c.id))]

    @repeats
    async def keep_addresses(self, chat_ids: Sequence[int]) -> None:
        """Note of chats that their addresses are canonical."""
        known = {"canonical_address": chats.c.address}
        unknown = (chats.c.id.in_(chat_ids), chats.c.canonical_address.is_(None))
        async with self._write() as db:
            await db.execute(update(chats).where(*unknown).values(known))

    @repeats
    async def merge_doubles(self, channel: str) -> None:
        """Let of chats that are one under several names only one receive: else it would get all twice.

        That is the one that holds more of the newest digest, else the one whose people decided something. It takes
        the name of the settings, if they do not name it so already.
        """
        async with self._write() as db:
            await merge_doubles(db, channel)

    @repeats
    async def add_chat(
        self, channel: str, address: str, *, id_sequence: str, kind: ChatKind, language: str, usual: UsualEdition
    ) -> int:
        """Add a chat that receives nothing yet, and give its id."""
        names = dict.fromkeys(("name", "address", "canonical_address"), address)
        row = {"channel": channel, **names, "id_sequence": id_sequence, "kind": kind}
        preferences = {"language": language, "state": ChatState.REMOVED, "edition": ""}
        made = (
            insert(chats)
            .values(**row, **preferences)
            .on_conflict_do_update(index_elements=["channel", "name"], set_={"kind": kind})
        )
        async with self._write() as db:
            chat: int = (await db.execute(made.returning(chats.c.id))).scalar_one()
            await write_editions(db, usual, chats.c.id == chat)
        return chat

    @repeats
    async def keep_titles(self, channel: str, titles: Mapping[str, str]) -> None:
        """Write how chats are called now, by address; what is known already is not written again."""
        if rows := [{"of": channel, "at": address, "now": title} for address, title in titles.items()]:
            async with self._write_aside() as db:
                await db.execute(KEEP_TITLE, rows)

    @repeats
    async def subscribe(self, chat: int, usual: UsualEdition, *, now: bool) -> None:
        """Let a chat receive digests from now on; with `now`, the newest one at once.

        A chat that is subscribed already goes on with the digests that it shall have.
        """
        since = case((chats.c.state == ChatState.REMOVED, self._clock()), else_=chats.c.receives_since)
        wants_newest = 1 if now else chats.c.wants_newest
        values = {**OPEN, "origin": ChatOrigin.READER, "receives_since": since, "wants_newest": wants_newest}
        gone = select(chats.c.id).where(chats.c.id == chat, chats.c.state == ChatState.REMOVED)
        async with self._write() as db:
            await db.execute(drop_unsent(deliveries.c.chat_id.in_(gone)))
            await db.execute(update(chats).where(chats.c.id == chat).values(values))
            await write_editions(db, usual, chats.c.id == chat)

    @repeats
    async def unsubscribe(self, chat: int) -> None:
        """Let a chat receive nothing more, and drop what waits for it."""
        async with self._write() as db:
            await remove(db, ChatOrigin.READER, chats.c.id == chat)
            await db.execute(drop_unsent(deliveries.c.chat_id == chat))

    @repeats
    async def set_preferences(self, chat: int, usual: UsualEdition, /, **preferences: object) -> None:
        """Write preferences of a chat."""
        async with self._write() as db:
            await db.execute(update(chats).where(chats.c.id == chat).values(preferences))
            await write_editions(db, usual, chats.c.id == chat)

    @repeats
    async def pause(self, chat: int, reason: str) -> None:
        """Send nothing to a chat that cannot be written to; its preferences stay."""
        async with self._write() as db:
            await db.execute(PAUSE, {"of": chat, "why": reason, "now": self._clock()})

    @repeats
    async def resume(self, chat: int) -> None:
        """Send to a paused chat again, and end its pause: its people, or the platform, say that it is open."""
        theirs = chats.c.id == chat
        async with self._write() as db:
            await db.execute(reopened(theirs))
            await db.execute(update(chats).where(theirs, IS_PAUSED).values(OPEN))

    @repeats
    async def try_again(self, chat: int) -> None:
        """Give a paused chat another try; it counts as paused until a message arrives there."""
        theirs = chats.c.id == chat
        async with self._write() as db:
            await db.execute(reopened(theirs))
            await db.execute(tried_again(theirs))

    @repeats
    async def resume_all(self) -> None:
        """Give paused chats and undecided sends another try: somebody may have let us in again."""
        now = self._clock()
        async with self._write() as db:
            for statement in (reopened(), tried_again(), *ask_again(now)):
                await db.execute(statement)

    @repeats
    async def move(self, chat: int, *, address: str, id_sequence: str) -> None:
        """Write where a chat is now; what it holds from before is not edited any more, nor asked about."""
        there = {"address": address, "canonical_address": address, "id_sequence": id_sequence}
        moved = update(chats).where(chats.c.id == chat).values(there).returning(chats.c.channel)
        async with self._write() as db:
            channel = (await db.execute(moved)).scalar_one()
            await merge_doubles(db, channel)


def _subscription(row: Any) -> Subscription:
    words = {"kind": ChatKind(row.kind), "state": ChatState(row.state), "silent": bool(row.silent)}
    return Subscription(**{**row._mapping, **words})
