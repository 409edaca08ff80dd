"""A fake Telegram, the real program, and people who notice when they are left without an answer."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.chats import CHANNEL, CHANNEL_NAME, GROUP
from tests.support.fakes.rates import Limits
from tests.support.fakes.server import Call
from tests.support.fakes.telegram import FakeTelegram
from tests.support.fakes.telegram_chats import TelegramMessage

OPERATOR, BOSS, AUTHOR = 45, 100, 99  # Boss administers the group; the author posts in the channel
PEOPLE = range(101, 113)
PATIENCE = 60.0  # seconds for which somebody waits for a message
GLANCE = 15.0  # seconds after which Telegram tells who pressed a button that nothing came of it
_LOOK = 0.5  # seconds between two looks at a chat
_BOT = "https://t.me/fake_paperboy_bot?start="

_SETTINGS = """
language = "en"

[[sources]]
name = "daily-papers"
kind = "folder"
path = "_posts"

[schedule]
at = "08:30"

[telegram]
token = "123456:FAKE-telegram-token"
base_url = "{url}"
chats = ["{channel}", "{group}"]

[operators]
telegram = ["{operator}"]
"""


@dataclass
class Scene:
    """The chats, and what people had to complain about."""

    server: FakeTelegram
    folder: Path
    complaints: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # lines of the program that sound days do not have
    process: Process | None = None
    _running: asyncio.Event = field(default_factory=asyncio.Event)

    # What people do

    async def ask(self, chat: str, person: int, text: str, answer: str) -> None:
        """Write something, and wait for a message in which this stands."""
        before = self._last_id(chat)
        self.server.says(chat, person, text, language="en")
        await self._answered(f"{person} wrote {text!r} in {chat}", lambda: self._came(chat, before, answer))

    async def press(self, chat: str, person: int, message: TelegramMessage) -> None:
        """Press the first button below a message, go where it leads, and wait for what stands there."""
        data = message.buttons[0][0]["callback_data"]
        query = self.server.presses(chat, message.id, person, data, "en")
        what = f"{person} pressed {data!r} in {chat}"
        if not await self._answered(what, lambda: query in self.server.toasts, GLANCE):
            return
        if link := self.server.opened.get(query):
            await asyncio.sleep(2)
            await self.ask(str(person), person, f"/start {link.removeprefix(_BOT)}", message.text.partition("\n")[0])
        elif not self.server.toasts[query][0]:
            self.complaints.append(f"{what}: an empty toast")

    async def sees(self, chat: str, what: str, *, within: float = PATIENCE) -> None:
        """Wait until a message in a chat holds this."""
        await self._answered(f"{chat} has no {what!r}", lambda: self._came(chat, 0, what), within)

    def _came(self, chat: str, after: int, part: str) -> bool:
        return any(part in one.text for one in self.shown(chat) if one.id > after)

    def _last_id(self, chat: str) -> int:
        return max((one.id for one in self.shown(chat)), default=0)

    async def _answered(self, what: str, answered: Callable[[], bool], patience: float = PATIENCE) -> bool:
        until = time.monotonic() + patience
        while not answered():
            if time.monotonic() > until:
                self.complaints.append(f"{what}: nothing for {patience:.0f} s")
                return False
            await asyncio.sleep(_LOOK)
        return True

    # What stands there

    def shown(self, chat: str) -> list[TelegramMessage]:
        """Give the bot's messages in a chat that somebody may only be about to open."""
        try:
            return self.server.shown(chat)
        except KeyError:
            return []

    def sent(self, chat: str) -> list[Call]:
        """Give the messages that the bot ever sent there, also those that it deleted."""
        chat_of = self.server.chat_of
        calls = (call for call in self.server.calls if call.method == "sendMessage" and call.status == 200)
        return [call for call in calls if chat_of(call.arguments) == chat]

    def doubled(self) -> Iterator[str]:
        """Name the texts that a chat was sent twice."""
        for chat in {self.server.chat_of(call.arguments) for call in self.server.calls}:
            texts = Counter(str(call.arguments["text"]) for call in self.sent(chat))
            yield from (f"{chat} got {count} times {text!r}" for text, count in texts.items() if count > 1)

    def rings(self, chat: str) -> list[str]:
        """Give the texts that arrived with a sound."""
        calls = (call.arguments for call in self.sent(chat))
        return [str(one["text"]) for one in calls if not one.get("disable_notification")]

    @property
    def refused(self) -> int:
        return sum(call.status == 429 for call in self.server.calls)

    # The program

    async def start(self) -> None:
        """Start `paperboy run` as an operator does."""
        command = [sys.executable, "-m", "bot", "run", "--config", str(self.folder / "paperboy.toml")]
        self.process = await asyncio.create_subprocess_exec(*command, cwd=self.folder, stdout=PIPE, stderr=PIPE)
        self._following = asyncio.create_task(self._follow())
        await self._running.wait()

    async def stop(self) -> None:
        """Ask it to end, and wait for that."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        await self._following
        if code := await self.process.wait():
            self.complaints.append(f"the program ended with {code}")

    async def _follow(self) -> None:
        assert self.process
        assert self.process.stderr
        async for line in self.process.stderr:
            text = line.decode()
            self._running.set()
            if '"level": "info"' not in text and '"level": "warning"' not in text:
                self.errors.append(text.strip())


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Set the stage: a channel with an author, a group of twelve with its administrator, an operator."""
    (folder / "_posts").mkdir()
    async with FakeTelegram(limits=Limits()) as server:
        server.add_chat(CHANNEL, "channel", CHANNEL_NAME.removeprefix("@"), title="Papers")
        server.chat(CHANNEL).deletes_others = True
        server.add_chat(GROUP, "supergroup", title="Reading group")
        server.add_chat(OPERATOR, "private")
        for chat, person in ((CHANNEL, AUTHOR), (GROUP, BOSS)):
            server.member(chat, person, "administrator")
        for person in PEOPLE:
            server.member(GROUP, person, "member")
        spelled = _SETTINGS.format(url=server.base_url, channel=CHANNEL_NAME, group=GROUP, operator=OPERATOR)
        (folder / "paperboy.toml").write_text(spelled)
        one = Scene(server, folder)
        await one.start()
        try:
            yield one
        finally:
            await one.stop()
            server.inbox.add("message", {})  # ends the poll that nobody waits for any more
