"""Deliveries by message and chat, without what each write had to look up"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.log import log

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_COLUMNS = (
    "message_id, chat_id, ref, state, plain, attempts, not_before, attempted_at, sent_at, remote_id, place, thread,"
    " sent_hash, problem, error, is_recalled"
)
_COPY = (
    f"INSERT INTO new_deliveries ({_COLUMNS}) SELECT {_COLUMNS} FROM deliveries"  # noqa: S608
    " WHERE message_id = ? ORDER BY chat_id"
)
_TOLD_EVERY = 500_000  # rows


def upgrade() -> None:
    # A ledger on PostgreSQL is never as old as this: it began with these tables.
    op.create_table(
        "new_deliveries",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(), nullable=True),
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
        sa.PrimaryKeyConstraint("message_id", "chat_id", name="pk_deliveries"),
        sqlite_with_rowid=False,
    )
    _copy(op.get_bind())
    op.drop_table("deliveries")
    op.rename_table("new_deliveries", "deliveries")
    columns, unsettled = ["chat_id", "state", "not_before"], sa.text("state != 'sent'")
    op.create_index("ix_deliveries_unsettled", "deliveries", columns, sqlite_where=unsettled)
    sent = sa.text("sent_at IS NOT NULL")
    op.create_index("ix_deliveries_sent", "deliveries", ["place", "sent_at"], sqlite_where=sent)


def _copy(db: sa.Connection) -> None:
    """Copy the rows message by message, in the order in which they will lie on the disk; no row comes into memory."""
    rows = db.exec_driver_sql("SELECT count(*) FROM deliveries").scalar_one()
    copied = told = 0
    for (message,) in db.exec_driver_sql("SELECT DISTINCT message_id FROM deliveries ORDER BY 1").all():
        copied += db.exec_driver_sql(_COPY, (message,)).rowcount
        if copied >= told + _TOLD_EVERY:
            told = copied
            log.info("the ledger is brought up to date", copied=copied, rows=rows)
