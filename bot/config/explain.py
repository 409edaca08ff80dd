"""Messages for wrong settings: which key, in the file or the environment, what is wrong, what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.errors import SettingsError

PREFIX = "PAPERBOY_"
_NOT_SETTINGS = {"PAPERBOY_CONFIG"}


def check_environment(environ: Mapping[str, str], settings: type[BaseModel]) -> None:
    """Refuse our variables that override nothing, and whole tables that are not JSON."""
    known = {variable(key.split(".")): table for key, table in _all_keys(settings)}
    for name, value in ((name.upper(), value) for name, value in environ.items()):
        key = re.sub(r"__\d+(?=__|$)", "__0", name)
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        leaves = [one for one, table in known.items() if not table]
        if key not in known:
            raise SettingsError(f"environment: {name} overrides no setting{_nearest(key, leaves)}")
        if known[key] and not _is_json_table(value):
            inside = next(one for one in leaves if one.startswith(f"{key}__"))
            raise SettingsError(f"environment: {name} is a table; set its keys one by one, such as {inside}")


def _is_json_table(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


def _all_keys(table: type[BaseModel], before: str = "") -> Iterator[tuple[str, bool]]:
    """List all keys below a table, such as `sources.0.path`, each with whether it is a table itself."""
    for name, field in table.model_fields.items():
        inner = inner_table(field)
        yield before + name, inner is not None
        place = f"{before}{name}.0" if name == "sources" else before + name
        if inner:
            yield place, True
            yield from _all_keys(inner, f"{place}.")


def explain_errors(
    error: ValidationError, where: str, environ: Mapping[str, str], settings: type[BaseModel]
) -> Iterator[str]:
    """Write each problem on a line: file or environment, key, what to do."""
    names = {name.upper(): name for name in environ}
    for problem in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in problem["loc"]]
        depth = next((n for n in range(len(path), 0, -1) if variable(path[:n]) in names), 0)
        origin = ["environment", names[variable(path[:depth])]] if depth else [where]
        place = ": ".join([*origin, *filter(None, [".".join(path[depth:])])])
        if problem["type"] == "extra_forbidden":
            yield f"{place} is no setting{_nearest(path[-1], _keys(settings, path[:-1]), '.'.join([*path[:-1], '']))}"
        elif problem["type"] == "missing":
            yield f"{place} is missing; add it (`paperboy settings` says what it takes)"
        else:
            yield f"{place}: {_advice(problem, path[-1])}"


def variable(path: Iterable[str]) -> str:
    """Name the variable of the environment that overrides a key."""
    return PREFIX + "__".join(path).upper()


def _advice(problem: ErrorDetails, key: str) -> str:
    """Say what to write in an operator's words; the messages of pydantic are for programmers."""
    context = problem.get("ctx", {})
    match problem["type"]:
        case "literal_error":
            return f"write {context['expected']}".replace("'", '"')
        case "string_type" | "path_type":
            return "write a text in quotes"
        case "int_type" | "int_parsing" | "int_from_float":
            return "write a whole number"
        case "greater_than_equal":
            return f"write {context['ge']} or more"
        case "less_than_equal":
            return f"write {context['le']} or less"
        case "model_type":
            return 'write a table, headed "[[sources]]"' if key.isdigit() else f'write a table, headed "[{key}]"'
    return problem["msg"].removeprefix("Value error, ")


def _keys(settings: type[BaseModel], path: Iterable[str]) -> list[str]:
    """List the keys that a table takes."""
    table = settings
    for part in path:
        field = table.model_fields.get(part)
        table = (inner_table(field) if field else None) or table
    return list(table.model_fields)


def inner_table(field: FieldInfo) -> type[BaseModel] | None:
    """Give the table that a key holds, if it holds one."""
    found = next((one for one in (field.annotation, *get_args(field.annotation)) if _is_table(one)), None)
    return cast("type[BaseModel] | None", found)


def _is_table(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _nearest(word: str, known: Iterable[str], before: str = "") -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {before}{close[0]}?" if close else "; `paperboy settings` lists all of them"
