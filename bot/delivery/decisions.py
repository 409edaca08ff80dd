"""Decide what shall become of each digest: compare what the ledger knows with what a source holds now.

Pure. The daily run, an edited post, one that is not finished yet: all are this one comparison.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.config.schedule import Repeats
from bot.database.reasons import NOTHING, Cause, Reason
from bot.database.states import DigestState
from bot.delivery.readiness import date_reason, unfinished_reason
from bot.delivery.recognition import recognise, was_passed_over
from bot.ledger.records.digests import RELEASED, KnownDigest, PlannedDigest, StatusChange
from bot.sources.fingerprint import fingerprint
from bot.sources.source import FoundDigest

_COMES_BACK = {Cause.STAYED_EMPTY, Cause.GONE, Cause.LATE}  # what was skipped for this is judged anew with papers
_BY_DATE = {Cause.FUTURE, Cause.LATE}
_HAS_LOST = {Cause.SHRANK, Cause.EMPTY, Cause.GONE}  # the first number of these reasons is how many papers there were


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator set; times in seconds."""

    catch_up: int = 3
    gate_wait: float = 0.0
    edits_for: float = math.inf
    repeats: Repeats = "send"
    since: date | None = None  # posts of earlier days were not looked at
    today: date | None = None  # where the operator is; without it no post is dated in the future or late


def decide(
    known: Sequence[KnownDigest],
    found: Sequence[FoundDigest] | None,
    rules: Rules,
    now: float,
    newly_read: Collection[str] = (),
) -> list[PlannedDigest | StatusChange]:
    """Say what shall become of each digest that is new or changed, older first; `now` in seconds since 1970.

    The first look at a source delivers its newest digest with papers alone; later ones are delivered as they
    come, the newest `catch_up` of those that came since the last look. What looks unfinished waits
    for `gate_wait`, what is dated in the future for its day; what changes later than `edits_for` is left
    as it was delivered. What was dropped is new when its content changes; what is over never is. Of a source that could
    not be read, `found` is None. In those named by `newly_read` a former program saw no papers: only the newest day of
    them is news.
    """
    if found is None:
        return []
    before = {one.name: one for one in known}
    older_first = sorted(found, key=lambda one: (one.digest.day, one.post))
    plans = list(map(_planned, recognise(older_first, known, rules.since)))
    settled = [(before[one.digest.id], one) for one in plans if _is_settled(before.get(one.digest.id), one)]
    changed = [_changed(was, planned, rules, now) for was, planned in settled]
    fresh = [_lifted(before, one) for one in plans if not _is_settled(before.get(one.digest.id), one)]
    there = {one.digest.id for one in plans}
    gone = [_gone(one) for one in known if one.name not in there and _is_missed(one, rules, now)]
    return [*gone, *(one for one in changed if one), *_fresh(fresh, before, rules, now, newly_read)]


def _planned(found: FoundDigest) -> PlannedDigest:
    content = found.fingerprint or fingerprint(found.digest)
    return PlannedDigest(found.digest, found.post, content, DigestState.ACTIVE)


def _is_settled(was: KnownDigest | None, planned: PlannedDigest) -> bool:
    """Tell whether a digest was delivered, or never will be; one that has papers at last is new."""
    if was is None or was.state is DigestState.HELD:
        return False
    if was.is_over:
        return True
    if was.is_dropped:
        # What replaces it comes when nothing of it is left that is to be deleted.
        return was.is_recalling or was.fingerprint == planned.fingerprint or not planned.digest.papers
    return was.state is not DigestState.SKIPPED or was.reason.cause not in _COMES_BACK or not planned.digest.papers


def _lifted(before: Mapping[str, KnownDigest], planned: PlannedDigest) -> PlannedDigest:
    """Take back that a digest was dropped, where it was."""
    was = before.get(planned.name)
    return replace(planned, lifts_drop=True) if was and was.is_dropped else planned


def _changed(was: KnownDigest, planned: PlannedDigest, rules: Rules, now: float) -> PlannedDigest | StatusChange | None:
    """Say what becomes of a settled digest whose post is looked at again."""
    same = was.fingerprint == planned.fingerprint or was.is_dropped
    if was.state is not DigestState.ACTIVE:
        rewritten = not same and planned.digest.papers and not was.is_over
        return replace(planned, state=was.state, reason=was.reason) if rewritten else None
    if same:
        return _status_change(was, NOTHING, None)
    if was.is_over or now - was.found_at > rules.edits_for:
        return _status_change(was, Reason(Cause.TOO_LATE), None)
    if was.reason.cause is Cause.LOST_ALL and not planned.digest.papers:
        return None
    why, since = unfinished_reason(planned.digest, was.papers), _since(was, now)
    if why and not _is_over(since, rules, now):
        return _status_change(was, why, since)
    return planned if planned.digest.papers else _status_change(was, Reason(Cause.LOST_ALL), None)


def _status_change(was: KnownDigest, reason: Reason, since: float | None) -> StatusChange | None:
    """Give a change of reason, None where there is none."""
    return None if (was.reason, was.held_since) == (reason, since) else StatusChange(was.name, was.state, reason, since)


def _gone(was: KnownDigest) -> StatusChange:
    """Say what becomes of a digest whose post was taken away while it looked unfinished."""
    if was.state is DigestState.HELD:
        return StatusChange(was.name, DigestState.SKIPPED, Reason(Cause.GONE, _lost_from(was)), None)
    return StatusChange(was.name, was.state, NOTHING, None)


def _is_missed(was: KnownDigest, rules: Rules, now: float) -> bool:
    """Tell whether a post that was taken away is waited for no longer."""
    return was.reason.cause is Cause.FUTURE or _is_over(was.held_since, rules, now)


def _is_over(since: float | None, rules: Rules, now: float) -> bool:
    """Tell whether a post that looks unfinished was waited for long enough; None is one that does not."""
    return since == RELEASED or (since is not None and now - since >= rules.gate_wait)


def _since(was: KnownDigest | None, now: float) -> float:
    """Give when a post was first seen unfinished."""
    return now if was is None or was.held_since is None else was.held_since


def _fresh(
    new: Sequence[PlannedDigest],
    before: Mapping[str, KnownDigest],
    rules: Rules,
    now: float,
    newly_read: Collection[str],
) -> Iterator[PlannedDigest]:
    """Sort new digests, older first, into those to deliver, to hold, and those that are no news."""
    newest = _newest(before.values(), rules.today)
    last = _newest_read(new, before, rules.today)
    old = {one.name for one in new if _is_old(one, before, newly_read, last)}
    dated = [(one, _date_reason(one, before.get(one.name), newest, rules)) for one in new if one.name not in old]
    ready = [one for one, why in dated if why is None]
    begin = 0 if _was_looked_at(before.values()) else _newest_place(ready)
    judged = [
        *(_kept_back(one, why) for one, why in dated if why),
        *(_no_news(one, before) for one in new if one.name in old),
        *(_no_news(one, before) for one in ready[:begin]),
        *_caught_up(ready[begin:], before, rules, now),
    ]
    return (one for one in judged if _is_news(before.get(one.name), one))


def _was_looked_at(known: Iterable[KnownDigest]) -> bool:
    """Tell whether a source was looked at before: the first look leaves more than what was imported leaves."""
    return any(one.state is not DigestState.BASELINE and not one.is_dropped for one in known)


def _newest_place(ready: Sequence[PlannedDigest]) -> int:
    """Give the place of the newest digest with papers, of the newest where none has any."""
    full = [place for place, one in enumerate(ready) if one.digest.papers]
    return full[-1] if full else max(0, len(ready) - 1)


def _is_old(one: PlannedDigest, before: Mapping[str, KnownDigest], newly_read: Collection[str], last: date) -> bool:
    """Tell whether a former program saw a post and passed it over, or found no papers in it."""
    if one.name in newly_read:
        return one.digest.day < last
    return one.name not in before and was_passed_over(one.name, before)


def _newest_read(new: Iterable[PlannedDigest], before: Mapping[str, KnownDigest], today: date | None) -> date:
    """Give the newest day with papers."""
    days = [one.digest.day for one in new if one.digest.papers] + [one.day for one in before.values() if one.papers]
    return max((day for day in days if today is None or day <= today), default=date.min)


def _no_news(one: PlannedDigest, before: Mapping[str, KnownDigest]) -> PlannedDigest:
    return _skipped(one, Cause.MISSED) if one.name in before else replace(one, state=DigestState.BASELINE)


def _newest(known: Iterable[KnownDigest], today: date | None) -> date:
    """Give the newest day that is not in the future."""
    return max((one.day for one in known if today is None or one.day <= today), default=date.min)


def _date_reason(planned: PlannedDigest, was: KnownDigest | None, newest: date, rules: Rules) -> Reason | None:
    """Say why its date keeps a digest back; one that was found in time does not become late."""
    may_be_late = was is None or was.reason.cause in _BY_DATE
    return date_reason(planned.digest.day, newest if may_be_late else date.min, rules.today)


def _kept_back(planned: PlannedDigest, why: Reason) -> PlannedDigest:
    state = DigestState.HELD if why.cause is Cause.FUTURE else DigestState.SKIPPED
    return replace(planned, state=state, reason=why)


def _caught_up(
    recent: Sequence[PlannedDigest], before: Mapping[str, KnownDigest], rules: Rules, now: float
) -> Iterator[PlannedDigest]:
    full = [index for index, one in enumerate(recent) if one.digest.papers]
    missed = set(full[: max(0, len(full) - rules.catch_up)])
    for index, one in enumerate(recent):
        yield _skipped(one, Cause.MISSED) if index in missed else _judged(one, before.get(one.name), rules, now)


def _judged(planned: PlannedDigest, was: KnownDigest | None, rules: Rules, now: float) -> PlannedDigest:
    """Deliver a digest, or hold it as long as it looks unfinished, but no longer than `gate_wait`."""
    why, since = unfinished_reason(planned.digest, _papers_before(was) if was else 0), _since(was, now)
    if why and not _is_over(since, rules, now):
        return replace(planned, state=DigestState.HELD, reason=why, held_since=since)
    return replace(planned, to_new_chats=True) if planned.digest.papers else _skipped(planned, Cause.STAYED_EMPTY)


def _papers_before(was: KnownDigest) -> int:
    """Give how many papers a held post had before it lost some; the ledger lists those of the last look only."""
    return max((was.papers, *_lost_from(was)))


def _lost_from(was: KnownDigest) -> tuple[int, ...]:
    return was.reason.numbers[:1] if was.reason.cause in _HAS_LOST else ()


def _skipped(planned: PlannedDigest, cause: Cause) -> PlannedDigest:
    return replace(planned, state=DigestState.SKIPPED, reason=Reason(cause))


def _is_news(was: KnownDigest | None, planned: PlannedDigest) -> bool:
    """Tell whether the ledger says otherwise."""
    after = (planned.state, planned.reason, planned.fingerprint)
    return was is None or (was.state, was.reason, was.fingerprint) != after
