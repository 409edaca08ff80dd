"""Show what would be sent in a browser, and again when a file changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NoReturn

from bot.cli.console import say
from bot.cli.setup.preview.content import Contents
from bot.config.settings import Settings
from bot.errors import PaperboyError
from bot.pages.preview.page import PreviewPage
from bot.web.loopback import PORT, Served, serving
from bot.web.window import open_in_browser

_LOOK = 0.5  # seconds between two looks at the files


class PortError(PaperboyError):
    """No port of this machine can be had."""


def serve_forever(settings: Settings, posts: Sequence[Path], *, paper: str) -> NoReturn:
    """Serve the page as `serve` does, in a loop of its own."""
    asyncio.run(serve(settings, posts, paper=paper))


async def serve(
    settings: Settings,
    posts: Sequence[Path],
    *,
    paper: str,
    look: float = _LOOK,
    port: int = PORT,
    show: Callable[[str], object] = open_in_browser,
) -> NoReturn:
    """Serve the page on this machine until stopped, show it, and look at the files again and again.

    Raises SourceError or ParseError for a post that cannot be read at first, PortError where no port can be had.
    """
    contents = Contents(settings, posts, paper)
    stamp = await asyncio.to_thread(contents.stamp)
    page = PreviewPage(await asyncio.to_thread(contents.read), settings.language, contents.threaded)
    async with AsyncExitStack() as stack:
        served = await _serve(stack, page, port)
        say(f"The preview is at {served.address} until you press Ctrl-C.")
        show(served.address)
        while True:
            await asyncio.sleep(look)
            if (now := await asyncio.to_thread(contents.stamp)) != stamp:
                stamp = now
                await page.show(await asyncio.to_thread(contents.read_again))


async def _serve(stack: AsyncExitStack, page: PreviewPage, port: int) -> Served:
    """Serve the page, and say where another program has the port that it would have."""
    try:
        served = await stack.enter_async_context(serving(page.app(), port))
    except OSError as error:
        raise PortError(f"no port of this machine can be had: {error.strerror}; --html FILE saves the page") from None
    if served.is_moved:
        say(f"Another program has port {served.wanted}, so the page is on {served.port}.")
    return served
