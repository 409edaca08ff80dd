"""Show what would be sent, without ledger, token or network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.channels import kit_of
from bot.cli.console import Console, print_json, warn
from bot.config.settings import Settings
from bot.errors import ParseError, SourceError
from bot.sources import folder
from bot.sources.folder import shown, surveyed
from bot.sources.posts.post import Post
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.message import USUAL, Formatter, Message
from formatters.model import Digest

_PASSED_OVER, _NONE = "passed over, it is no digest", "no digest, nothing would be sent"


def show(settings: Settings, posts: Sequence[Path], channel: str, *, paper: str, as_json: bool) -> int:
    """Print the messages of posts in the order of sending; give 1 when nothing would be sent of one that is named.

    Raises SourceError for one that cannot be read.
    """
    kit = kit_of(channel)
    formatter, own = kit.make_formatter(phrases(settings.language), False), kit.read(settings)
    edition = Edition(own.layout) if own else USUAL
    found = [list(_digests(post, settings)) for post in posts]
    pages = [
        (path, message)
        for one in found
        for path, digest in one
        for message in _messages(formatter, digest, edition, paper, path)
    ]
    if as_json:
        print_json(_calls(pages, formatter))
    else:
        _print_text(pages, formatter)
    return 0 if all(found) else 1


def _digests(named: Path, settings: Settings) -> list[tuple[Path, Digest]]:
    """Read a post, or those of a folder, and say which have nothing to send."""
    is_folder = named.is_dir()
    try:
        paths = list(folder.posts(named)) if is_folder else [named]
        read = [(path, _in_folder(path, settings) if is_folder else _read(path, settings)) for path in paths]
    except OSError as error:
        raise SourceError(f"{shown(str(named))}: {error.strerror}; name a post or a folder of posts") from None
    for path, post in read:
        _tell(
            shown(path.name if is_folder else str(path)), post, "passed over, it is no digest" if is_folder else _NONE
        )
    if is_folder:
        warn(f"{shown(str(named))}: {surveyed([(shown(path.name), post) for path, post in read])}")
    digests = [(path, post.digest) for path, post in read if isinstance(post, Post) and post.digest]
    return [(path, digest) for path, digest in digests if digest.papers]


def _in_folder(path: Path, settings: Settings) -> Post | ParseError:
    """Read a post of a folder: that it cannot be read keeps no other back."""
    try:
        return _read(path, settings)
    except ParseError as error:
        return error
    except OSError as error:
        return ParseError(f"{shown(path.name)}: passed over, it cannot be read ({error.strerror})")


def _read(path: Path, settings: Settings) -> Post:
    source = next((one for one in settings.sources if one.path.resolve() == path.parent.resolve()), None)
    permalink, site = (source.permalink, source.site) if source else ("", "")
    return folder.read(path, permalink=permalink, site=site, zone=settings.zone)


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


def _messages(formatter: Formatter, digest: Digest, edition: Edition, paper: str, path: Path) -> Sequence[Message]:
    if not paper:
        return formatter.digest(digest, edition)
    chosen = [one for one in digest.papers if paper in ("all", str(one.number))]
    if not chosen:
        numbers = f"{digest.papers[0].number} to {digest.papers[-1].number}"
        raise SourceError(f"{shown(str(path))}: no paper {paper!r}; there are {numbers}, and all")
    return [message for one in chosen for message in formatter.paper(one)]


def _calls(pages: Iterable[tuple[Path, Message]], formatter: Formatter) -> list[dict[str, object]]:
    return [
        {"post": shown(str(path)), "key": message.key, "method": formatter.method, "arguments": message.body}
        for path, message in pages
    ]


def _print_text(pages: Iterable[tuple[Path, Message]], formatter: Formatter) -> None:
    console = Console()
    for path, message in pages:
        console.rule(f"[dim]{shown(path.stem)} · {message.key}[/dim]", align="left", style="dim")
        if "markup" in message.body:
            console.print(str(message.body["markup"]))
        else:
            console.print(str(formatter.plain(message.body)["text"]), markup=False)
