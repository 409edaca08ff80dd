"""Each statement that changes deliveries, on rows of every state: it does what the table of transitions allows."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Connection,
    Delete,
    Engine,
    Update,
    and_,
    create_engine,
    delete,
    func,
    insert,
    not_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from bot.database.schema import chats, deliveries, digests, messages, metadata
from bot.database.states import DELIVERY_CHANGES, DeliveryState
from bot.errors import ErrorCode
from bot.ledger.sql import claim_sql, hand_sql, linking_sql, pruning_sql, transitions
from bot.ledger.sql.claim_sql import OUTCOMES, SETTLE, outcomes
from tests.support.digests import days
from tests.support.pipeline import open_pipeline
from tests.support.setup import ROOT

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

PENDING, SENDING, SENT = DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.SENT
STALE, EDITING = DeliveryState.STALE, DeliveryState.EDITING
FAILED, UNCONFIRMED = DeliveryState.FAILED, DeliveryState.UNCONFIRMED
RECALLING, RECALLED = DeliveryState.RECALLING, DeliveryState.RECALLED

Moves = Mapping[DeliveryState, set[DeliveryState]]


@dataclass(frozen=True)
class Case:
    """A statement as it is carried out, and the states that it leads to, by those of the rows that it changes."""

    statement: Update
    moves: Moves
    values: Mapping[str, object] = field(default_factory=dict)


def _update_of(statement: Update | Delete) -> Update:
    assert isinstance(statement, Update)
    return statement


# What a worker read of each row, in any state: message, chat, state, hash, address, and a new ref.
AS_READ = [
    [n, chat, state, "wanted", "a", "new"]
    for n, chat, state in product(range(1, 10_000), (1, 2, 3), (PENDING, STALE, RECALLING))
]

# Every statement of the module that changes deliveries, by the function or constant that makes it.
CASES: dict[str, list[Case]] = {
    "mark_interrupted": [
        Case(transitions.mark_interrupted("c", 5, 0)[0], {SENDING: {UNCONFIRMED}}),
        Case(transitions.mark_interrupted("c", 5, 0)[1], {EDITING: {STALE, RECALLING}}),
    ],
    "ask_later": [Case(transitions.ask_later("c", 1e12), {UNCONFIRMED: {UNCONFIRMED}})],
    "_claim": [
        Case(
            claim_sql.CLAIM,
            {PENDING: {SENDING}, STALE: {EDITING}, RECALLING: {RECALLING}},
            {"rows": json.dumps(AS_READ), "now": 9.0},
        )
    ],
    "_settle": [],  # an outcome says the state: see below
    "reopen": [
        Case(
            transitions.reopen(select(messages.c.id)),
            {SENT: {SENT, STALE}, STALE: {SENT, STALE}, FAILED: {SENT, PENDING, STALE}},
        )
    ],
    "open_at": [Case(transitions.open_at("", 9.0, 4.0), {PENDING: {PENDING}})],
    "release_now": [Case(transitions.release_now([1, 2, 3]), {PENDING: {PENDING}})],
    "release_first": [Case(transitions.release_first(select(digests.c.id), "c", 9), {PENDING: {PENDING}})],
    "hand_over": [
        Case(transitions.hand_over(1, 4, select(messages.c.id)), {one: {one} for one in DeliveryState}),
    ],
    "rename_sequence": [
        Case(transitions.rename_sequence(1, ["here"], "there"), {one: {one} for one in {*DeliveryState} - {PENDING}}),
    ],
    "reopened": [Case(transitions.reopened(true()), {FAILED: {PENDING, STALE, RECALLING, RECALLED}})],
    "ask_again": [
        Case(transitions.ask_again(9.0)[0], {UNCONFIRMED: {UNCONFIRMED}}),
        Case(transitions.ask_again(9.0)[1], {one: {one} for one in (PENDING, STALE, UNCONFIRMED)}),
    ],
    "ask": [Case(transitions.ask(9.0), {UNCONFIRMED: {UNCONFIRMED}})],
    "retry": [
        Case(transitions.retry(true(), unseen=False), {FAILED: {PENDING, STALE, RECALLING, RECALLED}}),
        Case(
            transitions.retry(true(), unseen=True),
            {FAILED: {PENDING, STALE, RECALLING, RECALLED}, UNCONFIRMED: {PENDING, RECALLED}},
        ),
    ],
    "give_up": [
        Case(transitions.give_up(true(), waiting=False)[0], {FAILED: {SENT}}),
        Case(transitions.give_up(true(), waiting=False)[1], {FAILED: {FAILED}, UNCONFIRMED: {FAILED}}),
        Case(
            transitions.give_up(true(), waiting=True)[0], {one: {SENT} for one in (STALE, EDITING, FAILED, RECALLING)}
        ),
        Case(
            transitions.give_up(true(), waiting=True)[1],
            {one: {FAILED} for one in (PENDING, SENDING, FAILED, UNCONFIRMED)},
        ),
    ],
    "edit_index": [Case(linking_sql.edit_index(linking_sql.SETTLED.c.ref.is_not(None)), {SENT: {STALE}})],
    "drop": [Case(_update_of(hand_sql.drop(1)[3]), {STALE: {SENT}, FAILED: {SENT}})],
    "recall": [
        Case(hand_sql.recall(true())[0], {one: {RECALLING} for one in (SENT, STALE, FAILED)}),
        Case(hand_sql.recall(true())[1], {one: {RECALLED} for one in (PENDING, FAILED)}),
        Case(hand_sql.recall(true())[2], {one: {one} for one in (SENDING, EDITING, UNCONFIRMED)}),
    ],
    "end_recall": [
        Case(
            hand_sql.end_recall(true())[1],
            {**{one: {one} for one in (SENT, FAILED, SENDING, EDITING, UNCONFIRMED)}, RECALLING: {SENT}},
        ),
    ],
}
EACH = [pytest.param(case, id=f"{name} {place}") for name, cases in CASES.items() for place, case in enumerate(cases)]


# --- the statements and the table


@pytest.mark.parametrize("case", EACH)
def test_what_a_statement_does(case: Case, ledger: Connection) -> None:
    assert moves(ledger, case.statement, case.values) == case.moves


@pytest.mark.parametrize("case", EACH)
def test_a_statement_names_the_states_that_it_starts_from(case: Case) -> None:
    condition = str(case.statement.compile(dialect=sqlite.dialect())).partition("WHERE")[2]
    assert re.search(r"deliveries\.state (=|IN)", condition)


@pytest.mark.parametrize(("start", "said"), [(start, said) for start, all_ in OUTCOMES.items() for said in all_])
def test_an_outcome_leads_where_the_table_allows(start: DeliveryState, said: DeliveryState, ledger: Connection) -> None:
    there = {"remote_id": "7"} if said in (SENT, STALE) else {}
    for wording, recalled in product(("wanted", "other"), (0, 1)):
        of_state = select(deliveries).where(deliveries.c.state == start, deliveries.c.is_recalled == recalled)
        rows = ledger.execute(of_state).all()
        settled = [_named(row) | {"to_state": said, "sent_hash": wording, "has_arrived": 0, **there} for row in rows]
        with ledger.begin_nested() as undone:
            ledger.execute(SETTLE, {"outcomes": outcomes(settled), "now": 9.0})
            query = select(deliveries.c.state).where(deliveries.c.ref.in_([row.ref for row in rows])).distinct()
            [ended] = ledger.execute(query).scalars()
            undone.rollback()
        if recalled and start != RECALLING and said != UNCONFIRMED:
            assert ended == _recalled(start, said)
        else:
            assert ended == (STALE if said == SENT and wording == "other" else said)
        assert ended == start or ended in DELIVERY_CHANGES[start]


def _named(row: Any) -> dict[str, object]:
    return {"of_message": row.message_id, "of_chat": row.chat_id, "of_ref": row.ref}


def _recalled(start: DeliveryState, said: DeliveryState) -> DeliveryState:
    """Give what becomes of what was recalled while it was under way or unconfirmed."""
    return RECALLING if start == EDITING or said in (SENT, STALE) else RECALLED


def test_the_table_allows_nothing_that_no_statement_does() -> None:
    done = {
        (start, end) for cases in CASES.values() for case in cases for start in case.moves for end in case.moves[start]
    }
    told = {(start, said) for start, all_ in OUTCOMES.items() for said in all_}
    changed = {(start, STALE) for start, said in told if said == SENT}
    recalled = {(start, _recalled(start, said)) for start, said in told if said != UNCONFIRMED and start != RECALLING}
    allowed = {(start, end) for start, ends in DELIVERY_CHANGES.items() for end in ends}
    assert {(start, end) for start, end in done | told | changed | recalled if start != end} == allowed


def test_each_statement_that_changes_deliveries_x_and_tried_here() -> None:
    by_module = {"hand_sql.py": ("drop", "recall", "end_recall"), "claim_sql.py": ("_claim", "_settle")}
    elsewhere = {name: module for module, names in by_module.items() for name in names}
    elsewhere["edit_index"] = "linking_sql.py"
    assert makers("deliveries", "update") == {(elsewhere.get(name, "transitions.py"), name) for name in CASES}
    deleting = {module for module, _ in makers("deliveries", "delete")}
    assert deleting == {"transitions.py", "hand_sql.py", "pruning_sql.py"}


@pytest.mark.parametrize("given_up", [False, True])
@pytest.mark.parametrize("state", DeliveryState)
def test_only_what_is_settled_is_pruned(state: DeliveryState, given_up: bool, ledger: Connection) -> None:
    """Each chat has many deliveries of one digest here, all of which are in one state."""
    discarded = func.coalesce(deliveries.c.problem, "") == ErrorCode.DISCARDED
    of_digest = deliveries.c.message_id.in_(select(messages.c.id).where(messages.c.digest_id == 1))
    alike = and_(of_digest, deliveries.c.state == state, discarded if given_up else not_(discarded))
    ledger.execute(delete(deliveries).where(not_(alike)))
    count = ledger.execute(select(func.count()).select_from(deliveries)).scalar_one()
    deleted = ledger.execute(pruning_sql.prune(1, 9.0, [], []), {"first": 1, "last": 3}).rowcount
    is_settled = state in (SENT, RECALLED) or (state == FAILED and given_up)
    assert deleted == (count - 3 if is_settled else 0)  # the newest stays in each of three chats
    assert count > 3


def test_one_package_writes_chats() -> None:
    package = {path.name for path in (ROOT / "bot" / "ledger" / "chats").iterdir()}
    for verb in ("insert", "update", "delete"):
        assert {module for module, _ in makers("chats", verb)} <= package


def makers(table: str, verb: str) -> set[tuple[str, str]]:
    """Name what makes statements with this verb on a table, by module."""
    modules = (path for path in (ROOT / "bot").glob("**/*.py") if "migrations" not in path.parts)
    return {(path.name, name) for path in modules for name in _makers_in(path, table, verb)}


def _makers_in(path: Path, table: str, verb: str) -> Iterator[str]:
    """Find them in SQLAlchemy's words or in SQL; what is inserted or else updated is both."""
    said = {"insert": {"insert", "upsert"}, "update": {"update"}, "delete": {"delete"}}[verb]
    text = rf"{verb}\s+((or\s+\w+\s+)?into\s+|from\s+)?{table}\b"
    for top in ast.parse(path.read_text()).body:
        for node in ast.walk(top):
            match node:
                case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Name(id=of)]):
                    if (of, called in said) == (table, True):
                        yield getattr(top, "name", "a constant")
                case ast.Constant(value=str(value)) if re.search(text, value, re.IGNORECASE):
                    yield "a text"


def moves(db: Connection, statement: Update, values: Mapping[str, object]) -> Moves:
    """Carry out a statement, and tell from which states it led to which."""
    query = select(deliveries.c.message_id, deliveries.c.state)  # each message is in one chat
    before: dict[int, str] = dict(tuple(row) for row in db.execute(query))
    changed = db.execute(statement.returning(deliveries.c.message_id.label("changed")), values)
    ids = [row.changed for row in changed]
    after: dict[int, str] = dict(tuple(row) for row in db.execute(query))
    found: dict[DeliveryState, set[DeliveryState]] = {}
    for one in ids:
        found.setdefault(DeliveryState(before[one]), set()).add(DeliveryState(after[one]))
    return found


# --- the ledgers of other tests are held to the table as well


async def test_a_ledger_of_tests_refuses_what_the_table_does_not_allow(tmp_path: Path) -> None:
    async with open_pipeline(tmp_path, "a") as pipeline:
        await pipeline.run(days(1))
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    with engine.begin() as db, pytest.raises(IntegrityError, match="no such transition"):
        db.execute(update(deliveries).values(state=PENDING))
    engine.dispose()


# --- rows of every state, with all else that a statement may look at


@pytest.fixture
def ledger(filled: Engine) -> Iterator[Connection]:
    with filled.connect() as db, db.begin() as undone:
        yield db
        undone.rollback()


@pytest.fixture(scope="module")
def filled() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    with engine.begin() as db:
        metadata.create_all(db)
        digest = {"source": "s", "name": "d", "post": "p", "day": "2025-01-01", "fingerprint": "", "content": {}}
        db.execute(insert(digests).values(**digest, state="active", found_at=0.0))
        for id_, state in enumerate(("active", "paused", "removed"), 1):
            chat = {"channel": "c", "name": f"{id_}", "address": "a", "id_sequence": "here", "edition": "messages"}
            db.execute(insert(chats).values(id=id_, **chat, state=state))
        rows = list(enumerate(_rows(), 1))
        one = {"digest_id": 1, "channel": "c", "edition": "messages", "seq": 0, "body": {}, "hash": "wanted"}
        db.execute(insert(messages), [{**one, "id": n, "key": f"{n}", "is_obsolete": gone} for n, (gone, _) in rows])
        db.execute(insert(deliveries), [{"ref": f"{n}", "message_id": n, **row} for n, (_, row) in rows])
        _add_linked(db)
    yield engine
    engine.dispose()


def _add_linked(db: Connection) -> None:
    """Add digests whose index, in any state, stands in a chat with a paper that came after it."""
    states = [one for one in DeliveryState if True in _there(one)]
    for n, state in enumerate(states, 2):
        digest = {"source": "s", "name": f"{n}", "post": "p", "day": "2025-01-01", "fingerprint": "", "content": {}}
        db.execute(insert(digests).values(id=n, **digest, state="active", found_at=0.0))
        one = {"digest_id": n, "channel": "c", "edition": "messages linked", "seq": 0, "body": {}, "hash": "wanted"}
        for key, row in (
            ("index", {"state": state, "attempted_at": 1.0}),
            ("paper/1", {"state": SENT, "sent_at": 2.0}),
        ):
            message = db.execute(insert(messages).values(**one, key=key).returning(messages.c.id)).scalar_one()
            held = {"ref": f"{n} {key}", "chat_id": 1, "remote_id": "7", "id_sequence": "here", "sent_hash": "wanted"}
            db.execute(insert(deliveries).values(message_id=message, **held, **row))


def _rows() -> Iterator[tuple[int, dict[str, object]]]:
    """Give rows of every state, each with whether its message is obsolete."""
    where = ((1, 0), (2, 0), (3, 0), (1, 1))  # the chat, and whether it is recalled there
    others = product(where, (None, *ErrorCode), (None, 5.0), ("wanted", "other"), (0, 1), (0, 1))
    for ((chat, recalled), problem, time, said, tried, obsolete), state in product(others, DeliveryState):
        for there in _there(state):
            place = "here" if there or state in (SENDING, UNCONFIRMED, RECALLED) else None
            held = {"remote_id": "7" if there else None, "id_sequence": place, "is_recalled": recalled}
            more = {"chat_id": chat, "problem": problem, "not_before": time, "sent_hash": said, "attempts": tried}
            yield obsolete, {"state": state, "attempted_at": 1.0, **held, **more}


def _there(state: DeliveryState) -> tuple[bool, ...]:
    """Tell whether a chat can hold what is in this state."""
    return {FAILED: (False, True)}.get(state, (state in (SENT, STALE, EDITING, RECALLING),))
