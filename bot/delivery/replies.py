"""Replies to readers and notices to operators: sent before broadcasts, and not as deliveries of the ledger."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from bot.concurrency import KeyedLock, backoff
from bot.delivery.channel import Channel, Turn
from bot.errors import LedgerError, Rejected, RetryLater, SendError, Unconfirmed
from bot.ledger.chats.replies import ReplyNotes
from bot.log import log
from formatters.message import Message

_LONGEST_WAIT = 30.0  # seconds: a reader who waited longer has asked again
_TRIES = 3
_GRACE = 5.0  # seconds that replies under way may still take when told to stop

_Result = TypeVar("_Result")
OnSent = Callable[[str], Awaitable[object]]  # takes the id of a message that stands in its chat now


async def ignore_id(_remote_id: str) -> None:
    """Do nothing with it."""


class ReplySender:
    """Send replies in one channel; one that is lost is logged, and not tried again.

    There is one for each channel: it lets nothing come between the parts of a reply.
    """

    def __init__(self, channel: Channel, notes: ReplyNotes) -> None:
        self._channel = channel
        self._notes = notes
        self._chat_locks = KeyedLock()
        self._under_way: set[asyncio.Task[object]] = set()

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something in the background, while other readers are served."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._done)

    async def finish(self) -> None:
        """Wait for what is under way, and cancel what takes too long."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=_GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def send(
        self,
        address: str,
        messages: Sequence[Message],
        *,
        thread: str = "",
        more: Mapping[str, object] = MappingProxyType({}),
        names: Sequence[str] = (),
        on_sent: OnSent = ignore_id,
    ) -> SendError | None:
        """Send the messages of a reply in order, up to the first error; give that error.

        `more` are further arguments of the call, `names` other addresses of the chat; `on_sent` gets each id at once.
        """
        async with await self._lock(address):
            for message in messages:
                try:
                    await on_sent(await self._send((address, *names), {**message.body, **more}, thread))
                except SendError as error:
                    self._lost(address, error)
                    return error
        return None

    async def give(self, address: str, messages: Sequence[Message], **how: Any) -> str:
        """Send as `send` does; give the id of the first message, "" when some of the reply was lost."""
        ids: list[str] = []

        async def note(remote_id: str) -> None:
            ids.append(remote_id)

        return "" if await self.send(address, messages, on_sent=note, **how) else ids[0]

    async def edit(self, address: str, remote_id: str, message: Message) -> None:
        """Replace the content of an earlier reply."""
        async with await self._lock(address):
            try:
                await self._with_retries(lambda: self._replace(address, remote_id, message.body))
            except Rejected:
                return  # it is gone, or too old: the reader who pressed its button sees that
            except SendError as error:
                self._lost(address, error)

    async def _send(self, addresses: Sequence[str], body: Mapping[str, object], thread: str) -> str:
        def sent(body: Mapping[str, object]) -> Callable[[], Awaitable[str]]:
            return lambda: self._try(addresses, body, thread)

        try:
            return await self._with_retries(sent(body))
        except Rejected:
            return await self._with_retries(sent(self._channel.formatter.plain(body)))

    async def _replace(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        async with await self._turn(address, edit=True) as turn:
            await turn.begin()
            await self._channel.edit(address, remote_id, body)

    async def _try(self, addresses: Sequence[str], body: Mapping[str, object], thread: str) -> str:
        """Send, and leave in the ledger what may have arrived.

        What is written afterwards is no part of the turn: how long it lasts says how near to the limits others may go.
        """
        places = dict.fromkeys((self._channel.id_sequence(address), address) for address in addresses)
        noting = asyncio.ensure_future(self._written(self._notes.note(self._channel.name, places, body)))
        try:
            async with await self._turn(addresses[0], edit=False) as turn:
                await noting  # meanwhile, so that the reader waits for the longer of both
                await turn.begin()
                remote_id = await self._channel.send(addresses[0], body, delivery_ref="", thread=thread)
        except Unconfirmed:
            raise
        except SendError:
            await self._written(self._notes.forget(*(await noting or ())))
            raise
        await self._written(self._arrived(await noting or (), {id_sequence for id_sequence, _ in places}, remote_id))
        return remote_id

    async def _with_retries(self, call: Callable[[], Awaitable[_Result]]) -> _Result:
        """Call, and again as the platform asks, as long as a reader may still wait."""
        tried = 0
        while True:
            try:
                return await call()
            except RetryLater as error:
                tried += 1
                pause = backoff(1.0, tried - 1, _LONGEST_WAIT) if error.after is None else error.after
                if tried == _TRIES or pause > _LONGEST_WAIT:
                    raise
                await asyncio.sleep(pause)

    async def _turn(self, address: str, *, edit: bool) -> Turn:
        try:
            async with asyncio.timeout(_LONGEST_WAIT):
                return await self._channel.acquire_turn(address, edit=edit, reply=True)
        except TimeoutError:
            raise RetryLater("its turn came too late", math.inf) from None

    async def _arrived(self, noted: Sequence[int], id_sequences: Iterable[str], remote_id: str) -> None:
        """Keep the id where ids are numbers: an unconfirmed send is looked for among them."""
        if remote_id.isdecimal():
            await self._notes.arrived(noted, self._channel.name, id_sequences, int(remote_id))
        else:
            await self._notes.forget(*noted)

    async def _written(self, write: Awaitable[_Result]) -> _Result | None:
        """Await what is written; where it cannot be, the reader gets the reply all the same."""
        try:
            return await write
        except LedgerError as error:
            log.error("reply", channel=self._channel.name, error=str(error))
            return None

    async def _lock(self, address: str) -> asyncio.Lock:
        """Give the lock of a chat, whichever of its addresses is named."""
        return self._chat_locks.of(await self._channel.canonical_address(address))

    def _lost(self, address: str, error: SendError) -> None:
        log.warning("answer lost", channel=self._channel.name, chat=address, error=str(error))

    def _done(self, task: asyncio.Task[object]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("answer lost", channel=self._channel.name, exc_info=error)
