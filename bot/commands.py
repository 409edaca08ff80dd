"""What a reader may type, written once for all channels: a line in, an answer out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot import operating, reading, wishing
from bot.asking import asked, seen
from bot.config import Settings
from bot.flood import Flood, Verdict
from bot.records import Subscriber
from bot.store import Store
from bot.talk import Answer, Asker, Context
from formatters import pages
from formatters.compose import help_text
from formatters.locale import words
from formatters.message import Formatter, Message

LONGEST_ECHO = 40  # characters of what was typed


@dataclass
class Desk:
    """Where readers are answered."""

    store: Store
    settings: Settings
    formatters: Mapping[str, Formatter]
    counters: Mapping[str, Callable[[str], str]]
    wake: Callable[[], object] = lambda: None
    flood: Flood = field(default_factory=Flood)
    clock: Callable[[], float] = time.monotonic

    async def answer(self, asker: Asker, line: str) -> Answer:
        """Answer one line; wrong input gets help, who asks too much nothing. Wishes are kept before it returns."""
        verdict = self.flood.verdict((asker.channel, asker.address, asker.user), self.clock())
        if verdict is Verdict.SILENCE:
            return Answer()
        context = await self._context(asker)
        return context.tell(context.words.slow_down) if verdict is Verdict.NOTE else await _answered(context, line)

    async def welcome(self, asker: Asker) -> Message:
        """Greet a group or channel that let the bot in."""
        context = await self._context(asker)
        return context.formatter.page(pages.welcome(context.words))

    async def speaking(self, asker: Asker) -> Context:
        """Give what is needed to answer by other ways than a line."""
        return await self._context(asker)

    async def _context(self, asker: Asker) -> Context:
        chat = await self.store.subscribers.find(asker.channel, (asker.address, *asker.names))
        said = words(_language(asker, chat, self.settings.language))
        formatter = self.formatters[asker.channel].speaking(said)
        counter = self.counters[asker.channel]
        today = datetime.now(self.settings.zone).date()
        return Context(asker, chat, said, formatter, self.store, self.settings, counter, self.wake, today)


def _language(asker: Asker, chat: Subscriber | None, usual: str) -> str:
    """Choose what was set, then what the reader's platform says, then what the operator set."""
    if chat and chat.language:
        return chat.language
    if not (asker.language and (asker.kind == "private" or asker.pressed or asker.alone)):
        return usual
    return "ko" if asker.language.lower().startswith("ko") else "en"


async def _answered(context: Context, line: str) -> Answer:
    name, argument = [*seen(line).split(maxsplit=1), "", ""][:2]
    command = _COMMANDS.get(name.removeprefix("/").casefold())
    if command:
        return await command(context, argument)
    if not context.asker.meant:
        return Answer()
    bare = asked(line, context.today)
    if bare.number is not None or bare.paper:
        return await reading.paper(context, line)
    return context.tell(context.words.unknown_command.format(command=name[:LONGEST_ECHO]))


async def _start(context: Context, argument: str) -> Answer:
    """Begin, or give the paper that a button of a channel leads to."""
    if argument.startswith("paper-"):
        return await reading.paper(context, argument.removeprefix("paper-"))
    if context.chat and context.chat.receives:
        return await _help(context, argument)
    return context.show(pages.start(_help_text(context), context.words))


async def _help(context: Context, _: str) -> Answer:
    return Answer((context.formatter.notice(_help_text(context)),))


def _help_text(context: Context) -> str:
    said = context.words
    commands = said.commands | (said.operator_commands if context.operates else {})
    return help_text(said.help, commands)


Command = Callable[[Context, str], Awaitable[Answer]]

_COMMANDS: dict[str, Command] = {
    "paper": reading.paper,
    "papers": reading.papers,
    "search": reading.search,
    "subscribe": wishing.subscribe,
    "unsubscribe": wishing.unsubscribe,
    "settings": wishing.settings,
    "status": operating.status,
    "start": _start,
    "help": _help,
}
