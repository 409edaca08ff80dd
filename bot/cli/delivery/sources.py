"""The list of sources, and how the last look at each went."""

from __future__ import annotations

from dataclasses import asdict
from datetime import tzinfo

from rich.filesize import decimal
from rich.markup import escape

from bot.archive.sources import LastLook, LookCost
from bot.cli.console import Console, plural, print_json, spell_minute, spell_time
from bot.config.settings import Settings
from bot.ledger.ledger import open_ledger

_COLUMNS = ("source", "kind", "last look", "newest post", "posts", "digests", "papers", "it cost")


async def show_sources(settings: Settings, *, as_json: bool) -> None:
    """Print the sources of the settings; what the last look found and cost is kept in the ledger."""
    async with open_ledger(settings.store.url) as ledger:
        looks = await ledger.sources.last_looks()
    listed = [(one.name, one.kind, looks.get(one.name)) for one in settings.sources]
    if as_json:
        spelled = [{"name": name, "kind": kind, **_as_json(look, settings.zone)} for name, kind, look in listed]
        print_json({"sources": spelled})
        return
    console = Console()
    console.print_table(_COLUMNS, [(name, kind, *_cells(look, settings.zone)) for name, kind, look in listed])
    for _, _, look in listed:
        if look and (line := _problem(look, settings.zone)):
            console.print(escape(f"  {look.name}: {line}"), style="yellow")


def _as_json(look: LastLook | None, zone: tzinfo) -> dict[str, object]:
    """Give what is known of the last look; of one that there never was, that it was not."""
    if look is None:
        return {"looked_at": None}
    times = {name: spell_time(getattr(look, name), zone) for name in ("looked_at", "failing_since")}
    found = {"newest": look.newest, "problem": look.problem, "error": look.error}
    return {**times, **found, **asdict(look.survey), "cost": asdict(look.cost)}


def _cells(look: LastLook | None, zone: tzinfo) -> tuple[str, ...]:
    if look is None:
        return ("never", *[""] * (len(_COLUMNS) - 3))
    counts = (look.survey.posts, look.survey.digests, look.survey.papers)
    return (spell_minute(look.looked_at, zone), look.newest, *map(str, counts), _cost(look.cost))


def _cost(cost: LookCost) -> str:
    asked = [plural(cost.requests, "request")] if cost.requests else []
    came = [decimal(cost.bytes)] if cost.bytes else []
    return ", ".join([*asked, *came, f"{cost.seconds:.1f} s"])


def _problem(look: LastLook, zone: tzinfo) -> str:
    """Say why a source cannot be read, and since when, else what a person must look at."""
    if look.failing_since is None:
        return look.problem
    return f"cannot be read since {spell_minute(look.failing_since, zone)}: {look.error}"
