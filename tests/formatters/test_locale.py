"""Both languages say everything, and say it with the same fields."""

from __future__ import annotations

import inspect
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest

from bot.cli.delivery.status import STATES
from bot.config.fields import WEEKDAYS
from bot.database import schema
from formatters import locale
from formatters.compose import help_text
from formatters.edition import LAYOUTS
from formatters.locale import LANGUAGES, Phrases, phrases

KINDS = {
    kind: [field.name for field in fields(Phrases) if str(field.type).startswith(kind)]
    for kind in ("str", "dict", "tuple", "Callable")
}
TEMPLATES, TABLES = KINDS["str"], KINDS["dict"]
TODAY = date(2025, 1, 6)
COUNTS: dict[str, Callable[[Phrases, int], str]] = {  # what says how many there are, with what it says besides
    "papers": lambda said, count: said.papers(count),
    "found": lambda said, count: said.found("attention", count),
    "paused": lambda said, count: said.paused(count),
    "blocked": lambda said, count: said.blocked(count),
    "retried": lambda said, count: said.retried(count),
    "week": lambda said, count: said.week(count, count, count, count),
    "first_cards": lambda said, count: said.first_cards(count),
}

each_language = pytest.mark.parametrize("language", LANGUAGES)


def texts(catalogue: Phrases) -> Iterator[tuple[str, str]]:
    """Walk all that a language says, with the name of each, callables called."""
    for name in TEMPLATES:
        yield name, getattr(catalogue, name)
    for table in TABLES:
        yield from ((f"{table}.{key}", text) for key, text in getattr(catalogue, table).items())
    for place, text in enumerate(catalogue.weekdays):
        yield f"weekdays.{place}", text
    for name, said in COUNTS.items():
        yield from ((f"{name}.{count}", said(catalogue, count)) for count in (0, 1, 2, 40))
    yield "day", catalogue.day(TODAY)
    for before, series in product((TODAY, date(2025, 1, 5), date(2024, 12, 31)), ("", "HF")):
        yield f"earlier.{before}.{series}", catalogue.earlier(before, TODAY, series)


def test_what_is_looked_at() -> None:
    assert sum(map(len, KINDS.values())) == len(fields(Phrases))
    assert {*KINDS["Callable"]} == {"day", "earlier", *COUNTS}
    assert KINDS["tuple"] == ["weekdays"]


@each_language
def test_every_word_is_there(language: str) -> None:
    catalogue = phrases(language)

    assert catalogue.language == language
    assert [name for name, text in texts(catalogue) if not text.strip() or text != text.strip()] == []


def test_both_languages_say_the_same_things() -> None:
    korean, english = (dict(texts(phrases(language))) for language in LANGUAGES)

    assert korean.keys() == english.keys()
    assert [name for name, text in english.items() if re.search("[ㄱ-힣]", text)] == ["languages.ko"]
    foreign = {name for name, text in korean.items() if not re.search("[ㄱ-힣]", text)}
    assert foreign == {"language", "status", "when", "languages.en"}


@pytest.mark.parametrize("name", [field.name for field in fields(Phrases) if field.name != "language"])
def test_every_phrase_is_used(name: str) -> None:
    assert re.search(rf"(?:_?phrases|catalogue|words|said)\.{name}\b", PROGRAM)


ROOT = Path(__file__).parents[2]
CODE = [path for folder in ("bot", "formatters") for path in sorted((ROOT / folder).rglob("*.py"))]
PROGRAM = "\n".join(path.read_text(encoding="utf-8") for path in CODE if path.parent.name != "locale")


def test_an_unknown_language() -> None:
    with pytest.raises(KeyError):
        phrases("tlh")


def field_names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_take_the_same_fields(name: str) -> None:
    """And with those that stand beside its name where all of them are listed."""
    korean, english = (field_names(getattr(phrases(language), name)) for language in LANGUAGES)
    listed = re.search(rf"^    {name}: str(?:  # .*)?$", inspect.getsource(locale), re.MULTILINE)

    assert listed is not None
    assert korean == english == set(re.findall(r"{(\w+)}", listed[0]))


@pytest.mark.parametrize("table", ["incidents", "incidents_over"])
def test_incidents_take_the_same_fields(table: str) -> None:
    korean, english = (getattr(phrases(language), table) for language in LANGUAGES)
    assert korean.keys() == english.keys()
    for kind, text in english.items():
        assert field_names(korean[kind]) == field_names(text) <= {"where", "why"}


@pytest.mark.parametrize("table", sorted({*TABLES} - {"incidents", "incidents_over"}))
def test_tables_say_plain_words(table: str) -> None:
    assert [text for language in LANGUAGES for text in getattr(phrases(language), table).values() if "{" in text] == []


@each_language
def test_what_has_a_name(language: str) -> None:
    catalogue = phrases(language)
    rules = [str(getattr(rule, "sqltext", "")) for rule in schema.deliveries.constraints]
    (stored,) = (re.findall(r"'(\w+)'", rule) for rule in rules if rule.startswith("state "))

    assert catalogue.layouts.keys() == {*LAYOUTS}
    assert catalogue.states.keys() == {*STATES, *stored, "discarded"}
    assert [*catalogue.languages] == [*LANGUAGES]
    assert len(catalogue.weekdays) == len(WEEKDAYS)
    names = (catalogue.layouts.values(), catalogue.states.values(), catalogue.weekdays, catalogue.languages.values())
    assert [len(set(group)) for group in names] == [len(group) for group in names]


def test_a_language_is_named_in_itself() -> None:
    assert phrases("ko").languages == phrases("en").languages == {"ko": "한국어", "en": "English"}


def test_weeks_begin_on_monday() -> None:
    week = [date(2025, 1, 6) + timedelta(days) for days in range(7)]

    assert [phrases("ko").day(day)[-2] for day in week] == [*phrases("ko").weekdays]
    assert [phrases("en").day(day)[:3] for day in week] == [*phrases("en").weekdays]


def test_the_commands_are_the_same_and_telegram_takes_them() -> None:
    for table in ("commands", "operator_commands"):
        korean, english = (getattr(phrases(language), table) for language in LANGUAGES)
        assert [*korean] == [*english]
        assert all(re.fullmatch(r"[a-z0-9_]{1,32}", name) for name in korean)
        assert all(1 <= len(does) <= 256 for does in (*korean.values(), *english.values()))


def commands_in(text: str) -> list[str]:
    return re.findall(r"(?<!\w)/(\w+)", text)


def test_both_languages_name_the_same_commands_and_only_those_that_exist() -> None:
    korean, english = (dict(texts(phrases(language))) for language in LANGUAGES)
    known = phrases("ko").commands.keys() | phrases("ko").operator_commands.keys()

    for name, text in korean.items():
        assert commands_in(text) == commands_in(english[name])
        assert {*commands_in(text)} <= known


@each_language
def test_a_command_is_set_off_from_the_words_around_it(language: str) -> None:
    """Else Telegram would not make it one that can be tapped: "/help를" names no command."""
    for name, text in texts(phrases(language)):
        assert not re.search(r"/[a-z]+[가-힣]", text), name


@pytest.mark.parametrize(
    ("language", "day", "spelt"),
    [
        ("ko", date(2025, 1, 6), "2025년 1월 6일 (월)"),
        ("ko", date(2025, 12, 28), "2025년 12월 28일 (일)"),
        ("en", date(2025, 1, 6), "Monday, 6 January 2025"),
        ("en", date(2025, 12, 28), "Sunday, 28 December 2025"),
    ],
)
def test_days(language: str, day: date, spelt: str) -> None:
    assert phrases(language).day(day) == spelt


@each_language
def test_every_day_of_a_year_is_spelt_differently(language: str) -> None:
    assert len({phrases(language).day(date(2025, 1, 1) + timedelta(days)) for days in range(365)}) == 365


def test_numbers_of_papers() -> None:
    assert [phrases("en").papers(count) for count in (0, 1, 18)] == ["0 papers", "1 paper", "18 papers"]
    assert [phrases("ko").papers(count) for count in (0, 1, 18)] == ["논문 0편", "논문 1편", "논문 18편"]
    assert [phrases("en").found("x", count) for count in (1, 18)] == ["“x”: 1 paper", "“x”: 18 papers"]
    assert [phrases("ko").found("x", count) for count in (1, 18)] == ["‘x’ 검색 결과 1편", "‘x’ 검색 결과 18편"]


def test_numbers_of_messages() -> None:
    assert [phrases("en").retried(count) for count in (0, 1, 18)] == [
        "0 messages are tried again. What may have arrived is looked for first.",
        "1 message is tried again. What may have arrived is looked for first.",
        "18 messages are tried again. What may have arrived is looked for first.",
    ]
    assert [phrases("ko").retried(count) for count in (1, 18)] == [
        "메시지 1개를 다시 시도합니다. 도착했을 수 있는 것은 먼저 찾아봅니다.",
        "메시지 18개를 다시 시도합니다. 도착했을 수 있는 것은 먼저 찾아봅니다.",
    ]


@each_language
def test_no_number_stands_with_a_wrong_plural(language: str) -> None:
    """What is formatted with a number reads well with one as with many."""
    line = phrases(language).status_line.format(chats=1, sent=1, all=1)

    assert not re.search(r"\b1 (?:chats|messages|papers)\b", line)


@each_language
def test_help_names_every_command(language: str) -> None:
    catalogue = phrases(language)
    commands = {**catalogue.commands, **catalogue.operator_commands}

    hello, blank, *lines = help_text(catalogue.help, commands).splitlines()

    assert (hello, blank) == (catalogue.help, "")
    assert lines == [f"/{name} – {does}" for name, does in commands.items()]
    assert [line for line in lines if ": /" in line.split(" (")[0] or line.count(" – ") > 1] == []
