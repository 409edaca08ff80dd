"""An operator: settings, a folder of posts, the program, and both platforms' fakes behind it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.faults.process import Process, get_ready
from tests.faults.program import Conditions
from tests.support.chats import CHANNEL, CHANNEL_NAME, READER, SLACK_CHAT
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.golden import DATA
from tests.support.installed import TOKENS, Done

SETTINGS = """
language = "en"
[[sources]]
name = "daily"
kind = "folder"
path = "_posts"
[store]
url = "sqlite:///state/ledger.db"
[telegram]
chats = {telegram}
base_url = "{telegram_url}"
[slack]
chats = {slack}
base_url = "{slack_url}"
"""


class Operator:
    """An operator at work: a folder of posts, settings, and the two platforms."""

    def __init__(self, telegram: FakeTelegram, slack: FakeSlack) -> None:
        self.telegram, self.slack = telegram, slack
        telegram.add_chat(CHANNEL, "channel", "my_channel")
        telegram.add_chat(READER, "private")
        slack.add_channel(SLACK_CHAT, "papers")
        Path("_posts").mkdir()
        self.settle()

    def settle(self, telegram: tuple[str, ...] = (CHANNEL_NAME,), slack: tuple[str, ...] = ()) -> None:
        """Write the settings."""
        addresses = {"telegram_url": self.telegram.base_url, "slack_url": self.slack.base_url}
        text = SETTINGS.format(telegram=json.dumps(telegram), slack=json.dumps(slack), **addresses)
        Path("paperboy.toml").write_text(text)

    def post(self, *names: str, folder: str = "_posts") -> None:
        """Put some of our posts into a folder."""
        Path(folder).mkdir(exist_ok=True)
        for name in names:
            shutil.copy(DATA / name, folder)

    async def run(self, *arguments: str, **environ: str) -> Done:
        """Run a command in a process of its own, forked: to start one anew takes five times as long."""
        get_ready()
        process = Process(arguments, Path.cwd(), Conditions(environ={**TOKENS, **environ}))
        await process.start()
        ended = await process.end()
        return Done(ended.code, ended.out, ended.err)
