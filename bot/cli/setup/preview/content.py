"""Put together what the page of the preview shows: messages for both platforms, and how the posts were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bot.channels import kit_of
from bot.cli.setup.explain import told
from bot.cli.setup.origins import origin_of
from bot.cli.setup.preview.reading import Found, digests_of, messages_of
from bot.config.settings import Settings
from bot.errors import PaperboyError
from bot.pages.preview.content import CHANNELS, Content, Part, Post
from bot.sources import files
from bot.sources.posts.explanation import explain
from formatters.edition import THREAD, Edition
from formatters.locale import phrases
from formatters.message import Formatter, Message

Stamp = tuple[tuple[str, int, int], ...]  # of each file: its path, when it was written (nanoseconds), its bytes


class Contents:
    """What is named at a shell, read again and again."""

    def __init__(self, settings: Settings, named: Sequence[Path], paper: str) -> None:
        self._settings, self._named, self._paper = settings, named, paper
        kits = {name: kit_of(name) for name in CHANNELS}
        self._editions = {name: kit.usual_edition(settings).edition() for name, kit in kits.items()}
        self._formatters = {
            name: kit.make_formatter(phrases(settings.language), bool((own := kit.read(settings)) and own.listens))
            for name, kit in kits.items()
        }
        self._found: Sequence[Found] = ()
        self._shown = Content(())

    @property
    def threaded(self) -> Mapping[str, bool]:
        """Tell by channel whether papers reply to their index."""
        return {name: not self._paper and one.layout == THREAD for name, one in self._editions.items()}

    def read(self) -> Content:
        """Read all that is named; SourceError or ParseError for what cannot be read."""
        problems: list[str] = []
        self._found = [found for one in self._named for found in digests_of(one, self._settings, problems.append)]
        self._shown = Content([self._post(one) for one in self._found], problems)
        return self._shown

    def read_again(self) -> Content:
        """Read what is there now; where it cannot be shown, as of a file half written, keep what was, and say why."""
        before, shown = self._found, self._shown
        try:
            content = self.read()
        except (PaperboyError, OSError) as error:
            kept = str(error)
        else:
            names = {one.name for one in self._found}
            lost = [one.name for one in before if one.name not in names and one.path.exists()]
            if not lost:
                return content
            kept = next((one for one in content.problems if Path(lost[0]).name in one), f"{lost[0]}: no digest")
        self._found, self._shown = before, shown
        return replace(shown, kept=kept)

    def stamp(self) -> Stamp:
        """Give what changes when a file does."""
        paths = [path for one in self._named for path in (files.posts(one, _ignore) if one.is_dir() else [one])]
        return tuple(filter(None, map(_stamp, paths)))

    def _post(self, found: Found) -> Post:
        messages = {name: self._messages(found, one, self._editions[name]) for name, one in self._formatters.items()}
        return Post(found.name, messages, list(self._reading(found)))

    def _messages(self, found: Found, formatter: Formatter, edition: Edition) -> Sequence[Message]:
        return messages_of(found, formatter, edition, self._paper)

    def _reading(self, found: Found) -> list[Part]:
        how = explain(found.path.read_bytes(), replace(origin_of(found.path, self._settings), certain=False))
        own = [one for one in how.posts if one.post.digest and one.post.digest.day == found.digest.day]
        return [Part(title, lines) for one in own for title, lines in told(how, one)]


def _stamp(path: Path) -> tuple[str, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return str(path), status.st_mtime_ns, status.st_size


def _ignore(_: OSError) -> None:
    """Pass over a folder that cannot be read: reading says it."""
