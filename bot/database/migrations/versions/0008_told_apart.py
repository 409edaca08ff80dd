"""Whether two posts of one series and day were told apart when a digest was planned"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("digests", sa.Column("told_apart", sa.Integer(), nullable=False, server_default="0"))
