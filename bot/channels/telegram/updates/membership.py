"""Who lets the bot into a chat and who takes it out, and a group that becomes a supergroup."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from telegram import Chat, ChatMember, ChatMemberUpdated

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.expiry import GREETING_STAYS
from bot.channels.telegram.updates.answers import Answers, sound
from bot.channels.telegram.updates.requests import RequestFactory, addresses_of
from bot.conversation.router import CommandRouter
from bot.delivery.replies import ignore_id

_MEMBERS = {"creator", "administrator", "member", "restricted"}


class MembershipHandler:
    """Write down where the bot may still speak, before anything is answered."""

    def __init__(
        self, channel: TelegramChannel, router: CommandRouter, answers: Answers, requests: RequestFactory
    ) -> None:
        self._channel = channel
        self._router = router
        self._answers = answers
        self._requests = requests

    async def handle(self, change: ChatMemberUpdated) -> None:
        """Pause a chat that the bot is removed from, resume it when the bot is back, and greet a new one.

        Where its rights changed, what kept it from writing may be gone.
        """
        before, after = map(_is_member, (change.old_chat_member, change.new_chat_member))
        chat = change.chat
        ledger = self._router.ledger.subscriptions
        subscriptions = await ledger.with_topics("telegram", addresses_of(chat))
        if before and not after:
            await self._pause(chat, [one.id for one in subscriptions])
        elif after:
            await self._resume([one.id for one in subscriptions], ledger.try_again if before else ledger.resume)
        receives = any(one.receives for one in subscriptions)
        if after and not before and chat.type != Chat.PRIVATE and not receives:
            self._answers.replies.spawn(self._greet(change))

    async def migrate(self, chat: Chat, new: int) -> None:
        """Move the subscriptions of a group, and of its topics, to the supergroup that it became."""
        ledger = self._router.ledger
        for subscription in await ledger.subscriptions.with_topics("telegram", addresses_of(chat)):
            _, colon, topic = subscription.address.partition(":")
            address = f"{new}{colon}{topic}"
            id_sequence = self._channel.id_sequence(address)
            await ledger.subscriptions.move(subscription.id, address=address, id_sequence=id_sequence)

    async def _pause(self, chat: Chat, subscriptions: Iterable[int]) -> None:
        reason = "blocked by its reader" if chat.type == Chat.PRIVATE else "the bot was taken out of the chat"
        for subscription in subscriptions:
            await self._router.ledger.subscriptions.pause(subscription, reason)

    async def _resume(self, subscriptions: Iterable[int], resume: Callable[[int], Awaitable[None]]) -> None:
        for subscription in subscriptions:
            await resume(subscription)
        self._router.wake()

    async def _greet(self, change: ChatMemberUpdated) -> None:
        welcome = await self._router.welcome(self._requests.for_membership(change))
        address, names, expiry = str(change.chat.id), addresses_of(change.chat), self._answers.expiry
        passing = partial(expiry.note, address, seconds=GREETING_STAYS)
        on_sent = passing if change.chat.type == Chat.CHANNEL else ignore_id
        more = sound(change.chat)
        await self._answers.replies.send(address, [welcome], more=more, names=names, on_sent=on_sent)


def _is_member(member: ChatMember) -> bool:
    return member.status in _MEMBERS and bool(getattr(member, "is_member", True))  # a restricted user may have left
