"""The commands about the archive. What one needs is imported in it, so that --help comes at once."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from bot.cli.help import Group
from bot.cli.options import Config, Json, Page, Since
from bot.cli.program import app, perform


@app.command("import", rich_help_panel=Group.LOOK_UP)
def import_past(
    context: typer.Context,
    what: Annotated[list[str], typer.Argument(metavar="FOLDER|SOURCE…", help="Folders of posts, names of sources.")],
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="Whose past the folders are; without it, the only source's.")
    ] = "",
    config: Config = None,
) -> None:
    """Fill the archive with the past; nothing of it is sent. Exits with 0, with 2 when one could not be read."""
    from bot.cli.archive import importing

    done = perform(partial(importing.import_past, named=what, owner=source), config or context.obj)
    sys.exit(0 if done else 2)


@app.command(rich_help_panel=Group.LOOK_UP)
def digests(
    context: typer.Context,
    since: Since = None,
    page: Page = 1,
    limit: Annotated[int, typer.Option(min=0, help="Digests on a page; 0: all.")] = 50,
    json: Json = False,
    config: Config = None,
) -> None:
    """List the digests of the archive, newest first: day, name, source, state, papers, chats that have it."""
    from bot.cli.archive.digests import show_digests

    perform(partial(show_digests, since=since, page=page, limit=limit, as_json=json), config or context.obj)
