"""What is left of planning each digest, since it is written for some chats at a time; and an index of other names"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("digests", sa.Column("unplanned", sa.Integer(), nullable=False, server_default="0"))
    is_name = sa.text("same_as IS NOT NULL")
    op.create_index("ix_chats_same_as", "chats", ["same_as"], sqlite_where=is_name, postgresql_where=is_name)
