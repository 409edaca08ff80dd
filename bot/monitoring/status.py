"""How the recent digests stand in the chats, and which chats are paused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, tzinfo

from bot.config.settings import Settings
from bot.database.states import DeliveryState, DigestState
from bot.ledger.ledger import Ledger
from bot.ledger.records.reports import ChatStatus, DerivedState, DigestStatus, PausedChat, Totals
from formatters.locale import Phrases
from formatters.locale.reasons import in_language

_WAITING = {DeliveryState.PENDING, DeliveryState.STALE, DeliveryState.UNCONFIRMED, DeliveryState.RECALLING}
_SETTLED = (DeliveryState.SENT, DeliveryState.RECALLED, DerivedState.SCHEDULED, DerivedState.DISCARDED)


async def recent_status(ledger: Ledger, settings: Settings) -> list[tuple[DigestStatus, list[ChatStatus]]]:
    """Tell how the recent digests stand in every chat.

    With many chats this blocks the event loop: use it only where nothing else runs.
    """
    recent = [(one, _by_chat(ledger, one)) for one in await _recent(ledger, settings)]
    return [(one, await chats(one.source, one.name)) for one, chats in recent]


def _by_chat(ledger: Ledger, one: DigestStatus) -> Callable[[str, str], Awaitable[list[ChatStatus]]]:
    """Give what counts a digest in each chat; of one that is over, only what is not settled is known."""
    return ledger.status.open_by_chat if one.is_over else ledger.status.by_chat


async def totals(ledger: Ledger, settings: Settings, most: int) -> list[tuple[DigestStatus, Totals]]:
    """Tell how the recent digests stand in all chats together, each with at most so many problems."""
    return [(one, await ledger.status.totals(one.source, one.name, most)) for one in await _recent(ledger, settings)]


async def unsettled_lines(ledger: Ledger, settings: Settings) -> list[str]:
    """Say what of the recent digests is not settled as sent, a line each; paused chats are left out."""
    lines = []
    for digest_status, chats in await _open_chats(ledger, settings):
        if digest_status.waits:
            lines.append(f"{digest_status.name}: {digest_status.state}: {digest_status.reason}")
        lines += [line for one in chats for line in _open(one)]
    return lines


async def waiting_chats(ledger: Ledger, settings: Settings) -> int:
    """Count the chats that wait for something of the recent digests and are not paused."""
    found = [one for _, chats in await _open_chats(ledger, settings) for one in chats]
    return len({(one.channel, one.chat) for one in found if one.counts.keys() & _WAITING})


def paused_line(one: PausedChat, said: Phrases, zone: tzinfo) -> str:
    """Say since when, in this time zone, and why a chat is paused."""
    since = said.before if one.since is None else f"{datetime.fromtimestamp(one.since, zone):%Y-%m-%d %H:%M}"
    line = said.paused_chat.format(where=one.label, since=since, why=in_language(one.why, said.language))
    return f"{line} {said.is_tried}" if one.is_tried else line


async def _open_chats(ledger: Ledger, settings: Settings) -> list[tuple[DigestStatus, list[ChatStatus]]]:
    """List how the recent digests stand where they are not settled as sent, without paused chats."""
    paused = {(one.channel, one.chat) for one in await ledger.status.paused()}
    found = [(one, await ledger.status.open_by_chat(one.source, one.name)) for one in await _recent(ledger, settings)]
    return [(one, [chat for chat in chats if (chat.channel, chat.chat) not in paused]) for one, chats in found]


async def _recent(ledger: Ledger, settings: Settings) -> list[DigestStatus]:
    """List what is out of the ordinary, then the recent digests; a held one only while nothing newer came.

    That is what its date keeps back, and what was sent, dropped or recalled by hand as long as it is not settled.
    """
    most = settings.schedule.catch_up * max(1, len(settings.sources))
    kept_back, recent = await ledger.status.kept_back(most), await ledger.status.recent_digests(most)
    newest = {digest_status.source: digest_status.name for digest_status in recent}
    by_hand = await ledger.status.open_by_hand(most)
    shown = [one for one in recent if one.state is DigestState.ACTIVE or one.name == newest[one.source]]
    first = [one for one in (*kept_back, *by_hand) if one not in shown]
    return list(dict.fromkeys(first)) + shown


def _open(one: ChatStatus) -> list[str]:
    counts = ", ".join(f"{count} {state}" for state, count in one.counts.items() if state not in _SETTLED)
    why = f": {'; '.join(one.problems)}" if one.problems else ""
    return [f"{one.digest} {one.label}: {counts}{why}"] if counts else []
