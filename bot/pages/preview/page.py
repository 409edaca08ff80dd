"""The page of the preview, and the same as one file that needs nothing else."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from hashlib import sha256

from aiohttp import web
from markupsafe import Markup

from bot.pages import frame
from bot.pages.preview.content import CHANNELS, Content, Drawn, drawn
from bot.pages.preview.wording import wording
from bot.web.feed import Change, Feed
from formatters.locale import LANGUAGES

Posts = list[tuple[str, list[Drawn]]]  # each with what it is called

_TEMPLATE = "preview/page.html"
_LISTS = (*CHANNELS, "reading")
_STYLES = ("page.css", "preview.css")
# Writes the height of the whole page where a program that takes its picture finds it.
_MEASURE = "document.documentElement.dataset.height = document.documentElement.scrollHeight;"


class PreviewPage:
    """Shows the latest content; a page that is open is told of what changed."""

    def __init__(self, content: Content, language: str, threaded: Mapping[str, bool]) -> None:
        self.content, self._language, self._threaded = content, language, threaded
        self._feeds = {one: Feed() for one in LANGUAGES}
        self._drawn = self._draw(content)

    async def show(self, content: Content) -> None:
        """Put another content in the place of what is shown; what takes time is done in a thread."""
        drawn = self._drawn if content.kept else await asyncio.to_thread(self._draw, content)
        lists = () if content.kept else _LISTS
        changes = {one: await asyncio.to_thread(self._changes, one, content, drawn, lists) for one in self._feeds}
        self.content, self._drawn = content, drawn
        for language, feed in self._feeds.items():
            for change in changes[language]:
                feed.add(change)

    def app(self) -> web.Application:
        app = frame.make_app()
        app.router.add_get("/", self._page)
        app.router.add_get("/feed", self._feed)
        return app

    def saved(self) -> str:
        """Give the page as one file: its styles in it, no script, and nothing that it may fetch."""
        return self._in_one_file("default-src 'none'; img-src data:", "")

    def measured(self) -> str:
        """Give the same with a script that says how high it is."""
        allowed = f"default-src 'none'; img-src data:; script-src {_hash(_MEASURE)}"
        return self._in_one_file(allowed, _MEASURE)

    def _in_one_file(self, allowed: str, script: str) -> str:
        style = "\n".join(frame.static_files().text(name) for name in _STYLES)
        policy = f"{allowed}; style-src {_hash(style)}"
        inlined = {"policy": policy, "style": Markup(style), "script": Markup(script)}  # noqa: S704 - our own files
        return frame.render(_TEMPLATE, self._language, **self._shown(self._language), **inlined)

    async def _page(self, request: web.Request) -> web.Response:
        language = frame.read_language(request, self._language)
        return frame.page(_TEMPLATE, language, **self._shown(language), policy="")

    async def _feed(self, request: web.Request) -> web.Response:
        return await self._feeds[frame.read_language(request, self._language)].serve(request)

    def _shown(self, language: str) -> dict[str, object]:
        return self._values(language, self.content, self._drawn) | {"after": self._feeds[language].last}

    def _changes(
        self, language: str, content: Content, drawn: Mapping[str, Posts], lists: Sequence[str]
    ) -> list[Change]:
        values = self._values(language, content, drawn)
        changed = {"state": "state"} | {name: f"{name}-list" for name in lists}
        return [Change(to, frame.render(f"preview/{name}.html", language, **values)) for name, to in changed.items()]

    def _values(self, language: str, content: Content, drawn: Mapping[str, Posts]) -> dict[str, object]:
        return {"words": wording(language), "content": content, "said_in": self._language, "drawn": drawn}

    def _draw(self, content: Content) -> Mapping[str, Posts]:
        """Draw all messages, which are the same in each language of the page."""
        return {
            name: [(post.name, drawn(name, post.messages[name], in_thread=threaded)) for post in content.posts]
            for name, threaded in self._threaded.items()
        }


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
