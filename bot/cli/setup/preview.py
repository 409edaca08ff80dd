"""Show what would be sent, without ledger, token or network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from bot.channels import kit_of
from bot.cli.console import Console, print_json, warn
from bot.cli.setup.origins import left_out, origin_of
from bot.config.settings import Settings
from bot.errors import ParseError, SourceError
from bot.sources import files, folder
from bot.sources.files import name_in, shown
from bot.sources.folder import surveyed
from bot.sources.posts.post import Post
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.message import Formatter, Message
from formatters.model import Digest

_PASSED_OVER, _NONE = "passed over, it is no digest", "no digest, nothing would be sent"


def show(settings: Settings, posts: Sequence[Path], channel: str, *, paper: str, as_json: bool) -> int:
    """Print the messages of posts in the order of sending; give 1 when nothing would be sent of one that is named.

    Raises SourceError for one that cannot be read.
    """
    kit = kit_of(channel)
    formatter = kit.make_formatter(phrases(settings.language), False)
    edition = kit.usual_edition(settings).edition()
    found = [list(_digests(post, settings)) for post in posts]
    pages = [
        (name, message)
        for one in found
        for name, digest in one
        for message in _messages(formatter, digest, edition, paper, name)
    ]
    if as_json:
        print_json(_calls(pages, formatter))
    else:
        _print_messages(pages, formatter)
    return 0 if all(found) else 1


def _digests(named: Path, settings: Settings) -> list[tuple[str, Digest]]:
    """Read a post, or those of a folder, and say which have nothing to send; give digests with what they are called."""
    is_folder = named.is_dir()
    try:
        every = files.posts(named, _pass_over) if is_folder else [named]
        paths = [path for path in every if not _is_left_out(named, path, settings)]
        read = [(path, _in_folder(path, settings) if is_folder else _read(path, settings)) for path in paths]
    except OSError as error:
        raise SourceError(f"{shown(str(named))}: {error.strerror}; name a post or a folder of posts") from None
    posts = [one for path, post in read for one in folder.named(shown(str(path)), post)]
    for name, post in posts:
        _tell(_told(named, name), post, _PASSED_OVER if is_folder else _NONE)
    if is_folder:
        own = [(_told(named, name), post) for name, post in posts]
        warn(f"{shown(str(named))}: {surveyed(own)}")
    digests = [(name, post.digest) for name, post in posts if isinstance(post, Post) and post.digest]
    return [(name, digest) for name, digest in digests if digest.papers]


def _is_left_out(named: Path, path: Path, settings: Settings) -> bool:
    reason = left_out(path, settings)
    if reason:
        warn(f"{_told(named, shown(str(path)))}: {reason}, nothing of it would be sent")
    return bool(reason)


def _told(named: Path, name: str) -> str:
    """Give what a post is called: of a folder its path from there."""
    return name_in(named, Path(name)) if named.is_dir() else name


def _pass_over(error: OSError) -> None:
    warn(f"{shown(str(error.filename))}: passed over, it cannot be read ({error.strerror})")


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


def _tell(name: str, post: Post | ParseError, no_digest: str) -> None:
    """Say what is wrong with a post, and why nothing of it would be sent."""
    if isinstance(post, ParseError):
        warn(str(post))
        return
    if post.degraded:
        warn(f"{name}: {post.degraded}")
    nearest = f"; nearest: {post.miss}" if post.miss else ""
    if post.digest is None:
        warn(f"{name}: {no_digest}{nearest}")
    elif not post.digest.papers:
        warn(f"{name}: has no papers; it would be held, and nothing sent{nearest}")


def _messages(formatter: Formatter, digest: Digest, edition: Edition, paper: str, name: str) -> Sequence[Message]:
    if not paper:
        return formatter.digest(digest, edition)
    chosen = [one for one in digest.papers if paper in ("all", str(one.number))]
    if not chosen:
        numbers = f"{digest.papers[0].number} to {digest.papers[-1].number}"
        raise SourceError(f"{name}: no paper {paper!r}; there are {numbers}, and all")
    return [message for one in chosen for message in formatter.paper(one)]


def _calls(pages: Iterable[tuple[str, Message]], formatter: Formatter) -> list[dict[str, object]]:
    return [
        {"post": name, "key": message.key, "method": formatter.method, "arguments": message.body}
        for name, message in pages
    ]


def _print_messages(pages: Iterable[tuple[str, Message]], formatter: Formatter) -> None:
    """Print messages as they would look, each below what its post is called."""
    console = Console()
    for name, message in pages:
        console.rule(f"[dim]{_short(name)} · {message.key}[/dim]", align="left", style="dim")
        if "markup" in message.body:
            console.print(str(message.body["markup"]))
        else:
            console.print(str(formatter.plain(message.body)["text"]), markup=False)


def _short(name: str) -> str:
    """Give what a post is called without folders and suffix; of a file that grows with its day."""
    file, sign, day = name.rpartition("/")[2].partition("#")
    return PurePath(file).stem + sign + day
