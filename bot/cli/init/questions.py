"""Ask an operator: each answer is checked at once. It comes from a terminal or a pipe, or from a file for scripts."""

from __future__ import annotations

import getpass
import io
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from rich.markup import escape

from bot.cli.console import Console, prose_console
from bot.cli.init.wording import Wording
from bot.errors import SettingsError
from bot.log import redacted

# What may stand in a file of answers, in the order of the questions.
KEYS = (
    *("language", "replace", "platform"),
    *("telegram_token", "telegram_chat", "slack_app", "slack_bot_token", "slack_app_token", "slack_chat"),
    *("source", "source_address", "at", "timezone", "send", "service"),
)
Answer = TypeVar("Answer")
Check = Callable[[str], Answer]  # gives what an answer means, or raises WrongAnswerError


class WrongAnswerError(Exception):
    """An answer that cannot be taken; it says why, or nothing where the question is only to be asked again."""


class Questions(Protocol):
    """Whoever answers."""

    def in_language(self, said: Wording, /) -> Self:
        """Give the same in another language."""

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

    said: Wording
    console: Console = field(default_factory=prose_console)

    def __post_init__(self) -> None:
        if isinstance(sys.stdin, io.TextIOWrapper) and sys.stdin.errors != "replace":  # it may be set once
            sys.stdin.reconfigure(errors="replace")

    def in_language(self, said: Wording) -> Self:
        return replace(self, said=said)

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
        prompt = _prompt(default or "")
        while True:
            try:
                return check(self._read(prompt, secret=secret) or default or "")
            except WrongAnswerError as error:
                if why := str(error):
                    self.problem(why)
                prompt = _prompt(default or "") if why else ""  # the line is typed already

    def choose(self, _key: str, question: str, options: Mapping[str, str], default: str = "") -> str:
        self.console.print(f"\n[bold]{escape(question)}[/bold]")
        return self._pick(options, default)

    def show(self, text: str) -> None:
        self.console.print(escape(text))

    def settle(self, _key: str, problem: str, options: Mapping[str, str]) -> str:
        self.problem(problem)
        return self._pick(options, next(iter(options)))

    def problem(self, text: str) -> None:
        """Say what is wrong; of a token, typed where another answer was asked for, nothing is shown."""
        self.console.print(f"[red]✗[/red] {escape(redacted(text))}")

    def _pick(self, options: Mapping[str, str], default: str) -> str:
        lines = [f"  {place}. {label}" for place, label in enumerate(options.values(), 1)]
        self.console.print(escape("\n".join(lines)))
        place = str([*options].index(default) + 1) if default else ""
        while not (picked := named_option(options, self._read(_prompt(place)) or place)):
            self.problem(self.said.pick(len(options)))
        return picked

    def _read(self, prompt: str, *, secret: bool = False) -> str:
        """Read a line; EOFError at the end of the input. A secret is not shown while it is typed."""
        if secret and sys.stdin.isatty():
            return getpass.getpass(prompt).strip()
        self.console.print(escape(prompt), end="", soft_wrap=True)
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

    def in_language(self, _said: Wording) -> Self:
        return self

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
        if picked := named_option(options, said):
            return picked
        near = get_close_matches(said, options, n=1)
        advice = f"; did you mean {near[0]}?" if near else ""
        raise self._wrong(key, f"{said!r} is none of {', '.join(options)}{advice}")

    def require(self, key: str, question: str) -> None:
        """Raise SettingsError where an answer is missing."""
        self._said(key, None, question)

    def show(self, text: str) -> None:
        """Tell nobody."""

    def settle(self, key: str, problem: str, _options: Mapping[str, str]) -> str:
        raise self._wrong(key, problem)

    def _said(self, key: str, default: str | None, question: str) -> str:
        said = self.answers.get(key, default)
        if said is None:
            asked = re.split(r"[.?](?:\s|$)", question, maxsplit=1)[0]
            raise self._wrong(key, f"is missing ({asked})")
        return said

    def _wrong(self, key: str, why: str) -> SettingsError:
        return SettingsError(f"{self.file}: {key}: {redacted(' '.join(why.split()))}")


def _prompt(default: str) -> str:
    return f"[{default}] > " if default else "> "


def named_option(options: Mapping[str, str], answer: str) -> str:
    """Find the option that is meant by its number, its name, or how what it says begins; "" for none."""
    names = list(options)
    if re.fullmatch(r"\d{1,3}", answer, re.ASCII):
        return names[int(answer) - 1] if 0 < int(answer) <= len(names) else ""
    said = _plain(answer)
    exact = [name for name, label in options.items() if said and said in (_plain(name), _plain(label))]
    begun = [
        name for name, label in options.items() if said and any(_plain(one).startswith(said) for one in (name, label))
    ]
    return next((found[0] for found in (exact, begun) if len(found) == 1), "")


def _plain(words: str) -> str:
    """Give the letters and digits alone, which tell options apart, in any case."""
    return re.sub(r"[\W_]+", "", words.casefold())


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
