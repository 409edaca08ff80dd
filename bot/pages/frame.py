"""The frame of every page: templates, styles and scripts, and the language that a page is read in.

A page is a module that adds its routes to what `make_app` gives, and whose templates extend `frame.html`. In them
`static("page.css")` is the address of a file in `static/`, and all text is escaped. `page.js` says itself what it does.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.web.guard import guarded_app
from bot.web.static import StaticFiles
from formatters.locale import LANGUAGES

_HERE = Path(__file__).parent


@cache
def static_files() -> StaticFiles:
    return StaticFiles(_HERE / "static")


@cache
def environment() -> Environment:
    """Make what renders templates: all text is escaped, and a name that is not given is an error."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static_files().address
    return made


def make_app() -> web.Application:
    """Make an application for pages: guarded, with the static files."""
    app = guarded_app()
    static_files().add_to(app)
    return app


def render(template: str, language: str, **values: object) -> str:
    """Render a template in one of `LANGUAGES`; nothing but what the formatters drew is taken for HTML."""
    return environment().get_template(template).render(language=language, **values)


def page(template: str, language: str, **values: object) -> web.Response:
    """Answer with a page."""
    return web.Response(text=render(template, language, **values), content_type="text/html", charset="utf-8")


def read_language(request: web.Request, usual: str) -> str:
    """Give the language of a reader: the first that their browser names and we have, else the usual one."""
    for one in request.headers.get("Accept-Language", "").split(","):
        code = one.partition(";")[0].strip().partition("-")[0].lower()
        if code in LANGUAGES:
            return code
    return usual
