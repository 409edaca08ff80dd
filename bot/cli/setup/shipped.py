"""The files of `deploy/` that the program itself gives to operators."""

from __future__ import annotations

from pathlib import Path

import bot

_PACKAGE = Path(bot.__file__).parent


def shipped_file(name: str) -> Path:
    """Find one of them: it lies in the package where the wheel is installed, beside it in a checkout."""
    folders = (_PACKAGE / "deploy", _PACKAGE.parent / "deploy")
    return next(path for folder in folders if (path := folder / name).exists())


def shipped(name: str) -> str:
    """Read one of them."""
    return shipped_file(name).read_text("utf-8")
