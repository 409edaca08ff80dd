"""Notify the operators' chats of each incident once, and of some that they are over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.config.settings import Settings
from bot.database.states import IncidentKind
from bot.delivery.replies import ReplySender
from bot.errors import BotGone, PaperboyError, RetryLater
from bot.ledger.incidents import Incidents
from bot.ledger.records.reports import Incident
from bot.log import log
from bot.monitoring.outages import Outages
from bot.monitoring.posting_pattern import LOOK_BACK, overdue_since
from formatters.locale import Phrases, phrases
from formatters.locale.reasons import in_language
from formatters.message import Message

_MOST = 10  # lines of one message; the rest is counted
_LONGEST = 300  # characters of a line
_NO_REASON = {
    IncidentKind.WEEK,
    IncidentKind.LISTED_TWICE,
    IncidentKind.CLOCK,
}  # what they say is no sentence of an error


@dataclass(frozen=True, slots=True)
class OperatorChat:
    """One operators' chat."""

    address: str
    replies: ReplySender
    notice: Callable[[str], Message]


class NotificationLog(Protocol):
    """What was reported: kept in the ledger, or in memory for what may keep the ledger from being written."""

    async def reported(self) -> dict[str, str]: ...

    async def record(self, reported: Mapping[str, str], over: Collection[str]) -> None: ...


@dataclass
class _MemoryLog:
    _reported: dict[str, str] = field(default_factory=dict)

    async def reported(self) -> dict[str, str]:
        return self._reported

    async def record(self, reported: Mapping[str, str], over: Collection[str]) -> None:
        self._reported = {key: end for key, end in {**self._reported, **reported}.items() if key not in over}


@dataclass
class OperatorNotifier:
    """Compare what is wrong with what was reported, and report the rest."""

    settings: Settings
    incidents: Incidents
    outages: Outages
    chats: Sequence[OperatorChat]
    clock: Callable[[], float]  # seconds since 1970
    listed: Collection[tuple[str, str]] = ()  # the chats of the settings: channel and name
    unread: Mapping[str, str] = field(default_factory=dict)  # by source that was read: what is wrong with its posts
    _memory: NotificationLog = field(default_factory=_MemoryLog)
    _reporting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def notify(self) -> None:
        """Report what is new; what reaches nobody now is reported next time. A ledger that fails is only logged."""
        await self.notify_of_outages()
        async with self._reporting:
            try:
                await self._report([one async for one in self._in_ledger()], self.incidents)
            except PaperboyError as error:
                log.error("alarm", error=str(error))

    async def notify_of_outages(self) -> None:
        """Report what is new of this process alone."""
        async with self._reporting:
            await self._report([one.incident for one in self.outages.lasting()], self._memory)

    async def _in_ledger(self) -> AsyncIterator[Incident]:
        current = await self.incidents.current()
        for one in current:
            yield one
        for one in await self.incidents.unsubscribed(self.listed):
            yield one
        for one in await self.overdue_posts():
            yield one
        for one in await self.unreadable_sources():
            yield one
        for name in self.settings.source_names:
            for one in _unread(name, self.unread.get(name)):
                yield one
        if report := await self._weekly_report(sum(one.is_news for one in current)):
            yield report

    async def _weekly_report(self, wrong: int) -> Incident | None:
        """Say what the week brought that ended last, and how much is wrong; told once while the next one lasts."""
        if not (self.settings.operators.weekly_report and self.chats):
            return None
        end = self._week_end()
        totals = await self.incidents.week_before(end.timestamp())
        if totals is None:
            return None
        said = phrases(self.settings.language)
        line = said.week(totals.digests, totals.chats, wrong, totals.readers)
        return Incident(f"{IncidentKind.WEEK} {end:%G-W%V}", IncidentKind.WEEK, "", line)

    def _week_end(self) -> datetime:
        """Give the last Monday's hour of delivery."""
        now = datetime.fromtimestamp(self.clock(), self.settings.zone)
        monday = now.date() - timedelta(days=now.weekday())
        end = datetime.combine(monday, self.settings.schedule.at, self.settings.zone)
        return end if end <= now else end - timedelta(days=7)

    async def unreadable_sources(self) -> list[Incident]:
        """List the sources that cannot be read."""
        return await self.incidents.unreadable(self.settings.source_names)

    async def overdue_posts(self) -> list[Incident]:
        """List the sources whose posts are overdue."""
        wait, zone = self.settings.schedule.overdue, self.settings.zone
        now = datetime.fromtimestamp(self.clock(), UTC)
        posts = await self.incidents.appeared((now.astimezone(zone) - LOOK_BACK).date()) if wait else {}
        due = {name: overdue_since(posts.get(name, ()), zone, now, wait) for name in self.settings.source_names}
        return [_overdue(name, at) for name, at in due.items() if at]

    async def _report(self, found: Sequence[Incident], notifications: NotificationLog) -> None:
        reported = await notifications.reported()
        new = [incident for incident in found if incident.is_news and incident.key not in reported]
        over = reported.keys() - {incident.key for incident in found}
        words = phrases(self.settings.language)
        lines = [
            *(_line(words, words.incidents, incident) for incident in new),
            *(reported[key] for key in sorted(over) if reported[key] and not self._is_left(key)),
        ]
        self._log(new, over)
        if (new or over) and await self._send(lines):
            ends = {incident.key: _line(words, words.incidents_over, incident) for incident in new}
            await notifications.record(ends, over)

    def _is_left(self, key: str) -> bool:
        """Tell whether a notice is about a chat or source that left the settings: that it is over is nothing good."""
        kind, _, where = key.partition(" ")
        listed = {
            IncidentKind.UNSUBSCRIBED: map(" ".join, self.listed),
            IncidentKind.SOURCE: self.settings.source_names,
        }
        return kind in listed and where not in listed[IncidentKind(kind)]

    def _log(self, new: Sequence[Incident], over: Collection[str]) -> None:
        """Log the same, without the titles of chats: some are the names of people."""
        words = phrases(self.settings.language)
        for incident in new:
            log.warning(
                "trouble",
                what=_line(words, words.incidents, replace(incident, where=incident.untitled or incident.where)),
            )
        for key in sorted(over):
            log.warning("trouble is over", what=key)

    async def _send(self, lines: Sequence[str]) -> bool:
        """Send lines to all operators' chats; False when none can be reached now."""
        more = [f"… +{len(lines) - _MOST}"] if len(lines) > _MOST else []
        text = "\n".join(["Paperboy", *lines[:_MOST], *more])
        reached = [await self._notify_chat(chat, text) for chat in self.chats if lines]
        return any(reached) or not reached

    async def _notify_chat(self, chat: OperatorChat, text: str) -> bool:
        """Send to one chat; a lost answer counts as reached, since each incident is reported once."""
        return not isinstance(await chat.replies.send(chat.address, [chat.notice(text)]), RetryLater | BotGone)


def _overdue(name: str, at: datetime) -> Incident:
    return Incident(f"{IncidentKind.SILENT} {name}", IncidentKind.SILENT, name, f"{at:%Y-%m-%d %H:%M}")


def _unread(name: str, why: str | None) -> Iterator[Incident]:
    """Say that no papers were read of a source; of one that could not be looked at, what was told still lasts."""
    if why != "":
        yield Incident(f"{IncidentKind.UNREAD} {name}", IncidentKind.UNREAD, name, why or "", is_news=why is not None)


def _line(words: Phrases, texts: Mapping[str, str], incident: Incident) -> str:
    """Put an incident into words; "" where there are none for its kind."""
    why = incident.why if incident.kind in _NO_REASON else in_language(incident.why, words.language)
    return texts.get(incident.kind, "").format(where=incident.where, why=why)[:_LONGEST]
