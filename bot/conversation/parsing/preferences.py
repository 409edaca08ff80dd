"""What /settings asks to change: words in any order, in English or Korean."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from bot.config.fields import WEEKDAYS, weekdays

LONGEST_WORD = 40  # characters of what was typed, where an answer repeats it
_MOST_WORDS = 5  # in one setting: 오전 8 시 30 분

_SPELLINGS: dict[tuple[str, object], tuple[str, ...]] = {
    ("layout", "messages"): ("messages", "papers", "논문별"),
    ("layout", "thread"): ("thread", "스레드"),
    ("layout", "digest"): ("digest", "compact", "한번에", "한 번에"),
    ("layout", "index"): ("index", "목록"),
    ("cards", "folded"): ("folded", "fold", "cards folded", "접기", "카드 접기"),
    ("cards", "short"): ("short", "cards short", "짧게", "카드 짧게"),
    ("most_cards", 0): ("all cards", "cards all", "카드 모두", "카드 전부", "모든 카드"),
    ("language", "ko"): ("ko", "korean", "한국어"),
    ("language", "en"): ("en", "english", "영어"),
    ("silent", True): ("silent", "silent on", "무음", "무음 켜기", "알림 끄기"),
    ("silent", False): ("loud", "silent off", "알림", "알림 켜기", "무음 끄기"),
    ("days", "mon-sun"): ("every day", "everyday", "daily", "매일"),
    ("days", "mon-fri"): ("weekdays", "평일"),
    ("days", "sat,sun"): ("weekend", "weekends", "주말"),
    ("zone", "Asia/Seoul"): ("kst", "서울"),
    ("zone", "Asia/Tokyo"): ("jst", "도쿄"),
    ("reset", True): ("default", "reset", "초기화", "기본값"),
}
_BY_WORD = {word: setting for setting, spellings in _SPELLINGS.items() for word in spellings}
_NAMES = {  # of settings, which may stand before the value, each with an example
    "layout": "layout digest",
    "cards": "cards folded",
    "language": "language en",
    "at": "at 08:30",
    "time": "time 08:30",
    "days": "days mon-fri",
    "zone": "zone Asia/Seoul",
    "timezone": "timezone Asia/Seoul",
    "형식": "형식 목록",
    "카드": "카드 접기",
    "언어": "언어 한국어",
    "시간": "시간 8시 30분",
    "요일": "요일 월-금",
    "시간대": "시간대 서울",
}

_PAGES = {
    "hours": ("hours", "hour", "time", "시간", "시각"),
    "cards": ("cards", "number of cards", "카드", "카드 수"),
}

_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_KOREAN = "월화수목금토일"
_DAYS = {
    name: day
    for day, long, korean in zip(WEEKDAYS, _LONG, _KOREAN, strict=True)
    for name in (day, long, korean, f"{korean}요일")
}

_HALVES = {"오전": 0, "새벽": 0, "아침": 0, "am": 0, "오후": 12, "저녁": 12, "pm": 12}
_HALF = "|".join(_HALVES)
_TIME = re.compile(
    rf"(?P<half>{_HALF})? ?(?P<hour>\d{{1,2}})"
    r"(?P<rest>:(?P<minute>\d{2})| ?시(?: ?(?P<minutes>\d{1,2}) ?분| ?(?P<thirty>반))?에?)?"
    rf" ?(?P<after>{_HALF})?"
)
_CARDS = re.compile(r"(?:cards?|카드) ?(?P<before>\d{1,4}) ?[장개]?|(?P<after>\d{1,4}) ?(?:cards?|장)")
_BARE_TIME = re.compile(r"(\d{1,2})[.h]?(\d{2})?")

# Where the last part of a zone's name is a city; the other areas hold names such as Etc/GMT+9, nine hours *behind*.
_CITIES = re.compile(r"(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/.+")
_NO_ZONES = {"localtime", "Factory"}


@dataclass(frozen=True, slots=True)
class PreferenceChange:
    """What a reader wants to change; None: it stays."""

    layout: str | None = None  # "messages", "thread", "digest" or "index"
    language: str | None = None  # "ko" or "en"
    silent: bool | None = None  # whether messages arrive without a sound
    at: time | None = None  # when digests arrive
    days: str | None = None  # on which they do: "mon-fri", "mon,wed,fri", "mon-sun"
    zone: str | None = None  # that the time is of: "Asia/Seoul"
    reset: bool = False  # whether everything else goes back to what the operator set
    cards: str | None = None  # "folded" or "short"
    most_cards: int | None = None  # how many papers get a card, 0: all


class PreferenceError(ValueError):
    """A word was not understood, or contradicts an earlier one; `near` is what may have been meant, or ""."""

    def __init__(self, word: str, near: str = "") -> None:
        self.word = word[:LONGEST_WORD]
        self.near = near
        super().__init__(f"{self.word!r} is no setting" + (f"; did you mean {near}?" if near else ""))


def parse_preferences(argument: str) -> PreferenceChange:
    """Read all changes; PreferenceError for a word that is none, or that contradicts an earlier one."""
    found: dict[str, Any] = {}
    words = _split(argument)
    while words:
        phrase, name, value = _next_setting(words)
        words = words[phrase.count(" ") + 1 :]
        if name == "days" and "days" in found:
            found[name] = _days_text(weekdays(found[name]) | weekdays(value))
        elif name and found.setdefault(name, value) != value:
            raise PreferenceError(phrase)
    return PreferenceChange(**found)


def parse_choice_page(argument: str) -> str:
    """Tell which page to choose on a line asks for: "hours" or "cards", "" for none."""
    words = " ".join(_split(argument)).casefold()
    return next((page for page, spellings in _PAGES.items() if words in spellings), "")


def _split(argument: str) -> list[str]:
    """Split what is visible into words; "mon - fri" becomes one word, "mon,fri" and "layout: digest" become two."""
    shown = "".join(letter for letter in argument if letter.isprintable() or letter.isspace())
    joined = re.sub(r"\s*[-~–〜]\s*", "-", unicodedata.normalize("NFKC", shown))
    return [word for word in re.split(r"[\s,;·、=]|(?<=[^\W\d]):", joined) if word]


def _next_setting(words: list[str]) -> tuple[str, str, Any]:
    """Give the longest phrase at the beginning that is a setting, then the setting's name and value."""
    for count in range(min(_MOST_WORDS, len(words)), 0, -1):
        phrase = " ".join(words[:count])
        if setting := _parse_phrase(phrase):
            return phrase, *setting
    if words[0].casefold() in _NAMES and len(words) > 1:
        return words[0], "", None  # a mere name: the next word is the value
    raise _not_understood(words)


def _parse_phrase(phrase: str) -> tuple[str, object] | None:
    folded = phrase.casefold()
    if folded in _BY_WORD:
        return _BY_WORD[folded]
    if found := _CARDS.fullmatch(folded):
        return "most_cards", int(found["before"] or found["after"])
    if found := _TIME.fullmatch(folded):
        return ("at", _parse_time(phrase, found)) if found["rest"] or found["half"] or found["after"] else None
    if days := _parse_days(folded):
        return "days", days
    zone = _zones().get(_zone_key(folded))
    return ("zone", zone) if zone else None


def _parse_time(phrase: str, found: re.Match[str]) -> time:
    hour, minute = int(found["hour"]), int(found["minute"] or found["minutes"] or (30 if found["thirty"] else 0))
    half = f"{found['half'] or ''}{found['after'] or ''}"
    if half and (half not in _HALVES or hour > 12):
        raise PreferenceError(phrase)
    if half:
        hour = hour % 12 + _HALVES[half]
    try:
        return time(hour, minute)
    except ValueError:
        raise PreferenceError(phrase) from None


def _parse_days(folded: str) -> str:
    """Read a day, a range of days, or Korean days in a row such as 월수금; "" for anything else."""
    names = list(folded) if set(folded) <= set(_KOREAN) else folded.split("-")
    days = [_DAYS.get(name, "") for name in names]
    if not all(days) or ("-" in folded and len(days) != 2):
        return ""
    return _days_text(weekdays(("-" if "-" in folded else ",").join(days)))


def _days_text(days: frozenset[int]) -> str:
    """Write days as the settings have them: three or more in a row as a range."""
    names = [WEEKDAYS[day] for day in sorted(days)]
    in_a_row = len(days) > 2 and max(days) - min(days) == len(days) - 1
    return f"{names[0]}-{names[-1]}" if in_a_row else ",".join(names)


@cache
def _zones() -> dict[str, str]:
    """Map names to zones: the full name, and for a zone of a city the city alone."""
    zones = sorted(available_timezones() - _NO_ZONES)
    cities = {_zone_key(zone.rpartition("/")[2]): zone for zone in zones if _CITIES.fullmatch(zone)}
    return {_zone_key(zone): zone for zone in zones} | cities


def _zone_key(zone: str) -> str:
    return re.sub("[_-]", " ", zone).casefold()


def _not_understood(words: list[str]) -> PreferenceError:
    """Make the error for the words at the beginning: with a suggestion where they resemble a setting."""
    for count in range(1, min(_MOST_WORDS, len(words)) + 1):
        phrase = " ".join(words[:count])[:LONGEST_WORD]
        if near := _suggestion(phrase.casefold()):
            return PreferenceError(phrase, near)
    return PreferenceError(words[0])


def _suggestion(folded: str) -> str:
    if re.fullmatch(r"(?:gmt|utc)[+-].*", folded):
        return "Asia/Seoul" if re.fullmatch(r"...\+0?9(?::?00)?", folded) else ""
    if found := _BARE_TIME.fullmatch(folded):
        hour, minute = int(found[1]), int(found[2] or 0)
        return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else ""
    known = _suggestions()
    close = get_close_matches(_letters(folded), known, n=1, cutoff=0.8) if len(folded) > 2 else []
    return known[close[0]] if close else ""


@cache
def _suggestions() -> dict[str, str]:
    """Map every word that can be suggested to the way to write it.

    The keys are single letters, not Korean syllables, so that 논문벌 is close to 논문별.
    """
    words = {word: word for word in (*_DAYS, "mon-fri", "mon-sun", *_BY_WORD)}
    return {_letters(name): spelling for name, spelling in (_zones() | words | _NAMES).items()}


def _letters(text: str) -> str:
    return unicodedata.normalize("NFD", text)
