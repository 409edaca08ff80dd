"""The port of the sources that digests come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.sources.survey import Survey
from formatters.model import Digest


@dataclass(frozen=True, slots=True)
class FoundDigest:
    """A digest as a source holds it now."""

    digest: Digest
    post: str  # what the source calls the post: a file name
    fingerprint: str = ""  # of the digest, where the source keeps it; else it is computed at each comparison
    doubles: tuple[str, ...] = ()  # other posts that are the same digest under another name


@dataclass(frozen=True, slots=True)
class Cost:
    """What was asked of other machines."""

    requests: int = 0
    bytes: int | None = 0  # that came over the network; None: not known


def is_one_post(ids: Collection[str], others: Collection[str]) -> bool:
    """Tell whether two posts of one series and day are one under two names: half of their papers are the same."""
    return 2 * len({*ids} & {*others}) >= min(len(ids), len(others))


class Source(Protocol):
    """Find digests, and say which posts have problems."""

    state: str
    """What the source must remember from one look to the next, in its own words: set before a look, read after it.

    It is kept before anything is planned, so it must be enough to find again what was found.
    """

    @property
    def name(self) -> str: ...

    @property
    def problems(self) -> Mapping[str, str]:
        """Map posts to what was wrong at the last read: the post was passed over, or read in part."""

    @property
    def survey(self) -> Survey:
        """Say what the last look found."""

    @property
    def cost(self) -> Cost:
        """Say what all looks together cost so far."""

    async def digests(self, since: date | None = None) -> Sequence[FoundDigest]:
        """List the digests of `since` and later, older first; SourceError when it cannot be read."""
