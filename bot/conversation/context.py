"""What a conversation is made of: who asks, what is known of the chat, what comes back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from bot.config.settings import Settings
from bot.database.states import ChatKind
from bot.delivery.channel import ChannelKit
from bot.delivery.hours import DeliveryHours
from bot.ledger.ledger import Ledger
from bot.ledger.records import Subscription
from formatters import pages
from formatters.locale import Phrases
from formatters.message import Formatter, Message
from formatters.page import Page


async def _nobody() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Request:
    """Who says something, and where; made by the channel that heard it."""

    channel: str
    address: str  # of the chat in which the answer belongs
    kind: ChatKind = ChatKind.PRIVATE
    user: str = ""  # empty where a channel itself speaks
    language: str = ""  # the platform's code for the reader's language, "ko" or "en-US"; empty: it does not tell
    aliases: tuple[str, ...] = ()  # other addresses of the same chat: "@my_channel"
    addressed: bool = True  # surely said to the bot: what it does not know gets an answer
    from_button: bool = False  # a button was pressed, nothing was typed
    private: bool = False  # nobody else sees the answer
    is_admin: Callable[[], Awaitable[bool]] = _nobody


@dataclass(frozen=True, slots=True)
class Response:
    messages: tuple[Message, ...] = ()
    toast: str = ""  # the same in a few words, for who pressed a button
    replaces_page: bool = False  # takes the place of the page whose button was pressed
    share_line: str = ""  # gives the same again, for others to see


@dataclass(frozen=True, slots=True)
class Context:
    """All that a command needs to answer one line."""

    request: Request
    chat: Subscription | None  # None: never heard of
    phrases: Phrases
    formatter: Formatter
    ledger: Ledger
    settings: Settings
    kit: ChannelKit
    id_sequence: Callable[[str], str]
    wake: Callable[[], object]  # lets what is new go out at once
    today: date

    @property
    def layout(self) -> str:
        """Give the layout that the operator set for this channel."""
        own = self.kit.read(self.settings)
        return own.layout if own else self.kit.layouts[0]

    @property
    def is_operator(self) -> bool:
        """Tell whether an operator asks; where there are no settings, as at the terminal, whoever asks is one."""
        own = self.kit.read(self.settings)
        return own is None or self.request.user in own.operators

    @property
    def hours_text(self) -> str:
        """Say at which hours this chat receives."""
        hours = DeliveryHours.for_chat(self.settings, self.chat.schedule if self.chat else "")
        return pages.hours_text(hours.at, hours.weekdays, hours.zone, self.phrases)

    @property
    def first_language(self) -> str:
        """Give the language in which this chat receives at first; empty is what the operator set."""
        return supported_language(self.request.language) if self.request.kind == ChatKind.PRIVATE else ""

    @property
    def language(self) -> str:
        """Give the language in which this chat receives, whatever its answers are in."""
        return (self.chat.language if self.chat else self.first_language) or self.settings.language

    async def may_manage(self) -> bool:
        """Tell whether who asks decides for this chat."""
        return self.request.kind == ChatKind.PRIVATE or await self.request.is_admin()

    async def ensure_chat(self) -> int:
        """Give the id of this chat, which is noted when it never was."""
        if self.chat:
            return self.chat.id
        request, counter = self.request, self.id_sequence(self.request.address)
        return await self.ledger.subscriptions.add_chat(
            request.channel,
            request.address,
            id_sequence=counter,
            kind=request.kind,
            language=self.first_language,
            layout=self.layout,
        )

    def reply_text(self, text: str) -> Response:
        """Answer in a few words of the bot's own."""
        return Response((self.formatter.notice(text),), toast=text)

    def reply_page(self, *shown: Page, toast: str = "") -> Response:
        """Answer with pages, which take the place of the one whose button was pressed."""
        return Response(tuple(map(self.formatter.page, shown)), toast=toast, replaces_page=len(shown) == 1)


def choose_language(request: Request, chat: Subscription | None, usual: str) -> str:
    """Choose what was set, then what the reader's platform says, then what the operator set."""
    if chat and chat.language:
        return chat.language
    own = request.kind == ChatKind.PRIVATE or request.private  # in a group all see the answer
    return (supported_language(request.language) if own else "") or usual


def supported_language(code: str) -> str:
    """Give the one of the bot's languages that suits a platform's code, empty where there is no code."""
    main = re.split("[-_]", code.lower())[0]
    return {"": "", "ko": "ko"}.get(main, "en")
