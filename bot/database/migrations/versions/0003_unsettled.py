"""An index of the deliveries that are not settled, so that years of settled ones cost nothing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns, unsettled = ["chat_id", "state", "not_before"], sa.text("state != 'sent'")
    op.create_index("ix_deliveries_unsettled", "deliveries", columns, sqlite_where=unsettled)
