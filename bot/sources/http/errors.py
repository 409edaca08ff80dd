"""What can pass by itself when a source is read from the web."""

from __future__ import annotations

from bot.errors import SourceError


class Unreachable(SourceError):
    """A passing trouble of the network or of a server: another try may help, `after` seconds if the server said so."""

    def __init__(self, text: str, after: float | None = None) -> None:
        super().__init__(text)
        self.after = after
