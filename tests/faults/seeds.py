"""Which seeds of drawn histories are played: a few each time, many in the long form, or those that are named."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


def seeds(short: range, long: range) -> Iterator[object]:
    """Give the seeds that PAPERBOY_SEEDS names, as in `7` or `10-200`; else those of both forms."""
    if named := os.environ.get("PAPERBOY_SEEDS"):
        first, _, last = named.partition("-")
        yield from range(int(first), int(last or first) + 1)
    else:
        yield from short
        yield from (pytest.param(seed, marks=pytest.mark.long) for seed in long)
