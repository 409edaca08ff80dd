"""The SQL of linked indexes: each is edited once when its digest stands in a chat, and its lines lead to the papers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Update, and_, case, exists, func, not_, or_, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from bot.database.dialect import unindexed
from bot.database.schema import chats, deliveries, messages
from bot.database.states import ChatState
from bot.ledger.sql.claim_sql import is_named
from bot.ledger.sql.transitions import (
    AT_ONCE,
    IS_RECALLED,
    IS_THERE,
    PENDING,
    SENDING,
    SENT,
    STALE,
    UNCONFIRMED,
    not_sent,
)
from formatters.edition import LINKED

_settled, _own = deliveries.alias("settled"), messages.alias("own")  # a row that was settled, and its message
_row, _index = deliveries.alias("index_row"), messages.alias("index_message")


def edit_index(settled: ColumnElement[bool]) -> Update:
    """Let the index beside each of these rows (of the alias SETTLED) be edited if its lines can lead further now.

    That is when nothing of its digest is still to be sent to the chat, and a paper came since the index was last sent
    or edited. What was refused or cannot be found out is not waited for.
    """
    is_linked = (_own.c.edition + " ").contains(f" {LINKED} ")
    is_index = (or_(_index.c.key == "index", _index.c.key.startswith("index/")), _index.c.is_obsolete == 0)
    is_beside = (_row.c.message_id == _index.c.id, _row.c.chat_id == _settled.c.chat_id)
    is_here = func.coalesce(_row.c.id_sequence, "").in_(("", chats.c.id_sequence))
    beside = (
        _settled.join(_own, _own.c.id == _settled.c.message_id)
        .join(_index, and_(_same_edition(_index), *is_index))
        .join(_row, and_(*is_beside))
        .join(chats, and_(chats.c.id == _settled.c.chat_id, chats.c.state == ChatState.ACTIVE))
    )
    indexes = (
        select(_row.c.message_id, _row.c.chat_id)
        .select_from(beside)
        .where(settled, is_linked, is_here, not_(_is_awaited()), _came_since())
    )
    is_index_row = tuple_(deliveries.c.message_id, deliveries.c.chat_id).in_(indexes)
    edited = update(deliveries).where(deliveries.c.state == SENT, IS_THERE, not_(IS_RECALLED), is_index_row)
    return edited.values(state=STALE, not_before=AT_ONCE, problem=None, error=None)


def _same_edition(other: Any) -> ColumnElement[bool]:
    same = (other.c[name] == _own.c[name] for name in ("digest_id", "channel", "edition"))
    return and_(*same)


def _is_awaited() -> ColumnElement[bool]:
    """Tell whether something of the digest is still to come to the chat."""
    rows, theirs = deliveries.alias(), messages.alias()
    to_come = or_(
        and_(rows.c.state == PENDING, theirs.c.is_obsolete == 0),
        rows.c.state == SENDING,
        and_(rows.c.state == UNCONFIRMED, rows.c.not_before.is_not(None)),
    )
    # SQLite would look up all deliveries of each message, not knowing how few of them are not settled.
    waiting = exists().select_from(rows.join(theirs, theirs.c.id == unindexed(rows.c.message_id)))
    of_digest = (rows.c.chat_id == _settled.c.chat_id, theirs.c.digest_id == _own.c.digest_id)
    return waiting.where(not_sent(rows), to_come, *of_digest).correlate(_settled, _own)


def _came_since() -> ColumnElement[bool]:
    """Tell whether a paper came since the index was last sent or edited; a try that failed has left a problem."""
    rows, theirs = deliveries.alias(), messages.alias()
    tried_at = case((_row.c.problem.is_not(None), 0.0), else_=func.coalesce(_row.c.attempted_at, 0.0))
    is_paper = (_same_edition(theirs), theirs.c.key.startswith("paper/"))
    came = (rows.c.remote_id.is_not(None), rows.c.sent_at >= tried_at)
    there = exists().select_from(theirs.join(rows, rows.c.message_id == theirs.c.id))
    return there.where(*is_paper, rows.c.chat_id == _settled.c.chat_id, *came).correlate(_settled, _own, _row)


SETTLED = _settled
# Beside the row that `named` names.
EDIT_INDEX = edit_index(is_named(SETTLED))
