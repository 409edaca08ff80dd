"""What operators do by hand with whole digests: find the one that is meant, drop it, recall it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from bot.database.engine import Database, repeats
from bot.database.schema import chats
from bot.database.states import ChatState
from bot.ledger.sql import hand_sql


@dataclass(frozen=True, slots=True)
class MeantDigest:
    """A digest that an operator may mean."""

    id: int
    source: str
    name: str
    is_over: bool  # it is not kept any more who holds it

    def __str__(self) -> str:
        return f"{self.source} {self.name}"


@dataclass(frozen=True, slots=True)
class Recalled:
    """What becomes of the messages of a digest that was recalled."""

    deleted: int  # will be deleted
    unsent: int  # waited, and are not sent any more
    unconfirmed: int  # are under way or unconfirmed: deleted as soon as it is known that they are there
    stay: int  # stand in chats that receive no more, or where a chat was before it moved


class ByHand:
    """The digests of the ledger, for whoever drops, recalls or sends one."""

    def __init__(self, database: Database) -> None:
        self._read, self._write = database.read, database.write

    async def find(self, said: str) -> list[MeantDigest]:
        """List the digests of this name or day."""
        async with self._read() as db:
            return [_meant(row) for row in await db.execute(hand_sql.find(said))]

    async def newest(self, most: int) -> list[MeantDigest]:
        """List the newest digests, newest first."""
        async with self._read() as db:
            return [_meant(row) for row in await db.execute(hand_sql.newest(most))]

    async def chat(self, label: str) -> int:
        """Give the id of a chat that receives, by its channel and name."""
        named = (chats.c.channel + " " + chats.c.name == label, chats.c.state != ChatState.REMOVED)
        async with self._read() as db:
            return int((await db.execute(select(chats.c.id).where(*named))).scalar_one())

    @repeats
    async def drop(self, digest: int) -> tuple[int, int]:
        """Drop a digest until its content changes; count the messages that are not sent any more, and those that stay.

        It may be done beside a process that delivers: what is under way is found in the chat, and stays.
        """
        async with self._write() as db:
            counts = [(await db.execute(statement)).rowcount for statement in hand_sql.drop(digest)]
            return counts[2], (await db.execute(hand_sql.staying(digest))).scalar_one()

    @repeats
    async def recall(self, digest: int, chat: int = 0) -> Recalled:
        """Let the messages of a digest be deleted in a chat, 0 for all; then it is dropped as well."""
        async with self._write() as db:
            meant = hand_sql.may_delete(digest, chat)
            deleted, unsent, unconfirmed = [(await db.execute(one)).rowcount for one in hand_sql.recall(meant)]
            for statement in () if chat else hand_sql.drop(digest):
                await db.execute(statement)
            stay = 0 if chat else (await db.execute(hand_sql.staying(digest))).scalar_one()
            return Recalled(deleted, unsent, unconfirmed, stay)


def _meant(row: Any) -> MeantDigest:
    return MeantDigest(row.id, row.source, row.name, bool(row.is_over))
