"""Readers: what chats wish, the archive to look papers up in, what went out besides the ledger"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What a chat receives was called its layout; a layout is now a wish of it, and it has none yet.
    # Only columns are added: SQLite does the rest by copying tables, which foreign keys forbid here.
    op.execute("ALTER TABLE chats RENAME COLUMN layout TO edition")
    op.execute("ALTER TABLE messages RENAME COLUMN layout TO edition")
    for name, default in {"origin": "settings", "kind": "", "layout": "", "language": "", "schedule": ""}.items():
        op.add_column("chats", sa.Column(name, sa.String(), nullable=False, server_default=default))
    op.add_column("chats", sa.Column("silent", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("chats", sa.Column("since", sa.Float(), nullable=False, server_default="0"))
    op.add_column("chats", sa.Column("eager", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_chats_channel_address", "chats", ["channel", "address"])
    _archive()
    op.create_table(
        "searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("asked_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_searches"),
        sa.UniqueConstraint("channel", "address", "words", name="uq_searches_channel_address_words"),
    )
    op.create_table(
        "replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("counter", sa.String(), nullable=False),
        sa.Column("remote_id", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
    )
    op.create_index("ix_replies_sent_at", "replies", ["sent_at"])
    op.create_index("ix_replies_channel_counter_remote_id", "replies", ["channel", "counter", "remote_id"])


def _archive() -> None:
    op.create_table(
        "papers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("paper", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name="fk_papers_digest_id"),
        sa.PrimaryKeyConstraint("id", name="pk_papers"),
    )
    for column in ("digest_id", "ref", "paper"):
        op.create_index(f"ix_papers_{column}", "papers", [column])
    op.execute("CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = 'unicode61')")
