"""The program at a shell: its commands by what they are for, in the order in which an operator meets them."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Coroutine
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperGroup

from bot.cli.options import Config

if TYPE_CHECKING:
    from bot.config.settings import Settings

NAME = "paperboy"
Result = TypeVar("Result")


class Group(StrEnum):
    """What a command is for. Each is registered with one: `@app.command(rich_help_panel=Group.OPERATE)`."""

    SET_UP = "Set up"
    DELIVER = "Deliver"
    LOOK_UP = "Look up"
    OPERATE = "Operate"


class GroupedHelp(TyperGroup):
    """List commands under the headings of their groups.

    Typer does so by itself only with Rich, which takes twice the time of all else.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write a section for each group that has commands, all with the same columns."""
        column = max(map(len, self.commands))
        for group, names in groupby(sorted(self.commands, key=self._place), key=self._group):
            with formatter.section(group):
                formatter.write_dl(
                    [(f"{name:{column}}", self._short(name, formatter.width - column)) for name in names]
                )

    def _short(self, name: str, width: int) -> str:
        return self.commands[name].get_short_help_str(width - 6)  # for the distance between columns, as Typer has it

    def _place(self, name: str) -> int:
        return list(Group).index(self._group(name))

    def _group(self, name: str) -> Group:
        return Group(vars(self.commands[name])["rich_help_panel"])


app = typer.Typer(
    name=NAME,
    cls=GroupedHelp,
    help="Deliver the daily papers: a digest post becomes one chat message per paper, exactly once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,  # boxes and colours would take twice the time of all else
    context_settings={"max_content_width": 120},
)


@app.callback()
def _every(context: typer.Context, config: Config = None) -> None:
    context.obj = config


def settings_of(path: Path | None) -> Settings:
    """Load the settings of a file, or those that lie here."""
    from bot.config.loading import load

    return load(path)


def set_up_log(settings: Settings, level: str) -> None:
    """Log from this level on, without secrets."""
    import logging

    from bot.log import configure

    configure(settings.secrets, level=logging.getLevelNamesMapping()[level], zone=settings.zone)


def perform(
    work: Callable[[Settings], Coroutine[object, object, Result]], file: Path | None, level: str = "ERROR"
) -> Result:
    """Load the settings, log from this level on, and do what a command does with them to its end.

    Raises SettingsError where nothing is set up: a command in the wrong folder would begin a ledger there.
    """
    import asyncio

    settings = settings_of(file)
    _require_set_up(settings, file)
    set_up_log(settings, level)
    return asyncio.run(work(settings))


def _require_set_up(settings: Settings, file: Path | None) -> None:
    from bot.config.loading import files
    from bot.errors import SettingsError

    expected = files(file)[0]
    if not settings.sources and not expected.exists():
        raise SettingsError(f"there is no {expected}; `paperboy init` makes one, or name yours with --config FILE")


def called_as() -> str:
    """Give what runs this program when it is typed here: its name alone where the shell finds it by that."""
    if sys.argv[0].endswith(".py"):
        return f"{shlex.quote(_from_here(Path(sys.executable)))} -m bot"
    called, found = Path(sys.argv[0]).absolute(), shutil.which(NAME)
    is_found = bool(found) and os.path.realpath(str(found)) == os.path.realpath(called)
    return NAME if is_found else shlex.quote(_from_here(called))


def _from_here(program: Path) -> str:
    """Give a path from the working directory where it lies below, as a shell takes it for one."""
    here = Path.cwd()
    return f"./{program.name}" if program.parent == here else str(program).removeprefix(f"{here}/")
