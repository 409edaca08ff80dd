"""What happened lately: it is kept in memory for some minutes, and forgotten at the next start."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from bot.concurrency import KeyedLock

_MOST = 10_000  # things remembered
_PAPER_STANDS = 600.0  # seconds in which a paper is not given again in a group

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """What happened within the last `seconds`, by key; of more than `most` the older ones are forgotten."""

    def __init__(self, seconds: float, most: int = _MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._known: dict[Hashable, tuple[float, Value]] = {}  # older first

    def get(self, key: Hashable, now: float) -> Value | None:
        """Give what was noted of a key, None when that is too long ago."""
        at, value = self._known.get(key, (now, None))
        return value if now - at < self._seconds else None

    def note(self, key: Hashable, value: Value, now: float) -> None:
        """Note what happened now."""
        self._known.pop(key, None)
        self._known[key] = (now, value)
        while len(self._known) > self._most or self._oldest_at() <= now - self._seconds:
            del self._known[next(iter(self._known))]

    def _oldest_at(self) -> float:
        return next(iter(self._known.values()))[0]


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list of papers that was shown in a chat."""

    day: date
    source: str  # "" for all
    digests: tuple[str, ...]  # ids: a day may have others, which were not shown
    held: tuple[str, ...]  # what the chat had received last when it was shown: the next digest makes the list old


class ListsShown:
    """The list that was shown last in each chat: a number means it until the next digest comes."""

    def __init__(self) -> None:
        self._recent = Recent[ShownList | None](math.inf)

    def note(self, chat: Hashable, shown: ShownList | None) -> None:
        self._recent.note(chat, shown, 0.0)

    def last(self, chat: Hashable) -> ShownList | None:
        return self._recent.get(chat, 0.0)


class PapersGiven:
    """The papers that were lately given in groups, where many read them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._recent = Recent[str](_PAPER_STANDS)
        self._locks = KeyedLock()

    async def give(self, chat: str, line: str, send: Callable[[], Awaitable[str]]) -> str:
        """Send the paper that a line asks for, and give ""; if it stands in the chat, give that message's id instead.

        `send` gives the id, "" when it failed. Who asks for the same meanwhile waits for that.
        """
        key = f"{chat} {line}"
        async with self._locks.of(key):
            if stands := self._recent.get(key, self._clock()):
                return stands
            if sent := await send():
                self._recent.note(key, sent, self._clock())
            return ""
