"""Recalls: what is to be deleted in chats, and what was"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_COLUMNS = (
    "id, ref, message_id, chat_id, state, plain, attempts, not_before, attempted_at, sent_at, remote_id, place, thread,"
    " sent_hash, problem, error"
)


def upgrade() -> None:
    # SQLite widens a constraint only by copying the table. Nothing refers to this one, so foreign keys allow that.
    op.create_table(
        "new_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), server_default="pending", nullable=False),
        sa.Column("plain", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.Float(), nullable=True),
        sa.Column("attempted_at", sa.Float(), nullable=True),
        sa.Column("sent_at", sa.Float(), nullable=True),
        sa.Column("remote_id", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("thread", sa.String(), nullable=True),
        sa.Column("sent_hash", sa.String(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("is_recalled", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'stale', 'editing', 'failed', 'unconfirmed', 'recalling',"
            " 'recalled')",
            name="ck_deliveries_state",
        ),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_deliveries_chat_id"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_deliveries_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("message_id", "chat_id", name="uq_deliveries_message_id_chat_id"),
        sa.UniqueConstraint("ref", name="uq_deliveries_ref"),
    )
    op.get_bind().exec_driver_sql(
        f"INSERT INTO new_deliveries ({_COLUMNS}) SELECT {_COLUMNS} FROM deliveries"  # noqa: S608
    )
    op.drop_table("deliveries")
    op.rename_table("new_deliveries", "deliveries")
    op.create_index("ix_deliveries_chat_id_state", "deliveries", ["chat_id", "state"])
    columns, unsettled = ["chat_id", "state", "not_before"], sa.text("state != 'sent'")
    op.create_index("ix_deliveries_unsettled", "deliveries", columns, sqlite_where=unsettled)
