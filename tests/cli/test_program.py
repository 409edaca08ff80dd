"""How the program says that it is called: what is printed can be typed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot.cli.program import called_as


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the program in a folder below the working directory, which no PATH names."""
    file = Path("own env/bin/paperboy").absolute()
    file.parent.mkdir(parents=True)
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [str(file)])
    return file


def test_from_the_working_directory(program: Path) -> None:
    assert called_as() == "'own env/bin/paperboy'"


def test_from_its_own_folder(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(program.parent)
    assert called_as() == "./paperboy"


def test_from_elsewhere(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert called_as() == f"'{program}'"


def test_by_its_name_where_the_shell_finds_it(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program.parent))
    assert called_as() == "paperboy"


def test_by_its_path_where_the_shell_finds_another_one(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Path("other/paperboy").absolute()
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert called_as() == "'own env/bin/paperboy'"


def test_as_a_module(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/bot/__main__.py"])
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    assert called_as() == "'own env/bin/python' -m bot"
