"""Telegram: python-telegram-bot's `Bot`, paced here, its errors translated.

Sources of the facts: Telegram Bot API, and the sources of its server where the pages are silent.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count

from telegram import (
    Chat,
    ChatFullInfo,
    ChatMemberAdministrator,
    ChatMemberOwner,
    ChatMemberRestricted,
    Message,
)

from bot.channels.rate_limits import EvenSpacing, Limit, RateLimiter, SlidingWindow
from bot.channels.telegram.client import TelegramClient, split_address
from bot.concurrency import KeyedLock
from bot.database.states import ChatKind
from bot.delivery.channel import Delivered, NotDelivered, UnconfirmedSend, Undecided
from bot.errors import BotGone, Rejected, SendError
from formatters.message import Formatter

MOST_PROBES = 60
ABSENT_RUN = 10  # so many ids in a row that are not there end the search

_CLOCK_SKEW = 300.0  # seconds by which our clock may be ahead of Telegram's
_ALONE = 60.0  # seconds within which nobody else posts between two messages of a run

# The limits are 30 a second per bot, 1 a second per chat, 20 a minute per group and channel
# (core.telegram.org/bots/faq). A hundredth is added: calls arrive a little closer than they left.
_MARGIN = 1.01
INTERVAL = _MARGIN / 30  # seconds between two turns of a bot

_REMEMBERED = 1000  # ids of each counter, many more than are ever probed


class TelegramChannel:
    """One Telegram bot."""

    name = "telegram"

    def __init__(
        self, token: str, base_url: str, formatter: Formatter, limiter: RateLimiter | None = None, timeout: float = 20.0
    ) -> None:
        self.formatter = formatter
        self._limiter = limiter or RateLimiter(EvenSpacing(INTERVAL), _limits)
        self.client = TelegramClient(token, base_url, timeout, self._limiter.pause)
        # One message of a chat at a time is under way: else a probe might hit one whose id is not known yet.
        self._rooms = KeyedLock()
        self._known: dict[str, deque[tuple[float, int]]] = {}  # the newest ids of each counter, and since when
        self._numbers: dict[str, str] = {}  # of chats that have a name too: "@my_channel" is -100…

    def id_sequence(self, address: str) -> str:
        """Name the sequence of ids: channels and supergroups have their own, all else shares the bot's."""
        chat, _ = split_address(address)
        return chat.lower() if chat.startswith("@") or int(chat) <= -(10**12) else "bot"

    async def chat_kind(self, address: str) -> ChatKind:
        """Ask only where the number does not tell: channels and supergroups look alike."""
        chat, _ = split_address(address)
        if self.id_sequence(address) == "bot":
            return ChatKind.GROUP if chat.startswith("-") else ChatKind.PRIVATE
        await self.acquire_turn(address)
        known = await self.client.call(chat, self.client.bot.get_chat(chat))
        self._learn(known)
        return kind_of(known)

    async def canonical_address(self, address: str) -> str:
        """Give what was learnt when it was asked what the chat is."""
        chat, colon, topic = address.partition(":")
        return f"{self._numbers.get(chat.lower(), chat)}{colon}{topic}"

    async def prepare(self, body: Mapping[str, object]) -> None:
        await self.client.prepare(body)

    async def acquire_turn(self, address: str, *, reply: bool = False, ahead: float = 0.0) -> float:
        return await self._limiter.acquire(split_address(address)[0], reply=reply, ahead=ahead)

    async def send(self, address: str, body: Mapping[str, object], *, ref: str, thread: str) -> str:  # noqa: ARG002
        async with self._room(address):
            sent = await self.client.send(address, body)
            self.heard(sent.chat, sent.message_id)
        return str(sent.message_id)

    def heard(self, chat: Chat, message_id: int) -> None:
        """Note the id of a message, ours or another's: it is older than all that is sent from now on."""
        self._learn(chat)
        known = self._known.setdefault(self._one_counter(str(chat.id)), deque(maxlen=_REMEMBERED))
        known.append((time.time(), message_id))

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        try:
            await self.client.edit(address, int(remote_id), await self.client.arguments_to_send(body))
        except Rejected as error:
            if "message is not modified" not in str(error).lower():
                raise

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
        """Ask by editing: a bot cannot read, but "not modified" means that the very text stands there.

        Ids behind the last one known to be older are tried. Without such an id, or where many may
        have come in between, those before the first one known to be newer are; and where none is
        known, the message is sent once more: its id tells where to look, and of two copies the
        newer is deleted.
        """
        unconfirmed = self._nearer(address, unconfirmed)
        alone = unconfirmed.attempted_at - unconfirmed.after_at < _ALONE
        if not alone and await self._may_edit_others(address):
            # Somebody may have posted in between, and asking would overwrite that.
            return Undecided(
                'look into the chat; take the right "edit messages" from the bot so that it can look itself'
            )
        crowded = self.id_sequence(address) == "bot" and not alone  # ids in between are those of other chats
        if unconfirmed.after and not crowded:
            return await self._search(
                address, unconfirmed, count(unconfirmed.after + 1), max(unconfirmed.taken, default=0)
            )
        if unconfirmed.taken:
            first = min(unconfirmed.taken)
            # A chat of the same counter that was asked at the same time may have got the id before ours.
            found = await self._oldest(address, unconfirmed, first)
            if not isinstance(found, NotDelivered):
                return found
            return await self._search(address, unconfirmed, count(first), max(unconfirmed.taken))
        found = await self._search(
            address, unconfirmed, iter(range(unconfirmed.after + 1, unconfirmed.after + ABSENT_RUN + 1))
        )
        return found if isinstance(found, Delivered) else await self._sent_once(address, unconfirmed)

    async def _search(
        self, address: str, unconfirmed: UnconfirmedSend, candidates: Iterator[int], used: int = 0
    ) -> Delivered | NotDelivered | Undecided:
        """Try ids one after the other.

        Ids of one counter leave no gaps, but for deleted messages and, in private chats, those of
        other chats. A run of ids that are not there therefore means that the message is not either,
        unless the counter is known to have gone on, as far as `used`.
        """
        run = probes = 0
        for candidate in candidates:
            if candidate in unconfirmed.taken or self._knows(address, candidate):
                run = 0
                continue
            if (run >= ABSENT_RUN + unconfirmed.others and candidate > used) or candidate <= unconfirmed.after:
                return NotDelivered()
            if probes == MOST_PROBES:
                break
            await self.acquire_turn(address)
            probes += 1
            if (found := await self._probe(address, candidate, unconfirmed)) is True:
                return Delivered(str(candidate))
            run = run + 1 if found is None else 0
        return Undecided(f"not among the {MOST_PROBES} messages that came next; look into the chat")

    async def _sent_once(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
        """Send the doubtful message again: its id tells where copies can be.

        Nothing is remembered: what an error or a crash interrupts, the next call finds and ends.
        """
        await self.acquire_turn(address)
        again = await self.client.send(address, unconfirmed.body)
        return await self._oldest(address, unconfirmed, again.message_id + 1)

    async def _oldest(
        self, address: str, unconfirmed: UnconfirmedSend, below: int
    ) -> Delivered | NotDelivered | Undecided:
        """Look for copies just below an id, and delete all but the oldest."""
        chat, _ = split_address(address)
        copies: list[int] = []
        while isinstance(found := await self._search(address, unconfirmed, count(below - 1, -1)), Delivered):
            below = int(found.remote_id)
            copies.append(below)
        for newer in copies[:-1]:
            await self.acquire_turn(address)
            with suppress(Rejected):  # it is gone already when only the answer was lost
                await self.client.call(chat, self.client.bot.delete_message(chat, newer))
        return Delivered(str(copies[-1])) if copies else found

    async def _may_edit_others(self, address: str) -> bool:
        """Tell whether the bot could change other people's messages: then asking by editing is no question."""
        chat, _ = split_address(address)
        if self.id_sequence(address) == "bot":
            return False
        try:
            member = await self.client.call(chat, self.client.bot.get_chat_member(chat, self.client.bot_id))
        except (Rejected, BotGone):
            return False  # who is no member has no such right; a refused token is refused again when asking
        return isinstance(member, ChatMemberAdministrator) and bool(member.can_edit_messages)

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        try:
            me = await self.client.me()
        except SendError as error:
            return [("token", str(error))]
        return [(f"token: @{me.username}", ""), *[await self._check_chat(address, me.id) for address in addresses]]

    async def close(self) -> None:
        await self.client.close()

    async def _check_chat(self, address: str, me: int) -> tuple[str, str]:
        """Ask whether the bot may write in a chat."""
        chat, _ = split_address(address)
        try:
            await self.acquire_turn(address)
            known = await self.client.call(chat, self.client.bot.get_chat(chat))
            if known.type == "private":
                return address, ""
            member = await self.client.call(chat, self.client.bot.get_chat_member(chat, me))
        except SendError as error:
            return address, str(error)
        return f"{address}: {known.title}", _missing_right(known.type, member)

    async def _probe(self, address: str, candidate: int, unconfirmed: UnconfirmedSend) -> bool | None:
        """Tell whether a message with this id has this content; None when there is none at all."""
        try:
            arguments = await self.client.arguments_to_send(unconfirmed.body)
            async with self._room(address):
                if self._knows(address, candidate):
                    return False  # it was sent while we waited
                edited = await self.client.edit(address, candidate, arguments)
        except Rejected as error:
            if "message is not modified" in str(error).lower():
                return True
            if "message to edit not found" in str(error).lower():
                return None
            if "message can't be edited" in str(error).lower():
                return False
            raise
        if isinstance(edited, Message) and edited.date.timestamp() < unconfirmed.attempted_at - _CLOCK_SKEW:
            # Another ledger's, or sent before this one was made. Going on would overwrite the next one too.
            raise Rejected(f"asking for a doubtful send changed message {candidate}, an older one of the bot's")
        return True  # it was ours, with an older wording, and has the new one now

    def _room(self, address: str) -> asyncio.Lock:
        chat = split_address(address)[0].lower()
        return self._rooms.of(self._numbers.get(chat, chat))

    def _knows(self, address: str, candidate: int) -> bool:
        """Tell whether an id is that of another message, which asking would overwrite."""
        return any(known == candidate for _, known in self._known.get(self._one_counter(address), ()))

    def _nearer(self, address: str, unconfirmed: UnconfirmedSend) -> UnconfirmedSend:
        """Start behind what we know to be older, which the ledger does not: what readers wrote, for one."""
        known = self._known.get(self._one_counter(address), ())
        older = [
            (number, at) for at, number in known if at <= unconfirmed.attempted_at and number not in unconfirmed.taken
        ]
        after, after_at = max(older, default=(0, 0.0))
        return replace(unconfirmed, after=after, after_at=after_at) if after > unconfirmed.after else unconfirmed

    def _one_counter(self, address: str) -> str:
        """Name the sequence of ids in one way, whether a chat is called by its name or by its number."""
        counter = self.id_sequence(address)
        return self._numbers.get(counter, counter)

    def _learn(self, chat: Chat | ChatFullInfo) -> None:
        """Learn the number of a chat that has a name too: answers go to the number."""
        if chat.username and self.id_sequence(str(chat.id)) != "bot":
            self._numbers[f"@{chat.username}".lower()] = str(chat.id)


def kind_of(chat: Chat | ChatFullInfo) -> ChatKind:
    kinds = {Chat.PRIVATE: ChatKind.PRIVATE, Chat.CHANNEL: ChatKind.BROADCAST}
    return kinds.get(chat.type, ChatKind.GROUP)


def _missing_right(kind: str, member: object) -> str:
    if isinstance(member, ChatMemberOwner):
        return ""
    if kind == "channel":
        if not (isinstance(member, ChatMemberAdministrator) and member.can_post_messages):
            return "make the bot an administrator that may post messages"
        if member.can_edit_messages:
            return 'take the right "edit messages" away: with it, a doubtful send cannot be looked for'
        return ""
    if isinstance(member, ChatMemberRestricted):
        return "" if member.can_send_messages else "lift the restriction: the bot may not send messages"
    gone = getattr(member, "status", "") in {"left", "kicked"}
    return "add the bot to the group" if gone else ""


def _limits(chat: str) -> list[Limit]:
    if chat.startswith(("-", "@")):
        return [EvenSpacing(_MARGIN, leeway=2 * _MARGIN), SlidingWindow(20, 60 * _MARGIN)]
    return [EvenSpacing(_MARGIN, leeway=2 * _MARGIN)]
