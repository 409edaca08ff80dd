"""Find out whether an unconfirmed message arrived: a bot cannot read a chat, but it can try to edit.

Sources of the facts: Telegram Bot API, and the sources of its server where the pages are silent.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator
from itertools import count

from telegram import ChatMemberAdministrator, Message

from bot.channels.telegram.client import TelegramClient, split_address
from bot.channels.telegram.message_ids import MessageIds, id_sequence
from bot.channels.telegram.reconciliation.probed_chat import ProbedChat
from bot.channels.telegram.reconciliation.refusals import meaning
from bot.concurrency import steady
from bot.delivery.channel import Delivered, NotDelivered, Turn, UnconfirmedSend, Undecided
from bot.errors import BotGone, Rejected

MOST_PROBES = 60
ABSENT_RUN = 10  # so many ids in a row that are not there end the search

_CLOCK_SKEW = 300.0  # seconds by which our clock may be ahead of Telegram's
_ALONE = 60.0  # seconds within which nobody else posts between two messages of a digest

Outcome = Delivered | NotDelivered | Undecided


class Reconciler:
    """Look for unconfirmed messages; `turn` waits until a chat may be called."""

    def __init__(self, client: TelegramClient, ids: MessageIds, turn: Callable[[str], Awaitable[Turn]]) -> None:
        self._client = client
        self._ids = ids
        self._turn = turn

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Outcome:
        """Try to edit: "not modified" means that the very text stands there.

        Ids behind the last one known to be older are tried. Without such an id, or where many may
        have come in between, those before the first one known to be newer are; and where none is
        known, the message is sent once more: its id tells where to look, and of two copies the
        newer is deleted. Where this process heard the answer, and the ledger did not, nothing is tried,
        unless another process may have asked since then, and left a copy.
        """
        if heard := self._ids.arrived_as(address, unconfirmed.delivery_ref, unconfirmed.right.since):
            return Delivered(str(heard))
        chat = ProbedChat(self._client, self._turn, address, unconfirmed)
        await chat.begin()
        found = await _Search(self._client, self._ids, chat, address, self._ids.narrow(unconfirmed)).find()
        self._ids.answered(unconfirmed.delivery_ref)
        return found


class _Search:
    """The search for one unconfirmed message."""

    def __init__(
        self, client: TelegramClient, ids: MessageIds, chat: ProbedChat, address: str, unconfirmed: UnconfirmedSend
    ) -> None:
        self._client = client
        self._ids = ids
        self._chat = chat
        self._address = address
        self._unconfirmed = unconfirmed

    async def find(self) -> Outcome:
        unconfirmed = self._unconfirmed
        alone = 0 <= unconfirmed.attempted_at - unconfirmed.after_at < _ALONE
        if not alone and await self._may_edit_others():
            # Somebody may have posted in between, and a probe would overwrite that.
            return Undecided(
                'look into the chat; take the right "edit messages" from the bot so that it can look itself'
            )
        await self._probe_suspects()
        return await self._told_from_suspects(await self._look(alone=alone))

    async def _probe_suspects(self) -> None:
        """Keep as suspects only ids whose messages read like the delivery."""
        for one in sorted(self._chat.suspects):
            is_new = one > self._unconfirmed.after and one not in self._unconfirmed.taken
            if not is_new or await self._probe(one) is not True:
                self._chat.suspects.remove(one)

    async def _told_from_suspects(self, found: Outcome) -> Outcome:
        """Take a suspect for the delivery only where nothing else is it."""
        suspects = sorted(self._chat.suspects)
        if suspects and not isinstance(found, Delivered):
            found = Delivered(str(suspects.pop()))
        await self._chat.end(suspects)
        return found

    async def _look(self, *, alone: bool) -> Outcome:
        unconfirmed = self._unconfirmed
        crowded = id_sequence(self._address) == "bot" and not alone  # ids in between are those of other chats
        if unconfirmed.after and not crowded:
            used = max(unconfirmed.taken, default=0)
            return await self._search(count(unconfirmed.after + 1), used, steady())
        if unconfirmed.taken:
            return await self._search_around()
        first_ids = range(unconfirmed.after + 1, unconfirmed.after + ABSENT_RUN + 1)
        found = await self._search(iter(first_ids))
        return found if isinstance(found, Delivered) else await self._send_again()

    async def _search_around(self) -> Outcome:
        """Look before the first id known to be newer, then behind it.

        Behind it as well: a chat of the same sequence that was asked at the same time may have got
        the id before ours.
        """
        taken = self._unconfirmed.taken
        found = await self._oldest(min(taken))
        if not isinstance(found, NotDelivered):
            return found
        return await self._search(count(min(taken)), max(taken), steady())

    async def _search(self, candidates: Iterator[int], used: int = 0, begun: float = math.inf) -> Outcome:
        """Try ids one after the other.

        Ids of one sequence leave no gaps, but for deleted messages and, in private chats, those of
        other chats. A run of ids that are not there therefore means that the message is not either,
        unless the sequence is known to have gone on, as far as `used`. What was sent since the search was
        `begun` ends it: other chats of the sequence go on, faster than it looks.
        """
        unconfirmed, suspects = self._unconfirmed, self._chat.suspects
        run = probes = 0
        for candidate in candidates:
            if candidate >= self._ids.first_since(self._address, begun):
                return NotDelivered()
            if candidate in unconfirmed.taken | suspects or self._ids.is_known(self._address, candidate):
                run = 0
                continue
            if (run >= ABSENT_RUN + unconfirmed.others and candidate > used) or candidate <= unconfirmed.after:
                return NotDelivered()
            if probes == MOST_PROBES + unconfirmed.others:
                break
            probes += 1
            if (found := await self._probe(candidate)) is True:
                return Delivered(str(candidate))
            run = run + 1 if found is None else 0
        return Undecided(f"not among the {probes} messages that came next; look into the chat")

    async def _send_again(self) -> Outcome:
        """Send the unconfirmed message again: its id tells where copies can be.

        Nothing is remembered: what an error or a crash interrupts, the next call finds and ends.
        """
        async with self._chat.turn():
            again = await self._client.send(self._address, self._unconfirmed.body)
        found = await self._oldest(again.message_id + 1)
        if self._chat.suspects and found == Delivered(str(again.message_id)):
            await self._chat.delete(again.message_id)  # it is a copy of the suspect
            return NotDelivered()
        return found

    async def _oldest(self, below: int) -> Outcome:
        """Look for copies just below an id, and delete all but the oldest."""
        copies: list[int] = []
        while isinstance(found := await self._search(count(below - 1, -1)), Delivered):
            below = int(found.remote_id)
            copies.append(below)
        for newer in copies[:-1]:
            await self._chat.delete(newer)
        return Delivered(str(copies[-1])) if copies else found

    async def _may_edit_others(self) -> bool:
        """Tell whether the bot could change other people's messages: then a probe is out of the question."""
        chat, _ = split_address(self._address)
        if id_sequence(self._address) == "bot":
            return False
        try:
            member = await self._client.call(chat, self._client.bot.get_chat_member(chat, self._client.bot_id))
        except (Rejected, BotGone):
            return False  # who is no member has no such right; a refused token is refused again by the probe
        return isinstance(member, ChatMemberAdministrator) and bool(member.can_edit_messages)

    async def _probe(self, candidate: int) -> bool | None:
        """Tell whether a message with this id has this content; None when there is none at all."""
        try:
            arguments = await self._client.arguments_to_send(self._unconfirmed.body)
            async with self._chat.turn() as turn, self._ids.lock(self._address):
                if self._ids.is_known(self._address, candidate):
                    turn.give_back()
                    return False  # it was sent while we waited
                await self._chat.before_probe(candidate)
                edited = await self._client.edit(self._address, candidate, arguments)
        except Rejected as error:
            return meaning(error)
        if isinstance(edited, Message) and await self._chat.has_overwritten(edited, self._ids):
            return False
        if isinstance(edited, Message) and edited.date.timestamp() < self._unconfirmed.attempted_at - _CLOCK_SKEW:
            # Another ledger's, or sent before this one was made. Going on would overwrite the next one too.
            raise Rejected(f"asking for a doubtful send changed message {candidate}, an older one of the bot's")
        return True  # it was ours, with an older wording, and has the new one now
