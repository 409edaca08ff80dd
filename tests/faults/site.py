"""A blog, its readers' chats on both platforms, and the program that delivers, run again and again."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sources.posts.post import Origin, parse
from formatters.model import Digest
from tests.faults import posts
from tests.faults.chats import Chats
from tests.faults.outcome import ChatView, Entry, Outcome, held_by_key
from tests.faults.process import Ended, Process
from tests.faults.program import VERDICT, Conditions
from tests.faults.script import Act, Counted, Moment
from tests.faults.tally import Case, Verdict
from tests.support.chats import SLACK_CHAT
from tests.support.fakes.faults import Fault
from tests.support.fakes.server import Call, FakeServer
from tests.support.ledger_rows import rows
from tests.support.setup import write_settings

ALWAYS = '[schedule]\nat = "00:00"\nsweep = "1s"'  # settings with which it is never too early
_ENTRIES = """
    SELECT messages.key, deliveries.state, coalesce(deliveries.remote_id, ''),
           coalesce(deliveries.error, nullif(chats.reason, ''), '')
    FROM deliveries JOIN messages ON messages.id = message_id JOIN chats ON chats.id = chat_id
    WHERE chats.name = :chat AND messages.vanished = 0 ORDER BY messages.digest_id, messages.seq
"""


@dataclass
class Site:
    """Everything there is; `check` ends each case."""

    folder: Path
    chats: Chats
    record: Callable[[Case], None]
    more: str = ""  # further tables of the settings
    faults: int = 0  # that were tried, beside deaths and what the platforms played
    recalled: int = 0  # deletions that an operator asked for
    versions: list[Digest] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.telegram, self.slack = self.chats.telegram, self.chats.slack
        self.servers: list[FakeServer] = [self.telegram, self.slack]
        self.scripts = [Counted(), Counted()]
        for server, script in zip(self.servers, self.scripts, strict=True):
            server.faults = script
        self.posts = self.folder / "_posts"
        self.posts.mkdir()
        self.ledger = self.folder / "paperboy.db"
        self.url = f"sqlite:///{self.ledger}"

    @property
    def process(self) -> Process:
        """Give the program as it was started last."""
        return self.processes[-1]

    # What a test does

    def post(self, text: str, name: str = posts.NAME) -> None:
        """Put a post into the blog, in place of an older version of it; one without papers changes no chat."""
        path = posts.put(self.posts, text, name)
        digest = parse(path.read_bytes(), Origin(name)).digest
        assert digest
        if digest.papers:
            self.versions.append(digest)

    def happen(self, *faults: Fault) -> None:
        """Let these go wrong, on the platform whose method they name."""
        for fault in faults:
            server = self.slack if "." in (fault.method or "") else self.telegram
            server.faults.add(fault)

    def heal(self) -> None:
        """Let the platforms work again."""
        for server in self.servers:
            server.faults.clear()

    def at(self, number: int, act: Act, *, answered: bool = False, method: str = "") -> None:
        """Do something when the platforms take their n-th call from now on, before or after they carry it out.

        Calls are calls again when the program has ended.
        """
        moment = Moment(number, act, method)
        for server in self.servers:
            server.on_call = None if answered else moment.on_call
            server.on_answer = moment.on_answer if answered else None

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Take the platforms away for a while: connections break, and new ones are refused."""
        for server in self.servers:
            await server.stop()
        yield
        for server in self.servers:
            await server.start()
        self.faults += len(self.servers)

    def kill(self) -> None:
        """Let the program die at once."""
        self.process.kill()

    def settings(self) -> Path:
        """Give the file of settings; it is written once, as processes may be reading it."""
        path = self.folder / "paperboy.toml"
        if path.exists():
            return path
        return write_settings(self.folder, self.telegram.base_url, self.slack.base_url, more=self.more)

    async def start(self, *arguments: str, **conditions: Any) -> Process:
        """Run the program; conditions are the fields of `Conditions`."""
        environ = {"PAPERBOY_TELEGRAM__CHATS": ",".join(name for name in self.chats.names if name != SLACK_CHAT)}
        environ |= {} if self.chats.buttons else {"PAPERBOY_TELEGRAM__LISTEN": "off"}
        now = Conditions(**{**conditions, "environ": {**environ, **conditions.get("environ", {})}})
        self.processes.append(Process([*arguments, "--config", str(self.settings())], self.folder, now))
        await self.process.start()
        return self.process

    async def end(self, process: Process | None = None) -> Ended:
        """Wait for the program to end, the one started last unless another is named."""
        self.ended.append(await (process or self.process).end())
        for server in self.servers:
            server.on_call = server.on_answer = None
        return self.ended[-1]

    async def deliver(self, **conditions: Any) -> Ended:
        """Run `paperboy deliver` to its end."""
        await self.start("deliver", **conditions)
        return await self.end()

    async def finish(self, most: int = 3, **conditions: Any) -> Ended:
        """Run `paperboy deliver`, undisturbed, until it says that everything is settled."""
        for _ in range(most):
            ended = await self.deliver(**conditions)
            if ended.code == 0:
                return ended
        raise AssertionError(f"not settled after {most} runs\n{ended.out}{ended.err}")

    async def stop(self, process: Process | None = None) -> None:
        """Let the program that always runs settle everything, then ask it to end."""
        process = process or self.process
        await process.until(self._settled)
        process.send(signal.SIGTERM)
        ended = await self.end(process)
        assert ended.code == 0, ended.err

    def _settled(self) -> bool:
        """Tell whether the ledger holds everything of the newest post, and all of it is sent."""
        wanted = ["sent"] * (len(self.versions[-1].papers) + 1)
        return all([entry.state for entry in self.entries(chat)] == wanted for chat in self.chats.names)

    # What comes of it

    @property
    def calls(self) -> int:
        """Count the calls that could show something."""
        return sum(not call.method.startswith(("get", "conversations.")) for call in self._calls())

    @property
    def deletions(self) -> int:
        """Count what Telegram deleted."""
        return sum(call.method == "deleteMessage" and call.status == 200 for call in self._calls())

    @property
    def kills(self) -> int:
        return sum(ended.killed for ended in self.ended)

    def check(self, *unsettled: str, known: Mapping[str, Collection[str]] | None = None) -> None:
        """Compare what the platforms took in and show with what the newest post renders to.

        What stays unsettled must be expected, one by one, each with words from its reason. With `known`,
        only these messages of each chat count.
        """
        outcome = Outcome()
        for chat in self.chats.names:
            entries = self.entries(chat)
            held = held_by_key(entries)
            versions = [self.chats.wanted(chat, digest, held=held) for digest in self.versions]
            view = ChatView(chat, versions, self.chats.shown(chat), entries)
            outcome.add(view if known is None else view.only(known[chat]))
        verdicts = list(self.verdicts())
        faults = self.faults + self.kills + sum(script.struck for script in self.scripts)
        self.record(Case(faults, outcome, verdicts, self.deletions - self.recalled))
        assert not outcome.wrong, "\n".join(outcome.wrong)
        assert len(unsettled) == len(outcome.unsettled), outcome.unsettled
        assert all(said in why for said, why in zip(unsettled, outcome.unsettled, strict=True)), outcome.unsettled
        assert all(verdict.right is not False for verdict in verdicts), verdicts
        idle = [fault for script in self.scripts for fault in script.idle]
        assert not idle, f"these faults never happened: {idle}"

    def check_sent_once(self) -> None:
        """Check that each message was sent once, all that became of it afterwards being edits."""
        sends = sum(call.method in ("sendMessage", "chat.postMessage") for call in self._calls())
        assert sends == len(self.chats.names) * (len(self.versions[-1].papers) + 1)

    def entries(self, chat: str) -> list[Entry]:
        """Read what the ledger says of a chat."""
        return [Entry(*row) for row in self.ask(_ENTRIES, chat=chat)]

    def ask(self, question: str, **about: object) -> list[Any]:
        """Ask the ledger; what is asked about stands as `:name` in the question."""
        return rows(self.url, question, **about)

    def verdicts(self) -> Iterator[Verdict]:
        """Give what the program found out about unconfirmed sends, and whether it was right."""
        for line in (line for ended in self.ended for line in ended.out.splitlines()):
            if line.startswith(VERDICT):
                yield self.chats.judge(json.loads(line.removeprefix(VERDICT)))

    def _calls(self) -> list[Call]:
        return [call for server in self.servers for call in server.calls]
