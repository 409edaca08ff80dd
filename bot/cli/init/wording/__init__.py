"""What the set-up says, in each language."""

from __future__ import annotations

from bot.cli.init.wording.catalogue import Wording

__all__ = ["LANGUAGES", "Wording", "wording"]

LANGUAGES = {"ko": "한국어", "en": "English"}


def wording(language: str) -> Wording:
    """Give the words of a language; KeyError for one that does not exist."""
    from bot.cli.init.wording import english, korean

    return {"ko": korean.WORDING, "en": english.WORDING}[language]
