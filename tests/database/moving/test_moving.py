"""A ledger moves from its file to PostgreSQL with all that is in it, or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from bot.database.sqlite.moving.exclusive import hold_alone
from bot.database.sqlite.moving.ledger import move_ledger
from bot.errors import LedgerError
from bot.ledger.ledger import open_ledger
from tests.database.moving.support import (
    LEDGERS,
    change,
    is_empty,
    ledger_of_today,
    move,
    of_file,
    of_server,
    old_ledger,
    opened,
)
from tests.support.postgres.databases import Databases
from tests.support.postgres.server import ADMIN

NAMES = sorted(path.stem for path in LEDGERS.glob("*.db"))


async def refused(path: Path, url: str) -> str:
    """Try to move a ledger; nothing is moved, and the file stays where it is."""
    with pytest.raises(LedgerError) as raised:
        await move(path, url)
    assert not path.with_name(f"{path.name}.moved").exists()
    return str(raised.value)


# --- what is moved


@pytest.mark.parametrize("name", NAMES)
async def test_a_ledger_of_each_version_is_moved_whole(tmp_path: Path, postgres_url: str, name: str) -> None:
    path = old_ledger(tmp_path, name)
    moved = await move(path, postgres_url)
    before, after = of_file(moved), of_server(postgres_url)
    assert before == after
    assert not is_empty(after)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["paperboy.db.lock", "paperboy.db.moved"]


async def test_what_is_planned_next_gets_numbers_that_nothing_has(tmp_path: Path, postgres_url: str) -> None:
    await move(old_ledger(tmp_path), postgres_url)
    with psycopg.connect(postgres_url) as db:
        for table, column in (("chats", "id"), ("messages", "id"), ("digests", "id"), ("searches", "id")):
            highest = db.execute(f"SELECT max({column}) FROM {table}".encode()).fetchone()
            following = db.execute("SELECT nextval(pg_get_serial_sequence(%s, %s))", (table, column)).fetchone()
            assert highest
            assert following == (highest[0] + 1,)


async def test_the_server_knows_how_many_rows_there_are(tmp_path: Path, postgres_url: str) -> None:
    await move(old_ledger(tmp_path), postgres_url)
    with psycopg.connect(postgres_url) as db:
        found = db.execute("SELECT reltuples FROM pg_class WHERE relname IN ('deliveries', 'words') ORDER BY 1")
        assert found.fetchall() == [(17,), (178,)]


async def test_papers_are_found_after_the_move(tmp_path: Path, postgres_url: str) -> None:
    await move(old_ledger(tmp_path), postgres_url)
    async with open_ledger(postgres_url) as ledger:
        assert (await ledger.archive.search("plain", 5, 0))[1] == 17


async def test_an_empty_ledger_takes_the_rows(tmp_path: Path, postgres_url: str) -> None:
    """As one is where `doctor` looked at the server first."""
    async with open_ledger(postgres_url):
        pass
    moved = await move(old_ledger(tmp_path), postgres_url)
    assert of_server(postgres_url) == of_file(moved)


async def test_what_postgresql_cannot_hold_in_a_text_is_left_out(tmp_path: Path, postgres_url: str) -> None:
    path = await ledger_of_today(tmp_path)
    change(path, r"UPDATE chats SET title = ''' \x00 b'''")
    change(path, "UPDATE chats SET title = 'a' || char(0) || 'b' WHERE id = 1")
    await move(path, postgres_url)
    with psycopg.connect(postgres_url) as db:
        titles = db.execute("SELECT DISTINCT title FROM chats ORDER BY title").fetchall()
    assert titles == [("' \\x00 b'",), ("ab",)]


async def test_json_stays_as_it_is_written(tmp_path: Path, postgres_url: str) -> None:
    written = r'{"b": 1.50, "a": ["\\u0000", "\\\\ud800", "\ud83d\udc4d \u00e9", 1e400],  "b":2}'
    path = await ledger_of_today(tmp_path)
    change(path, f"UPDATE messages SET body = '{written}' WHERE id = 1")
    await move(path, postgres_url)
    with psycopg.connect(postgres_url) as db:
        assert db.execute("SELECT body::text FROM messages WHERE id = 1").fetchone() == (written,)


async def test_what_postgresql_cannot_read_in_json_is_left_out(tmp_path: Path, postgres_url: str) -> None:
    """Of a title that is asked for, PostgreSQL reads all escapes of the JSON before it."""
    path = await ledger_of_today(tmp_path)
    odd = r'"\u0000a \\u0000 \ud83d b \uDE00 \ud83d\ude00"'
    change(path, f"UPDATE digests SET content = json_set(content, '$.title', json('{odd}'))")
    await move(path, postgres_url)
    async with open_ledger(postgres_url) as ledger:
        _, listed = await ledger.archive.contents.listed(None, 0, 0)
        assert {one.title for one in listed} == {"a \\u0000 \ufffd b \ufffd \U0001f600"}


async def test_what_was_copied_before_a_crash_is_only_renamed(tmp_path: Path, postgres_url: str) -> None:
    """The rows were committed, and the file was not renamed yet."""
    path, told = old_ledger(tmp_path), list[str]()
    moved = await move(path, postgres_url)
    moved.rename(path)
    assert await move(path, postgres_url, lambda doing, *_: told.append(doing.partition(" ")[0])) == moved
    assert set(told) == {"comparing"}


# --- afterwards


async def test_no_new_ledger_begins_where_one_was_moved_from(tmp_path: Path, postgres_url: str) -> None:
    path = old_ledger(tmp_path)
    moved = await move(path, postgres_url)
    with pytest.raises(LedgerError, match=r"it was moved to PostgreSQL; set store\.url to its address there"):
        async with open_ledger(f"sqlite:///{path}"):
            pass
    assert (path.exists(), moved.exists()) == (False, True)
    with pytest.raises(LedgerError, match="it was moved to PostgreSQL"):
        await move(path, postgres_url)


async def test_who_goes_back_renames_the_file(tmp_path: Path, postgres_url: str) -> None:
    path = old_ledger(tmp_path)
    (await move(path, postgres_url)).rename(path)
    async with open_ledger(f"sqlite:///{path}") as ledger:
        assert len(await ledger.known_digests("blog")) == 9


# --- what is refused


async def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    path.write_bytes(b"x" * 10_000)
    with pytest.raises(LedgerError, match="this file is no ledger, or is damaged"):
        async with hold_alone(path):
            pass


async def test_words_that_are_missing_afterwards(tmp_path: Path, postgres_url: str) -> None:
    async def forgets(_: object) -> None:
        pass

    path = old_ledger(tmp_path)
    with pytest.raises(LedgerError, match=r"table words is not as in .*; nothing was moved"):
        await move_ledger(path, postgres_url, opened, forgets, lambda *_: None)
    assert is_empty(of_server(postgres_url))


async def test_rows_that_are_others_afterwards(tmp_path: Path, postgres_url: str) -> None:
    async with open_ledger(postgres_url):
        pass
    with psycopg.connect(postgres_url) as db:
        db.execute(
            "CREATE FUNCTION alter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title = 'x'; RETURN NEW; END $$"
        )
        db.execute("CREATE TRIGGER altered BEFORE INSERT ON chats FOR EACH ROW EXECUTE FUNCTION alter()")
    assert "table chats is not as in " in await refused(old_ledger(tmp_path), postgres_url)
    assert is_empty(of_server(postgres_url))


async def test_a_ledger_that_is_not_there(tmp_path: Path, postgres_url: str) -> None:
    assert "is not there; nothing to move" in await refused(tmp_path / "paperboy.db", postgres_url)
    assert list(tmp_path.iterdir()) == []


async def test_an_earlier_ledger_is_not_overwritten(tmp_path: Path, postgres_url: str) -> None:
    path, earlier = old_ledger(tmp_path), tmp_path / "paperboy.db.moved"
    earlier.write_text("precious")
    with pytest.raises(LedgerError, match="exists already, from an earlier move"):
        await move(path, postgres_url)
    assert (earlier.read_text(), of_server(postgres_url)) == ("precious", {})


async def test_a_damaged_ledger(tmp_path: Path, postgres_url: str) -> None:
    path = old_ledger(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "the file is damaged" in await refused(path, postgres_url)


async def test_a_ledger_that_a_bot_has_open(tmp_path: Path, postgres_url: str) -> None:
    """Between two sweeps it holds no lock."""
    path = old_ledger(tmp_path)
    async with open_ledger(f"sqlite:///{path}") as ledger:
        await ledger.known_digests("blog")
        assert "a program has it open; stop Paperboy" in await refused(path, postgres_url)
        await ledger.mark_interrupted("telegram", 0.0)  # it goes on
    assert of_server(postgres_url) == {}
    await move(path, postgres_url)


async def test_a_ledger_that_is_delivered_from(tmp_path: Path, postgres_url: str) -> None:
    path = old_ledger(tmp_path)
    async with open_ledger(f"sqlite:///{path}") as ledger, ledger.delivery_lock(asyncio.Event()):
        assert "Paperboy is delivering from it; stop it" in await refused(path, postgres_url)


async def test_nobody_else_writes_meanwhile(tmp_path: Path, postgres_url: str) -> None:
    path, seen = old_ledger(tmp_path), list[str]()

    def write(*_: object) -> None:
        with closing(sqlite3.connect(path, timeout=0)) as db:
            try:
                db.execute("UPDATE chats SET title = 'late'")
            except sqlite3.OperationalError as error:
                seen.append(str(error))

    await move(path, postgres_url, write)
    assert set(seen) == {"database is locked"}


async def test_a_server_that_is_worked_on(tmp_path: Path, postgres_url: str) -> None:
    path = old_ledger(tmp_path)
    async with open_ledger(postgres_url) as ledger:
        async with ledger.delivery_lock(asyncio.Event()):
            assert "Paperboy is at work on it; stop it" in await refused(path, postgres_url)
        await ledger.bots.join()
        assert "Paperboy is at work on it; stop it" in await refused(path, postgres_url)
    assert is_empty(of_server(postgres_url))
    await move(path, postgres_url)


async def test_a_server_that_holds_another_ledger(tmp_path: Path, postgres_url: str) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first, second = await ledger_of_today(tmp_path / "first"), await ledger_of_today(tmp_path / "second")
    await move(first, postgres_url)
    before = of_server(postgres_url)
    change(second, "UPDATE deliveries SET attempts = attempts + 1 WHERE message_id = 1")
    assert "holds another ledger already; name an empty database" in await refused(second, postgres_url)
    change(second, "DELETE FROM notices WHERE key = 'silent blog'")
    assert "holds another ledger already" in await refused(second, postgres_url)
    assert of_server(postgres_url) == before


async def test_a_server_whose_clock_is_behind(tmp_path: Path, postgres_url: str) -> None:
    """What was written last would lie in the future there."""
    path = await ledger_of_today(tmp_path)
    change(path, f"UPDATE clock SET written_at = {2**33}")
    said = await refused(path, postgres_url)
    assert "the clock of the server is " in said
    assert is_empty(of_server(postgres_url))


UNFIT = {
    "UPDATE chats SET state = 'asleep' WHERE id = 3": "table chats, id 3: new row",
    "UPDATE chats SET silent = 'loud' WHERE id = 4": "table chats, id 4: invalid input syntax for type integer",
    f"UPDATE chats SET most_cards = {2**31} WHERE id = 5": "table chats, id 5: value",
    "UPDATE chats SET title = x'00ff' WHERE id = 6": "table chats, id 6: it holds bytes, which are no text",
    "UPDATE notices SET over = x'41' WHERE key = 'silent blog'": "table notices, key 'silent blog': it holds bytes",
    "UPDATE messages SET body = '{' WHERE id = 7": "table messages, id 7: invalid input syntax for type json",
    "UPDATE messages SET digest_id = 99 WHERE id = 8": "Key (digest_id)=(99) is not present",
    "UPDATE replies SET sent_at = 'noon'": "table replies, id 1: invalid input syntax for type double precision",
}


@pytest.mark.parametrize("statement", UNFIT)
async def test_a_row_that_postgresql_does_not_take(tmp_path: Path, postgres_url: str, statement: str) -> None:
    path = await ledger_of_today(tmp_path)
    change(path, statement)
    before = of_file(path)
    said = await refused(path, postgres_url)
    assert UNFIT[statement] in said
    assert "correct or delete that row with the program sqlite3, then run again: nothing was moved" in said
    assert is_empty(of_server(postgres_url))
    assert of_file(path) == before


async def test_a_database_that_another_program_has(tmp_path: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as db:
        db.execute("CREATE TABLE messages (id int)")
    assert "a table messages, which is none of Paperboy's" in await refused(old_ledger(tmp_path), postgres_url)


async def test_a_database_that_cannot_spell_everything(tmp_path: Path, postgres_databases: Databases) -> None:
    admin = postgres_databases.connect(ADMIN)
    admin.execute(
        "CREATE DATABASE narrow OWNER paperboy TEMPLATE template0 ENCODING LATIN1 LOCALE 'C' LOCALE_PROVIDER libc"
    )
    try:
        assert "encoding" in await refused(old_ledger(tmp_path), postgres_databases.url("narrow"))
    finally:
        admin.execute("DROP DATABASE narrow WITH (FORCE)")
        admin.close()
