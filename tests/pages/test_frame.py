"""The frame of pages: static files that are kept for ever, escaped text, languages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from jinja2 import UndefinedError

from bot.pages import frame
from bot.web.guard import HEADERS
from bot.web.loopback import Served, serving


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async def answer(_: web.Request) -> web.Response:
        return frame.page("frame.html", "ko")

    app = frame.make_app()
    app.router.add_get("/", answer)
    async with serving(app, 0) as served:
        yield served


async def test_a_page_names_its_language_and_files_that_are_there(served: Served) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(served.address) as response:
            html = await response.text()
            assert response.headers["Content-Type"] == "text/html; charset=utf-8"
            assert HEADERS.items() <= response.headers.items()
        assert '<html lang="ko">' in html
        for name, kind in (("page.css", "text/css"), ("page.js", "javascript")):
            address = frame.static_files().address(name)
            assert f'"{address}"' in html
            async with session.get(served.address.rstrip("/") + address) as response:
                assert response.status == 200
                assert kind in response.headers["Content-Type"]
                assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["page.css", "page.0000000000000000.css", "..%2fframe.py", "%2e%2e/frame.py"])
async def test_other_names_of_files_are_none(served: Served, name: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{served.address}static/{name}") as response:
        assert response.status == 404


def test_text_is_escaped_and_nothing_is_left_out_in_silence() -> None:
    template = frame.environment().from_string("{{ text }}")
    assert template.render(text="<script>") == "&lt;script&gt;"
    with pytest.raises(UndefinedError):
        template.render()


@pytest.mark.parametrize(
    ("said", "language"),
    [("", "ko"), ("en", "en"), ("en-US,en;q=0.9", "en"), ("de, KO-kr;q=0.8, en", "ko"), ("fr", "ko"), (";;,", "ko")],
)
def test_the_language_of_a_reader(said: str, language: str) -> None:
    request = make_mocked_request("GET", "/", headers={"Accept-Language": said})
    assert frame.read_language(request, "ko") == language
