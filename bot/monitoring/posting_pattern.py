"""When posts usually appear, learnt from those that did, so that a missing one is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from statistics import median_high
from zoneinfo import ZoneInfo

from bot.ledger.records.reports import PostAppearance

LOOK_BACK = timedelta(days=28)
_OFTEN = 3  # of four same weekdays: so many with a post make one of its days
_FEW = 3  # from fewer posts no hour is learnt


def overdue_since(
    appeared: Sequence[PostAppearance], zone: ZoneInfo, now: datetime, wait: timedelta
) -> datetime | None:
    """Give when the post was usually there that is missing for longer than `wait`; None when none is.

    A weekday counts when at least three of the last four had a post; the hour is the median of how
    long after midnight of their day the posts of the last four weeks appeared.
    """
    today = now.astimezone(zone).date()
    lately = [one for one in appeared if today - LOOK_BACK <= one.day <= today]
    often = Counter(day.weekday() for day in {one.day for one in lately if one.day < today})
    lags = [one.found_at - _midnight(one.day, zone) for one in lately if one.seen]
    if len(lags) < _FEW:
        return None
    usual = timedelta(seconds=median_high(lags))
    passed = (today - timedelta(days=back) for back in range(LOOK_BACK.days))
    due = (day for day in passed if often[day.weekday()] >= _OFTEN and _at(day, usual, zone) + wait <= now)
    latest = next(due, None)
    if latest is None or any(one.day >= latest for one in lately):
        return None
    return _at(latest, usual, zone)


def _at(day: date, lag: timedelta, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(_midnight(day, zone) + lag.total_seconds(), zone)


def _midnight(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), tzinfo=zone).timestamp()
