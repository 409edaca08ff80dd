"""Which source a line names, and whether its digests are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.conversation.parsing.preferences import PreferenceError
from bot.conversation.parsing.text import normalise
from formatters.lines import source_id

_ALL = {"sources", "source", "출처"}
_WITH, _WITHOUT = {"with", "추가"}, {"without", "제외"}


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """Which source a chat takes, or no longer; without a name, all are to be shown."""

    name: str = ""
    takes: bool = False


def parse_source_choice(argument: str, known: Sequence[str]) -> SourceChoice | None:
    """Read "sources", "with hf" or "without hf"; None for anything else, PreferenceError for the name of no source."""
    word, _, text = normalise(argument).partition(" ")
    verb = word.casefold()
    if verb in _ALL and not text:
        return SourceChoice()
    if verb not in _WITH | _WITHOUT or not text:
        return None
    name = next((name for name in known if text.casefold() in _spellings(name)), "")
    if not name:
        raise PreferenceError(text, next(iter(get_close_matches(text, known, n=1)), ""))
    return SourceChoice(name, verb in _WITH)


def split_source(argument: str, known: Sequence[str]) -> tuple[str, str]:
    """Split off the source at the end: "3 hf" is "3" of "hf"; "" where there is none."""
    text = normalise(argument)
    for name in known:
        for spelled in _spellings(name):
            if f" {text}".casefold().endswith(f" {spelled}"):
                return text[: len(text) - len(spelled)].strip(), name
    return text, ""


def _spellings(name: str) -> tuple[str, str]:
    return normalise(name).casefold(), source_id(name)
