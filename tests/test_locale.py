"""Both languages say everything, and say it with the same fields."""

from __future__ import annotations

import string
from dataclasses import fields
from datetime import date, timedelta

import pytest

from formatters.compose import help_text
from formatters.locale import Words, words

LANGUAGES = ["ko", "en"]
TEMPLATES = [field.name for field in fields(Words) if field.type == "str"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_there(language: str) -> None:
    catalogue = words(language)

    assert catalogue.language == language
    assert all(getattr(catalogue, name).strip() for name in TEMPLATES)
    assert all(does.strip() for does in catalogue.commands.values())


def test_an_unknown_language() -> None:
    with pytest.raises(KeyError):
        words("tlh")


def field_names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_take_the_same_fields(name: str) -> None:
    korean, english = (field_names(getattr(words(language), name)) for language in LANGUAGES)

    assert korean == english


def test_the_commands_are_the_same_and_telegram_takes_them() -> None:
    assert words("ko").commands.keys() == words("en").commands.keys()
    assert all(set(name) <= {*string.ascii_lowercase, *string.digits, "_"} for name in words("ko").commands)


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
    assert words(language).day(day) == spelt


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_day_of_a_year_is_spelt_differently(language: str) -> None:
    assert len({words(language).day(date(2025, 1, 1) + timedelta(days)) for days in range(365)}) == 365


def test_numbers_of_papers() -> None:
    assert [words("en").papers(count) for count in (0, 1, 18)] == ["0 papers", "1 paper", "18 papers"]
    assert [words("ko").papers(count) for count in (0, 1, 18)] == ["논문 0편", "논문 1편", "논문 18편"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_names_every_command(language: str) -> None:
    catalogue = words(language)

    assert help_text(catalogue).startswith(catalogue.help)
    assert all(f"\n/{name}: {does}" in help_text(catalogue) for name, does in catalogue.commands.items())
