"""What a conversation is made of: who asks, what is known of the chat, what comes back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from bot.config.settings import Settings
from bot.database.states import ChatKind
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
class Asker:
    """Who says something, and where; made by the channel that heard it."""

    channel: str
    address: str  # of the chat in which the answer belongs
    kind: ChatKind = ChatKind.PRIVATE
    user: str = ""  # empty where a channel itself speaks
    language: str = ""  # the platform's code for the reader's language, "ko" or "en-US"; empty: it does not tell
    names: tuple[str, ...] = ()  # other addresses of the same chat: "@my_channel"
    meant: bool = True  # surely said to the bot: what it does not know gets an answer
    pressed: bool = False  # a button was pressed, nothing was typed
    alone: bool = False  # nobody else sees the answer
    administers: Callable[[], Awaitable[bool]] = _nobody


@dataclass(frozen=True, slots=True)
class Answer:
    messages: tuple[Message, ...] = ()
    note: str = ""  # the same in a few words, for who pressed a button
    replaces: bool = False  # takes the place of the page whose button was pressed
    line: str = ""  # gives the same again, for others to see


@dataclass(frozen=True, slots=True)
class Context:
    """All that a command needs to answer one line."""

    asker: Asker
    chat: Subscription | None  # None: never heard of
    words: Phrases
    formatter: Formatter
    store: Ledger
    settings: Settings
    counter: Callable[[str], str]
    wake: Callable[[], object]  # lets what is new go out at once
    today: date

    @property
    def layout(self) -> str:
        """Give the layout that the operator set for this channel."""
        table = getattr(self.settings, self.asker.channel, None)
        return table.layout if table else "messages"

    @property
    def operates(self) -> bool:
        """Tell whether an operator asks; whoever sits at the terminal is one."""
        people = getattr(self.settings.operators, self.asker.channel, None)
        return people is None or self.asker.user in people

    @property
    def when(self) -> str:
        """Say at which hours this chat receives."""
        hours = DeliveryHours.for_chat(self.settings, self.chat.schedule if self.chat else "")
        return pages.hours_text(hours.at, hours.weekdays, hours.zone, self.words)

    @property
    def first_language(self) -> str:
        """Give the language in which this chat receives at first; empty is what the operator set."""
        return _spoken(self.asker.language) if self.asker.kind == ChatKind.PRIVATE else ""

    @property
    def language(self) -> str:
        """Give the language in which this chat receives, whatever its answers are in."""
        return (self.chat.language if self.chat else self.first_language) or self.settings.language

    async def may_manage(self) -> bool:
        """Tell whether who asks decides for this chat."""
        return self.asker.kind == ChatKind.PRIVATE or await self.asker.administers()

    async def known(self) -> int:
        """Give the id of this chat, which is noted when it never was."""
        if self.chat:
            return self.chat.id
        asker, counter = self.asker, self.counter(self.asker.address)
        return await self.store.subscriptions.add_chat(
            asker.channel,
            asker.address,
            counter=counter,
            kind=asker.kind,
            language=self.first_language,
            layout=self.layout,
        )

    def tell(self, text: str) -> Answer:
        """Answer in a few words of the bot's own."""
        return Answer((self.formatter.notice(text),), note=text)

    def show(self, *shown: Page, note: str = "") -> Answer:
        """Answer with pages, which take the place of the one whose button was pressed."""
        return Answer(tuple(map(self.formatter.page, shown)), note=note, replaces=len(shown) == 1)


def language(asker: Asker, chat: Subscription | None, usual: str) -> str:
    """Choose what was set, then what the reader's platform says, then what the operator set."""
    if chat and chat.language:
        return chat.language
    own = asker.kind == ChatKind.PRIVATE or asker.alone  # in a group all see the answer
    return (_spoken(asker.language) if own else "") or usual


def _spoken(code: str) -> str:
    """Give the one of the bot's languages that suits a platform's code, empty where there is no code."""
    main = re.split("[-_]", code.lower())[0]
    return {"": "", "ko": "ko"}.get(main, "en")
