"""The list of settings that operators and the handbook get: complete, true, and readable."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.cli.setup.settings import Setting, all_settings, markdown_table, plain_list
from bot.config.explain import check_environment
from bot.config.fields import duration, duration_text
from bot.config.loading import FILE, load
from bot.config.settings import Settings
from bot.config.sources import keys_of

FEED = '[[sources]]\nname = "new"\nkind = "feed"\nurl = "https://papers.example/feed.xml"\nentries = "papers"\n'
SITE = '[[sources]]\nname = "hf"\nkind = "huggingface"\n'
EVERY = [pytest.param(one, id=one.key) for one in all_settings()]


@pytest.mark.parametrize("setting", [one for one in all_settings() if one.default], ids=lambda one: one.key)
def test_a_default_written_into_the_file_changes_nothing(setting: Setting) -> None:
    source = FEED if setting.name in keys_of("feed") else SITE
    whole = source if setting.table == "[[sources]]" else f"{setting.table}\n"
    Path(FILE).write_text(whole)
    without = load()
    Path(FILE).write_text(f"{whole}{setting.name} = {setting.default}\n")

    assert load() == without


def test_what_has_no_default() -> None:
    required = [one.key for one in all_settings() if one.required]
    without = [one.key for one in all_settings() if not one.default and not one.required]

    assert required == ["sources.name", "sources.kind"]
    assert [key for key in without if not re.search("token|secret|chat$|_url$|^sources", key)] == []


@pytest.mark.parametrize("setting", EVERY)
def test_names_in_the_environment_are_known(setting: Setting) -> None:
    check_environment({setting.variable: ""}, Settings)

    assert setting.variable.startswith("PAPERBOY_")
    assert setting.variable.endswith(setting.name.upper())


@pytest.mark.parametrize("columns", [20, 80, 120, 300])
def test_it_can_be_read_in_a_window_of_any_width(columns: int) -> None:
    lines = plain_list(columns).splitlines()

    assert max(map(len, lines)) <= max(80, min(columns, 120))
    assert [line for line in lines if line.startswith("[")] == [
        *("[[sources]]", "[schedule]", "[store]", "[telegram]", "[slack]", "[web]", "[operators]")
    ]
    at = lines.index('  at = "08:30"                               PAPERBOY_SCHEDULE__AT')
    assert lines[at + 1].startswith("      When the newest digest is delivered.")


def test_a_setting_without_default_is_told_from_one_that_must_be_set() -> None:
    lines = [" ".join(line.split()) for line in plain_list(80).splitlines()]

    assert "name (required) PAPERBOY_SOURCES__0__NAME" in lines
    assert "token PAPERBOY_TELEGRAM__TOKEN" in lines


def test_the_table_in_markdown_has_a_row_for_each_setting_and_quotes_as_code() -> None:
    head, rule, *rows = markdown_table().splitlines()

    assert (head, rule) == ("| key | in the environment | default | means |", "|---|---|---|---|")
    assert [row.split("`")[1] for row in rows] == [one.key for one in all_settings()]
    assert [row for row in rows if row.count("|") != 5 or row.count("`") % 2] == []
    assert '| `language` | `PAPERBOY_LANGUAGE` | `"ko"` | What the bot itself says: `"ko"` or `"en"`.' in rows[0]
    assert [row.split("|")[3] for row in rows[2:6]] == [" (required) ", " (required) ", " ", " "]


def test_the_command_needs_no_settings_to_list_them() -> None:
    Path(FILE).write_text("broken")

    plain = CliRunner().invoke(app, ["settings"], env={"COLUMNS": "100"})
    markdown = CliRunner().invoke(app, ["settings", "--markdown"])

    assert (plain.exit_code, plain.output) == (0, plain_list(100))
    assert (markdown.exit_code, markdown.output) == (0, markdown_table())


@pytest.mark.parametrize("text", ["0d", "1s", "59s", "60m", "1m", "90s", "90m", "2h", "36h", "3d"])
def test_lengths_of_time_are_written_as_they_are_read(text: str) -> None:
    length = duration(text)

    assert isinstance(length, timedelta)
    assert duration(duration_text(length)) == length


def test_lengths_of_time_take_the_largest_whole_unit() -> None:
    lengths = (timedelta(days=3), timedelta(hours=36), timedelta(minutes=5), timedelta(seconds=90))

    assert list(map(duration_text, lengths)) == ["3d", "36h", "5m", "90s"]
