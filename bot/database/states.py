"""The words of the ledger for states and kinds. They are on disk: a value never changes, a new one is added.

`ledger.sql.transitions` has the statements that lead from one state of a delivery to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum


class DigestState(StrEnum):
    """How a digest stands."""

    BASELINE = "baseline"
    """It was there at the first look; it is not delivered."""
    SKIPPED = "skipped"
    """It is not delivered: too many came at once, it stayed empty, came late, was given up or dropped."""
    HELD = "held"
    """It is not delivered yet: its post looks unfinished, or is dated in the future."""
    ACTIVE = "active"
    """It is delivered to all chats that shall have it."""


class Unplanned(IntEnum):
    """What is left of planning a digest, where that was cut off in the midst of the chats."""

    NOTHING = 0
    REST = 1
    """What those chats lack that have some of it."""
    ALL = 2
    """That, and the whole for those that shall have it and have nothing."""


# From which state a digest may come into which other, and why; it may begin in any.
DIGEST_CHANGES: Mapping[DigestState, Mapping[DigestState, str]] = {
    DigestState.BASELINE: {
        DigestState.ACTIVE: "the operator sends it to all",
        DigestState.SKIPPED: "the operator dropped it",
    },
    DigestState.SKIPPED: {
        DigestState.ACTIVE: "it stayed empty, was taken away, late or dropped, and its post changed; or by hand",
        DigestState.HELD: "the same, and its post looks unfinished or is dated in the future",
    },
    DigestState.HELD: {
        DigestState.ACTIVE: "its post is finished or was waited for long enough, its day has come, or by hand",
        DigestState.SKIPPED: "it stayed empty, was taken away, given up, late, dropped, or one of too many",
    },
    DigestState.ACTIVE: {DigestState.SKIPPED: "the operator dropped it"},
}


class DeliveryState(StrEnum):
    """How a message stands in a chat. Those two under way are committed before the call."""

    PENDING = "pending"
    """It is surely not in the chat, and is to be sent."""
    SENDING = "sending"
    """It is being sent."""
    SENT = "sent"
    """The chat holds it as it shall read; nothing is left to do."""
    STALE = "stale"
    """The chat holds it in another wording, and it is to be edited."""
    EDITING = "editing"
    """It is being edited."""
    FAILED = "failed"
    """It was refused or given up; nothing more is tried until a person or a changed post asks for it."""
    UNCONFIRMED = "unconfirmed"
    """The answer to its send was lost; whether the chat holds it must be found out."""
    RECALLING = "recalling"
    """The chat holds it, and it is to be deleted."""
    RECALLED = "recalled"
    """It was recalled, and the chat does not hold it; nothing is sent in its place."""


# From which state a delivery may come into which other, and why. It begins as pending.
DELIVERY_CHANGES: Mapping[DeliveryState, Mapping[DeliveryState, str]] = {
    DeliveryState.PENDING: {
        DeliveryState.SENDING: "its turn has come",
        DeliveryState.FAILED: "the operator gave it up",
        DeliveryState.RECALLED: "the operator recalled it",
    },
    DeliveryState.SENDING: {
        DeliveryState.SENT: "the platform took it",
        DeliveryState.STALE: "the platform took it, but its post changed meanwhile",
        DeliveryState.PENDING: "it surely did not arrive; it is tried again",
        DeliveryState.FAILED: "the platform refused it, or the operator gave it up after a crash",
        DeliveryState.UNCONFIRMED: "the answer was lost, or the program died",
        DeliveryState.RECALLING: "the platform took it, but it was recalled meanwhile",
        DeliveryState.RECALLED: "it surely did not arrive, and was recalled meanwhile",
    },
    DeliveryState.UNCONFIRMED: {
        DeliveryState.SENT: "it was found in the chat",
        DeliveryState.STALE: "it was found in the chat, but its post changed meanwhile",
        DeliveryState.PENDING: "it is surely not in the chat, or the operator looked and says so",
        DeliveryState.FAILED: "the operator gave it up",
        DeliveryState.RECALLING: "it was found in the chat, but was recalled",
        DeliveryState.RECALLED: "it is surely not in the chat, or the operator looked and says so, and was recalled",
    },
    DeliveryState.SENT: {
        DeliveryState.STALE: "its post changed, or the lines of an index can lead to papers that came",
        DeliveryState.RECALLING: "the operator recalled it",
    },
    DeliveryState.STALE: {
        DeliveryState.EDITING: "its turn has come",
        DeliveryState.SENT: "its post changed back, its chat moved, or the operator gave the edit or the digest up",
        DeliveryState.RECALLING: "the operator recalled it",
    },
    DeliveryState.EDITING: {
        DeliveryState.SENT: "the platform took the edit, the chat moved, or the operator gave it up after a crash",
        DeliveryState.STALE: "the edit may not have arrived, or its post changed again; it is repeated",
        DeliveryState.FAILED: "the platform refused the edit",
        DeliveryState.RECALLING: "the edit is over, and it was recalled meanwhile",
    },
    DeliveryState.FAILED: {
        DeliveryState.PENDING: "its post changed, its chat opened again, or the operator wants another try",
        DeliveryState.STALE: "the same, of an edit",
        DeliveryState.SENT: "its post changed back, or the operator gave the edit, the recall or the digest up",
        DeliveryState.RECALLING: "the operator recalled it, or wants another try of the recall",
        DeliveryState.RECALLED: "the operator recalled it, and the chat does not hold it",
    },
    DeliveryState.RECALLING: {
        DeliveryState.RECALLED: "the platform deleted it, or it was gone",
        DeliveryState.FAILED: "the platform does not delete it; it stays",
        DeliveryState.SENT: "its post changed before it was deleted, or the operator gave the recall up",
    },
    DeliveryState.RECALLED: {},
}


class ChatState(StrEnum):
    """Whether a chat receives digests."""

    ACTIVE = "active"
    """It receives."""
    PAUSED = "paused"
    """It is subscribed, but cannot be written to."""
    REMOVED = "removed"
    """It receives nothing: not in the settings any more, unsubscribed, or never subscribed."""


class ChatOrigin(StrEnum):
    """Who decided last whether a chat receives."""

    SETTINGS = "settings"
    """The operator, in the settings."""
    READER = "reader"
    """Its people; the settings do not bring back what they removed."""


class ChatKind(StrEnum):
    """What a chat is."""

    UNKNOWN = ""
    """Not found out yet."""
    PRIVATE = "private"
    """One person's."""
    GROUP = "group"
    """Many people's, who can all write."""
    BROADCAST = "channel"
    """What the platforms call a channel."""


class IncidentKind(StrEnum):
    """What is wrong. Most of these words begin the keys of notices; all of them are keys of the phrases."""

    PAUSED = "paused"
    """A chat cannot be written to."""
    REFUSED = "refused"
    """The platform refused a message."""
    UNCONFIRMED = "unconfirmed"
    """The answer to a send was lost, and the platform does not tell whether the message arrived."""
    BOT = "bot"
    """The platform refuses the bot of a channel."""
    HELD = "held"
    """A post looks unfinished."""
    SILENT = "silent"
    """No post came where one usually does."""
    DISCONNECTED = "deaf"
    """Nothing can be received: the platform cannot be reached, or the web server does not start."""
    RUN = "run"
    """A sweep failed."""
    SOURCE = "source"
    """Posts cannot be read."""
    UNREAD = "unread"
    """A source never gave a digest, or no paper was read in its newest post though it links to some."""
    UNSUBSCRIBED = "unsubscribed"
    """The people of a chat of the settings unsubscribed it."""
    WEEK = "week"
    """Nothing is wrong: what was delivered in a week. It lasts for the week after."""
    LISTED_TWICE = "twice"
    """The settings name a chat twice."""
    CLOCK = "clock"
    """The clock of the computer was set back, and the times in the ledger with it. It lasts for a day."""
    UNFOLDED = "unfolded"
    """The platform refused a message with folded summaries, and took it without. It lasts for a week."""
    DISCARDED = "discarded"
    """An operator gave a message up. It is listed to them, and no notice is sent."""
