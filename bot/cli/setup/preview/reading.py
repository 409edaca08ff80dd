"""Read the posts that are named at a shell as their sources would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bot.cli.setup.origins import left_out, origin_of
from bot.config.settings import Settings
from bot.errors import ParseError, SourceError
from bot.sources import files, folder
from bot.sources.files import name_in, shown
from bot.sources.folder import surveyed
from bot.sources.posts.post import Post
from formatters.edition import Edition
from formatters.message import Formatter, Message
from formatters.model import Digest


class Found(NamedTuple):
    """A digest of what was named."""

    name: str
    path: Path
    digest: Digest


Tell = Callable[[str], object]  # takes a line about what is wrong

_PASSED_OVER, _NONE = "passed over, it is no digest", "no digest, nothing would be sent"


def digests_of(named: Path, settings: Settings, tell: Tell) -> list[Found]:
    """Read a post, or those of a folder; give digests with what they are called, and tell which have nothing to send.

    Raises SourceError or ParseError for what is named and cannot be read.
    """
    is_folder = named.is_dir()
    try:
        every = files.posts(named, partial(_pass_over, tell)) if is_folder else [named]
        paths = [path for path in every if not _is_left_out(named, path, settings, tell)]
        read = [(path, _in_folder(path, settings) if is_folder else _read(path, settings)) for path in paths]
    except OSError as error:
        raise SourceError(f"{shown(str(named))}: {error.strerror}; name a post or a folder of posts") from None
    posts = [(path, *one) for path, post in read for one in folder.named(shown(str(path)), post)]
    for _, name, post in posts:
        for problem in _problems(_told(named, name), post, _PASSED_OVER if is_folder else _NONE):
            tell(problem)
    if is_folder:
        own = [(_told(named, name), post) for _, name, post in posts]
        tell(f"{shown(str(named))}: {surveyed(own)}")
    digests = [Found(name, path, post.digest) for path, name, post in posts if isinstance(post, Post) and post.digest]
    return [one for one in digests if one.digest.papers]


def _is_left_out(named: Path, path: Path, settings: Settings, tell: Tell) -> bool:
    reason = left_out(path, settings)
    if reason:
        tell(f"{_told(named, shown(str(path)))}: {reason}, nothing of it would be sent")
    return bool(reason)


def _told(named: Path, name: str) -> str:
    """Give what a post is called: of a folder its path from there."""
    return name_in(named, Path(name)) if named.is_dir() else name


def _pass_over(tell: Tell, error: OSError) -> None:
    tell(f"{shown(str(error.filename))}: passed over, it cannot be read ({error.strerror})")


def _in_folder(path: Path, settings: Settings) -> Post | ParseError:
    """Read a post of a folder: that it cannot be read keeps no other back."""
    try:
        return _read(path, settings)
    except ParseError as error:
        return error
    except OSError as error:
        return ParseError(f"{shown(path.name)}: passed over, it cannot be read ({error.strerror})")


def _read(path: Path, settings: Settings) -> Post:
    # A post without papers has nothing to show, also where its source takes such.
    return folder.read(path, replace(origin_of(path, settings), certain=False))


def _problems(name: str, post: Post | ParseError, no_digest: str) -> Iterator[str]:
    """Say what is wrong with a post, and why nothing of it would be sent."""
    if isinstance(post, ParseError):
        yield str(post)
        return
    if post.degraded:
        yield f"{name}: {post.degraded}"
    nearest = f"; nearest: {post.miss}" if post.miss else ""
    if post.digest is None:
        yield f"{name}: {no_digest}{nearest}"
    elif not post.digest.papers:
        yield f"{name}: has no papers; it would be held, and nothing sent{nearest}"


def messages_of(found: Found, formatter: Formatter, edition: Edition, paper: str) -> Sequence[Message]:
    """Write the messages of a digest, or with `paper` the full summaries of one paper or of all.

    Raises SourceError where there is no such paper.
    """
    digest = found.digest
    if not paper:
        return formatter.digest(digest, edition)
    chosen = [one for one in digest.papers if paper in ("all", str(one.number))]
    if not chosen:
        numbers = f"{digest.papers[0].number} to {digest.papers[-1].number}"
        raise SourceError(f"{found.name}: no paper {paper!r}; there are {numbers}, and all")
    return [message for one in chosen for message in formatter.paper(one)]
