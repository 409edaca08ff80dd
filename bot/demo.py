"""The demo: a sample digest through the same plan, ledger and drain as any other, to this terminal."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bot import sample
from bot.channels.terminal import TerminalChannel
from bot.commands import Context, answer
from bot.config import Settings
from bot.delivery import Drain, plan
from bot.log import configure
from bot.sources.folder import FolderSource
from bot.store import Store, opened
from formatters.locale import Words, words
from formatters.terminal import TerminalFormatter

CHAT = "this terminal"


async def run(settings: Settings) -> None:
    """Deliver the sample and answer what is typed, until the input ends."""
    configure()
    said = words(settings.language)
    channel = TerminalChannel(Console(), TerminalFormatter(said))
    with tempfile.TemporaryDirectory(prefix="paperboy-") as folder:
        async with opened(f"sqlite:///{folder}/demo.db") as store:
            await _deliver(store, channel)
            await _talk(store, channel, said)


async def _deliver(store: Store, channel: TerminalChannel) -> None:
    source = FolderSource("sample", Path(sample.__file__).parent)
    await store.join(channel.name, "messages", {CHAT: channel.counter(CHAT)})
    found = await source.digests()
    await plan(store, source.name, found, {channel.name: channel.formatter}, catch_up=1, fresh=True)
    await Drain(store, {channel.name: channel}).run()


async def _talk(store: Store, channel: TerminalChannel, said: Words) -> None:
    context = Context(store, channel.formatter, said)
    await channel.say(said.demo_hint)
    while line := await asyncio.to_thread(_typed):
        if line.strip():
            for message in await answer(context, line):
                await channel.send(CHAT, message.body, ref="", thread="")


def _typed() -> str:
    """Read a line, empty at the end of the input; a prompt only where a person sits."""
    if sys.stdin.isatty():
        sys.stdout.write("> ")
        sys.stdout.flush()
    return sys.stdin.readline()
