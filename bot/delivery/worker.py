"""The worker of one chat: what it sends and edits there, strictly in order.

Each outcome of a call is one class of `bot/errors.py`, and one case of `ChatWorker._failed`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bot import errors
from bot.concurrency import TURN_AHEAD, StopWatch, backoff, wait_unless
from bot.database.states import DeliveryState
from bot.delivery.channel import Channel, Delivered, FreeTurn, NotDelivered, Turn, UnconfirmedSend
from bot.ledger.ledger import Ledger
from bot.ledger.records.deliveries import Chat, Pause, QueuedDelivery
from bot.ledger.writing.deadline import Right, deadline
from bot.ledger.writing.lease import Lease
from bot.log import log
from formatters import placeholders
from formatters.message import has_plainer, plainer


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait for what, in seconds."""

    settle_delay: float = 5.0  # before asking whether an unconfirmed send arrived: it may still be under way
    first_backoff: float = 1.0  # after a first network failure, doubled each time
    longest_backoff: float = 3600.0  # the longest back-off
    longest_wait: float = 60.0  # no worker waits for longer; what is due later is left to the next sweep
    stop_grace: float = 20.0  # that a question under way may still take when told to stop


# Called with each row that was settled: its chat, the row, its new state, and why it is not `sent`.
OnSettled = Callable[[Chat, QueuedDelivery, DeliveryState, str], None]
_UNSENT = (DeliveryState.PENDING, DeliveryState.STALE)
# What becomes of an edit and of a recall when the chat moved: what stands at the old address stays there.
_AT_OLD_ADDRESS = {DeliveryState.STALE: DeliveryState.SENT, DeliveryState.RECALLING: DeliveryState.FAILED}
# Entered with each chat while its rows are worked on: what was settled meanwhile belongs together.
Working = Callable[[Chat], AbstractContextManager[object]]


def ignore(_chat: Chat, _row: QueuedDelivery, _state: DeliveryState, _why: str) -> None:
    """Do nothing with it."""


@dataclass
class RunState:
    """What all workers of one run share."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    policy: RetryPolicy = RetryPolicy()
    clock: Callable[[], float] = time.time
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    on_settled: OnSettled = ignore
    working: Working = nullcontext
    refused_channels: dict[str, str] = field(default_factory=dict)  # whose bot was refused in this run, and why
    failures: dict[int, int] = field(default_factory=dict)  # failures in a row, by chat
    stop_watch: StopWatch = field(init=False)
    lease: Lease = field(init=False)  # as long as it holds, the bots are this process's

    def __post_init__(self) -> None:
        self.stop_watch, self.lease = StopWatch(self.stopping), self.ledger.writer.lease


@dataclass
class ChatWorker:
    """What works in one chat during one run."""

    state: RunState
    channel: Channel
    chat: Chat
    _rows: deque[QueuedDelivery] = field(default_factory=deque)  # read ahead
    _last: asyncio.Future[None] | None = None  # the last outcome, until it is surely on the disk

    async def work(self) -> None:
        """Do what comes next until nothing is due."""
        self._rows.clear()  # read by an earlier call, and behind a row that was not due
        while (row := await self._next_row()) and await self._wait_due(row):
            if not await self._step(row):
                break
        await self._wait_written()

    async def _next_row(self) -> QueuedDelivery | None:
        """Give what comes next, from what was read ahead or from the ledger."""
        if not self._rows:
            await self._wait_written()
            self._rows.extend(await self.state.ledger.writer.next_rows(self.chat.id))
            self._follow()
        return self._rows.popleft() if self._rows else None

    def _follow(self) -> None:
        """Go on where the chat is now, whoever heard that it moved."""
        if self._rows and (address := self._rows[0].address) != self.chat.address:
            self.chat = replace(self.chat, address=address, id_sequence=self.channel.id_sequence(address))

    async def _wait_written(self) -> None:
        """Wait until the last outcome is on the disk."""
        if self._last:
            await self._last
            self._last = None

    async def _wait_due(self, row: QueuedDelivery) -> bool:
        """Wait until a row is due; False when that is left to a later sweep, or when told to stop."""
        if (wait := row.not_before - self.state.clock()) > self.state.policy.longest_wait:
            return False
        if wait > 0:
            await self.state.stop_watch.wait_unless(asyncio.sleep(wait))
        return not self.state.stopping.is_set()

    async def _step(self, row: QueuedDelivery) -> bool:
        """Do what a row needs; tell whether the worker goes on."""
        claimed, asks = None, row.state == DeliveryState.UNCONFIRMED
        turn = FreeTurn() if asks else await self._wait_turn(row)  # the channel waits for the turns that asking takes
        if turn is None or self._is_over():
            return False
        try:
            async with turn:
                if asks:
                    await self._reconcile(row)
                elif claimed := await self._claim(row):
                    body = await self._body(claimed)
                    await turn.begin()
                    self.state.lease.require()
                    with deadline(claimed.deadline):
                        await self._deliver(claimed, body)
                else:
                    turn.give_back()
        except errors.SendError as error:
            return await self._failed(claimed or row, error)
        self.state.failures.pop(self.chat.id, None)
        return True

    def _is_over(self) -> bool:
        return self.state.stopping.is_set() or self.channel.name in self.state.refused_channels

    async def _wait_turn(self, row: QueuedDelivery) -> Turn | None:
        """Wait for a turn to call; None when told to stop, when the bot was refused, or in a long pause."""
        try:
            turn = await self.state.stop_watch.wait_unless(self._acquire_turn(row))
        except errors.RetryLater:
            return None
        if turn and self._is_over():
            turn.give_back()
            return None
        return turn

    async def _acquire_turn(self, row: QueuedDelivery) -> Turn:
        await self.channel.prepare(row.body)
        what = {"edit": row.state == DeliveryState.STALE, "delete": row.state == DeliveryState.RECALLING}
        return await self.channel.acquire_turn(self.chat.address, **what, ahead=TURN_AHEAD)

    async def _claim(self, row: QueuedDelivery) -> QueuedDelivery | None:
        """Commit that a row is under way; if anything changed since it was read, take what comes next now instead."""
        claim = self.state.ledger.writer.claim
        while (claimed := await claim(row)) is None:
            self._rows.clear()
            following = await self._next_row()
            # The turn is for a message or an edit, as it was asked for.
            if not following or following.state != row.state or following.not_before > self.state.clock():
                self._rows.extendleft([following] if following else [])
                return None
            row = following
            await self.channel.prepare(row.body)
        await self._wait_written()  # done by now, for the claim came after it; but it may have failed
        return claimed

    async def _body(self, row: QueuedDelivery) -> Mapping[str, object]:
        """Give what a row reads as in this chat: its links lead to messages that stand there."""
        refs = placeholders.refs(row.body)
        found = await self.state.ledger.messages_about(self.chat, refs) if refs else ()
        links = {ref: self.channel.message_link(self.chat.address, *message) for ref, *message in found}
        return plainer(self.channel.formatter, placeholders.fill(row.body, links), row.plain)

    async def _deliver(self, row: QueuedDelivery, body: Mapping[str, object]) -> None:
        address = self.chat.address
        if row.state == DeliveryState.PENDING:
            remote_id = await self.channel.send(address, body, delivery_ref=row.delivery_ref, thread=row.thread)
            self._settle(row, DeliveryState.SENT, remote_id=remote_id, id_sequence=self.chat.id_sequence)
            return
        self._require_unmoved(row)
        if row.state == DeliveryState.RECALLING:
            await self.channel.delete(address, row.remote_id)
            self._settle(row, DeliveryState.RECALLED)
        else:
            await self.channel.edit(address, row.remote_id, body)
            self._settle(row, DeliveryState.SENT)

    def _require_unmoved(self, row: QueuedDelivery) -> None:
        """Raise ChatMoved where the chat was elsewhere when a row was sent, whoever heard of that."""
        if row.id_sequence not in ("", self.chat.id_sequence):
            raise errors.ChatMoved(f"the chat became {self.chat.address} since", self.chat.address)

    async def _reconcile(self, row: QueuedDelivery) -> None:
        self._require_unmoved(row)
        run = self.state
        tried, known = await run.ledger.known_message_ids(self.chat, row)
        right = Right(partial(run.ledger.bots.right, run.lease), run.lease.since)
        unconfirmed = UnconfirmedSend.of_row(row, await self._body(row), tried, known, run.ledger.replies, right)
        asking = self.channel.reconcile(self.chat.address, unconfirmed)
        match await wait_unless(asking, run.stopping, run.policy.stop_grace):
            case None:
                return  # told to stop; the row stays unconfirmed
            case Delivered(remote_id):
                # If the post changed since, the chat holds the older content.
                state = DeliveryState.SENT if row.tried_hash == row.hash else DeliveryState.STALE
                found: dict[str, Any] = {"remote_id": remote_id, "id_sequence": self.chat.id_sequence}
                self._settle(row, state, sent_hash=row.tried_hash, **found)
            case NotDelivered():
                self._settle(row, DeliveryState.PENDING)
            case undecided:
                self._settle(row, DeliveryState.UNCONFIRMED, problem=errors.ErrorCode.UNCONFIRMED, error=undecided.why)
        self._rows.clear()

    async def _failed(self, row: QueuedDelivery, error: errors.SendError) -> bool:
        """Write what follows from an error, as its class says; tell whether the worker goes on."""
        self._rows.clear()  # read before it went wrong
        values: dict[str, Any] = {"problem": error.code, "error": str(error)}
        refused = DeliveryState.UNCONFIRMED if row.state == DeliveryState.UNCONFIRMED else DeliveryState.FAILED
        match error:
            case errors.RetryLater():
                self._settle(row, row.state, not_before=self._later(error), **values)
            case errors.Unconfirmed():
                # An edit, and the question whether a send arrived, may simply be repeated.
                lost = DeliveryState.UNCONFIRMED if row.state == DeliveryState.PENDING else row.state
                self._settle(row, lost, not_before=self._ask_at(row), **values)
            case errors.Rejected() if row.changes_links_alone:  # it stays as it is, with every word
                self._settle(row, DeliveryState.SENT, **values)
            case errors.Rejected() if row.state in _UNSENT and has_plainer(self.channel.formatter, row.body, row.plain):
                self._settle(row, row.state, plain=row.plain + 1, **values)
            case errors.Rejected():
                self._settle(row, refused, **values)
            case errors.ChatMoved():
                await self._move(row, error, values)
            case errors.ChatGone():
                self._settle(row, refused, pause=Pause(self.chat.id, str(error)), **values)
                return False
            case _:  # BotGone
                self._settle(row, row.state, not_before=self.state.clock(), **values)
                self._stop_bot(error)
                return False
        return True

    async def _move(self, row: QueuedDelivery, error: errors.ChatMoved, values: Mapping[str, Any]) -> None:
        """Go on at the new address of a chat."""
        there = replace(self.chat, address=error.address, id_sequence=self.channel.id_sequence(error.address))
        await self.state.ledger.subscriptions.move(there.id, address=there.address, id_sequence=there.id_sequence)
        if row.state == DeliveryState.UNCONFIRMED:  # the old address cannot be asked, and the new one does not have it
            self._settle(row, row.state, **values)
        else:  # what stands at the old address stays there as it is
            state = _AT_OLD_ADDRESS.get(row.state, row.state)
            self._settle(row, state, not_before=self.state.clock(), **values)
        self.chat = there

    def _stop_bot(self, error: errors.SendError) -> None:
        """Let no worker of this bot go on, and log once that it was refused."""
        if self.channel.name not in self.state.refused_channels:
            log.warning("bot refused", channel=self.channel.name, error=str(error))
        self.state.refused_channels[self.channel.name] = str(error)

    def _ask_at(self, row: QueuedDelivery) -> float:
        """Give the time to ask about an unconfirmed send, or to edit again: each lost answer doubles the wait.

        Otherwise a server that accepts nothing would be asked without end.
        """
        policy, tries = self.state.policy, row.attempts + self._count_failure()
        return self.state.clock() + backoff(policy.settle_delay, tries, policy.longest_backoff)

    def _later(self, error: errors.RetryLater) -> float:
        """Give the time of the next try: what the platform says, otherwise each failure doubles the wait."""
        tries, policy = self._count_failure(), self.state.policy
        ours = backoff(policy.first_backoff, tries, policy.longest_backoff)
        return self.state.clock() + (ours if error.after is None else error.after)

    def _count_failure(self) -> int:
        """Count one more failure in a row, and give how many there were before it."""
        self.state.failures[self.chat.id] = 1 + (tries := self.state.failures.get(self.chat.id, 0))
        return tries

    def _settle(
        self, row: QueuedDelivery, state: DeliveryState, *, pause: Pause | None = None, **values: object
    ) -> None:
        """Hand an outcome to the ledger, which writes it before it reads anything else; it is reported when written."""
        self._last = self.state.ledger.writer.settle(row, state, pause=pause, **values)
        self._last.add_done_callback(partial(self._on_written, row, state, str(values.get("error", ""))))

    def _on_written(self, row: QueuedDelivery, state: DeliveryState, why: str, written: asyncio.Future[None]) -> None:
        if written.cancelled() or written.exception():
            return
        event = log.debug if state in (DeliveryState.SENT, DeliveryState.RECALLED) else log.warning
        event("delivery", channel=self.chat.channel, chat=self.chat.name, key=row.key, state=state, error=why)
        self.state.on_settled(self.chat, row, state, why)
