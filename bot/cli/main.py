"""The commands a person types. What a command needs is imported in it, so that --help comes at once."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bot.cli import options
from bot.cli.delivery import commands as by_hand
from bot.cli.ledger import commands as whole
from bot.cli.options import CHANNELS, NAMES, Channel, Config, Json, Verbose, duration, known_channel
from bot.cli.program import Group, app, perform, settings_of
from bot.cli.streams import make_streams_safe
from bot.errors import LedgerError, PaperboyError

__all__ = ["app", "main"]

# What we make holds who receives what, and at times tokens: ledger, lock, copies are read by their owner alone.
_ONLY_OURS = 0o077


@app.command(rich_help_panel=Group.SET_UP)
def demo(web: options.BesidePage = None) -> None:
    """Deliver a sample digest to this terminal and to your browser, and answer /paper 3, /papers, /help there.

    The page is for this machine alone. Where nobody sits at a terminal, as in a pipe, there is none without --web.
    """
    from bot.cli.setup.demo.command import show

    show(web=web)


@app.command(rich_help_panel=Group.SET_UP)
def init(
    context: typer.Context,
    answers: Annotated[
        Path | None, typer.Option("--answers", metavar="FILE", help="Answers, as TOML, instead of questions.")
    ] = None,
    config: Config = None,
) -> None:
    """Set up by questions: finds your chat, reads your posts, writes the settings, sends the first paper.

    Exits with 0, with 2 when something cannot be done, with 130 when you stop it.
    """
    from bot.cli.init.guide import run

    sys.exit(run(config or context.obj, answers))


@app.command(rich_help_panel=Group.SET_UP)
def preview(
    context: typer.Context,
    posts: Annotated[list[Path], typer.Argument(metavar="POST…", help="Files or folders of posts.")],
    channel: Channel = None,
    paper: Annotated[str, typer.Option(metavar="N|all", help="The full summary of one paper or of all.")] = "",
    json: Annotated[bool, typer.Option("--json", help="The arguments of each send call, as a JSON list.")] = False,
    web: options.InBrowser = False,
    html: options.SavedPage = None,
    png: options.Picture = None,
    config: Config = None,
) -> None:
    """Show what would be sent; nothing is sent.

    Exits with 0, with 1 when nothing would be sent of one that is named, with 2 when one cannot be read.
    """
    own = settings_of(config or context.obj)
    options.refuse_pairs(web=web, saved=bool(html or png), alone={"--json": json, "--channel": bool(channel)})
    if html or png:
        from bot.cli.setup.preview.saving import save

        sys.exit(save(own, posts, paper=paper, html=html, png=png))
    if web:
        from bot.cli.setup.preview.browser import serve_forever

        serve_forever(own, posts, paper=paper)
    from bot.cli.setup.preview.terminal import show

    sys.exit(show(own, posts, channel or "terminal", paper=paper, as_json=json))


@app.command(rich_help_panel=Group.SET_UP)
def explain(
    context: typer.Context,
    post: Annotated[Path, typer.Argument(metavar="POST", help="A file.")],
    json: Json = False,
    config: Config = None,
) -> None:
    """Show how a post was read: its day, its papers and their lines, what is no paper's, words that are lost.

    Exits with 0, with 1 when it has no paper, with 2 when it cannot be read.
    """
    from bot.cli.setup.explain import show

    sys.exit(show(settings_of(config or context.obj), post, as_json=json))


@app.command(rich_help_panel=Group.SET_UP)
def settings(
    markdown: Annotated[bool, typer.Option("--markdown", help="The same as a table in Markdown.")] = False,
) -> None:
    """List all settings: defaults, meanings, names in the environment."""
    from bot.cli.setup.settings import show

    show(markdown=markdown)


@app.command(rich_help_panel=Group.SET_UP)
def doctor(context: typer.Context, config: Config = None) -> None:
    """Check settings, sources, ledger, tokens, rights in each chat and the clock. Exits with 1 when something fails."""
    from bot.cli.setup.doctor import examine
    from bot.config.loading import files

    file = config or context.obj
    sys.exit(perform(partial(examine, files=files(file)), file))


@app.command(rich_help_panel=Group.DELIVER)
def deliver(
    context: typer.Context,
    longest: Annotated[
        timedelta | None,
        typer.Option("--for", parser=duration, metavar="DURATION", help='The longest it may take, such as "10m".'),
    ] = None,
    verbose: Verbose = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go where, and how long it takes; send and write nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="What a dry run says as JSON.")] = False,
    config: Config = None,
) -> None:
    """Find what is new, plan it and send it, now.

    Ends by itself when nothing was settled for a minute; what waits then is left to the next run.

    Exits with 0 when all is settled, 1 when something needs a person, 2 when it could not run, 3 when something waits.
    """
    if dry_run:
        from bot.cli.delivery.dry_run import show_dry_run

        sys.exit(perform(partial(show_dry_run, as_json=json), config or context.obj))
    if json:
        raise typer.BadParameter("it goes with --dry-run alone.", param_hint="--json")
    from bot.cli.delivery.deliver import deliver_once

    sys.exit(perform(partial(deliver_once, longest=longest, verbose=verbose), config or context.obj))


@app.command(rich_help_panel=Group.DELIVER)
def run(context: typer.Context, verbose: Verbose = False, config: Config = None) -> None:
    """Deliver every day by the schedule, until stopped."""
    from bot.app.assembly import run_forever

    perform(run_forever, config or context.obj, "DEBUG" if verbose else "INFO")


@app.command(rich_help_panel=Group.OPERATE)
def status(
    context: typer.Context,
    json: Json = False,
    config: Config = None,
) -> None:
    """Show the receipt: per digest and chat what was sent, what was not and why; and the next run."""
    from bot.cli.delivery.status import show_status

    perform(partial(show_status, as_json=json), config or context.obj)


@app.command(rich_help_panel=Group.OPERATE)
def sources(
    context: typer.Context,
    json: Json = False,
    config: Config = None,
) -> None:
    """List the sources: kind, last look and what it found and cost, newest post, why one cannot be read since when."""
    from bot.cli.delivery.sources import show_sources

    perform(partial(show_sources, as_json=json), config or context.obj)


@app.command(rich_help_panel=Group.OPERATE, context_settings=NAMES)
def chats(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A part of the title, name or address.")] = "",
    paused: Annotated[bool, typer.Option("--paused", help="Only chats that cannot be written to.")] = False,
    channel: Annotated[str | None, typer.Option(parser=known_channel, metavar=CHANNELS, help="Only these.")] = None,
    page: Annotated[int, typer.Option(min=1, help="Which page of the list.")] = 1,
    limit: Annotated[int, typer.Option(min=0, help="Chats on a page; 0: all.")] = 50,
    json: Json = False,
    config: Config = None,
) -> None:
    """List the chats that receive: title, kind, layout, hours, since when, whether it is paused, its last message."""
    from bot.cli.delivery.chats import show_chats
    from bot.ledger.status import WhichChats

    which = WhichChats(text, channel or "", is_paused=paused)
    perform(partial(show_chats, which=which, page=page, limit=limit, as_json=json), config or context.obj)


@app.command(rich_help_panel=Group.OPERATE)
def health(context: typer.Context, json: Json = False, config: Config = None) -> None:
    """Tell whether `paperboy run` is well. Exits with 0, with 1 and a line per reason, or with 2 if it cannot look."""
    from bot.cli.delivery.health import show_health

    sys.exit(show_health(settings_of(config or context.obj), as_json=json))


app.command(rich_help_panel=Group.OPERATE, context_settings=NAMES)(by_hand.retry)
app.command(rich_help_panel=Group.OPERATE, context_settings=NAMES)(by_hand.discard)
app.command(rich_help_panel=Group.OPERATE, context_settings=NAMES)(by_hand.send)
app.command(rich_help_panel=Group.OPERATE, context_settings=NAMES)(by_hand.drop)
app.command(rich_help_panel=Group.OPERATE, context_settings=NAMES)(by_hand.recall)


@app.command(rich_help_panel=Group.OPERATE)
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file; one that exists is left alone.")],
    config: Config = None,
) -> None:
    """Copy the ledger to FILE, while it is in use. For one in PostgreSQL, say which command does that; exits with 2."""
    from bot.cli.console import say
    from bot.database.sqlite.backup import backup

    store = settings_of(config or context.obj).store
    if store.file is None:
        from bot.database.postgres.addresses import dump_command, shown

        raise LedgerError(f"ledger {shown(store.url)}: PostgreSQL copies it itself: {dump_command(store.url, file)}")
    say(f"{file}: {backup(store.file, file):,} bytes, checked")


app.command(rich_help_panel=Group.OPERATE)(whole.migrate_ledger)


def main() -> None:
    """Run the program; what can happen ends in a line or two, never in a traceback."""
    os.umask(_ONLY_OURS)
    make_streams_safe()
    try:
        app()
    except PaperboyError as error:
        _fail(str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, a line tells it
        _fail(_unexpected(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(text: str) -> NoReturn:
    from bot.cli.console import warn

    for line in text.splitlines():
        warn(f"paperboy: {line}")
    sys.exit(2)


def _unexpected(error: Exception) -> str:
    """Put an error that nobody expected into words; its traceback is for the log of `run` alone."""
    import logging

    from bot.log import unexpected

    logging.getLogger("paperboy").info("unexpected", exc_info=error)
    return unexpected(error)
