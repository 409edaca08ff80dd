"""The commands about the archive, and the one that moves the ledger, which `main` registers in its place.

What one needs is imported in it, so that --help comes at once.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.options import Config, Json, Page, Since
from bot.cli.program import Group, app, perform


class Kind(StrEnum):
    """The name of a format."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    BIBTEX = "bibtex"
    RIS = "ris"
    MARKDOWN = "markdown"


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
    from bot.cli.ledger import importing

    done = perform(partial(importing.import_past, named=what, owner=source), config or context.obj)
    sys.exit(0 if done else 2)


@app.command(rich_help_panel=Group.LOOK_UP)
def export(
    context: typer.Context,
    kind: Annotated[Kind, typer.Option("--format", help="What is written.")],
    since: Since = None,
    query: Annotated[str, typer.Option("--query", metavar="WORDS", help="Only papers that have all of them.")] = "",
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; else to standard output.")] = None,
    config: Config = None,
) -> None:
    """Write the papers of the archive for other programs, older first."""
    from bot.cli.ledger import exporting

    work = partial(exporting.export, kind=kind, since=since, words=query, output=output)
    perform(work, config or context.obj)


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
    from bot.cli.ledger.digests import show_digests

    perform(partial(show_digests, since=since, page=page, limit=limit, as_json=json), config or context.obj)


def migrate_ledger(
    context: typer.Context,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="postgresql://user:password@host/name; without it, store.url.")
    ] = "",
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="The ledger's file, where store.url is the new place.")
    ] = None,
    config: Config = None,
) -> None:
    """Move the ledger to PostgreSQL: all of it or nothing. Refused while Paperboy runs. Exits with 0, else with 2."""
    from bot.cli.ledger.moving import move

    perform(partial(move, url=url, file=file), config or context.obj)
