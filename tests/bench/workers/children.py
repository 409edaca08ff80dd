"""Processes of the bench: each is told what to do, says when it is ready, and answers when it is done."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.log import configure
from tests.bench.table import say

_ROOT = Path(__file__).parents[3]
_READY = "ready"
Child = subprocess.Popen[str]
Answer = Mapping[str, Any]


@contextmanager
def started(module: str, task: Mapping[str, object]) -> Iterator[Child]:
    """Run a module of the bench until the block ends, in a folder of its own."""
    command = [sys.executable, "-m", f"tests.bench.workers.{module}", json.dumps(task)]
    environ = {**os.environ, "PYTHONPATH": str(_ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        child = Child(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=folder, env=environ
        )
        with child:
            try:
                yield child
            finally:
                child.kill()


def begin(child: Child) -> None:
    """Wait until a process is ready, and let it do what it was told."""
    assert child.stdout
    assert child.stdin
    assert child.stdout.readline().strip() == _READY
    child.stdin.write("go\n")


def answer(child: Child) -> Answer:
    """Wait until a process is done."""
    assert child.stdout
    found: Answer = json.loads(child.stdout.readline())
    return found


def ask(module: str, task: Mapping[str, object]) -> Answer:
    """Let a process do something, from its start to its end."""
    with started(module, task) as child:
        begin(child)
        return answer(child)


async def ready() -> None:
    """Say that all is prepared, and wait for the word."""
    say(_READY)
    await asyncio.to_thread(sys.stdin.readline)


def be(work: Callable[..., Awaitable[Mapping[str, object]]]) -> None:
    """Be such a process: do what is asked with the task's fields, and answer."""

    async def done() -> None:
        say(json.dumps(await work(**json.loads(sys.argv[1]))))

    configure(level=logging.ERROR)
    asyncio.run(done())
