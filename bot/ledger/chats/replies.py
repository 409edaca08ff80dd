"""Replies on their way: noted before their calls, with their ids afterwards, so that none is taken for a delivery.

They are many while readers ask, so they are written together with what the workers ask of the ledger.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Delete, Select, Update, delete, func, insert, literal, select, update

from bot.database.engine import Database
from bot.database.schema import sent_replies, unconfirmed_replies
from bot.ledger.records.deliveries import UnconfirmedReply

_KEPT = 7 * 86400.0  # seconds; an unconfirmed send is settled, or left to a person, long before
# Replies that are kept whatever their age, since a clock that is ahead makes all of them old: with their ids, and with
# their bodies.
LEAST_SENT, MOST_UNCONFIRMED = 10_000, 1000

_Answer = TypeVar("_Answer")


class Write(Protocol):
    """Commit something with all else that is to be written; it takes the time to write."""

    def __call__(self, what: Callable[[Connection, float], _Answer], /) -> Awaitable[_Answer]: ...


class ReplyNotes:
    """The replies that are under way or unconfirmed, each with a number, and the ids of those that were sent."""

    def __init__(self, database: Database, clock: Callable[[], float], write: Write) -> None:
        self._read, self._write = database.read, write
        self._clock = clock

    async def note(self, channel: str, places: Collection[tuple[str, str]], body: Mapping[str, object]) -> list[int]:
        """Note a reply before its call at each place, an id sequence and an address, and give its number there.

        Old ones are forgotten.
        """
        said = {"channel": channel, "body": body}
        rows = [{**said, "id_sequence": id_sequence, "address": address} for id_sequence, address in places]
        return await self._write(lambda db, now: _note(db, [{**row, "tried_at": now} for row in rows]))

    async def arrived(self, noted: Collection[int], channel: str, id_sequences: Iterable[str], remote_id: int) -> None:
        """Forget the notes of a reply and keep its id, so that no unconfirmed send is taken for it."""
        sent = {"channel": channel, "remote_id": remote_id}
        rows = [{**sent, "id_sequence": id_sequence} for id_sequence in id_sequences]
        await self._write(lambda db, now: _arrived(db, noted, [{**row, "sent_at": now} for row in rows]))

    async def forget(self, *numbers: int) -> None:
        """Forget replies that were noted, since it is known what became of them."""
        await self._write(lambda db, _now: db.execute(_forget(numbers)))

    async def unconfirmed(self, channel: str, id_sequence: str) -> list[UnconfirmedReply]:
        """List the replies of an id sequence that are under way or unconfirmed, older first."""
        async with self._read() as db:
            found = await db.execute(_unconfirmed(channel, id_sequence, self._clock()))
            return [UnconfirmedReply(*row) for row in found]

    async def probing(self, numbers: Collection[int], remote_ids: Sequence[int]) -> None:
        """Note under which ids replies may be overwritten from now on, in place of those noted before."""
        await self._write(lambda db, _now: db.execute(_probing(numbers, remote_ids)))

    async def overwritten(self, number: int, remote_id: int) -> None:
        """Note under which id a reply was found and overwritten, so that this id is accounted for."""
        await self._write(lambda db, now: _overwritten(db, number, remote_id, now))


def _note(db: Connection, rows: Iterable[Mapping[str, object]]) -> list[int]:
    noted = insert(unconfirmed_replies).returning(unconfirmed_replies.c.id)
    numbers = [int(db.execute(noted, row).scalar_one()) for row in rows]
    db.execute(delete(unconfirmed_replies).where(unconfirmed_replies.c.id <= max(numbers) - MOST_UNCONFIRMED))
    return numbers


def _arrived(db: Connection, noted: Collection[int], rows: Iterable[Mapping[str, Any]]) -> None:
    db.execute(_forget(noted))
    newest = select(func.max(sent_replies.c.id)).scalar_subquery()
    for row in rows:
        db.execute(insert(sent_replies), row)
        old = (sent_replies.c.sent_at < row["sent_at"] - _KEPT, sent_replies.c.id <= newest - LEAST_SENT)
        db.execute(delete(sent_replies).where(*old))


def _forget(numbers: Collection[int]) -> Delete:
    return delete(unconfirmed_replies).where(unconfirmed_replies.c.id.in_(numbers))


def _unconfirmed(channel: str, id_sequence: str, now: float) -> Select[Any]:
    """List the fields of UnconfirmedReply, of the last days."""
    known = unconfirmed_replies.c
    theirs = (known.channel == channel, known.id_sequence == id_sequence, known.tried_at >= now - _KEPT)
    query = select(known.id, known.address, known.body, known.tried_at, known.overwritten_id, known.probed_ids)
    return query.where(*theirs).order_by(known.id)


def _probing(numbers: Collection[int], remote_ids: Sequence[int]) -> Update:
    theirs = unconfirmed_replies.c.id.in_(numbers)
    return update(unconfirmed_replies).where(theirs).values(probed_ids=remote_ids)


def _overwritten(db: Connection, number: int, remote_id: int, now: float) -> None:
    known = unconfirmed_replies.c
    found = select(known.channel, known.id_sequence, literal(remote_id), literal(now)).where(known.id == number)
    db.execute(update(unconfirmed_replies).where(known.id == number).values(overwritten_id=remote_id))
    db.execute(insert(sent_replies).from_select(["channel", "id_sequence", "remote_id", "sent_at"], found))
