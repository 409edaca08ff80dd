"""Days as people write them in names of files, titles and front matter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

# Days beyond these are slips of the pen, and sums of days must not leave the calendar.
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2200, 12, 31)

_LONGEST_TEXT = 400  # characters in which days are looked for
_LONGEST_RANGE = timedelta(days=31)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
# Groups of the forms: year, month, its name, day, week; with 2 those of the last of several days.
_N, _N2 = (rf"(?<![a-z])(?P<{group}>{_NAMES})(?![a-z])\.?" for group in ("n", "n2"))
_D, _D2 = (rf"(?P<{group}>\d{{1,2}})(?:st|nd|rd|th)?" for group in ("d", "d2"))
_Y, _LAST_Y = r"(?<!\d)(?P<y>\d{4})", r"(?P<y>\d{4})(?!\d)"
_TO, _DASH = r"\s?(?:[~〜～]|\bto\b|\buntil\b|\bthrough\b)\s?", r"\s?(?:[-–—~〜～]|\bto\b)\s?"
_NUMBERS = rf"{_Y}\s?[-./_年년]\s?(?P<m>\d{{1,2}})\s?[-./_月월]\s?(?P<d>\d{{1,2}})(?!\d)(?:\s?[日일号號]|\.(?!\w))?"
_UNTIL = rf"(?:{_TO}(?:(?P<m2>\d{{1,2}})\s?[-./月월]\s?)?(?P<d2>\d{{1,2}})(?!\d|\s?[-./년年]\s?\d)(?:\s?[日일号號])?)?"
_BEGINNING = rf"(?:(?<![\w-]){_D}(?:\s?{_N})?{_DASH})?(?<!\d)"
_END = rf"(?:{_DASH}(?:{_N2}[\s_-]{{0,2}})?{_D2})?"
# Of two that fit in one place, the first counts.
_FORMS = [
    re.compile(form, re.IGNORECASE)
    for form in (
        _NUMBERS + _UNTIL,  # 2026-11-26, 2026. 11. 26., 2026년 11월 20일 ~ 26일
        r"(?<!\d)(?<!\d[.,])(?P<y>(?:19|2[01])\d\d)(?P<m>\d\d)(?P<d>\d\d)(?!\d)",  # 20261126
        rf"{_Y}(?:[-./_]?w|[-./_ ]?(?:wk|week)[-_ ]?)(?P<w>\d{{1,2}})(?![a-z\d])",  # 2026-W48
        rf"(?<![a-z])(?:w|wk|week)[-_ ]?(?P<w>\d{{1,2}})(?:[-_/ ]|,\s?|\sof\s){_LAST_Y}(?![-./]\d)",  # week 48, 2026
        rf"{_Y}\s?[年년]\s?[第제]?\s?(?P<w>\d{{1,2}})\s?[周週주]차?",  # 2026년 48주차
        rf"{_Y}[\s_/.,-]{{1,2}}{_N}[\s_/.-]{{1,2}}{_D}(?!\d)",  # 2026-Nov-26
        rf"{_BEGINNING}{_D2}\.?(?:\sof)?[\s._-]{{0,2}}{_N2},?[\s_/-]{{0,2}}{_LAST_Y}",  # 20 Nov - 26 Nov 2026
        rf"{_N}[\s_-]{{0,2}}{_D}{_END}[\s,.)\]–—_-]{{1,4}}{_LAST_Y}",  # November 20 - 26, 2026
    )
]
_BETWEEN = re.compile(r"[\s_-]{0,2}(?:[-–—~〜～_/]|to|until|through|and|부터|至|到)[\s_-]{0,2}", re.IGNORECASE)
_DAY_OF_WEEK = (
    r"(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?|[월화수목금토일]요일|[月火水木金土日]曜日?|"
    r"(?:星期|周|週)[一二三四五六日天]"
)
_IN_BRACKETS = rf"[(（\[]\s?(?:{_DAY_OF_WEEK}|[월화수목금토일月火水木金土])\s?[)）\]]"
_BEFORE = re.compile(rf"(?:\b(?:{_DAY_OF_WEEK}),?\s?)?$", re.IGNORECASE)
_AFTER = re.compile(rf"(?:,?\s?(?:{_DAY_OF_WEEK})|\s?{_IN_BRACKETS})?", re.IGNORECASE)
_OPENING, _CLOSING = re.compile(r"[(（【［\[]"), re.compile(r"[)）】］\]]")
_USUAL = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:-[^\W\d]{2}\D*)?")
_SUFFIX = re.compile(r"\.[a-z]+\s*$", re.IGNORECASE)
_JEKYLL = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-")


class Mention(NamedTuple):
    """A day in a text: of a week its Monday, of several days in a row the last."""

    day: date
    first: date  # of all the days that are meant
    last: date
    start: int  # where it stands, with the day of the week and the brackets around both
    end: int


def mentions(text: str) -> list[Mention]:
    """Find the days in a text in NFC, in its order; numbers that are no days are none."""
    if not re.search(r"\d{4}", text):
        return []
    text = text[:_LONGEST_TEXT]
    found: list[Mention] = []
    for form in _FORMS:
        read = (one for match in form.finditer(text) if (one := _read(match)))
        found += [one for one in read if not any(one.start < other.end and other.start < one.end for other in found)]
    return [_widened(one, text) for one in _joined(sorted(found, key=lambda one: one.start), text)]


@lru_cache(1 << 14)
def of_name(path: str) -> Mention | None:
    """Find the day in the name of a file, else in those of its folders; `path` is with `/`, from the source's folder.

    What a name begins with as Jekyll's posts do is the day of a post, whatever follows.
    """
    *folders, file = unicodedata.normalize("NFC", path).split("/")
    stem = _SUFFIX.sub("", file)
    in_name = _usual(stem) or mentions(stem)
    if in_name and _JEKYLL.match(stem) and not in_name[0].start:
        return in_name[0]._replace(day=in_name[0].first)
    return next(iter(in_name or mentions("/".join([*folders, stem]))[::-1]), None)


def _usual(stem: str) -> list[Mention]:
    """Read the most usual shape of a name without looking for others: `2026-11-26-words`."""
    found = _USUAL.fullmatch(stem)
    day = found and _date(int(found[1]), int(found[2]), found[3])
    return [Mention(day, day, day, 0, 10)] if day else []


def apart(one: Mention, other: Mention) -> bool:
    """Tell whether two days differ by more than one, or as much from the days of a week or the like."""
    return max(one.first - other.last, other.first - one.last) > timedelta(days=1)


def _read(match: re.Match[str]) -> Mention | None:
    """Read a match of a form; None for what is no day."""
    groups = match.groupdict("")
    days = _week(groups) if groups.get("w") else _days(groups)
    return Mention(days[1], days[0], days[-1], *match.span()) if days else None


def _week(groups: Mapping[str, str]) -> tuple[date, date, date] | None:
    try:
        monday, sunday = (date.fromisocalendar(int(groups["y"]), int(groups["w"]), day) for day in (1, 7))
    except ValueError:
        return None
    return monday, monday, sunday


def _days(groups: Mapping[str, str]) -> tuple[date, date, date] | None:
    """Read a day, or the first and the last of several; of these the year is that of the last."""
    year, month, end_month = int(groups["y"]), _month(groups, ""), _month(groups, "2")
    end = _date(year, end_month or month, groups.get("d2"))
    begin = _date(year - (end is not None and end.month < month), month or end_month, groups["d"])
    if begin and end and timedelta() < end - begin <= _LONGEST_RANGE:
        return begin, end, end
    one = begin or end
    return (one, one, one) if one else None


def _date(year: int, month: int, day: str | None) -> date | None:
    try:
        return date(year, month, int(day or 0))
    except ValueError:
        return None


def _month(groups: Mapping[str, str], which: str) -> int:
    name = groups.get(f"n{which}", "")
    return 1 + _MONTHS.index(name[:3].lower()) if name else int(groups.get(f"m{which}") or 0)


def _joined(found: Iterable[Mention], text: str) -> Iterator[Mention]:
    """Make one of two days that are the first and the last of several."""
    before: Mention | None = None
    for one in found:
        if before is None:
            before = one
        elif _BETWEEN.fullmatch(text, before.end, one.start) and timedelta() < one.day - before.day <= _LONGEST_RANGE:
            before = Mention(one.day, before.first, one.last, before.start, one.end)
        else:
            yield before
            before = one
    if before:
        yield before


def _widened(one: Mention, text: str) -> Mention:
    """Take in the day of the week, and brackets around both."""
    before, after = _BEFORE.search(text, 0, one.start), _AFTER.match(text, one.end)
    start, end = before.start() if before else one.start, after.end() if after else one.end
    if start and _OPENING.match(text, start - 1):
        is_closed_inside = len(_CLOSING.findall(text, start, end)) > len(_OPENING.findall(text, start, end))
        if is_closed_inside or _CLOSING.match(text, end):
            return one._replace(start=start - 1, end=end + (not is_closed_inside))
    return one._replace(start=start, end=end)
