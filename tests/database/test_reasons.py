"""Why a digest stands as it does: what people read, and what older ledgers held in its place."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from bot.database import migrations
from bot.database.reasons import NOTHING, Cause, Reason
from bot.database.sqlite.engine import make_engine
from bot.database.states import DigestState, IncidentKind
from bot.delivery.decisions import Rules
from bot.ledger.ledger import open_ledger
from bot.ledger.records.digests import KnownDigest
from bot.ledger.records.reports import Incident
from bot.sources.source import FoundDigest
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import MemoryChannel
from tests.support.pipeline import Clock, Pipeline
from tests.support.usual import usual_edition

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

BASELINE, SKIPPED, HELD, ACTIVE = DigestState
HOUR, DAY = 3600.0, 86400.0
RULES = Rules(gate_wait=2 * HOUR, edits_for=3 * DAY)
WAITS = "; it is not edited before that has lasted for gate_wait"
CHANGED = [found(digest(date(2025, 1, 1), paper(1, word="other"), paper(2)))]

SENTENCES = [
    (ACTIVE, NOTHING, ""),
    (SKIPPED, Reason(Cause.MISSED), "more digests were missed than catch_up delivers"),
    (SKIPPED, Reason(Cause.STAYED_EMPTY), "the post stayed without papers"),
    (SKIPPED, Reason(Cause.GONE), "the post was taken away before it was finished"),
    (SKIPPED, Reason(Cause.GIVEN_UP), "given up by the operator"),
    (ACTIVE, Reason(Cause.LOST_ALL), "the post lost all its papers; what was delivered stays"),
    (ACTIVE, Reason(Cause.TOO_LATE), "the post changed after edits_for; what was delivered stays"),
    (HELD, Reason(Cause.EMPTY), "the post has no papers yet"),
    (HELD, Reason(Cause.SHRANK, (6, 4)), "the post shrank from 6 papers to 4"),
    (HELD, Reason(Cause.SPARSE_PAPERS, (2, 3)), "2 of the post's 3 papers say nothing yet"),
    (HELD, Reason(Cause.SPARSE_SECTIONS, (14, 26)), "14 of the post's 26 sections say nothing yet"),
    (ACTIVE, Reason(Cause.EMPTY), f"the post has no papers yet{WAITS}"),
    (ACTIVE, Reason(Cause.SHRANK, (12, 1)), f"the post shrank from 12 papers to 1{WAITS}"),
    (ACTIVE, Reason(Cause.SPARSE_PAPERS, (2, 3)), f"2 of the post's 3 papers say nothing yet{WAITS}"),
    (ACTIVE, Reason(Cause.SPARSE_SECTIONS, (4, 6)), f"4 of the post's 6 sections say nothing yet{WAITS}"),
]
# What no ledger holds as a sentence.
NEWER = [
    (HELD, Reason(Cause.FUTURE, (2062, 1, 2)), "the post is dated 2062-01-02; it is held until that day"),
    (SKIPPED, Reason(Cause.LATE), "dated more than 14 days before it was found; it is in the archive, not sent"),
    (SKIPPED, Reason(Cause.DROPPED), "dropped by the operator; it is new when its post changes"),
]
# What no version wrote, or not in this state.
OTHERS = [
    (SKIPPED, "nobody wants it"),
    (HELD, "waits for {nobody}"),
    (HELD, f"the post shrank from 6 papers to 4{WAITS}"),
    (ACTIVE, "the post shrank from 6 papers to 4"),
]


@pytest.mark.parametrize(("state", "reason", "sentence"), SENTENCES + NEWER)
def test_people_read_a_sentence(state: DigestState, reason: Reason, sentence: str) -> None:
    assert reason.sentence(state) == sentence


def test_each_cause_has_a_sentence_of_its_own() -> None:
    assert {reason.cause for _, reason, _ in SENTENCES + NEWER} == set(Cause) - {Cause.OTHER}


@pytest.mark.parametrize("reason", [reason for _, reason, _ in SENTENCES + NEWER])
def test_a_reason_is_read_as_it_was_stored(reason: Reason) -> None:
    stored = json.loads(json.dumps(reason.stored()))
    assert Reason.read(stored["cause"], stored["numbers"], stored["reason"]) == reason


# --- older ledgers, which held the sentences


@dataclass
class OldLedger:
    """A ledger in which digests stand for reasons that are sentences."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    channel: MemoryChannel = field(default_factory=MemoryChannel)

    async def make(self, *posts: Sequence[FoundDigest]) -> None:
        """Deliver posts, then put all that is in the ledger into one of before."""
        async with open_ledger(f"sqlite:///{self.folder}/today.db", self.clock) as opened:
            pipeline = Pipeline(opened, self.clock, self.channel)
            await opened.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
            for now in posts:
                await pipeline.run(now)
        await self._make_tables()
        with closing(sqlite3.connect(self.folder / "old.db", isolation_level=None)) as db:
            db.execute("ATTACH ? AS today", (f"{self.folder}/today.db",))
            for table in ("digests", "messages", "chats", "deliveries"):
                known = {row[1] for row in db.execute(f"PRAGMA today.table_info({table})")}
                both = [row[1] for row in db.execute(f"PRAGMA main.table_info({table})") if row[1] in known]
                columns = ", ".join(both)
                given = columns.replace("ref,", "coalesce(ref, hex(randomblob(8))),")
                db.execute(f"INSERT INTO {table} ({columns}) SELECT {given} FROM today.{table}")

    async def _make_tables(self) -> None:
        def upgrade(connection: Connection) -> None:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(migrations.FOLDER))
            config.set_main_option("path_separator", "os")
            command.upgrade(config, "0004")

        engine = make_engine(self.folder / "old.db")
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
        await engine.dispose()

    def write(self, day: int, state: str, sentence: str, held_since: float | None = None) -> None:
        """Let a digest stand so."""
        values = (state, sentence, held_since, f"2025-01-{day:02}")
        with closing(sqlite3.connect(self.folder / "old.db", isolation_level=None)) as db:
            db.execute("UPDATE digests SET state = ?, reason = ?, held_since = ? WHERE day = ?", values)

    def forget(self, day: int) -> None:
        """Let no chat hold anything of a digest: what is skipped was not sent."""
        of = "message_id IN (SELECT m.id FROM messages m JOIN digests d ON d.id = m.digest_id WHERE d.day = ?)"
        with closing(sqlite3.connect(self.folder / "old.db", isolation_level=None)) as db:
            db.execute(f"DELETE FROM deliveries WHERE {of}", (f"2025-01-{day:02}",))

    async def known(self) -> list[tuple[DigestState, Reason]]:
        async with open_ledger(f"sqlite:///{self.folder}/old.db", self.clock) as opened:
            return [(one.state, one.reason) for one in await opened.known_digests("blog")]

    async def run(self, now: Sequence[FoundDigest], after: float) -> tuple[list[str], KnownDigest]:
        """Look at the posts, and give what the chat reads then and how the newest digest stands."""
        self.clock.now += after
        async with open_ledger(f"sqlite:///{self.folder}/old.db", self.clock) as opened:
            pipeline = Pipeline(opened, self.clock, self.channel)
            await pipeline.look(now, rules=RULES)
            await pipeline.dispatch()
            return pipeline.read("a"), (await opened.known_digests("blog"))[-1]


@pytest.fixture
def ledger(tmp_path: Path) -> OldLedger:
    return OldLedger(tmp_path)


async def test_each_sentence_of_an_older_ledger_is_given_its_code(ledger: OldLedger) -> None:
    numbers = range(1, len(SENTENCES) + 1)
    await ledger.make(days(*numbers))
    for number, (state, _, sentence) in zip(numbers, SENTENCES, strict=True):
        ledger.write(number, state, sentence)
    assert await ledger.known() == [(state, reason) for state, reason, _ in SENTENCES]


async def test_a_sentence_that_nobody_knows_is_read_as_before(ledger: OldLedger) -> None:
    numbers = range(1, len(OTHERS) + 1)
    await ledger.make(days(*numbers))
    for number, (state, sentence) in zip(numbers, OTHERS, strict=True):
        ledger.write(number, state, sentence, held_since=5.0)
    known = await ledger.known()
    assert [reason.cause for _, reason in known] == [Cause.OTHER] * len(OTHERS)
    assert [(state, reason.sentence(state)) for state, reason in known] == OTHERS
    async with open_ledger(f"sqlite:///{ledger.folder}/old.db") as opened:
        shown = [(one.state, one.reason) for one in await opened.status.recent_digests(9)]
        assert shown == OTHERS
        assert [one.why for one in await opened.incidents.current()] == [sentence for _, sentence in OTHERS]


@pytest.mark.parametrize(
    "sentence",
    [
        "the post stayed without papers",
        "the post was taken away before it was finished",
        "the post stayed without any papers",  # in no version's words
    ],
)
async def test_what_was_skipped_without_papers_is_delivered_when_it_has_some(ledger: OldLedger, sentence: str) -> None:
    await ledger.make(days(1), days(1) + days(2, papers=0))
    ledger.write(2, "skipped", sentence)
    _, (state, reason) = await ledger.known()
    assert (state, reason.sentence(state)) == (SKIPPED, sentence)
    read, newest = await ledger.run(days(1, 2), DAY)
    assert read == ["index", "1", "2"] * 2
    assert (newest.state, newest.reason) == (ACTIVE, NOTHING)


@pytest.mark.parametrize(
    ("sentence", "papers"),
    [
        ("more digests were missed than catch_up delivers", 2),
        ("given up by the operator", 0),
        ("nobody wants it", 2),  # in no version's words
    ],
)
async def test_what_was_skipped_for_ever_stays_so(ledger: OldLedger, sentence: str, papers: int) -> None:
    await ledger.make(days(1, 2), days(1, 2) + days(3, papers=papers))
    ledger.write(3, "skipped", sentence)
    ledger.forget(3)
    before = len(ledger.channel.chats["a"])
    read, newest = await ledger.run(days(1, 2) + days(3, papers=3), DAY)
    assert len(read) == before
    assert (newest.state, newest.reason.sentence(newest.state)) == (SKIPPED, sentence)


@pytest.mark.parametrize(
    ("sentence", "now", "after"),
    [
        ("the post lost all its papers; what was delivered stays", days(1, papers=0), HOUR),
        ("the post changed after edits_for; what was delivered stays", CHANGED, 4 * DAY),
    ],
)
async def test_what_was_noted_of_a_delivered_post_is_not_noted_again(
    ledger: OldLedger, sentence: str, now: Sequence[FoundDigest], after: float
) -> None:
    await ledger.make(days(1))
    ledger.write(1, "active", sentence)
    ((_, before),) = await ledger.known()
    read, newest = await ledger.run(now, after)
    assert read == ["index", "1", "2"]
    assert (newest.state, newest.reason, newest.held_since) == (ACTIVE, before, None)


async def test_a_held_post_is_waited_for_as_long_as_before(ledger: OldLedger) -> None:
    await ledger.make(days(1), days(1) + days(2, papers=0))
    since = ledger.clock.now
    ledger.write(2, "held", "the post has no papers yet", since)
    now = days(1) + days(2, papers=0)
    _, newest = await ledger.run(now, 2 * HOUR - 1)
    assert (newest.state, newest.reason, newest.held_since) == (HELD, Reason(Cause.EMPTY), since)
    _, newest = await ledger.run(now, 1)
    assert (newest.state, newest.reason, newest.held_since) == (SKIPPED, Reason(Cause.STAYED_EMPTY), None)


async def test_a_post_that_shrank_is_told_and_waited_for_as_before(ledger: OldLedger) -> None:
    sentence = f"the post shrank from 2 papers to 1{WAITS}"
    await ledger.make(days(1))
    since = ledger.clock.now
    ledger.write(1, "active", sentence, since)
    read, newest = await ledger.run(days(1, papers=1), 2 * HOUR - 1)
    assert read == ["index", "1", "2"]
    assert (newest.reason, newest.held_since) == (Reason(Cause.SHRANK, (2, 1)), since)
    async with open_ledger(f"sqlite:///{ledger.folder}/old.db") as opened:
        assert await opened.incidents.current() == [
            Incident("held blog daily-papers/2025-01-01", IncidentKind.HELD, "daily-papers/2025-01-01", sentence)
        ]
    _, newest = await ledger.run(days(1, papers=1), 1)
    assert (newest.reason, newest.held_since) == (NOTHING, None)
