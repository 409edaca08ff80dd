"""Everything that can go wrong, each kind with what happens next.

PaperboyError
├── SettingsError       the operator mends the settings; nothing was started
├── SourceError         a source cannot be read; what is in the ledger goes on
│   └── ParseError      one post cannot be read; the others go on
├── LedgerError         the ledger cannot be opened or written; nothing is sent
└── SendError           one send or edit; says the ledger's next step
    ├── RetryLater      surely not delivered: pending again, due later
    ├── Unconfirmed     the answer was lost: unconfirmed, then reconciled
    ├── Rejected        this message is refused: once more as plain text, then failed
    ├── ChatGone        this chat is closed to us: failed, and the chat is paused
    ├── ChatMoved       the chat has a new address: pending there
    └── BotGone         our own access is gone: everything of that bot waits

Stopped is none of these: the program was told to stop while it waited, and nothing is wrong.

Every text is for an operator: what, where, what to do.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """How the ledger names the last error of a delivery. The words are on disk: a value never changes."""

    RETRY_LATER = "RetryLater"
    """It was surely not delivered; the sender backs off by itself."""
    FLOOD = "Flood"
    """It was surely not delivered; the platform named the wait."""
    UNCONFIRMED = "Unconfirmed"
    """The answer was lost."""
    REJECTED = "Rejected"
    """The platform refused this very message."""
    CHAT_GONE = "ChatGone"
    """The chat could not be written to."""
    CHAT_MOVED = "ChatMoved"
    """The chat had gone to another address."""
    BOT_GONE = "BotGone"
    """The platform refused the bot itself."""
    DISCARDED = "Discarded"
    """No error: the operator gave the delivery up."""


class PaperboyError(Exception):
    """The root of everything Paperboy reports."""


class Stopped(Exception):
    """The program was told to stop, so that what was waited for is not begun."""


class SettingsError(PaperboyError):
    """The settings are missing, unreadable or wrong."""


class SourceError(PaperboyError):
    """A source cannot be read."""


class ParseError(SourceError):
    """A post cannot be read as text of a known size with a date."""


class LedgerError(PaperboyError):
    """The ledger cannot be opened, is of an unknown version, or cannot be written."""


class SendError(PaperboyError):
    """A send or an edit did not plainly succeed."""

    code: ErrorCode  # each class below has its own; what a channel derives from it keeps it


class RetryLater(SendError):
    """Surely not delivered; try again in `after` seconds.

    `flood` tells that the platform asked for the pause, so that others of the same chat wait too;
    without `after` the sender backs off by itself.
    """

    def __init__(self, text: str, after: float | None = None, *, flood: bool = False) -> None:
        super().__init__(text)
        self.after = after
        self.flood = flood
        self.code = ErrorCode.FLOOD if flood else ErrorCode.RETRY_LATER


class Unconfirmed(SendError):
    """Whether it was delivered is not known: the answer was lost."""

    code = ErrorCode.UNCONFIRMED


class Rejected(SendError):
    """The platform refuses this very message."""

    code = ErrorCode.REJECTED


class ChatGone(SendError):
    """The chat cannot be written to until somebody lets us in again."""

    code = ErrorCode.CHAT_GONE


class ChatMoved(SendError):
    """The chat lives at another address now."""

    code = ErrorCode.CHAT_MOVED

    def __init__(self, text: str, address: str) -> None:
        super().__init__(text)
        self.address = address


class BotGone(SendError):
    """The platform no longer accepts our token, or a right that everything needs."""

    code = ErrorCode.BOT_GONE
