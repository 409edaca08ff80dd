"""The SQL of digests, a function or constant per statement; `ledger` runs them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Insert, Select, Update, and_, case, exists, false, func, literal, not_, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement

from bot.archive.index import IS_KEPT, PAPER_COUNT, REASON, digest_row, digest_to_json
from bot.database.dialect import insert as upsert
from bot.database.dialect import unindexed
from bot.database.schema import chats, deliveries, digests, messages, papers
from bot.database.states import DIGEST_CHANGES, ChatState, DeliveryState, DigestState, Unplanned
from bot.ledger.records.digests import PlannedDigest, StatusChange
from bot.ledger.sql.transitions import IS_RECALLED, not_sent
from formatters.model import Digest

_LISTED = func.aggregate_strings(papers.c.paper, "\n")
_PAPER_IDS = select(_LISTED).where(papers.c.digest_id == digests.c.id).correlate(digests).scalar_subquery()


def _is_recalling() -> ColumnElement[bool]:
    """Tell whether messages of a dropped digest are still to be deleted, or looked for, in chats that can be called."""
    # SQLite would look up all deliveries of each message, not knowing how few of them are not settled.
    theirs = deliveries.join(messages, messages.c.id == unindexed(deliveries.c.message_id)).join(chats)
    found = and_(deliveries.c.state == DeliveryState.UNCONFIRMED, IS_RECALLED, deliveries.c.not_before.is_not(None))
    waits = (not_sent(deliveries), or_(deliveries.c.state == DeliveryState.RECALLING, found))
    some = exists().select_from(theirs).where(*waits, messages.c.digest_id == digests.c.id)
    return case((not_(IS_KEPT), some.where(chats.c.state == ChatState.ACTIVE).correlate(digests)), else_=false())


_IS_RECALLING = _is_recalling()


def known(source: str) -> Select[tuple[Any, ...]]:
    columns = (
        *(digests.c.name, digests.c.post, digests.c.day, digests.c.fingerprint, digests.c.state, *REASON),
        *(PAPER_COUNT.label("papers"), digests.c.found_at, digests.c.held_since),
        *(_PAPER_IDS.label("paper_ids"), digests.c.told_apart, _IS_RECALLING.label("is_recalling")),
        *(digests.c.unplanned, digests.c.is_over),
    )
    return select(*columns).where(digests.c.source == source).order_by(digests.c.day, digests.c.post)


def write_digest(source: str, planned: PlannedDigest, now: float) -> Insert:
    """Write a digest and give its id; nothing of one that was dropped, unless that is taken back."""
    values = {
        **digest_row(planned.digest, planned.post, planned.fingerprint, planned.state),
        **planned.reason.stored(),
        "held_since": planned.held_since,
    }
    row = upsert(digests).values(source=source, name=planned.digest.id, found_at=now, told_apart=1, **values)
    # A digest that was held is found when it has papers: whoever subscribed meanwhile receives it.
    found = {"found_at": now} if planned.to_new_chats and planned.may_edit else {}
    # Whoever planned it may not know yet that it was dropped meanwhile.
    may = or_(IS_KEPT, literal(planned.lifts_drop))
    return row.on_conflict_do_update(index_elements=["source", "name"], set_=values | found, where=may).returning(
        digests.c.id
    )


def write_reading(source: str, digest: Digest, fingerprint: str) -> ReturningUpdate[Any]:
    """Write how a post is read now that says what it said."""
    values = {"fingerprint": fingerprint, "content": digest_to_json(digest)}
    return update(digests).where(is_digest(source, digest.id)).values(values).returning(digests.c.id)


def change_status(source: str, one: StatusChange) -> Update:
    """Write the state of a digest, unless it came meanwhile into a state that does not lead there."""
    noted = {"state": one.state, **one.reason.stored(), "held_since": one.held_since}
    before = [state for state, after in DIGEST_CHANGES.items() if state is one.state or one.state in after]
    leads = (digests.c.state.in_(before), IS_KEPT)
    return update(digests).where(is_digest(source, one.name), *leads).values(noted)


def record_post(source: str, name: str, post: str) -> Update:
    """Write the post of a delivered digest, which may have been renamed."""
    delivered = (is_digest(source, name), digests.c.state == DigestState.ACTIVE)
    return update(digests).where(*delivered).values(post=post).returning(digests.c.id)


def note_unplanned(digest: int, what: Unplanned) -> Update:
    """Note that so much of planning a digest is left; more may be left from before."""
    return update(digests).where(digests.c.id == digest, digests.c.unplanned < what).values(unplanned=what)


def note_planned(digest: int, what: Unplanned) -> Update:
    """Note that so much of planning a digest is done; more may be left from before."""
    done = (digests.c.id == digest, digests.c.unplanned != Unplanned.NOTHING, digests.c.unplanned <= what)
    return update(digests).where(*done).values(unplanned=Unplanned.NOTHING)


def told_apart(source: str) -> Update:
    """Write that what a former version passed over beside the digests of a source is known now."""
    return update(digests).where(digests.c.source == source, digests.c.told_apart == 0).values(told_apart=1)


def content(source: str, name: str) -> Select[tuple[Any, ...]]:
    return select(digests.c.content).where(is_digest(source, name))


def number(source: str, name: str) -> Select[int]:
    return select(digests.c.id).where(is_digest(source, name))


def is_digest(source: str, name: str) -> ColumnElement[bool]:
    return and_(digests.c.source == source, digests.c.name == name)
