"""Where a post that is named at a shell comes from: the source of the settings in whose folder it lies, if any."""

from __future__ import annotations

import os
from pathlib import Path

from bot.config.settings import Settings
from bot.sources.files import name_in
from bot.sources.posts.post import Origin


def origin_of(path: Path, settings: Settings) -> Origin:
    """Give what a post is called, and how its source reads it."""
    whole = Path(os.path.realpath(path))  # of a link that leads to itself, too
    folders = [one for one in settings.sources if one.kind == "folder"]
    source = next((one for one in folders if whole.is_relative_to(one.path.resolve())), None)
    if source is None:
        return Origin(name_in(Path(), path), zone=settings.zone)
    name = name_in(source.path.resolve(), whole)
    return Origin(name, source.permalink, source.match is not None, source.site, settings.zone)
