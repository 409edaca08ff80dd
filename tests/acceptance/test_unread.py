"""Posts in which no paper is read: what the commands say of them, and what operators are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.chats import CHANNEL_NAME, READER
from tests.support.fakes.documents import DocumentServer
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.feeds import rss
from tests.support.operator import Operator

READ = "2025-01-05-arxiv-crlf.md"
MISS = "2026-03-31-a.md line 3 `### 1. A Title`: no link to a paper in or under it"
NEVER = f"source daily: 2 posts read, none is a digest; nearest: {MISS}"
LINKED = (
    "2026-04-01-a.md line 1 `As in https://arxiv.org/abs/2501.00001`: a link to a paper, but no heading, list or table"
)
UNREAD = f"source daily: no paper was read in the newest post; nearest: {LINKED} that holds it"


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    made = Operator(telegram, slack)
    text = Path("paperboy.toml").read_text()
    Path("paperboy.toml").write_text(f'{text}\n[operators]\ntelegram_chat = "{READER}"\nweekly_report = false\n')
    return made


def write(name: str, *lines: str) -> None:
    Path("_posts", name).write_text("\n".join(lines))


def told(operator: Operator) -> list[str]:
    return [message.text.removeprefix("Paperboy\n") for message in operator.telegram.shown(READER)]


async def test_a_source_that_never_gave_a_digest(operator: Operator) -> None:
    write("2026-03-30-a.md", "Words.")
    write("2026-03-31-a.md", "Words.", "", "### 1. A Title", "", "Words.")

    for _ in range(2):
        done = await operator.run("deliver")
        assert (done.code, done.lines, done.err.splitlines()) == (1, ["nothing new to send"], [NEVER])
    status = await operator.run("status")
    doctor = await operator.run("doctor")

    assert (status.code, status.lines[-2]) == (0, NEVER)
    assert (doctor.code, [line for line in doctor.lines if "✗ source" in line]) == (
        *(1, [f"✗ {NEVER}; `paperboy explain POST` shows how one was read [source]"]),
    )
    assert told(operator) == [f"✖ daily: no papers were read. {NEVER.removeprefix('source daily: ')}"]

    operator.post(READ)
    done = await operator.run("deliver")
    assert (done.code, done.lines[0]) == (0, "source daily: 3 posts read, 1 digest, 1 paper")
    assert told(operator)[1:] == ["✔ daily: papers are read"]


async def test_a_newest_post_that_links_to_papers_and_none_was_read(operator: Operator) -> None:
    operator.post(READ)
    assert (await operator.run("deliver")).code == 0
    write("2026-04-01-a.md", "As in https://arxiv.org/abs/2501.00001")

    done = await operator.run("deliver")
    status = await operator.run("status")
    found = json.loads((await operator.run("status", "--json")).out)
    doctor = await operator.run("doctor")

    counted = "source daily: 2 posts read, 1 digest, 1 paper"
    assert (done.code, done.lines[0], done.err.splitlines()) == (1, counted, [UNREAD])
    assert status.lines[-3:-1] == [counted, UNREAD]
    assert [line for line in doctor.lines if "source" in line] == [
        f"✗ {counted}, the newest {READ} with 1 paper: {UNREAD.removeprefix('source daily: ')} [source]"
    ]
    [source] = found["sources"]
    assert (source["name"], source["posts"], source["digests"], source["papers"]) == ("daily", 2, 1, 1)
    assert (source["unread"]["post"], source["unread"]["line"]) == ("2026-04-01-a.md", 1)
    assert source["problem"] == UNREAD.removeprefix("source daily: ")

    write("2026-04-01-a.md", "# 1. [A title](https://arxiv.org/abs/2501.00001)", "", "Words.")
    assert (await operator.run("deliver")).code == 0
    assert told(operator)[-1] == "✔ daily: papers are read"


async def test_a_folder_that_cannot_be_read_is_not_well_again(operator: Operator) -> None:
    write("2026-03-31-a.md", "Words.")
    assert (await operator.run("deliver")).code == 1
    Path("_posts").rename("posts")

    done = await operator.run("deliver")
    status = await operator.run("status")

    assert (done.code, done.lines) == (2, ["nothing new to send"])
    assert status.lines[-2].startswith(f"source daily: {Path.cwd()}/_posts: No such file or directory")
    assert len(told(operator)) == 1

    Path("posts").rename("_posts")
    assert (await operator.run("deliver")).code == 1
    assert len(told(operator)) == 1


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('url = "{site}"\narxiv = ["cs.CL"]', (0, "source daily: no papers now, as on weekends", "", False)),
        ('url = "{site}/rss/cs.CL"', (1, "nothing new to send", "source daily: 0 posts read, none is a digest", True)),
    ],
)
async def test_a_first_look_on_a_weekend_is_told_of_no_feed_that_is_empty_then(
    operator: Operator, keys: str, expected: tuple[int, str, str, bool]
) -> None:
    async with DocumentServer() as server:
        server.documents["/rss/cs.CL"] = rss()
        text, folder = Path("paperboy.toml").read_text(), 'kind = "folder"\npath = "_posts"\n'
        feed = f'kind = "feed"\nallow_private = true\n{keys.format(site=server.url)}\n'
        Path("paperboy.toml").write_text(text.replace(folder, feed))
        done = await operator.run("deliver")

    assert (done.code, done.lines[0], done.err.strip(), bool(told(operator))) == expected


async def test_settings_without_chats_of_operators(operator: Operator) -> None:
    operator.settle(telegram=(CHANNEL_NAME,))
    done = await operator.run("deliver")

    assert (done.code, done.err) == (1, "source daily: 0 posts read, none is a digest\n")
