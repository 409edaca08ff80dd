"""Notices: what the operators were told; since when a post looks unfinished"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("digests", sa.Column("held_since", sa.Float(), nullable=True))
    op.execute("UPDATE digests SET held_since = found_at WHERE state = 'held'")
    op.create_table(
        "notices",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("over", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_notices"),
    )
