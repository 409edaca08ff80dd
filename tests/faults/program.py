"""`paperboy` under conditions that a test sets, run in a process of its own.

What runs is the command line as it is. Only what would cost time is taken away, and what a test needs
is put in: no rate limits, short waits, another time of day, a ledger that may grow no further. Each verdict
on an unconfirmed send is written to standard output, so that the test can see whether it was right.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import re
import signal
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

import bot.app.assembly
import bot.app.cycle
import bot.app.reporter
import bot.channels.slack.channel
import bot.channels.slack.listener
import bot.channels.telegram.channel
import bot.channels.telegram.listener
import bot.cli.delivery.deliver
import bot.cli.main
import bot.database.postgres.engine
import bot.database.sqlite.engine
import bot.sources.folder
import bot.web.server
from bot.channels.rate_limits.limiter import RateLimiter
from bot.database.engine import Sharing
from bot.database.postgres.engine import SHARING
from bot.delivery.channel import Channel, UnconfirmedSend
from bot.delivery.dispatcher import RetryPolicy
from bot.network import certificates
from tests.support.environment import is_foreign

certificates._loaded("", "", 0)  # takes its time: each process that is forked has it already
VERDICT = "verdict "  # what a line with a verdict begins with


@dataclass(frozen=True)
class Conditions:
    """What differs from the program as it is installed."""

    waits: RetryPolicy = RetryPolicy(settle_delay=0.05, first_backoff=0.05, longest_wait=5.0)
    timeout: float = 20.0  # seconds in which a platform must answer
    limited: bool = False  # as many calls as the platforms allow
    sharing: Sharing = SHARING  # how workers on PostgreSQL share
    shift: float = 0.0  # seconds by which its clock is ahead of ours
    busy: int = 10_000  # milliseconds for which it waits for a locked ledger
    pages: int = 0  # SQLite's pages that the ledger may have at most; 0: any number
    killed_at: str = ""  # what is searched for in each SQL statement with its values: it kills itself before that one
    environ: Mapping[str, str] = field(default_factory=dict)
    hangup: signal.Handlers = signal.SIG_DFL  # what SIGHUP does at the start; `nohup` ignores it


def main(arguments: list[str], folder: Path, conditions: Conditions, out: Connection, err: Connection) -> None:
    """Be the program; its standard output and error are the two ends of pipes."""
    gc.disable()  # it ends before there is garbage worth looking for
    for number, end in ((1, out), (2, err)):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdout, sys.stderr = (open(number, "w", buffering=1, closefd=False) for number in (1, 2))  # noqa: SIM115
    os.chdir(folder)
    _set_signals(conditions.hangup)
    _set_environment(conditions.environ)
    _set(conditions)
    sys.argv = ["paperboy", *arguments]
    bot.cli.main.main()


def main_in_terminal(command: list[str], folder: Path, environ: Mapping[str, str], terminal: Connection) -> None:
    """Be the program as it is installed, in a terminal that becomes its own: Ctrl-C there interrupts it."""
    gc.disable()
    os.setsid()
    fcntl.ioctl(terminal.fileno(), termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(terminal.fileno(), number)
    terminal.close()
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115
        for number in range(3)
    )
    os.chdir(folder)
    _set_signals(signal.SIG_DFL)
    _set_environment(environ)
    sys.argv = command
    bot.cli.main.main()


def _set_signals(hangup: signal.Handlers) -> None:
    """Let signals do what they do at a terminal, however the tests were started: in the background, they may not."""
    signal.signal(signal.SIGHUP, hangup)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _set_environment(environ: Mapping[str, str]) -> None:
    for name in filter(is_foreign, list(os.environ)):
        del os.environ[name]
    os.environ.update({"COLUMNS": "80", **environ})


def _set(conditions: Conditions) -> None:
    _speed_up(conditions)
    _turn_the_clock(conditions.shift)
    _limit(conditions)
    if conditions.killed_at:
        event.listen(Engine, "before_cursor_execute", partial(_kill_at, conditions.killed_at))


def _speed_up(conditions: Conditions) -> None:
    bot.sources.folder.YOUNG = 0.0
    vars(bot.app.reporter)["INTERVAL"] = 0.1
    telegram, slack = bot.channels.telegram.channel, bot.channels.slack.channel
    for module, name in ((telegram, "TelegramChannel"), (slack, "SlackChannel")):
        limiter = None if conditions.limited else RateLimiter((), lambda _chat: [])
        _put(module, name, partial(_reporting(getattr(module, name)), limiter=limiter, timeout=conditions.timeout))
    _put(bot.database.postgres.engine, "SHARING", conditions.sharing)
    open_app = bot.app.assembly.open_app
    for module in (bot.app.assembly, bot.cli.delivery.deliver):
        _put(module, "open_app", lambda settings: open_app(settings, policy=conditions.waits))


def _turn_the_clock(shift: float) -> None:
    real = time.time
    _put(time, "time", lambda: real() + shift)
    # They took their clock when they were defined.
    for module, name in ((bot.app.assembly, "open_ledger"), (bot.app.cycle, "Dispatcher")):
        _put(module, name, partial(getattr(module, name), clock=time.time))


def _limit(conditions: Conditions) -> None:
    prepare = bot.database.sqlite.engine._prepare

    def limited(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.execute(f"PRAGMA busy_timeout={conditions.busy}")
        if conditions.pages:
            connection.execute(f"PRAGMA max_page_count={conditions.pages}")

    _put(bot.database.sqlite.engine, "_prepare", limited)


def _kill_at(pattern: str, _connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
    if re.search(pattern, f"{statement} {values}"):
        os.kill(os.getpid(), signal.SIGKILL)


def _reporting(kind: Any) -> Any:
    """Make a kind of channel that reports what it found out about unconfirmed sends."""

    async def reconcile(self: Channel, address: str, unconfirmed: UnconfirmedSend) -> Any:
        verdict = await kind.reconcile(self, address, unconfirmed)
        said = {"verdict": type(verdict).__name__, **asdict(verdict)}
        about = {
            "channel": self.name,
            "address": address,
            "ref": unconfirmed.delivery_ref,
            "text": unconfirmed.body["text"],
        }
        sys.stdout.write(f"{VERDICT}{json.dumps({**about, **said})}\n")
        return verdict

    return type(kind.__name__, (kind,), {"reconcile": reconcile})


def _put(module: Any, name: str, value: object) -> None:
    assert hasattr(module, name), f"{module.__name__} has no {name} any more"
    setattr(module, name, value)
