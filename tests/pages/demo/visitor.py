"""A browser without script at the page of the demo: it loads the page, posts forms, and reads what there is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import aiohttp

from bot.cli.setup import sample
from bot.concurrency import beside
from bot.config.settings import Settings
from bot.pages import frame
from bot.pages.demo.server import Demo, Pace, open_demo
from bot.web.loopback import serving

SAMPLE = next(Path(sample.__file__).parent.glob("*.md"))
QUICK = Pace(message=0.0, settle=0.0, restart=0.0)
_DONE = 20.0  # seconds


@dataclass
class Visitor:
    """Whoever has the page open, and the demo behind it."""

    demo: Demo
    address: str
    session: aiohttp.ClientSession

    async def page(self, **headers: str) -> str:
        async with self.session.get(self.address, headers=headers) as response:
            assert response.status == 200
            return await response.text()

    async def post(self, path: str, **form: str) -> str:
        """Post a form, and give the element that the answer leads to."""
        headers = {"Sec-Fetch-Site": "same-origin"}
        target = f"{self.address}{path}"
        async with self.session.post(target, data=form, headers=headers, allow_redirects=False) as response:
            assert response.status == 303
            return response.headers["Location"].removeprefix("/#")

    async def type(self, chat: str, line: str) -> str:
        """Type a line; give what stands in the element that is shown then."""
        return await self.text(await self.post(chat, line=line))

    async def press(self, element: str, label: str) -> str:
        """Press a button of a message by its label; give what stands in the element that is shown then."""
        found = (await self.elements())[element]
        chat, _, message = element.partition("-")
        return await self.text(await self.post(f"{chat}/{message}", line=found.buttons[label]))

    async def act(self, action: str) -> str:
        """Press a button of the bar; give what is said when it is done."""
        assert await self.post("promise", action=action) == "promise"
        await asyncio.wait_for(self.demo.promise.finished(), _DONE)
        return await self.text("report")

    async def text(self, element: str) -> str:
        return (await self.elements())[element].text

    async def elements(self) -> dict[str, Element]:
        """Give the elements that have an id."""
        reader = _Reader()
        reader.feed(await self.page())
        return reader.found

    async def delivered(self) -> None:
        """Wait until the digest stands in both chats."""
        async with asyncio.timeout(_DONE):
            while not (self.demo.table.all and await self.demo.delivery.is_whole()):
                await asyncio.sleep(0.01)


@dataclass
class Element:
    text: str
    buttons: dict[str, str]  # label and line
    classes: str


class _Reader(HTMLParser):
    """Collect what stands in each element with an id, nested ones included."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Element] = {}
        self._open: list[tuple[str, str]] = []
        self._line: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in {"input", "meta", "link", "br", "hr", "img"}:
            return
        if name := given.get("id", ""):
            assert name not in self.found, f"twice: {name}"
            self.found[name] = Element("", {}, given.get("class", ""))
        self._open.append((tag, name))
        if tag == "button":
            self._line = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"<{opened}> is ended by </{tag}>"
        if tag == "button":
            self._line = None

    def handle_data(self, data: str) -> None:
        for _, name in self._open:
            if name:
                self.found[name].text += data
                if self._line is not None:
                    self.found[name].buttons[data] = self._line


@asynccontextmanager
async def visiting(language: Literal["ko", "en"] = "en", pace: Pace = QUICK) -> AsyncIterator[Visitor]:
    """Serve the demo, deliver its digest, and visit it."""
    settings = Settings(language=language)
    async with open_demo(settings, SAMPLE, pace) as demo, aiohttp.ClientSession() as session:
        app = frame.make_app()
        demo.add_to(app)
        async with serving(app, 0) as served, beside(demo.promise.run(), demo.table.run()):
            visitor = Visitor(demo, served.address, session)
            await visitor.delivered()
            yield visitor


def words(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(text)).strip()
