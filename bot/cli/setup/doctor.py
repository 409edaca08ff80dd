"""Look at everything a delivery needs, and say what to do for each thing that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from rich.markup import escape

from bot.app.assembly import App, open_app
from bot.cli.console import Console
from bot.cli.setup.checks import chats, machine, server, sources
from bot.cli.setup.checks.findings import Finding, Name
from bot.cli.setup.checks.network import Network
from bot.cli.setup.rights import ledger_files
from bot.config.settings import Settings
from bot.delivery.hours import DeliveryHours
from bot.errors import PaperboyError


async def examine(settings: Settings, files: Sequence[Path] = ()) -> int:
    """Print a line for each thing looked at, then for each file that all can read; give 1 when something fails.

    `files` are those that settings are read from.
    """
    console = Console()
    failed = 0
    async for finding in _findings(settings):
        failed += bool(finding.cure)
        mark = "[red]✗[/red]" if finding.cure else "[green]✓[/green]"
        console.print(f"{mark} {escape(str(finding))}")
    for finding in machine.files([*files, *ledger_files(settings.store.file)]):
        console.print(f"[yellow]![/yellow] {escape(str(finding))}")
    return 1 if failed else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding(Name.SET_UP, "settings")
    if settings.store.file is None:
        async for finding in server.look(settings.store.url):
            yield finding
    try:
        async with open_app(settings) as app:
            async for finding in _of(app):
                yield finding
    except PaperboyError as error:
        yield Finding(Name.SET_UP, "set-up", str(error))
        return
    for what in _plans(settings):
        yield Finding(Name.SET_UP, what)


async def _of(app: App) -> AsyncIterator[Finding]:
    """Look at all parts of the program."""
    if path := app.settings.store.file:
        yield await machine.ledger(path)
        for finding in machine.disk(path):
            yield finding
    async for finding in server.jobs(app):
        yield finding
    for source in app.cycle.sources:
        for finding in await sources.look(app, source):
            yield finding
    network = Network()
    for name in app.channels:
        if (own := app.kits[name].read(app.settings)) and own.web_address:
            await network.look(name, own.web_address)
    told = [*network.findings, *await chats.look(app, network.unreached), *await chats.unsubscribed(app)]
    for finding in (*told, *chats.listening(app), *filter(None, [network.clock()])):
        yield finding


def _plans(settings: Settings) -> Iterator[str]:
    """Say what will be done when."""
    if url := settings.operators.heartbeat_url:
        host = urlsplit(url.get_secret_value()).hostname
        yield f"heartbeat {host}, called each day at {settings.schedule.at:%H:%M}"
    following = DeliveryHours.for_chat(settings).next_after(datetime.now(UTC))
    yield f"next run {following:%Y-%m-%d %H:%M} {settings.timezone}"
