"""Where ledgers of the bench lie: files, and databases of a PostgreSQL server that syncs what it commits."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.support.postgres.server import USER, PostgresServer, own_server

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Databases:
    """A folder and a server, for all rounds of one part."""

    folder: Path
    server: PostgresServer
    _numbers: Iterator[int] = field(default_factory=count)

    def file(self, name: str = "platform") -> str:
        """Give the name of a new file."""
        return str(self.folder / f"{name}-{next(self._numbers)}")

    def sqlite(self) -> str:
        """Give the address of a new ledger in a file."""
        return f"sqlite:///{self.file('ledger')}"

    def postgres(self) -> str:
        """Make a database with nothing in it, and give its address."""
        name = f"ledger_{next(self._numbers)}"
        self.server.execute(f"CREATE DATABASE {name} OWNER {USER}")
        return self.server.url(name)

    def server_cpu(self) -> float:
        """Give the seconds of the processor that the server took so far, in all of its processes."""
        main, stats = str(self.server.pid), list(_stats())
        own = [stat for stat in stats if stat[0] == main]
        ended = sum(int(ticks) for stat in own for ticks in stat[15:17])  # of those that it waited for
        return (
            ended + sum(int(ticks) for stat in stats if main in (stat[0], stat[3]) for ticks in stat[13:15])
        ) / _TICKS


def _stats() -> Iterator[list[str]]:
    """Read what the system tells of each process (proc_pid_stat(5)); names may hold spaces, and are left out."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, after = path.read_text().rpartition(")")
        except OSError:  # it has ended
            continue
        yield [before.split()[0], "", *after.split()]


@contextmanager
def databases() -> Iterator[Databases]:
    with tempfile.TemporaryDirectory() as folder, own_server() as server:
        yield Databases(Path(folder), server)
