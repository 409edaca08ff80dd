"""A real terminal, in which the program runs as it does for whoever sits there or came by SSH."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.support.installed import PATH

LONGEST = 60.0  # seconds until something is shown
CTRL_C = "\x03"
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
# The terminal that it is given becomes its own: Ctrl-C there interrupts it.
_OWN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    """The program in a terminal. Use it as a context."""

    def __init__(self, *arguments: str | Path, environ: Mapping[str, str]) -> None:
        self._arguments = [str(PATH), *map(str, arguments)]
        self._environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environ}
        self._raw = b""
        self._seen = 0  # characters of `text` that were waited for
        self._news, self._is_over = asyncio.Event(), False

    async def __aenter__(self) -> Self:
        self._screen, inside = pty.openpty()
        command = [sys.executable, "-c", _OWN, *self._arguments]
        streams = {"stdin": inside, "stdout": inside, "stderr": inside}
        self._process = subprocess.Popen(command, **streams, env=self._environ, start_new_session=True)  # type: ignore[call-overload]
        os.close(inside)
        asyncio.get_running_loop().add_reader(self._screen, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._screen)
        os.close(self._screen)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    @property
    def text(self) -> str:
        """Give all that was shown, without colours."""
        return _STYLE.sub("", self._raw.decode(errors="ignore")).replace("\r\n", "\n")

    async def shows(self, words: str) -> None:
        """Wait until these words are shown, behind those that were waited for before."""
        async with asyncio.timeout(LONGEST):
            while (place := self.text.find(words, self._seen)) < 0:
                assert not self._is_over, f"it has ended:\n{self.text}"
                self._news.clear()
                await self._news.wait()
        self._seen = place + len(words)

    async def types(self, keys: str, *, pause: float = 0.0) -> None:
        """Type, with so many seconds between two keys."""
        for key in keys if pause else [keys]:
            os.write(self._screen, key.encode())
            await asyncio.sleep(pause)

    async def ends(self) -> int:
        """Wait for the end, and until all is shown; give the exit code."""
        async with asyncio.timeout(LONGEST):
            while not self._is_over:
                self._news.clear()
                await self._news.wait()
        return await asyncio.to_thread(self._process.wait, LONGEST)

    def _read(self) -> None:
        try:
            self._raw += os.read(self._screen, 65536)
        except OSError:  # it has ended, and all was read
            self._is_over = True
            asyncio.get_running_loop().remove_reader(self._screen)
        self._news.set()
