"""Messages of channels that are deleted again, and when"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unique = ["channel", "address", "remote_id"]
    op.create_table(
        "expiring_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("delete_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_expiring_messages"),
        sa.UniqueConstraint(*unique, name="uq_expiring_messages_channel_address_remote_id"),
    )
