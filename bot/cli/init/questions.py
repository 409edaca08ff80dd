"""Ask an operator: each answer is checked at once. It comes from a terminal or a pipe, or from a file for scripts."""

from __future__ import annotations

import getpass
import io
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol, TypeVar

from rich.markup import escape

from bot.cli.console import Console
from bot.errors import SettingsError

# What may stand in a file of answers, in the order of the questions.
KEYS = (
    *("language", "replace", "platform"),
    *("telegram_token", "telegram_chat", "slack_app", "slack_bot_token", "slack_app_token", "slack_chat"),
    *("source", "source_address", "at", "timezone", "send", "service"),
)
Answer = TypeVar("Answer")
Check = Callable[[str], Answer]  # gives what an answer means, or raises WrongAnswerError


class WrongAnswerError(Exception):
    """An answer that cannot be taken; it says why."""


class Questions(Protocol):
    """Whoever answers."""

    def ask(
        self,
        key: str,
        question: str,
        check: Check[Answer],
        *,
        default: str | None = None,
        secret: bool = False,
    ) -> Answer:
        """Ask until `check` takes the answer: it gives what is meant, or raises WrongAnswerError.

        Without a default, a file must have an answer; what a person leaves empty is given to `check`.
        """

    def choose(self, key: str, question: str, options: Mapping[str, str], default: str = "", /) -> str:
        """Let one of the options be chosen, by name to what it says; without a default, one must be."""

    def show(self, text: str) -> None:
        """Tell a person what to do before the next question."""

    def settle(self, key: str, problem: str, options: Mapping[str, str], /) -> str:
        """Say what is wrong with what was answered, and let a person choose how to go on."""


@dataclass(frozen=True)
class Typed:
    """A person at a terminal, or a pipe that a person's answers come from."""

    console: Console = field(default_factory=Console)

    def __post_init__(self) -> None:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")

    def ask(
        self,
        _key: str,
        question: str,
        check: Check[Answer],
        *,
        default: str | None = None,
        secret: bool = False,
    ) -> Answer:
        self.console.print(f"\n[bold]{escape(question)}[/bold]")
        while True:
            try:
                return check(self._read(default or "", secret=secret) or default or "")
            except WrongAnswerError as error:
                self.problem(str(error))

    def choose(self, _key: str, question: str, options: Mapping[str, str], default: str = "") -> str:
        names = list(options)
        lines = "".join(f"\n  {place}. {options[name]}" for place, name in enumerate(names, 1))
        place = str(names.index(default) + 1) if default else ""
        self.console.print(f"\n[bold]{escape(question)}[/bold]{escape(lines)}")
        while (said := self._read(place) or place) not in {*names, *map(str, range(1, len(names) + 1))}:
            self.problem(f"1–{len(names)}")
        return said if said in options else names[int(said) - 1]

    def show(self, text: str) -> None:
        self.console.print(escape(text))

    def settle(self, _key: str, problem: str, options: Mapping[str, str]) -> str:
        self.problem(problem)
        names = list(options)
        lines = [f"  {place}. {options[name]}" for place, name in enumerate(names, 1)]
        self.console.print(escape("\n".join(lines)))
        while (said := self._read("1") or "1") not in map(str, range(1, len(names) + 1)):
            self.problem(f"1–{len(names)}")
        return names[int(said) - 1]

    def problem(self, text: str) -> None:
        self.console.print(f"[red]✗[/red] {escape(text)}")

    def _read(self, default: str, *, secret: bool = False) -> str:
        """Read a line; EOFError at the end of the input. A secret is not shown while it is typed."""
        prompt = f"[{default}] > " if default else "> "
        if secret and sys.stdin.isatty():
            return getpass.getpass(prompt).strip()
        self.console.print(escape(prompt), end="")
        line = sys.stdin.readline()
        if not sys.stdin.isatty():
            self.console.print()  # nobody pressed Enter here
        if not line:
            raise EOFError
        return line.strip()


@dataclass(frozen=True)
class Prepared:
    """A file of answers. What is wrong in it ends the program: SettingsError, which names the answer."""

    file: Path
    answers: Mapping[str, str]

    def ask(
        self,
        key: str,
        question: str,
        check: Check[Answer],
        *,
        default: str | None = None,
        secret: bool = False,  # noqa: ARG002
    ) -> Answer:
        try:
            return check(self._said(key, default, question))
        except WrongAnswerError as error:
            raise self._wrong(key, str(error)) from None

    def choose(self, key: str, question: str, options: Mapping[str, str], default: str = "") -> str:
        said = self._said(key, default or None, question)
        if said not in options:
            raise self._wrong(key, f"{said!r} is none of {', '.join(options)}")
        return said

    def show(self, text: str) -> None:
        """Tell nobody."""

    def settle(self, key: str, problem: str, _options: Mapping[str, str]) -> str:
        raise self._wrong(key, problem)

    def _said(self, key: str, default: str | None, question: str) -> str:
        said = self.answers.get(key, default)
        if said is None:
            raise self._wrong(key, f"is missing ({question.splitlines()[0]})")
        return said

    def _wrong(self, key: str, why: str) -> SettingsError:
        return SettingsError(f"{self.file}: {key}: {' '.join(why.split())}")


def prepared(file: Path) -> Prepared:
    """Read a file of answers, a TOML file of texts; SettingsError when it is none."""
    try:
        table = tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}); name a file of answers") from None
    except ValueError as error:  # no UTF-8, too
        raise SettingsError(f"{file}: not valid TOML: {error}") from None
    return Prepared(file, {key: _text(file, key, value) for key, value in table.items()})


def _text(file: Path, key: str, value: Any) -> str:
    if key not in KEYS:
        near: Sequence[str] = get_close_matches(key, KEYS, n=1)
        advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(KEYS)}"
        raise SettingsError(f"{file}: {key} is no answer; {advice}")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int):
        raise SettingsError(f"{file}: {key}: write a text in quotes")
    return str(value).strip()
