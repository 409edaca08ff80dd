"""The times in the ledger, and what becomes of them when the clock of the computer is set back.

A clock that was ahead, and is right again, leaves times that lie in the future: what was sent last would not count as
sent last, and who subscribed would receive nothing until then. So before anything is written, they are moved back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, func, select, true, union_all, update

from bot.database.schema import (
    bots,
    chats,
    clock,
    deliveries,
    digests,
    expiring_messages,
    paces,
    searches,
    sent_replies,
    sources,
    unconfirmed_replies,
)

# Every column that holds a time is in one of these; a test compares them with the schema.
PAST = (
    *(digests.c.found_at, digests.c.held_since),
    *(chats.c.receives_since, chats.c.paused_at, chats.c.takes_since),
    *(deliveries.c.attempted_at, deliveries.c.sent_at),
    *(searches.c.asked_at, sent_replies.c.sent_at, unconfirmed_replies.c.tried_at),
    *(paces.c.learnt_at, sources.c.looked_at, sources.c.failing_since),
    *(clock.c.written_at, clock.c.set_back_at, bots.c.taken_at),
)
FUTURE = (deliveries.c.not_before, expiring_messages.c.delete_at)
# What was never tried waits for its chat's hour, which each sweep writes anew.
_ONLY: Mapping[Column[Any], ColumnElement[bool]] = {deliveries.c.not_before: deliveries.c.attempts > 0}

STEP = 60.0  # seconds by which clocks are set right all the time; one that goes back by more was wrong, or is now
_NOTED_EVERY = 10.0  # seconds; fewer writes, and far less than a step
_INSTANT = 0.001  # seconds between what was written before, what is moved, and what is written from now on
_TICK = 1e-6  # seconds between two times that are in order; less is lost in a float
_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC).timestamp()  # there was no Paperboy before

_TIMES = union_all(*(select(column.label("at")).where(column > 0) for column in PAST)).subquery()
_GAP = func.coalesce(_TIMES.c.at - func.lag(_TIMES.c.at).over(order_by=_TIMES.c.at), 0.0)
_APART = select(_TIMES.c.at, _GAP.label("gap")).subquery()  # each with the seconds since the one before; 0 of the first


def is_impossible(now: float) -> bool:
    """Tell whether a clock is surely wrong: many a computer without a battery begins in 1970."""
    return now < _EARLIEST


def follow_clock(db: Connection, now: float, *, in_order: bool = False) -> float:
    """Move the times in the ledger back when the clock was, and give the time to write; note it now and then.

    All that was written since it went ahead keeps its order, and the seconds between; nothing stays in the future. What
    is written in order is always later than what was so before, also where the clock was set right by a few seconds.
    """
    written_at: float = db.execute(select(clock.c.written_at)).scalar_one()
    if now < written_at - STEP:
        back = round(_move_back(db, now))
        at = max(now, _latest(db) + _TICK)
        db.execute(update(clock).values(set_back_by=back, set_back_at=at, written_at=at))
        return at
    at = written_at + _TICK if now < written_at else now
    if in_order or at > written_at + _NOTED_EVERY:
        db.execute(update(clock).values(written_at=at))
    return at


def _move_back(db: Connection, now: float) -> float:
    """Move the times that were written since the clock went ahead; give by how many seconds the latest is moved.

    It went ahead by at least as much as it went back now: so far apart are what was written before and after. Where
    nothing is so far apart, the clock was ahead from the beginning, or it is behind now. A gap of most of that tells
    that it is behind: the gap is made small. Then all is moved by what is left.
    """
    back = _latest(db) - now
    if not _is_moved_since_gap(db, back):
        widest = db.execute(select(_APART).order_by(_APART.c.gap.desc()).limit(1)).one()
        went_ahead = widest.gap if 2 * widest.gap >= back else 0.0
        _move(db, widest.at, max(0.0, went_ahead - STEP))  # what is a minute apart does not count as sent together
        rest = _latest(db) - now
        if not _is_moved_since_gap(db, rest):
            _move(db, _INSTANT, rest + _INSTANT)
    return back


def _latest(db: Connection) -> float:
    return float(db.execute(select(func.max(_TIMES.c.at))).scalar_one())


def _is_moved_since_gap(db: Connection, back: float) -> bool:
    """Move what was written since the last gap of at least so many seconds, if there is one."""
    last = select(_APART).where(_APART.c.gap >= back).order_by(_APART.c.at.desc()).limit(1)
    found = db.execute(last).one_or_none()
    if found:
        _move(db, found.at, min(back + _INSTANT, found.gap - _INSTANT))
    return found is not None


def _move(db: Connection, first: float, seconds: float) -> None:
    """Move the times from `first` on."""
    for column in (*PAST, *FUTURE):
        moved = (column >= first, _ONLY.get(column, true()))
        db.execute(update(column.table).where(*moved).values({column: column - seconds}))
