"""Which digests are over: of old ones it is not kept who holds them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("digests", sa.Column("pruned", sa.Integer(), nullable=False, server_default="0"))
