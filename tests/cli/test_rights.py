"""Who can read what the program writes, and what the doctor says of files that everybody can read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.cli.setup.rights import ledger_files, open_to_all
from bot.config.loading import files
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.installed import TOKENS, paperboy
from tests.support.operator import Operator

ONE = "2025-01-05-arxiv-crlf.md"


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """Let whoever starts the program leave all files open to all."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def shared() -> Iterator[Path]:
    """Give a folder that everybody can enter; those that pytest makes nobody else can."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        yield folder


def modes() -> dict[str, str]:
    """Give the rights of all files in the ledger's folder."""
    return {path.name: oct(path.stat().st_mode)[-3:] for path in Path("state").iterdir()}


async def test_what_the_program_writes_is_for_its_owner_alone(telegram: FakeTelegram, slack: FakeSlack) -> None:
    operator, seen = Operator(telegram, slack), dict[str, str]()
    operator.post(ONE)

    async def look(method: str, _arguments: Mapping[str, object]) -> None:
        seen.update(modes() if method == "sendMessage" else {})

    telegram.on_call = look
    done = await paperboy("deliver", **TOKENS)
    copied = await paperboy("backup", "state/copy.db")

    assert (done.code, copied.code) == (0, 0)
    assert {f"ledger.db{end}" for end in ("", "-wal", "-shm", ".lock")} <= seen.keys()
    assert "copy.db" in modes()
    assert {*seen.values(), *modes().values()} == {"600"}
    assert oct(Path("state").stat().st_mode)[-3:] == "700"


def test_only_what_all_can_read_is_named(shared: Path) -> None:
    rights = {"all": 0o604, "group": 0o640, "mine": 0o600, "written": 0o602}
    for name, mode in rights.items():
        (shared / name).touch()
        (shared / name).chmod(mode)
    (shared / "link").symlink_to(shared / "all")

    found = [path.name for path, _ in open_to_all([*(shared / name for name in (*rights, "link", "none"))])]

    assert found == ["all", "written", "link"]


def test_a_folder_that_others_cannot_enter_hides_what_is_in_it(shared: Path) -> None:
    inside = shared / "a" / "b"
    inside.mkdir(parents=True)
    (inside / "file").touch()
    before = [path for path, _ in open_to_all([inside / "file"])]
    (shared / "a").chmod(0o750)

    assert (before, list(open_to_all([inside / "file"]))) == ([inside / "file"], [])


def test_the_files_that_settings_are_read_from(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Path.cwd()
    monkeypatch.setenv("PAPERBOY_CONFIG", str(shared / "papers.toml"))

    assert files() == [shared / "papers.toml", shared / ".env", here / ".env"]
    assert files(Path("mine.toml")) == [here / "mine.toml", here / ".env"]


async def test_the_doctor_warns_of_what_all_can_read(
    telegram: FakeTelegram, slack: FakeSlack, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changes no rights, and its exit code stays."""
    monkeypatch.chdir(shared)
    operator = Operator(telegram, slack)
    operator.post(ONE)
    Path(".env").touch()
    first = await operator.run("doctor")
    ledger = Path("state/ledger.db")
    for path in (ledger.parent, ledger):
        path.chmod(0o755)
    second = await operator.run("doctor")
    for path in (ledger, Path(".env"), Path("paperboy.toml")):
        path.chmod(0o640)
    third = await operator.run("doctor")

    warned = [[line.partition(": ")[0] for line in done.lines if line.startswith("! ")] for done in (first, second)]
    assert warned[0] == [f"! {shared}/paperboy.toml", f"! {shared}/.env"]
    assert f"! {shared}/state/ledger.db" in warned[1]
    advice = f"every user of this machine can read it; let its group be the bot's, then: chmod o= {shared}/.env"
    assert f"! {shared}/.env: {advice} [files]" in first.lines
    assert [line for line in third.lines if line.startswith("! ")] == []
    assert [done.code for done in (first, second, third)] == [0, 0, 0]
    assert ledger_files(ledger)[1:] == (Path("state/ledger.db-wal"), Path("state/ledger.db-shm"))
