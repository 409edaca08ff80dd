"""Every statement that changes or drops deliveries, but for those of `hand_sql`.

Their times are moved by `database.sqlite.times`, too.

A test carries each statement out on rows of every state, and compares what it does with `DELIVERY_CHANGES`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    BindParameter,
    Delete,
    Select,
    Update,
    and_,
    bindparam,
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
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement

from bot.database.schema import chats, deliveries, messages
from bot.database.states import ChatState, DeliveryState
from bot.errors import ErrorCode
from formatters.edition import THREAD

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
HOUR_UNKNOWN = 1e11  # a new row waits for its chat's hour, which `open_at` or `release_now` puts in its place
# Of an unconfirmed send no time means that nothing can be found out: a person decides.
UNDECIDED = and_(deliveries.c.state == UNCONFIRMED, deliveries.c.not_before.is_(None))


def waits_for_hour(rows: Any) -> ColumnElement[bool]:
    """Tell whether a delivery waits for its chat's hour; 0 or none is the time of what was released."""
    never = (rows.c.state == PENDING, rows.c.attempts == 0)
    return and_(not_sent(rows), *never, func.coalesce(rows.c.not_before, 0.0) > 0)


# --- a run


def mark_interrupted(settle: float) -> tuple[Update, ...]:
    """Take up what a dead process left."""
    asked_at = deliveries.c.attempted_at + settle
    why = {"problem": ErrorCode.UNCONFIRMED, "error": "the program ended before the answer came"}
    unconfirmed = {"state": UNCONFIRMED, "not_before": asked_at, **why}
    return (
        update(deliveries).where(not_sent(deliveries), deliveries.c.state == SENDING).values(unconfirmed),
        update(deliveries)
        .where(not_sent(deliveries), deliveries.c.state == EDITING)
        .values(state=unsent(PENDING, STALE)),
    )


def _claim() -> ReturningUpdate[Any]:
    own, parent, index = messages.alias(), deliveries.alias(), messages.alias()
    new, recalled = deliveries.c.state == PENDING, deliveries.c.state == RECALLING
    wording = select(own.c.hash).where(own.c.id == deliveries.c.message_id).scalar_subquery()
    thread = (
        select(parent.c.remote_id)
        .select_from(own.join(index, index.c.digest_id == own.c.digest_id).join(parent))
        .where(own.c.id == deliveries.c.message_id, own.c.edition.startswith(THREAD), own.c.key != "index")
        .where(index.c.edition == own.c.edition, index.c.channel == own.c.channel, index.c.key == "index")
        .where(parent.c.chat_id == deliveries.c.chat_id)
        .scalar_subquery()
    )
    sequence = select(chats.c.id_sequence).where(chats.c.id == deliveries.c.chat_id).scalar_subquery()
    refs = select(func.json_each(bindparam("refs")).table_valued("value").c.value)
    return (
        update(deliveries)
        .where(deliveries.c.ref.in_(refs), deliveries.c.state.in_((PENDING, STALE, RECALLING)))
        .values(
            # To delete once more what is gone does no harm, so that nobody need know that it is under way.
            state=case((new, SENDING.value), (recalled, RECALLING.value), else_=EDITING.value),
            sent_hash=case((new, wording), else_=deliveries.c.sent_hash),
            thread=case((new, func.coalesce(thread, "")), else_=deliveries.c.thread),
            id_sequence=case((new, sequence), else_=deliveries.c.id_sequence),
            attempts=deliveries.c.attempts + 1,
            attempted_at=bindparam("now"),
        )
        .returning(deliveries.c.ref, func.coalesce(deliveries.c.thread, "").label("thread"))
    )


# Note that rows, a JSON list of :refs, are under way; of new messages also the wording, the id sequence of their chat,
# and the thread they go to, which their parent, sent a moment ago, decides.
CLAIM = _claim()

_UNTOUCHED = ("sent_hash", "remote_id", "id_sequence", "sent_at", "plain")  # where an outcome does not name them


def _settle() -> Update:
    wanted = select(messages.c.hash).where(messages.c.id == deliveries.c.message_id).scalar_subquery()
    state: BindParameter[str] = bindparam("to_state")
    said: BindParameter[str] = bindparam("to_sent_hash")
    again = and_(state == SENT.value, wanted != said)
    columns: dict[str, ColumnElement[Any]] = {name: deliveries.c[name] for name in _UNTOUCHED}
    known: dict[str, ColumnElement[Any]] = {
        name: func.coalesce(bindparam(f"to_{name}"), column) for name, column in columns.items()
    }
    recalled = and_(IS_RECALLED, deliveries.c.state != RECALLING, state != UNCONFIRMED.value)
    there = (and_(recalled, known["remote_id"].is_not(None)), RECALLING.value)
    return (
        update(deliveries)
        .where(deliveries.c.ref == bindparam("of"))
        .values(known | {"remote_id": case((state == RECALLED.value, null()), else_=known["remote_id"])})
        .values({name: bindparam(f"to_{name}") for name in ("not_before", "problem", "error")})
        .values(state=case(there, (recalled, RECALLED.value), (again, STALE.value), else_=state))
    )


# Write what became of a row, known by its ref: SQLite gives the id of a dropped row to another one. What was sent in
# a wording that is no longer wanted is stale at once, and what was recalled meanwhile is to be deleted.
SETTLE = _settle()

# What SETTLE is told, by the state that the row is in. No condition holds it to that: what the platform has taken
# must be written down whatever anybody wrote meanwhile, or it would be sent twice.
OUTCOMES: Mapping[DeliveryState, Collection[DeliveryState]] = {
    SENDING: (SENT, PENDING, FAILED, UNCONFIRMED),
    EDITING: (SENT, STALE, FAILED),
    UNCONFIRMED: (SENT, STALE, PENDING, UNCONFIRMED),
    RECALLING: (RECALLED, RECALLING, FAILED),
}


def outcome(delivery_ref: str, values: Mapping[str, object]) -> dict[str, object]:
    """Spell an outcome for SETTLE."""
    names = ("state", "not_before", "problem", "error", *_UNTOUCHED)
    return {"of": delivery_ref} | {f"to_{name}": values.get(name) for name in names}


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
    unsent_rows = (deliveries.c.state.in_((PENDING, FAILED)), deliveries.c.remote_id.is_(None))
    return delete(deliveries).where(*unsent_rows, which)


def open_at(schedule: str, opening: float) -> Update:
    """Move what still waits for its chat's hour to `opening`; what was released once goes on at any hour."""
    theirs = select(chats.c.id).where(chats.c.schedule == schedule)
    return update(deliveries).where(waits_for_hour(deliveries), _in(theirs)).values(not_before=opening)


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
    named = (deliveries.c.chat_id == chat, any_state, deliveries.c.id_sequence.in_(names))
    return update(deliveries).where(*named).values(id_sequence=name)


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
