"""The grammar of button lines: what a press sends, and how it is read.

Buttons and deep links stay in chats for ever, so every spelling that was ever used must stay readable. What
people type is parsed more loosely, in `bot.conversation.parsing`, which reads these lines as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time
from hashlib import blake2s

LONGEST = 64  # bytes of a button line, the smallest limit of a platform (Telegram Bot API, InlineKeyboardButton)
MOST_DIGITS = 12  # that are read of a number: more than any paper or page has, and few enough for SQLite's integers

SUBSCRIBE, SUBSCRIBE_NOW, UNSUBSCRIBE = "/subscribe", "/subscribe now", "/unsubscribe"
RESET = "/settings default"
RETRY = "/status retry"
SETTINGS, SOURCES = "/settings", "/settings sources"
HOURS, CARDS = "/settings hours", "/settings cards"  # pages to choose on

_REF = re.compile(r"[0-9a-f]{16}", re.IGNORECASE)
_PAGE = re.compile(r"(.+) #(\d+)")
_KEPT_SEARCH = re.compile(r"~(\d{1,18})")
_SHARE = re.compile(r"share (/paper [0-9a-f]{16})")
_START, _START_DAY = "paper-", "papers-"
_STARTS = re.compile(r"/(paper [0-9a-f]{16}|papers \d{4}-\d\d-\d\d|start papers-\d{4}-\d\d-\d\d)")


# Papers


def spell_paper(ref: str) -> str:
    """Ask for a paper by its ref: 16 hex digits."""
    return f"/paper {ref}"


def spell_numbered(number: int, day: date, source: str = "") -> str:
    """Ask for a paper by its number in the digests of a day, or of a day and a source."""
    return f"/paper {number} {day} {source}".rstrip()


def spell_several(numbers: Sequence[int], day: date, source: str = "") -> str:
    """Ask for several papers by their numbers in the digests of a day, or of a day and a source."""
    in_a_row = len(numbers) > 1 and list(numbers) == list(range(numbers[0], numbers[-1] + 1))
    spelled = f"{numbers[0]}-{numbers[-1]}" if in_a_row else " ".join(map(str, numbers))
    return f"/paper {spelled} {day} {source}".rstrip()


def read_ref(argument: str) -> str:
    """Read the ref of a paper; "" for anything else."""
    return argument.lower() if _REF.fullmatch(argument) else ""


def spell_start(ref: str) -> str:
    """Name a paper in a deep link: the payload that the platform puts after /start."""
    return f"{_START}{ref}"


def read_start(argument: str) -> str | None:
    """Read the ref of the paper that a deep link names; None for any other payload."""
    return argument.removeprefix(_START) if argument.startswith(_START) else None


def read_start_day(argument: str) -> str:
    """Read the day whose papers a deep link asks for; "" for any other payload."""
    return argument.removeprefix(_START_DAY) if argument.startswith(_START_DAY) else ""


def spell_start_of(line: str) -> str:
    """Ask in a deep link for what a line asks for, a paper or the papers of a day; "" for any other line."""
    found = _STARTS.fullmatch(read_page(line)[0])
    return found[1].replace(" ", "-").removeprefix("start-") if found else ""


def spell_day(day: date) -> str:
    """Ask for the papers of a day below what was given, in whose place they shall not be put."""
    return f"/start {_START_DAY}{day}"


def spell_share(line: str) -> str:
    """Show everybody the paper that a line of `spell_paper` asks for."""
    return f"share {line}"


def read_share(line: str) -> str:
    """Read the line of the paper to show; "" for anything else."""
    found = _SHARE.fullmatch(line)
    return found[1] if found else ""


# Lists of several pages


def spell_papers(day: date, source: str = "") -> str:
    """Ask for the papers of a day, or of a day and a source."""
    return f"/papers {day} {source}".rstrip()


def source_id(name: str) -> str:
    """Name a source in a button, the same for ever: its name may be longer than a button holds."""
    return f"~{blake2s(name.encode(), digest_size=4).hexdigest()}"


def spell_search(query: str) -> str:
    """Ask for a search, as a person types it."""
    return f"/search {query}"


def spell_kept_search(number: int) -> str:
    """Ask for a search by the number it is kept under: the query may be longer than a button holds."""
    return f"/search ~{number}"


def read_kept_search(argument: str) -> int | None:
    """Read the number of a kept search; None for words to search for."""
    found = _KEPT_SEARCH.fullmatch(argument)
    return int(found[1]) if found else None


def spell_page(line: str, page: int) -> str:
    """Ask for a page of the list that a line asks for."""
    return f"{line} #{page}"


def read_page(text: str) -> tuple[str, int]:
    """Split off the page number at the end: "diffusion #2" is page 2 of "diffusion"; without one, page 1."""
    found = _PAGE.fullmatch(text)
    return (found[1], max(1, int(found[2][:MOST_DIGITS]))) if found else (text, 1)


# Settings


def spell_layout(layout: str) -> str:
    return f"/settings layout {layout}"


def spell_language(language: str) -> str:
    return f"/settings language {language}"


def spell_sound(*, silent: bool) -> str:
    return "/settings silent" if silent else "/settings loud"


def spell_cards(kind: str) -> str:
    """Receive cards with the full summary folded in, "folded", or "short" ones."""
    return f"/settings cards {kind}"


def spell_most_cards(count: int) -> str:
    """Receive so many papers as cards, 0 for all."""
    return f"/settings cards {count or 'all'}"


def spell_hour(at: time) -> str:
    return f"/settings {at:%H:%M}"


def spell_source(source: str, *, take: bool) -> str:
    """Receive the digests of a source from now on, or no longer."""
    return f"/settings {'with' if take else 'without'} {source}"
