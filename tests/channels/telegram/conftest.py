"""A bot that listens to a fake Telegram in which two digests were delivered; a channel by itself before empty chats."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.telegram.channel import TelegramChannel
from tests.support.chats import BASIC, CHANNEL, FORUM, READER
from tests.support.fakes.telegram import FakeTelegram
from tests.support.telegram_bot import Delivered, TelegramBot, delivered, listening_bot
from tests.support.telegram_channel import FORMATTER, LAST, OTHER_READER, CountingLimiter


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore that the SDK warns of RetryAfter.retry_after, which the channel reads."""
    ignored = pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(ignored)


@pytest.fixture(scope="session")
def telegram_template(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return delivered(tmp_path_factory.getbasetemp())


@pytest.fixture
async def telegram_bot(telegram_template: Delivered, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TelegramBot]:
    async with listening_bot(telegram_template, monkeypatch) as made:
        yield made


@pytest.fixture
def server(telegram: FakeTelegram) -> FakeTelegram:
    telegram.add_chat(CHANNEL, kind="channel", username="my_channel", last_id=LAST)
    telegram.add_chat(FORUM, kind="supergroup", topics={77}, last_id=500)
    telegram.add_chat(BASIC, kind="group")
    telegram.add_chat(READER, kind="private", last_id=9)
    telegram.add_chat(OTHER_READER, kind="private")
    return telegram


@pytest.fixture
def limiter() -> CountingLimiter:
    return CountingLimiter()


@pytest.fixture
async def channel(server: FakeTelegram, limiter: CountingLimiter) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(server.token, server.base_url, FORMATTER, limiter)
    yield channel
    await channel.close()
