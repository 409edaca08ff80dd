"""What every page of ours answers only to: a browser on this machine, looking at that very page.

A page that listens on this machine alone is still reached by any site that a browser here has open: by a name of that
site that leads to 127.0.0.1, or by a form that posts to us. So the name that was asked for and the page that posts are
checked, and nothing but our own files is run or shown.
Sources of the facts: developer.mozilla.org (Sec-Fetch-Site, Content-Security-Policy), Go 1.25's CrossOriginProtection.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection

from aiohttp import web

THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_HOST = re.compile(r"(\[[0-9a-f:]+\]|[^\s:/@\[\]]+)(?::\d{1,5})?", re.IGNORECASE)
_LARGEST = 64 * 1024  # bytes of a request: a line that was typed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded_app(hosts: Collection[str] = THIS_MACHINE) -> web.Application:
    """Make an application that answers under these names alone, and lets no other site read or post.

    421 for any other name, 403 for what another site posts.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_asked_for(request, hosts):
            raise web.HTTPMisdirectedRequest(text=f"This page answers under {', '.join(sorted(hosts))} only.\n")
        if request.method not in _SAFE and not is_same_origin(request):
            raise web.HTTPForbidden(text="Another site may not post to this page.\n")
        return await handler(request)

    app = web.Application(client_max_size=_LARGEST, middlewares=[guard])
    app.on_response_prepare.append(_with_headers)
    return app


def is_asked_for(request: web.Request, hosts: Collection[str]) -> bool:
    """Tell whether a request names one of these hosts, whatever its port, and nothing else."""
    named = request.headers.getall("Host", [])
    found = _HOST.fullmatch(named[0]) if len(named) == 1 else None
    return found is not None and found[1].lower() in hosts


def is_same_origin(request: web.Request) -> bool:
    """Tell whether a request comes from a page of ours, or from no browser: other ports are other origins."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or origin.partition("://")[2] == request.headers["Host"]


async def _with_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
