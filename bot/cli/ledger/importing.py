"""Fill the archive with the past, without sending anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.app.cycle import read
from bot.cli.console import Console, plural, say, warn
from bot.cli.ledger.reading import sources_of
from bot.config.settings import Settings
from bot.delivery.recognition import recognise
from bot.errors import SourceError
from bot.ledger.ledger import Ledger, open_ledger
from bot.sources.source import FoundDigest, Source

_AT_ONCE = 20  # digests in a transaction: between two of them readers are answered


async def import_past(settings: Settings, named: Sequence[str], owner: str) -> bool:
    """Write the digests of folders and sources into the archive; tell whether all of them could be read.

    Nothing of them is ever sent. What has no papers, or is dated in the future, is left to come as news.
    """
    sources = sources_of(named, owner, settings)
    async with open_ledger(settings.store.url) as ledger, ledger.delivery_lock(asyncio.Event(), warn):
        today = datetime.fromtimestamp(ledger.clock(), settings.zone).date()
        with _progress() as bar:
            done = [await _import(source, ledger, today, bar) for source in sources]
    return all(done)


async def _import(source: Source, ledger: Ledger, today: date, bar: Progress) -> bool:
    """Import one source and say what came of it; tell whether it could be read."""
    task = bar.add_task(f"reading {source.name}", total=None)
    try:
        found = await read(source, ledger, None)
    except SourceError as error:
        warn(str(error))
        return False
    for problem in source.problems.values():
        warn(problem)
    known = await ledger.known_digests(source.name)
    names = {one.name for one in known}
    there = recognise(found, known)
    past = [one for one in there if one.digest.papers and one.digest.day <= today]
    new = [one for one in past if one.digest.id not in names]
    bar.update(task, description=f"importing {source.name}", total=_papers(new))
    for start in range(0, len(new), _AT_ONCE):
        some = new[start : start + _AT_ONCE]
        await ledger.archive.contents.add(source.name, some)
        bar.update(task, advance=_papers(some))
    _say(source, new, known=len(past) - len(new), left=len(there) - len(past))
    return True


def _say(source: Source, new: Sequence[FoundDigest], known: int, left: int) -> None:
    said = [f"{plural(len(new), 'digest')} imported, with {plural(_papers(new), 'paper')}"] if new else []
    said += [f"{plural(known, 'digest')} known already"] if known else []
    said += [f"{plural(left, 'digest')} left to come as news (without papers, or dated in the future)"] if left else []
    say(f"source {source.name}: {source.survey}")
    say(f"source {source.name}: {'; '.join(said) or 'nothing to import'}")


def _papers(found: Sequence[FoundDigest]) -> int:
    return sum(len(one.digest.papers) for one in found)


def _progress() -> Progress:
    """Make a bar that counts papers, on a terminal alone."""
    console = Console(stderr=True, soft_wrap=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)
