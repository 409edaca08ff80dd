"""What is left of planning each digest, since it is written for some chats at a time; and indexes of few chats"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("digests", sa.Column("unplanned", sa.Integer(), nullable=False, server_default="0"))
    for name, column, condition in (
        ("same_as", "same_as", "same_as IS NOT NULL"),
        ("eager", "id", "eager = 1"),
        ("unidentified", "id", "canonical_address IS NULL OR kind = ''"),
    ):
        few = sa.text(condition)
        op.create_index(f"ix_chats_{name}", "chats", [column], sqlite_where=few, postgresql_where=few)
