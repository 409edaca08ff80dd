"""Posts in a git repository: its newest state is fetched at each look, and read as a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bot.sources.folder import FolderSource
from bot.sources.git.clone import Clone
from bot.sources.source import Cost, FoundDigest
from bot.sources.survey import Survey


@dataclass
class GitSource:
    """Fetch, then read; what cannot be fetched is no reason to forget what was there."""

    clone: Clone
    make_folder: Callable[[Path], FolderSource]
    commit: str = ""  # that was looked at last
    state: str = ""  # the clone is enough
    folder: FolderSource = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.make_folder(self.clone.posts)

    @property
    def name(self) -> str:
        return self.clone.git.name

    @property
    def problems(self) -> Mapping[str, str]:
        return self.folder.problems

    @property
    def survey(self) -> Survey:
        return self.folder.survey

    @property
    def cost(self) -> Cost:
        return Cost(self.clone.fetches, None)

    async def digests(self, since: date | None = None) -> Sequence[FoundDigest]:
        """List the digests of `since` and later; SourceError when the repository or its folder cannot be read."""
        self.commit = await self.clone.refresh()
        return await self.folder.digests(since)
