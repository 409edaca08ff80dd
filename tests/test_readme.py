"""The README lags behind nothing: every command, option, setting and word of ours stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic import BaseModel

from bot.cli import app
from bot.config import Settings

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")

# The words that code, settings and messages share (design: naming).
WORDS = (
    *("channel", "chat", "address", "digest", "paper", "section", "source", "series"),
    *("index", "layout", "delivery", "ledger", "plan", "drain", "reconcile", "sweep", "baseline"),
)


def section(heading: str) -> str:
    """Give what stands below a heading of the second level."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {heading}"
    return found[1]


def settings(table: type[BaseModel], before: str = "") -> Iterator[str]:
    """Walk the settings with dotted names: `telegram.chats`, and `sources.match` for that of each source."""
    for name, field in table.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner:
            yield from settings(inner, f"{before}{name}.")
        else:
            yield before + name


COMMANDS = typer.main.get_group(app).commands
OPTIONS = sorted(
    (name, option)
    for name, command in COMMANDS.items()
    for parameter in command.params
    for option in parameter.opts
    if option.startswith("--") and option != "--help"
)


def test_what_is_looked_for() -> None:
    assert set(COMMANDS) == {
        *("demo", "preview", "settings", "deliver", "run", "status", "doctor", "retry", "discard", "backup")
    }
    assert {("preview", "--paper"), ("preview", "--channel"), ("preview", "--json"), ("status", "--json")} < {*OPTIONS}
    assert {"language", "telegram.base_url", "sources.match", "schedule.catch_up"} < {*settings(Settings)}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_commands(command: str) -> None:
    assert f"`paperboy {command}" in section("Commands")


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_options(command: str, option: str) -> None:
    assert option in section("Commands")


@pytest.mark.parametrize("key", sorted(settings(Settings)))
def test_settings(key: str) -> None:
    assert re.search(rf"^\| *`{re.escape(key)}` *\|", section("Settings"), re.MULTILINE)


@pytest.mark.parametrize("word", WORDS)
def test_glossary(word: str) -> None:
    assert re.search(rf"\b{word}s?\b", section("Glossary"), re.IGNORECASE)


def test_the_two_commands() -> None:
    first, second = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[:2]

    assert "paperboy demo" in first
    assert "pytest" in second
    for block in (first, second):
        assert block in section("Two commands")
        assert "python3 -m venv" in block
