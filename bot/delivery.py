"""Delivery is reconciliation: `plan` writes what chats shall hold into the ledger, `drain` makes it true.

`decide` is pure: what the ledger knows and what the sources hold in, intents out. The daily run,
resuming after a crash, an edited post and a new chat all are these three.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

from bot import errors
from bot.log import log
from bot.protocols import Absent, Channel, Doubt, Found, There
from bot.records import Chat, Intent, Known, Rendered, Row
from bot.store import Store
from formatters.markdown import plain, walk, words
from formatters.message import Formatter
from formatters.model import Digest, Paper

Answer = TypeVar("Answer")

MISSED = "more digests were missed than catch_up delivers"
EMPTY = "the post has no papers yet"


# --- plan


def decide(known: Sequence[Known], found: Sequence[Found], *, catch_up: int, fresh: bool) -> list[Intent]:
    """Say what shall become of each digest that is new or changed, older first.

    The first look at a source delivers its newest digest alone; later ones are delivered as they
    come, the newest `catch_up` of them at once. With `fresh` off, new digests wait for another look.
    """
    now = [_recognised(one, known) for one in sorted(found, key=lambda one: (one.digest.day, one.post))]
    before = {one.name: one for one in known}
    changed = [
        replace(intent, state=before[intent.digest.id].state)
        for intent in now
        if intent.digest.id in before and _differs(before[intent.digest.id], intent)
    ]
    new = [intent for intent in now if intent.digest.id not in before or _filled(before[intent.digest.id], intent)]
    return [*changed, *(_fresh(new, known, catch_up) if fresh else [])]


def _recognised(found: Found, known: Sequence[Known]) -> Intent:
    """Give a digest the name the ledger knows it by: its own, or that of its post when only the title changed."""
    names = {one.name for one in known}
    same_post = (one.name for one in known if (one.post, one.day) == (found.post, found.digest.day))
    name = found.digest.id if found.digest.id in names else next(same_post, found.digest.id)
    digest = replace(found.digest, id=name)
    return Intent(digest, found.post, fingerprint(digest), "active")


def _differs(known: Known, intent: Intent) -> bool:
    """Tell whether a post changed; one that lost all its papers is left as it was delivered."""
    return known.fingerprint != intent.fingerprint and known.state != "held" and bool(intent.digest.papers)


def _filled(known: Known, intent: Intent) -> bool:
    return known.state == "held" and bool(intent.digest.papers)


def _fresh(new: Sequence[Intent], known: Sequence[Known], catch_up: int) -> list[Intent]:
    """Sort new digests into those to deliver, to hold, and those too old to be news."""
    news = [one.day for one in known if one.state != "baseline"]
    since = min(news) if news else max((one.digest.day for one in new), default=None)
    old = [one for one in new if since and one.digest.day < since]
    recent = [one for one in new if one not in old]
    if not news:  # the first look
        old, recent = [*old, *recent[:-1]], recent[-1:]
    full = [one for one in recent if one.digest.papers]
    late = full[: max(0, len(full) - catch_up)]
    return [
        *(replace(one, state="baseline") for one in old),
        *(_held_or_sent(one, late=one in late) for one in recent),
    ]


def _held_or_sent(intent: Intent, *, late: bool) -> Intent:
    if not intent.digest.papers:
        return replace(intent, state="held", reason=EMPTY)
    if late:
        return replace(intent, state="skipped", reason=MISSED)
    return replace(intent, spread=True)


async def plan(
    store: Store,
    source: str,
    found: Sequence[Found],
    formatters: Mapping[str, Formatter],
    *,
    catch_up: int,
    fresh: bool,
) -> list[Intent]:
    """Write into the ledger what shall be sent and edited; call it while `store.delivering`.

    The newest delivered digest goes to chats that joined since as well.
    """
    known = await store.known(source)
    intents = decide(known, found, catch_up=catch_up, fresh=fresh)
    for intent in intents:
        await store.write_plan(source, intent, await _rendered(store, source, intent, formatters))
    newest = next((one for one in reversed(await store.known(source)) if one.state == "active"), None)
    if newest and fresh and await store.unserved(source, newest.name):
        digest = await store.digest(source, newest.name)
        again = Intent(digest, newest.post, newest.fingerprint, "active", update=False, spread=True)
        await store.write_plan(source, again, await _rendered(store, source, again, formatters))
    return intents


async def _rendered(store: Store, source: str, intent: Intent, formatters: Mapping[str, Formatter]) -> list[Rendered]:
    if intent.state != "active":
        return []
    used = await store.layouts(source, intent.digest.id)
    read = {channel: formatters[channel].digest(intent.digest) for channel in {c for c, _ in used} & formatters.keys()}
    return [
        Rendered(channel, layout, [(message, _hash(message.body)) for message in read[channel]])
        for channel, layout in sorted(used)
        if channel in read
    ]


def fingerprint(digest: Digest) -> str:
    """Hash what a digest says; layout, markup and the post's address do not count."""
    said = [digest.series, digest.day.isoformat(), _said(digest.preface), *map(_paper_said, digest.papers)]
    return _hash(said)


def _paper_said(paper: Paper) -> list[object]:
    sections = [[section.heading, _said(section.body)] for section in paper.sections]
    return [paper.id, paper.number, paper.title, paper.url, [asdict(link) for link in paper.links], sections]


def _said(markdown: str) -> str:
    return words(plain(walk(markdown)))


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


# --- drain


@dataclass(frozen=True, slots=True)
class Waits:
    """How long to wait for what, in seconds."""

    settle: float = 5.0  # before asking whether a doubtful send arrived: it may still be under way
    back_off: float = 1.0  # after a first network failure, doubled each time
    most: float = 3600.0  # the longest back-off
    patience: float = 60.0  # what a lane waits for; later rows are left to the next sweep
    grace: float = 20.0  # for a question under way when told to stop


# Told of each row that was settled: its chat, itself, its new state, and why where that is not "sent".
Report = Callable[[Chat, Row, str, str], None]


def silent(_chat: Chat, _row: Row, _state: str, _why: str) -> None:
    """Report nothing."""


@dataclass
class Drain:
    """One run over everything that is open, a lane per chat, each strictly in order."""

    store: Store
    channels: Mapping[str, Channel]
    waits: Waits = Waits()
    clock: Callable[[], float] = time.time
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    report: Report = silent
    gone: set[str] = field(default_factory=set)  # channels whose bot was refused in this run
    tries: dict[int, int] = field(default_factory=dict)  # failures in a row, by chat

    async def run(self) -> None:
        """Send, edit and reconcile until nothing is due; call it while `store.delivering`.

        Raises LedgerError when an outcome cannot be written; what was under way is then in doubt
        and is reconciled by the next run.
        """
        await self.store.recover(self.waits.settle)
        try:
            async with asyncio.TaskGroup() as lanes:
                for channel in self.channels.values():
                    for chat in await self.store.lanes(channel.name):
                        lanes.create_task(self._lane(channel, chat))
        except* errors.PaperboyError as group:
            raise group.exceptions[0] from None

    async def _lane(self, channel: Channel, chat: Chat | None) -> None:
        while chat and (row := await self.store.head(chat.id)) and await self._due(row):
            await self._unless_stopped(channel.turn(chat.address))
            if self.stopping.is_set() or channel.name in self.gone:
                return
            chat = await self._step(channel, chat, row)

    async def _due(self, row: Row) -> bool:
        """Wait until a row is due, or tell that it is for a later sweep."""
        wait = row.not_before - self.clock()
        if wait > self.waits.patience:
            return False
        if wait > 0:
            await self._unless_stopped(asyncio.sleep(wait))
        return not self.stopping.is_set()

    async def _unless_stopped(self, work: Coroutine[object, object, Answer], grace: float = 0.0) -> Answer | None:
        """Await work, but no longer than `grace` seconds once told to stop; then None."""
        task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
            done, _ = await asyncio.wait((task,), timeout=grace)
            return task.result() if done else None
        finally:
            for one in (task, stopped):
                one.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)

    async def _step(self, channel: Channel, chat: Chat, row: Row) -> Chat | None:
        """Do what one row wants; give its chat as it is afterwards, None when the lane ends."""
        try:
            if row.state == "unconfirmed":
                await self._reconcile(channel, chat, row)
            elif await self.store.claim(row):
                await self._deliver(channel, chat, row)
            else:
                return None  # another process is at work in this chat
        except errors.SendError as error:
            return await self._failed(channel, chat, row, error)
        self.tries.pop(chat.id, None)
        return chat

    async def _deliver(self, channel: Channel, chat: Chat, row: Row) -> None:
        body = _body(channel, row)
        if row.state == "pending":
            remote_id = await channel.send(chat.address, body, ref=row.ref, thread=row.thread)
            await self._settle(chat, row, "sent", remote_id=remote_id)
        else:
            await channel.edit(chat.address, row.remote_id, body)
            await self._settle(chat, row, "sent")

    async def _reconcile(self, channel: Channel, chat: Chat, row: Row) -> None:
        known = await self.store.ids(chat, row.attempted_at)
        doubt = Doubt(row.ref, _body(channel, row), row.thread, row.attempted_at, *known)
        match await self._unless_stopped(channel.reconcile(chat.address, doubt), self.waits.grace):
            case None:
                return  # told to stop; the doubt stays as it is
            case There(remote_id):
                # The post may have changed since: then the chat holds the wording that was tried.
                state = "sent" if row.tried_hash == row.hash else "stale"
                await self._settle(chat, row, state, remote_id=remote_id, sent_hash=row.tried_hash)
            case Absent():
                await self._settle(chat, row, "pending")
            case unknown:
                await self._settle(chat, row, "unconfirmed", problem="Unconfirmed", error=unknown.why)

    async def _failed(self, channel: Channel, chat: Chat, row: Row, error: errors.SendError) -> Chat | None:
        """Write the ledger's next step for an error, as its class says."""
        told = {"problem": type(error).__name__, "error": str(error)}
        refused = "unconfirmed" if row.state == "unconfirmed" else "failed"
        match error:
            case errors.RetryLater():
                await self._settle(chat, row, row.state, not_before=self._later(chat, error), **told)
            case errors.Unconfirmed():
                # An edit, and the question whether a send arrived, may simply be repeated.
                doubtful = "unconfirmed" if row.state == "pending" else row.state
                await self._settle(chat, row, doubtful, not_before=self._settled(chat, row), **told)
            case errors.Rejected() if row.state != "unconfirmed" and not row.plain:
                await self._settle(chat, row, row.state, plain=1, **told)
            case errors.Rejected():
                await self._settle(chat, row, refused, **told)
            case errors.ChatMoved():
                await self.store.move(chat, error.address, channel.counter(error.address))
                await self._settle(chat, row, row.state, not_before=self.clock(), **told)
                return replace(chat, address=error.address, counter=channel.counter(error.address))
            case errors.ChatGone():
                await self._settle(chat, row, refused, **told)
                await self.store.pause(chat, str(error))
                return None
            case _:  # BotGone
                await self._settle(chat, row, row.state, not_before=self.clock(), **told)
                self._lose(channel, error)
                return None
        return chat

    def _lose(self, channel: Channel, error: errors.SendError) -> None:
        """Stop the other lanes of a bot that was refused, and say so once."""
        if channel.name not in self.gone:
            log.error("bot refused", channel=channel.name, error=str(error))
        self.gone.add(channel.name)

    def _settled(self, chat: Chat, row: Row) -> float:
        """Give the time at which a doubt may be looked into: each lost answer makes it twice as long.

        A server that takes nothing in any more would else be asked without end.
        """
        tries = self.tries.get(chat.id, 0)
        self.tries[chat.id] = tries + 1
        return self.clock() + min(self.waits.settle * 2.0 ** (row.attempts + tries), self.waits.most)

    def _later(self, chat: Chat, error: errors.RetryLater) -> float:
        """Give the time of the next try: the platform's word, else twice as long each time."""
        tries = self.tries.get(chat.id, 0)
        self.tries[chat.id] = tries + 1
        back_off = min(self.waits.back_off * 2**tries, self.waits.most)
        return self.clock() + (back_off if error.after is None else error.after)

    async def _settle(self, chat: Chat, row: Row, state: str, **values: object) -> None:
        await self.store.settle(row, state, **values)
        event = log.info if state == "sent" else log.warning
        why = str(values.get("error", ""))
        event("delivery", channel=chat.channel, chat=chat.name, key=row.key, state=state, error=why)
        self.report(chat, row, state, why)


def _body(channel: Channel, row: Row) -> Mapping[str, object]:
    return channel.formatter.plain(row.body) if row.plain else row.body
