"""Which chats are one chat under several names, and which of them the settings name"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chats", sa.Column("canonical_address", sa.String(), nullable=True))
    op.add_column("chats", sa.Column("listed", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("chats", sa.Column("same_as", sa.Integer(), nullable=True))
    op.create_index("ix_chats_channel_canonical_address", "chats", ["channel", "canonical_address"])
    # People subscribed under the platform's own number; what the operator wrote is asked about at the next run.
    by_number = "kind != '' AND address NOT GLOB '[@UW]*' AND address NOT GLOB '*:1'"
    op.get_bind().exec_driver_sql(f"UPDATE chats SET canonical_address = address WHERE {by_number}")  # noqa: S608
