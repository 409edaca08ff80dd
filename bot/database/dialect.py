"""What SQLite and PostgreSQL spell differently: each thing has one name here, and both spellings.

Outside `database` nothing names a dialect; a test compiles every statement for both.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ColumnElement, Integer, cast, type_coerce
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias

# PostgreSQL's INSERT, which compiles for SQLite as well; the other way round it does not. What conflicts is told by the
# name `index_elements`: without a name it would be a constraint.
__all__ = ["Id", "Insert", "field", "has_item", "insert", "items", "number_field", "whole_number"]

Id = BigInteger().with_variant(Integer, "sqlite")  # of 64 bits; in SQLite only an INTEGER counts by itself


class _Items(FunctionElement[Any]):
    inherit_cache = True
    name = "items"


def items(listed: ColumnElement[Any]) -> TableValuedAlias:
    """Give the rows of a JSON list of lists, which is text, as a table; `field` reads what is in them."""
    return _Items(listed).table_valued("value", name="items")


def field(rows: TableValuedAlias, place: int) -> ColumnElement[str]:
    """Give a field of the rows of `items` as text."""
    read: ColumnElement[str] = type_coerce(rows.c.value, JSON)[place].as_string()
    return read


def number_field(rows: TableValuedAlias, place: int) -> ColumnElement[int]:
    """Give a field of the rows of `items` as a number."""
    return cast(field(rows, place), Id)


@compiles(_Items, "sqlite")
def _items_sqlite(element: _Items, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **how)})"


@compiles(_Items, "postgresql")
def _items_postgresql(element: _Items, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **how)} AS JSON))"


class has_item(FunctionElement[bool]):  # noqa: N801 - it is called as a function
    """Tell whether a JSON list of texts, which is text itself, has a text; an empty text is an empty list."""

    inherit_cache = True
    type = Boolean()


@compiles(has_item, "sqlite")
def _has_item_sqlite(element: has_item, compiler: SQLCompiler, **how: Any) -> str:
    listed, one = (compiler.process(part, **how) for part in element.clauses)
    return f"({one} IN (SELECT value FROM json_each({listed})))"  # noqa: S608 - both are SQL already


@compiles(has_item, "postgresql")
def _has_item_postgresql(element: has_item, compiler: SQLCompiler, **how: Any) -> str:
    listed, one = (compiler.process(part, **how) for part in element.clauses)
    return f"jsonb_exists(CAST(NULLIF({listed}, '') AS JSONB), {one})"


class whole_number(FunctionElement[int]):  # noqa: N801 - it is called as a function
    """Read a text as a whole number; of one that is none, SQLite reads what it begins with, PostgreSQL gives NULL."""

    inherit_cache = True
    type = BigInteger()


@compiles(whole_number, "sqlite")
def _whole_number_sqlite(element: whole_number, compiler: SQLCompiler, **how: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **how)} AS INTEGER)"


@compiles(whole_number, "postgresql")
def _whole_number_postgresql(element: whole_number, compiler: SQLCompiler, **how: Any) -> str:
    text = compiler.process(element.clauses, **how)
    return f"CASE WHEN {text} ~ '^[0-9]{{1,18}}$' THEN CAST({text} AS BIGINT) END"
