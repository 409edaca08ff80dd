"""Every statement that changes or drops deliveries, but for those of `claim_sql`, `hand_sql` and `linking_sql`.

Their times are moved by `database.sqlite.times`, too.

A test carries each statement out on rows of every state, and compares what it does with `DELIVERY_CHANGES`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Delete,
    Select,
    Update,
    and_,
    case,
    delete,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from bot.database.schema import chats, deliveries, messages
from bot.database.states import ChatState, DeliveryState
from bot.errors import ErrorCode

PENDING, SENDING, SENT = DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.SENT
STALE, EDITING = DeliveryState.STALE, DeliveryState.EDITING
FAILED, UNCONFIRMED = DeliveryState.FAILED, DeliveryState.UNCONFIRMED
RECALLING, RECALLED = DeliveryState.RECALLING, DeliveryState.RECALLED

# --- what a delivery is; in a `case`, a state needs its `value`, for SQLAlchemy does not see that it is text


def _in(chat_ids: Collection[int] | Select[int]) -> ColumnElement[bool]:
    return deliveries.c.chat_id.in_(chat_ids)


def not_sent(rows: Any) -> ColumnElement[bool]:
    """Tell whether there is, or may be, something left to do about a delivery.

    SQLite finds such rows by an index of their own where a statement says this word for word.
    """
    return rows.c.state != literal_column(f"'{SENT}'")  # type: ignore[no-any-return]


IS_RECALLED = deliveries.c.is_recalled == 1
IS_THERE = deliveries.c.remote_id.is_not(None)


def unsent(never: DeliveryState, ever: DeliveryState) -> ColumnElement[str]:
    """Choose a state by whether a row was ever delivered; what is recalled is not sent, but deleted."""
    recalled = ((and_(IS_RECALLED, IS_THERE), RECALLING.value), (IS_RECALLED, RECALLED.value))
    return case(*recalled, (IS_THERE, ever.value), else_=never.value)


# What the operator has not given up; without a problem there is no code of one.
NOT_DISCARDED = func.coalesce(deliveries.c.problem, "") != ErrorCode.DISCARDED

# What a digest no longer has is not sent any more, whatever became of earlier tries.
IS_DROPPED = and_(
    messages.c.is_obsolete == 1, deliveries.c.remote_id.is_(None), deliveries.c.state.in_((PENDING, FAILED))
)

# `not_before` says when something is done about a delivery next. It holds one of these, or a time:
# the end of a pause, the opening of the chat's hours, or when to ask whether an unconfirmed send arrived.
AT_ONCE = null()  # what is to be sent or edited is due; it was released, and waits for no hour any more
HOUR_UNKNOWN = 1e11  # a new row waits for its chat's hour, which is not known yet: `open_at` writes it
# Of an unconfirmed send no time means that nothing can be found out: a person decides.
UNDECIDED = and_(deliveries.c.state == UNCONFIRMED, deliveries.c.not_before.is_(None))


def waits_for_hour(rows: Any) -> ColumnElement[bool]:
    """Tell whether a delivery waits for its chat's hour; 0 or none is the time of what was released."""
    never = (rows.c.state == PENDING, rows.c.attempts == 0)
    return and_(not_sent(rows), *never, func.coalesce(rows.c.not_before, 0.0) > 0)


# --- a run


def mark_interrupted(channel: str, settle: float, earliest: float) -> tuple[Update, ...]:
    """Take up what a dead process left in the chats of a channel: nothing of it is done again before `earliest`."""
    settled = deliveries.c.attempted_at + settle
    asked_at = case((settled < earliest, earliest), else_=settled)
    why = {"problem": ErrorCode.UNCONFIRMED, "error": "the program ended before the answer came"}
    theirs = (not_sent(deliveries), _in(select(chats.c.id).where(chats.c.channel == channel)))
    return (
        update(deliveries)
        .where(*theirs, deliveries.c.state == SENDING)
        .values(state=UNCONFIRMED, not_before=asked_at, **why),
        # An edit that is still under way may arrive after the next one.
        update(deliveries)
        .where(*theirs, deliveries.c.state == EDITING)
        .values(state=unsent(PENDING, STALE), not_before=earliest),
    )


def ask_later(channel: str, earliest: float) -> Update:
    """Let nothing unconfirmed in the chats of a channel be asked about before `earliest`: another may be asking yet."""
    theirs = (not_sent(deliveries), _in(select(chats.c.id).where(chats.c.channel == channel)))
    asked = (deliveries.c.state == UNCONFIRMED, deliveries.c.not_before < earliest)
    return update(deliveries).where(*theirs, *asked).values(not_before=earliest)


# --- what changes at a post or a chat


def reopen(changed: Select[int]) -> Update:
    """Make rows of changed messages due again, unless the chat already reads so, or they are recalled there."""
    wanted = select(messages.c.hash).where(messages.c.id == deliveries.c.message_id).scalar_subquery()
    settled = and_(deliveries.c.state.in_((SENT, STALE, FAILED)), NOT_DISCARDED, not_(IS_RECALLED))
    sequence = select(chats.c.id_sequence).where(chats.c.id == deliveries.c.chat_id).scalar_subquery()
    # A chat that moved is not edited.
    final = or_(deliveries.c.sent_hash == wanted, deliveries.c.id_sequence != sequence)
    stands = and_(deliveries.c.remote_id.is_not(None), final)
    state = case((stands, SENT.value), else_=unsent(PENDING, STALE))
    return update(deliveries).where(deliveries.c.message_id.in_(changed), settled).values(state=state, plain=0)


def drop_pending(gone: Select[int]) -> Delete:
    """Drop what was never tried of messages that are no more."""
    return delete(deliveries).where(deliveries.c.message_id.in_(gone), deliveries.c.state == PENDING)


def drop_waiting(chat_ids: Collection[int], of: Select[int]) -> Delete:
    """Drop these messages in chats that have none of them yet."""
    return delete(deliveries).where(_in(chat_ids), deliveries.c.message_id.in_(of))


def drop_unsent(which: ColumnElement[bool]) -> Delete:
    """Drop what never arrived and is not under way; of an unconfirmed send it must still be found out."""
    unsent_rows = (not_sent(deliveries), deliveries.c.state.in_((PENDING, FAILED)), deliveries.c.remote_id.is_(None))
    return delete(deliveries).where(*unsent_rows, which)


def open_at(schedule: str, opening: float, released: float) -> Update:
    """Move what still waits for its chat's hour to `opening`; what was due by `released` goes on at any hour."""
    theirs = select(chats.c.id).where(chats.c.schedule == schedule)
    changes = (deliveries.c.not_before > released, deliveries.c.not_before != opening)
    return update(deliveries).where(waits_for_hour(deliveries), *changes, _in(theirs)).values(not_before=opening)


def release_now(chat_ids: Collection[int]) -> Update:
    """Make all that waits for the hours of these chats due."""
    return update(deliveries).where(waits_for_hour(deliveries), _in(chat_ids)).values(not_before=AT_ONCE)


def release_first(digest: Select[int], channel: str, most: int) -> Update:
    """Make the first messages of a digest due in the chats of a channel where they wait for the hour."""
    of_digest = (messages.c.digest_id.in_(digest), messages.c.channel == channel, messages.c.seq < most)
    first = select(messages.c.id).where(*of_digest)
    which = (waits_for_hour(deliveries), deliveries.c.message_id.in_(first))
    return update(deliveries).where(*which).values(not_before=AT_ONCE)


def reopened(*which: ColumnElement[bool]) -> Update:
    """Make due again what chats refused because they were closed."""
    receiving = select(chats.c.id).where(chats.c.state != ChatState.REMOVED, *which)
    refused = and_(deliveries.c.state == FAILED, deliveries.c.problem == ErrorCode.CHAT_GONE)
    return update(deliveries).where(not_sent(deliveries), refused, _in(receiving)).values(state=unsent(PENDING, STALE))


def ask(now: float, *which: ColumnElement[bool]) -> Update:
    """Ask once more what is undecided; where a chat was before it moved, nobody can be asked."""
    asked = (UNDECIDED, deliveries.c.problem != ErrorCode.CHAT_MOVED, *which)
    return update(deliveries).where(not_sent(deliveries), *asked).values(not_before=now)


def ask_again(now: float) -> tuple[Update, ...]:
    """Ask once more what is undecided, and end the pauses that are our own alone."""
    own = (deliveries.c.state.in_((PENDING, STALE, UNCONFIRMED)), deliveries.c.problem == ErrorCode.RETRY_LATER)
    return (
        ask(now),
        update(deliveries).where(not_sent(deliveries), *own).values(not_before=now),
    )


def hand_over(gone: int, kept: int, these: Select[int]) -> Update:
    """Give a chat what it has of these messages under another name, `gone`, however that stands."""
    theirs = (deliveries.c.chat_id == gone, deliveries.c.message_id.in_(these), deliveries.c.state.in_(DeliveryState))
    return update(deliveries).where(*theirs).values(chat_id=kept)


def rename_sequence(chat: int, names: Collection[str], name: str) -> Update:
    """Call the id sequence of a chat by one name; it had several, as the chat has."""
    any_state = deliveries.c.state.in_(DeliveryState)
    theirs = (deliveries.c.message_id.in_(select(messages.c.id)), deliveries.c.chat_id == chat, any_state)
    return update(deliveries).where(*theirs, deliveries.c.id_sequence.in_(names)).values(id_sequence=name)


# --- what the operator decides


def retry(meant: ColumnElement[bool], *, unseen: bool) -> Update:
    """Make due again what failed, if `unseen` also what is undecided; what is no longer in its digest stays failed."""
    obsolete = select(messages.c.id).where(messages.c.is_obsolete == 1)
    dropped = and_(deliveries.c.remote_id.is_(None), deliveries.c.message_id.in_(obsolete))
    failed = and_(deliveries.c.state == FAILED, NOT_DISCARDED, not_(dropped))
    stuck = or_(failed, UNDECIDED) if unseen else failed
    again = update(deliveries).where(not_sent(deliveries), stuck, meant)
    return again.values(state=unsent(PENDING, STALE), not_before=AT_ONCE, plain=0)


def to_give_up(meant: ColumnElement[bool], *, waiting: bool) -> ColumnElement[bool]:
    """Tell what is given up: what failed and what is undecided; if `waiting`, all that is open."""
    stuck = or_(deliveries.c.state == FAILED, UNDECIDED)
    still_open = deliveries.c.state.in_((PENDING, SENDING, STALE, EDITING, FAILED, UNCONFIRMED, RECALLING))
    return and_(not_sent(deliveries), NOT_DISCARDED, still_open if waiting else stuck, meant)


def give_up(meant: ColumnElement[bool], *, waiting: bool) -> tuple[Update, Update]:
    """Give up what is stuck, or all that is open; what a chat holds already stays there as it is."""
    which, there = to_give_up(meant, waiting=waiting), deliveries.c.remote_id.is_not(None)
    discarded = {"state": FAILED, "problem": ErrorCode.DISCARDED, "error": None, "not_before": AT_ONCE}
    return (
        update(deliveries).where(which, there).values(state=SENT, problem=None, error=None),
        update(deliveries).where(which, not_(there)).values(discarded),
    )
