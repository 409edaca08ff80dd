"""The connection of the batch writer: what it writes in one transaction, in a thread of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from sqlalchemy import Connection, select

from bot.concurrency import steady
from bot.database.engine import Database
from bot.database.schema import marks
from bot.database.states import DeliveryState
from bot.ledger.chats.chat_sql import END_PAUSE, PAUSE
from bot.ledger.records.deliveries import Pause, QueuedDelivery
from bot.ledger.sql import claim_sql, delivery_sql, linking_sql

_READS_FOR = 0.03  # seconds of a transaction, for which claims wait meanwhile: half of TURN_AHEAD
_READ_TOGETHER = 20  # chats whose next rows one statement reads
_PLAN = select(marks.c.plan)
_MOST_BODIES = 100  # kept in memory, of up to 16 KB each; the chats of a broadcast share those of its digest

Write = Callable[[Connection, float], object]  # takes the time to write
# The rows claimed, by message and chat; the next rows, by chat; and what other requests answer, in their order.
Answers = tuple[Mapping[tuple[int, int], QueuedDelivery], Mapping[int, list[QueuedDelivery]], Sequence[object]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery, and what follows for its chat."""

    told: Mapping[str, object]  # to SETTLE
    pause: Pause | None
    ends_pause: bool
    may_link: bool  # its index may lead to it now


class WriterConnection:
    """The connection of the writer, used in a thread of its own: one call for each transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = database.writer_engine()
        self._connection: Connection | None = None
        self._bodies: dict[str, Mapping[str, object]] = {}  # by their hashes

    @property
    def is_alive(self) -> bool:
        """Tell whether it is there, with its locks, as far as the last statement showed."""
        return self._connection is not None and not self._connection.invalidated

    def write(
        self,
        outcomes: Sequence[Outcome],
        claims: Sequence[QueuedDelivery],
        reads: Collection[int],
        others: Sequence[Write],
    ) -> Answers:
        """Write all of it in one transaction, and at one time, in order with those before; read a while."""
        db = self._connection = self._connection or self._engine.connect()
        with db.begin():
            now = self._database.follow_clock(db, in_order=bool(outcomes or claims or others))
            version: int = db.execute(_PLAN).scalar_one()
            self._settle(db, outcomes, now)
            claimed = self._claim(db, [row for row in claims if row.version == version], now)
            answers = [write(db, now) for write in others]
            return claimed, self._read(db, reads, version), answers

    def _read(self, db: Connection, chats: Collection[int], version: int) -> dict[int, list[QueuedDelivery]]:
        """Read what comes next in some chats, the first ones: where many begin at once, these need not wait for all."""
        found, until, left = dict[int, list[QueuedDelivery]](), steady() + _READS_FOR, [*dict.fromkeys(chats)]
        while left:
            some, left = left[:_READ_TOGETHER], left[_READ_TOGETHER:]
            found |= self._next_rows(db, some, version)
            if steady() > until:
                break
        return found

    def drop(self) -> None:
        """Give the connection up, however it is; the next transaction makes a new one."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
        self._connection = None

    def cut(self) -> None:
        """Let the thread wait no longer for an answer: there was one before, so there is a connection."""
        self._database.cut(cast("Connection", self._connection))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    def _settle(self, db: Connection, outcomes: Sequence[Outcome], now: float) -> None:
        for told in _each_once([one.told for one in outcomes]):
            if gone := [_name(one) for one in told if one["to_state"] == DeliveryState.RECALLED]:
                db.execute(delivery_sql.KEEP_RECALLED_ID, gone)
            db.execute(claim_sql.SETTLE, {"outcomes": claim_sql.outcomes(_edited_again(db, told)), "now": now})
        if arrived := [_name(one.told) for one in outcomes if one.ends_pause]:
            db.execute(END_PAUSE, arrived)
        if pauses := [asdict(one.pause) | {"now": now} for one in outcomes if one.pause]:
            db.execute(PAUSE, pauses)
        if linked := [_name(one.told) for one in outcomes if one.may_link]:
            db.execute(linking_sql.EDIT_INDEX, linked)

    def _claim(
        self, db: Connection, rows: Sequence[QueuedDelivery], now: float
    ) -> dict[tuple[int, int], QueuedDelivery]:
        if not rows:
            return {}
        deadline = steady() + self._database.sharing.deadline
        found = db.execute(claim_sql.CLAIM, {"rows": claim_sql.claims(rows, _new_ref), "now": now})
        known = {(row.message, row.chat): row for row in rows}
        return {(one, chat): known[one, chat].claimed(ref, thread, deadline) for one, chat, ref, thread in found}

    def _next_rows(self, db: Connection, chats: list[int], version: int) -> dict[int, list[QueuedDelivery]]:
        asked = [*chats, *chats[-1:] * (_READ_TOGETHER - len(chats))]  # as many each time: it is prepared once
        rows: Sequence[Any] = db.execute(delivery_sql.NEXT_ROWS, {"chats": asked}).all()
        if len(self._bodies) > _MOST_BODIES:
            self._bodies.clear()
        if lacking := {one.message for one in rows if one.hash not in self._bodies}:
            self._bodies |= {one.hash: one.body for one in db.execute(delivery_sql.bodies(lacking))}
        found: dict[int, list[QueuedDelivery]] = {chat: [] for chat in chats}
        for one in rows:
            found[one.chat].append(_row(one, body=self._bodies[one.hash], version=version))
        return found


def _name(one: Mapping[str, object]) -> dict[str, object]:
    """Give of an outcome what names its row."""
    return {key: value for key, value in one.items() if key.startswith("of_")}


def _edited_again(db: Connection, told: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Let what was sent be edited once more where somebody changes its message just now."""
    sent = {one["of_message"] for one in told if one["to_state"] == DeliveryState.SENT}
    changing = sent - {*db.execute(claim_sql.UNCHANGED, {"sent": [*sent]}).scalars()} if sent else sent
    return [
        {**one, "to_state": DeliveryState.STALE}
        if one["to_state"] == DeliveryState.SENT and one["of_message"] in changing
        else one
        for one in told
    ]


def _each_once(outcomes: Iterable[Mapping[str, object]]) -> Iterator[list[Mapping[str, object]]]:
    """Divide outcomes, in their order, so that no part has a row twice, which one statement would change once."""
    part: dict[tuple[object, ...], Mapping[str, object]] = {}
    for one in outcomes:
        if (name := tuple(_name(one).values())) in part:
            yield [*part.values()]
            part = {}
        part[name] = one
    if part:
        yield [*part.values()]


def _new_ref() -> str:
    return secrets.token_hex(8)


def _row(one: Any, *, body: Mapping[str, object], version: int) -> QueuedDelivery:
    return QueuedDelivery(**{**one._mapping, "state": DeliveryState(one.state)}, body=body, version=version)
