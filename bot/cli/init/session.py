"""What all steps of the set-up share: who answers, in which language, and for which files."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from bot.cli.console import Console, prose_console
from bot.cli.init.questions import Questions
from bot.cli.init.wording import Wording
from bot.cli.program import called_as
from bot.config.explain import variable
from bot.config.loading import files, settings_from
from bot.config.settings import Settings

if TYPE_CHECKING:
    from bot.delivery.channel import Channel

_SOURCES = variable(["sources"])
Tables = Mapping[str, Any]  # of the settings, as TOML holds them


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a step found out."""

    tables: Tables
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # by their names in the environment
    titles: Mapping[str, str] = field(default_factory=dict)  # by address: how people call the chat
    is_answering: bool = True  # readers, while it runs


@dataclass(frozen=True)
class Session:
    """One run of the set-up."""

    questions: Questions
    said: Wording
    file: Path  # the settings that shall be written; `.env` lies beside them
    console: Console = field(default_factory=prose_console)

    def settings(self, tables: Tables, secrets: Mapping[str, str] = {}) -> Settings:
        """Make settings of what is known so far, as the program will read them; SettingsError for wrong ones.

        What lies in an `.env` counts for nothing: it is to be replaced. Nor does what is said of a source that is not
        known yet.
        """
        environment = {**os.environ, **secrets}
        if "sources" not in tables:
            environment = {name: value for name, value in environment.items() if not name.upper().startswith(_SOURCES)}
        return settings_from({"language": self.said.language, **tables}, self.file, environment)

    def command(self, words: str) -> str:
        """Give what to type for a command with these settings, from where init was called."""
        is_found = self.file == Path.cwd() / self.file.name and self.file == files()[0]
        return f"{called_as()} {words}" if is_found else f"{called_as()} {words} --config {shlex.quote(str(self.file))}"

    def title(
        self,
        key: str,
        address: str,
        opened: Callable[[], AbstractAsyncContextManager[Channel]],
        cure: Callable[[str], str],
    ) -> str:
        """Give the title of a chat that the bot may write to, or shall be taken as it is; "" when another is wanted.

        `opened` gives the channel to ask; `cure` says of a problem what to do, in the language of the session.
        """
        options = {"again": self.said.look_again, "other": self.said.other_chat, "keep": self.said.go_on}
        while True:
            where, problem = asyncio.run(_checked(opened(), address))
            if not problem:
                self.good(where)
                return where
            chosen = self.questions.settle(key, f"{where}: {cure(problem)}", options)
            if chosen != "again":
                return where if chosen == "keep" else ""

    def good(self, text: str) -> None:
        """Say that something is well."""
        self.console.print(f"[green]✓[/green] {escape(text)}")

    def bad(self, text: str) -> None:
        """Say that something is wrong."""
        self.console.print(f"[red]✗[/red] {escape(text)}")

    def tell(self, text: str) -> None:
        """Say something on lines of its own."""
        self.console.print(escape(text))


async def _checked(opened: AbstractAsyncContextManager[Channel], address: str) -> tuple[str, str]:
    async with opened as channel:
        return (await channel.check([address]))[-1]
