"""What a run would send, where, and how long it takes: planned in a copy of the ledger, and nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import tzinfo
from enum import IntEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.app.assembly import App, open_app
from bot.cli.console import plural, print_json, say, spell_minute, spell_time, warn
from bot.config.settings import Settings
from bot.database.sqlite.backup import backup
from bot.database.sqlite.engine import refuse_moved
from bot.delivery.channel import Channel, ChatWork
from bot.errors import SettingsError
from bot.ledger.ledger import DueWork

# In a transaction that is rolled back, its locks would hold up the workers until all sources are read.
_NO_COPY = (
    "a dry run plans in a copy of the ledger, and of one in PostgreSQL none is made here; `paperboy preview` shows "
    "what posts become, and `paperboy status` what waits"
)


class ExitCode(IntEnum):
    """How it ended."""

    TOLD = 0
    COULD_NOT_LOOK = 2


async def show_dry_run(settings: Settings, *, as_json: bool) -> ExitCode:
    """Print what `deliver` would do; what sources cannot be read is told, and the rest is planned."""
    if settings.store.file is None:
        raise SettingsError(_NO_COPY)
    with TemporaryDirectory() as folder:
        async with open_app(_on_copy(settings, settings.store.file, Path(folder))) as app:
            errors = await app.cycle.plan(at_once=True, resume=True, identify=False)
            problems = [*app.cycle.problems(), *map(str, errors)]
            now, due = app.ledger.clock(), await app.ledger.due_work()
            seconds = _seconds(app, [one for one in due if one.at <= now])
    for problem in problems:
        warn(problem)
    if as_json:
        listed = [{**asdict(one), "at": spell_time(one.at, settings.zone) if one.at > now else None} for one in due]
        print_json({"deliveries": listed, "seconds": round(seconds, 1)})
    else:
        _print(due, seconds, now, settings.zone)
    return ExitCode.COULD_NOT_LOOK if errors else ExitCode.TOLD


def _on_copy(settings: Settings, ledger: Path, folder: Path) -> Settings:
    """Give the settings with a copy of the ledger in place of it; where there is none, it would be a new one."""
    copy = folder / ledger.name
    refuse_moved(ledger)
    if ledger.exists():
        backup(ledger, copy)
    store = settings.store.model_copy(update={"url": f"sqlite:///{copy}"})
    return settings.model_copy(update={"store": store})


def _seconds(app: App, due: Sequence[DueWork]) -> float:
    """Give how long it takes to do what is due: platforms are served at the same time."""
    by_channel = {name: [one for one in due if one.channel == name] for name in app.channels}
    return max((_of_channel(app.channels[name], theirs) for name, theirs in by_channel.items()), default=0.0)


def _of_channel(channel: Channel, due: Sequence[DueWork]) -> float:
    work: dict[str, ChatWork] = {}
    for one in due:
        before = work.get(one.address, ChatWork(one.address))
        more = (before.sends + one.messages, before.edits + one.edits, before.deletions + one.deletions)
        work[one.address] = ChatWork(one.address, *more)
    return channel.seconds_for(list(work.values()))


def _print(due: Sequence[DueWork], seconds: float, now: float, zone: tzinfo) -> None:
    for one in due:
        when = "now" if one.at <= now else f"at {spell_minute(one.at, zone)}"
        say(f"{one.label}, {one.digest}: {_counted(one.counts)}, {when}")
    total: dict[str, int] = {}
    for one in due:
        total = {what: count + total.get(what, 0) for what, count in one.counts.items()}
    took = plural(max(1, round(seconds)), "second")
    how_long = f"; what is due now takes about {took} at the learnt pace" if any(one.at <= now for one in due) else ""
    say(f"{_counted(total) or 'nothing to send'}{how_long}; this was a dry run, nothing is sent or written")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(plural(count, what) for what, count in counts.items() if count)
