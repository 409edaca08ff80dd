"""What the refusals of platforms taught about how much they allow, from one process to the next."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import select

from bot.database.dialect import insert
from bot.database.engine import Database, repeats
from bot.database.schema import paces


@dataclass(frozen=True, slots=True)
class LearntPace:
    """One limit of a channel that was lower than documented."""

    channel: str
    name: str  # of the limit
    most: int  # calls that are documented
    window: float  # seconds
    learnt: float  # calls that were allowed in it
    learnt_at: float  # seconds since 1970


class Paces:
    """The learnt paces of all channels."""

    def __init__(self, database: Database) -> None:
        self._read, self._write = database.read, database.write_aside

    async def listed(self) -> list[LearntPace]:
        async with self._read() as db:
            return [LearntPace(**row._mapping) for row in await db.execute(select(paces).order_by(*paces.primary_key))]

    @repeats
    async def keep(self, pace: LearntPace) -> None:
        """Write a pace in place of what was learnt earlier about the same limit."""
        row = asdict(pace)
        async with self._write() as db:
            await db.execute(
                insert(paces).values(row).on_conflict_do_update(index_elements=["channel", "name"], set_=row)
            )
