"""Give each test a site."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.faults.chats import Chats
from tests.faults.process import get_ready
from tests.faults.site import Site
from tests.faults.tally import PROPERTY, Case
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.ledger_files import empty


@pytest.fixture(scope="session", autouse=True)
def program() -> None:
    get_ready()


@pytest.fixture
def record(record_property: Callable[[str, object], None]) -> Callable[[Case], None]:
    return lambda case: record_property(PROPERTY, case.dumped())


@pytest.fixture
async def site(
    tmp_path: Path, telegram: FakeTelegram, slack: FakeSlack, record: Callable[[Case], None]
) -> AsyncIterator[Site]:
    empty(tmp_path / "paperboy.db")
    made = Site(tmp_path, Chats(telegram, slack), record)
    yield made
    for process in made.processes:
        await process.gone()
