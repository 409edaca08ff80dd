"""A folder of posts, such as the `_posts` of a checked-out blog."""

from __future__ import annotations

import asyncio
import hashlib
import math
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, tzinfo
from itertools import chain
from pathlib import Path

from bot.errors import NoDayError, ParseError, SourceError
from bot.sources import files
from bot.sources.files import name_in
from bot.sources.fingerprint import fingerprint
from bot.sources.posts import days
from bot.sources.posts.front_matter import storable
from bot.sources.posts.post import LARGEST_POST, Origin, Post, parse, section_name
from bot.sources.source import Cost, FoundDigest, is_one_post
from bot.sources.survey import Miss, Reached, Survey
from formatters.model import Digest
from formatters.spans import shorten

YOUNG = 3.0  # seconds: a file that changed since may be half written, and is looked at again after so long
_MOST_LEFT_OUT = 100  # files that are read although they are not looked at, to say that one of them is a digest
_NOT_MATCHED = 'a digest, but match = "{}" leaves it out'


def never_young() -> float:
    """Be the clock of a folder that nobody writes in while it is read."""
    return math.inf


class FolderSource:
    """Read the posts of a folder and its sub-folders; a file is parsed again only when it changed."""

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
        self.state = ""  # the files are enough
        self.problems: Mapping[str, str] = {}
        self.survey = Survey()
        self.cost = Cost()  # nobody is asked
        self._path = path
        self._match = match
        self._origin = Origin("", permalink, match is not None, site, zone)  # of all files, but for their names
        self._clock = clock
        self._sleep = sleep
        self._cache: dict[Path, tuple[tuple[int, int], Post | ParseError]] = {}

    async def digests(self, since: date | None = None) -> Sequence[FoundDigest]:
        """List the digests of `since` and later; SourceError when the folder cannot be read."""
        return await asyncio.to_thread(self._digests, since)

    def _digests(self, since: date | None) -> list[FoundDigest]:
        problems: dict[str, str] = {}
        there = self._files(problems)
        paths = [path for path in there if self._is_post(path, since)]
        unfinished = self._unfinished(paths)
        read = [one for path in paths for one in self._read_all(path, since, as_before=path in unfinished)]
        found = collected(read, problems, self._is_told)
        self.problems = problems
        self.survey = surveyed(read, () if found else self._left_out(there))
        return found

    def _files(self, problems: dict[str, str]) -> list[Path]:
        """List the files that end like posts; a sub-folder that cannot be read becomes a problem."""
        errors: list[OSError] = []
        try:
            there = list(files.posts(self._path, errors.append))
        except OSError as error:
            advice = "check path in this source's settings, and the folder's rights"
            raise SourceError(f"source {self.name}: {self._path}: {error.strerror}; {advice}") from None
        for one in errors:
            name = name_in(self._path, Path(one.filename))
            problems[name] = f"{name}: cannot be read ({one.strerror}); check the folder's rights"
        self._cache = {path: self._cache[path] for path in there if path in self._cache}
        return there

    def _is_post(self, path: Path, since: date | None) -> bool:
        """Tell whether a file is to be read; one whose name has no day is, since its text may have one."""
        name = name_in(self._path, path)
        found = days.of_name(name) if since else None
        if since and found and found.day < since:
            return False
        return files.is_matched(name, self._match)

    def _read_all(self, path: Path, since: date | None, *, as_before: bool) -> list[tuple[str, Post | ParseError]]:
        """Read what posts a file holds; those before `since` count only where the file is named by a day."""
        name = name_in(self._path, path)
        is_dated = since is None or days.of_name(name)
        post = self._as_before(path) if as_before else self._read(path, None if is_dated else since)
        return [(name, one) for name, one in named(name, post) if is_dated or not _is_before(one, since)]

    def _is_told(self, name: str, error: ParseError) -> bool:
        """Tell whether an error is a problem of a post: many files without a day are none."""
        return not isinstance(error, NoDayError) or self._match is not None or days.of_name(name) is not None

    def _left_out(self, there: Iterable[Path]) -> Iterator[Miss]:
        """Name the digests among the files that `match` leaves out, the last ones at most."""
        others = [path for path in there if not self._is_post(path, None)]
        for path in others[-_MOST_LEFT_OUT:]:
            post = self._read(path)
            if isinstance(post, NoDayError) or any(_papers(one) for _, one in named("", post)):
                yield Miss(Reached.PAPERS, _NOT_MATCHED.format(self._match), post=name_in(self._path, path))

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
        written = ParseError(f"{name_in(self._path, path)}: is being written; it is read at the next look")
        return self._cache[path][1] if path in self._cache else written

    def _read(self, path: Path, since: date | None = None) -> Post | ParseError:
        """Read a file that changed; of one that is older than `since`, the front matter is enough."""
        try:
            state = path.stat()
            if not stat.S_ISREG(state.st_mode):
                return Post(None)  # a folder or a pipe is no post
            stamp = (state.st_mtime_ns, state.st_size)
            if path not in self._cache or self._cache[path][0] != stamp or not _is_read(self._cache[path][1], since):
                self._cache[path] = stamp, self._parse(path, since)
            return self._cache[path][1]
        except OSError as error:
            return ParseError(f"{name_in(self._path, path)}: cannot be read ({error.strerror}); check its rights")

    def _parse(self, path: Path, since: date | None) -> Post | ParseError:
        try:
            return read(path, replace(self._origin, name=name_in(self._path, path)), since=since)
        except ParseError as error:
            return error


def collected(
    read: Iterable[tuple[str, Post | ParseError]],
    problems: dict[str, str],
    is_told: Callable[[str, ParseError], bool] = lambda *_: True,
) -> list[FoundDigest]:
    """Give the digests of posts by their names, older first, each once; put what is wrong into `problems`."""
    by_id: dict[str, list[FoundDigest]] = {}
    for name, post in read:
        if isinstance(post, ParseError):
            if is_told(name, post):
                problems[name] = str(post)
        elif post.digest:
            _keep(FoundDigest(post.digest, name, post.fingerprint), by_id, problems)
            if post.degraded:
                problems[name] = f"{name}: {post.degraded}"
    return sorted(chain(*by_id.values()), key=lambda found: (found.digest.day, found.post))


def named(name: str, post: Post | ParseError) -> list[tuple[str, Post | ParseError]]:
    """Give a post with its name, or the posts of a file that grows with theirs: `README.md#2026-11-26`."""
    sections = post.sections if isinstance(post, Post) else ()
    return [(section_name(name, one.digest.day), one) for one in sections if one.digest] or [(name, post)]


def _is_read(post: Post | ParseError, since: date | None) -> bool:
    """Tell whether a file was read as far as is asked for."""
    if isinstance(post, ParseError) or not post.is_older:
        return True
    return since is not None and all(day.last < since for day in post.days.values())


def _is_before(post: Post | ParseError, since: date | None) -> bool:
    return since is not None and isinstance(post, Post) and post.digest is not None and post.digest.day < since


def _papers(post: Post | ParseError) -> int:
    return len(post.digest.papers) if isinstance(post, Post) and post.digest else 0


def surveyed(read: Sequence[tuple[str, Post | ParseError]], left_out: Iterable[Miss] = ()) -> Survey:
    """Sum up what was read, by the names of the posts, older first."""
    digests = [post for _, post in read if isinstance(post, Post) and post.digest]
    misses = [miss for name, post in read if (miss := _miss(name, post))]
    nearest = max([*misses, *left_out], key=lambda miss: (miss.reached, miss.post), default=None)
    _, last = max(((day, name) for name, post in read if (day := _day(name, post))), default=(None, ""))
    newest = next((miss for miss in misses if miss.post == last), None)
    unread = newest if newest and newest.reached in {Reached.LINKS, Reached.HEADINGS} else None
    return Survey(len(read), len(digests), sum(map(_papers, digests)), nearest, unread)


def _day(name: str, post: Post | ParseError) -> date | None:
    """Give the day of a post, None for a file that names none."""
    found = next(iter(post.days.values()), None) if isinstance(post, Post) else days.of_name(name)
    return found and found.day


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
    return is_one_post(*({paper.id for paper in digest.papers} for digest in (one, other)))


def read(path: Path, origin: Origin, *, since: date | None = None) -> Post:
    """Read one post, and no more bytes of it than a post may have. Raises ParseError and OSError."""
    with path.open("rb") as file:
        raw = file.read(LARGEST_POST + 1)
    return read_bytes(raw, origin, since=since)


def read_bytes(raw: bytes, origin: Origin, *, since: date | None = None) -> Post:
    """Read one post; ParseError for whatever is wrong with it."""
    try:
        return _fingerprinted(parse(raw, origin, since=since))
    except ParseError:
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ParseError(f"{origin.name}: cannot be read ({storable(shorten(what, 200))}); report it") from error


def _fingerprinted(post: Post) -> Post:
    sections = tuple(map(_fingerprinted, post.sections))
    return replace(post, fingerprint=fingerprint(post.digest) if post.digest else "", sections=sections)


def _content(path: Path) -> bytes:
    """Give a hash of what is in a file, b"" where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.sha256(file.read(LARGEST_POST + 1)).digest()
    except OSError:
        return b""
