"""A person who is set up by `paperboy init`: types answers, and does something on the platform before some of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli.init.guide import run
from bot.errors import PaperboyError

# What is typed; or what is done before Enter alone is pressed.
Answer = str | Callable[[], Awaitable[object] | object]
EXHAUSTED = 130  # the code when the answers end before the questions


@dataclass(frozen=True)
class Ended:
    """What a set-up said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def problems(self) -> list[str]:
        return [line.removeprefix("✗ ") for line in self.out.splitlines() if line.startswith("✗ ")]


class _Input:
    """Standard input, one answer after the other."""

    def __init__(self, answers: tuple[Answer, ...], loop: asyncio.AbstractEventLoop, end: BaseException | None) -> None:
        self._answers, self._loop, self._end = [*answers], loop, end

    def isatty(self) -> bool:
        return False

    def readline(self) -> str:
        if not self._answers:
            if self._end:
                raise self._end
            return ""
        answer = self._answers.pop(0)
        if isinstance(answer, str):
            return f"{answer}\n"
        asyncio.run_coroutine_threadsafe(_done(answer), self._loop).result()
        return "\n"


async def _done(what: Callable[[], Awaitable[object] | object]) -> None:
    result = what()
    if asyncio.iscoroutine(result):
        await result


@dataclass
class Person:
    """Whoever sits at the terminal; platforms stand in the environment."""

    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    async def types(self, *answers: Answer, file: str = "", end: BaseException | None = None) -> Ended:
        """Answer the questions, or give a file of answers; `end` is what follows the last answer, else its end."""
        answered = Path(file) if file else None
        self.capture.readouterr()
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", _Input(answers, asyncio.get_running_loop(), end))
            try:
                code = await asyncio.to_thread(run, None, answered)
                problem = ""
            except PaperboyError as error:  # as `main` does
                code, problem = 2, f"{error}\n"
        shown = self.capture.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return Ended(code, shown.out, shown.err + problem)
