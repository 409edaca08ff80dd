"""The files that a set-up leaves behind: both or neither, and the unit of systemd."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.cli.init import writing
from bot.cli.init.writing import as_toml, unit_for, write_settings
from bot.cli.setup.shipped import shipped
from bot.config.loading import load
from bot.errors import SettingsError
from tests.support.chats import CHANNEL_NAME
from tests.support.fakes.telegram import TOKEN
from tests.support.person import Person

TABLES = {
    "language": "ko",
    "sources": [{"name": 'a "quoted" \\ 이름', "kind": "feed", "arxiv": ["cs.CL", "cs.LG"], "allow_private": True}],
    "schedule": {"at": "08:30"},
    "telegram": {"chats": [CHANNEL_NAME]},
}
SECRETS = {"PAPERBOY_TELEGRAM__TOKEN": TOKEN}


def test_toml_reads_as_it_was_written() -> None:
    assert tomllib.loads(as_toml(TABLES)) == TABLES


def test_both_are_readable_by_their_owner_alone_and_load() -> None:
    Path(".env").write_text("OWN=1\n")
    Path(".env").chmod(0o644)
    write_settings(Path("paperboy.toml"), TABLES, SECRETS, "Written by a test.")

    assert sorted(path.name for path in Path().iterdir()) == [".env", "paperboy.toml"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in Path().iterdir()] == [0o600, 0o600]
    assert Path("paperboy.toml").read_text("utf-8").startswith("# Written by a test.\nlanguage")
    token = load().telegram.token
    assert (load().language, token and token.get_secret_value()) == ("ko", TOKEN)


@pytest.mark.parametrize("before", [None, "language = 'en'\n"])
def test_when_the_second_cannot_be_written_the_first_is_as_it_was(before: str | None) -> None:
    Path(".env/in-the-way").mkdir(parents=True)
    if before:
        Path("paperboy.toml").write_text(before)
    with pytest.raises(SettingsError, match=r"\.env.*: not written \(.+\); nothing was"):
        write_settings(Path("paperboy.toml").absolute(), TABLES, SECRETS, "")

    assert (Path("paperboy.toml").read_text() if before else None) == before
    assert sorted(path.name for path in Path().iterdir()) == [".env", *(["paperboy.toml"] if before else [])]


def test_nothing_can_be_written_where_there_is_no_folder() -> None:
    with pytest.raises(SettingsError, match="nothing can be written there"):
        writing.require_writable(Path("nowhere"))


def test_what_is_shipped_is_there() -> None:
    assert "oauth_config:" in shipped("slack-manifest.yaml")
    assert "[Unit]" in shipped("paperboy.service")


def test_the_unit_runs_this_program_with_these_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "paperboy"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    unit = unit_for(tmp_path / "paperboy.toml")

    lines = unit.text.splitlines()
    assert f"ExecStart={program} run --config {tmp_path}/paperboy.toml" in lines
    assert f"EnvironmentFile=-{tmp_path}/.env" in lines
    assert f"WorkingDirectory={tmp_path}" in lines
    assert f"ReadWritePaths={tmp_path}" in lines
    assert not [line for line in lines if "/opt/paperboy" in line or "/etc/paperboy" in line]
    assert "NoNewPrivileges=yes" in lines
    if shutil.which("systemd-analyze"):
        file = tmp_path / "paperboy.service"
        file.write_text(unit.text)
        verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
        assert "paperboy.service" not in verified.stderr


def test_a_module_is_run_by_its_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/bot/__main__.py"])

    assert f"ExecStart={sys.executable} -m bot run " in unit_for(tmp_path / "paperboy.toml").text


ANSWERS = ("2", "1", TOKEN, CHANNEL_NAME, "", "", "", "", "2", "2")  # nothing is sent; systemd


@pytest.fixture
def systemd(person: Person, posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a systemd whose `systemctl` writes down what it was told."""
    programs = tmp_path_factory.mktemp("bin")
    told = programs / "told"
    (programs / "systemctl").write_text(f'#!/bin/sh\necho "$*" >> {told}\n[ ! -e {programs}/fails ] || exit 1\n')
    (programs / "systemctl").chmod(0o755)
    person.monkeypatch.setattr(writing, "_SYSTEMD", programs)
    person.monkeypatch.setattr(writing, "_UNITS", programs)
    person.monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return programs


async def test_root_installs_the_unit(person: Person, systemd: Path) -> None:
    person.monkeypatch.setattr("os.geteuid", lambda: 0)
    done = await person.types(*ANSWERS)

    assert (done.code, done.problems) == (0, [])
    assert (systemd / "told").read_text() == "daemon-reload\nenable --now paperboy\n"
    assert (systemd / "paperboy.service").read_text() == Path("paperboy.service").read_text()


async def test_a_command_that_fails_is_shown(person: Person, systemd: Path) -> None:
    person.monkeypatch.setattr("os.geteuid", lambda: 0)
    (systemd / "fails").touch()
    done = await person.types(*ANSWERS)

    assert (done.code, done.problems) == (0, ["systemctl daemon-reload: "])


async def test_others_are_told_the_commands(person: Person, systemd: Path) -> None:
    uid = Path().stat().st_uid
    person.monkeypatch.setattr("os.geteuid", lambda: uid or 1)
    done = await person.types(*ANSWERS)

    assert (done.code, (systemd / "told").exists()) == (0, False)
    assert done.out.splitlines()[-1] == "  sudo systemctl enable --now paperboy"
    assert Path("paperboy.service").exists()


async def test_stopping_at_the_last_question_says_that_the_settings_are_written(person: Person, systemd: Path) -> None:
    done = await person.types(*ANSWERS[:-1])

    assert (done.code, done.err.strip()) == (130, "Stopped; the settings are written.")
    assert Path("paperboy.toml").exists()
