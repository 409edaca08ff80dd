"""What was delivered, added up: a line for each digest and chat, "19 sent in 19 s"."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.database.states import DeliveryState
from bot.ledger.records.deliveries import Chat, QueuedDelivery
from bot.log import log

_EDITED = "edited"
# What waits for another try is not counted: it is told when it is sent.
_COUNTED = (DeliveryState.SENT, _EDITED, DeliveryState.RECALLED, DeliveryState.FAILED, DeliveryState.UNCONFIRMED)


@dataclass
class DigestTally:
    """What became of the messages of a digest in a chat while it was worked on."""

    chat: Chat
    digest: str
    began: float  # seconds of the clock of `Tally`
    ended: float
    _outcomes: dict[str, str] = field(default_factory=dict)  # the last one of each message, by its delivery ref

    def add(self, row: QueuedDelivery, state: DeliveryState, now: float) -> None:
        """Note what a message was settled as."""
        is_edited = state == DeliveryState.SENT and row.state == DeliveryState.STALE
        self._outcomes[row.delivery_ref] = _EDITED if is_edited else state
        self.ended = now

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(self._outcomes.values())
        return {str(state): found[state] for state in _COUNTED if found[state]}

    @property
    def seconds(self) -> int:
        return max(1, math.ceil(self.ended - self.began))

    def __str__(self) -> str:
        return f"{', '.join(f'{count} {state}' for state, count in self.counts.items())} in {self.seconds} s"


def log_digest(one: DigestTally) -> None:
    """Log what was delivered of a digest to a chat."""
    where = {"channel": one.chat.channel, "chat": one.chat.name, "digest": one.digest}
    log.info("delivered", **where, summary=str(one), **one.counts, seconds=one.seconds)


class Tally:
    """Add up what is settled in each chat; tell of each digest when its chat goes on to another one, or rests."""

    def __init__(
        self, tell: Callable[[DigestTally], object] = log_digest, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._under_way: dict[int, DigestTally] = {}  # by the id of the chat

    @contextmanager
    def working(self, chat: Chat) -> Iterator[None]:
        """Take what is settled in a chat meanwhile as one piece of work."""
        self._begin(chat, "", self._clock())
        try:
            yield
        finally:
            self._finish(self._under_way.pop(chat.id))

    def settled(self, chat: Chat, row: QueuedDelivery, state: DeliveryState, why: str) -> None:
        """Note a row that was settled, unless it was left as it stands, with a reason, or no word of it changed."""
        one = self._under_way.get(chat.id)
        if one is None or (state == DeliveryState.SENT and (why or row.changes_links_alone)):
            return
        if one.digest != row.digest:
            self._finish(one)
            one = self._begin(chat, row.digest, one.ended)
        one.add(row, state, self._clock())

    def _begin(self, chat: Chat, digest: str, now: float) -> DigestTally:
        self._under_way[chat.id] = DigestTally(chat, digest, now, now)
        return self._under_way[chat.id]

    def _finish(self, one: DigestTally) -> None:
        if one.counts:
            self._tell(one)
