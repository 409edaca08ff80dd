"""A ledger of the first version, brought up to date: what it delivered stays delivered, and goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from bot import errors
from bot.database import migrations
from bot.database.sqlite.engine import make_engine
from bot.delivery.dispatcher import RetryPolicy
from bot.ledger.chats.paces import LearntPace
from bot.ledger.ledger import open_ledger
from bot.sources.source import FoundDigest
from formatters.page import reference
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import Failure, MemoryChannel, lost, refused
from tests.support.pipeline import Clock, Pipeline
from tests.support.usual import usual_edition

DAY = days(1)[0].digest.day
FAR = RetryPolicy(settle_delay=90, first_backoff=0, longest_wait=10)
CHATS = {"a": "a", "b": "b", "gone": "gone"}

# What the first version knew, from a ledger of today; a layout was all there was to an edition.
COPIED = {
    "digests": "id, source, name, post, day, fingerprint, content, state, reason, found_at",
    "messages": "id, digest_id, channel, {layout}, key, seq, body, hash, vanished",
    "chats": "id, channel, name, address, counter, {layout}, state, reason",
    "deliveries": "{ref}, message_id, chat_id, state, plain, attempts, not_before, attempted_at, sent_at, remote_id,"
    " place, thread, sent_hash, problem, error",
}


async def made_at(path: Path, revision: str) -> None:
    """Make an empty ledger as a former version would have made it."""

    def upgrade(connection: Connection) -> None:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrations.FOLDER))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, revision)

    engine = make_engine(path)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


async def made_by_the_first_version(path: Path, today: Path) -> None:
    """Make a ledger as the first version would have left it."""
    await made_at(path, "0001")
    with sqlite3.connect(path) as db:
        db.execute("ATTACH ? AS today", (str(today),))
        for table, columns in COPIED.items():
            old = columns.format(layout="layout", ref="ref")
            new = columns.format(layout="edition", ref="coalesce(ref, hex(randomblob(8)))")
            db.execute(f"INSERT INTO {table} ({old}) SELECT {new} FROM today.{table}")
    db.close()


class Upgraded:
    """Deliver in the first version, then open its ledger with this one."""

    def __init__(self, folder: Path, layout: str) -> None:
        self.folder, self.layout = folder, layout
        self.clock, self.channel = Clock(), MemoryChannel()

    async def deliver(self, *posts: Sequence[FoundDigest]) -> None:
        """Give all chats but one, which was taken out, the first posts."""
        async with open_ledger(f"sqlite:///{self.folder}/today.db", self.clock) as opened:
            pipeline = Pipeline(opened, self.clock, self.channel, usual=usual_edition(self.layout))
            await opened.subscriptions.sync_chats("terminal", usual_edition(self.layout), CHATS)
            for now in posts:
                await pipeline.run(now, FAR)
            await opened.subscriptions.sync_chats("terminal", usual_edition(self.layout), {"a": "a", "b": "b"})
        await made_by_the_first_version(self.folder / "old.db", self.folder / "today.db")

    async def run(self, now: Sequence[FoundDigest], *, again: bool = False) -> Pipeline:
        """Do what this version does with that ledger."""
        self.clock.now += 3600
        async with open_ledger(f"sqlite:///{self.folder}/old.db", self.clock) as opened:
            pipeline = Pipeline(opened, self.clock, self.channel, usual=usual_edition(self.layout))
            await opened.subscriptions.sync_chats("terminal", usual_edition(self.layout), {"a": "a", "b": "b"})
            for chat in await opened.subscriptions.unidentified("terminal"):
                await opened.subscriptions.set_preferences(chat.id, usual_edition(self.layout), kind="group")
            await pipeline.run(now)
            for one in now:
                for each in one.digest.papers:
                    assert await opened.archive.paper("ref", reference(one.digest, each)) == (one.digest, each)
            assert [await pipeline.counts("gone")] == [{}]
        return pipeline

    def states(self) -> dict[str, int]:
        """Count what the chats of the settings hold, by state."""
        theirs = "SELECT id FROM chats WHERE state = 'active'"
        with sqlite3.connect(self.folder / "old.db") as db:
            rows = db.execute(
                f"SELECT state, count(*) FROM deliveries WHERE chat_id IN ({theirs}) GROUP BY 1"
            ).fetchall()
        db.close()
        return dict(rows)


@pytest.fixture(params=["messages", "thread"])
def ledger(tmp_path: Path, request: pytest.FixtureRequest) -> Upgraded:
    return Upgraded(tmp_path, request.param)


async def test_nothing_is_delivered_again_and_the_next_digest_is(ledger: Upgraded) -> None:
    await ledger.deliver(days(1), days(1, 2))
    for _ in range(2):
        pipeline = await ledger.run(days(1, 2))
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"] * 2
    pipeline = await ledger.run(days(1, 2, 3))
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"] * 3
    assert pipeline.read("gone") == ["index", "1", "2"] * 2


async def test_edits_are_made_in_place_and_what_is_new_joins_its_thread(ledger: Upgraded) -> None:
    await ledger.deliver([found(digest(DAY, paper(1), paper(2)))])
    pipeline = await ledger.run([found(digest(DAY, paper(1, word="new"), paper(2), paper(3)))])
    shown = ledger.channel.chats["a"]
    assert pipeline.read("a") == ["index", "1", "2", "3"]
    assert [one.edits for one in shown] == [1, 1, 0, 0]
    assert "new things" in str(shown[1].body)
    parents = [parent for address, parent in ledger.channel.threads if address == "a"]
    assert parents == ["", *[str(shown[0].id) if ledger.layout == "thread" else ""] * 3]


async def test_what_was_under_way_goes_on(ledger: Upgraded) -> None:
    """One message waits, another is unconfirmed: it has arrived."""
    ledger.channel.failures["a"] += [Failure(), refused(errors.RetryLater("wait", 900))]
    ledger.channel.failures["b"] += [Failure(), lost()]
    await ledger.deliver(days(1))
    assert [len(ledger.channel.chats[chat]) for chat in "ab"] == [1, 2]
    pipeline = await ledger.run(days(1))
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"]
    assert ledger.states() == {"sent": 6}


async def test_chats_of_before_are_those_of_the_settings_and_chose_nothing(ledger: Upgraded) -> None:
    await ledger.deliver(days(1))
    await ledger.run(days(1))
    async with open_ledger(f"sqlite:///{ledger.folder}/old.db") as opened:
        known = [await opened.subscriptions.find("terminal", (name,)) for name in CHATS]
        assert [(one.state, one.layout, one.language, one.schedule) for one in known if one] == [
            *(("active", "", "", ""),) * 2,
            ("removed", "", "", ""),
        ]
        await opened.subscriptions.sync_chats("terminal", usual_edition(ledger.layout), {})
        assert await opened.subscriptions.schedules() == []
        hits, count = await opened.archive.search("plain things", 9, 0)
        assert (len(hits), count) == (2, 2)


async def test_a_post_that_was_held_is_waited_for_no_longer_than_one_of_today(ledger: Upgraded) -> None:
    await ledger.deliver(days(1, papers=0))
    with sqlite3.connect(ledger.folder / "old.db") as db:
        db.execute("UPDATE digests SET state = 'held'")
    db.close()
    async with open_ledger(f"sqlite:///{ledger.folder}/old.db", ledger.clock) as opened:
        (held,) = await opened.known_digests("blog")
        assert held.held_since == held.found_at > 0


OF_BEFORE = """
    INSERT INTO chats (id, channel, name, address, counter, edition, state, reason) VALUES
        (1, 'slack', 'paused', 'paused', '', 'messages', 'paused', 'archived'),
        (2, 'slack', 'tried', 'tried', '', 'messages', 'active', ''),
        (3, 'slack', 'gone', 'gone', '', 'messages', 'removed', 'archived'),
        (4, 'slack', 'open', 'open', '', 'messages', 'active', '');
    INSERT INTO digests (id, source, name, post, day, fingerprint, content, state, found_at)
        VALUES (1, 'blog', 'd', 'p', '2025-01-01', '', json_object('id', 'd', 'series', '', 'day', '2025-01-01',
            'title', '', 'url', '', 'preface', '', 'papers', json_array()), 'active', 1);
    INSERT INTO messages (id, digest_id, channel, edition, key, seq, body, hash) VALUES
        (1, 1, 'slack', 'messages', 'index', 0, '{}', ''), (2, 1, 'slack', 'messages', 'paper/1', 1, '{}', '');
    INSERT INTO deliveries (ref, message_id, chat_id, state, problem, error) VALUES
        ('a', 1, 1, 'failed', 'ChatGone', 'archived'), ('b', 1, 2, 'pending', 'ChatGone', 'no right'),
        ('c', 2, 2, 'pending', NULL, NULL), ('d', 1, 3, 'failed', 'ChatGone', 'archived'),
        ('e', 1, 4, 'failed', 'Rejected', 'too odd'), ('f', 2, 4, 'sent', 'ChatGone', 'once');
    INSERT INTO notices (key, over) VALUES ('paused 1', ''), ('paused 2', '');
"""


async def test_times_that_a_clock_wrote_which_was_ahead_are_moved_at_the_first_write(tmp_path: Path) -> None:
    await made_at(tmp_path / "ledger.db", "0012")
    clock = Clock()
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute(
            "INSERT INTO searches (channel, address, words, asked_at) VALUES ('slack', 'a', 'one', ?)",
            (clock.now + 86_400,),
        )
    db.close()
    async with open_ledger(f"sqlite:///{tmp_path}/ledger.db", clock) as opened:
        await opened.subscriptions.sync_chats("slack", usual_edition(), {})
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        (asked_at,) = db.execute("SELECT asked_at FROM searches").fetchone()
    db.close()
    assert asked_at == pytest.approx(clock.now, abs=0.01)


async def test_chats_that_were_paused_or_tried_again_are_paused_since_nobody_knows_when(tmp_path: Path) -> None:
    await made_at(tmp_path / "ledger.db", "0008")
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.executescript(OF_BEFORE)
    db.close()
    async with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as opened:
        assert [(one.chat, one.since, one.why, one.is_tried) for one in await opened.status.paused()] == [
            ("paused", None, "archived", False),
            ("tried", None, "no right", True),
        ]
        gone = await opened.subscriptions.find("slack", ("gone",))
        assert gone
        assert (gone.state, gone.reason, gone.paused_at) == ("removed", "", None)
        told = await opened.incidents.reported()
        assert {one.key for one in await opened.incidents.current() if one.kind == "paused"} == told.keys()


async def test_a_ledger_of_before_learns_paces_and_keeps_all_else(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    await made_at(path, "0013")
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO notices (key, over) VALUES ('bot telegram', '')")
    db.close()
    pace = LearntPace("telegram", "bot", 30, 1.0, 24.0, 1_750_000_000.0)
    async with open_ledger(f"sqlite:///{path}") as ledger:
        assert await ledger.paces.listed() == []
        for learnt in (27.0, 24.0):
            await ledger.paces.keep(replace(pace, learnt=learnt))
        assert await ledger.paces.listed() == [pace]
        assert list(await ledger.incidents.reported()) == ["bot telegram"]


async def test_deliveries_keep_their_refs_and_a_copy_that_fails_changes_nothing(tmp_path: Path) -> None:
    path, held = (
        tmp_path / "ledger.db",
        "SELECT ref, message_id, chat_id, state, problem, error FROM deliveries ORDER BY 1",
    )
    await made_at(path, "0020")
    with sqlite3.connect(path) as db:
        db.executescript(OF_BEFORE)
        rows = db.execute(held).fetchall()
        # What is done towards the end is to make this index.
        db.execute("DROP INDEX ix_deliveries_unsettled")
        db.execute("CREATE INDEX ix_deliveries_unsettled ON chats (title)")
    with pytest.raises(errors.LedgerError, match="already exists"):
        async with open_ledger(f"sqlite:///{path}"):
            pass
    with sqlite3.connect(path) as db:
        assert db.execute(held).fetchall() == rows
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [("0020",)]
        db.execute("DROP INDEX ix_deliveries_unsettled")
    async with open_ledger(f"sqlite:///{path}"):
        pass
    with sqlite3.connect(path) as db:
        assert db.execute(held).fetchall() == rows
    db.close()
