"""The README stays short, and names every command that exists."""

from __future__ import annotations

import re

import pytest
import typer

from bot.cli.main import app
from formatters.locale import phrases
from tests.support.documents import README, read, section

COMMANDS = sorted(typer.main.get_group(app).commands)
SAID = phrases("en")
MOST_BYTES = 9_500


def test_it_stays_short() -> None:
    assert len(read(README).encode()) <= MOST_BYTES, "move something to one of the pages that it links to"


def test_what_is_looked_for() -> None:
    assert {"demo", "deliver", "settings"} < {*COMMANDS}
    assert {"paper", "subscribe"} < {*SAID.commands}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_at_a_shell(command: str) -> None:
    assert re.search(rf"^\| `paperboy {command}\b", section(README, "Commands"), re.MULTILINE)


@pytest.mark.parametrize("command", sorted({*SAID.commands, *SAID.operator_commands, "start"}))
def test_commands_of_readers(command: str) -> None:
    assert re.search(rf"^\|.*`/{command}[ `]", section(README, "Talk to it"), re.MULTILINE)


def test_the_two_commands() -> None:
    first, second = re.findall(r"^```sh\n(.*?)^```", read(README), re.MULTILINE | re.DOTALL)[:2]

    assert "paperboy demo" in first
    assert "pytest" in second
    for block in (first, second):
        assert block in section(README, "Two commands")
        assert "python3 -m venv" in block
