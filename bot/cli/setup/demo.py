"""The demo: a sample digest through the same planner, ledger and dispatcher as any other, to this terminal."""

from __future__ import annotations

import io
import os
import signal
import sys
import tempfile
from pathlib import Path

from bot.channels.terminal import KIT, TerminalChannel
from bot.cli.console import Console, say
from bot.cli.setup import sample
from bot.config.explain import variable
from bot.config.loading import FILE, settings_from
from bot.config.settings import Settings
from bot.conversation.context import Request
from bot.conversation.limits import AnswerLimits
from bot.conversation.router import CommandRouter
from bot.conversation.throttle import Throttle
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, open_ledger
from bot.log import configure
from bot.sources.folder import FolderSource
from formatters.locale import Phrases, phrases
from formatters.terminal import TerminalFormatter

CHAT = "this terminal"
_LANGUAGE = variable(["language"])
_PATIENT = AnswerLimits(alone=Throttle(burst=sys.maxsize))  # lines may come from a file


async def run() -> None:
    """Deliver the sample and answer what is typed, until the input ends."""
    configure()
    settings = _settings()
    said = phrases(settings.language)
    console = Console(soft_wrap=False)
    channel = TerminalChannel(console, TerminalFormatter(said))
    with tempfile.TemporaryDirectory(prefix="paperboy-") as folder:
        async with open_ledger(f"sqlite:///{folder}/demo.db") as ledger:
            await _deliver(ledger, settings, channel)
            if not console.quiet:  # else nobody reads any more
                await _converse(_router(ledger, settings, channel), channel, said)


def _settings() -> Settings:
    """Take the language from the environment, and nothing else of what may be set up here."""
    return settings_from({}, Path(FILE), {name: value for name, value in os.environ.items() if name == _LANGUAGE})


async def _deliver(ledger: Ledger, settings: Settings, channel: TerminalChannel) -> None:
    source = FolderSource("sample", Path(sample.__file__).parent)
    usual = KIT.usual_edition(settings)
    await ledger.subscriptions.sync_chats(channel.name, usual, {CHAT: channel.id_sequence(CHAT)})
    found = await source.digests()
    await plan(ledger, source.name, found, {channel.name: channel.formatter}, Rules(catch_up=1))
    await ledger.open_at("", 0.0)
    await Dispatcher(ledger, {channel.name: channel}).run()


def _router(ledger: Ledger, settings: Settings, channel: TerminalChannel) -> CommandRouter:
    formatters, id_sequences = {channel.name: channel.formatter}, {channel.name: channel.id_sequence}
    return CommandRouter(ledger, settings, {channel.name: KIT}, formatters, id_sequences, limits=_PATIENT)


async def _converse(router: CommandRouter, channel: TerminalChannel, said: Phrases) -> None:
    await channel.say(said.demo_hint)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # asyncio's would wait for the end of the line
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    while line := _typed():
        if line.strip():
            for message in (await router.handle(Request(channel.name, CHAT), line)).messages:
                await channel.send(CHAT, message.body, delivery_ref="", thread="")


def _typed() -> str:
    """Read a line, empty at the end of the input; a prompt only where a person sits."""
    prompt, end = ("> ", "\n") if sys.stdin.isatty() else ("", "")
    say(prompt, end="")
    try:
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        line = ""
    if not line:
        say("", end=end)
    return line
