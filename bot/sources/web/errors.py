"""What can pass by itself when a source is read from the web."""

from __future__ import annotations

from bot.errors import SourceError


class Unreachable(SourceError):
    """What passes by itself, of the network or of a server: a try `after` so many seconds may help."""

    def __init__(self, text: str, after: float | None = None) -> None:
        super().__init__(text)
        self.after = after
