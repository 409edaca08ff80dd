"""The commands of readers, once for all channels: a line in, a response out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.config.settings import Settings
from bot.conversation.commands import lookup, operator, subscription
from bot.conversation.context import Context, Request, Response, choose_language
from bot.conversation.limits import AnswerLimits
from bot.conversation.parsing.query import is_numbered
from bot.conversation.parsing.text import normalise
from bot.conversation.parsing.words import SHOW, parse_command, parse_slash, suggest
from bot.conversation.recent import ListsShown, PapersGiven
from bot.conversation.throttle import Verdict
from bot.database.states import ChatKind
from bot.delivery.channel import ChannelKit
from bot.delivery.hours import DeliveryHours
from bot.ledger.ledger import Ledger
from bot.monitoring.health import Health
from formatters import lines, pages
from formatters.compose import help_text
from formatters.locale import phrases
from formatters.message import Formatter, Message

_LONGEST_LINE = 4096  # characters that are read; Slack sends ten times as many
LONGEST_ECHO = 40  # characters of what was typed


@dataclass
class CommandRouter:
    """Find the command of a line, and answer it."""

    ledger: Ledger
    settings: Settings
    kits: Mapping[str, ChannelKit]
    formatters: Mapping[str, Formatter]
    id_sequences: Mapping[str, Callable[[str], str]]
    wake: Callable[[], object] = lambda: None
    limits: AnswerLimits = field(default_factory=AnswerLimits)
    clock: Callable[[], float] = time.monotonic
    health: Health = field(default_factory=Health)
    papers: PapersGiven = field(default_factory=PapersGiven)
    lists: ListsShown = field(default_factory=ListsShown)

    async def handle(self, request: Request, line: str) -> Response:
        """Answer one line: wrong input with help, too many lines with a word and then with nothing.

        A change of settings is committed before this returns.
        """
        line = line[:_LONGEST_LINE]
        command, argument = _parse(line, request)
        if command is None and not request.addressed:
            return Response()  # it may be meant for somebody else, so it is not counted either
        verdict = await self._verdict(request, command)
        if verdict is Verdict.SILENCE and not request.from_button:
            return Response()
        context = await self._context(request)
        if verdict is not Verdict.ANSWER:
            return _slow_down(context, verdict)
        response = await (command(context, argument) if command else _answer_bare_line(context, line))
        self.limits.charge(request, response.lines - 1)
        return self._within_limits(context, response)

    async def _verdict(self, request: Request, command: Command | None) -> Verdict:
        own = self.kits[request.channel].read(self.settings)
        operator = own is not None and request.user in own.operators
        return await self.limits.verdict(request, self.clock(), operator=operator, sets=command in _SETTING)

    def _within_limits(self, context: Context, response: Response) -> Response:
        """Turn no page before a group that got enough; settings that were changed are shown in any case."""
        turns = context.request.from_button and response.replaces_page and not response.toast
        return Response(toast=context.phrases.busy) if turns and not self.may_speak(context.request) else response

    def may_speak(self, request: Request) -> bool:
        """Tell whether a group did not get enough to be shown what somebody pressed for; this counts."""
        return self.limits.may_speak(request, self.clock())

    async def welcome(self, request: Request) -> Message:
        """Greet a group or channel that the bot was added to."""
        context = await self._context(request)
        return context.formatter.page(pages.welcome(context.phrases, members=context.kit.members_invite))

    async def context_for(self, request: Request) -> Context:
        """Give the context of a request that is no line, such as an inline search."""
        return await self._context(request)

    async def _context(self, request: Request) -> Context:
        chat = await self.ledger.subscriptions.find(request.channel, (request.address, *request.aliases))
        catalogue = phrases(choose_language(request, chat, self.settings.language))
        formatter = self.formatters[request.channel].in_language(catalogue)
        kit, id_sequence = self.kits[request.channel], self.id_sequences[request.channel]
        zone = DeliveryHours.for_chat(self.settings, chat.schedule if chat else "").zone
        today = datetime.now(ZoneInfo(zone)).date()
        return Context(
            request,
            chat,
            catalogue,
            formatter,
            self.ledger,
            self.settings,
            kit,
            id_sequence,
            self.wake,
            today,
            self.lists,
        )


def _parse(line: str, request: Request) -> tuple[Command | None, str]:
    """Give a line's command and the rest; a line that may be meant for others needs the slash."""
    if not (request.addressed or request.in_reply):
        name, rest = parse_slash(line, _NAMES)
    elif is_numbered(line):
        name, rest = "paper", line
    else:
        name, rest = parse_command(line, _NAMES)
    return _COMMANDS.get(name), rest


def _slow_down(context: Context, verdict: Verdict) -> Response:
    """Say that too much is asked; who is not answered and pressed a button reads it all the same, in a toast."""
    text = context.phrases.busy if verdict is Verdict.BUSY else context.phrases.slow_down
    return Response(toast=text) if verdict is Verdict.SILENCE else context.reply_text(text)


async def _answer_bare_line(context: Context, line: str) -> Response:
    """Answer a line without a command: an id or a day alone asks for papers, other words search in a private chat."""
    text = normalise(line)
    name = text.partition(" ")[0]
    if name and not name.startswith("/"):
        if response := await lookup.bare(context, line):
            return response
        if context.request.kind == ChatKind.PRIVATE:
            return _suggest(context, text, f"{lookup.nothing_found(context, text)}\n{context.phrases.way_out}")
    return _suggest(context, text, context.phrases.unknown_command.format(command=name[:LONGEST_ECHO]))


def _suggest(context: Context, line: str, text: str) -> Response:
    """Say that a line was not understood, with a button for what may have been meant."""
    typed, meant = suggest(line, _commands(context))
    return (
        context.reply_page(pages.suggestion(text, typed, meant, context.phrases)) if meant else context.reply_text(text)
    )


async def _start(context: Context, argument: str) -> Response:
    """Greet the reader, or give what a deep link asks for."""
    query = lines.read_start(argument)
    if query is not None:
        return await lookup.paper(context, query)
    if day := lines.read_start_day(argument):
        return replace(await lookup.papers(context, day), replaces_page=False)
    if context.chat and context.chat.receives:
        return await _help(context, argument)
    return context.reply_page(pages.start(_help_text(context), context.phrases))


async def _help(context: Context, _: str) -> Response:
    return Response((context.formatter.notice(_help_text(context)),))


def _help_text(context: Context) -> str:
    return help_text(context.phrases.help, _commands(context))


def _commands(context: Context) -> Mapping[str, str]:
    """Give the commands that the sender may use, each with what it does."""
    catalogue = context.phrases
    return catalogue.commands | (catalogue.operator_commands if context.is_operator else {})


Command = Callable[[Context, str], Awaitable[Response]]
_SETTING: tuple[Command, ...] = (subscription.subscribe, subscription.unsubscribe, subscription.settings)

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
    SHOW: lookup.show,
}
_NAMES = frozenset(_COMMANDS) - {SHOW}
