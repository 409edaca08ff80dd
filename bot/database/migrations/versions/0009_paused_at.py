"""Since when a chat is paused; 0 where a former version paused it, which did not note that"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Another try took the state and the reason away, though nothing had arrived yet.
_TRIED = """
    UPDATE chats SET paused_at = 0, reason = refusals.error FROM (
        SELECT chat_id, coalesce(max(error), '') AS error FROM deliveries
        WHERE state != 'sent' AND problem = 'ChatGone' GROUP BY chat_id
    ) AS refusals WHERE chats.id = refusals.chat_id AND chats.state = 'active'
"""


def upgrade() -> None:
    op.add_column("chats", sa.Column("paused_at", sa.Float(), nullable=True))
    op.execute("UPDATE chats SET reason = '' WHERE state != 'paused'")  # of chats that left while they were paused
    op.execute("UPDATE chats SET paused_at = 0 WHERE state = 'paused'")
    op.execute(_TRIED)
