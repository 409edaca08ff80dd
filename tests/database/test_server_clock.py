"""The clock of a server as a worker knows it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import Connection, create_engine, event

from bot.database.postgres.addresses import driver_url
from bot.database.postgres.engine import ServerClock


@pytest.fixture
def db(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setattr("bot.database.postgres.engine._LONG", 0.2)
    engine = create_engine(driver_url(postgres_url))
    with closing(engine.connect()) as db:
        yield db
    engine.dispose()


def _stand_still(db: Connection, times: int) -> list[int]:
    """Let the process stand still behind so many answers; gives what counts the questions."""
    asked: list[int] = []

    @event.listens_for(db, "after_cursor_execute")
    def _(*_about: object) -> None:
        asked.append(len(asked))
        if len(asked) <= times:
            time.sleep(0.4)

    return asked


@pytest.mark.parametrize(("times", "asked"), [(0, 1), (1, 2), (2, 3)])
def test_who_stood_still_while_the_server_answered_asks_once_more(db: Connection, times: int, asked: int) -> None:
    """Half of that time would be the error of the clock, by which others are waited for."""
    clock, questions = ServerClock(), _stand_still(db, times)
    clock.measure(db)
    assert abs(clock() - time.time()) < 0.1
    assert len(questions) == asked


def test_a_server_that_always_takes_long_is_asked_no_more(db: Connection) -> None:
    clock, questions = ServerClock(), _stand_still(db, 9)
    for _ in range(2):
        clock.measure(db)
    assert 0.1 < abs(clock() - time.time()) < 0.4
    assert len(questions) == 3
