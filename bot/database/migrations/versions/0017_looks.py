"""How the last look at each source went"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("looked_at", sa.Float()))
    op.add_column("sources", sa.Column("failing_since", sa.Float()))
    op.add_column("sources", sa.Column("error", sa.String(), nullable=False, server_default=""))
    op.add_column("sources", sa.Column("survey", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("sources", sa.Column("problem", sa.String(), nullable=False, server_default=""))
    op.add_column("sources", sa.Column("newest", sa.String(), nullable=False, server_default=""))
    op.add_column("sources", sa.Column("requests", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sources", sa.Column("bytes", sa.Integer()))
    op.add_column("sources", sa.Column("seconds", sa.Float(), nullable=False, server_default="0"))
