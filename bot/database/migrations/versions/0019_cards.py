"""What each chat chose of its cards"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chats", sa.Column("cards", sa.String(), nullable=False, server_default=""))
    op.add_column("chats", sa.Column("most_cards", sa.Integer(), nullable=False, server_default="0"))
