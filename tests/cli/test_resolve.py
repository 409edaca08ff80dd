"""Settling what is stuck, and copying the ledger, as an operator does it."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.database.sqlite.backup import backup
from bot.errors import LedgerError
from tests.faults.posts import NAME, post, put
from tests.support.chats import CHANNEL, CHANNEL_NAME, GROUP, READER
from tests.support.fakes.faults import bad_request, forbidden
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.operator import Operator
from tests.support.postgres.server import PASSWORD

ONE = "2025-01-05-arxiv-crlf.md"  # one paper
HELD = "2025-01-11-daily-papers-20250111.md"  # no paper yet
DAY = NAME[:10]
LEDGER = Path("state/ledger.db")


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    operator = Operator(telegram, slack)
    operator.settle(telegram=(CHANNEL_NAME, READER))
    return operator


def refuse(operator: Operator, chat: str) -> None:
    """Let a chat refuse the index, and its plain text too."""
    operator.telegram.faults.add(bad_request("can't parse entities", method="sendMessage", chat=chat, times=2))


# --- retry and discard


async def test_where_nothing_is_stuck_there_is_nothing_to_do(operator: Operator) -> None:
    operator.post(ONE)
    await operator.run("deliver")
    retried, discarded = await operator.run("retry"), await operator.run("discard")
    assert (retried.code, retried.lines, retried.err) == (0, ["0 messages will be tried again"], "")
    assert (discarded.code, discarded.lines, discarded.err) == (0, ["nothing to give up"], "")


async def test_what_was_refused_is_sent_again_in_one_chat_and_given_up_in_the_other(operator: Operator) -> None:
    operator.post(ONE)
    refuse(operator, CHANNEL)
    refuse(operator, READER)
    assert (await operator.run("deliver")).code == 1

    retried = await operator.run("retry", CHANNEL_NAME)
    discarded = await operator.run("discard", "telegram 42")
    done, status = await operator.run("deliver"), await operator.run("status", COLUMNS="120")

    assert retried.lines == [
        "1 message will be tried again",
        "a running Paperboy does it at its next sweep, `paperboy deliver` does it now",
    ]
    assert [line.partition(": given up: ")[0] for line in discarded.lines] == ["telegram Reader (42), index"]
    assert (done.code, done.err, done.lines[-1]) == (0, "", "1 message sent")
    assert [len(operator.telegram.shown(chat)) for chat in (CHANNEL, READER)] == [2, 1]
    assert [line.split() for line in status.lines[1:4]] == [
        ["chat", "sent", "scheduled", "pending", "stale", "failed", "unconfirmed", "discarded"],
        ["telegram", "Chat", CHANNEL, f"({CHANNEL_NAME})", "2", "0", "0", "0", "0", "0", "0"],
        ["telegram", "Reader", f"({READER})", "1", "0", "0", "0", "0", "0", "1"],
    ]


def posted_twice() -> str:
    """Put two posts of one day into the blog, with other papers; give the name of the digest that is delivered."""
    put(Path("_posts"), post([1]))
    put(Path("_posts"), post([2]), f"{DAY}-more papers, part #2.md")
    return f"daily-papers/{DAY}/{DAY}-more papers, part #2"


async def test_the_names_that_status_shows_settle_one_message_alone(operator: Operator) -> None:
    """They hold blanks and a number sign: a shell must take them as they are shown."""
    second = posted_twice()
    operator.telegram.add_chat(GROUP, "supergroup")
    operator.settle(telegram=(GROUP, READER))
    operator.telegram.faults.add(bad_request("can't parse entities", method="sendMessage", times=None))
    await operator.run("deliver")
    operator.telegram.faults.clear()
    names = [f"telegram {GROUP}", second, "paper/2502.00002"]
    shown = [line for line in (await operator.run("status")).lines if line.startswith("  '")]
    [line] = [line for line in shown if shlex.split(line)[:3] == names]
    listed = json.loads((await operator.run("status", "--json")).out)["stuck"]

    retried = await operator.run("retry", *shlex.split(line)[:3])
    discarded = await operator.run("discard", GROUP, second, "index")
    left = json.loads((await operator.run("status", "--json")).out)["stuck"]

    assert len(shown) == len(listed) == 4
    assert [one["state"] for one in listed if [one["chat"], one["digest"], one["key"]] == names] == ["failed"]
    assert retried.lines[0] == "1 message will be tried again"
    assert [line.partition(":  ")[0].partition(": given up")[0] for line in discarded.lines] == [
        f"telegram Chat {GROUP} ({GROUP}), index"
    ]
    assert [one for one in listed if one not in left] == [
        one for one in listed if (one["chat"], one["digest"]) == (names[0], second)
    ]
    assert (await operator.run("deliver")).code == 1
    assert [len(operator.telegram.shown(chat)) for chat in (GROUP, READER)] == [1, 0]


@pytest.mark.parametrize("command", ["retry", "discard"])
async def test_a_digest_or_a_message_that_nobody_knows(operator: Operator, command: str) -> None:
    operator.post(ONE)
    refuse(operator, CHANNEL)
    await operator.run("deliver")
    known = "arxiv/2025-01-05"
    what = f"to be settled there: {known} index"
    for names, said in {
        (CHANNEL_NAME, "arxiv/2025-01-06"): f"{CHANNEL_NAME}: no digest arxiv/2025-01-06 there; {what}",
        (CHANNEL_NAME, known, "paper/1"): f"{CHANNEL_NAME}: no message paper/1 of {known} there; {what}",
        (READER, "x", "index"): f"{READER}: no digest x there; nothing is to be settled there",
    }.items():
        done = await operator.run(command, *names)
        assert (done.code, done.out, done.err) == (2, "", f"paperboy: {said}\n")
    sent = await operator.run(command, READER, known, "index")
    assert (sent.code, sent.lines) == (
        *(0, [{"retry": "0 messages will be tried again", "discard": "nothing to give up"}[command]]),
    )


async def test_a_held_post_is_released_or_given_up(operator: Operator) -> None:
    operator.post(HELD)
    await operator.run("deliver")

    retried = await operator.run("retry")
    assert retried.lines[:2] == [
        "0 messages will be tried again",
        "daily-papers/2025-01-11 waits no longer: the post has no papers yet",
    ]
    done = await operator.run("deliver")
    assert (done.code, done.lines[1:]) == (0, ["nothing new to send"])  # it has nothing
    assert (await operator.run("status")).lines[0].endswith("skipped: the post stayed without papers")


async def test_a_held_post_that_is_given_up_is_held_no_more(operator: Operator) -> None:
    operator.post(HELD)
    await operator.run("deliver")
    assert (await operator.run("discard")).lines == ["daily-papers/2025-01-11: given up: the post has no papers yet"]
    assert (await operator.run("deliver")).code == 0


@pytest.mark.parametrize("command", [("retry",), ("discard",), ("discard", "--all")])
async def test_a_chat_that_nobody_knows(operator: Operator, command: tuple[str, ...]) -> None:
    operator.post(ONE)
    await operator.run("deliver")
    done = await operator.run(*command, "@my_chanel")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "paperboy: @my_chanel: no such chat in the ledger; it knows: telegram @my_channel, telegram 42\n"
    )


async def test_operators_are_told_in_their_chat_and_only_once(operator: Operator) -> None:
    operator.telegram.add_chat("7", "private")
    operator.post(ONE)
    operator.telegram.faults.add(forbidden("bot was kicked from the channel chat", chat=CHANNEL, times=None))
    for _ in range(2):
        await operator.run("deliver", PAPERBOY_OPERATORS__TELEGRAM="7")
    (notice,) = operator.telegram.shown("7")
    assert notice.text.splitlines()[0] == "Paperboy"
    assert notice.text.splitlines()[1].startswith("⏸ telegram @my_channel is paused: ")


# --- backup and restore


async def test_a_restored_ledger_sends_nothing_twice(operator: Operator) -> None:
    """As the handbook says it: what was delivered after the copy was made is not known to it."""
    operator.post(ONE)
    await operator.run("deliver")
    copied = await operator.run("backup", "copy.db")
    operator.post("2025-01-06-daily-papers-20250106.md")
    await operator.run("deliver")
    before = [len(operator.telegram.shown(chat)) for chat in (CHANNEL, READER)]

    for file in LEDGER.parent.glob("ledger.db*"):
        file.unlink()
    Path("copy.db").rename(LEDGER)
    discarded = await operator.run("discard", "--all")
    done = await operator.run("deliver")

    assert (copied.code, copied.err) == (0, "")
    assert re.fullmatch(r"copy\.db: [\d,]+ bytes, checked", copied.lines[0])
    assert (discarded.code, discarded.err, bool(discarded.lines)) == (0, "", True)
    assert (done.code, done.lines[1:]) == (0, ["nothing new to send"])
    assert [len(operator.telegram.shown(chat)) for chat in (CHANNEL, READER)] == before


async def test_a_copy_that_exists_is_left_alone(operator: Operator) -> None:
    operator.post(ONE)
    await operator.run("deliver")
    Path("copy.db").write_text("precious")
    done = await operator.run("backup", "copy.db")
    assert (done.code, done.err) == (2, "paperboy: copy.db: exists already; name a new file\n")
    assert Path("copy.db").read_text() == "precious"


async def test_of_a_ledger_on_a_server_the_command_that_copies_it_is_told(operator: Operator) -> None:
    done = await operator.run(
        "backup", "a copy", PAPERBOY_STORE__URL=f"postgresql://me:{PASSWORD}@host/db?sslmode=require"
    )
    why = "ledger postgresql://me@host/db: PostgreSQL copies it itself: "
    command = "pg_dump -Fc -f 'a copy' 'postgresql://me@host/db?sslmode=require'"
    assert (done.code, done.out, done.err) == (2, "", f"paperboy: {why}{command}\n")


async def test_where_there_is_no_ledger_none_is_made(operator: Operator) -> None:
    done = await operator.run("backup", "copy.db")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"paperboy: ledger {Path.cwd() / LEDGER}: is not there yet; nothing to copy\n"
    assert not Path("copy.db").exists()
    assert not LEDGER.parent.exists()


def test_a_copy_is_whole_while_somebody_writes(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    with closing(sqlite3.connect(ledger, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE numbers (n)")
        writer.execute("INSERT INTO numbers VALUES (1)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO numbers VALUES (2)")
        size = backup(ledger, tmp_path / "copy.db")
        writer.execute("COMMIT")
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    assert size == (tmp_path / "copy.db").stat().st_size
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT n FROM numbers").fetchall() == [(1,)]


def test_a_damaged_ledger_is_not_copied(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    with closing(sqlite3.connect(ledger)) as db:
        db.execute("CREATE TABLE numbers (n)")
        db.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(5000)])
        db.commit()
    damaged = bytearray(ledger.read_bytes())
    damaged[3 * 4096 : 3 * 4096 + 100] = b"x" * 100
    ledger.write_bytes(damaged)
    with pytest.raises(LedgerError, match="damaged"):
        backup(ledger, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    ledger.touch()
    with pytest.raises(LedgerError, match="check the folder"):
        backup(ledger, tmp_path / "nowhere" / "copy.db")
