"""The page of the preview, and the same as one file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256

from aiohttp import web
from markupsafe import Markup

from bot.pages import frame
from bot.pages.preview.content import CHANNELS, Content, drawn
from bot.pages.preview.wording import wording
from bot.web.feed import Change, Feed

_LISTS = (*CHANNELS, "reading")
_STYLES = ("page.css", "preview.css")
# Writes the height of the whole page where a program that takes its picture finds it.
_MEASURE = "document.documentElement.dataset.height = document.documentElement.scrollHeight;"


class PreviewPage:
    """Shows the latest content; a page that is open is told of what changed."""

    def __init__(self, content: Content, language: str, threaded: Mapping[str, bool]) -> None:
        self.content, self._language, self._threaded = content, language, threaded
        self._feeds = {one: Feed() for one in frame.LANGUAGES}

    def show(self, content: Content) -> None:
        """Put another content in the place of what is shown."""
        self.content = content
        for language, feed in self._feeds.items():
            values = self._values(language)
            feed.add(Change("state", frame.render("preview/state.html", language, **values)))
            for name in () if content.kept else _LISTS:
                feed.add(Change(f"{name}-list", frame.render(f"preview/{name}.html", language, **values)))

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
        return frame.render("preview/page.html", self._language, **self._values(self._language), **inlined)

    async def _page(self, request: web.Request) -> web.Response:
        language = frame.read_language(request, self._language)
        return frame.page("preview/page.html", language, **self._values(language), policy="")

    async def _feed(self, request: web.Request) -> web.Response:
        return await self._feeds[frame.read_language(request, self._language)].serve(request)

    def _values(self, language: str) -> dict[str, object]:
        return {
            "words": wording(language),
            "content": self.content,
            "said_in": self._language,
            "drawn": {name: self._drawn(name) for name in CHANNELS},
            "after": self._feeds[language].last,
        }

    def _drawn(self, channel: str) -> list[tuple[str, object]]:
        threaded = self._threaded[channel]
        return [(post.name, drawn(channel, post.messages[channel], in_thread=threaded)) for post in self.content.posts]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
