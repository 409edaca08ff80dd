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
from threading import Timer
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


def ask(module: str, task: Mapping[str, object], seconds: float = 600.0) -> Answer:
    """Let a process do something, from its start to its end; TimeoutError when it takes longer."""
    with started(module, task) as child:
        begin(child)
        late = Timer(seconds, child.kill)
        late.start()
        try:
            assert child.stdout
            if not (said := child.stdout.readline()):
                raise TimeoutError(f"{module} broke off, or took longer than {seconds:g} s")
        finally:
            late.cancel()
    found: Answer = json.loads(said)
    return found


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
