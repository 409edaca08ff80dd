"""The deadline of a call: nothing of its request is written later.

Who lost its bot need not know it yet. So others ask about what it had claimed only `Sharing.take_over_delay` after they
took over. All that it calls is written within `Sharing.deadline` of its claim, which it could not commit without the
bot, and given up when no answer came within `ANSWER` after that: so by then nothing of it is under way. A channel makes
its calls by `call`, and lets its library call `before_write` each time before something is written.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from bot.concurrency import steady

ANSWER = 20.0  # seconds from what was written until its answer, the longer the fewer sends are unconfirmed

_Result = TypeVar("_Result")


class NotWritten(Exception):
    """Nothing was carried out: the request, or the end of it, was not written before its deadline."""


@dataclass(eq=False)
class _UnderWay:
    """A call that is made just now."""

    until: float  # when its request must be written, by `steady`
    answer: float  # seconds until its answer
    is_begun: bool = False  # something was written
    timer: asyncio.Timeout = field(init=False)

    def __post_init__(self) -> None:
        self.timer = asyncio.timeout(max(0.0, self.until - steady()))

    def write(self) -> None:
        if steady() >= self.until:
            raise NotWritten("there was no connection in time")
        self.is_begun = True
        self.timer.reschedule(asyncio.get_running_loop().time() + self.answer)


_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)
_under_way: ContextVar[_UnderWay | None] = ContextVar("under_way", default=None)


async def unlimited() -> float:
    """Give the deadline of a call that nobody else can make."""
    return math.inf


@dataclass(frozen=True, slots=True)
class Right:
    """To ask about a send, which nobody else may do meanwhile."""

    deadline: Callable[[], Awaitable[float]] = unlimited  # of a call that is made now; LedgerError where it is over
    since: float = -math.inf  # by `steady`; before that another process may have asked


SOLE = Right()  # where there is no other process


@contextmanager
def deadline(at: float) -> Iterator[None]:
    """Let the calls of the block be written by a time of `steady`, or not at all."""
    token = _deadline.set(at)
    try:
        yield
    finally:
        _deadline.reset(token)


async def call(work: Awaitable[_Result], connect: float, answer: float) -> _Result:
    """Await a call, which gets a connection within `connect` seconds and its answer within `answer` more.

    Raises NotWritten when it surely was not carried out, since its deadline or the first of these was over, and
    TimeoutError after the second.
    """
    made = _UnderWay(min(_deadline.get(), steady() + connect), answer)
    token = _under_way.set(made)
    try:
        async with made.timer:
            return await work
    except TimeoutError as error:
        if made.is_begun or not made.timer.expired():
            raise
        raise NotWritten("there was no connection in time") from error
    finally:
        _under_way.reset(token)


def before_write() -> None:
    """Raise NotWritten where it is too late to write something of the call of this context."""
    if made := _under_way.get():
        made.write()
