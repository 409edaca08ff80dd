"""What the set-up leaves behind: `paperboy.toml` and `.env`, both or neither, and the unit of systemd."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.cli.init.session import Session, Tables
from bot.cli.setup.shipped import shipped
from bot.errors import SettingsError

_OURS_ALONE = 0o600
_SYSTEMD = Path("/run/systemd/system")  # is there where systemd runs
_UNITS = Path("/etc/systemd/system")
_UNIT = "paperboy.service"


def environment_file(settings: Path) -> Path:
    """Name the file of the secrets that go with settings."""
    return settings.with_name(".env")


def require_writable(folder: Path) -> None:
    """Raise SettingsError where nothing could be written: better now than after all questions."""
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"{folder}: nothing can be written there; go to a folder of your own, or name one")


def write_settings(file: Path, tables: Tables, secrets: Mapping[str, str], comment: str) -> None:
    """Write the settings and the secrets, readable by their owner alone: both, or neither when one cannot be.

    Raises SettingsError.
    """
    toml = f"# {comment}\n{as_toml(tables)}"
    env = "".join(f"{name}={value}\n" for name, value in secrets.items())
    with ExitStack() as undo:
        try:
            _replace(file, toml, undo)
            _replace(environment_file(file), env, undo)
        except OSError as error:
            raise SettingsError(f"{error.filename or file}: not written ({error.strerror}); nothing was") from None
        undo.pop_all()


def _replace(path: Path, text: str, undo: ExitStack) -> None:
    """Put a whole new file in place of what is there, so that none is ever seen half; `undo` puts back what was."""
    before = path.read_bytes() if path.exists() else None
    _put(path, text.encode())
    if before is None:
        undo.callback(path.unlink)
    else:
        undo.callback(_put, path, before)


def _put(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OURS_ALONE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def as_toml(tables: Tables) -> str:
    """Write settings as TOML: simple values first, then tables, and `sources` as tables of a list."""
    simple = [_line(key, value) for key, value in tables.items() if not _is_table(value)]
    parts = ["".join(simple)]
    for key, value in tables.items():
        if isinstance(value, Mapping):
            parts.append(f"[{key}]\n{''.join(_line(*one) for one in value.items())}")
        elif _is_table(value):
            parts += [f"[[{key}]]\n{''.join(_line(*one) for one in each.items())}" for each in value]
    return "\n".join(parts)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(one, Mapping) for one in value))


def _line(key: str, value: object) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False)}\n"  # texts, lists and truth read as in TOML


# --- systemd


@dataclass(frozen=True, slots=True)
class Unit:
    """The service of these settings."""

    text: str
    file: Path

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Give what installs and starts it, as root."""
        return (
            ("install", "--mode", "0644", str(self.file), str(_UNITS / _UNIT)),
            ("systemctl", "daemon-reload"),
            ("systemctl", "enable", "--now", "paperboy"),
        )


def has_systemd() -> bool:
    return _SYSTEMD.is_dir() and shutil.which("systemctl") is not None


def unit_for(settings: Path) -> Unit:
    """Make the unit of `deploy/` run this program with these settings, as who wrote them and alone can read them."""
    folder, owner = settings.absolute().parent, pwd.getpwuid(os.geteuid())
    own = {
        "ExecStart": f"{_program()} run --config {settings.absolute()}",
        "EnvironmentFile": f"-{environment_file(settings.absolute())}",
        "User": owner.pw_name,
        "Group": str(owner.pw_gid),
        "WorkingDirectory": str(folder),
        # The program, posts and ledger may lie in a home: it can be read, and this folder written to.
        "ProtectHome": f"read-only\nReadWritePaths={folder}",
    }
    lines = shipped(_UNIT).partition("\n[Unit]\n")[2].splitlines()
    adapted = [f"{name}={own[name]}" if (name := line.partition("=")[0]) in own else line for line in lines]
    return Unit("\n".join(["# Written by `paperboy init`.", "[Unit]", *adapted, ""]), settings.with_name(_UNIT))


def _program() -> str:
    called = Path(sys.argv[0]).absolute()
    return f"{sys.executable} -m bot" if called.suffix == ".py" else str(called)


def install(session: Session, unit: Unit) -> None:
    """Write the unit beside the settings; as root also start it, else say which commands do."""
    _put(unit.file, unit.text.encode())
    if os.geteuid() != 0:
        session.tell(session.said.service_commands)
        session.tell("\n".join(f"  sudo {' '.join(command)}" for command in unit.commands))
        return
    for command in unit.commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
        if done.returncode:
            session.bad(f"{' '.join(command)}: {done.stderr.strip()}")
            return
    session.good(session.said.service_runs)
