"""Options and arguments that several commands take, and how they are read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.channels import MODULES

Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The settings file, instead of ./paperboy.toml.")
]


def known_channel(value: str) -> str:
    if value not in MODULES:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(map(repr, MODULES))}.")
    return value


def duration(value: str) -> object:
    from bot.config import fields

    try:
        return fields.duration(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def day(value: str) -> object:
    """Read a day; Typer's own gives a time."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} is no day; write one such as 2025-09-10.") from None


CHANNELS = f"<{'|'.join(MODULES)}>"
Channel = Annotated[
    str | None,
    typer.Option(parser=known_channel, metavar=CHANNELS, help="Where it would be sent.", show_default="terminal"),
]


Page = Annotated[int, typer.Option(min=1, help="Which page of the list.")]
Since = Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="Only this day and later: 2025-09-10.")]
Json = Annotated[bool, typer.Option("--json", help="The same as JSON.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="A line for each message, not only for each digest and chat.")]
BesidePage = Annotated[
    bool | None, typer.Option("--web/--no-web", " /--terminal", help="With the page, or without.", show_default=False)
]
InBrowser = Annotated[
    bool, typer.Option("--web", help="In a browser, as Telegram and Slack show it; again when a file changes.")
]
SavedPage = Annotated[Path | None, typer.Option(metavar="FILE", help="Save that page as one file.")]
Picture = Annotated[Path | None, typer.Option(metavar="FILE", help="Save a picture of it; needs a Chromium.")]


def refuse_pairs(*, web: bool, saved: bool, alone: dict[str, bool]) -> None:
    """Refuse what would be ignored: a page shows all channels, and is served or saved."""
    if web and saved:
        raise typer.BadParameter("it goes without --html and --png: those save the page.", param_hint="--web")
    for name in (one for one, given in alone.items() if given and (web or saved)):
        raise typer.BadParameter("it goes without --web, --html and --png.", param_hint=name)


def _name(metavar: str, what: str) -> Any:
    return typer.Argument(metavar=metavar, help=what, show_default=False)


Chat = Annotated[str, _name("CHAT", "One chat, as `status` names it; without it, all.")]
Digest = Annotated[str, _name("DIGEST", "One digest there; without it, all.")]
Key = Annotated[str, _name("KEY", "One message of it; without it, all.")]
# The names of some chats begin with "-", and are no options.
NAMES: dict[str, Any] = {"ignore_unknown_options": True}
