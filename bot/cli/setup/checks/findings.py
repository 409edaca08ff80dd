"""What was found: its name, what was looked at, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Name(StrEnum):
    """What can be wrong; `deploy/README.md` has a row for each, with causes and cures."""

    SET_UP = "set-up"
    SERVER = "server"
    DURABILITY = "durability"
    POOLER = "pooler"
    CONNECTIONS = "connections"
    RIGHTS = "rights"
    JOBS = "jobs"
    LEDGER = "ledger"
    DISK = "disk"
    FILES = "files"
    SOURCE = "source"
    PROXY = "proxy"
    CERTIFICATE = "certificate"
    UNREACHABLE = "unreachable"
    CLOCK = "clock"
    TOKEN = "token"  # noqa: S105 - no secret
    CHAT = "chat"
    TOPIC = "topic"
    TWICE = "twice"
    UNSUBSCRIBED = "unsubscribed"
    SCOPES = "scopes"
    COMMANDS = "commands"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: Name
    what: str
    cure: str = ""  # empty: all is well

    def __str__(self) -> str:
        return f"{self.what}: {self.cure} [{self.name}]" if self.cure else self.what
