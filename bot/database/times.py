"""The times in the ledger, and what becomes of them when the clock of the computer is set back.

A clock that was ahead, and is right again, leaves times that lie in the future: what was sent last would not count as
sent last, and who subscribed would receive nothing until then. So before anything is written, they are moved back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, func, or_, select, true, union_all, update

from bot.database.schema import (
    chats,
    clock,
    deliveries,
    digests,
    expiring_messages,
    paces,
    searches,
    sent_replies,
    unconfirmed_replies,
)

# Every column that holds a time is in one of these; a test compares them with the schema.
PAST = (
    *(digests.c.found_at, digests.c.held_since),
    *(chats.c.receives_since, chats.c.paused_at),
    *(deliveries.c.attempted_at, deliveries.c.sent_at),
    *(searches.c.asked_at, sent_replies.c.sent_at, unconfirmed_replies.c.tried_at),
    *(paces.c.learnt_at, clock.c.written_at, clock.c.set_back_at),
)
FUTURE = (deliveries.c.not_before, expiring_messages.c.delete_at)
# What was never tried waits for its chat's hour, which each sweep writes anew.
_ONLY: Mapping[Column[Any], ColumnElement[bool]] = {deliveries.c.not_before: deliveries.c.attempts > 0}

STEP = 60.0  # seconds by which clocks are set right all the time; one that goes back by more was wrong, or is now
_NOTED_EVERY = 10.0  # seconds; fewer writes, and far less than a step
_INSTANT = 0.001  # seconds between what was written before, what is moved, and what is written from now on
_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC).timestamp()  # there was no Paperboy before


def is_impossible(now: float) -> bool:
    """Tell whether a clock is surely wrong: many a computer without a battery begins in 1970."""
    return now < _EARLIEST


def follow_clock(db: Connection, now: float) -> None:
    """Move the times in the ledger back when the clock was; note now and then what it shows.

    All that was written since it went ahead keeps its order, and the seconds between; nothing stays in the future.
    """
    written_at = db.execute(select(clock.c.written_at)).scalar_one()
    if now < written_at - STEP:
        db.execute(update(clock).values(set_back_by=round(_move_back(db, now)), set_back_at=now, written_at=now))
    elif now > written_at + _NOTED_EVERY:
        db.execute(update(clock).values(written_at=now))


def _move_back(db: Connection, now: float) -> float:
    """Move the times that were written since the clock went ahead; give by how many seconds.

    It went ahead by at least as much as it went back now: so far apart are what was written before and after.
    """
    times = union_all(*(select(column.label("at")).where(column > 0) for column in PAST)).subquery()
    gap = times.c.at - func.lag(times.c.at).over(order_by=times.c.at)
    apart = select(times.c.at, gap.label("gap")).subquery()
    back = float(db.execute(select(func.max(times.c.at))).scalar_one()) - now
    since = select(apart).where(or_(apart.c.gap >= back, apart.c.gap.is_(None))).order_by(apart.c.at.desc())
    first, before = db.execute(since.limit(1)).one()
    seconds = min(back + _INSTANT, math.inf if before is None else before - _INSTANT)
    for column in (*PAST, *FUTURE):
        moved = (column >= first, _ONLY.get(column, true()))
        db.execute(update(column.table).where(*moved).values({column: column - seconds}))
    return seconds
