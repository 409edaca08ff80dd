"""`paperboy demo`: the sample in this terminal, and beside it in a browser as Telegram and Slack would show it."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from bot.channels.terminal import TerminalChannel
from bot.cli.console import Console, warn
from bot.cli.setup import sample
from bot.cli.setup.demo.conversation import open_conversation
from bot.cli.setup.demo.typed import Lines, LinesBesidePage
from bot.config.explain import variable
from bot.config.loading import FILE, settings_from
from bot.config.settings import Settings
from bot.log import configure
from bot.web.window import open_in_browser
from formatters.locale import phrases
from formatters.terminal import TerminalFormatter

_LANGUAGE = variable(["language"])
_POSTS = Path(sample.__file__).parent


def show(*, web: bool | None) -> None:
    """Deliver the sample and answer what is typed, until the input ends; None: with a page where a person sits."""
    asyncio.run(_show(web=web))


async def _show(*, web: bool | None) -> None:
    wants_page = _wants_page(web)
    # The bar of the page makes sends fail on purpose, and a warning would stand where somebody types.
    configure(level=logging.ERROR if wants_page else logging.WARNING)
    settings = _settings()
    said = phrases(settings.language)
    console = Console(soft_wrap=False)
    channel = TerminalChannel(console, TerminalFormatter(said))
    async with AsyncExitStack() as stack:
        page = await _page(stack, settings) if wants_page else ""
        conversation = await stack.enter_async_context(open_conversation(settings, channel))
        if page and console.is_terminal:  # so that it is seen filling
            await channel.say(page)
        await conversation.deliver(_POSTS)
        if not console.quiet:  # else nobody reads any more
            await channel.say("\n".join(filter(None, (page, said.demo_hint))))
            await conversation.answer((LinesBesidePage() if page else Lines()).read)


def _settings() -> Settings:
    """Take the language from the environment, and nothing else of what may be set up here."""
    return settings_from({}, Path(FILE), {name: value for name, value in os.environ.items() if name == _LANGUAGE})


def _wants_page(web: bool | None) -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() if web is None else web


async def _page(stack: AsyncExitStack, settings: Settings) -> str:
    """Serve the page, open it where there is a display, and say where it is; "" where no port can be had."""
    from bot.pages.demo.server import serve_demo

    said = phrases(settings.language)
    try:
        served = await stack.enter_async_context(serve_demo(settings, next(_POSTS.glob("*.md"))))
    except OSError as error:
        warn(f"paperboy: no page, since no port of this machine can be had: {error.strerror}")
        return ""
    open_in_browser(served.address)
    moved = said.demo_port.format(wanted=served.wanted, port=served.port) if served.is_moved else ""
    return "\n".join(filter(None, (moved, said.demo_page.format(address=served.address))))
