"""The alarm: tell the operators' chats of each trouble once, and of some that they are over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from bot.config.settings import Settings
from bot.database.states import IncidentKind
from bot.delivery.replies import ReplySender
from bot.errors import BotGone, PaperboyError, RetryLater
from bot.ledger.incidents import Incidents
from bot.ledger.records import Incident
from bot.log import log
from bot.monitoring.outages import Outages
from bot.monitoring.posting_pattern import LOOK_BACK, overdue_since
from formatters.locale import phrases
from formatters.message import Message

_MOST = 10  # lines of one message: a bad day must not become a flood
_LONGEST = 300  # characters of a line


@dataclass(frozen=True, slots=True)
class OperatorChat:
    """One operators' chat."""

    address: str
    replies: ReplySender
    notice: Callable[[str], Message]


class NotificationLog(Protocol):
    """What was told: the ledger's, or that of a running program, for the ledger may be the trouble."""

    async def reported(self) -> dict[str, str]: ...

    async def record(self, told: Mapping[str, str], over: Collection[str]) -> None: ...


@dataclass
class _OwnLog:
    _told: dict[str, str] = field(default_factory=dict)

    async def reported(self) -> dict[str, str]:
        return self._told

    async def record(self, told: Mapping[str, str], over: Collection[str]) -> None:
        self._told = {key: end for key, end in {**self._told, **told}.items() if key not in over}


@dataclass
class OperatorNotifier:
    """Compare what is wrong with what was told, and tell the rest."""

    settings: Settings
    incidents: Incidents
    outages: Outages
    chats: Sequence[OperatorChat]
    clock: Callable[[], float]  # seconds since 1970
    _own: NotificationLog = field(default_factory=_OwnLog)

    async def notify(self) -> None:
        """Tell what is new; what cannot be told now is told at a later look. A ledger that fails is only logged."""
        await self._settle(self.outages.lasting(), self._own)
        try:
            await self._settle([*await self.incidents.current(), *await self._silences()], self.incidents)
        except PaperboyError as error:
            log.error("alarm", error=str(error))

    async def _silences(self) -> list[Incident]:
        """List the sources whose posts are overdue."""
        wait, zone = self.settings.schedule.overdue, self.settings.zone
        now = datetime.fromtimestamp(self.clock(), UTC)
        posts = await self.incidents.appeared((now.astimezone(zone) - LOOK_BACK).date()) if wait else {}
        due = {name: overdue_since(posts.get(name, ()), zone, now, wait) for name in _names(self.settings)}
        return [_overdue(name, at) for name, at in due.items() if at]

    async def _settle(self, found: Sequence[Incident], memory: NotificationLog) -> None:
        told = await memory.reported()
        new = [incident for incident in found if incident.is_news and incident.key not in told]
        over = told.keys() - {incident.key for incident in found}
        said = phrases(self.settings.language)
        lines = [
            *(_line(said.incidents, incident) for incident in new),
            *(told[key] for key in sorted(over) if told[key]),
        ]
        if (new or over) and await self._tell(lines):
            await memory.record({incident.key: _line(said.incidents_over, incident) for incident in new}, over)

    async def _tell(self, lines: Sequence[str]) -> bool:
        """Tell all operators' chats; False when none can be reached now."""
        for line in lines:
            log.warning("trouble", what=line)
        more = [f"… +{len(lines) - _MOST}"] if len(lines) > _MOST else []
        text = "\n".join(["Paperboy", *lines[:_MOST], *more])
        reached = [await self._notify_chat(chat, text) for chat in self.chats if lines]
        return any(reached) or not reached

    async def _notify_chat(self, chat: OperatorChat, text: str) -> bool:
        """Tell one chat; an answer that was lost counts as told, for each trouble is told once."""
        return not isinstance(await chat.replies.send(chat.address, [chat.notice(text)]), RetryLater | BotGone)


def _overdue(name: str, at: datetime) -> Incident:
    return Incident(f"{IncidentKind.SILENT} {name}", IncidentKind.SILENT, name, f"{at:%Y-%m-%d %H:%M}")


def _names(settings: Settings) -> list[str]:
    return [source.name for source in settings.sources]


def _line(said: Mapping[str, str], incident: Incident) -> str:
    """Spell a trouble, nothing where there is nothing to say of its kind."""
    return said.get(incident.kind, "").format(where=incident.where, why=incident.why)[:_LONGEST]
