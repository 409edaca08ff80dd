"""The ledger's rows on the page of the demo, as they change."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.database.states import DeliveryState
from bot.ledger.ledger import Row
from bot.log import log, unexpected
from bot.pages.demo.chats import Chats
from bot.pages.demo.delivery import Delivery

State = DeliveryState
_STANDS = {State.SENT, State.STALE, State.EDITING}


@dataclass
class LedgerTable:
    """A line for each message, with its state in each chat."""

    chats: Chats
    delivery: Delivery
    lines: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # key, and the state by channel
    sent: int = 0
    all: int = 0

    async def run(self) -> None:
        """Show what changes, without end; after an error, with the next change."""
        while True:
            await self.delivery.changed.wait()
            self.delivery.changed.clear()
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - whatever it is, the chats go on
                log.error("demo", part="ledger", error=unexpected(error))

    async def refresh(self) -> None:
        rows = await self.delivery.ledger.all_rows()
        lines = _lines(rows)
        if lines == self.lines:
            return
        self.lines, self.all, self.sent = lines, len(rows), sum(row.state in _STANDS for row in rows)
        self.chats.put("ledger", "ledger", table=self)
        self.chats.put("progress", "progress", table=self)


def _lines(rows: list[Row]) -> list[tuple[str, dict[str, str]]]:
    """Put the states of one message in all chats into one line; papers are numbered as they come."""
    states: dict[str, dict[str, str]] = {}
    for row in rows:
        states.setdefault(row.key, {})[row.channel] = row.state.value
    return list(states.items())
