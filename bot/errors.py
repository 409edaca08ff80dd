"""Everything that can go wrong, each kind with what happens next.

PaperboyError
├── SettingsError       the operator corrects the settings; nothing was started
│   └── MissingExtraError  a library must be installed for them
├── SourceError         a source cannot be read; what is in the ledger is still sent
│   └── ParseError      one post cannot be read; the others are delivered
│       └── NoDayError  it is a digest without a date
├── LedgerError         the ledger cannot be opened or written; nothing is sent
└── SendError           one send or edit; each class says what the ledger does next
    ├── RetryLater      certainly not delivered: pending again, due later
    ├── Unconfirmed     the answer was lost: unconfirmed, then reconciled
    ├── Rejected        this message is refused: again in each plainer form, then failed
    ├── ChatGone        the chat is closed to us: failed, and the chat is paused
    ├── ChatMoved       the chat has a new address: pending there
    └── BotGone         our own access is gone: all messages of that bot wait

Stopped is none of these: the program was told to stop while it waited, and nothing is wrong.

Every text is for an operator: what, where, what to do.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """How the ledger names the last error of a delivery. The words are on disk: a value never changes."""

    RETRY_LATER = "RetryLater"
    """It was certainly not delivered; the sender chooses the wait."""
    FLOOD = "Flood"
    """It was certainly not delivered; the platform chose the wait."""
    UNCONFIRMED = "Unconfirmed"
    """The answer was lost."""
    REJECTED = "Rejected"
    """The platform refused this message."""
    CHAT_GONE = "ChatGone"
    """The chat did not accept messages."""
    CHAT_MOVED = "ChatMoved"
    """The chat had moved to another address."""
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


class MissingExtraError(SettingsError):
    """A library is needed that only an extra of the package brings."""

    def __init__(self, what: str, library: str | None, extra: str) -> None:
        super().__init__(f"{what} needs {library}, which is not installed: pip install 'paperboy-bot[{extra}]'")


class SourceError(PaperboyError):
    """A source cannot be read."""


class ParseError(SourceError):
    """One post cannot be read: it is no text, too large, or too strange."""


class NoDayError(ParseError):
    """A digest has no date, or one that no post has."""


class LedgerError(PaperboyError):
    """The ledger cannot be opened, is of an unknown version, or cannot be written."""


class SendError(PaperboyError):
    """A send or an edit did not certainly succeed."""

    code: ErrorCode  # each class below has its own; a subclass that a channel defines keeps it


class RetryLater(SendError):
    """Certainly not delivered; try again in `after` seconds.

    With `flood`, the platform asked for the pause, so that other messages to the chat wait too.
    Without `after`, the sender chooses the wait.
    """

    def __init__(self, text: str, after: float | None = None, *, flood: bool = False) -> None:
        super().__init__(text)
        self.after = after
        self.flood = flood
        self.code = ErrorCode.FLOOD if flood else ErrorCode.RETRY_LATER


class Unconfirmed(SendError):
    """It is not known whether it was delivered: the answer was lost."""

    code = ErrorCode.UNCONFIRMED


class Rejected(SendError):
    """The platform refuses this message."""

    code = ErrorCode.REJECTED


class ChatGone(SendError):
    """The chat accepts no messages until somebody lets us in again."""

    code = ErrorCode.CHAT_GONE


class ChatMoved(SendError):
    """The chat has moved to another address."""

    code = ErrorCode.CHAT_MOVED

    def __init__(self, text: str, address: str) -> None:
        super().__init__(text)
        self.address = address


class BotGone(SendError):
    """The platform no longer accepts our token, or the app lacks a right that every call needs."""

    code = ErrorCode.BOT_GONE
