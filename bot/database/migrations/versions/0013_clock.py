"""What the clock showed; the times of waits are no longer needed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# The columns that hold times which are past.
_TIMES = {
    "digests": ("found_at", "held_since"),
    "chats": ("since", "paused_at"),
    "deliveries": ("noted_at", "attempted_at", "sent_at"),
    "searches": ("asked_at",),
    "replies": ("sent_at",),
    "unconfirmed_replies": ("tried_at",),
}


def upgrade() -> None:
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.Float(), nullable=False),
        sa.Column("set_back_at", sa.Float(), nullable=True),
        sa.Column("set_back_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_clock"),
    )
    # A clock that was ahead may have written some of them: the first write finds that.
    times = [f"SELECT max({column}) AS at FROM {table}" for table, columns in _TIMES.items() for column in columns]  # noqa: S608
    latest = f"SELECT 1, coalesce(max(at), 0) FROM ({' UNION ALL '.join(times)})"  # noqa: S608
    op.get_bind().exec_driver_sql(f"INSERT INTO clock (id, written_at) {latest}")
    op.drop_column("deliveries", "noted_at")
