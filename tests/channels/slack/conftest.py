"""Give each test a workspace, and Paperboy that listens to it over Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.fakes.slack import FakeSlack
from tests.support.slack_bot import SlackBot, open_slack_bot, workspace


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with workspace() as server:
        yield server


@pytest.fixture
async def slack_bot(slack: FakeSlack) -> AsyncIterator[SlackBot]:
    async with open_slack_bot(slack) as slack_bot:
        yield slack_bot
