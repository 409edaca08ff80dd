"""The program at a shell: what all its commands are registered with, and how one is carried out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from bot.cli.help import GroupedHelp
from bot.cli.options import Config

if TYPE_CHECKING:
    from bot.config.settings import Settings

Result = TypeVar("Result")

app = typer.Typer(
    name="paperboy",
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
    """Load the settings, log from this level on, and do what a command does with them to its end."""
    import asyncio

    settings = settings_of(file)
    set_up_log(settings, level)
    return asyncio.run(work(settings))
