"""Listeners of the long-running process: one that ends by itself is told, and begins anew."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app import service
from bot.app.assembly import assemble
from bot.config.settings import Settings
from bot.ledger.ledger import open_ledger


class Frail:
    """Listen until something breaks; the second time, until told to stop."""

    def __init__(self) -> None:
        self.begun = 0

    async def listen(self, stopping: asyncio.Event) -> None:
        self.begun += 1
        if self.begun == 1:
            raise OverflowError("a bug")
        stopping.set()


async def test_a_listener_that_breaks_is_told_and_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_LISTEN_AGAIN", 0.0)
    listener = Frail()
    async with asyncio.timeout(30), open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        with capture_logs() as logs:
            await assemble(Settings(), ledger, [], {}).service.run([listener])
    assert listener.begun == 2
    assert [line["listener"] for line in logs if line["event"] == "listener ended"] == ["Frail"]
