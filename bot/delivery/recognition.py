"""Recognise posts and papers: which of the digests that the ledger knows each post is, and which of its papers.

A post may be renamed, get another title or another date, or be copied; a paper's title or link may be corrected. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import chain, count
from pathlib import PurePath
from typing import TypeVar

from bot.ledger.records.digests import KnownDigest
from bot.sources.source import FoundDigest, is_one_post
from formatters.addresses import identity
from formatters.links import safe
from formatters.model import Digest, Paper
from formatters.spans import collapse_spaces

_ENOUGH = 3  # so many papers are not the same by chance

_Value = TypeVar("_Value")
_Lookup = Callable[[FoundDigest], str | None]  # gives the name of a known digest


def recognise(
    found: Sequence[FoundDigest], known: Sequence[KnownDigest], since: date | None = None
) -> list[FoundDigest]:
    """Give each post with the name by which the ledger knows its digest, or a new one; no two have the same.

    A known digest is claimed by its own post first; when that is gone or has other papers, by one with its papers, then
    by its own post whatever it has, then by one with its series and day. Of posts that are one digest under two
    names, the name that the ledger knows stays. Posts of days before `since` were not looked at: they are not gone.
    """
    before = {one.name: one for one in known}
    order = sorted(range(len(found)), key=lambda place: (found[place].digest.day, found[place].post))
    names, taken = _claims(found, order, before, since), set(before)
    for place in (place for place in order if place not in names):
        names[place] = _new_name(found[place], taken)
        taken.add(names[place])
    return [_named(one, names[place], before) for place, one in enumerate(found)]


def with_known_ids(digest: Digest, before: Digest) -> Digest:
    """Give a digest whose papers keep the ids that they had before: those of one address, else of one title."""
    free, ids = {paper.id: paper for paper in before.papers}, dict[int, str]()
    for key in (_address, _title):
        had = _once((key(paper), name) for name, paper in free.items())
        has = _once((key(paper), place) for place, paper in enumerate(digest.papers) if place not in ids)
        for same in (same for same in has if same and same in had):
            ids[has[same]] = had[same]
            del free[had[same]]
    taken = set(ids.values())
    papers = [
        replace(paper, id=ids[place]) if place in ids else _renamed(paper, taken)
        for place, paper in enumerate(digest.papers)
    ]
    return replace(digest, papers=tuple(papers))


def _address(paper: Paper) -> str:
    return identity(paper.url) or safe(paper.url)


def _title(paper: Paper) -> str:
    return collapse_spaces(paper.title).casefold()


def _once(pairs: Iterable[tuple[str, _Value]]) -> dict[str, _Value]:
    """Map the keys that come once."""
    listed = list(pairs)
    counts = Counter(key for key, _ in listed)
    return {key: value for key, value in listed if counts[key] == 1}


def _renamed(paper: Paper, taken: set[str]) -> Paper:
    """Give a paper that is new a free id."""
    names = chain((paper.id,), (f"{paper.id}-{number}" for number in count(2)))
    name = next(name for name in names if name not in taken)
    taken.add(name)
    return replace(paper, id=name)


def _claims(
    found: Sequence[FoundDigest], order: Sequence[int], known: Mapping[str, KnownDigest], since: date | None
) -> dict[int, str]:
    """Give the names of known digests to the posts that are these, by the places of the posts."""
    free, names = dict(known), dict[int, str]()
    for lookup_in in (_by_post_and_papers, partial(_by_papers, since), _by_post, _by_id):
        lookup = lookup_in(free)
        for place in order:
            name = None if place in names else lookup(found[place])
            if name is not None and name in free:
                names[place] = free.pop(name).name
    return names


def _by_post_and_papers(known: Mapping[str, KnownDigest]) -> _Lookup:
    """A copy that was first seen beside its original is known as the digest of both; filled, it is another one."""
    by_post = _by_post(known)

    def lookup(found: FoundDigest) -> str | None:
        one = known.get(by_post(found) or "")
        return one.name if one and is_one_post(one.paper_ids, _ids(found)) else None

    return lookup


def _by_post(known: Mapping[str, KnownDigest]) -> _Lookup:
    of_post = {one.post: one.name for one in reversed(list(known.values()))}  # the oldest, where two have one post
    own = {(one.post, one.name) for one in known.values()}

    def lookup(found: FoundDigest) -> str | None:
        posts = (found.post, *found.doubles)
        if any((post, found.digest.id) in own for post in posts):
            return found.digest.id
        return next((of_post[post] for post in posts if post in of_post), None)

    return lookup


def _by_id(_: Mapping[str, KnownDigest]) -> _Lookup:
    return lambda found: found.digest.id


def _by_papers(since: date | None, known: Mapping[str, KnownDigest]) -> _Lookup:
    looked_at = [one for one in known.values() if since is None or one.day >= since]
    of_papers = {one.paper_ids: one.name for one in looked_at if len(one.paper_ids) >= _ENOUGH}

    def lookup(found: FoundDigest) -> str | None:
        of_day, ids = known.get(found.digest.id), _ids(found)
        if of_day and of_day.paper_ids & ids and is_one_post(of_day.paper_ids, ids):
            return of_day.name
        return of_papers.get(ids)

    return lookup


def _ids(found: FoundDigest) -> frozenset[str]:
    return frozenset(paper.id for paper in found.digest.papers)


def _new_name(found: FoundDigest, taken: Collection[str]) -> str:
    """Name a digest by its series and day, and by its post too where another one has these."""
    longer = f"{found.digest.id}/{PurePath(found.post).stem}"
    names = chain((found.digest.id, longer), (f"{longer}-{number}" for number in count(2)))
    return next(name for name in names if name not in taken)


def was_passed_over(name: str, before: Mapping[str, KnownDigest]) -> bool:
    """Tell whether a former version knew a post of this series and day, and passed over all others."""
    first = before.get(name.rpartition("/")[0])
    return first is not None and not first.told_apart


def _named(found: FoundDigest, name: str, before: Mapping[str, KnownDigest]) -> FoundDigest:
    known_post = before[name].post if name in before else found.post
    post = known_post if known_post in found.doubles else found.post
    return replace(found, digest=replace(found.digest, id=name), post=post)
