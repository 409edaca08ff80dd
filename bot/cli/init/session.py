"""What all steps of the set-up share: who answers, in which language, and for which files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.markup import escape

from bot.cli.console import Console
from bot.cli.init.questions import Questions
from bot.cli.init.wording import Wording
from bot.config.explain import variable
from bot.config.loading import settings_from
from bot.config.settings import Settings

_SOURCES = variable(["sources"])
Tables = Mapping[str, Any]  # of the settings, as TOML holds them


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a step found out."""

    tables: Tables
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # by their names in the environment
    titles: Mapping[str, str] = field(default_factory=dict)  # by address: how people call the chat


@dataclass(frozen=True)
class Session:
    """One run of the set-up."""

    questions: Questions
    said: Wording
    file: Path  # the settings that shall be written; `.env` lies beside them
    console: Console = field(default_factory=Console)

    def settings(self, tables: Tables, secrets: Mapping[str, str] = {}) -> Settings:
        """Make settings of what is known so far, as the program will read them; SettingsError for wrong ones.

        What lies in an `.env` counts for nothing: it is to be replaced. Nor does what is said of a source that is not
        known yet.
        """
        environment = {**os.environ, **secrets}
        if "sources" not in tables:
            environment = {name: value for name, value in environment.items() if not name.upper().startswith(_SOURCES)}
        return settings_from({"language": self.said.language, **tables}, self.file, environment)

    def good(self, text: str) -> None:
        """Say that something is well."""
        self.console.print(f"[green]✓[/green] {escape(text)}")

    def bad(self, text: str) -> None:
        """Say that something is wrong."""
        self.console.print(f"[red]✗[/red] {escape(text)}")

    def tell(self, text: str) -> None:
        """Say something on lines of its own."""
        self.console.print(escape(text))
