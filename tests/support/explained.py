"""Every statement of the ledger, gathered from its modules, and how a database would carry it out."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import date
from types import ModuleType
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Executable, Select, UpdateBase, event, null, select

import bot.archive
import bot.ledger
from bot.database.dialect import holds
from bot.database.schema import chats, deliveries, messages, paper_words
from bot.database.states import DigestState, IncidentKind
from bot.ledger.records.deliveries import Chat
from bot.ledger.records.digests import PlannedDigest, RenderedEdition, StatusChange
from bot.ledger.records.reports import Selection
from bot.ledger.sql.linking_sql import SETTLED
from bot.ledger.sql.pruning_sql import Interval
from formatters.message import Message
from formatters.model import Digest

_DIGEST = Digest("daily/2025-01-01", "Daily", date(2025, 1, 1), "Daily", "", "", ())
_RENDERED = RenderedEdition("telegram", "messages", [(Message("index", {}), "hash")])
_PLANNED = PlannedDigest(_DIGEST, "post.md", "print", DigestState.ACTIVE, to_new_chats=True)
_OF_DIGEST = select(messages.c.id).where(messages.c.digest_id == 1)
# What the functions that make statements take, by annotation.
GIVEN: dict[str, object] = {
    "int": 1,
    "float": 9.0,
    "str": "words",
    "bool": True,
    "Collection[int]": [1, 2],
    "Collection[int] | None": [1, 2],
    "Collection[int] | Select[int]": [1, 2],
    "Collection[str]": ["one", "two"],
    "Select[int]": _OF_DIGEST,
    "ColumnElement[bool]": deliveries.c.message_id.in_(_OF_DIGEST),
    "ColumnElement[bool] | None": deliveries.c.state == "unconfirmed",
    "ColumnElement[int]": chats.c.id,
    "ColumnElement[Any]": null(),
    "Chat": Chat(1, "telegram", "name", "address", "bot", "label"),
    "Digest": _DIGEST,
    "IncidentKind": IncidentKind.REFUSED,
    "Range": (5, 9),
    "Mapping[str, float]": {"": 0.0, "08:00 mon-fri Asia/Seoul": 9.0},
    "Message": Message("index", {}),
    "PlannedDigest": _PLANNED,
    "RenderedEdition": _RENDERED,
    "Selection": Selection("chat", "digest", "key"),
    "Sequence[Interval]": [Interval("bot", 1.0, 9.0)],
    "StatusChange": StatusChange("name", DigestState.ACTIVE, _PLANNED.reason, None),
}
# The same of some functions, by their names.
_GIVEN_TO: dict[str, object] = {
    "_count": holds(paper_words.c.body, [("one", "two")]),
    "edit_index": SETTLED.c.message_id.in_(_OF_DIGEST),
    "reopened": chats.c.id == 1,
    "tried_again": chats.c.id == 1,
}
# Parts of statements, which name tables of those around them.
_PARTS = {"_LAST_MESSAGE", "_counts_by_chat", "_sent"}


def statements() -> Iterator[tuple[str, Executable]]:
    """Give each by where it is: those that a module holds, and those that its functions make of what `GIVEN` has."""
    for module in _modules(bot.ledger, bot.archive):
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and _makes_statements(value):
                value = _made(value)
            for place, one in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(one, Select | CompoundSelect | UpdateBase) and name not in _PARTS:
                    yield f"{module.__name__.removeprefix('bot.')}.{name}.{place}", one


def _modules(*packages: ModuleType) -> Iterator[ModuleType]:
    for package in packages:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def _makes_statements(function: Callable[..., Any]) -> bool:
    kinds = ("Select[", "Compound[", "Insert", "Update", "Delete", "ReturningUpdate[")
    returned = str(function.__annotations__.get("return", ""))
    return returned.startswith(kinds) or (returned.startswith("tuple[") and any(kind in returned for kind in kinds))


def _made(function: Callable[..., Any]) -> object:
    given: dict[str, object] = {}
    few: list[object] = []
    for name, one in inspect.signature(function).parameters.items():
        if one.annotation not in GIVEN:
            return None  # a part of others
        what = _GIVEN_TO.get(function.__name__, GIVEN[one.annotation])
        if one.kind is one.VAR_POSITIONAL:
            few = [what]
        else:
            given[name] = what
    return function(*given.values(), *few) if few else function(**given)


class _ToldError(Exception):
    """In place of carrying a statement out."""


def plan(db: Connection, statement: Any) -> list[str]:
    """Give the steps in which a database would carry a statement out; what is to be told by name is NULL."""
    steps: list[str] = []
    verb = "EXPLAIN QUERY PLAN" if db.dialect.name == "sqlite" else "EXPLAIN"

    def ask(_: object, cursor: Any, spelled: str, parameters: object, *__: object) -> None:
        cursor.execute(f"{verb} {spelled}", parameters)
        steps.extend(str(row[-1]) for row in cursor.fetchall())
        raise _ToldError

    event.listen(db, "before_cursor_execute", ask)
    names = [name for name, one in statement.compile(db).binds.items() if one.required]
    try:
        db.execute(statement, dict.fromkeys(names))
    except _ToldError:
        return steps
    finally:
        event.remove(db, "before_cursor_execute", ask)
    raise AssertionError(statement)
