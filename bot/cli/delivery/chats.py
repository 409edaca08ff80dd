"""The list of chats."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any

from bot.channels import all_kits
from bot.cli.console import Console, page_count, print_json, spell_time
from bot.config.settings import Settings
from bot.delivery.hours import DeliveryHours
from bot.ledger.ledger import open_ledger
from bot.ledger.status import ListedChat, WhichChats

_TIMES = ("since", "paused_since", "last_message")
_COLUMNS = ("chat", "kind", "layout", "hours", "sources", "since", "last message", "paused")


async def show_chats(settings: Settings, which: WhichChats, *, page: int, limit: int, as_json: bool) -> None:
    """Print a page of the chats that receive; with `limit` 0 all of them."""
    async with open_ledger(settings.store.url) as ledger:
        total, found = await ledger.status.chats(which, limit, (page - 1) * limit)
    pages = page_count(total, limit)
    chats = list(map(_spelled(settings), found))
    if as_json:
        print_json({"chats": chats, "total": total, "page": page, "pages": pages})
        return
    console = Console()
    if chats:
        console.print_table(_COLUMNS, list(map(_cells, chats)))
    console.print_total(total, "chat", page, pages)


def _spelled(settings: Settings) -> Callable[[ListedChat], dict[str, Any]]:
    """Make what gives the fields of a chat: what it did not choose is the operator's, and times are spelled out."""
    own = {name: kit.read(settings) for name, kit in all_kits().items()}
    layouts = {name: found.layout for name, found in own.items() if found}
    hours = cache(lambda spelled: str(DeliveryHours.for_chat(settings, spelled)))

    def spell(one: ListedChat) -> dict[str, Any]:
        chosen = {"layout": one.layout or layouts.get(one.channel, ""), "hours": hours(one.hours)}
        times = {name: spell_time(getattr(one, name), settings.zone) for name in _TIMES}
        found = asdict(one)
        takes = json.loads(found.pop("takes") or "[]")
        return {**found, **chosen, "sources": takes or settings.source_names, **times}

    return spell


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    named = (one["label"], one["kind"], one["layout"], one["hours"], ", ".join(one["sources"]))
    return (*named, _minute(one["since"]), _minute(one["last_message"]), _paused(one))


def _minute(time: str | None) -> str:
    return (time or "")[:16].replace("T", " ")


def _paused(one: dict[str, Any]) -> str:
    since = _minute(one["paused_since"]) or "an earlier version"
    return f"since {since}: {one['why']}" if one["is_paused"] else ""
