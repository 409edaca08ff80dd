"""The data of a conversation: the request, the response, and the context that commands get."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from bot.config.settings import Settings
from bot.conversation.recent import ListsShown
from bot.database.states import ChatKind
from bot.delivery.channel import ChannelKit
from bot.delivery.hours import DeliveryHours
from bot.ledger.chats.sources import taken
from bot.ledger.ledger import Ledger
from bot.ledger.records.deliveries import Subscription
from formatters import pages
from formatters.edition import UsualEdition
from formatters.locale import Phrases
from formatters.message import Formatter, Message
from formatters.page import Page
from formatters.spans import plain


async def _nobody() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Request:
    """A line's sender and chat, as the channel that received it knows them."""

    channel: str
    address: str  # of the chat to answer in
    kind: ChatKind = ChatKind.PRIVATE
    user: str = ""  # empty for a post of a channel itself
    language: str = ""  # the platform's code for the reader's language, "ko" or "en-US"; empty: not known
    aliases: tuple[str, ...] = ()  # other addresses of the same chat: "@my_channel"
    addressed: bool = True  # certainly meant for the bot, so even an unknown line is answered
    in_reply: bool = False  # to a message of the bot: command words count, all else is for others
    from_button: bool = False  # the line is that of a pressed button
    private: bool = False  # nobody else sees the answer
    is_admin: Callable[[], Awaitable[bool]] = _nobody
    may_invite: Callable[[], Awaitable[bool]] = _nobody  # the bot into this chat
    zone: str = ""  # the reader's time zone as the platform knows it, "Asia/Seoul"; empty: not known, or nobody's own

    @property
    def is_alone(self) -> bool:
        """Tell whether nobody else sees the answer."""
        return self.kind == ChatKind.PRIVATE or self.private


@dataclass(frozen=True, slots=True)
class Response:
    messages: tuple[Message, ...] = ()
    toast: str = ""  # a short text for whoever pressed a button
    replaces_page: bool = False  # put in place of the page whose button was pressed
    share_line: str = ""  # of a paper in full: the line that shows the same to others
    one_line: str = ""  # what is said where no message can be
    again: Message | None = None  # what is said in place of a paper that stands in the chat already
    lines: int = 1  # that it counts for: one for each of several papers


@dataclass(frozen=True, slots=True)
class Context:
    """All that a command needs to answer one line."""

    request: Request
    chat: Subscription | None  # None: not known to the ledger
    phrases: Phrases
    formatter: Formatter
    ledger: Ledger
    settings: Settings
    kit: ChannelKit
    id_sequence: Callable[[str], str]
    wake: Callable[[], object]  # starts a cycle at once
    today: date
    lists: ListsShown

    @property
    def usual_edition(self) -> UsualEdition:
        """Say what chats of this channel receive that chose nothing."""
        return self.kit.usual_edition(self.settings)

    @property
    def is_operator(self) -> bool:
        """Tell whether the sender is an operator; in a channel without settings, such as the terminal, everybody is."""
        own = self.kit.read(self.settings)
        return own is None or self.request.user in own.operators

    @property
    def hours_text(self) -> str:
        """Say at which hours this chat receives."""
        hours = DeliveryHours.for_chat(self.settings, self.chat.schedule if self.chat else "")
        return pages.hours_text(hours.at, hours.weekday_numbers, hours.zone, self.phrases)

    @property
    def first_language(self) -> str:
        """Give the first language of a new chat; "" means what the operator set."""
        return supported_language(self.request.language) if self.request.kind == ChatKind.PRIVATE else ""

    @property
    def language(self) -> str:
        """Give the language in which this chat receives digests; answers may be in another."""
        return (self.chat.language if self.chat else self.first_language) or self.settings.language

    @property
    def sources(self) -> list[str]:
        """Name all sources."""
        return self.settings.source_names

    @property
    def usual_sources(self) -> list[str]:
        """Name the sources of which this chat receives when its people choose nothing."""
        return self._taken("")

    @property
    def takes(self) -> list[str]:
        """Name the sources of which this chat receives."""
        return self._taken(self.chat.sources if self.chat else "")

    def _taken(self, chosen: str) -> list[str]:
        own = self.kit.read(self.settings)
        listed = own.sources.get(self.chat.name, ()) if own and self.chat else ()
        return taken(chosen, listed, self.sources) or self.sources

    async def may_manage(self) -> bool:
        """Tell whether the sender may change the settings of this chat."""
        return self.request.kind == ChatKind.PRIVATE or await self.request.is_admin()

    async def may_subscribe(self) -> bool:
        """Tell whether the sender may let this chat receive: who manages it, or may invite the bot into it."""
        return await self.may_manage() or await self.request.may_invite()

    def refuse(self, *, subscribing: bool = False) -> Response:
        """Say who may do what the sender may not."""
        if not self.kit.members_invite:
            return self.reply_text(self.phrases.administrators_only)
        return self.reply_text(self.phrases.members_only if subscribing else self.phrases.managers_only)

    async def ensure_chat(self) -> int:
        """Give the id of this chat; a new chat is added to the ledger."""
        if self.chat:
            return self.chat.id
        request, id_sequence = self.request, self.id_sequence(self.request.address)
        return await self.ledger.subscriptions.add_chat(
            request.channel,
            request.address,
            id_sequence=id_sequence,
            kind=request.kind,
            language=self.first_language,
            usual=self.usual_edition,
        )

    def reply_text(self, text: str) -> Response:
        """Answer with a short text."""
        return Response((self.formatter.notice(text),), toast=text, one_line=text)

    def reply_page(self, *shown: Page, toast: str = "") -> Response:
        """Answer with pages; a single one replaces the page whose button was pressed."""
        messages, one_line = tuple(map(self.formatter.page, shown)), plain(shown[0].head).strip().partition("\n")[0]
        return Response(messages, toast=toast, replaces_page=len(shown) == 1, one_line=one_line)


def choose_language(request: Request, chat: Subscription | None, usual: str) -> str:
    """Choose the chat's own language, else the reader's as the platform gives it, else the operator's."""
    if chat and chat.language:
        return chat.language
    own = request.kind == ChatKind.PRIVATE or request.private  # in a group all see the answer
    return (supported_language(request.language) if own else "") or usual


def supported_language(code: str) -> str:
    """Give the bot's language for a platform's code, "" where there is no code."""
    main = re.split("[-_]", code.lower())[0]
    return {"": "", "ko": "ko"}.get(main, "en")
