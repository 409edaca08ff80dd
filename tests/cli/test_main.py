"""The commands a person types: where settings are taken from, exit codes, quick help."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.main import app
from bot.cli.program import Group
from bot.errors import SettingsError
from tests.support.golden import DATA
from tests.support.installed import PATH, TOKENS, paperboy
from tests.support.ledger_files import empty
from tests.support.setup import write_settings

COMMANDS = ["demo", "preview", "settings", "deliver", "run", "status", "health", "doctor"]


def broken(path: str) -> Path:
    """Write settings whose error tells that they were read."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('language = "fr"')
    return file


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    "command", [["preview", "post.md"], ["deliver"], ["run"], ["status"], ["health"], ["doctor"]], ids=str
)
def test_config_stands_before_or_after_the_command(command: list[str], place: str) -> None:
    broken("paperboy.toml")
    option = ["--config", str(broken("etc/named.toml"))]

    result = CliRunner().invoke(app, [*option, *command] if place == "before" else [*command, *option])

    assert isinstance(result.exception, SettingsError)
    assert str(result.exception) == 'etc/named.toml: language: write "ko" or "en"'


def test_without_config_the_environment_and_then_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    broken("paperboy.toml")
    first = CliRunner().invoke(app, ["status"])
    monkeypatch.setenv("PAPERBOY_CONFIG", str(broken("etc/other.toml")))
    second = CliRunner().invoke(app, ["status"])

    assert [str(result.exception).partition(":")[0] for result in (first, second)] == [
        "paperboy.toml",
        "etc/other.toml",
    ]


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("", "sources: there is none; `paperboy init` sets one up, or add a [[sources]] table"),
        (
            '[[sources]]\nname = "a"\nkind = "folder"\npath = "."',
            "telegram.chats and slack.chats are empty; name at least one chat",
        ),
        (
            '[telegram]\nchats = ["@my_channel"]\n[[sources]]\nname = "a"\nkind = "folder"\npath = "."',
            "telegram.token is missing; ask @BotFather for one and set PAPERBOY_TELEGRAM__TOKEN",
        ),
        (
            '[slack]\nchats = ["C0123ABCD"]\n[[sources]]\nname = "a"\nkind = "folder"\npath = "."',
            "slack.bot_token is missing; copy it from your Slack app and set PAPERBOY_SLACK__BOT_TOKEN",
        ),
    ],
)
@pytest.mark.parametrize("command", ["deliver", "run"])
def test_settings_with_which_nothing_can_be_delivered(command: str, toml: str, line: str) -> None:
    Path("paperboy.toml").write_text(toml)

    result = CliRunner().invoke(app, [command])

    assert isinstance(result.exception, SettingsError)
    assert str(result.exception).startswith(line)
    assert not Path("paperboy.db").exists()


async def test_a_settings_error_is_a_line_per_problem_and_exit_code_2() -> None:
    Path("paperboy.toml").write_text('language = "fr"\ntimezone = "Asia/Soul"')

    done = await paperboy("deliver", **TOKENS)

    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        'paperboy: paperboy.toml: language: write "ko" or "en"',
        "paperboy: paperboy.toml: timezone: 'Asia/Soul' is no time zone; did you mean Asia/Seoul?",
    ]


async def unexpected(command: str) -> tuple[int, str]:
    """Run a command that fails as nobody expected; give its exit code and what it wrote to standard error."""
    script = (
        "import sys\n"
        "import bot.app.assembly as assembly, bot.cli.delivery.deliver as deliver, bot.cli.main as main\n"
        "def broken(settings):\n"
        "    raise ZeroDivisionError('123456:FAKE-telegram-token-is-secret')\n"
        "assembly.open_app = deliver.open_app = broken\n"
        "main.main()\n"
    )
    pipe = asyncio.subprocess.PIPE
    run = await asyncio.create_subprocess_exec(sys.executable, "-c", script, command, stdout=pipe, stderr=pipe)
    _, err = await run.communicate()
    return run.returncode or 0, err.decode()


async def test_an_error_that_nobody_expected_is_a_line_and_exit_code_2() -> None:
    """Its traceback is in the log of `run`, which is kept."""
    Path("paperboy.toml").touch()
    line = "paperboy: unexpected error, please report it: ZeroDivisionError: [secret]\n"

    assert await unexpected("deliver") == (2, line)
    code, err = await unexpected("run")
    assert (code, err.endswith(line)) == (2, True)
    assert "Traceback" in json.loads(err.splitlines()[0])["exception"]


UNWRITABLE = ["> /dev/full", "2> /dev/full", "> /dev/full 2>&1", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "| :"]


async def code_with(output: str, *arguments: str) -> int:
    """Run a command whose output goes where it cannot be written; give its exit code."""
    command = shlex.join((PATH, *arguments))
    shell = await asyncio.create_subprocess_exec("bash", "-c", f"{command} {output}; exit ${{PIPESTATUS[0]}}")
    return await shell.wait()


@pytest.mark.parametrize("output", UNWRITABLE)
async def test_output_that_cannot_be_written_changes_no_exit_code(output: str) -> None:
    assert await code_with(output, "settings") == 0


@pytest.mark.parametrize("output", ["> /dev/full 2>&1", "<&- >&- 2>&-"])
async def test_nor_does_it_for_a_command_that_works_on_the_ledger(output: str) -> None:
    Path("paperboy.toml").touch()
    assert [await code_with(output, *words) for words in (["status", "--json"], ["deliver"])] == [0, 2]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["delivr"], "delivr"), (["deliver", "--fast"], "--fast"), (["preview"], "POST"), (["status", "now"], "now")],
)
def test_a_slip_of_the_fingers_is_named(arguments: list[str], word: str) -> None:
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 2
    assert word in result.stderr
    assert "Try" in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_help_names_every_command(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == (0 if arguments else 2)
    assert [command for command in COMMANDS if command not in result.output] == []


def test_help_groups_the_commands_in_the_order_in_which_an_operator_meets_them() -> None:
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"})

    _, *sections = re.split(r"^(?=(?:Set up|Deliver|Look up|Operate|Commands):$)", result.output, flags=re.MULTILINE)
    listed = {
        head: re.findall(r"^  (\S+) ", rest, re.MULTILINE) for head, _, rest in (s.partition(":\n") for s in sections)
    }
    assert listed == {
        "Set up": ["demo", "init", "preview", "explain", "settings", "doctor"],
        "Deliver": ["deliver", "run"],
        "Look up": ["import", "export", "digests"],
        "Operate": [
            *("status", "sources", "chats", "health", "retry", "discard", "send", "drop", "recall", "backup"),
            "migrate-ledger",
        ],
    }
    assert "\n  preview         Show what would be sent; nothing is sent.\n" in result.output
    assert "\n  run             Deliver every day by the schedule, until stopped.\n" in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_each_command_is_in_a_group() -> None:
    commands = typer.main.get_group(app).commands

    assert {vars(command)["rich_help_panel"] for command in commands.values()} <= {*Group}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])

    assert result.exit_code == 0
    assert f"paperboy {command}" in result.output.replace("root", "paperboy")
    assert len(result.output.split("Options")[0].split()) > 8


async def imported(*arguments: str) -> set[str]:
    """Run a command in a process of its own; give the packages that it imported."""
    script = (
        "import json, sys\n"
        "from bot.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)\n"
    )
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await run.communicate()
    assert out
    return set(json.loads(err))


DELIVERIES = {"telegram", "slack_sdk", "slack_bolt", "httpx", "aiohttp", "sqlalchemy", "aiosqlite", "alembic"}
DELIVERIES |= {"apscheduler", "structlog"}


async def test_help_imports_nothing_heavy() -> None:
    """It comes at once: what a command needs is imported where it is used."""
    others = {"pydantic", "pydantic_settings", "yaml", "markdown_it", "rich", "asyncio", "formatters"}

    assert await imported("--help") & {*DELIVERIES, *others} == set()


async def test_preview_imports_nothing_that_delivers() -> None:
    """Nor what serves and fills pages, which `--web` alone needs."""
    found = await imported("preview", str(DATA / "2025-01-06-daily-papers-20250106.md"))

    assert found & {*DELIVERIES, "jinja2", "markupsafe"} == set()


async def test_health_imports_nothing_that_delivers() -> None:
    """It is asked every minute."""
    assert await imported("health", "--json") & DELIVERIES == set()


async def test_a_ledger_that_is_up_to_date_needs_nothing_that_migrates() -> None:
    write_settings(Path(), "http://127.0.0.1:9/bot", "http://127.0.0.1:9/api/")
    empty(Path("paperboy.db"))
    assert await imported("digests", "--json") & {"sqlalchemy", "alembic"} == {"sqlalchemy"}


@pytest.mark.parametrize("command", ["status", "chats", "digests", "sources", "retry", "doctor", "deliver"])
def test_in_a_folder_where_nothing_is_set_up_nothing_is_begun(command: str) -> None:
    result = CliRunner().invoke(app, [command])

    said = f"there is no {Path.cwd()}/paperboy.toml; `paperboy init` makes one, or name yours with --config FILE"
    assert (str(result.exception), list(Path.cwd().iterdir())) == (said, [])
