"""A folder of Jekyll posts, such as the `_posts` of a checked-out blog."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, tzinfo
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

from bot.errors import NoDayError, ParseError, SourceError
from bot.sources.fingerprint import fingerprint
from bot.sources.posts import days
from bot.sources.posts.front_matter import storable
from bot.sources.posts.post import LARGEST_POST, Post, parse
from bot.sources.source import FoundDigest
from bot.sources.survey import Miss, Reached, Survey
from formatters.model import Digest
from formatters.spans import shorten

SUFFIXES = (".md", ".markdown")
YOUNG = 3.0  # seconds: a file that changed since may be half written, and is looked at again after so long
_MOST_LEFT_OUT = 100  # files that are read although they are not looked at, to say that one of them is a digest
_UNDATED = "a digest, but its name has no date, so that it is not looked at (name it YYYY-MM-DD-…)"
_NOT_MATCHED = 'a digest, but match = "{}" leaves it out'
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class FolderSource:
    """Read posts named YYYY-MM-DD-*.md; a post is parsed again only when its file changed."""

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        match: str | None = None,
        permalink: str = "",
        site: str = "",
        zone: tzinfo | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.name = name
        self.problems: Mapping[str, str] = {}
        self.survey = Survey()
        self._path = path
        self._match = match
        self._permalink = permalink
        self._site = site
        self._zone = zone
        self._clock = clock
        self._sleep = sleep
        self._cache: dict[Path, tuple[tuple[int, int], Post | ParseError]] = {}

    async def digests(self, since: date | None = None) -> Sequence[FoundDigest]:
        """List the digests of `since` and later; SourceError when the folder cannot be read."""
        return await asyncio.to_thread(self._digests, since)

    def _digests(self, since: date | None) -> list[FoundDigest]:
        problems: dict[str, str] = {}
        by_id: dict[str, list[FoundDigest]] = {}
        paths = self._posts(since)
        unfinished = self._unfinished(paths)
        read = [(shown(path.name), self._as_before(path) if path in unfinished else self._read(path)) for path in paths]
        for name, post in read:
            if isinstance(post, ParseError):
                problems[name] = str(post)
            elif post.digest:
                _keep(FoundDigest(post.digest, name, post.fingerprint), by_id, problems)
                if post.degraded:
                    problems[name] = f"{name}: {post.degraded}"
        self.problems = problems
        self.survey = surveyed(read, () if by_id else self._left_out())
        return sorted(chain(*by_id.values()), key=lambda found: (found.digest.day, found.post))

    def _posts(self, since: date | None) -> list[Path]:
        try:
            entries = sorted(self._path.iterdir())
        except OSError as error:
            advice = "check path in this source's settings, and the folder's rights"
            raise SourceError(f"source {self.name}: {self._path}: {error.strerror}; {advice}") from None
        return [path for path in entries if self._is_post(path, since)]

    def _is_post(self, path: Path, since: date | None) -> bool:
        found = days.of_name(path.name)
        if not _ends_like_post(path) or found is None or (since and found.day < since):
            return False
        return self._match is None or fnmatch(path.name, self._match) or fnmatch(path.stem, self._match)

    def _left_out(self) -> Iterator[Miss]:
        """Name the digests among the files that are not looked at, the newest at most."""
        others = [path for path in posts(self._path) if not self._is_post(path, None)]
        for path in others[-_MOST_LEFT_OUT:]:
            post = self._read(path)
            if isinstance(post, NoDayError) or (isinstance(post, Post) and post.digest and post.digest.papers):
                reason = _NOT_MATCHED.format(self._match) if days.of_name(path.name) else _UNDATED
                yield Miss(Reached.PAPERS, reason, post=shown(path.name))

    def _unfinished(self, paths: Collection[Path]) -> set[Path]:
        """Name the files that are being written: those just changed are read twice."""
        before = {path: _content(path) for path in paths if self._is_young(path)}
        if before:
            self._sleep(YOUNG)
        return {path for path, content in before.items() if _content(path) != content}

    def _is_young(self, path: Path) -> bool:
        try:
            state = path.stat()
        except OSError:
            return False  # it is reported when it is read
        known = path in self._cache and self._cache[path][0] == (state.st_mtime_ns, state.st_size)
        # A stamp in the future says nothing: some copies keep stamps, and clocks differ.
        return stat.S_ISREG(state.st_mode) and not known and 0 <= self._clock() - state.st_mtime < YOUNG

    def _as_before(self, path: Path) -> Post | ParseError:
        """Give what a file held before it began to be written."""
        written = ParseError(f"{shown(path.name)}: is being written; it is read at the next look")
        return self._cache[path][1] if path in self._cache else written

    def _read(self, path: Path) -> Post | ParseError:
        try:
            state = path.stat()
            if not stat.S_ISREG(state.st_mode):
                return Post(None)  # a folder or a pipe is no post
            stamp = (state.st_mtime_ns, state.st_size)
            if path not in self._cache or self._cache[path][0] != stamp:
                self._cache[path] = stamp, self._parse(path)
            return self._cache[path][1]
        except OSError as error:
            return ParseError(f"{shown(path.name)}: cannot be read ({error.strerror}); check its rights")

    def _parse(self, path: Path) -> Post | ParseError:
        try:
            certain = self._match is not None
            return read(path, permalink=self._permalink, certain=certain, site=self._site, zone=self._zone)
        except ParseError as error:
            return error


def surveyed(read: Sequence[tuple[str, Post | ParseError]], left_out: Iterable[Miss] = ()) -> Survey:
    """Sum up what was read, by the names of the posts, older first."""
    digests = [post.digest for _, post in read if isinstance(post, Post) and post.digest]
    misses = [miss for name, post in read if (miss := _miss(name, post))]
    nearest = max([*misses, *left_out], key=lambda miss: (miss.reached, miss.post), default=None)
    newest = misses[-1] if misses and misses[-1].post == read[-1][0] else None
    unread = newest if newest and newest.reached in {Reached.LINKS, Reached.HEADINGS} else None
    return Survey(len(read), len(digests), sum(len(one.papers) for one in digests), nearest, unread)


def _miss(name: str, post: Post | ParseError) -> Miss | None:
    if isinstance(post, Post):
        return replace(post.miss, post=name) if post.miss else None
    reached = Reached.PAPERS if isinstance(post, NoDayError) else Reached.TEXT
    return Miss(reached, str(post).removeprefix(f"{name}: ").replace("; ", ", "), post=name)


def _keep(new: FoundDigest, by_id: dict[str, list[FoundDigest]], problems: dict[str, str]) -> None:
    """Keep a post; of two that are one digest, the one with papers, else the later name."""
    kept = by_id.setdefault(new.digest.id, [])
    place = next((place for place, one in enumerate(kept) if _is_same(one.digest, new.digest)), len(kept))
    if place == len(kept):
        kept.append(new)
        return
    old = kept[place]
    one, double = (old, new) if old.digest.papers and not new.digest.papers else (new, old)
    kept[place] = replace(one, doubles=(*old.doubles, double.post))
    problems[double.post] = f"{double.post}: {one.post} has its series and day; only that one counts"


def _is_same(one: Digest, other: Digest) -> bool:
    """Tell whether two digests of one series and day are one post under two names: half of the papers are the same."""
    ids, other_ids = ({paper.id for paper in digest.papers} for digest in (one, other))
    return 2 * len(ids & other_ids) >= min(len(ids), len(other_ids))


def read(path: Path, *, permalink: str = "", certain: bool = False, site: str = "", zone: tzinfo | None = None) -> Post:
    """Read one post, and no more bytes of it than a post may have. Raises ParseError and OSError."""
    with path.open("rb") as file:
        raw = file.read(LARGEST_POST + 1)
    try:
        post = parse(raw, shown(path.name), permalink=permalink, certain=certain, site=site, zone=zone)
        return replace(post, fingerprint=fingerprint(post.digest)) if post.digest else post
    except ParseError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ParseError(f"{shown(path.name)}: cannot be read ({storable(shorten(what, 200))}); report it") from error


def _content(path: Path) -> bytes:
    """Give a hash of what is in a file, b"" where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.sha256(file.read(LARGEST_POST + 1)).digest()
    except OSError:
        return b""


def shown(name: str) -> str:
    """Give the name of a file as it can be stored and shown: bytes that are no text, and line ends, are escaped."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def posts(path: Path) -> Iterator[Path]:
    """List the files of a folder that end like posts, dated or not."""
    files = (entry for entry in sorted(path.iterdir()) if _ends_like_post(entry))
    return (entry for entry in files if entry.is_file() or not entry.exists())  # keep a broken link, to report it


def _ends_like_post(path: Path) -> bool:
    return path.suffix.rstrip() in SUFFIXES
