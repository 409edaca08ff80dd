"""The ledger's tables; `bot/migrations` makes them, a test compares the two.

Times are seconds since 1970 in UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _one_of(column: str, *values: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(map(repr, values))})", name=column)


# What was found in the sources. The content stays, so that resuming and answering need no source.
digests = Table(
    "digests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String, nullable=False),
    Column("name", String, nullable=False),  # the Digest's id: series and day
    Column("post", String, nullable=False),  # the file, or what the source calls it
    Column("day", String, nullable=False),  # YYYY-MM-DD
    Column("fingerprint", String, nullable=False),  # of the parsed content
    Column("content", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False, server_default=""),
    Column("found_at", Float, nullable=False),
    _one_of("state", "baseline", "skipped", "held", "active"),
    UniqueConstraint("source", "name"),
)

# Who receives. `name` is what the operator wrote, `address` where the chat lives now.
chats = Table(
    "chats",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", String, nullable=False),
    Column("name", String, nullable=False),
    Column("address", String, nullable=False),
    Column("counter", String, nullable=False),  # chats of one counter share the sequence of message ids
    Column("layout", String, nullable=False),
    Column("state", String, nullable=False, server_default="active"),
    Column("reason", String, nullable=False, server_default=""),
    _one_of("state", "active", "paused", "removed"),
    UniqueConstraint("channel", "name"),
)

# What a digest renders to. A vanished message is no longer part of its digest and is never sent.
messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest_id", ForeignKey("digests.id"), nullable=False),
    Column("channel", String, nullable=False),
    Column("layout", String, nullable=False),
    Column("key", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("hash", String, nullable=False),
    Column("vanished", Integer, nullable=False, server_default="0"),
    UniqueConstraint("digest_id", "channel", "layout", "key"),
)

# What each chat holds or shall hold: one row per message and chat, for ever.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ref", String, nullable=False, unique=True),  # opaque; the platform may carry it
    Column("message_id", ForeignKey("messages.id"), nullable=False),
    Column("chat_id", ForeignKey("chats.id"), nullable=False),
    Column("state", String, nullable=False, server_default="pending"),
    Column("plain", Integer, nullable=False, server_default="0"),  # the markup was refused
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Float),  # of an unconfirmed row: when to reconcile; none means held
    Column("attempted_at", Float),
    Column("sent_at", Float),
    Column("remote_id", String),
    Column("place", String),  # the counter that the remote_id is of: a chat that moved counts anew
    Column("thread", String),  # the parent's remote id that the last send went under
    Column("sent_hash", String),  # of the wording last sent; delivered when there is a remote_id
    Column("problem", String),  # the class of the last error; "Flood" where the platform named the wait
    Column("error", String),  # its words
    _one_of("state", "pending", "sending", "sent", "stale", "editing", "failed", "unconfirmed"),
    UniqueConstraint("message_id", "chat_id"),
    Index(None, "chat_id", "state"),
)
