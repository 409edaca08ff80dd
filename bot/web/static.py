"""Styles and scripts from the package, each under a name with a hash of its content: a browser may keep it for ever."""

from __future__ import annotations

import mimetypes
from hashlib import blake2s
from pathlib import Path

from aiohttp import web

PREFIX = "/static/"
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class StaticFiles:
    """The files of one folder, read once."""

    def __init__(self, folder: Path) -> None:
        self._contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        self._addresses = {name: _hashed(name, content) for name, content in self._contents.items()}
        self._names = {address: name for name, address in self._addresses.items()}

    def address(self, name: str) -> str:
        """Give the address of a file; KeyError when there is none of that name."""
        return f"{PREFIX}{self._addresses[name]}"

    def text(self, name: str) -> str:
        """Give the content of a file; KeyError when there is none of that name."""
        return self._contents[name].decode()

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with a file; 404 for a name of former content, too."""
        name = self._names.get(request.match_info["name"])
        if name is None:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        charset = "utf-8" if kind.startswith("text/") else None
        return web.Response(body=self._contents[name], content_type=kind, charset=charset, headers=_FOR_EVER)

    def add_to(self, app: web.Application) -> None:
        """Serve them in an application."""
        app.router.add_get(PREFIX + "{name}", self.serve)


def _hashed(name: str, content: bytes) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}.{blake2s(content, digest_size=8).hexdigest()}{dot}{suffix}"
