"""Look at everything a delivery needs, and say what to do for each thing that fails."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from rich.markup import escape

from bot.app.assembly import App, open_app
from bot.channels import all_kits
from bot.cli.console import Console, plural
from bot.cli.setup.rights import ledger_files, open_to_all
from bot.config.settings import Settings
from bot.config.sources import Source as SourceSettings
from bot.database.states import DigestState
from bot.delivery.channel import Channel, listed_chats
from bot.delivery.hours import DeliveryHours
from bot.delivery.readiness import unfinished_reason
from bot.errors import PaperboyError, SettingsError, SourceError
from bot.log import unexpected
from bot.sources.source import Source

_CLOCK_TOLERANCE = 60.0  # seconds

# By kind of source: what to do where its posts are not understood, and where there are none.
_CURES: Mapping[str, tuple[str, str]] = {
    "folder": ("`paperboy explain POST` shows how one was read", "check path and match"),
    "git": ("`paperboy explain POST` shows how a file of it was read", "check url, branch, path and match"),
    "feed": ('where each entry is a paper, set entries = "papers"', "open its url in a browser, and check match"),
}

Finding = tuple[str, str]  # what was looked at, and what to do about it: "" when all is well


async def examine(settings: Settings, files: Sequence[Path] = ()) -> int:
    """Print a line for each thing looked at, then for each file that all can read; give 1 when something fails.

    `files` are those that settings are read from.
    """
    console = Console()
    failed = 0
    async for what, cure in _findings(settings):
        failed += bool(cure)
        mark = "[red]✗[/red]" if cure else "[green]✓[/green]"
        console.print(f"{mark} {escape(what)}{escape(': ' + cure) if cure else ''}")
    for path, cure in open_to_all([*files, *ledger_files(settings.store.path)]):
        console.print(f"[yellow]![/yellow] {escape(f'{path}: {cure}')}")
    return 1 if failed else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield "settings", ""
    try:
        async with open_app(settings) as app:
            yield f"ledger {settings.store.url.removeprefix('sqlite:///')}", ""
            for source in app.cycle.sources:
                for finding in await _source(app, source):
                    yield finding
            for finding in await _channels(app):
                yield finding
            for finding in await _unsubscribed(app):
                yield finding
            for finding in _listening(app):
                yield finding
    except PaperboyError as error:
        yield "set-up", str(error)
        return
    yield await _clock(settings)
    if url := settings.operators.heartbeat_url:
        yield (
            f"heartbeat {urlsplit(url.get_secret_value()).hostname}, called each day at {settings.schedule.at:%H:%M}",
            "",
        )
    yield (
        f"next run {DeliveryHours.for_chat(settings).next_after(datetime.now(UTC)):%Y-%m-%d %H:%M} {settings.timezone}",
        "",
    )


async def _source(app: App, source: Source) -> Sequence[Finding]:
    source.state = await app.ledger.sources.state(source.name)  # read, never kept: `run` may be at work
    try:
        found = await source.digests()
    except SourceError as error:
        return [(f"source {source.name}", str(error))]
    except Exception as error:  # noqa: BLE001 - whatever it is, all else is looked at
        return [(f"source {source.name}", unexpected(error))]
    odd = [(f"source {source.name}", problem) for problem in source.problems.values()]
    if not found:
        return [*odd, _nothing_found(app, source)]
    newest = found[-1]
    unread = source.survey.problem(has_given=True)
    why = unfinished_reason(newest.digest, 0)
    empty = f"the newest post looks unfinished: {why.sentence(DigestState.HELD)}" if why else ""
    last = f"the newest {newest.post} with {plural(len(newest.digest.papers), 'paper')}"
    return [*odd, (f"source {source.name}: {source.survey}, {last}", unread or empty)]


def _nothing_found(app: App, source: Source) -> Finding:
    if not (problem := source.survey.problem(has_given=False)):
        return f"source {source.name}: {source.survey}", ""
    own = next(one for one in app.settings.sources if one.name == source.name)
    is_unread = bool(source.survey.posts)
    return f"source {source.name}", f"{problem}; {cure_of(own, is_unread=is_unread)}"


def cure_of(source: SourceSettings, *, is_unread: bool) -> str:
    """Say what to do about a source that gives no digest: its posts are not understood, or it has none."""
    if source.kind == "feed" and source.has_papers:
        return "the feed has no entries; open its url in a browser"
    unread, empty = _CURES[source.kind]
    return unread if is_unread else empty


async def _channels(app: App) -> Sequence[Finding]:
    findings: list[Finding] = []
    for name, channel in app.channels.items():
        own = app.kits[name].read(app.settings)
        chats = tuple(dict.fromkeys((*own.chats, *own.operator_chats))) if own else ()
        titled = await app.ledger.status.labels(name)
        findings += [
            (titled.get(what, f"{name} {what}"), cure.removeprefix(f"{what}: "))
            for what, cure in await channel.check(chats)
        ]
        findings += await _listed_twice(channel, own.chats if own else ())
    return findings


async def _unsubscribed(app: App) -> Sequence[Finding]:
    found = await app.ledger.incidents.unsubscribed(listed_chats(app.kits, app.settings))
    cure = "its people unsubscribed it; take it out of the settings, or let them /subscribe"
    return [(one.where, cure) for one in found]


async def _listed_twice(channel: Channel, chats: Sequence[str]) -> list[Finding]:
    """Find the chats that the settings name twice; the channel was asked about all of them."""
    names: dict[str, list[str]] = {}
    for chat in chats:
        names.setdefault(await channel.canonical_address(chat), []).append(chat)
    cure = f"one chat; it gets everything once: leave one of these names in {channel.name}.chats"
    return [(f"{channel.name} {', '.join(same)}", cure) for same in names.values() if len(same) > 1]


def _listening(app: App) -> Sequence[Finding]:
    """Say of each channel whether readers can talk to the bot while `run` runs."""
    try:
        app.listeners()
    except SettingsError as error:
        return [("commands", str(error))]
    own = {name: app.kits[name].read(app.settings) for name in app.channels}
    heard = {name: found is not None and found.listens for name, found in own.items()}
    return [(f"{name} {'listens to commands' if heard[name] else 'delivers only'}", "") for name in heard]


async def _clock(settings: Settings) -> Finding:
    """Compare our clock with that of a server we talk to anyway: times decide when rows are due."""
    platforms = [own for kit in all_kits().values() if (own := kit.read(settings))]
    address = next((own.web_address for own in reversed(platforms) if own.chats), platforms[0].web_address)
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            theirs = (await client.get(address)).headers.get("Date", "")
        off = time.time() - parsedate_to_datetime(theirs).timestamp()
    except (httpx.HTTPError, ValueError):
        return "clock", f"cannot be compared: {address} does not tell the time"
    if abs(off) > _CLOCK_TOLERANCE:
        return "clock", f"off by {off:+.0f} seconds; let the system keep the time (NTP)"
    return "clock", ""
