"""A fake Telegram in a process of its own, with people who ask for papers while a broadcast goes on."""

from __future__ import annotations

import asyncio
import json
import math
import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from tests.support.fakes.server import Call
from tests.support.fakes.telegram import FakeTelegram

SUBSCRIBERS = tuple(str(number) for number in range(1_000_001, 1_000_201))
_READERS = tuple(str(number) for number in range(2_000_001, 2_000_401))
EVERY = 0.05  # seconds between two questions
PATIENCE = 3.0  # seconds after the last question; later answers do not count
_PAPERS = 3


@dataclass(frozen=True)
class Measured:
    """How long readers waited, in seconds, infinite for those without an answer, and how fast the broadcast went."""

    waits: list[float]
    rate: float  # messages to subscribers per second

    def percentile(self, part: float) -> float:
        return sorted(self.waits)[min(len(self.waits) - 1, round(part * len(self.waits)))]

    @property
    def answered(self) -> int:
        return sum(wait < math.inf for wait in self.waits)


@dataclass
class _Watch:
    """Note when each reader's question was handed out, and when the answer came."""

    jitter: float = 0.0  # seconds by which a call may come late
    asked: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    broadcast: list[float] = field(default_factory=list)

    async def comes(self, method: str, arguments: dict[str, Any]) -> None:
        chat = str(arguments.get("chat_id", ""))
        if method == "sendMessage" and chat in self.asked:
            self.answered.setdefault(chat, time.perf_counter())
        elif method == "sendMessage":
            self.broadcast.append(time.perf_counter())
        if method == "sendMessage":  # what the network takes is no wait of ours, but it changes the pace
            await asyncio.sleep(random.uniform(0, self.jitter))

    def goes(self, call: Call) -> None:
        if call.method == "getUpdates" and call.answer and call.status == 200:
            for update in json.loads(call.answer.body)["result"]:
                self.asked.setdefault(str(update["message"]["chat"]["id"]), time.perf_counter())

    def waits(self) -> list[float]:
        return [self.answered.get(chat, math.inf) - at for chat, at in self.asked.items()]


class Crowd:
    """The fake's process, seen from the bot's."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.token, self.base_url = pipe.recv()

    async def ask(self, seconds: float) -> Measured:
        """Let people ask for so long, and give what they saw."""
        self._pipe.send(seconds)
        return Measured(*await asyncio.to_thread(self._pipe.recv))


@contextmanager
def crowd(jitter: float = 0.0) -> Iterator[Crowd]:
    """Start the fake; each message comes up to `jitter` seconds late by chance, and is answered as much later."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, jitter), daemon=True)
    process.start()
    theirs.close()  # else nobody would notice that it died
    try:
        yield Crowd(ours)
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection, jitter: float) -> None:
    asyncio.run(_served(pipe, _Watch(jitter)))


async def _served(pipe: Connection, watch: _Watch) -> None:
    async with FakeTelegram() as server:
        for chat in (*SUBSCRIBERS, *_READERS):
            server.add_chat(chat, "private")
        server.on_call, server.on_answer = watch.comes, watch.goes
        pipe.send((server.token, server.base_url))
        seconds = await asyncio.to_thread(pipe.recv)
        since = time.perf_counter()
        await _ask(server, watch, seconds)
        sent = [at for at in watch.broadcast if since <= at < since + seconds]
        pipe.send((watch.waits(), len(sent) / seconds))
        await asyncio.Event().wait()


async def _ask(server: FakeTelegram, watch: _Watch, seconds: float) -> None:
    """Let one reader after the other ask for a paper, and wait for the last answers."""
    count = int(seconds / EVERY)
    for number, reader in enumerate(_READERS[:count]):
        server.says(reader, reader, f"/paper {number % _PAPERS + 1}", language="en")
        await asyncio.sleep(EVERY)
    until = time.perf_counter() + PATIENCE
    while len(watch.answered) < count and time.perf_counter() < until:
        await asyncio.sleep(EVERY)
