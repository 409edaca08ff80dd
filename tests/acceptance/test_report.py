"""One run now, and its status: what an operator sees of it, with both platforms' fakes behind it."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cli.delivery.deliver import deliver_once
from bot.config.fields import WEEKDAYS
from bot.config.loading import load
from bot.ledger.chats.paces import LearntPace
from bot.ledger.ledger import open_ledger
from tests.faults.process import Process, get_ready
from tests.faults.program import Conditions
from tests.support.chats import CHANNEL, CHANNEL_NAME, READER, SLACK_CHAT
from tests.support.fakes.faults import flood, forbidden, truncated
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.golden import DATA
from tests.support.installed import PATH, TOKENS
from tests.support.operator import Operator
from tests.support.usual import usual_edition

EDITED = "2025-02-03-daily-papers-20250203.md"
ONE = "2025-01-05-arxiv-crlf.md"  # one paper, so that a run is an index and a message
HELD = "2025-01-11-daily-papers-20250111.md"
NEXT = "Next run: "
READ = "source daily: 1 post read, 1 digest, 1 paper"
TITLED = f"telegram Chat {CHANNEL} (@my_channel)"


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    return Operator(telegram, slack)


# A run that goes well


async def test_a_clock_that_was_set_back_is_said_and_changes_no_exit_code(operator: Operator) -> None:
    operator.settle(telegram=(READER,))
    operator.post(ONE)
    await operator.run("deliver")
    with sqlite3.connect("state/ledger.db") as db:
        db.execute("UPDATE clock SET written_at = written_at + 7200")
    db.close()
    done, status = await operator.run("deliver"), await operator.run("status")
    assert (done.code, len(operator.telegram.shown(READER))) == (0, 2)
    said = "⚠ The clock of this computer went back by 2:00 hours; the times in the ledger were moved with it."
    assert said in done.err
    assert said in " ".join(status.lines)


async def test_deliver_twice_and_look_at_the_status(operator: Operator) -> None:
    operator.settle(telegram=(CHANNEL_NAME, READER), slack=(SLACK_CHAT,))
    operator.post(ONE)

    before = await operator.run("status")
    first = await operator.run("deliver")
    sent = len(operator.telegram.calls) + len(operator.slack.calls)
    second = await operator.run("deliver")
    after = await operator.run("status")

    assert (before.code, before.err, before.lines[0]) == (0, "", "Nothing was delivered yet.")
    assert (first.code, first.err) == (0, "")
    assert first.lines[0] == READ
    assert [line.rpartition(" in ")[0] for line in sorted(first.lines[1:-1])] == [
        "slack C0123ABCD arxiv/2025-01-05: 2 sent",
        "telegram 42 arxiv/2025-01-05: 2 sent",
        f"{TITLED} arxiv/2025-01-05: 2 sent",
    ]
    assert first.lines[-1] == "6 messages sent"
    assert (second.code, second.lines, second.err) == (0, [READ, "nothing new to send"], "")
    assert len(operator.telegram.calls) + len(operator.slack.calls) == sent
    assert [len(operator.telegram.shown(chat)) for chat in (CHANNEL, READER)] == [2, 2]
    assert [bool(message.thread_ts) for message in operator.slack.shown(SLACK_CHAT)] == [False, True]
    assert (after.code, after.err) == (0, "")
    assert after.lines[-2] == READ
    assert [line.split() for line in after.lines[:-2]] == [
        ["arxiv/2025-01-05,", "1", "paper,", "active"],
        ["chat", "sent", "scheduled", "pending", "stale", "failed", "unconfirmed"],
        ["slack", "#papers", f"({SLACK_CHAT})", "2", "0", "0", "0", "0", "0"],
        [*TITLED.split(), "2", "0", "0", "0", "0", "0"],
        ["telegram", "Reader", f"({READER})", "2", "0", "0", "0", "0", "0"],
        [],
    ]
    assert after.lines[-1].startswith(NEXT)
    assert after.lines[-1].endswith(" 08:30 Asia/Seoul")


async def test_the_summary_tells_what_was_sent_from_what_was_edited(operator: Operator) -> None:
    one, two = ((DATA / "edits" / f"version-{n}.md").read_text("utf-8") for n in (1, 2))
    three = two.replace("BERT-large", "BERT")
    summaries = []
    for text in (one, two, three, three.replace("학습", "훈련")):
        Path("_posts", EDITED).write_text(text, "utf-8")
        done = await operator.run("deliver")
        summaries.append((done.code, done.err, done.lines[-1]))

    assert summaries == [
        (0, "", "4 messages sent"),
        (0, "", "1 message sent, 3 edited"),
        (0, "", "1 message edited"),
        (0, "", "3 messages edited"),
    ]


async def test_chats_with_hours_of_their_own_wait_for_them(operator: Operator) -> None:
    operator.settle(telegram=(CHANNEL_NAME, READER))
    await operator.run("deliver")
    later = WEEKDAYS[(datetime.now(UTC).weekday() + 2) % 7]
    async with open_ledger(f"sqlite:///{Path.cwd()}/state/ledger.db") as ledger:
        chat = await ledger.subscriptions.find("telegram", (READER,))
        assert chat is not None
        await ledger.subscriptions.set_preferences(chat.id, usual_edition(), schedule=f"08:00 {later} UTC")
    operator.post(ONE)

    done = await operator.run("deliver")
    status = await operator.run("status")

    assert (done.code, done.err, done.lines[-1]) == (0, "", "2 messages sent")
    assert operator.telegram.shown(READER) == []
    counts = next(line.split() for line in status.lines if line.startswith("telegram 42"))
    assert counts == ["telegram", READER, "0", "2", "0", "0", "0", "0"]


async def test_the_number_of_a_topic_stays_as_it_is(operator: Operator) -> None:
    """Between colons 100 is, to others, the name of a picture; and the line is longer than 80 columns."""
    operator.telegram.add_chat("-1001234567890", "supergroup", topics=(100,))
    operator.settle(telegram=("-1001234567890:100",))
    operator.post(ONE)
    operator.telegram.faults.add(
        forbidden("bot was kicked from the supergroup chat", chat="-1001234567890", times=None)
    )

    done = await operator.run("deliver")
    status = await operator.run("status")
    doctor = await operator.run("doctor")

    assert "telegram -1001234567890:100, since " in done.err
    assert [line for line in status.lines if line.startswith("  telegram -1001234567890:100: ")]
    assert [line.split()[1] for line in status.lines if line.startswith("telegram ")] == ["-1001234567890:100"]
    assert [line for line in doctor.lines if line.startswith("✗ telegram -1001234567890:100: ")]


@pytest.mark.parametrize(
    ("listen", "chat", "asked"),
    [("polling", CHANNEL_NAME, 1), ("polling", CHANNEL, 1), ("off", CHANNEL_NAME, 1), ("off", CHANNEL, 0)],
)
async def test_a_chat_is_asked_about_once_where_readers_are_heard_or_it_is_called_by_a_name(
    operator: Operator, listen: str, chat: str, asked: int
) -> None:
    operator.settle(telegram=(chat,))
    operator.post(ONE)

    for _ in range(2):
        done = await operator.run("deliver", PAPERBOY_TELEGRAM__LISTEN=listen, PAPERBOY_TELEGRAM__CARDS="short")
        assert (done.code, done.err) == (0, "")

    assert [call.method for call in operator.telegram.calls].count("getChat") == asked
    assert ["reply_markup" in call.arguments for call in operator.telegram.calls if call.method == "sendMessage"] == [
        False,
        listen != "off",  # where nobody is heard there are no buttons
    ]


async def test_the_status_as_json(operator: Operator) -> None:
    before = await operator.run("status", "--json")
    operator.post(ONE)
    await operator.run("deliver")
    after = await operator.run("status", "--json")

    assert (before.code, json.loads(before.out)["digests"]) == (0, [])
    found: dict[str, Any] = json.loads(after.out)
    line = {"source": "daily", "digest": "arxiv/2025-01-05", "channel": "telegram", "chat": CHANNEL_NAME}
    named = {"title": f"Chat {CHANNEL}", "address": CHANNEL_NAME, "label": TITLED}
    assert found["digests"] == [
        {
            "source": "daily",
            "name": "arxiv/2025-01-05",
            "state": "active",
            "reason": "",
            "papers": 1,
            "waits": False,
            "is_over": False,
            "chats": [{**line, **named, "counts": {"sent": 2}, "problems": []}],
        }
    ]
    assert found["paused"] == []
    when = datetime.fromisoformat(found["next_run"])
    assert (when.hour, when.minute, str(when.utcoffset())) == (8, 30, "9:00:00")


async def test_a_platform_that_allows_less_than_it_documents_is_shown(operator: Operator) -> None:
    operator.post(ONE)
    await operator.run("deliver")
    assert json.loads((await operator.run("status", "--json")).out)["paces"] == []
    day = 86_400.0
    async with open_ledger(load(Path("paperboy.toml")).store.url) as ledger:
        now = ledger.clock()
        await ledger.paces.keep(LearntPace("telegram", "bot", 30, 1.0, 24, now - 2 * day))
        await ledger.paces.keep(LearntPace("telegram", "group", 20, 60.0, 15, now - 20 * day))

    [pace] = json.loads((await operator.run("status", "--json")).out)["paces"]
    since = datetime.fromisoformat(pace.pop("learnt_at"))
    assert pace.pop("allowed") == pytest.approx(27, abs=0.01)
    assert pace == {"channel": "telegram", "name": "bot", "most": 30, "window": 1, "learnt": 24}
    *_, shown, _ = (await operator.run("status")).lines
    when = f"since telegram refused more at {since:%Y-%m-%d %H:%M}"
    assert shown == f"telegram bot: 27 of 30 calls in 1 second, {when}; a few more are tried each day"


async def test_a_bar_on_a_terminal(operator: Operator) -> None:
    operator.post(ONE)
    ours, theirs = pty.openpty()
    run = await asyncio.create_subprocess_exec(
        *(PATH, "deliver"), stdout=theirs, stderr=theirs, env={**os.environ, **TOKENS, "COLUMNS": "80", "TERM": "xterm"}
    )
    code = await run.wait()
    os.close(theirs)

    shown = await asyncio.to_thread(_read, ours)

    assert code == 0
    assert "2/2" in shown
    assert f"{TITLED} " in shown
    assert shown.rstrip().endswith("2 messages sent")
    assert "paper/2212.04356" not in shown


def _read(terminal: int) -> str:
    """Read what a terminal was sent, to its end, which Linux reports as an error."""
    read = b""
    try:
        while more := os.read(terminal, 65_536):
            read += more
    except OSError:
        pass
    os.close(terminal)
    return read.decode()


async def test_a_reader_of_the_output_that_leaves_does_not_stop_the_delivery(operator: Operator) -> None:
    operator.post(ONE)

    run = await asyncio.create_subprocess_exec(
        *("sh", "-c", '"$0" deliver | true', PATH),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **TOKENS},
    )
    _, err = await run.communicate()

    assert err == b""
    assert len(operator.telegram.shown(CHANNEL)) == 2


# What goes wrong at the source


async def test_a_missing_folder(operator: Operator) -> None:
    Path("_posts").rmdir()

    done = await operator.run("deliver")

    assert (done.code, done.out) == (2, "nothing new to send\n")
    advice = "check path in this source's settings, and the folder's rights"
    assert done.err == f"source daily: {Path.cwd() / '_posts'}: No such file or directory; {advice}\n"


async def test_broken_posts_do_not_keep_the_others_back(operator: Operator) -> None:
    operator.post(ONE)
    Path("_posts/2025-01-04-binary.md").write_bytes(b"\x00\xff")
    Path("_posts/2025-01-03-large.md").write_bytes(b"a" * (3 * 1024 * 1024))

    done = await operator.run("deliver")

    assert (done.code, done.lines[-1]) == (0, "2 messages sent")
    assert done.err.splitlines() == [
        "2025-01-03-large.md: larger than a post may be (524,288 bytes); split it",
        "2025-01-04-binary.md: not a text in UTF-8; save it as UTF-8 or take it out of the folder",
    ]


async def test_a_digest_without_papers_is_held(operator: Operator) -> None:
    operator.post(HELD)

    done = await operator.run("deliver")
    status = await operator.run("status")

    held = "the post has no papers yet"
    assert (done.code, done.lines) == (3, ["source daily: 1 post read, no paper in any", "nothing new to send"])
    assert done.err == f"daily-papers/2025-01-11: held: {held}\n"
    assert status.lines[0] == f"daily-papers/2025-01-11, 0 papers, held: {held}"
    assert [call.method for call in operator.telegram.calls] == ["getChat"]  # what the chat is, asked for once


# What goes wrong at the platforms


async def test_an_unknown_chat_does_not_keep_the_others_back(operator: Operator) -> None:
    operator.settle(telegram=("-1009999", CHANNEL_NAME), slack=("C0NOWHERE",))
    operator.post(ONE)

    done = await operator.run("deliver")
    status = await operator.run("status")

    assert done.code == 1
    assert len(operator.telegram.shown(CHANNEL)) == 2
    slack, telegram = done.err.splitlines()
    assert slack.startswith("paused: slack C0NOWHERE, since ")
    assert "channel_not_found" in slack
    assert telegram.startswith("paused: telegram -1009999, since ")
    assert "Chat not found" in telegram
    assert "check the address" in telegram
    counts = next(line.split() for line in status.lines if "-1009999" in line)
    assert counts == ["telegram", "-1009999", "0", "0", "1", "0", "1", "0"]
    assert any("Chat not found" in line for line in status.lines)


async def test_a_line_per_message_when_asked_for(operator: Operator) -> None:
    operator.post(ONE)

    done = await operator.run("deliver", "--verbose")

    lines = [f"{TITLED} index: sent", f"{TITLED} paper/2212.04356: sent", "2 messages sent"]
    assert (done.code, done.err, done.lines) == (0, "", [READ, *lines])


async def test_a_chat_that_shut_us_out(operator: Operator) -> None:
    operator.post(ONE)
    operator.telegram.faults.add(forbidden("bot was kicked from the channel chat", chat=CHANNEL, times=None))

    done = await operator.run("deliver")

    assert done.code == 1
    assert "bot was kicked from the channel chat" in done.err
    assert "add the bot to the chat again" in done.err


async def test_a_revoked_token(operator: Operator) -> None:
    operator.settle(telegram=(CHANNEL_NAME, READER), slack=(SLACK_CHAT,))
    operator.post(ONE)
    revoked = "123456:a-token-that-was-revoked-since"

    done = await operator.run("deliver", PAPERBOY_TELEGRAM__TOKEN=revoked)

    assert done.code == 1
    assert "get a new one from @BotFather" in done.err
    assert revoked not in done.out + done.err
    assert len(operator.slack.shown(SLACK_CHAT)) == 2
    assert operator.telegram.shown(CHANNEL) == []

    again = await operator.run("deliver")
    assert (again.code, again.lines[-1]) == (0, "4 messages sent")


async def test_servers_that_answer_nonsense(operator: Operator) -> None:
    operator.settle(slack=(SLACK_CHAT,))
    operator.post(ONE)
    operator.telegram.faults.add(truncated(method="sendMessage"))
    operator.slack.faults.add(truncated(method="chat.postMessage"))

    done = await operator.run("deliver", "--verbose")

    assert (done.code, done.err, done.lines[-1]) == (0, "", "4 messages sent")
    unconfirmed_sends = sorted(line for line in done.lines if ": unconfirmed: " in line)
    assert [line.partition(": unconfirmed: ")[0] for line in unconfirmed_sends] == [
        "slack C0123ABCD index",
        f"{TITLED} index",
    ]
    assert all("answer" in line for line in unconfirmed_sends)
    assert (len(operator.telegram.shown(CHANNEL)), len(operator.slack.shown(SLACK_CHAT))) == (2, 2)


@pytest.mark.parametrize("output", ["> /dev/full 2>&1", ">&- 2>&-", "2>&1 | :"])
async def test_output_that_cannot_be_written_changes_nothing_that_is_sent(operator: Operator, output: str) -> None:
    operator.post(ONE)

    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", f"{PATH} deliver {output}; exit ${{PIPESTATUS[0]}}", env={**os.environ, **TOKENS}
    )

    assert await shell.wait() == 0
    assert len(operator.telegram.shown(CHANNEL)) == 2


async def test_a_chat_that_keeps_asking_to_wait_is_left_to_the_next_run(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.settle(telegram=(CHANNEL_NAME, READER))
    operator.post(ONE)
    operator.telegram.faults.add(flood(1, method="sendMessage", chat=CHANNEL, times=None))
    monkeypatch.setenv("PAPERBOY_TELEGRAM__TOKEN", operator.telegram.token)
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # else the library warns in this process
    monkeypatch.setattr("bot.cli.delivery.deliver._IDLE", 2.0)

    async with asyncio.timeout(30):
        code = await deliver_once(load())

    assert code == 3
    assert capsys.readouterr().err.endswith("\n1 chat still waits; the next run goes on\n")
    assert (len(operator.telegram.shown(READER)), operator.telegram.shown(CHANNEL)) == (2, [])
    operator.telegram.faults.clear()
    assert (await operator.run("deliver")).code == 0


async def test_something_unexpected_in_a_chat_is_a_line_and_needs_a_person(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no such thing")

    operator.post(ONE)
    monkeypatch.setenv("PAPERBOY_TELEGRAM__TOKEN", operator.telegram.token)
    monkeypatch.setattr("bot.channels.telegram.channel.TelegramChannel.send", broken)

    assert await deliver_once(load()) == 1

    said = "telegram @my_channel: unexpected error, please report it: ZeroDivisionError: no such thing"
    assert said in capsys.readouterr().err.splitlines()


async def test_a_run_takes_no_longer_than_it_is_told(operator: Operator) -> None:
    operator.settle(telegram=(CHANNEL_NAME, READER))
    operator.post(ONE)
    operator.telegram.faults.add(flood(1, method="sendMessage", times=None))

    done = await operator.run("deliver", "--for", "2s")
    wrong = await operator.run("deliver", "--for", "soon")

    assert (done.code, done.err.splitlines()[-1]) == (3, "2 chats still wait; the next run goes on")
    assert wrong.code == 2
    assert "no length of time" in wrong.err


async def test_a_closed_terminal_ends_a_run_in_order(operator: Operator) -> None:
    process = await _waiting(operator, signal.SIG_DFL)

    process.send(signal.SIGHUP)

    assert (await process.end()).code == 3


async def test_with_nohup_a_run_goes_on_when_the_terminal_is_closed(operator: Operator) -> None:
    process = await _waiting(operator, signal.SIG_IGN)

    process.send(signal.SIGHUP)
    operator.telegram.faults.clear()

    assert (await process.end()).code == 0


async def _waiting(operator: Operator, hangup: signal.Handlers) -> Process:
    """Start a run, and give it once it was told to wait."""
    operator.post(ONE)
    operator.telegram.faults.add(flood(1, method="sendMessage", times=None))
    process = Process(["deliver"], Path.cwd(), Conditions(environ=TOKENS, hangup=hangup))
    get_ready()
    await process.start()
    async with asyncio.timeout(30):
        while not any(call.method == "sendMessage" for call in operator.telegram.calls):
            await asyncio.sleep(0.01)
    return process


# What goes wrong with the ledger


async def test_a_ledger_that_is_no_database(operator: Operator) -> None:
    operator.post(ONE)
    Path("state").mkdir()
    Path("state/ledger.db").write_text("These are my notes, and no database at all.\n" * 100)

    for command in ("deliver", "status"):
        done = await operator.run(command)

        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"paperboy: ledger {Path.cwd()}/state/ledger.db: this file is no ledger")
        assert len(done.err.splitlines()) == 1
    assert Path("state/ledger.db").read_text().startswith("These are my notes")
    assert operator.telegram.calls == []


async def test_a_ledger_where_nothing_can_be_written(operator: Operator) -> None:
    operator.post(ONE)
    Path("state").write_text("in the way")

    done = await operator.run("deliver")

    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith(f"paperboy: ledger {Path.cwd()}/state/ledger.db: ")
    assert done.err.endswith("check the folder and its rights\n")
    assert operator.telegram.calls == []
