"""Open a page in the browser of whoever sits at this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

_REMOTE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def has_display(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Tell whether a browser that is opened here is seen: not by whoever came over SSH."""
    if any(environ.get(name) for name in _REMOTE):
        return False
    return platform in ("darwin", "win32") or any(environ.get(name) for name in _DISPLAYS)


def open_in_browser(address: str) -> None:
    """Open an address in a window where that is seen; where it fails, it is printed all the same."""
    if has_display():
        _open(address)


def _open(address: str) -> None:
    """Start what opens it here.

    The standard library's `webbrowser` would also take a browser that runs in the terminal. What is started here has
    no terminal.
    """
    with suppress(OSError):
        if sys.platform == "win32":
            os.startfile(address)  # noqa: S606 - an address of ours
        else:
            command, nothing = ["open" if sys.platform == "darwin" else "xdg-open", address], subprocess.DEVNULL
            subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)  # noqa: S603
