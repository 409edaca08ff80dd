"""How chats are called: empty until the platform says it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chats", sa.Column("title", sa.String(), nullable=False, server_default=""))
