"""What the commands print reaches whoever reads it as it was meant, to a person and to a program."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len
from rich.text import Text

from bot.cli.console import Console, plural, print_json, say, warn

ODD = [
    "telegram -1001:100: [red]no markup[/red] [/]",
    ":smile: 'quoted' 12 None https://example.org",
    "확산 모델 " * 50,
    "",
    "two\nlines",
]


@pytest.mark.parametrize("text", ODD)
def test_a_line_is_printed_as_it_is(capsys: pytest.CaptureFixture[str], text: str) -> None:
    say(text)
    warn(text)
    Console(markup=False).print(text)

    out, err = capsys.readouterr()
    assert (out, err) == (f"{text}\n" * 2, f"{text}\n")


def test_a_line_may_stay_open(capsys: pytest.CaptureFixture[str]) -> None:
    say("> ", end="")
    say("", end="")
    say("", end="\n")

    assert capsys.readouterr().out == "> \n"


def test_a_row_of_a_table_is_a_line_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    chat = "telegram @channel [확산] 모델" * 20

    Console().print_table(("chat", "sent"), [(chat, "19"), ("", "0")])

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["chat", "sent"]
    assert rows == [f"{chat}  19", f"{' ' * (len(chat) + 4 * 20)}  0"]  # four letters are two columns wide


def test_a_table_on_a_terminal_has_its_width_and_loses_no_letter(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")

    chat = "[red]확산[/red]" * 5
    Console().print_table(("chat", "sent"), [(chat, "19")])

    head, *lines = (Text.from_ansi(line).plain for line in capsys.readouterr().out.splitlines())
    assert head.split() == ["chat", "sent"]
    assert all(cell_len(line) <= 20 for line in lines)
    assert "".join(line[:-4].strip() for line in lines) == chat


def test_json_is_for_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"papers": [{"title": "확산 [모델]", "number": 1}]}

    print_json(value)

    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert out.endswith('"title": "확산 [모델]",\n      "number": 1\n    }\n  ]\n}\n')


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [(0, "message", "0 messages"), (1, "message", "1 message"), (2, "paper", "2 papers"), (21, "paper", "21 papers")],
)
def test_things_are_counted(count: int, noun: str, said: str) -> None:
    assert plural(count, noun) == said
