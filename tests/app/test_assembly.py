"""The parts put together: which settings are refused, which channels listen."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.app.assembly import open_app, run_forever
from bot.channels import all_kits
from bot.errors import SettingsError
from tests.support.app import TWO, described, memory
from tests.support.fakes.telegram import FakeTelegram


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"sources": []}, "sources: there is none"),
        ({"telegram": {}}, "name at least one chat"),
        ({"telegram": {"chats": ["5"]}}, "telegram.token is missing"),
        ({**TWO, "slack": {"chats": ["C0123ABCD"]}}, "slack.bot_token is missing"),
    ],
)
async def test_settings_with_which_nothing_could_be_delivered_are_refused(
    tables: dict[str, Mapping[str, object]], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        async with open_app(described(**tables), {}):
            pass
    assert not Path("paperboy.db").exists()


@pytest.mark.parametrize("telegram", [{"token": "123456:FAKE"}, {"token": "123456:FAKE", "listen": "off"}])
async def test_a_bot_may_wait_for_its_first_subscriber(telegram: Mapping[str, object]) -> None:
    async with open_app(described(telegram=telegram), {"telegram": memory()}) as app:
        assert await app.cycle.plan(at_once=False, resume=False)


async def test_what_stays_for_ever_is_left_out_of_garbage_collection(telegram: FakeTelegram) -> None:
    """Else a full collection, in which nobody is answered, looks through hundreds of thousands of objects."""
    bot = {"token": telegram.token, "base_url": telegram.base_url, "listen": "off"}
    running = asyncio.create_task(run_forever(described(telegram=bot)))
    try:
        async with asyncio.timeout(30):
            while not (gc.get_freeze_count() or running.done()):
                await asyncio.sleep(0.01)
        assert len(gc.get_objects()) < gc.get_freeze_count() / 2
    finally:
        gc.unfreeze()
        if not running.done():
            signal.raise_signal(signal.SIGTERM)
        await running


@pytest.mark.parametrize(
    ("slack", "heard"),
    [
        ({}, False),
        ({"app_token": "xapp-FAKE"}, True),
        ({"app_token": "xapp-FAKE", "listen": "off"}, False),
        ({"listen": "http"}, True),
    ],
)
def test_readers_in_slack_are_heard_once_it_is_set_up(slack: Mapping[str, object], heard: bool) -> None:
    settings = described(slack=slack)
    own = {name: kit.read(settings) for name, kit in all_kits().items()}
    assert {name: one.listens for name, one in own.items() if one} == {"slack": heard, "telegram": True}
