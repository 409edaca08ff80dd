"""Times in the ledger when the clock of the computer goes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, Float, create_engine, insert, select

from bot.database.schema import clock, metadata, paces, searches, sources
from bot.database.sqlite.times import FUTURE, PAST, STEP, follow_clock
from bot.errors import LedgerError
from bot.ledger.ledger import open_ledger
from tests.support.digests import days
from tests.support.pipeline import Clock, Pipeline
from tests.support.usual import usual_edition

MONTH = 30 * 86_400.0
NOW = Clock().now
WAITS = st.floats(1, 2 * 86_400)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def db(engine: Engine) -> Iterator[Connection]:
    with begun(engine) as db:
        yield db


@contextmanager
def begun(engine: Engine) -> Iterator[Connection]:
    """Begin with empty tables, and leave nothing in them."""
    with engine.connect() as db:
        db.execute(insert(clock).values(written_at=0.0))
        yield db
        db.rollback()


def write(db: Connection, at: float) -> None:
    """Write a time by a clock that shows it."""
    follow_clock(db, at)
    count = len(read(db))
    db.execute(insert(searches).values(channel="terminal", address="a", words=f"{count}", asked_at=at))


def read(db: Connection) -> Sequence[float]:
    return db.execute(select(searches.c.asked_at).order_by(searches.c.id)).scalars().all()


def test_each_column_of_a_time_is_past_or_future() -> None:
    """A new column must be put into one of the lists, or the next clock that is set back leaves it behind."""
    numbers = {column for table in metadata.tables.values() for column in table.c if isinstance(column.type, Float)}
    times = numbers - {paces.c.window, paces.c.learnt, sources.c.seconds}
    assert {*PAST, *FUTURE} == times
    assert len(PAST) + len(FUTURE) == len(times)


def test_what_was_written_since_the_clock_went_ahead_is_moved(db: Connection) -> None:
    for at in (NOW, NOW + 10, NOW + MONTH + 20, NOW + MONTH + 25):
        write(db, at)
    write(db, NOW + 35)
    assert read(db) == pytest.approx([NOW, NOW + 10, NOW + 30, NOW + 35, NOW + 35], abs=0.01)
    shown = db.execute(select(clock.c.written_at, clock.c.set_back_at, clock.c.set_back_by)).one()
    assert shown == (NOW + 35, NOW + 35, MONTH - 10)


def test_a_clock_that_was_always_ahead_moves_everything(db: Connection) -> None:
    write(db, NOW + MONTH)
    write(db, NOW + MONTH + 5)
    write(db, NOW)
    assert read(db) == pytest.approx([NOW - 5, NOW, NOW], abs=0.01)


def test_a_clock_that_was_ahead_and_is_behind_moves_what_was_right_by_as_much_as_it_is_behind(db: Connection) -> None:
    """Else a digest of an hour ago would count as found a month ago, and its edits would be followed no more."""
    write(db, NOW - 3600)
    write(db, NOW + MONTH)
    write(db, NOW - 25 * 3600)
    assert read(db) == pytest.approx([NOW - 25 * 3600 - STEP, NOW - 25 * 3600, NOW - 25 * 3600], abs=0.01)


def test_a_clock_that_was_always_ahead_moves_everything_by_the_same(db: Connection) -> None:
    """Also what was written with hours between."""
    for at in (NOW + MONTH, NOW + MONTH + 3600):
        write(db, at)
    write(db, NOW + 3605)
    assert read(db) == pytest.approx([NOW + 5, NOW + 3605, NOW + 3605], abs=0.01)


def test_a_clock_that_is_behind_leaves_what_is_older_than_that(db: Connection) -> None:
    day = 86_400
    for at in (NOW - 10 * day, NOW - 5 * day, NOW + 25 * day):
        write(db, at)
    now = NOW - 6 * day
    write(db, now)
    assert read(db) == pytest.approx([NOW - 10 * day, now - STEP, now, now], abs=0.01)


def test_a_clock_that_is_behind_leaves_what_was_written_before_a_longer_pause(db: Connection) -> None:
    for at in (NOW, NOW + MONTH, NOW + MONTH + 20):
        write(db, at)
    write(db, NOW + MONTH - 3600)
    assert read(db) == pytest.approx([NOW, NOW + MONTH - 3620, NOW + MONTH - 3600, NOW + MONTH - 3600], abs=0.01)


@given(st.lists(st.tuples(st.floats(-400 * 86_400, 400 * 86_400), st.lists(WAITS, min_size=1, max_size=4)), max_size=5))
def test_order_stays_however_wrong_the_clock_is(engine: Engine, steps: list[tuple[float, list[float]]]) -> None:
    """By whatever it is wrong when something is written; it is more than a minute from one to the other, or none."""
    real = NOW + 401 * 86_400
    with begun(engine) as db:
        for wrong, waits in steps:
            for wait in waits:
                real += wait
                write(db, real + STEP * 2 * round(wrong / STEP / 2))
        found = read(db)
    assert all(earlier - later <= STEP + 10 for earlier, later in pairwise(found))


def test_a_small_step_moves_nothing(db: Connection) -> None:
    """Clocks are set right by seconds all the time."""
    write(db, NOW)
    write(db, NOW - STEP)
    assert read(db) == [NOW, NOW - STEP]
    assert db.execute(select(clock.c.set_back_at)).scalar_one() is None


@given(
    right=st.lists(WAITS, max_size=4),
    jumps=st.lists(st.tuples(st.floats(2 * STEP, 400 * 86_400), st.lists(WAITS, min_size=1, max_size=4)), max_size=3),
    idle=WAITS,
)
def test_order_stays_and_differences_where_less_than_a_step(
    engine: Engine, right: list[float], jumps: list[tuple[float, list[float]]], idle: float
) -> None:
    """Some is written, the clock goes ahead, more is written, it goes back by some, and at last is set right."""
    with begun(engine) as db:
        before = list(accumulate(right, initial=NOW))
        for at in before:
            write(db, at)
        real, groups = before[-1], []
        for offset, waits in sorted(jumps, reverse=True):
            groups.append([real := real + wait for wait in waits])
            for at in groups[-1]:
                write(db, at + offset)
        now = real + idle
        follow_clock(db, now)
        follow_clock(db, now)
        found = read(db)
    assert list(found[: len(before)]) == before
    assert all(earlier <= later for earlier, later in pairwise(found))
    assert all(at <= now + STEP + 10 for at in found)
    place = len(before)
    for group in groups:
        moved = found[place : (place := place + len(group))]
        if max((later - earlier for earlier, later in pairwise(group)), default=0) < STEP:
            apart = [later - earlier for earlier, later in pairwise(group)]
            assert [later - earlier for earlier, later in pairwise(moved)] == pytest.approx(apart, abs=0.01)


async def test_a_clock_that_is_surely_wrong_sends_nothing(tmp_path: Path) -> None:
    """Many a small computer begins in 1970, until it is told the time."""
    wall = Clock(60.0)
    async with open_ledger(f"sqlite:///{tmp_path}/ledger.db", wall) as ledger:
        pipeline = Pipeline(ledger, wall)
        with pytest.raises(LedgerError, match="the clock of this computer shows 1970-01-01 00:01"):
            await ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
        wall.now = NOW
        await ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
        await pipeline.look(days(1))
        wall.now = 90.0
        with pytest.raises(LedgerError, match="so nothing is sent"):
            await pipeline.dispatch()
        wall.now = NOW + 60
        await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]
