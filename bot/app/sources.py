"""Make the sources that the settings name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from bot.config.fields import weekdays
from bot.config.settings import Settings
from bot.config.sources import Source as SourceSettings
from bot.sources.folder import FolderSource, never_young
from bot.sources.git.clone import Clone
from bot.sources.git.program import Git
from bot.sources.git.source import GitSource
from bot.sources.source import Source
from bot.sources.web.addresses import AddressGuard
from bot.sources.web.fetcher import Fetcher
from bot.sources.web.huggingface import SITE, HuggingFaceSource

if TYPE_CHECKING:
    from bot.sources.feeds.presets import Listing


def make_sources(settings: Settings) -> list[Source]:
    """Make all sources of the settings, in their order."""
    return [_MAKERS[one.kind](one, settings) for one in settings.sources]


def _of_folder(one: SourceSettings, settings: Settings) -> FolderSource:
    return make_folder(one, settings, one.path, time.time)


def make_folder(one: SourceSettings, settings: Settings, path: Path, clock: Callable[[], float]) -> FolderSource:
    """Make what reads a folder of posts as those of a source."""
    match, zone = one.match, settings.zone
    return FolderSource(one.name, path, match=match, permalink=one.permalink, site=one.site, zone=zone, clock=clock)


def _of_git(one: SourceSettings, settings: Settings) -> GitSource:
    """Make a source of a clone on this machine."""
    token = one.token.get_secret_value() if one.token else ""
    inside = "/".join(one.path.parts).strip("/")
    folder = settings.store.clones / quote(one.name, safe=" ")
    clone = Clone(Git(one.name, token), folder, one.url, one.branch, inside)
    return GitSource(clone, partial(make_folder, one, settings, clock=never_young))


def _fetcher(one: SourceSettings) -> Fetcher:
    return Fetcher(AddressGuard(allow_private=one.allow_private), contact=one.contact)


def _of_huggingface(one: SourceSettings, settings: Settings) -> HuggingFaceSource:  # noqa: ARG001
    return HuggingFaceSource(one.name, _fetcher(one), one.top or 10, one.min_upvotes, one.url.rstrip("/") or SITE)


def _of_feed(one: SourceSettings, settings: Settings) -> Source:
    """Make a source of a feed; what reads feeds takes long to import, so it is where there is one."""
    from bot.sources.feeds.days import Hours
    from bot.sources.feeds.papers import FeedOfPapers
    from bot.sources.feeds.posts import FeedOfPosts

    secrets = {"Authorization": f"Bearer {one.token.get_secret_value()}"} if one.token else {}
    if not one.has_papers:
        return FeedOfPosts(one.name, _fetcher(one), one.url, one.match, settings.zone, secrets)
    hours = Hours(settings.schedule.at, weekdays(settings.schedule.days), settings.zone)
    return FeedOfPapers(one.name, _fetcher(one), _listing(one), hours, one.top or 20, one.keywords, secrets)


def _listing(one: SourceSettings) -> Listing:
    from bot.sources.feeds import presets

    site = one.url.rstrip("/")
    if one.arxiv:
        return presets.arxiv(one.arxiv, site or presets.ARXIV, cross_lists=one.cross_lists)
    return presets.biorxiv(one.biorxiv, site or presets.BIORXIV) if one.biorxiv else presets.Listing(one.url)


_MAKERS: Mapping[str, Callable[[SourceSettings, Settings], Source]] = {
    "folder": _of_folder,
    "git": _of_git,
    "huggingface": _of_huggingface,
    "feed": _of_feed,
}
