"""Where a post that is named at a shell comes from: the source of the settings in whose folder it lies, if any."""

from __future__ import annotations

import os
from pathlib import Path

from bot.config.settings import Settings
from bot.config.sources import Source
from bot.sources.files import is_matched, name_in
from bot.sources.posts.post import Origin


def origin_of(path: Path, settings: Settings) -> Origin:
    """Give what a post is called, and how its source reads it."""
    source = _source_of(path, settings)
    if source is None:
        return Origin(name_in(Path(), path), zone=settings.zone)
    return Origin(_name_in(source, path), source.permalink, source.match is not None, source.site, settings.zone)


def left_out(path: Path, settings: Settings) -> str:
    """Say that the `match` of its source leaves a post out, "" where it does not."""
    source = _source_of(path, settings)
    if source is None or is_matched(_name_in(source, path), source.match):
        return ""
    return f'match = "{source.match}" of source {source.name} leaves it out'


def _source_of(path: Path, settings: Settings) -> Source | None:
    """Give the source in whose folder a post lies: of several the first that takes it, else the first."""
    found = [one for one in settings.sources if one.kind == "folder" and _lies_in(one, path)]
    taking = (one for one in found if is_matched(_name_in(one, path), one.match))
    return next(taking, found[0] if found else None)


def _lies_in(source: Source, path: Path) -> bool:
    return _whole(path).is_relative_to(source.path.resolve())


def _name_in(source: Source, path: Path) -> str:
    return name_in(source.path.resolve(), _whole(path))


def _whole(path: Path) -> Path:
    return Path(os.path.realpath(path))  # of a link that leads to itself, too
