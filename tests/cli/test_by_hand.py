"""Digests sent, dropped and recalled by hand, as an operator types it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.cli.delivery import by_hand
from bot.cli.delivery.by_hand import ExitCode
from bot.config.loading import load
from tests.support.chats import CHANNEL, CHANNEL_NAME, READER, SLACK_CHAT
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.ledger_rows import change
from tests.support.operator import Operator

OLD, NEW = "2025-01-05-arxiv-crlf.md", "2025-01-06-daily-papers-20250106.md"
FIRST, SECOND = "arxiv/2025-01-05", "daily-papers/2025-01-06"
NEXT = "a running Paperboy does it at its next sweep, `paperboy deliver` does it now"


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    operator = Operator(telegram, slack)
    operator.settle(telegram=(CHANNEL_NAME, READER), slack=(SLACK_CHAT,))
    return operator


def shown(operator: Operator) -> list[int]:
    """Count the messages in each chat."""
    return [*(len(operator.telegram.shown(chat)) for chat in (CHANNEL, READER)), len(operator.slack.shown(SLACK_CHAT))]


async def test_send_and_recall(operator: Operator) -> None:
    operator.post(OLD)
    operator.post(NEW)
    await operator.run("deliver")
    before = shown(operator)

    sent = await operator.run("send", "2025-01-05", READER)
    assert (sent.code, sent.err) == (0, "")
    assert sent.lines == [f"daily {FIRST}: 2 messages will be sent", NEXT]
    done = await operator.run("deliver")
    assert (done.code, done.lines[-1]) == (0, "2 messages sent")
    assert shown(operator) == [before[0], before[1] + 2, before[2]]
    again = await operator.run("send", FIRST, READER)
    assert again.lines == [f"daily {FIRST}: nothing to send; {READER} has it, or will have it"]

    recalled = await operator.run("recall", SECOND)
    assert (recalled.code, recalled.err) == (0, "")
    assert recalled.lines == [
        f"daily {SECOND}: {sum(before)} messages to be deleted",
        f"daily {SECOND}: dropped; it is new, and sent again where it was deleted, when its post changes",
        NEXT,
    ]
    done, status = await operator.run("deliver"), await operator.run("status", COLUMNS="140")
    assert (done.code, done.lines[-1], shown(operator)) == (0, f"{sum(before)} messages deleted", [0, 2, 0])
    assert f"{SECOND}, 3 papers, skipped: dropped by the operator; it is new when its post changes" in status.lines
    assert "recalled" in status.out


async def test_drop(operator: Operator) -> None:
    operator.post(NEW)
    await operator.run("deliver")
    before = shown(operator)
    dropped = await operator.run("drop", "2025-01-06", "--yes")
    assert (dropped.code, dropped.lines) == (
        0,
        [
            f"daily {SECOND}: dropped; it is new when its post changes",
            f"{sum(before)} messages stay in the chats; `paperboy recall` deletes them",
        ],
    )
    one_chat = await operator.run("send", SECOND, CHANNEL_NAME)
    assert (one_chat.code, one_chat.err.splitlines()) == (
        2,
        [f"paperboy: daily {SECOND}: it was dropped; `paperboy send` without a chat takes that back"],
    )
    done = await operator.run("deliver")
    assert (done.code, done.lines[-1], shown(operator)) == (0, "nothing new to send", before)


async def test_what_is_too_old_is_deleted_at_the_end_of_a_run_and_left_as_it_is(operator: Operator) -> None:
    settings = Path("paperboy.toml")
    settings.write_text(settings.read_text() + '[schedule]\ncatch_up = 1\nkeep = "14d"\n')
    operator.post(OLD)
    await operator.run("deliver")
    operator.post(NEW)
    await operator.run("deliver")
    change("sqlite:///state/ledger.db", "UPDATE digests SET found_at = 0", "UPDATE deliveries SET sent_at = 9")
    before = shown(operator)
    done = await operator.run("deliver")
    assert (done.code, done.lines[-1], shown(operator)) == (0, "nothing new to send", before)
    why = "it is older than schedule.keep, so it is not known any more which chats hold it"
    for command in ("send", "recall"):
        refused = await operator.run(command, FIRST)
        assert (refused.code, refused.err.splitlines()) == (
            2,
            [f"paperboy: daily {FIRST}: {why}; its papers stay in the archive"],
        )
    listed = await operator.run("digests", "--json")
    assert [one["chats"] for one in json.loads(listed.out)["digests"]] == [3, None]
    [line] = [line for line in (await operator.run("digests", COLUMNS="140")).lines if FIRST in line]
    assert line.endswith(" -")
    dropped = await operator.run("drop", FIRST, "--yes")
    assert dropped.lines[0] == f"daily {FIRST}: dropped; it never comes again"
    (Path("_posts") / OLD).write_text((Path("_posts") / OLD).read_text().replace("](", " anew]("))
    done = await operator.run("deliver")
    assert (done.code, shown(operator)) == (0, before)


async def test_what_is_not_known_is_told(operator: Operator) -> None:
    operator.post(OLD)
    operator.post(NEW)
    operator.post("2025-01-11-daily-papers-20250111.md")  # no paper yet
    await operator.run("deliver")
    held = "daily-papers/2025-01-11"
    listed = f'"daily {held}", "daily {SECOND}", "daily {FIRST}"'
    told = {
        ("drop", "2025-01-07"): f"2025-01-07: no such digest in the ledger; its newest: {listed}",
        ("recall", FIRST, "nobody"): f"nobody: no such chat in the ledger; it knows: telegram {CHANNEL_NAME}, telegram "
        f"{READER}, slack {SLACK_CHAT}",
        ("send", held): f"daily {held}: it has no papers",
    }
    for arguments, text in told.items():
        done = await operator.run(*arguments)
        assert (done.code, done.err.splitlines()) == (2, [f"paperboy: {text}"])


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put a terminal in place of standard input, at which somebody types."""
    theirs, ours = os.openpty()
    with os.fdopen(ours) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)

        def type_line(line: str) -> None:
            os.write(theirs, f"{line}\n".encode())

        yield type_line
    os.close(theirs)


async def test_whoever_sits_at_a_terminal_is_asked_first(
    operator: Operator, terminal: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    operator.post(NEW)
    await operator.run("deliver")
    settings = load()
    for answer, code in (("n", ExitCode.NOT_DONE), ("y", ExitCode.DONE)):
        terminal(answer)
        assert await by_hand.drop(settings, SECOND, yes=False) is code
        terminal(answer)
        assert await by_hand.recall(settings, SECOND, READER, yes=False) is code
    out = capsys.readouterr().out
    assert f"Drop daily {SECOND} until its post changes? [y/N]" in out
    assert f"Delete the messages of daily {SECOND} in {READER}? [y/N]" in out
