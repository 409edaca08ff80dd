"""The list of digests."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from bot.archive.contents import ArchivedDigest
from bot.cli.console import Console, page_count, print_json
from bot.config.settings import Settings
from bot.ledger.ledger import open_ledger
from formatters.locale import phrases

_STATES = phrases("en").digest_states
_COLUMNS = ("day", "digest", "source", "state", "papers", "chats")


async def show_digests(settings: Settings, since: date | None, *, page: int, limit: int, as_json: bool) -> None:
    """Print a page of the digests that the archive holds, newest first; with `limit` 0 all of them."""
    async with open_ledger(settings.store.url) as ledger:
        total, found = await ledger.archive.contents.listed(since, limit, (page - 1) * limit)
    pages = page_count(total, limit)
    if as_json:
        listed = [{**asdict(one), "day": one.day.isoformat()} for one in found]
        print_json({"digests": listed, "total": total, "page": page, "pages": pages})
        return
    console = Console()
    if found:
        console.print_table(_COLUMNS, list(map(_cells, found)))
    console.print_total(total, "digest", page, pages)


def _cells(one: ArchivedDigest) -> tuple[str, ...]:
    state = f"{_STATES[one.state]}: {one.why}" if one.why else _STATES[one.state]
    chats = "-" if one.chats is None else str(one.chats)
    return (str(one.day), one.name, one.source, state, str(one.papers), chats)
