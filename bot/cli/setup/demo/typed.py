"""What is typed during the demo: waited for by the whole program, or beside a page that goes on being served."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
import threading
from contextlib import suppress

from bot.cli.console import say

_AT_ONCE = 65_536  # bytes


class Lines:
    """Read lines, and do nothing else meanwhile: from a file as fast as they are answered."""

    def __init__(self) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # asyncio's would wait for the end of the line
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")

    async def read(self) -> str:
        """Read a line, empty at the end of the input; a prompt only where a person sits."""
        prompt, end = ("> ", "\n") if sys.stdin.isatty() else ("", "")
        say(prompt, end="")
        try:
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            line = ""
        if not line:
            say("", end=end)
        return line


class LinesBesidePage:
    """Read lines while others are served. Where nobody can type, Ctrl-C or SIGTERM is the end of the input."""

    def __init__(self) -> None:
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows: there Ctrl-C ends the program as it ends any other
            for number in (signal.SIGINT, signal.SIGTERM):
                self._loop.add_signal_handler(number, self._lines.put_nowait, "")
        # A process does not wait for such a thread at its end, and `os.read` keeps no lock then.
        threading.Thread(target=self._read, daemon=True).start()

    async def read(self) -> str:
        """Read a line, empty at the end."""
        if sys.stdin.isatty():
            say("> ", end="")
        line = await self._lines.get()
        if not line:
            say("")
        return line

    def _read(self) -> None:
        rest = b""
        with suppress(RuntimeError):  # the program has ended meanwhile
            while found := os.read(sys.stdin.fileno(), _AT_ONCE):
                *lines, rest = (rest + found).split(b"\n")
                for line in lines:
                    self._put(line + b"\n")
            if rest:
                self._put(rest)
            if sys.stdin.isatty():
                self._put(b"")

    def _put(self, line: bytes) -> None:
        self._loop.call_soon_threadsafe(self._lines.put_nowait, line.decode(sys.stdin.encoding, "replace"))
