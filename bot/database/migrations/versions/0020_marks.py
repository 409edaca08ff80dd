"""What counts the transactions that may change which delivery of a chat comes next"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    marks = op.create_table(
        "marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_marks"),
    )
    op.bulk_insert(marks, [{"id": 1, "plan": 0}])
