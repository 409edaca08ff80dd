"""What a reader may type, written once for all channels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.store import Store
from formatters.compose import help_text
from formatters.locale import Words
from formatters.message import Formatter, Message
from formatters.model import Digest


@dataclass(frozen=True, slots=True)
class Context:
    """Where a command was typed, and what answers it."""

    store: Store
    formatter: Formatter
    words: Words


Answer = tuple[Message, ...]

LONGEST_ECHO = 40  # characters of what was typed


async def answer(context: Context, line: str) -> Answer:
    """Answer one line; wrong input gets help, never silence."""
    name, argument = [*line.split(maxsplit=1), "", ""][:2]
    command = _COMMANDS.get(name.removeprefix("/").casefold())
    if command is None:
        return (context.formatter.notice(context.words.unknown_command.format(command=name[:LONGEST_ECHO])),)
    return await command(context, argument.strip())


async def _paper(context: Context, argument: str) -> Answer:
    """Give the full summary of one paper of the newest digest; full-width digits count as well."""
    digest = await context.store.newest()
    if digest is None:
        return (context.formatter.notice(context.words.no_digest),)
    number = int(argument) if argument.isdecimal() and len(argument) < 5 else 0
    paper = next((paper for paper in digest.papers if paper.number == number), None)
    if paper is None:
        return (context.formatter.notice(_help_with_number(context.words, argument, digest)),)
    return context.formatter.paper(paper)


def _help_with_number(words: Words, argument: str, digest: Digest) -> str:
    last = max(paper.number for paper in digest.papers)
    if not argument.lstrip("-").isdecimal():
        return words.which_paper.format(last=last)
    return words.no_such_paper.format(number=argument[:8], last=last)


async def _papers(context: Context, _: str) -> Answer:
    digest = await context.store.newest()
    return context.formatter.contents(digest) if digest else (context.formatter.notice(context.words.no_digest),)


async def _help(context: Context, _: str) -> Answer:
    return (context.formatter.notice(help_text(context.words)),)


_COMMANDS: dict[str, Callable[[Context, str], Awaitable[Answer]]] = {
    "paper": _paper,
    "papers": _papers,
    "help": _help,
    "start": _help,
}
