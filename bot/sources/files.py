"""Which files of a folder may be posts, and what they are called."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePath

SUFFIXES = (".md", ".markdown", ".mdx", ".qmd")
_PASSED_OVER = {"_drafts", "node_modules"}  # folders, and all that are hidden

_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def posts(folder: Path, on_error: Callable[[OSError], object]) -> Iterator[Path]:
    """List the files in a folder and its sub-folders that end like posts, each folder by name.

    Sub-folders that are links are not followed; those that cannot be read are given to `on_error`. OSError where the
    folder itself cannot be.
    """

    def tell(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise error
        on_error(error)

    for inside, folders, files in os.walk(folder, onerror=tell):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _PASSED_OVER)
        paths = (Path(inside, name) for name in sorted(files) if not name.startswith("."))
        yield from (path for path in paths if path.suffix.rstrip() in SUFFIXES)


def name_in(folder: Path, path: Path) -> str:
    """Give what a post in a folder is called: its path from there, else the name of its file, as it can be shown."""
    return shown(path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name)


def is_matched(name: str, match: str | None) -> bool:
    """Tell whether a post of this name, with its folders, is one that `match` names; all are where it is None."""
    file = PurePath(name)
    return match is None or any(fnmatch(text, match) for text in (name, file.name, file.stem))


def shown(name: str) -> str:
    """Give the name of a file as it can be stored and shown: bytes that are no text, and line ends, are escaped."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
