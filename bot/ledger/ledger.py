"""The ledger: what is planned and dispatched is written into it and read from it.

Whoever plans or dispatches holds `delivery_lock`. The papers are in `archive`, the chats in `subscriptions`, and what
is wrong in `incidents`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.archive.archive import Archive
from bot.archive.index import digest_from_json, index_all, index_digest
from bot.archive.sources import Sources
from bot.database.engine import Database, repeats
from bot.database.opening import open_database
from bot.database.states import DeliveryState
from bot.ledger import planning
from bot.ledger.by_hand import ByHand
from bot.ledger.chats import chat_sql, expiring, replies, subscriptions
from bot.ledger.chats.paces import Paces
from bot.ledger.incidents import Incidents
from bot.ledger.records.deliveries import Chat, KnownIds, QueuedDelivery
from bot.ledger.records.digests import KnownDigest, PlannedDigest, Queueing, RenderedEdition, StatusChange
from bot.ledger.sql import claim_sql, delivery_sql, digest_sql, planning_sql, queueing_sql, transitions
from bot.ledger.status import Status
from bot.ledger.writing.bots import Bots
from bot.ledger.writing.pruning import Pruning
from bot.ledger.writing.writer import BatchWriter
from bot.log import log
from formatters.model import Digest


def _warn(text: str) -> None:
    log.warning(text)  # looked up at the call: what logs is set up after this module was loaded


@dataclass(frozen=True, slots=True)
class DueWork:
    """What is to be done of a digest in a chat."""

    channel: str
    chat: str
    address: str  # where it is now
    label: str  # all of it as people read it
    digest: str
    messages: int  # to be sent
    edits: int
    deletions: int
    unconfirmed: int  # to be looked for
    at: float  # when the first of it is due, in seconds since 1970; 0: at once

    @property
    def counts(self) -> dict[str, int]:
        """Count by the words that people read."""
        done = {"message": self.messages, "edit": self.edits, "deletion": self.deletions}
        return done | {"unconfirmed message": self.unconfirmed}


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as it stands."""

    channel: str
    key: str  # of its message
    delivery_ref: str  # empty until it was claimed
    state: DeliveryState


@asynccontextmanager
async def open_ledger(url: str, clock: Callable[[], float] = time.time) -> AsyncIterator[Ledger]:
    """Open a ledger, making it or bringing it up to date; LedgerError when it cannot be.

    `url` is sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; `clock` gives seconds since 1970.
    """
    async with open_database(url, clock, index_all) as database:
        ledger = Ledger(database)
        try:
            yield ledger
        finally:
            await ledger.writer.close()


async def known_ids(db: AsyncConnection, chat: Chat, before: float) -> KnownIds:
    """Tell which message ids are known in the id sequence of a chat, for a send that was tried at `before`."""
    last = (await db.execute(delivery_sql.last_id(chat, before))).one_or_none()
    number, at = (last.id, last.sent_at) if last else (0, 0.0)
    later = await db.execute(delivery_sql.later_ids(chat, before, number))
    replies = await db.execute(delivery_sql.reply_ids(chat, number))
    others = (await db.execute(delivery_sql.unconfirmed_sends(chat))).scalar_one() - 1
    return KnownIds(number, at, frozenset([*later.scalars(), *replies.scalars()]), max(0, others))


class Ledger:
    """The open ledger. Make it with `open_ledger`."""

    def __init__(self, database: Database) -> None:
        self._database, self.clock = database, (clock := database.clock)
        self._read, self._write = database.read, database.write
        self.archive, self.sources = Archive(database, clock), Sources(database, clock)
        self.subscriptions = subscriptions.Subscriptions(database, clock)
        self.expiring = expiring.ExpiringMessages(database, clock)
        self.incidents = Incidents(database, clock)
        self.by_hand = ByHand(database)
        self.status = Status(database, clock)
        self.paces = Paces(database)
        self.writer = BatchWriter(database)
        self.bots = Bots(database, self.writer)
        self.jobs, self.failed_jobs = database.jobs, database.failed_jobs
        self.pruning = Pruning(database, clock)
        self.replies = replies.ReplyNotes(database, clock, self.writer.write)

    # --- planning

    @repeats
    async def open_at(self, schedule: str, opening: float, released: float = 0.0) -> None:
        """Let what waits for the hour of this schedule go out from `opening` on; but not what was due by `released`."""
        now = self.clock()
        async with self._write() as db:  # what is due need not be made due
            await db.execute(transitions.open_at(schedule, opening, released if opening > now else now))

    async def next_due(self, channel: str, after: float) -> float | None:
        """Give the first time behind `after` at which a delivery of a channel is due, None for never."""
        async with self._read() as db:
            due: float | None = (await db.execute(delivery_sql.next_due(channel, after))).scalar_one()
        return due

    async def known_digests(self, source: str) -> list[KnownDigest]:
        """List what is known of a source's digests, older first."""
        async with self._read() as db:
            return list(map(planning.known_digest, await db.execute(digest_sql.known(source))))

    async def editions(self, source: str, name: str, of: Collection[int] | None = None) -> set[tuple[str, str]]:
        """List the (channel, edition) pairs that a digest must be rendered for: to `of`, None: to all chats."""
        async with self._read() as db:
            found = await db.execute(planning_sql.editions_in_use(source, name, of))
            return {(row.channel, row.edition) for row in found}

    async def papers_with_cards(self, source: str, name: str, channel: str, edition: str) -> set[str]:
        """Give the ids of the papers that have a message of their own in an edition of a digest."""
        async with self._read() as db:
            keys = (await db.execute(planning_sql.card_keys(source, name, channel, edition))).scalars()
            return {key.removeprefix(planning_sql.CARD) for key in keys}

    async def has_chats_without(self, source: str, name: str) -> bool:
        """Tell whether an active chat that shall have a digest has nothing of it yet, or wants the newest at once."""
        async with self._read() as db:
            return (await db.execute(queueing_sql.has_chats_without(source, name))).first() is not None

    async def has_returned_chats_without(self, source: str, name: str) -> bool:
        """Tell whether an active chat has nothing of a digest because it was away when others got it."""
        async with self._read() as db:
            return (await db.execute(queueing_sql.has_returned_chats_without(source, name))).first() is not None

    async def waiting_in_old_edition(self, source: str) -> set[str]:
        """Name the digests that wait for a chat's hours in an edition that it no longer prefers."""
        async with self._read() as db:
            return set((await db.execute(queueing_sql.waiting_in_old_edition(source))).scalars())

    async def write_plan(
        self,
        source: str,
        planned: PlannedDigest,
        rendered: Sequence[RenderedEdition],
        queueing: Queueing = Queueing(),  # noqa: B008 - it does not change
    ) -> int:
        """Write a digest, its messages and its deliveries, for some chats at a time; count what is queued by hand."""
        return await planning.Plan(self._database, source, planned, rendered).write(queueing)

    @repeats
    async def write_reading(self, source: str, digest: Digest, fingerprint: str) -> None:
        """Write how a newer program reads a post that says what it said; no message changes."""
        async with self._write() as db:
            number: int = (await db.execute(digest_sql.write_reading(source, digest, fingerprint))).scalar_one()
            await index_digest(db, number, digest)

    @repeats
    async def change_status(self, source: str, one: StatusChange) -> None:
        """Write the state and the reason of a digest whose content stays as it is."""
        async with self._write() as db:
            await db.execute(digest_sql.change_status(source, one))

    @repeats
    async def record_posts(self, source: str, posts: Mapping[str, str]) -> None:
        """Write where the posts of digests are now, by name, and queue what chats lack of these digests.

        A chat lacks messages when it was out of the settings while a post grew.
        """
        async with self._write() as db:
            recorded = [digest_sql.record_post(source, name, post) for name, post in posts.items()]
            found = [digest for one in recorded for digest in (await db.execute(one)).scalars()]
            listed = (await db.execute(queueing_sql.LISTED)).scalars().all()
            if found and listed:
                await db.execute(queueing_sql.queue_missing_to(listed, found))
            if posts:
                await db.execute(digest_sql.told_apart(source))

    async def chats_wanting_newest(self) -> list[int]:
        """List the chats that want the newest digest at once."""
        async with self._read() as db:
            return list((await db.execute(queueing_sql.WANTING_NEWEST)).scalars())

    @repeats
    async def release_now(self, chat_ids: Sequence[int]) -> None:
        """Let chats that wanted the newest digest at once receive it, now that it is planned."""
        async with self._write() as db:
            await db.execute(transitions.release_now(chat_ids))
            await db.execute(chat_sql.got_newest(chat_ids))

    @repeats
    async def release_first(self, source: str, name: str, channel: str, most: int) -> int:
        """Make the first messages of a digest due where they wait for the hour, and count them; the others wait on."""
        async with self._write() as db:
            which = digest_sql.number(source, name)
            return int((await db.execute(transitions.release_first(which, channel, most))).rowcount)

    # --- dispatching

    @asynccontextmanager
    async def delivery_lock(
        self, stopping: asyncio.Event, tell: Callable[[str], object] = _warn
    ) -> AsyncIterator[None]:
        """Hold the right to plan, and where the ledger is a file also to dispatch: one process at a time.

        It is freed when the process dies. Waits for another process to finish, and tells so; raises Stopped when told
        to stop meanwhile.
        """
        async with self._database.exclusive(stopping, tell), self.bots.planning(stopping, tell):
            yield

    def dispatch_lock(
        self, stopping: asyncio.Event, tell: Callable[[str], object] = _warn
    ) -> AbstractAsyncContextManager[None]:
        """Hold what dispatching needs beside the lock of a bot: a ledger that is a file, as `delivery_lock` does."""
        return self._database.exclusive(stopping, tell)

    @repeats
    async def mark_interrupted(self, channel: str, settle: float) -> None:
        """Take up what a dead process left in a channel: it is edited, or asked about, when that surely ended.

        At the earliest `settle` seconds after its try a send is asked about.
        """
        async with self._write() as db:
            earliest = self.clock() + self._database.sharing.take_over_delay
            for statement in transitions.mark_interrupted(channel, settle, earliest):
                await db.execute(statement)

    async def chats_due(self, channel: str, *, until: float, after: int, most: int) -> list[Chat]:
        """List the first active chats of a channel, with ids above `after`, for which something is due by `until`."""
        async with self._read() as db:
            chats = await db.execute(delivery_sql.chats_due(channel, until=until, after=after, most=most))
            return [Chat(**chat._mapping) for chat in chats]

    async def open_rows(self) -> int:
        """Count the deliveries of active chats that are due now."""
        async with self._read() as db:
            return int((await db.execute(delivery_sql.open_rows(self.clock()))).scalar_one())

    async def due_work(self) -> list[DueWork]:
        """List what is to be done in each active chat, now or later."""
        async with self._read() as db:
            return [DueWork(*row) for row in await db.execute(delivery_sql.due_work())]

    async def all_rows(self) -> list[Row]:
        """List every delivery in the order of its digest: for a ledger as small as a demo's."""
        async with self._read() as db:
            found = await db.execute(delivery_sql.all_rows())
            return [Row(row.channel, row.key, row.delivery_ref, DeliveryState(row.state)) for row in found]

    async def messages_about(self, chat: Chat, refs: Collection[str]) -> list[tuple[str, str, str]]:
        """Give where papers stand in a chat: ref, remote id, and in a thread its parent's; the newest last."""
        async with self._read() as db:
            return [(*row,) for row in await db.execute(delivery_sql.messages_about(chat, refs))]

    async def known_message_ids(self, chat: Chat, row: QueuedDelivery) -> tuple[float, KnownIds]:
        """Tell when a send was tried, and which message ids are known in the id sequence of its chat.

        Both are read at once, since times are moved when the clock is set back.
        """
        async with self._read() as db:
            tried = float((await db.execute(delivery_sql.ATTEMPTED_AT, claim_sql.named(row))).scalar_one())
            return tried, await known_ids(db, chat, tried)

    # --- reading

    async def digest(self, source: str, name: str) -> Digest:
        """Give a digest as it was last read."""
        async with self._read() as db:
            return digest_from_json((await db.execute(digest_sql.content(source, name))).scalar_one())

    async def digest_before(self, source: str, name: str) -> Digest | None:
        """Give a digest as it was last read, None when it is new."""
        async with self._read() as db:
            content = (await db.execute(digest_sql.content(source, name))).scalar_one_or_none()
            return digest_from_json(content) if content else None
