"""Where a script is played: the site, with the blog, the chats and the settings as they are at the moment."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.delivery.dispatcher import RetryPolicy
from tests.faults.combined.blog import Blog
from tests.faults.process import Ended, Process
from tests.faults.site import ALWAYS, Site
from tests.support.chats import BASIC, CHANNEL_NAME, READER, SLACK_CHAT
from tests.support.fakes.telegram_chats import Status

SUPERGROUP = "-1009999999999"  # what the group becomes
SUBSCRIBER = "67890"  # a private chat that no settings name
SUBSCRIBE, UNSUBSCRIBE = "/subscribe", "/unsubscribe"
PATIENT = RetryPolicy(settle_delay=0.05, first_backoff=0.05, longest_backoff=0.4, longest_wait=5.0)
NEEDS_PERSON = 1  # exit code
LAYOUT, LANGUAGE = "/settings layout ", "/settings language "
_MOST_RUNS = 3  # more, until all is settled, once nothing goes wrong any more
_QUIET, _LONGEST = 0.4, 6.0  # seconds without a call after which `run` has done its work; and at most
_HAS_RECEIVED = """
    SELECT count(*) FROM deliveries JOIN chats ON chats.id = chat_id WHERE chats.name = :chat AND remote_id IS NOT NULL
"""


@dataclass
class Stage:
    """A site at which acts and runs happen."""

    site: Site
    names: Sequence[str]  # the chats that are part of it
    days: int
    current: Process | None = None  # the process of the present run that was started first
    environ: dict[str, str] = field(default_factory=dict)  # the settings as they are now
    layouts: dict[str, set[str]] = field(default_factory=lambda: {"telegram": {"messages"}, "slack": {"thread"}})
    languages: set[str] = field(default_factory=lambda: {"ko"})  # that the operator ever set
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while another process is started
    left_out: set[str] = field(default_factory=set)  # chats that the settings do not name now
    _subscribes: bool = False  # the subscriber wants to receive, as far as was said
    _subscribed_at: int | None = None  # how many posts were there when the bot had surely heard that

    def __post_init__(self) -> None:
        self.site.more, chats = ALWAYS, self.site.chats
        chats.names, chats.buttons = self.names, True
        self.telegram, self.slack = chats.telegram, chats.slack
        self.telegram.add_chat(BASIC, kind="group")
        self.telegram.add_chat(SUBSCRIBER, kind="private")
        self.blog = Blog(self.site.posts, self.days)
        self.environ["PAPERBOY_SCHEDULE__CATCH_UP"] = "10"

    # What happens

    def knows(self, posts: int = 1) -> bool:
        """Tell whether the ledger knows so many digests: the first look alone passes over older ones."""
        return bool(self._ask("SELECT count(*) >= :posts FROM digests", posts=posts))

    def leave_out(self, chat: str) -> None:
        """Let the settings no longer name a chat; one that never received anything would come as a new one."""
        if self._ask(_HAS_RECEIVED, chat=chat):
            self.left_out.add(chat)

    def must_receive(self, chat: str, post: int) -> bool:
        """Tell whether a chat must have a post: one that came before it subscribed is not missed."""
        return chat != SUBSCRIBER or (self._subscribed_at is not None and post >= self._subscribed_at)

    def _ask(self, question: str, **about: object) -> Any:
        [[answer]] = self.site.ask(question, **about)
        return answer

    def set_layout(self, channel: str, layout: str) -> None:
        self.environ[f"PAPERBOY_{channel.upper()}__LAYOUT"] = layout
        self.layouts[channel].add(layout)

    def set_language(self, language: str) -> None:
        self.environ["PAPERBOY_LANGUAGE"] = language
        self.languages.add(language)

    def close(self, chat: str) -> None:
        """Let a chat be closed to the bot: archived, blocked, or the bot is thrown out."""
        if chat == SLACK_CHAT:
            self.slack.channels[chat].archived = True
        elif not self.telegram.chat(self._number(chat)).refuse:
            self._member(chat, self._usual(chat), "kicked")

    def open(self, chat: str) -> None:
        """Let the bot in again."""
        if chat == SLACK_CHAT:
            self.slack.channels[chat].archived = False
        elif self.telegram.chat(self._number(chat)).refuse:
            self._member(chat, "kicked", self._usual(chat))

    def move(self) -> None:
        """Let the group become a supergroup."""
        if BASIC in self.names and BASIC not in self.site.chats.moved and not self.telegram.chat(BASIC).refuse:
            self.telegram.migrates(BASIC, SUPERGROUP)
            self.site.chats.moved[BASIC] = SUPERGROUP

    def talk(self, chat: str, text: str) -> None:
        """Let somebody write in a chat, if the bot would notice; it may be what shall be received from then on."""
        number = self._number(chat)
        if text.startswith(LAYOUT):
            self.layouts["telegram"].add(text.removeprefix(LAYOUT))
        elif text.startswith(LANGUAGE):
            self.languages.add(text.removeprefix(LANGUAGE))
        elif text in (SUBSCRIBE, UNSUBSCRIBE) and not self.telegram.chat(number).refuse:
            self._subscribes, self._subscribed_at = text == SUBSCRIBE, None
        if chat == SLACK_CHAT:
            self.slack.post_by_other(chat, text)
        elif self.telegram.chat(number).refuse:
            return
        elif chat == CHANNEL_NAME:
            self.telegram.posts(number, text)
        else:
            topic = chat.partition(":")[2]
            self.telegram.says(
                number, number if chat == SUBSCRIBER else READER, text, topic=int(topic) if topic else None
            )

    # The program

    @property
    def settings(self) -> dict[str, str]:
        """Give the settings as they are now, as variables of the environment."""
        named = [name for name in self.names if name not in {SLACK_CHAT, SUBSCRIBER, *self.left_out}]
        return {**self.environ, "PAPERBOY_TELEGRAM__CHATS": ",".join(named)}

    async def start(self, command: str, **conditions: Any) -> Process:
        return await self.site.start(command, **{"waits": PATIENT, **conditions, "environ": self.settings})

    async def start_another(self, shift: float) -> None:
        """Start a process that delivers beside the present one."""
        async with self.starting:
            await self.start("deliver", shift=shift)

    def look_around(self) -> None:
        """Note after a run what the bot has heard in it."""
        self.current = None
        if self._subscribes and self._subscribed_at is None and not self.telegram.inbox.pending:
            self._subscribed_at = len(self.blog.posts)

    async def end_run(self) -> None:
        """Wait until the program that always runs has nothing more to do, then ask it to end."""
        process = self.current
        assert process
        loop = asyncio.get_running_loop()
        until, since, calls = loop.time() + _LONGEST, loop.time(), -1
        while process.is_alive() and loop.time() < min(until, since + _QUIET):
            await asyncio.sleep(0.02)
            calls, since = (calls, since) if calls == self.site.calls else (self.site.calls, loop.time())
        process.send(signal.SIGTERM)

    async def finish(self) -> Ended:
        """Heal everything, and deliver until all is settled, or what is not stays so."""
        self.site.heal()
        self.left_out.clear()
        for chat in self.names:
            self.open(chat)
        while self.blog.next:
            await self.deliver()
            self.blog.publish()
        ended = await self.deliver()
        if ended.code == NEEDS_PERSON:  # such as one who lets it ask once more in a chat that was closed
            await self.start("retry")
            await self.site.end()
        for _ in range(_MOST_RUNS):
            ended = ended if ended.code == 0 else await self.deliver()
        return ended

    async def deliver(self) -> Ended:
        await self.start("deliver")
        return await self.site.end()

    def _number(self, chat: str) -> str:
        return self.site.chats.moved.get(chat) or self.site.chats.canonical_address(chat)

    def _usual(self, chat: str) -> Status:
        return "administrator" if chat == CHANNEL_NAME else "member"

    def _member(self, chat: str, old: Status, new: Status) -> None:
        self.telegram.membership(self._number(chat), old, new, chat if chat == SUBSCRIBER else READER)
