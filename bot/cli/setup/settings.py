"""List every setting, for a terminal and for the handbook: key, name in the environment, default, meaning."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.cli.console import say
from bot.config.explain import inner_table, variable
from bot.config.fields import duration_text
from bot.config.settings import Settings

_HEAD = "| key | in the environment | default | means |\n|---|---|---|---|\n"
_NARROWEST, _WIDEST = 60, 120  # columns
_VARIABLES = 45  # the column at which names in the environment begin
# What Markdown shows as code: what is in backticks already, and what is written in quotes.
_CODE = re.compile(r'`[^`]*`|"[^"]*"')


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of `paperboy.toml`."""

    table: str  # the heading above it: "[schedule]", or "" for the top of the file
    name: str  # as it stands in its table
    key: str  # with its table: "schedule.at", "sources.path"
    variable: str  # in the environment; of `sources` that of the first one
    default: str  # as TOML; "" where there is none
    required: bool
    meaning: str


def show(*, markdown: bool) -> None:
    """Print all settings, as Markdown or to be read here."""
    say(markdown_table() if markdown else plain_list(shutil.get_terminal_size().columns), end="")


def all_settings() -> list[Setting]:
    """List all settings, in the order of the tables."""
    return list(_settings(Settings, ()))


def markdown_table() -> str:
    """Give the table of the handbook; a test compares the two."""
    return _HEAD + "".join(map(_row, all_settings()))


def plain_list(columns: int) -> str:
    """Give the settings as they stand in the file, each with its name in the environment and its meaning."""
    width = max(_NARROWEST, min(columns, _WIDEST))
    tables = groupby(all_settings(), key=lambda one: one.table)
    return "\n".join("\n".join([*filter(None, [table]), *_entries(found, width), ""]) for table, found in tables)


def _row(one: Setting) -> str:
    default = " (required)" if one.required else one.default and f" `{one.default}`"
    return f"| `{one.key}` | `{one.variable}` |{default} | {_CODE.sub(_as_code, one.meaning)} |\n"


def _as_code(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("`") else f"`{found[0]}`"


def _entries(settings: Iterator[Setting], width: int) -> Iterator[str]:
    for one in settings:
        default = " (required)" if one.required else one.default and f" = {one.default}"
        yield f"{f'  {one.name}{default}':{_VARIABLES}}{one.variable}"
        yield textwrap.fill(one.meaning, width, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _settings(table: type[BaseModel], path: tuple[str, ...]) -> Iterator[Setting]:
    for name, field in table.model_fields.items():
        if inner := inner_table(field):
            yield from _settings(inner, (*path, name))
        else:
            yield _setting(path, name, field)


def _setting(path: tuple[str, ...], name: str, field: FieldInfo) -> Setting:
    heading = "[[sources]]" if path == ("sources",) else f"[{'.'.join(path)}]" if path else ""
    place = ("sources", "0") if path == ("sources",) else path
    default = "" if field.is_required() else _toml(field.default)
    meaning = " ".join((field.description or "").split())
    key = ".".join((*path, name))
    return Setting(heading, name, key, variable((*place, name)), default, field.is_required(), meaning)


def _toml(value: object) -> str:
    """Write a default as it would stand in the file."""
    match value:
        case None | "":
            return ""
        case Path():
            return "" if value == Path() else f'"{value}"'
        case time():
            return f'"{value:%H:%M}"'
        case timedelta():
            return f'"{duration_text(value)}"'
    return json.dumps(value, ensure_ascii=False)
