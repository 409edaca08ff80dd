"""A bot that listens to a fake Telegram in which two digests were delivered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.telegram_bot import Delivered, TelegramBot, delivered, listening_bot


@pytest.fixture(scope="session")
def telegram_template(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return delivered(tmp_path_factory.getbasetemp())


@pytest.fixture
async def telegram_bot(telegram_template: Delivered, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TelegramBot]:
    async with listening_bot(telegram_template, monkeypatch) as made:
        yield made
