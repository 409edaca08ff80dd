"""A platform that is a file: each message is a line, appended at once, that outlives the process that sent it.

Any number of processes may share it. Its lines stand in the order in which the messages came, in all chats.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from bot.channels.rate_limits.limiter import RateLimiter
from bot.delivery.channel import Delivered, FreeTurn, NotDelivered, UnconfirmedSend
from tests.support.memory_channel import MemoryChannel


class Shown(NamedTuple):
    """A message as it came; spelled as its line."""

    at: float  # seconds since 1970
    process: int
    channel: str
    address: str
    ref: str
    text: int  # a checksum


@dataclass(frozen=True)
class FilePlatform:
    """The file."""

    path: Path

    def append(self, channel: str, address: str, ref: str, text: str) -> str:
        """Take a message, and give its id, which is higher than those of all before it."""
        line = " ".join((f"{time.time():.6f}", str(os.getpid()), channel, address, ref, str(checksum(text))))
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, f"{line}\n".encode())  # one call: lines of several processes do not mix
            return str(os.lseek(file, 0, os.SEEK_CUR))
        finally:
            os.close(file)

    def shown(self) -> list[Shown]:
        """Read all messages, as they came."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [_shown(*line.split(" ")) for line in lines]

    def find(self, ref: str) -> str | None:
        """Give the id of the message with a ref."""
        place = 0
        for line in self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []:
            place += len(line)
            if line.split(b" ")[4] == ref.encode():
                return str(place)
        return None


def _shown(at: str, process: str, channel: str, address: str, ref: str, text: str) -> Shown:
    return Shown(float(at), int(process), channel, address, ref, int(text))


def checksum(text: str) -> int:
    return crc32(text.encode())


@dataclass
class FileChannel(MemoryChannel):
    """A bot of the platform; each call may cost time of the processor, and take a while."""

    platform: FilePlatform = field(default_factory=lambda: FilePlatform(Path("platform.txt")))
    cpu: float = 0.0  # seconds
    takes: float = 0.0  # seconds, half of them before the message is there
    limiter: RateLimiter | None = None  # None: nothing is limited

    async def acquire_turn(
        self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
    ) -> Any:
        return await self.limiter.acquire(address, reply=reply, ahead=ahead) if self.limiter else FreeTurn()

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
        burn(self.cpu)
        await _pass(self.takes / 2)
        remote_id = self.platform.append(self.name, address, delivery_ref, str(body["text"]))
        await _pass(self.takes / 2)
        return remote_id

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        """Refuse: what stands there stays as it is."""
        raise NotImplementedError

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered:
        found = self.platform.find(unconfirmed.delivery_ref)
        return Delivered(found) if found else NotDelivered()


def burn(seconds: float) -> None:
    """Keep the processor busy, as an SDK does that spells a request and reads its answer."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


async def _pass(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)


class Wrong(NamedTuple):
    """How many messages are not as they should be."""

    lost: int
    doubled: int
    disordered: int


def compare(shown: Iterable[Shown], chats: Iterable[tuple[str, str]], texts: Sequence[str]) -> Wrong:
    """Compare what is shown in chats, each a channel and an address, with the texts that each shall have, in order."""
    places = {checksum(text): place for place, text in enumerate(texts)}
    got: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for one in shown:
        got[one.channel, one.address].append(places[one.text])
    counts = [(Counter(got[chat]), _disordered(got[chat])) for chat in chats]
    lost = sum(len(places) - len(count) for count, _ in counts)
    return Wrong(lost, sum(count.total() - len(count) for count, _ in counts), sum(behind for _, behind in counts))


def _disordered(places: Iterable[int]) -> int:
    """Count those that came after one that belongs after them; what came twice is doubled, and not counted here."""
    firsts = list(dict.fromkeys(places))
    return sum(place < max(firsts[:number], default=place) for number, place in enumerate(firsts))
