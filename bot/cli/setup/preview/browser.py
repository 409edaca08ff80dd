"""Show what would be sent in a browser, and again when a file changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from bot.cli.console import say
from bot.cli.setup.preview.content import Contents
from bot.config.settings import Settings
from bot.pages.preview.page import PreviewPage
from bot.web.loopback import serving
from bot.web.window import has_display, open_in_browser

_LOOK = 0.5  # seconds between two looks at the files


def serve_forever(settings: Settings, posts: Sequence[Path], *, paper: str) -> NoReturn:
    """Serve the page as `serve` does, in a loop of its own."""
    asyncio.run(serve(settings, posts, paper=paper))


def _open(address: str) -> None:
    if has_display():
        open_in_browser(address)


async def serve(
    settings: Settings,
    posts: Sequence[Path],
    *,
    paper: str,
    look: float = _LOOK,
    show: Callable[[str], object] = _open,
) -> NoReturn:
    """Serve the page on this machine until stopped, show it, and look at the files again and again.

    Raises SourceError or ParseError for a post that cannot be read at first, OSError where no port can be had.
    """
    contents = Contents(settings, posts, paper)
    stamp = contents.stamp()
    page = PreviewPage(contents.read(), settings.language, contents.threaded)
    async with serving(page.app()) as served:
        say(f"The preview is at {served.address} until you press Ctrl-C.")
        show(served.address)
        while True:
            await asyncio.sleep(look)
            if (now := contents.stamp()) != stamp:
                stamp = now
                page.show(await asyncio.to_thread(contents.read_again))
