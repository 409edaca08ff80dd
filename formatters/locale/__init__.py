"""What the bot itself says, in each of its languages; a missing word is a type error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Words:
    """One language of the bot. Templates take the named fields in braces."""

    language: str
    day: Callable[[date], str]
    papers: Callable[[int], str]  # how many there are
    goal: str
    contribution: str
    result: str
    help: str
    which_paper: str  # {last}
    no_such_paper: str  # {number} {last}
    no_digest: str
    unknown_command: str  # {command}
    demo_hint: str
    commands: dict[str, str]  # name to what it does


def words(language: str) -> Words:
    """Give the catalogue of a language; KeyError for one that does not exist."""
    from formatters.locale import en, ko

    return {"ko": ko.WORDS, "en": en.WORDS}[language]
