"""Readers at a router, with and without digests behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.readers import (
    Reader,
    Readers,
    deliver_digests,
    open_readers,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("readers") / "template.db"
    with capture_logs():
        asyncio.run(deliver_digests(path))
    return path


@pytest.fixture
async def readers(tmp_path: Path, template: Path) -> AsyncIterator[Readers]:
    async with open_readers(tmp_path, template) as readers:
        yield readers


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Readers]:
    async with open_readers(tmp_path, None) as readers:
        yield readers


@pytest.fixture
def ann(readers: Readers) -> Reader:
    """Be somebody new to the bot, in a private chat, in English."""
    return readers.reader()
