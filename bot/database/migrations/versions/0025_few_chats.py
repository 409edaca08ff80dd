"""Indexes of the few chats for which each sweep asks: a sweep looked through all of them, once for each"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_FEW = {
    "ix_chats_listed": ("channel", "listed = 1"),
    "ix_chats_paused": ("id", "paused_at IS NOT NULL"),
    "ix_chats_choosing": ("channel", "sources != '' OR takes != ''"),
    "ix_chats_with_titles": ("channel", "kind != 'private' OR origin != 'reader'"),
}


def upgrade() -> None:
    for name, (column, condition) in _FEW.items():
        where = sa.text(condition)
        op.create_index(name, "chats", [column], sqlite_where=where, postgresql_where=where)
