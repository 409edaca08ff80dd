"""Show what would be sent, without ledger, token or network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bot.channels import kit_of
from bot.cli.console import Console, print_json, warn
from bot.config.settings import Settings, Source
from bot.errors import ParseError, SourceError
from bot.sources import folder
from bot.sources.folder import shown
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.message import USUAL, Formatter, Message
from formatters.model import Digest


def show(settings: Settings, posts: Sequence[Path], channel: str, *, paper: str, as_json: bool) -> None:
    """Print the messages of posts in the order of sending; SourceError for a post named that is none."""
    kit = kit_of(channel)
    formatter, own = kit.make_formatter(phrases(settings.language), False), kit.read(settings)
    edition = Edition(own.layout) if own else USUAL
    pages = [
        (path, message)
        for path, digest in _digests(posts, settings.sources)
        for message in _messages(formatter, digest, edition, paper, path)
    ]
    if as_json:
        print_json(_calls(pages, formatter))
    else:
        _print_text(pages, formatter)


def _digests(posts: Iterable[Path], sources: Iterable[Source]) -> Iterator[tuple[Path, Digest]]:
    """Read each post; in a folder, pass over what is no digest."""
    for path in posts:
        try:
            inside = list(folder.posts(path)) if path.is_dir() else [path]
        except OSError as error:
            raise SourceError(f"{shown(str(path))}: {error.strerror}; name a post or a folder of posts") from None
        for post in inside:
            if digest := _digest(post, sources, named=post == path):
                yield post, digest


def _digest(path: Path, sources: Iterable[Source], *, named: bool) -> Digest | None:
    source = next((one for one in sources if one.path.resolve() == path.parent.resolve()), None)
    try:
        permalink, site = (source.permalink, source.site) if source else ("", "")
        post = folder.read(path, permalink=permalink, site=site)
    except OSError as error:
        if named:
            raise SourceError(f"{shown(str(path))}: {error.strerror}; name a post or a folder of posts") from None
        warn(f"{shown(path.name)}: passed over, it cannot be read ({error.strerror})")
        return None
    except ParseError as error:
        if named:
            raise
        warn(str(error))
        return None
    if post.degraded:
        warn(f"{shown(path.name)}: {post.degraded}")
    if post.digest is None:
        if named:
            raise ParseError(f"{shown(str(path))}: no digest: it has no heading such as `# 1. [Title](https://…)`")
        warn(f"{shown(path.name)}: passed over, it is no digest")
        return None
    if not post.digest.papers:
        warn(f"{shown(path.name)}: has no papers; it would be held, and nothing sent")
        return None
    return post.digest


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
