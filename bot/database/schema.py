"""The ledger's tables; the migrations make them, a test compares the two.

Times are seconds since 1970 in UTC; `times` says of each what becomes of it when the clock is set back.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    column,
    table,
    text,
)

from bot.database.dialect import BodyVector, Id, TitleVector, unindexed
from bot.database.reasons import Cause
from bot.database.states import ChatKind, ChatOrigin, ChatState, DeliveryState, DigestState

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN {tuple(map(str, words))}", name=column)


def _index_where(condition: str, name: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


# What was found in the sources. The content stays, so that resuming and answering need no source.
digests = Table(
    "digests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String, nullable=False),
    Column("name", String, nullable=False),  # the Digest's id: series and day
    Column("post", String, nullable=False),  # the file, or what the source calls it
    Column("day", String, nullable=False),  # YYYY-MM-DD
    Column("fingerprint", String, nullable=False),  # of the parsed content
    Column("content", JSON, nullable=False),
    Column("state", String, nullable=False),
    # Why it stands so, as `reasons` reads it; `reason` has only what older ledgers say in words of their own.
    Column("cause", String, nullable=False, server_default=Cause.NONE),
    Column("numbers", JSON, nullable=False, server_default="[]"),
    Column("reason", String, nullable=False, server_default=""),
    Column("found_at", Float, nullable=False),
    Column("held_since", Float),  # when its post was first seen unfinished, while it is; or RELEASED
    # 0: a former version wrote it, and passed over other posts of its series and day, which are no news.
    Column("told_apart", Integer, nullable=False, server_default="0"),
    Column("unplanned", Integer, nullable=False, server_default="0"),  # an Unplanned
    Column("pruned", Integer, key="is_over", nullable=False, server_default="0"),  # deliveries of it were deleted
    _one_of("state", DigestState),
    UniqueConstraint("source", "name"),
)

# Which chats receive, or have preferences.
chats = Table(
    "chats",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String, nullable=False),
    Column("name", String, nullable=False),  # what the operator wrote, or its first address
    Column("address", String, nullable=False),  # where it is now
    Column("counter", String, key="id_sequence", nullable=False),  # whose message ids count together
    Column("origin", String, nullable=False, server_default=ChatOrigin.SETTINGS),
    Column("kind", String, nullable=False, server_default=ChatKind.UNKNOWN),
    Column("title", String, nullable=False, server_default=""),  # as the platform said last; empty: not known
    Column("state", String, nullable=False, server_default=ChatState.ACTIVE),
    # Why it is paused, and since when: 0 where that is not known. Both stay while it is given another try, until a
    # message arrives there, or its people or the platform open it.
    Column("reason", String, nullable=False, server_default=""),
    Column("paused_at", Float),
    # The preferences; an empty one is what the operator set.
    Column("layout", String, nullable=False, server_default=""),
    Column("language", String, nullable=False, server_default=""),
    Column("silent", Integer, nullable=False, server_default="0"),
    Column("schedule", String, nullable=False, server_default=""),  # "08:00 mon-fri Asia/Seoul"
    Column("cards", String, nullable=False, server_default=""),  # "folded" or "short"
    Column("most_cards", Integer, nullable=False, server_default="0"),  # the papers after so many get none; 0: all do
    Column("sources", String, nullable=False, server_default=""),  # a JSON list of names; empty: the operator's
    Column("edition", String, nullable=False),  # follows from the preferences: what it receives
    # Follows from the preferences and the settings: whose digests it receives, a JSON list of names; empty: all. And
    # when it last took a source up: what was found earlier does not come to it as something that it missed.
    Column("takes", String, nullable=False, server_default=""),
    Column("takes_since", Float, nullable=False, server_default="0"),
    Column("since", Float, key="receives_since", nullable=False, server_default="0"),  # of digests found from then on
    Column("eager", Integer, key="wants_newest", nullable=False, server_default="0"),  # 1: it wants the newest at once
    Column("canonical_address", String),  # the same under all names of a chat; none: not known yet
    Column("listed", Integer, nullable=False, server_default="0"),  # 1: the settings name it
    Column("same_as", Id),  # the chat of which this is another name, and which receives in its place
    _one_of("state", ChatState),
    UniqueConstraint("channel", "name"),
    Index(None, "channel", "address"),
    Index(None, "channel", "canonical_address"),
    _index_where("same_as IS NOT NULL", "ix_chats_same_as", "same_as"),  # each sweep asks for the few of each
    _index_where("eager = 1", "ix_chats_eager", "id"),
    _index_where("canonical_address IS NULL OR kind = ''", "ix_chats_unidentified", "id"),
    _index_where("listed = 1", "ix_chats_listed", "channel"),
    _index_where("paused_at IS NOT NULL", "ix_chats_paused", "id"),
    _index_where("sources != '' OR takes != ''", "ix_chats_choosing", "channel"),
    _index_where("kind != 'private' OR origin != 'reader'", "ix_chats_with_titles", "channel"),
)

# What a digest renders to. An obsolete message is no longer part of its digest and is never sent.
messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest_id", ForeignKey("digests.id"), nullable=False),
    Column("channel", String, nullable=False),
    Column("edition", String, nullable=False),
    Column("key", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("hash", String, nullable=False),
    Column("vanished", Integer, key="is_obsolete", nullable=False, server_default="0"),
    # Named before editions were more than layouts; SQLite could rename it only by copying the table.
    UniqueConstraint("digest_id", "channel", "edition", "key", name="uq_messages_digest_id_channel_layout_key"),
)

# What each chat holds or shall hold: one row per message and chat. There may be tens of millions: a write looks nothing
# else up, and what is asked of a chat goes by the messages, which are few, or by the first index.
deliveries = Table(
    "deliveries",
    metadata,
    Column("message_id", Id, primary_key=True, autoincrement=False),
    Column("chat_id", Id, primary_key=True, autoincrement=False),
    Column("ref", String),  # opaque, and written at the claim; the platform may carry it
    Column("state", String, nullable=False, server_default=DeliveryState.PENDING),
    Column("plain", Integer, nullable=False, server_default="0"),  # how many times its markup was refused
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Float),  # when something is done about it next; what it may hold is in `transitions`
    Column("attempted_at", Float),
    Column("sent_at", Float),
    Column("remote_id", String),
    # The sequence of the remote_id, or of the chat when the send was begun: a chat that moved has another one.
    Column("place", String, key="id_sequence"),
    Column("thread", String),  # the parent's remote id that the last send went under
    Column("sent_hash", String),  # of the wording last sent; delivered when there is a remote_id
    Column("problem", String),  # an ErrorCode: what became of the last try
    Column("error", String),  # its words
    # It is to be deleted where it stands, and not sent where it does not; also of what was under way then.
    Column("is_recalled", Integer, nullable=False, server_default="0"),
    _one_of("state", DeliveryState),
    # So `join` knows what belongs together. The database does not check it, which would be a quarter of planning.
    ForeignKeyConstraint(["message_id"], ["messages.id"]).ddl_if(dialect="none"),
    ForeignKeyConstraint(["chat_id"], ["chats.id"]).ddl_if(dialect="none"),
    # Nearly all rows are settled for ever; what is asked at each run is asked of the others.
    _index_where("state != 'sent'", "ix_deliveries_unsettled", "chat_id", "state", "not_before"),
    # Which ids came around a send whose answer was lost: all readers of a bot may share one sequence.
    _index_where("sent_at IS NOT NULL", "ix_deliveries_sent", "id_sequence", "sent_at"),
    sqlite_with_rowid=False,
)

# Deliveries by messages. SQLite would go through all of them, not knowing how few messages there are.
by_message = messages.join(deliveries, deliveries.c.message_id == unindexed(messages.c.id))

# Every paper of every digest, to be looked up; what it says is in its digest's content.
papers = Table(
    "papers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest_id", ForeignKey("digests.id"), nullable=False, index=True),
    Column("ref", String, nullable=False, index=True),  # what buttons hold
    Column("paper", String, nullable=False, index=True),  # its id: an arXiv id or a slug
    Column("number", Integer, nullable=False),
    Column("title", String, nullable=False),
    Column("line", String, nullable=False),  # one sentence
)

# The words of papers, as `archive.ngrams` spells them, with the ids of `papers`: a virtual table of FTS5, or vectors.
paper_words = table("words", column("rowid", Id), column("title", TitleVector()), column("body", BodyVector()))

# What was searched for, so that buttons hold ids only; of the newest searches of each chat.
searches = Table(
    "searches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("words", String, nullable=False),
    Column("asked_at", Float, nullable=False),
    UniqueConstraint("channel", "address", "words"),
)

# Ids of messages that went out past the ledger: an unconfirmed send is none of these.
sent_replies = Table(
    "replies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String, nullable=False),
    Column("counter", String, key="id_sequence", nullable=False),
    Column("remote_id", Id, nullable=False),
    Column("sent_at", Float, nullable=False, index=True),
    Index(None, "channel", "id_sequence", "remote_id"),
)

# Replies that are under way, or whose answer was lost, with what they say; few, and of the last days.
unconfirmed_replies = Table(
    "unconfirmed_replies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String, nullable=False),
    Column("counter", String, key="id_sequence", nullable=False),
    *(Column("address", String, nullable=False), Column("body", JSON, nullable=False)),
    Column("tried_at", Float, nullable=False),
    Column("overwritten_id", Id),  # of the message that a probe overwrote, until it is written back
    Column("probed_ids", JSON, nullable=False, server_default="[]"),  # under which a probe may have overwritten it
)

# Messages of channels that are deleted again: the bot's answers, and the commands posted there. No delivery is one.
expiring_messages = Table(
    "expiring_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("remote_id", String, nullable=False),
    Column("delete_at", Float, nullable=False),
    UniqueConstraint("channel", "address", "remote_id"),
)

# Limits of platforms that were lower than documented, by the name that the channel gives them.
paces = Table(
    "paces",
    metadata,
    Column("channel", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("most", Integer, nullable=False),  # calls that are documented
    Column("window", Float, nullable=False),  # seconds
    Column("learnt", Float, nullable=False),  # calls that were allowed in it
    Column("learnt_at", Float, nullable=False),
)

# What was reported to the operators, as long as it lasts; and what to report when it is over, if anything.
notices = Table("notices", metadata, Column("key", String, primary_key=True), Column("over", String, nullable=False))

# The sources: what each remembers from one look to the next, in its own words, and how the last look went.
sources = Table(
    "sources",
    metadata,
    Column("name", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("looked_at", Float),
    # Since when it cannot be read, and why not; what follows is of the last look at which it could be.
    Column("failing_since", Float),
    Column("error", String, nullable=False, server_default=""),
    Column("survey", JSON, nullable=False, server_default="{}"),  # the fields of Survey
    Column("problem", String, nullable=False, server_default=""),  # of its posts: what a person must look at
    Column("newest", String, nullable=False, server_default=""),  # the post
    # What the last look cost, good or not.
    Column("requests", Integer, nullable=False, server_default="0"),
    Column("bytes", Id),  # none: not known
    Column("seconds", Float, nullable=False, server_default="0"),
)

# What the clock of the computer showed: one row.
clock = Table(
    "clock",
    metadata,
    Column("id", Id, primary_key=True),
    Column("written_at", Float, nullable=False),  # the latest time of a delivery or a reply, and nearly of all else
    # When it was last found to show an earlier time, and by how many seconds the times in the ledger were moved.
    *(Column("set_back_at", Float), Column("set_back_by", Integer)),
)

# The bots, one for each channel, and who took it when; nobody, when it was given back in order.
bots = Table(
    "bots",
    metadata,
    Column("id", Integer, primary_key=True),  # of 32 bits: it names a lock
    Column("channel", String, nullable=False, unique=True),
    Column("host", String, nullable=False, server_default=""),
    *(Column("pid", Integer, nullable=False, server_default="0"), Column("taken_at", Float)),
    Column("per_minute", Integer, nullable=False, server_default="0"),  # messages that it sent in the last one
)

# What counts the transactions that may change which delivery of a chat comes next: one row.
marks = Table("marks", metadata, Column("id", Id, primary_key=True), Column("plan", Id, nullable=False))
