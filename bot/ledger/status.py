"""Status: the states of a digest and its messages, in each chat or in all chats together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, not_, or_, select
from sqlalchemy.sql.elements import ColumnElement

from bot.archive.archive import is_future
from bot.archive.index import PAPER_COUNT, REASON
from bot.database.dialect import unindexed
from bot.database.engine import Database
from bot.database.reasons import Cause, Reason
from bot.database.schema import by_message, chats, deliveries, digests, messages
from bot.database.states import ChatOrigin, ChatState, DeliveryState, DigestState
from bot.ledger.chats.chat_sql import IS_PAUSED, IS_READER
from bot.ledger.records.reports import ChatStatus, DerivedState, DigestStatus, PausedChat, PausedTotals, Totals
from bot.ledger.sql.delivery_sql import CHAT_LABEL
from bot.ledger.sql.digest_sql import is_digest
from bot.ledger.sql.transitions import IS_DROPPED, NOT_DISCARDED, not_sent


@dataclass(frozen=True, slots=True)
class WhichChats:
    """Which chats are listed; what is not said matters not."""

    text: str = ""  # a part of the title, the name or the address
    channel: str = ""
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class ListedChat:
    """A chat that receives, as `paperboy chats` lists it. Times are seconds since 1970, None: not known."""

    channel: str
    chat: str  # its name
    kind: str
    layout: str  # these three are empty where the operator's hold
    language: str
    hours: str
    takes: str  # of which sources it receives, a JSON list of names; empty: of all
    since: float | None  # digests found earlier were not sent to it
    last_message: float | None  # when the newest message came that stands there
    is_paused: bool
    paused_since: float | None
    why: str  # it is paused
    title: str
    address: str
    label: str


class Status:
    """Read the status of digests."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read = database.read
        self._clock = clock

    async def recent_digests(self, most: int) -> list[DigestStatus]:
        """List the newest digests that are not of the baseline nor kept back by their dates, older first."""
        recent = _DIGESTS.where(not_(_BY_DATE)).order_by(is_future(self._clock()), *_NEWEST_FIRST)
        async with self._read() as db:
            rows = (await db.execute(recent.limit(most))).all()
        return list(map(_digest_status, reversed(rows)))

    async def kept_back(self, most: int) -> list[DigestStatus]:
        """List the digests that are dated in the future, and those that lately came too late, older first."""
        lately = or_(digests.c.state == DigestState.HELD, digests.c.found_at > self._clock() - _LATELY)
        async with self._read() as db:
            rows = (await db.execute(_DIGESTS.where(_BY_DATE, lately).order_by(*_NEWEST_FIRST).limit(most))).all()
        return list(map(_digest_status, reversed(rows)))

    async def open_by_hand(self, most: int) -> list[DigestStatus]:
        """List the digests that are not active, and of which something is not settled in a chat, older first."""
        theirs = select(messages.c.digest_id).select_from(_OPEN).where(*_WAITS, *_COUNTED)
        apart = _DIGESTS_OF_ANY_STATE.where(digests.c.state != DigestState.ACTIVE, digests.c.id.in_(theirs))
        async with self._read() as db:
            rows = (await db.execute(apart.order_by(*_NEWEST_FIRST).limit(most))).all()
        return list(map(_digest_status, reversed(rows)))

    async def by_chat(self, source: str, name: str) -> list[ChatStatus]:
        """Count, per chat, how many messages of a digest are in which state, and why.

        With many chats this blocks the event loop for seconds: nothing else may run in it.
        """
        return await self._by_chat(source, name, chat_counts(source, name, self._clock()))

    async def open_by_chat(self, source: str, name: str) -> list[ChatStatus]:
        """Count the same where something is not settled as sent, and only what is not."""
        return await self._by_chat(source, name, open_chat_counts(source, name, self._clock()))

    async def totals(self, source: str, name: str, most: int) -> Totals:
        """Add up a digest over all chats, with the first `most` problems; quick with any number of chats."""
        now = self._clock()
        async with self._read() as db:
            all_messages = (await db.execute(message_counts(source, name))).one()
            states = await db.execute(open_states(source, name, now))
            counts = {str(row.state): int(row.messages) for row in states}
            lines = (await db.execute(problem_lines(source, name, now).limit(most))).all()
        if sent := all_messages.messages - sum(counts.values()):
            counts[DeliveryState.SENT] = sent
        problems = [f"{line.label}: {line.why}" for line in lines]
        return Totals(all_messages.chats, counts, problems, lines[0].lines - len(lines) if lines else 0)

    async def paused(self) -> list[PausedChat]:
        """List every paused chat, those of the settings first, readers who block the bot last."""
        async with self._read() as db:
            return [PausedChat(**row._mapping) for row in await db.execute(_PAUSED_CHATS)]

    async def paused_totals(self, most: int) -> PausedTotals:
        """Count paused chats, and give the first `most` without readers; quick with any number of chats."""
        async with self._read() as db:
            counts = {row.is_reader: row.chats for row in await db.execute(_PAUSED_COUNTS)}
            first = [
                PausedChat(**row._mapping) for row in await db.execute(_PAUSED_CHATS.where(not_(IS_READER)).limit(most))
            ]
        return PausedTotals(counts.get(False, 0), first, counts.get(True, 0))

    async def is_anything_open(self) -> bool:
        """Tell whether a message, a post or a chat of the settings is not as it shall be.

        A message may wait for its hour.
        """
        async with self._read() as db:
            return bool((await db.execute(anything_open(self._clock()))).scalar_one())

    async def chats(self, which: WhichChats, limit: int, offset: int) -> tuple[int, list[ListedChat]]:
        """Count the chats that receive, and list some of them in the order in which they became known; 0: all."""
        meant = _meant(which)
        page = _LISTED.where(*meant).order_by(chats.c.id).limit(limit or None).offset(offset)
        async with self._read() as db:
            total = (await db.execute(select(func.count()).select_from(chats).where(*meant))).scalar_one()
            return total, [_listed(row) for row in await db.execute(page)]

    async def titles(self, channel: str) -> list[tuple[str, str]]:
        """List the addresses and titles of chats that receive, without single readers; those without a title first."""
        theirs = (chats.c.channel == channel, chats.c.state != ChatState.REMOVED, not_(IS_READER))
        query = select(chats.c.address, chats.c.title).where(*theirs).order_by(chats.c.title != "", chats.c.id)
        async with self._read() as db:
            return [(row.address, row.title) for row in await db.execute(query)]

    async def labels(self, channel: str) -> dict[str, str]:
        """Give by name what people read in place of it, of the chats whose title is known, without single readers."""
        theirs = (chats.c.channel == channel, chats.c.title != "", not_(IS_READER))
        query = select(chats.c.name, CHAT_LABEL.label("label")).where(*theirs)
        async with self._read() as db:
            return {row.name: row.label for row in await db.execute(query)}

    async def _by_chat(self, source: str, name: str, statement: Select[tuple[Any, ...]]) -> list[ChatStatus]:
        async with self._read() as db:
            rows = (await db.execute(statement)).all()
        lines: dict[tuple[str, str], ChatStatus] = {}
        for row in rows:
            key = (row.channel, row.chat)
            named = (row.title, row.address, row.label)
            line = lines.setdefault(key, ChatStatus(source, name, *key, {}, [], *named))
            line.counts[row.state] = line.counts.get(row.state, 0) + row.messages
            whys = (f"paused: {row.paused}" if row.paused else "", row.error if row.error != row.paused else "")
            line.problems.extend(why for why in whys if why and why not in line.problems)
        return list(lines.values())


def _listed(row: Any) -> ListedChat:
    return ListedChat(**{**row._mapping, "is_paused": bool(row.is_paused)})


def _meant(which: WhichChats) -> list[ColumnElement[bool]]:
    texts = (chats.c.title, chats.c.name, chats.c.address)
    wanted = (
        (which.text, or_(*(func.lower(one).contains(which.text.lower(), autoescape=True) for one in texts))),
        (which.channel, chats.c.channel == which.channel),
        (which.is_paused, IS_PAUSED),
    )
    return [chats.c.state != ChatState.REMOVED, *(condition for given, condition in wanted if given)]


def _digest_status(row: Any) -> DigestStatus:
    state = DigestState(row.state)
    why = Reason.read(row.cause, row.numbers, row.reason).sentence(state)
    said = "; ".join(filter(None, [why, _OVER if row.is_over else ""]))
    return DigestStatus(row.source, row.name, state, said, row.papers, row.held_since is not None, bool(row.is_over))


# --- the statements

_NAMED = (chats.c.title, chats.c.address, CHAT_LABEL.label("label"))
_OVER = "older than schedule.keep: which chats hold it is not known any more"
_LATELY = 14 * 86400.0
_BY_DATE = digests.c.cause.in_((Cause.FUTURE, Cause.LATE))
_FIELDS = (digests.c.source, digests.c.name, digests.c.state, *REASON, digests.c.held_since, digests.c.is_over)
_DIGESTS_OF_ANY_STATE = select(*_FIELDS, PAPER_COUNT.label("papers"))
# What was there at first is shown when somebody sent it by hand.
_IS_LAID_OUT = exists().where(messages.c.digest_id == digests.c.id)
_DIGESTS = _DIGESTS_OF_ANY_STATE.where(or_(digests.c.state != DigestState.BASELINE, _IS_LAID_OUT))
_NEWEST_FIRST = (digests.c.day.desc(), digests.c.post.desc())


def chat_counts(source: str, name: str, now: float) -> Select[tuple[Any, ...]]:
    """Count the messages of a digest in each chat; in a ledger of many chats this takes seconds."""
    rows = deliveries.join(chats).join(messages).join(digests)
    return _counts_by_chat(now).select_from(rows).where(is_digest(source, name), *_COUNTED)


def open_chat_counts(source: str, name: str, now: float) -> Select[tuple[Any, ...]]:
    """Count, in the chats where there are such, the messages of a digest that are not settled as sent."""
    return _counts_by_chat(now).select_from(_OPEN).where(not_sent(deliveries), is_digest(source, name), *_COUNTED)


def _counts_by_chat(now: float) -> Select[tuple[Any, ...]]:
    state = _shown_state(now)
    columns = (chats.c.channel, chats.c.name.label("chat"), chats.c.reason.label("paused"), deliveries.c.error, *_NAMED)
    counted = select(*columns, state.label("state"), func.count().label("messages"))
    by_chat = counted.group_by(chats.c.id, state, deliveries.c.error)
    return by_chat.order_by(chats.c.channel, chats.c.id, state, deliveries.c.error)


def _is_scheduled(now: float) -> ColumnElement[bool]:
    return and_(deliveries.c.state == DeliveryState.PENDING, deliveries.c.attempts == 0, deliveries.c.not_before > now)


def _shown_state(now: float) -> ColumnElement[str]:
    derived = ((_is_scheduled(now), DerivedState.SCHEDULED.value), (not_(NOT_DISCARDED), DerivedState.DISCARDED.value))
    return case(*derived, else_=deliveries.c.state)


def message_counts(source: str, name: str) -> Select[int, int]:
    """Count the messages of a digest and the chats that have or shall have them."""
    # Asked for removed chats this way round, SQLite need not read the rows: their index is enough.
    removed = select(chats.c.id).where(chats.c.state == ChatState.REMOVED)
    return (
        select(func.count().label("messages"), func.count(deliveries.c.chat_id.distinct()).label("chats"))
        .select_from(deliveries.join(messages).join(digests))
        .where(is_digest(source, name), not_(IS_DROPPED), deliveries.c.chat_id.not_in(removed))
    )


def open_states(source: str, name: str, now: float) -> Select[str, int]:
    """Count the messages of a digest that are not settled as sent, by state."""
    state = _shown_state(now)
    counts = select(state.label("state"), func.count().label("messages")).select_from(_OPEN).group_by(state)
    return counts.where(not_sent(deliveries), is_digest(source, name), *_COUNTED)


def problem_lines(source: str, name: str, now: float) -> Select[tuple[Any, ...]]:
    """Say why messages of a digest are not settled, and how many such lines there are; why chats are paused is none."""
    other = deliveries.c.error.not_in(("", chats.c.reason))
    columns = (CHAT_LABEL.label("label"), deliveries.c.error.label("why"), func.count().over().label("lines"))
    return (
        select(*columns)
        .select_from(_OPEN)
        .where(not_sent(deliveries), is_digest(source, name), *_COUNTED, other)
        .group_by(chats.c.id, deliveries.c.error)
        .order_by(chats.c.channel, chats.c.id, func.min(_shown_state(now)), deliveries.c.error)
    )


def anything_open(now: float) -> Select[bool]:
    """Tell whether anything is not as it shall be. Chats that readers subscribed may close as they like."""
    waiting = (*_WAITS, not_(IS_DROPPED), not_(_is_scheduled(now)))
    rows = exists().select_from(_OPEN).where(*waiting, chats.c.state == ChatState.ACTIVE)
    paused = exists().where(IS_PAUSED, chats.c.origin == ChatOrigin.SETTINGS)
    held = exists().where(digests.c.state == DigestState.HELD, digests.c.held_since.is_not(None))
    return select(or_(rows, paused, held))


# From the unsettled rows on: SQLite would look up all of each message, not knowing how few of them are not settled.
_OPEN = deliveries.join(messages, messages.c.id == unindexed(deliveries.c.message_id)).join(digests).join(chats)
_WAITS = (not_sent(deliveries), deliveries.c.state != DeliveryState.RECALLED, NOT_DISCARDED)
_COUNTED = (chats.c.state != ChatState.REMOVED, not_(IS_DROPPED))

_PAUSED_CHATS = (
    select(
        *(chats.c.channel, chats.c.name.label("chat"), func.nullif(chats.c.paused_at, 0).label("since")),
        *(chats.c.reason.label("why"), (chats.c.state == ChatState.ACTIVE).label("is_tried")),
        *(IS_READER.label("is_reader"), *_NAMED),
    )
    .where(IS_PAUSED)
    .order_by(IS_READER, chats.c.origin != ChatOrigin.SETTINGS, chats.c.channel, chats.c.id)
)
# Looked up from the newest message back, however much the chat holds.
_LAST_MESSAGE = (
    select(deliveries.c.sent_at)
    .select_from(by_message)
    .where(messages.c.channel == chats.c.channel, deliveries.c.chat_id == chats.c.id)
    .where(deliveries.c.state == DeliveryState.SENT, deliveries.c.sent_at > 0)
    .order_by(messages.c.id.desc())
    .limit(1)
)
_LISTED = select(
    *(chats.c.channel, chats.c.name.label("chat"), chats.c.kind, chats.c.layout, chats.c.language),
    *(chats.c.schedule.label("hours"), chats.c.takes, func.nullif(chats.c.receives_since, 0).label("since")),
    _LAST_MESSAGE.scalar_subquery().label("last_message"),
    *(IS_PAUSED.label("is_paused"), func.nullif(chats.c.paused_at, 0).label("paused_since")),
    *(chats.c.reason.label("why"), *_NAMED),
)
_PAUSED_COUNTS = select(IS_READER.label("is_reader"), func.count().label("chats")).where(IS_PAUSED).group_by(IS_READER)
