"""Causes: a code and its numbers say why a digest stands as it does, no longer a sentence"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SENTENCES = {
    "more digests were missed than catch_up delivers": "missed",
    "the post stayed without papers": "stayed_empty",
    "the post was taken away before it was finished": "gone",
    "given up by the operator": "given_up",
    "the post lost all its papers; what was delivered stays": "lost_all",
    "the post changed after edits_for; what was delivered stays": "too_late",
}
UNFINISHED = {
    r"the post has no papers yet": "empty",
    r"the post shrank from (\d+) papers to (\d+)": "shrank",
    r"(\d+) of the post's (\d+) papers say nothing yet": "sparse_papers",
    r"(\d+) of the post's (\d+) sections say nothing yet": "sparse_sections",
}
WAITS = "; it is not edited before that has lasted for gate_wait"


def upgrade() -> None:
    op.add_column("digests", sa.Column("cause", sa.String(), nullable=False, server_default=""))
    op.add_column("digests", sa.Column("numbers", sa.JSON(), nullable=False, server_default="[]"))
    digests = sa.table("digests", *map(sa.column, ("id", "state", "reason", "cause")), sa.column("numbers", sa.JSON))
    papers = sa.func.json_array_length(sa.column("content"), "$.papers")
    said = sa.select(digests.c.id, digests.c.state, digests.c.reason, papers).where(digests.c.reason != "")
    for digest, *facts in op.get_bind().execute(said).all():
        op.execute(sa.update(digests).where(digests.c.id == digest).values(coded(*facts)))


def coded(state: str, sentence: str, papers: int) -> dict[str, object]:
    """Give the code and the numbers of a sentence; one that no version wrote keeps its words."""
    if sentence in SENTENCES:
        return {"cause": SENTENCES[sentence], "reason": ""}
    waits = WAITS if state == "active" else ""
    for pattern, cause in UNFINISHED.items():
        if match := re.fullmatch(pattern + waits, sentence):
            return {"cause": cause, "numbers": list(map(int, match.groups())), "reason": ""}
    # Whoever reworded it: what was skipped without papers is delivered when it has some.
    return {"cause": "stayed_empty" if state == "skipped" and not papers else "other"}
