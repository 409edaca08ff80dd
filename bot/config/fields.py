"""Parse and check single values of the settings; a ValueError says how to write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import time, timedelta
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TELEGRAM_CHAT = re.compile(r"(?:@[A-Za-z]\w{3,31}|-?\d{1,16})(?::\d{1,16})?", re.ASCII)
_TELEGRAM_PERSON = re.compile(r"\d{1,16}", re.ASCII)
_SLACK_CHAT = re.compile(r"[CDGUW][A-Z0-9]{2,}")
_SLACK_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")
_TELEGRAM_ADVICE = 'write "@channel", "-1001234567890", or "-1001234567890:77"'
_SLACK_ADVICE = 'write its id, such as "C0123ABCD"; names do not do'
_LIST = 'write a list of texts in quotes: ["…", "…"]'
_TOKEN = re.compile(r"\d+:[\w-]{20,}|x(?:ox[a-z]|app)-.+")
_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?")


def parse_list(value: object) -> list[str]:
    """Read a list of texts; numbers become texts."""
    items = parse_items(value)
    if not all(type(item) in (str, int) for item in items):
        raise ValueError(_LIST)
    return [str(item) for item in items]


def parse_items(value: object) -> list[Any]:
    """Read a list of whatever: of the file, or of the environment as JSON or with commas."""
    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith("[") else value.split(",")
        value = [word for item in value if (word := item.strip() if isinstance(item, str) else item) != ""]
    if not isinstance(value, list | tuple):
        raise ValueError(_LIST)
    return list(value)


def number_as_text(value: object) -> object:
    """Turn an address written as a bare number into text."""
    return str(value) if type(value) is int else value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError('this is no JSON; write ["…", "…"], or words with commas between them') from None


def duration(value: object) -> object:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or not any(found.groups()):
        raise ValueError(f'{value!r} is no length of time; write one such as "30s", "5m", "1h30m" or "3d"')
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def duration_text(length: timedelta) -> str:
    """Write a length of time in the largest unit that gives a whole number, as `duration` reads it."""
    seconds = int(length.total_seconds())
    size, unit = next(one for one in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")) if seconds % one[0] == 0)
    return f"{seconds // size}{unit}"


def clock_time(value: object) -> object:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", value) if isinstance(value, str) else None
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(f'{str(value)!r} is no time of day; write one such as "08:30", in quotes')
    return time(int(found[1]), int(found[2]))


def strip_secret(value: object) -> object:
    """Strip the white space that copying and secret files leave around a token or secret."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[!-~]*", value.strip()):
        raise ValueError("this is no token and no secret: it holds blanks or letters that none has; copy it anew")
    return value.strip()


def weekdays(days: str) -> frozenset[int]:
    """Read "mon-fri" or "mon,wed" as numbers of days, Monday being 0; ValueError for anything else."""
    found: set[int] = set()
    for part in days.lower().split(","):
        first, dash, last = part.strip().partition("-")
        try:
            start, end = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
        except ValueError:
            advice = 'write days such as "mon-sun", "mon-fri" or "mon,wed,fri"'
            raise ValueError(f"{part.strip()!r} is no day of the week; {advice}") from None
        found |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return frozenset(found)


def nearest_zone(value: str, zones: Iterable[str]) -> str:
    """Find the zone that a misspelled name of one or of its city means; "" where none is near."""
    listed = sorted(zones)
    named = {zone.rpartition("/")[2].casefold(): zone for zone in listed} | {zone.casefold(): zone for zone in listed}
    close = get_close_matches(value.casefold(), named, n=1, cutoff=0.8)
    return named[close[0]] if close else ""


def zone_advice(value: str, zones: Iterable[str]) -> str:
    """Say what to write in place of a name that no zone has."""
    near = nearest_zone(value, zones)
    return f"did you mean {near}?" if near else 'write a name such as "Asia/Seoul" or "UTC"'


def webhook_secret(value: object) -> object:
    """Check that Telegram allows this as a `secret_token`; it may be empty."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", value.strip()):
        raise ValueError("Telegram takes no such secret; write 1 to 256 of A-Z, a-z, 0-9, _ and -")
    return value.strip()


def web_address(value: object) -> object:
    """Check that this is the whole address of something on the web; it may be empty."""
    if not isinstance(value, str) or not value.strip():
        return value or None
    if re.search(r"\s", value.strip()) or not _is_web_address(value.strip()):
        raise ValueError('this is no web address; write one such as "https://hc.example.org/ping/FAKE"')
    return value.strip()


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address of IPv6 that is none
        return False


def telegram_chats(values: tuple[str, ...]) -> tuple[str, ...]:
    return _check_addresses(values, _TELEGRAM_CHAT, _TELEGRAM_ADVICE)


def slack_chats(values: tuple[str, ...]) -> tuple[str, ...]:
    return _check_addresses(values, _SLACK_CHAT, _SLACK_ADVICE)


def one_telegram_chat(value: str) -> str:
    """Check the address of one chat; it may be empty."""
    return "".join(telegram_chats((value,) if value else ()))


def one_slack_chat(value: str) -> str:
    """Check the id of one chat; it may be empty."""
    return "".join(slack_chats((value,) if value else ()))


def telegram_people(values: tuple[str, ...]) -> tuple[str, ...]:
    return _check_addresses(values, _TELEGRAM_PERSON, 'write the person\'s number, such as "12345678"', "person")


def slack_people(values: tuple[str, ...]) -> tuple[str, ...]:
    return _check_addresses(values, _SLACK_PERSON, 'write the member id, such as "U0123ABCD"', "person")


def _check_addresses(
    values: tuple[str, ...], pattern: re.Pattern[str], advice: str, what: str = "address of a chat"
) -> tuple[str, ...]:
    for value in values:
        if _TOKEN.fullmatch(value):
            raise ValueError(f"a token stands here; take it away, and {advice}")
        if not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is no {what}; {advice}")
    return tuple(dict.fromkeys(values))
