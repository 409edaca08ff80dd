"""The one place from which the commands write to whoever typed them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, tzinfo

import rich.console
from rich.cells import cell_len
from rich.markup import escape


class Console(rich.console.Console):
    """A console whose reader may leave, as `head` does: what is under way goes on, in silence.

    Text is shown as it is: only what is marked up has colours, and the window breaks the lines.
    """

    def __init__(self, *, stderr: bool = False, markup: bool = True, soft_wrap: bool = True) -> None:
        super().__init__(stderr=stderr, markup=markup, soft_wrap=soft_wrap, highlight=False, emoji=False)

    def print_table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table: on a terminal in its width, with cells of several lines; elsewhere a line per row."""
        if not self.is_terminal:
            self.write("".join(f"{line}\n" for line in _aligned([head, *rows])))
            return
        from rich.table import Column, Table

        table = Table(*(Column(name, overflow="fold") for name in head), box=None, pad_edge=False)
        for row in rows:
            table.add_row(*map(escape, row))
        self.print(table, soft_wrap=False)

    def write(self, text: str) -> None:
        """Write text as it is, which costs little however long it is: Rich goes through what it prints word by word."""
        try:
            self.file.write(text)
            self.file.flush()
        except BrokenPipeError:
            self.on_broken_pipe()

    def print_total(self, total: int, noun: str, page: int, pages: int) -> None:
        """Print how many there are of what a page lists."""
        self.print(f"{plural(total, noun)}{f'; page {page} of {pages}' if pages > 1 else ''}")

    def on_broken_pipe(self) -> None:
        with suppress(SystemExit):
            super().on_broken_pipe()


def prose_console() -> Console:
    """Make a console for sentences: on a terminal lines are broken between words, elsewhere not at all."""
    return Console(soft_wrap=not Console().is_terminal)


def spell_time(at: float | None, zone: tzinfo) -> str | None:
    """Spell a time, in seconds since 1970, as JSON has it; None where it is not known."""
    return None if at is None else datetime.fromtimestamp(at, zone).isoformat(timespec="seconds")


def spell_minute(at: float, zone: tzinfo) -> str:
    """Spell a time, in seconds since 1970, as people read it."""
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def say(text: str, end: str = "\n") -> None:
    """Print a line of what was asked for."""
    Console(markup=False).print(text, end=end)


def warn(text: str) -> None:
    """Print a line about what went wrong, to standard error."""
    Console(stderr=True, markup=False).print(text)


def print_json(value: object) -> None:
    """Print a value for programs."""
    Console().write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def page_count(total: int, limit: int) -> int:
    """Count the pages of a list; with `limit` 0 all of it stands on one."""
    return max(1, -(-total // limit)) if limit else 1


def plural(count: int, noun: str) -> str:
    """Count things: "1 message", "2 messages"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Put cells below one another, each column as wide as its widest cell."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths)).rstrip() for row in rows]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))
