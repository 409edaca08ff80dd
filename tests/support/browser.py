"""A browser of this machine that looks at pages: what it complains of, and what people cannot use.

Fixtures of a module share one browser; `looking` gives a page in it. Playwright's synchronous API cannot run beside
our asyncio tests, so modules that use this are marked `pytest.mark.asyncio(loop_scope="module")`.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from bot.cli.setup.preview.saving import BROWSERS

PATIENCE = 15_000  # milliseconds: machines are busy at times
DESKTOP, TELEPHONE = (1440, 900), (390, 844)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Start the browser of this machine; skip where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=found)
        yield started
        await started.close()


@dataclass
class Look:
    """A page that is looked at."""

    page: Page
    complaints: list[str] = field(default_factory=list)  # of the browser's console, and errors of scripts

    async def violations(self) -> list[tuple[str, str]]:
        """List what axe finds wrong on the page: each rule, and the first element that breaks it."""
        found: list[dict[str, Any]] = (await Axe().run(self.page)).response["violations"]
        return [(one["id"], one["nodes"][0]["html"]) for one in found]

    async def overflow(self) -> int:
        """Count the pixels by which the page is wider than its window."""
        width = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return int(width)


@asynccontextmanager
async def looking(
    browser: Browser,
    address: str,
    size: tuple[int, int] = DESKTOP,
    *,
    dark: bool = False,
    scripts: bool = True,
    language: str = "ko-KR",
) -> AsyncIterator[Look]:
    """Open a page in a fresh profile; an animation would make axe see colours that are not there for long."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        java_script_enabled=scripts,
        locale=language,
    )
    try:
        context.set_default_timeout(PATIENCE)
        look = Look(await context.new_page())
        look.page.on("console", lambda message: look.complaints.append(message.text))
        look.page.on("pageerror", lambda error: look.complaints.append(str(error)))
        await look.page.goto(address)
        yield look
    finally:
        await context.close()
