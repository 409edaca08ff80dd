"""The receipt: how the recent digests stand in every chat."""

from __future__ import annotations

from bot.config import Settings
from bot.records import Receipt, Standing
from bot.states import DigestState
from bot.store import Store

_SETTLED = ("sent", "scheduled", "discarded")


async def receipt(store: Store, settings: Settings) -> list[tuple[Standing, list[Receipt]]]:
    """Tell how the recent digests stand in every chat; a held one only while nothing newer came."""
    recent = await store.standings(settings.schedule.catch_up * max(1, len(settings.sources)))
    newest = {standing.source: standing.name for standing in recent}
    shown = [one for one in recent if one.state is DigestState.ACTIVE or one.name == newest[one.source]]
    return [(one, await store.receipts(one.source, one.name)) for one in shown]


async def unsettled(store: Store, settings: Settings) -> list[str]:
    """Say what of the recent digests is not settled as sent, a line each."""
    lines = []
    for standing, receipts in await receipt(store, settings):
        if standing.waits:
            lines.append(f"{standing.name}: {standing.state}: {standing.reason}")
        lines += [line for one in receipts for line in _open(one)]
    return lines


def _open(one: Receipt) -> list[str]:
    counts = ", ".join(f"{count} {state}" for state, count in one.counts.items() if state not in _SETTLED)
    why = f": {'; '.join(one.problems)}" if one.problems else ""
    return [f"{one.digest} {one.channel} {one.chat}: {counts}{why}"] if counts else []
