"""What PostgreSQL gave up because of another transaction is done once more; each method that writes says so."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.engine import Conflict, Database, repeats
from bot.database.opening import open_database
from bot.database.schema import chats
from bot.errors import LedgerError
from tests.support.postgres.databases import Ledgers

BOT = Path(__file__).parents[2] / "bot"
MODULES = sorted(path for path in BOT.rglob("*.py") if BOT / "database" not in path.parents)
WRITES = {"_write", "_write_aside", "write", "write_aside"}
FIRST, SECOND = 1, 2


# --- who writes


def methods(path: Path) -> Iterator[ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.AsyncFunctionDef):
            yield node


def writes(method: ast.AsyncFunctionDef) -> bool:
    """Tell whether a method begins a transaction that writes; `async with` does."""
    begun = [one.context_expr for node in ast.walk(method) if isinstance(node, ast.AsyncWith) for one in node.items]
    called = [one.func for one in begun if isinstance(one, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr in WRITES for one in called)


def is_repeated(method: ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "repeats" for one in method.decorator_list)


WRITING = [
    pytest.param(method, id=f"{path.relative_to(BOT).with_suffix('').as_posix()}.{method.name}")
    for path in MODULES
    for method in methods(path)
    if writes(method)
]


def test_those_that_write_are_found() -> None:
    assert len(WRITING) > 30


@pytest.mark.parametrize("method", WRITING)
def test_what_writes_is_repeated(method: ast.AsyncFunctionDef) -> None:
    assert is_repeated(method), "decorate it with @repeats of bot.database.engine"


def test_ways_to_write_keep_their_names() -> None:
    """Under another name the test above would not find them."""
    given = {(name, value) for path in MODULES for name, value in assigned(path) if value in {"write", "write_aside"}}
    assert {name for name, _ in given} == {"_write", "_write_aside"}


def assigned(path: Path) -> Iterator[tuple[str, str]]:
    """Give which attribute is assigned to what, by the last part of their names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                left, right = (one.elts if isinstance(one, ast.Tuple) else [one] for one in (target, node.value))
                yield from zip(map(last_part, left), map(last_part, right), strict=False)


def last_part(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


# --- what is repeated


class Twins:
    """Two transactions that stand at the same place when each has begun for the first time."""

    def __init__(self, database: Database) -> None:
        self._database, self._met = database, asyncio.Barrier(2)
        self.begun = 0

    @repeats
    async def mark_both(self, first: int, second: int) -> None:
        """Append to the titles of two chats; in opposite orders, that is a deadlock."""
        async with self._database.write_aside() as db:
            await self._mark(db, first)
            await self._meet()
            await self._mark(db, second)

    @repeats
    async def count(self) -> None:
        """Add one to a number that was read before."""
        async with self._database.write_aside() as db:
            await db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            read = (await db.execute(select(chats.c.title).where(chats.c.id == FIRST))).scalar_one()
            await self._meet()
            await db.execute(update(chats).where(chats.c.id == FIRST).values(title=f"{int(read or 0) + 1}"))

    async def _mark(self, db: AsyncConnection, chat: int) -> None:
        await db.execute(update(chats).where(chats.c.id == chat).values(title=chats.c.title + "x"))

    async def _meet(self) -> None:
        self.begun += 1
        if self.begun <= 2:
            await self._met.wait()

    async def titles(self) -> list[str]:
        async with self._database.read() as db:
            return list((await db.execute(select(chats.c.title).order_by(chats.c.id))).scalars())


@pytest.fixture
async def twins(postgres_ledgers: Ledgers) -> AsyncIterator[Twins]:
    async def add_chats(db: AsyncConnection) -> None:
        chat = {"channel": "terminal", "address": "", "id_sequence": "", "edition": ""}
        await db.execute(insert(chats), [chat | {"id": one, "name": f"{one}"} for one in (FIRST, SECOND)])

    with postgres_ledgers.lend() as url:
        async with asyncio.timeout(60), open_database(url, lambda: 1.0, add_chats) as database:
            yield Twins(database)


async def test_a_deadlock_is_over_when_one_of_the_two_begins_anew(twins: Twins) -> None:
    await asyncio.gather(twins.mark_both(FIRST, SECOND), twins.mark_both(SECOND, FIRST))
    assert await twins.titles() == ["xx", "xx"]
    assert twins.begun == 3


async def test_what_was_read_before_another_wrote_is_read_anew(twins: Twins) -> None:
    await asyncio.gather(twins.count(), twins.count())
    assert await twins.titles() == ["2", ""]
    assert twins.begun == 3


async def test_a_conflict_is_told_as_one(twins: Twins) -> None:
    """Nobody repeats here: what PostgreSQL gave up comes out in words."""
    once: Callable[..., object] = Twins.count.__wrapped__  # type: ignore[attr-defined]
    told = await asyncio.gather(once(twins), once(twins), return_exceptions=True)  # type: ignore[call-overload]
    [conflict] = [one for one in told if one is not None]
    assert isinstance(conflict, Conflict)
    assert "other programs write the same all the time; run again" in str(conflict)


@pytest.mark.parametrize(("error", "times"), [(Conflict("again and again"), 20), (LedgerError("full"), 1)])
async def test_it_is_not_repeated_for_ever_nor_for_anything_else(error: LedgerError, times: int) -> None:
    begun: list[None] = []

    @repeats
    async def fail() -> None:
        begun.append(None)
        raise error

    with pytest.raises(LedgerError, match=str(error)):
        await fail()
    assert len(begun) == times
