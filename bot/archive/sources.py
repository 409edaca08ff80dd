"""What sources remember from one look to the next, and how the last look at each went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select, update

from bot.database.dialect import insert
from bot.database.engine import Database, repeats
from bot.database.schema import sources
from bot.sources.survey import Survey, survey_from


@dataclass(frozen=True, slots=True)
class LookCost:
    """What a look cost."""

    requests: int  # to other machines
    bytes: int | None  # that came over the network; None: not known
    seconds: float


@dataclass(frozen=True, slots=True)
class LastLook:
    """How the last look at a source went. What was found is of the last look at which it could be read."""

    name: str
    looked_at: float  # seconds since 1970
    failing_since: float | None  # since when it cannot be read
    error: str  # why not
    survey: Survey
    problem: str  # of its posts: what a person must look at
    newest: str  # post, "" where there is none
    cost: LookCost


class Sources:
    """The sources, by their names."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read, self._write = database.read, database.write_aside
        self._clock = clock

    async def state(self, name: str) -> str:
        """Give what a source remembers, "" when that is nothing."""
        async with self._read() as db:
            found: str | None = (await db.execute(select(sources.c.state).where(sources.c.name == name))).scalar()
        return found or ""

    @repeats
    async def keep(self, name: str, state: str) -> None:
        """Note what a source remembers from now on."""
        new = insert(sources).values(name=name, state=state)
        async with self._write() as db:
            await db.execute(new.on_conflict_do_update(index_elements=["name"], set_={"state": state}))

    async def looked(self, name: str, survey: Survey, problem: str, newest: str, cost: LookCost) -> bool:
        """Note what a look found; tell whether the source failed before.

        Without a `newest` post, the one that is known stays.
        """
        found = {"survey": asdict(survey), "problem": problem, **({"newest": newest} if newest else {})}
        return await self._note(name, found, cost) is not None

    async def failed(self, name: str, error: str, cost: LookCost) -> None:
        """Note that a source could not be read; what was found at the last good look stays."""
        since = func.coalesce(sources.c.failing_since, self._clock())
        await self._note(name, {"error": error, "failing_since": self._clock()}, cost, failing_since=since)

    @repeats
    async def recovered(self, name: str) -> None:
        """Note that a source that failed is read, and its posts are planned."""
        async with self._write() as db:
            await db.execute(update(sources).where(sources.c.name == name).values(failing_since=None, error=""))

    async def last_looks(self) -> dict[str, LastLook]:
        """Give how the last look at each source went."""
        async with self._read() as db:
            found = await db.execute(select(sources).where(sources.c.looked_at.is_not(None)))
            return {row.name: _last_look(row) for row in found}

    @repeats
    async def _note(self, name: str, found: dict[str, Any], cost: LookCost, **again: object) -> float | None:
        """Write about a look; `again` are the values where there is something about the source already."""
        values = {"looked_at": self._clock(), **found, **asdict(cost)}
        new = insert(sources).values({"name": name, "state": "", **values})
        row = new.on_conflict_do_update(index_elements=["name"], set_={**values, **again})
        async with self._write() as db:
            since: float | None = (await db.execute(row.returning(sources.c.failing_since))).scalar_one()
        return since


def _last_look(row: Any) -> LastLook:
    cost = LookCost(row.requests, row.bytes, row.seconds)
    failing = (row.failing_since, row.error)
    return LastLook(row.name, row.looked_at, *failing, survey_from(row.survey), row.problem, row.newest, cost)
