"""What a reader may type, written once for all channels: a line in, an answer out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.config.settings import Settings
from bot.conversation.commands import lookup, operator, subscription
from bot.conversation.context import Context, Request, Response, choose_language
from bot.conversation.parsing.query import parse_query
from bot.conversation.parsing.text import normalise
from bot.conversation.throttle import Throttle, Verdict
from bot.database.states import ChatKind
from bot.delivery.hours import DeliveryHours
from bot.ledger.ledger import Ledger
from bot.monitoring.outages import Outages
from formatters import lines, pages
from formatters.compose import help_text
from formatters.locale import phrases
from formatters.message import Formatter, Message

_LONGEST_LINE = 4096  # characters that are read; Slack sends ten times as many
LONGEST_ECHO = 40  # characters of what was typed


@dataclass
class CommandRouter:
    """Where readers are answered."""

    ledger: Ledger
    settings: Settings
    formatters: Mapping[str, Formatter]
    id_sequences: Mapping[str, Callable[[str], str]]
    wake: Callable[[], object] = lambda: None
    throttle: Throttle = field(default_factory=Throttle)
    # In a group: 20 messages a minute are all that Telegram takes, and digests need some of them.
    per_member: Throttle = field(default_factory=lambda: Throttle(burst=3, per_second=0.1))
    per_group: Throttle = field(default_factory=lambda: Throttle(burst=8, per_second=0.15, steady=True))
    clock: Callable[[], float] = time.monotonic
    outages: Outages = field(default_factory=Outages)

    async def handle(self, request: Request, line: str) -> Response:
        """Answer one line; wrong input gets help, who asks too much nothing. Wishes are kept before it returns."""
        line = line[:_LONGEST_LINE]
        command, name, argument = _read(line, meant=request.addressed)
        if command is None and not request.addressed:
            return Response()  # and nothing is counted: it may have been said to somebody else
        verdict = self._verdict(request)
        if verdict is Verdict.SILENCE:
            return Response()
        context = await self._context(request)
        if verdict is Verdict.NOTE:
            return context.reply_text(context.phrases.slow_down)
        return await command(context, argument) if command else await _bare(context, line, name)

    def _verdict(self, request: Request) -> Verdict:
        """Judge who asks, and in a group all of it: its answers share what the platform lets us send there."""
        now, room = self.clock(), (request.channel, request.address.partition(":")[0])
        if request.kind == ChatKind.PRIVATE or request.private:
            return self.throttle.verdict((*room, request.user), now)
        own = self.per_member.verdict((*room, request.user), now)
        if own is not Verdict.ANSWER:
            return own
        return Verdict.ANSWER if self.per_group.verdict(room, now) is Verdict.ANSWER else Verdict.SILENCE

    async def welcome(self, request: Request) -> Message:
        """Greet a group or channel that let the bot in."""
        context = await self._context(request)
        return context.formatter.page(pages.welcome(context.phrases))

    async def context_for(self, request: Request) -> Context:
        """Give what is needed to answer by other ways than a line."""
        return await self._context(request)

    async def _context(self, request: Request) -> Context:
        chat = await self.ledger.subscriptions.find(request.channel, (request.address, *request.aliases))
        said = phrases(choose_language(request, chat, self.settings.language))
        formatter = self.formatters[request.channel].in_language(said)
        counter = self.id_sequences[request.channel]
        zone = DeliveryHours.for_chat(self.settings, chat.schedule if chat else "").zone
        today = datetime.now(ZoneInfo(zone)).date()
        return Context(request, chat, said, formatter, self.ledger, self.settings, counter, self.wake, today)


def _read(line: str, *, meant: bool) -> tuple[Command | None, str, str]:
    """Give a line's command, its name as typed, and the rest; what may be meant for others needs the slash."""
    name, argument = [*normalise(line).split(maxsplit=1), "", ""][:2]
    command = _COMMANDS.get(name.removeprefix("/").casefold())
    return command if meant or name.startswith("/") else None, name, argument


async def _bare(context: Context, line: str, name: str) -> Response:
    """Answer what is no command: a number or an id alone is a paper."""
    bare = parse_query(line, context.today)
    if bare.number is not None or bare.paper:
        return await lookup.paper(context, line)
    return context.reply_text(context.phrases.unknown_command.format(command=name[:LONGEST_ECHO]))


async def _start(context: Context, argument: str) -> Response:
    """Begin, or give the paper that a button of a channel leads to."""
    wanted = lines.read_start(argument)
    if wanted is not None:
        return await lookup.paper(context, wanted)
    if context.chat and context.chat.receives:
        return await _help(context, argument)
    return context.reply_page(pages.start(_help_text(context), context.phrases))


async def _help(context: Context, _: str) -> Response:
    return Response((context.formatter.notice(_help_text(context)),))


def _help_text(context: Context) -> str:
    said = context.phrases
    commands = said.commands | (said.operator_commands if context.is_operator else {})
    return help_text(said.help, commands)


Command = Callable[[Context, str], Awaitable[Response]]

_COMMANDS: dict[str, Command] = {
    "paper": lookup.paper,
    "papers": lookup.papers,
    "search": lookup.search,
    "subscribe": subscription.subscribe,
    "unsubscribe": subscription.unsubscribe,
    "settings": subscription.settings,
    "status": operator.status,
    "start": _start,
    "help": _help,
}
