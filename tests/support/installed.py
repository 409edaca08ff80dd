"""The program as a person runs it: installed, in a process of its own, its output no terminal."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.fakes import slack, telegram
from tests.support.postgres.server import PASSWORD

PATH = shutil.which("paperboy", path=Path(sys.executable).parent) or "paperboy"
SECRETS = (telegram.TOKEN, slack.TOKEN, PASSWORD)

# A line for the tokens, so that a test may take them away.
TOKENS = {"PAPERBOY_TELEGRAM__TOKEN": telegram.TOKEN, "PAPERBOY_SLACK__BOT_TOKEN": slack.TOKEN}


@dataclass(frozen=True)
class Done:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


async def paperboy(*arguments: str | Path, typed: str | bytes = "", program: str | Path = PATH, **environ: str) -> Done:
    """Run a command in the working directory; whatever happens, no traceback and no secret is shown."""
    run = await asyncio.create_subprocess_exec(
        program,
        *map(str, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "80", **environ},
    )
    out, err = await run.communicate(typed.encode() if isinstance(typed, str) else typed)
    done = Done(run.returncode or 0, out.decode(), err.decode())
    assert "Traceback" not in done.out + done.err, done.err
    assert not [secret for secret in SECRETS if secret in done.out + done.err]
    return done
