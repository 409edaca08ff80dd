"""Save what would be sent as a page in one file, and as a picture of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.cli.console import say, warn
from bot.cli.setup.preview.content import Contents
from bot.config.settings import Settings
from bot.errors import PaperboyError, SourceError
from bot.pages.preview.page import PreviewPage

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
_WIDTHS = (1360, 3000)  # pixels; the wider one for what would be too tall
_TALLEST = 16_000  # Chromium makes no taller picture
_LONGEST = 60  # seconds that a browser may take
_HEIGHT = re.compile(r'data-height="(\d+)"')


class PictureError(PaperboyError):
    """No picture can be taken here; the text says what lacks."""


def save(settings: Settings, posts: Sequence[Path], *, paper: str, html: Path | None, png: Path | None) -> int:
    """Write the page to these files; give 1 when nothing would be sent.

    Raises SourceError or ParseError for a post that cannot be read, and where a file cannot be written; PictureError
    without a browser.
    """
    contents = Contents(settings, posts, paper)
    content = contents.read()
    for problem in content.problems:
        warn(problem)
    page = PreviewPage(content, settings.language, contents.threaded)
    if html:
        _write(html, page.saved())
    if png:
        take_picture(page.measured(), png)
        say(f"Saved {png}")
    return 0 if content.posts else 1


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}; name a file in a folder that you can write to") from None
    say(f"Saved {path}")


def take_picture(page: str, png: Path) -> None:
    """Take a picture of a page that says how high it is; PictureError where that cannot be done."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise PictureError("a picture needs a Chromium; install the package chromium-headless-shell, or use --html")
    with tempfile.TemporaryDirectory(prefix="paperboy-") as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        width, height = _size(browser, folder, file)
        picture = Path(folder) / "page.png"
        _run(browser, folder, f"--screenshot={picture}", f"--window-size={width},{height}", file.as_uri())
        if not picture.exists():
            raise PictureError(f"{browser} made no picture; try --html")
        _move(picture, png)


def _size(browser: str, folder: str, file: Path) -> tuple[int, int]:
    """Give the width in which all of a page fits into a picture, and its height; warn where it does in none."""
    width = height = 0
    for width in _WIDTHS:
        found = _HEIGHT.search(_run(browser, folder, "--dump-dom", f"--window-size={width},800", file.as_uri()))
        if found is None:
            raise PictureError(f"{browser} did not say how high the page is; try another Chromium, or use --html")
        height = int(found[1])
        if height <= _TALLEST:
            return width, height
    warn(f"the picture ends after {_TALLEST:,} of {height:,} pixels; --html has all of it")
    return width, _TALLEST


def _move(picture: Path, png: Path) -> None:
    try:
        shutil.copyfile(picture, png)
    except OSError as error:
        raise SourceError(f"{png}: {error.strerror}; name a file in a folder that you can write to") from None


def _run(browser: str, profile: str, *arguments: str) -> str:
    # The page is our own, and runs nothing but one line of ours; root has no sandbox. In motion it would be pale.
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    still = ["--hide-scrollbars", "--force-prefers-reduced-motion"]
    flags = ["--headless", "--disable-gpu", *still, f"--user-data-dir={profile}/profile", *root]
    try:
        done = subprocess.run(  # noqa: S603 - a browser that was found by its name
            [browser, *flags, *arguments], capture_output=True, text=True, timeout=_LONGEST, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PictureError(f"{browser} did not do it: {error}; use --html") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it does not say why"])[-1]
        raise PictureError(f"{browser} ended with {done.returncode}: {said}; try another Chromium, or use --html")
    return done.stdout
