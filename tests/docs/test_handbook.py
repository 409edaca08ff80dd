"""The operator's handbook lags behind nothing: every command, option, setting and incident stands in it."""

from __future__ import annotations

import math
import re

import pytest
import typer

from bot.cli.main import app
from bot.cli.program import Group
from bot.cli.setup.settings import markdown_table
from bot.database.states import ChatState, DeliveryState, DigestState
from formatters.locale import phrases
from tests.support.documents import HANDBOOK, README, rows, section

COMMANDS = typer.main.get_group(app).commands
OPTIONS = sorted(
    (name, option)
    for name, command in COMMANDS.items()
    for parameter in command.params
    for option in parameter.opts
    if option.startswith("--") and option not in {"--help", "--config"}
)
# How something can stand that an operator asks about.
NOT_SETTLED = (
    *(DeliveryState.PENDING, DeliveryState.FAILED, DeliveryState.UNCONFIRMED),
    *(ChatState.PAUSED, DigestState.HELD, DigestState.ACTIVE),
)


def described(command: str) -> str:
    """Give what the handbook says of a command."""
    found = [
        what
        for name, what in rows(section(HANDBOOK, "Commands in detail"))
        if re.match(rf"`paperboy {command}\b", name)
    ]
    assert len(found) == 1, f"{HANDBOOK} has {len(found)} rows for {command}"
    return found[0]


@pytest.mark.parametrize(("page", "heading"), [(README, "Commands"), (HANDBOOK, "Commands in detail")])
def test_commands_stand_in_the_groups_of_help(page: str, heading: str) -> None:
    panels = {name: vars(command)["rich_help_panel"] for name, command in COMMANDS.items()}
    inside = {group: [f"`paperboy {name}" for name, panel in panels.items() if panel == group] for group in Group}
    listed = [line for group, names in inside.items() if names for line in (f"**{group}**", *names)]

    shown = [re.match(r"\*\*.*?\*\*|`paperboy [\w-]+", cells[0]) for cells in rows(section(page, heading))]

    assert [found and found[0] for found in shown] == listed


def test_what_is_looked_for() -> None:
    assert {("preview", "--paper"), ("preview", "--channel"), ("preview", "--json"), ("status", "--json")} < {*OPTIONS}
    assert {"paused", "silent"} < phrases("en").incidents.keys()


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_commands(command: str) -> None:
    assert described(command)


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_options(command: str, option: str) -> None:
    assert f"`{option}" in described(command)


def test_the_option_of_all_commands() -> None:
    assert "`--config FILE`" in section(HANDBOOK, "Commands in detail")


def test_settings() -> None:
    table = "".join(re.findall(r"^\|.*\n", section(HANDBOOK, "Settings"), re.MULTILINE))

    assert table == markdown_table(), "put in what `paperboy settings --markdown` prints"


@pytest.mark.parametrize("state", NOT_SETTLED)
def test_states_that_an_operator_asks_about(state: str) -> None:
    assert any(re.match(rf"{state}\b", cells[0]) for cells in rows(section(HANDBOOK, "When something goes wrong")))


@pytest.mark.parametrize("kind", sorted(phrases("en").incidents))
def test_what_operators_are_told(kind: str) -> None:
    said = phrases("en")
    [row] = [
        cells
        for cells in rows(section(HANDBOOK, "When something goes wrong"))
        if cells[0] == f"`{said.incidents[kind].format(where='…', why='…')}`"
    ]

    over = said.incidents_over.get(kind, "").format(where="…")
    assert row[2] == (f"`{over}`" if over else "")


def test_the_table_on_paper_adds_up() -> None:
    """A bot may send 30 messages a second, a processor makes 300 calls, a delivery takes 0.33 kB for 30 days."""
    table = [cells for cells in rows(section(HANDBOOK, "When one machine is not enough")) if len(cells) == 7]
    assert len(table) == 3
    for readers_get, messages, one_bot, bots, rate, stored, processors in table:
        daily = int(messages.replace(",", ""))
        hours = daily / 30 / 3600
        assert sum(map(int, re.findall(r"\d+", readers_get.replace(" an ", " 1 ")))) * 1_000_000 == daily
        assert one_bot == f"{hours:.{0 if hours >= 10 else 1}f} h"
        assert bots == str(math.ceil(hours))
        assert rate == f"{daily / 3600:,.0f}"
        assert stored == f"{daily * 30 * 0.33 / 1e6:.0f} GB"
        assert processors == str(math.ceil(daily / 3600 / 300))
