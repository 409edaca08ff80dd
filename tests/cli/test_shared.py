"""What an operator sees of a ledger in PostgreSQL that several processes share."""

from __future__ import annotations

import json
import os
import re
import socket

import psycopg
import pytest

from bot.cli.delivery.status import show_status
from bot.ledger.ledger import open_ledger
from tests.support.app import described

NAMES = ("slack", "telegram")
ME = f"{socket.gethostname()} {os.getpid()}"
FAILED = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)
    SELECT 'paperboy', 'plan', jsonb_build_object('what', 'daily'), 'doing' FROM generate_series(1, 2);
UPDATE procrastinate_jobs SET status = 'failed';
"""


async def shown(url: str, capsys: pytest.CaptureFixture[str], *, as_json: bool = False) -> str:
    await show_status(described(store={"url": url}), as_json=as_json)
    return capsys.readouterr().out


async def test_who_delivers_for_each_bot_is_shown_and_who_shares_the_ledger(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_ledger(postgres_url) as ledger:
        for bot in await ledger.bots.known(NAMES):
            await ledger.bots.take(bot)
            if bot.channel == "slack":
                await ledger.bots.give_back(bot)
        await ledger.bots.join()
        await ledger.bots.count("telegram", 1740)
        human = await shown(postgres_url, capsys)
        [slack, telegram] = json.loads(await shown(postgres_url, capsys, as_json=True))["bots"]
    assert "slack: nobody delivers; start `paperboy run`\n" in human
    assert re.search(rf"telegram: {ME} since \d{{4}}-\d\d-\d\d \d\d:\d\d, 1740 messages in the last minute\n", human)
    assert f"1 worker: {ME}\n" in human
    assert (slack["since"], telegram["host"], telegram["per_minute"]) == (None, socket.gethostname(), 1740)


async def test_who_died_delivers_no_longer(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_ledger(postgres_url) as ledger:
        [bot] = await ledger.bots.known(["telegram"])
        await ledger.bots.take(bot)
    assert "telegram: nobody delivers" in (human := await shown(postgres_url, capsys))
    assert "0 workers\n" in human


async def test_jobs_that_failed_are_shown(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_ledger(postgres_url):
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute(FAILED)
    assert re.search(r"job plan daily: failed 2 times, last at \d{4}", await shown(postgres_url, capsys))
    [failed] = json.loads(await shown(postgres_url, capsys, as_json=True))["failed_jobs"]
    assert (failed["name"], failed["what"], failed["times"]) == ("plan", "daily", 2)


async def test_where_the_ledger_is_a_file_nothing_is_said_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    human = await shown("sqlite:///paperboy.db", capsys)
    assert "worker" not in human
    assert json.loads(await shown("sqlite:///paperboy.db", capsys, as_json=True))["bots"] == []
