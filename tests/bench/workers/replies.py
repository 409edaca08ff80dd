"""How long readers wait for an answer while two workers broadcast, in Telegram and in Slack."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.readers import SUBSCRIBERS, Crowd, Measured, crowd
from tests.bench.replies import WARM_UP
from tests.bench.workers.databases import Databases, databases
from tests.bench.workers.figures import Figure
from tests.bench.workers.fleet import rows, wait_until
from tests.support.fakes.slack import TOKEN as SLACK_TOKEN
from tests.support.golden import DATA

MOST = 0.15  # seconds that 99 of 100 replies wait at the most
_SLACK_CHATS = [f"C{number:08}" for number in range(1, 31)]  # as many messages a second, one in each

_POST = "2025-01-15-daily-papers-20250115.md"  # of 18 papers: in Slack, too, it takes longer than people ask

_SETTINGS = """
language = "en"
store = {{ url = "{url}" }}
schedule = {{ at = "00:00" }}
sources = [{{ name = "daily", kind = "folder", path = "posts" }}]
telegram = {{ token = "{token}", base_url = "{telegram}", chats = {subscribers} }}
slack = {{ bot_token = "{slack_token}", base_url = "{slack}", listen = "off", chats = {channels} }}
"""


@contextmanager
def workspace() -> Iterator[str]:
    """Run a fake Slack in a process of its own, and give its base URL."""
    chats = [word for chat in _SLACK_CHATS for word in ("--chat", f"{chat}:{chat.lower()}")]
    command = [sys.executable, "-m", "tests.support.fakes.slack", "--port", "0", *chats]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, ExitStack() as reading:
        try:
            assert process.stdout
            origin = process.stdout.readline().split()[-1]
            rest = reading.enter_context(subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL))
            yield f"{origin}/api/"
        finally:
            process.kill()
            rest.wait()


@contextmanager
def program(folder: Path) -> Iterator[None]:
    """Run `paperboy run` in a folder."""
    command = [sys.executable, "-m", "bot", "run", "--config", "paperboy.toml"]
    with (folder / "log").open("ab") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            yield
        finally:
            process.kill()


def measured(where: Databases, seconds: float) -> Measured:
    """Let people ask the bot in Telegram while it broadcasts, and another worker does in Slack."""
    folder, url = Path(where.file("program")), where.postgres()
    (folder / "posts").mkdir(parents=True)
    shutil.copy(DATA / _POST, folder / "posts")
    with crowd() as people, workspace() as slack:
        (folder / "paperboy.toml").write_text(_settings(url, people, slack))
        with program(folder), program(folder):
            wait_until(lambda: _are_sending(url) == 2)
            time.sleep(WARM_UP)
            return asyncio.run(people.ask(seconds))


def _settings(url: str, people: Crowd, slack: str) -> str:
    telegram = {"token": people.token, "telegram": people.base_url, "subscribers": list(SUBSCRIBERS)}
    return _SETTINGS.format(url=url, **telegram, slack_token=SLACK_TOKEN, slack=slack, channels=_SLACK_CHATS)


def _are_sending(url: str) -> int:
    """Count the workers whose bot sent something."""
    made = "SELECT 1 FROM pg_tables WHERE tablename = 'bots'"
    sending = (
        "SELECT count(DISTINCT pid) FROM bots JOIN chats USING (channel) "
        "JOIN deliveries ON chat_id = chats.id WHERE pid > 0 AND deliveries.state = 'sent'"
    )
    return int(rows(url, sending)[0][0]) if rows(url, made) else 0


def figures(found: Measured) -> list[Figure]:
    half, most = (f"{found.percentile(part) * 1000:.0f} ms" for part in (0.5, 0.99))
    return [
        Figure("replies, two workers, 99 of 100 within", most, f"< {MOST * 1000:g} ms", found.percentile(0.99) < MOST),
        Figure("half of them within", half),
        Figure("answered", f"{found.answered} of {len(found.waits)}", "all", found.answered == len(found.waits)),
        Figure("broadcast beside, in Telegram", f"{found.rate:.1f} a second"),
    ]


def main(*, full: bool) -> list[Figure]:
    with databases() as where:
        return figures(measured(where, 15.0 if full else 8.0))
