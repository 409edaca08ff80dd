"""Under which ids a probe may have overwritten a reply: who died amid one left a reply that read like the delivery"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("unconfirmed_replies", sa.Column("probed_ids", sa.JSON(), nullable=False, server_default="[]"))
