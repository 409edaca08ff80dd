"""Open a page in the browser of whoever typed a command, where there is a display."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping


def open_page(address: str) -> bool:
    """Open a page in a browser with a window of its own; False where there is none to open it in."""
    if not has_display(os.environ, sys.platform):
        return False
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    # Of this very class are the browsers that would take the terminal: lynx, w3m, www-browser.
    return type(browser) is not webbrowser.GenericBrowser and browser.open(address)


def has_display(environment: Mapping[str, str], platform: str) -> bool:
    """Tell whether whoever sits at the terminal sees windows of this machine."""
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return False
    return platform in ("darwin", "win32") or any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
