"""The help of the program: its commands by what they are for, in the order in which an operator meets them."""

from __future__ import annotations

from enum import StrEnum
from itertools import groupby
from typing import Any

from typer.core import TyperGroup


class Group(StrEnum):
    """What a command is for. Each is registered with one: `@app.command(rich_help_panel=Group.OPERATE)`."""

    SET_UP = "Set up"
    DELIVER = "Deliver"
    LOOK_UP = "Look up"
    OPERATE = "Operate"


class GroupedHelp(TyperGroup):
    """List commands under the headings of their groups.

    Typer does so by itself only with Rich, which takes twice the time of all else.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write a section for each group that has commands, all with the same columns."""
        column = max(map(len, self.commands))
        for group, names in groupby(sorted(self.commands, key=self._place), key=self._group):
            with formatter.section(group):
                formatter.write_dl(
                    [(f"{name:{column}}", self._short(name, formatter.width - column)) for name in names]
                )

    def _short(self, name: str, width: int) -> str:
        return self.commands[name].get_short_help_str(width - 6)  # for the distance between columns, as Typer has it

    def _place(self, name: str) -> int:
        return list(Group).index(self._group(name))

    def _group(self, name: str) -> Group:
        return Group(vars(self.commands[name])["rich_help_panel"])
