"""The channel "telegram": one bot, its rate limits, and what it may do in a chat.

Source of the facts: Telegram Bot API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from telegram import Chat, ChatFullInfo, ChatMemberAdministrator, ChatMemberOwner, ChatMemberRestricted

from bot.channels.rate_limits.allowances import Allowance
from bot.channels.rate_limits.estimate import evenly, in_windows
from bot.channels.rate_limits.limiter import RateLimiter, Turn
from bot.channels.rate_limits.limits import EvenSpacing, Limit, SlidingWindow
from bot.channels.telegram.client import NONSENSE, TelegramClient, join_address, split_address
from bot.channels.telegram.message_ids import MessageIds, id_sequence
from bot.channels.telegram.reconciliation.probed_chat import CHANNEL
from bot.channels.telegram.reconciliation.refusals import is_gone, is_unmodified
from bot.channels.telegram.reconciliation.search import Reconciler
from bot.database.states import ChatKind
from bot.delivery.channel import (
    ChatIdentity,
    ChatWork,
    Delivered,
    HeardTitles,
    NotDelivered,
    UnconfirmedSend,
    Undecided,
)
from bot.errors import ChatGone, Rejected, SendError
from bot.ledger.writing import deadline
from formatters.message import Formatter

BOT_CALLS = 30  # in a second
_MARGIN = 0.003  # of each window, added to it: the quickest trip that is known is not the quickest possible
_HASTE = 1.05  # so much closer than evenly a bot's calls are spread: what jitter costs is caught up again


class TelegramChannel:
    """One Telegram bot."""

    name = CHANNEL

    def __init__(
        self,
        token: str,
        base_url: str,
        formatter: Formatter,
        limiter: RateLimiter | None = None,
        timeout: float = deadline.ANSWER,
    ) -> None:
        self.formatter = formatter
        self.allowances = (Allowance("bot", BOT_CALLS, 1.0), Allowance("group", 20, 60.0))
        self._limiter = limiter or telegram_limiter(*self.allowances)
        self.client = TelegramClient(token, base_url, timeout, self._limiter.pause)
        self.ids = MessageIds()
        self.titles = HeardTitles()
        self._reconciler = Reconciler(self.client, self.ids, self.acquire_turn)

    def seconds_for(self, work: Sequence[ChatWork]) -> float:
        bot, group = self.allowances
        in_chats = [
            in_windows(one.calls, group, 1.0) if is_limited_group(one.address) else max(0.0, one.calls - 1.0)
            for one in work
        ]
        return max(evenly(sum(one.calls for one in work), bot), *in_chats, 0.0)

    def id_sequence(self, address: str) -> str:
        return id_sequence(address)

    def is_canonical(self, address: str) -> bool:
        return not address.startswith("@") and address == join_address(*split_address(address))

    async def identify(self, address: str) -> ChatIdentity:
        """Ask Telegram where the number does not tell: channels and supergroups look alike. Rejected where it refuses.

        "General" is the forum itself, and many names may lead to one number.
        """
        chat, topic = split_address(address)
        if id_sequence(address) == "bot":
            return ChatIdentity(ChatKind.GROUP if chat.startswith("-") else ChatKind.PRIVATE, join_address(chat, topic))
        async with await self.acquire_turn(address):
            found = await self._ask_about(chat)
        self.titles.hear(found.effective_name, address)
        return ChatIdentity(kind_of(found), join_address(str(found.id), topic))

    async def canonical_address(self, address: str) -> str:
        """Give the chat's number in place of its name, if an answer or a message has told it."""
        return self.ids.canonical_address(address)

    async def ask_title(self, address: str) -> None:
        """Need not ask: each message that comes or goes tells."""

    async def prepare(self, body: Mapping[str, object]) -> None:
        await self.client.prepare(body)

    async def acquire_turn(self, address: str, *, reply: bool = False, ahead: float = 0.0, **_: object) -> Turn:
        """Edits count as messages do."""
        return await self._limiter.acquire(split_address(address)[0], reply=reply, ahead=ahead)

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:  # noqa: ARG002
        async with self.ids.lock(address):
            with self.ids.sending(address, delivery_ref) as begun:
                sent = await self.client.send(address, body)
                self.ids.arrived(sent, delivery_ref, begun)
        self.titles.hear(sent.chat.effective_name, address)
        return str(sent.message_id)

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        try:
            await self.client.edit(address, int(remote_id), await self.client.arguments_to_send(body))
        except Rejected as error:
            if not is_unmodified(error):
                raise

    async def delete(self, address: str, remote_id: str) -> None:
        """Delete a message, less than 48 hours old: the bot's own, with the right "delete messages" any."""
        chat, _ = split_address(address)
        try:
            await self.client.call(chat, self.client.bot.delete_message(chat, int(remote_id)))
        except Rejected as error:
            if not is_gone(error):
                raise Rejected(f"not deleted, it stays: {error}; Telegram deletes within 48 hours") from error

    def message_link(self, address: str, remote_id: str, thread: str) -> str:  # noqa: ARG002
        return message_link(address, remote_id)

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
        return await self._reconciler.reconcile(address, unconfirmed)

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        try:
            me = await self.client.me()
        except SendError as error:
            return [("token", str(error))]
        found = [(f"token: @{me.username}", "")]
        for address in addresses:
            what, cure = await self._check_chat(address, me.id)
            found.append((what, cure) if cure else await self._check_topic(address, what))
        return found

    async def close(self) -> None:
        await self.client.close()

    async def _ask_about(self, chat: str) -> ChatFullInfo:
        """Ask about a chat; Rejected for nonsense, which a server of another version would answer each time."""

        async def ask() -> ChatFullInfo:
            try:
                return await self.client.bot.get_chat(chat)
            except NONSENSE as error:
                raise Rejected(f"Telegram's answer makes no sense ({type(error).__name__})") from error

        found = await self.client.call(chat, ask())
        self.ids.learn_number(found, chat)
        return found

    async def _check_topic(self, address: str, what: str) -> tuple[str, str]:
        """Ask whether the topic of an address is there: the only call that tells, and sends nothing, says "typing"."""
        chat, topic = split_address(address)
        if topic is None:
            return what, ""
        try:
            async with await self.acquire_turn(address):
                await self.client.call(chat, self.client.bot.send_chat_action(chat, "typing", topic))
        except ChatGone as error:
            return f"topic {address}", f"{str(error).partition(';')[0]}; open it again, or correct the number behind :"
        except SendError as error:
            return what, str(error)
        return what, ""

    async def _check_chat(self, address: str, me: int) -> tuple[str, str]:
        """Ask whether the bot may write in a chat."""
        chat, _ = split_address(address)
        bot = self.client.bot
        try:
            async with await self.acquire_turn(address):
                found = await self._ask_about(chat)
            if found.type == Chat.PRIVATE:
                return f"{found.effective_name} ({address})", ""
            member = await self.client.call(chat, bot.get_chat_member(chat, me))
        except SendError as error:
            return address, str(error)
        return f"{found.title} ({address})", _missing_right(found.type, member)


def kind_of(chat: Chat | ChatFullInfo) -> ChatKind:
    kinds = {Chat.PRIVATE: ChatKind.PRIVATE, Chat.CHANNEL: ChatKind.BROADCAST}
    return kinds.get(chat.type, ChatKind.GROUP)


class MissingRight(StrEnum):
    """What to change so that the bot may send to a chat."""

    NONE = ""
    MEMBER = "add the bot to the group"
    SPEAK = "lift the restriction: the bot may not send messages"
    POST = "make the bot an administrator that may post messages"
    NO_EDITS = 'take the right "edit messages" away: with it, a doubtful send cannot be looked for'


def _missing_right(kind: str, member: object) -> MissingRight:
    if isinstance(member, ChatMemberOwner):
        return MissingRight.NONE
    if kind == Chat.CHANNEL:
        return _missing_right_in_channel(member)
    if isinstance(member, ChatMemberRestricted):
        return MissingRight.NONE if member.can_send_messages else MissingRight.SPEAK
    gone = getattr(member, "status", "") in {"left", "kicked"}
    return MissingRight.MEMBER if gone else MissingRight.NONE


def _missing_right_in_channel(member: object) -> MissingRight:
    if not (isinstance(member, ChatMemberAdministrator) and member.can_post_messages):
        return MissingRight.POST
    return MissingRight.NO_EDITS if member.can_edit_messages else MissingRight.NONE


def message_link(address: str, remote_id: str) -> str:
    """Give the address of a message: those of channels and supergroups alone have one (core.telegram.org/api/links)."""
    chat, topic = split_address(address)
    if id_sequence(address) == "bot":
        return ""
    place = chat.removeprefix("@") if chat.startswith("@") else f"c/{-int(chat) - 10**12}"
    return f"https://t.me/{place}/{topic}/{remote_id}" if topic else f"https://t.me/{place}/{remote_id}"


def is_limited_group(address: str) -> bool:
    """Tell whether an address is that of a group or channel: a person's is a number above 0."""
    return address.startswith(("-", "@"))


def telegram_limiter(bot: Allowance, group: Allowance) -> RateLimiter:
    """Limit the calls to 30 a second, 1 a second in each chat, and 20 a minute in a group or channel.

    These numbers are Telegram's (core.telegram.org/bots/faq).
    """
    chat = Allowance("", 1, 1.0)

    def limits(address: str) -> Sequence[Limit]:
        each = EvenSpacing(chat, leeway=2, haste=1 / (1 + _MARGIN))
        return [each, SlidingWindow(group, _MARGIN)] if is_limited_group(address) else [each]

    spread = EvenSpacing(bot, haste=_HASTE, from_answer=False)
    return RateLimiter([spread, SlidingWindow(bot, _MARGIN)], limits)
