"""What SQLite and PostgreSQL spell differently: each thing has one name here, and both spellings.

Outside `database` nothing names a dialect; a test compiles every statement for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnClause,
    ColumnElement,
    Dialect,
    Integer,
    Select,
    String,
    TypeDecorator,
    bindparam,
    cast,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR, Insert, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

# PostgreSQL's INSERT, which compiles for SQLite as well; the other way round it does not. What conflicts is told by the
# name `index_elements`: without a name it would be a constraint.
__all__ = [
    "BodyVector",
    "Id",
    "Insert",
    "PaperWords",
    "Phrase",
    "TitleVector",
    "by_bytes",
    "field",
    "has_item",
    "holds",
    "holds_in_turn",
    "insert",
    "items",
    "number_field",
    "unindexed",
    "unlocked",
    "whole_number",
]

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


class unindexed(FunctionElement[int]):  # noqa: N801 - it is called as a function
    """Name a column by which SQLite is to look nothing up; PostgreSQL has statistics of what there are few of."""

    inherit_cache = True
    type = BigInteger()


@compiles(unindexed, "sqlite")
def _unindexed_sqlite(element: unindexed, compiler: SQLCompiler, **how: Any) -> str:
    return f"+{compiler.process(element.clauses, **how)}"


@compiles(unindexed, "postgresql")
def _unindexed_postgresql(element: unindexed, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


def unlocked(rows: Select[Any]) -> Select[Any]:
    """Leave out rows that another transaction is changing, and let none change the others until this one ends.

    In SQLite one transaction writes at a time, and it leaves out nothing.
    """
    return rows.with_for_update(read=True, skip_locked=True)


class whole_number(FunctionElement[int]):  # noqa: N801 - it is called as a function
    """Read the whole number that a text begins with, as message ids do: 0 where it begins with none."""

    inherit_cache = True
    type = BigInteger()


@compiles(whole_number, "sqlite")
def _whole_number_sqlite(element: whole_number, compiler: SQLCompiler, **how: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **how)} AS INTEGER)"


@compiles(whole_number, "postgresql")
def _whole_number_postgresql(element: whole_number, compiler: SQLCompiler, **how: Any) -> str:
    text = compiler.process(element.clauses, **how)
    number = f"CAST(substring({text} FROM '^ *[+-]?[0-9]{{1,18}}') AS BIGINT)"
    return f"CASE WHEN {text} IS NOT NULL THEN coalesce({number}, 0) END"  # as SQLite


Phrase = tuple[str, ...]  # words that follow each other; the last one may be only begun
NOT_FOUND = ""  # stands for a word that keeps its place, and is not found


class PaperWords(NamedTuple):
    """The words of a paper, of letters and digits alone, in their order."""

    title: Sequence[str]
    body: Sequence[str]


class TitleVector(TypeDecorator[PaperWords]):
    """The words of a title: in FTS5 a text, in PostgreSQL a vector that is made here, without parser or dictionary."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return TSVECTOR() if _is_postgresql(dialect) else String()

    def process_bind_param(self, value: PaperWords | None, dialect: Dialect) -> str | None:
        return value and (_vector if _is_postgresql(dialect) else _joined)(value.title)


class BodyVector(TitleVector):
    """The words of a body; in PostgreSQL those of the title stand before it, for a match looks at one column there."""

    cache_ok = True

    def process_bind_param(self, value: PaperWords | None, dialect: Dialect) -> str | None:
        return value and (_whole_vector(value) if _is_postgresql(dialect) else _joined(value.body))


class _Query(TypeDecorator[Sequence[Phrase]]):
    """Phrases of which each must be there."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return TSQUERY() if _is_postgresql(dialect) else String()

    def process_bind_param(self, value: Sequence[Phrase] | None, dialect: Dialect) -> str:
        phrases = value or ()
        if _is_postgresql(dialect):
            return " & ".join(" <-> ".join(f"'{word}'" for word in phrase) + ":*" for phrase in phrases)
        return " AND ".join(f'"{" ".join(phrase)}"*' for phrase in phrases)


class holds(FunctionElement[bool]):  # noqa: N801 - it is called as a function
    """Tell whether the words of a paper hold phrases: in its title, or, asked of `body`, anywhere."""

    inherit_cache = True
    type = Integer()  # type: ignore[assignment]  # SQLite would compare a Boolean with 1, and MATCH cannot be

    def __init__(self, column: ColumnClause[PaperWords], phrases: Sequence[Phrase]) -> None:
        super().__init__(column, bindparam(None, phrases, type_=_Query()))


class holds_in_turn(holds):  # noqa: N801 - it is called as a function
    """Tell the same of row after row, by no index: where many hold them, some are soon found in any order."""

    inherit_cache = True


@compiles(holds, "sqlite")
def _holds_sqlite(element: holds, compiler: SQLCompiler, **how: Any) -> str:
    column, query = (compiler.process(part, **how) for part in element.clauses)
    where = column.removesuffix(".body")  # FTS5: the name of the table means all of its columns
    return f"({where} MATCH {query})"


@compiles(holds, "postgresql")
def _holds_postgresql(element: holds, compiler: SQLCompiler, **how: Any) -> str:
    column, query = (compiler.process(part, **how) for part in element.clauses)
    return f"({column} @@ {query})"


@compiles(holds_in_turn, "postgresql")
def _holds_in_turn_postgresql(element: holds_in_turn, compiler: SQLCompiler, **how: Any) -> str:
    column, query = (compiler.process(part, **how) for part in element.clauses)
    return f"ts_match_vq({column}, {query})"  # of a function, PostgreSQL takes it that a third of the rows is meant


def _is_postgresql(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"


def _joined(words: Sequence[str]) -> str:
    """Write words as FTS5 takes them; a letter that no query holds keeps a place."""
    return " ".join(word or "\u1160" for word in words)


def _vector(words: Sequence[str]) -> str:
    """Write words as a vector: each with the places at which it stands."""
    places: dict[str, list[str]] = {}
    for place, word in enumerate(words, 1):
        if word != NOT_FOUND:
            places.setdefault(word, []).append(str(place))
    return " ".join(f"'{word}':{','.join(found)}" for word, found in places.items())


def _whole_vector(words: PaperWords) -> str:
    """Write all words of a paper; what stands between title and body keeps the two from making a phrase."""
    return _vector([*words.title, NOT_FOUND, *words.body])


class by_bytes(FunctionElement[str]):  # noqa: N801 - it is called as a function
    """Order texts by their bytes, whatever the language of the database."""

    inherit_cache = True
    type = String()


@compiles(by_bytes, "sqlite")
def _by_bytes_sqlite(element: by_bytes, compiler: SQLCompiler, **how: Any) -> str:
    return f"{compiler.process(element.clauses, **how)} COLLATE BINARY"


@compiles(by_bytes, "postgresql")
def _by_bytes_postgresql(element: by_bytes, compiler: SQLCompiler, **how: Any) -> str:
    return f'{compiler.process(element.clauses, **how)} COLLATE "C"'
