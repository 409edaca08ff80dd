"""What sources remember from one look to the next."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from bot.database.engine import Database
from bot.database.schema import sources


class SourceStates:
    """The states of sources, by their names."""

    def __init__(self, database: Database) -> None:
        self._read, self._write = database.read, database.write

    async def state(self, name: str) -> str:
        """Give what a source remembers, "" when that is nothing."""
        async with self._read() as db:
            found: str | None = (await db.execute(select(sources.c.state).where(sources.c.name == name))).scalar()
        return found or ""

    async def keep(self, name: str, state: str) -> None:
        """Note what a source remembers from now on."""
        new = insert(sources).values(name=name, state=state)
        async with self._write() as db:
            await db.execute(new.on_conflict_do_update(index_elements=["name"], set_={"state": state}))
