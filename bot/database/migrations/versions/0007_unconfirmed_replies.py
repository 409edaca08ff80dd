"""Replies whose answer was lost, with their bodies: a probe that overwrites one writes it back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unconfirmed_replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("counter", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("tried_at", sa.Float(), nullable=False),
        sa.Column("overwritten_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_unconfirmed_replies"),
    )
