"""Take the pictures of the README: `.venv/bin/python -m tests.support.pictures`, in the folder of the repository.

It needs a Chromium and, so that they look as elsewhere, Debian's fonts-noto-cjk, fonts-open-sans and fonts-lato.
"""

from __future__ import annotations

import asyncio
import shutil
from hashlib import blake2s
from pathlib import Path

from playwright.async_api import Browser, Locator, async_playwright, expect

from bot.cli.setup import sample
from bot.cli.setup.preview.saving import BROWSERS
from bot.config.settings import Settings
from bot.pages.demo.server import Pace, serve_demo
from bot.pages.preview.content import Content, Post
from bot.pages.preview.page import PreviewPage
from bot.web.loopback import serving
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.support.browser import looking
from tests.support.golden import digest_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "pictures"
MADE_OF = FOLDER / "made-of.txt"
LARGEST = 200_000  # bytes of a picture
NAMES = ("demo.png", "folded-card.png", "slack-container.png")
_SHOWN = ("bot/pages/static/*", "bot/pages/templates/**/*.html", "formatters/web/*.py")
_POST = next(Path(sample.__file__).parent.glob("*.md"))
_QUICK = Pace(message=0.05, settle=0.2, restart=0.2)


def fingerprint() -> str:
    """Give what changes when the pictures would look different: templates, styles, and what draws messages."""
    files = sorted(path for pattern in _SHOWN for path in ROOT.glob(pattern) if path.is_file())
    return blake2s(b"\0".join(path.read_bytes() for path in files), digest_size=16).hexdigest()


async def take_all() -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, BROWSERS))))
        await _demo(browser)
        await _preview(browser)
        await browser.close()
    MADE_OF.write_text(f"{fingerprint()}\n", "utf-8")


async def _demo(browser: Browser) -> None:
    async with (
        serve_demo(Settings(), _POST, 0, _QUICK) as served,
        looking(browser, served.address, (1280, 740)) as look,
    ):
        await expect(look.page.locator("#thread-list > li")).to_have_count(6)
        await look.page.locator("#telegram-in").fill("/paper 3")
        await look.page.keyboard.press("Enter")
        await expect(look.page.locator("#telegram-list .out")).to_have_count(1)
        await expect(look.page.locator("#telegram-list > li").last).to_contain_text("Adam")
        await look.page.evaluate("document.activeElement.blur()")
        _keep("demo.png", await look.page.screenshot())


async def _preview(browser: Browser) -> None:
    """Show a folded card of Telegram, and a digest of Slack whose papers open at a press."""
    digest, words, folded = digest_of(_POST), phrases("ko"), Edition("digest", folded=True)
    messages = {
        "telegram": TelegramFormatter(words, buttons=True).digest(digest, Edition(folded=True)),
        "slack": SlackFormatter(words, buttons=True).digest(digest, folded),
    }
    page = PreviewPage(Content([Post(_POST.name, messages, [])]), "ko", {"telegram": False, "slack": False})
    async with serving(page.app(), 0) as served, looking(browser, served.address, (460, 1000)) as look:
        await look.page.locator("#telegram .fold summary").nth(1).click()
        await _scroll_to(look.page.locator("#telegram .in").nth(1))
        _keep("folded-card.png", await look.page.locator("#telegram").screenshot())
        await look.page.locator(".tabs a", has_text="Slack").click()
        await look.page.locator("#slack .container summary").nth(1).click()
        await _scroll_to(look.page.locator("#slack .msg").first)
        _keep("slack-container.png", await look.page.locator("#slack").screenshot())


async def _scroll_to(one: Locator) -> None:
    await one.evaluate("one => { one.closest('.log').scrollTop = one.offsetTop - 8 }")


def _keep(name: str, png: bytes) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / name).write_bytes(png)


if __name__ == "__main__":
    asyncio.run(take_all())
