"""Print what would be sent, without ledger, token or network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from bot.channels import kit_of
from bot.cli.console import Console, print_json, warn
from bot.cli.setup.preview.reading import digests_of, messages_of
from bot.config.settings import Settings
from formatters.locale import phrases
from formatters.message import Formatter, Message, plainer

_AS_TEXT = 2  # refusals, after which nothing but text is left of a message


def show(settings: Settings, posts: Sequence[Path], channel: str, *, paper: str, as_json: bool) -> int:
    """Print the messages of posts in the order of sending; give 1 when nothing would be sent of one that is named.

    Raises SourceError for one that cannot be read.
    """
    kit = kit_of(channel)
    formatter = kit.make_formatter(phrases(settings.language), False)
    edition = kit.usual_edition(settings).edition()
    found = [digests_of(post, settings, warn) for post in posts]
    pages = [
        (one.name, message)
        for named in found
        for one in named
        for message in messages_of(one, formatter, edition, paper)
    ]
    if as_json:
        print_json(_calls(pages, formatter))
    else:
        _print_messages(pages, formatter)
    return 0 if all(found) else 1


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
            console.print(str(plainer(formatter, message.body, _AS_TEXT)["text"]), markup=False)


def _short(name: str) -> str:
    """Give what a post is called without folders and suffix; of a file that grows with its day."""
    file, sign, day = name.rpartition("/")[2].partition("#")
    return PurePath(file).stem + sign + day
