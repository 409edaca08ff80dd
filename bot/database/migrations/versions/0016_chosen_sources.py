"""Which sources' digests a chat receives"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chats", sa.Column("sources", sa.String(), nullable=False, server_default=""))
    op.add_column("chats", sa.Column("takes", sa.String(), nullable=False, server_default=""))
    op.add_column("chats", sa.Column("takes_since", sa.Float(), nullable=False, server_default="0"))
