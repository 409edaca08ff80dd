"""Incidents: what operators must know of, as the ledger shows it, and what was reported to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from bot.archive.index import REASON
from bot.database.dialect import insert
from bot.database.engine import Database, repeats
from bot.database.reasons import Cause, Reason
from bot.database.schema import by_message, chats, clock, deliveries, digests, messages, notices, sources
from bot.database.states import ChatOrigin, ChatState, DeliveryState, DigestState, IncidentKind
from bot.errors import ErrorCode
from bot.ledger.chats.chat_sql import IS_PAUSED, IS_READER, tried_again
from bot.ledger.records.digests import RELEASED
from bot.ledger.records.reports import Incident, PostAppearance, Selection, StuckMessage, WeekTotals
from bot.ledger.sql import transitions
from bot.ledger.sql.delivery_sql import CHAT_LABEL
from bot.ledger.sql.transitions import IS_DROPPED, NOT_DISCARDED, UNDECIDED, not_sent
from formatters.edition import FOLDED, THREAD

ALL = Selection()
_OPEN = not_sent(deliveries)
_ANY = select(messages.c.id).select_from(by_message)
_PLACE = cast(deliveries.c.message_id, String) + literal(" ") + cast(deliveries.c.chat_id, String)
_CHAT = chats.c.channel + literal(" ") + chats.c.name
_AT = chats.c.channel + literal(" ") + chats.c.address
_NAMED = (chats.c.title, chats.c.address)


class Incidents:
    """What is wrong with deliveries and posts."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read, self._write, self._write_aside = database.read, database.write, database.write_aside
        self._clock = clock

    async def current(self) -> list[Incident]:
        """List what is wrong now; what may still be mended by itself is no news."""
        async with self._read() as db:
            found = [_incident(row) for query in _QUERIES for row in await db.execute(query)]
            found += map(_unfinished, await db.execute(_UNFINISHED))
            now = {"now": self._clock()}
            found += map(_incident, await db.execute(_UNFOLDED, now))
            return found + list(map(_set_back, await db.execute(_LATELY_SET_BACK, now)))

    async def unsubscribed(self, listed: Collection[tuple[str, str]]) -> list[Incident]:
        """List which of these chats of the settings, named by channel and name, their people unsubscribed."""
        theirs = tuple_(chats.c.channel, chats.c.name).in_(listed)
        async with self._read() as db:
            return [_incident(row) for row in await db.execute(_UNSUBSCRIBED.where(theirs).order_by(chats.c.id))]

    async def unreadable(self, names: Collection[str]) -> list[Incident]:
        """List which of these sources cannot be read; it is news when it has lasted for an hour."""
        lasts = (sources.c.failing_since <= self._clock() - _HOUR).label("is_news")
        query = select(sources.c.name, sources.c.error, lasts).where(sources.c.failing_since.is_not(None))
        async with self._read() as db:
            found = await db.execute(query.where(sources.c.name.in_(names)).order_by(sources.c.name))
            return [_unreadable(*row) for row in found]

    async def week_before(self, end: float) -> WeekTotals | None:
        """Count what came in the seven days before `end`; None when the ledger is younger than that."""
        came = and_(digests.c.state == DigestState.ACTIVE, digests.c.found_at.between(end - _WEEK, end))
        is_old = select(digests.c.id).where(digests.c.found_at < end).limit(1)
        async with self._read() as db:
            if (await db.execute(is_old)).first() is None:
                return None
            counts = select(func.count()).select_from(digests).where(came).scalar_subquery(), *_CHAT_COUNTS
            return WeekTotals(*(await db.execute(select(*counts))).one())

    async def appeared(self, since: date) -> dict[str, list[PostAppearance]]:
        """List, by source, which posts of these days appeared when."""
        seen = (digests.c.state != DigestState.BASELINE).label("seen")
        query = select(digests.c.source, digests.c.day, digests.c.found_at, seen)
        found: dict[str, list[PostAppearance]] = {}
        async with self._read() as db:
            for row in await db.execute(query.where(digests.c.day >= since.isoformat()).order_by(digests.c.id)):
                appeared = PostAppearance(date.fromisoformat(row.day), row.found_at, row.seen)
                found.setdefault(row.source, []).append(appeared)
        return found

    async def reported(self) -> dict[str, str]:
        """Give the keys of the incidents that were reported and last, each with what to report when it is over."""
        async with self._read() as db:
            return {one.key: one.over for one in await db.execute(select(notices))}

    @repeats
    async def record(self, reported: Mapping[str, str], over: Collection[str]) -> None:
        """Record what was reported, and what is over."""
        async with self._write_aside() as db:
            for key in over:
                await db.execute(delete(notices).where(notices.c.key == key))
            for key, end in reported.items():
                await db.execute(insert(notices).values(key=key, over=end).on_conflict_do_nothing())

    async def stuck(self, which: Selection = ALL) -> list[StuckMessage]:
        """List what failed or is undecided, by the names that settle it alone."""
        why = func.coalesce(deliveries.c.error, "").label("why")
        query = (
            select(_CHAT.label("chat"), digests.c.name, messages.c.key, deliveries.c.state, why, *_NAMED)
            .select_from(deliveries.join(chats).join(messages).join(digests))
            .where(transitions.to_give_up(_meant(which), waiting=False), not_(IS_DROPPED))
            .order_by(digests.c.day, digests.c.id, chats.c.id, messages.c.seq)
        )
        async with self._read() as db:
            found = await db.execute(query)
            return [StuckMessage(*one[:3], DeliveryState(one.state), *one[4:]) for one in found]

    async def knows(self, which: Selection) -> bool:
        """Tell whether there are such deliveries, settled or not."""
        async with self._read() as db:
            return (await db.execute(_ANY.where(_meant(which)).limit(1))).first() is not None

    @repeats
    async def retry(self, which: Selection = ALL, *, unseen: bool = False) -> int:
        """Make all that failed or is undecided due again; count the messages.

        What is undecided is asked about once more. If `unseen`, it is sent again: whoever says so has looked, and it is
        not in the chat. Other unconfirmed sends are left alone: the program finds out about them by itself.
        """
        now, meant = self._clock(), _meant(which)
        statements = (
            transitions.retry(meant, unseen=unseen),
            transitions.ask(now, meant),
        )
        async with self._write() as db:
            counts = [(await db.execute(statement)).rowcount for statement in statements]
            await db.execute(tried_again(chats.c.id.in_(_receiving(which.chat))))
        return sum(counts)

    @repeats
    async def discard(self, which: Selection = ALL, *, waiting: bool = False) -> list[Incident]:
        """Give up what failed or is undecided, and list it.

        With `waiting`, all that is open is given up. What a chat has already stays there as it is.
        """
        given_up = transitions.to_give_up(_meant(which), waiting=waiting)
        async with self._write() as db:
            rows = [_incident(row) for row in await db.execute(_rows(IncidentKind.DISCARDED, given_up))]
            for statement in transitions.give_up(_meant(which), waiting=waiting):
                await db.execute(statement)
        return rows

    @repeats
    async def release_held(self) -> list[Incident]:
        """Let posts that look unfinished be delivered as they are, and list them."""
        async with self._write() as db:
            posts = list(map(_unfinished, await db.execute(_UNFINISHED)))
            await db.execute(update(digests).where(digests.c.held_since.is_not(None)).values(held_since=RELEASED))
        return posts

    @repeats
    async def skip_held(self) -> list[Incident]:
        """Give up the posts that are held because they look unfinished, and list them."""
        held = and_(digests.c.state == DigestState.HELD, digests.c.held_since.is_not(None))
        skipped = {"state": DigestState.SKIPPED, **Reason(Cause.GIVEN_UP).stored(), "held_since": None}
        async with self._write() as db:
            posts = list(map(_unfinished, await db.execute(_UNFINISHED.where(held))))
            await db.execute(update(digests).where(held).values(skipped))
        return posts

    async def chats(self) -> list[tuple[str, ...]]:
        """List the chats that receive, each by all that means it; the first one is with its channel."""
        async with self._read() as db:
            columns = (_CHAT, chats.c.name, _AT, chats.c.address)
            receiving = select(*columns).where(chats.c.state != ChatState.REMOVED).order_by(chats.c.id)
            return [tuple(dict.fromkeys(row)) for row in await db.execute(receiving)]


def _incident(row: Any) -> Incident:
    return Incident(**{**row._mapping, "kind": IncidentKind(row.kind), "is_news": bool(row.is_news)})


def _unreadable(name: str, why: str, is_news: bool) -> Incident:
    return Incident(f"{IncidentKind.SOURCE} {name}", IncidentKind.SOURCE, name, why, is_news=bool(is_news))


def _unfinished(row: Any) -> Incident:
    why = Reason.read(row.cause, row.numbers, row.reason).sentence(DigestState(row.state))
    return Incident(f"{IncidentKind.HELD} {row.source} {row.name}", IncidentKind.HELD, row.name, why)


def _set_back(row: Any) -> Incident:
    """Say by how many hours and minutes the clock was set back."""
    hours, minutes = divmod(round(row.set_back_by / 60), 60)
    return Incident(IncidentKind.CLOCK, IncidentKind.CLOCK, "", f"{hours}:{minutes:02}")


def _receiving(chat: str) -> Select[Any]:
    """Choose the chats that are not removed: all, or the one of this name or address."""
    named = literal(chat).in_(("", chats.c.name, _CHAT, chats.c.address, _AT))
    return select(chats.c.id).where(chats.c.state != ChatState.REMOVED, named)


def _meant(which: Selection) -> ColumnElement[bool]:
    """Tell whether a delivery is meant; what chats hold that are removed never is."""
    theirs = deliveries.c.chat_id.in_(_receiving(which.chat))
    if not which.digest:
        return theirs
    named = literal(which.key).in_(("", messages.c.key))
    of_digest = select(messages.c.id).join(digests).where(digests.c.name == which.digest, named)
    return and_(theirs, deliveries.c.message_id.in_(of_digest))


_REFUSED = and_(deliveries.c.state == DeliveryState.FAILED, deliveries.c.problem == ErrorCode.REJECTED)


def _incident_columns(
    kind: IncidentKind, which: Any, where: tuple[Any, Any], why: Any, news: Any = None
) -> Select[Any]:
    """Select the fields of an Incident; `where` is by title and by address alone."""
    key, own = literal(f"{kind} ") + which, literal(1) if news is None else news
    fields = {"key": key, "kind": literal(kind, String), "where": where[0], "why": why, "is_news": own}
    fields["untitled"] = where[1]
    return select(*(column.label(name) for name, column in fields.items()))


def _rows(kind: IncidentKind, which: ColumnElement[bool], news: ColumnElement[bool] | None = None) -> Select[Any]:
    """List deliveries as incidents."""
    holds_up = and_(messages.c.key == "index", messages.c.edition.startswith(THREAD), deliveries.c.remote_id.is_(None))
    waits = case((holds_up, "; the papers of its thread wait for it"), else_="")
    why = func.coalesce(deliveries.c.error, "") + ("" if kind is IncidentKind.DISCARDED else waits)
    where = (CHAT_LABEL + ", " + messages.c.key, _AT + ", " + messages.c.key)
    return (
        _incident_columns(kind, func.coalesce(deliveries.c.ref, _PLACE), where, why, news)
        .select_from(deliveries.join(chats).join(messages))
        .where(_OPEN, NOT_DISCARDED, which, chats.c.state != ChatState.REMOVED)
        .order_by(chats.c.id, messages.c.seq)
    )


# It lasts while sending is tried again. That a reader blocks the bot happens every day, and no operator can mend it.
_PAUSED = (
    _incident_columns(IncidentKind.PAUSED, cast(chats.c.id, String), (CHAT_LABEL, _AT), chats.c.reason)
    .where(IS_PAUSED, not_(IS_READER))
    .order_by(chats.c.id)
)
_BOTS = (
    _incident_columns(IncidentKind.BOT, chats.c.channel, (chats.c.channel, literal("")), func.max(deliveries.c.error))
    .select_from(deliveries.join(chats))
    .where(_OPEN, deliveries.c.problem == ErrorCode.BOT_GONE, chats.c.state != ChatState.REMOVED)
    .group_by(chats.c.channel)
    .order_by(chats.c.channel)
)
_UNSUBSCRIBED = _incident_columns(IncidentKind.UNSUBSCRIBED, _CHAT, (CHAT_LABEL, _AT), literal("")).where(
    chats.c.state == ChatState.REMOVED, chats.c.origin == ChatOrigin.READER
)
_BLOCKS = and_(IS_READER, IS_PAUSED)
_CHAT_COUNTS = tuple(
    select(func.count()).select_from(chats).where(chats.c.state != ChatState.REMOVED, which).scalar_subquery()
    for which in (not_(_BLOCKS), _BLOCKS)
)
_HOUR, _WEEK = 3600.0, 7 * 86400.0
_kept = chats.alias()
_TWICE = (
    _incident_columns(IncidentKind.LISTED_TWICE, cast(chats.c.id, String), (CHAT_LABEL, _AT), _kept.c.name)
    .select_from(chats.join(_kept, _kept.c.id == chats.c.same_as))
    .where(chats.c.listed == 1)
    .order_by(chats.c.id)
)
# A day: as long as it lasts, it is told once.
_LATELY_SET_BACK = select(clock.c.set_back_by).where(clock.c.set_back_at > bindparam("now") - 86400.0)
_MAY_FOLD = or_(messages.c.key.like("paper/%"), messages.c.key.like("digest%"))  # an index has no summaries
# Of the newest digests alone: of these the messages are found by an index, and so are their deliveries.
_UNFOLDED = (
    _incident_columns(IncidentKind.UNFOLDED, messages.c.channel, (messages.c.channel, literal("")), literal(""))
    .select_from(by_message.join(digests))
    .where(digests.c.found_at > bindparam("now") - _WEEK, messages.c.edition.contains(f" {FOLDED}"))
    .where(_MAY_FOLD, deliveries.c.plain > 0, deliveries.c.state == DeliveryState.SENT)
    .distinct()
)
_DIGESTS = select(digests.c.source, digests.c.name, digests.c.state, *REASON).order_by(digests.c.id)
_UNFINISHED = _DIGESTS.where(digests.c.held_since.is_not(None))
_QUERIES = (
    _PAUSED,
    _rows(IncidentKind.REFUSED, and_(_REFUSED, not_(IS_DROPPED))),
    _rows(IncidentKind.UNCONFIRMED, deliveries.c.state == DeliveryState.UNCONFIRMED, UNDECIDED),
    _BOTS,
    _TWICE,
)
