"""The pictures of the README, and what pages weigh: each is taken anew when what it shows has changed."""

from __future__ import annotations

import pytest

from tests.support.pictures import FOLDER, LARGEST, MADE_OF, NAMES, ROOT, fingerprint

README = (ROOT / "README.md").read_text("utf-8")
_MOST_ADDED = 300_000  # bytes that pages may add to the wheel
_ADDED = ("bot/pages/**/*", "bot/web/*.py", "formatters/web/*.py", "bot/cli/setup/preview/*.py")


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_small_and_stands_in_the_readme(name: str) -> None:
    assert (FOLDER / name).read_bytes().startswith(b"\x89PNG")
    assert (FOLDER / name).stat().st_size < LARGEST
    assert f"](deploy/pictures/{name})" in README


def test_the_pictures_show_what_is_there_now() -> None:
    assert MADE_OF.read_text("utf-8").strip() == fingerprint(), "run: .venv/bin/python -m tests.support.pictures"


def test_pages_make_the_wheel_little_larger() -> None:
    files = {path for pattern in _ADDED for path in ROOT.glob(pattern) if path.suffix != ".pyc" and path.is_file()}
    assert len(files) > 30
    assert sum(path.stat().st_size for path in files) < _MOST_ADDED
