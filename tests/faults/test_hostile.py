"""Posts that no blog should hold: the good one beside them is delivered, and each problem is told once."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import count

from tests.faults.posts import NAME, PAPERS, post
from tests.faults.site import ALWAYS, Site
from tests.support.chats import READER, SLACK_CHAT

YESTERDAY = date.fromisoformat(NAME[:10]) - timedelta(days=1)  # older than the good one, and looked at by each sweep
PATIENCE = 3.0  # seconds in which readers are answered, on a busy machine
SEXAGESIMAL = ":".join(["59"] * 3000)
TOO_LARGE = "larger than a post may be (524,288 bytes); split it"


def strange(number: int, title: str = "", day: str = f"{YESTERDAY}", body: str = "") -> bytes:
    """Write a post of one paper; each number is a series of its own."""
    title = title or f'"Strange Papers no. {number} ({YESTERDAY})"'
    return f"---\ntitle: {title}\ndate: {day}\n---\n{body or post([number]).split('---', 2)[2]}".encode()


STRANGE = {
    b"hex.md": strange(11, title=f"0x{'f' * 4000}"),
    b"hex-day.md": strange(12, day=f"0x{'f' * 4000}"),
    b"base-60.md": strange(13, title=SEXAGESIMAL),
    b"base-60-day.md": strange(14, day=SEXAGESIMAL),
    b"half-a-character.md": strange(15, title=rf'"Daily \ud800 ({YESTERDAY})"'),
    b"first-day.md": strange(16, day="0001-01-01"),
    b"\xff-daily.md": strange(17),
    b"line\nend.md": strange(18),
    b"images.md": strange(19, body="![" * 358_400),
    b"lines.md": strange(20, body="a\n" * 2**20),
}
# What is read as slowly as is admitted: it takes more than a second.
SLOW = {b"slow.md": strange(21, body="\n\n".join(["![" * 595] * 16))}
PROBLEMS = {
    f"{YESTERDAY}-daily-papers-{name}.md: {why}"
    for name, why in {
        "first-day": "dated 0001-01-01; a post is of 1990-01-01 to 2200-12-31: correct its date",
        "images": TOO_LARGE,
        "lines": TOO_LARGE,
    }.items()
}


def put(site: Site, posts: Mapping[bytes, bytes]) -> None:
    for name, content in posts.items():
        with open(os.fsencode(site.posts) + f"/{YESTERDAY}-daily-papers-".encode() + name, "wb") as file:  # noqa: PTH123
            file.write(content)


async def test_each_command_goes_on_beside_strange_posts(site: Site) -> None:
    site.chats.names = (READER, SLACK_CHAT)
    put(site, STRANGE)
    site.post(post(PAPERS))
    for sent in ("8 messages sent", "nothing new to send"):
        done = await site.finish(most=1)
        assert (sorted(done.err.splitlines()), done.out.splitlines()[-1]) == (sorted(PROBLEMS), sent)
    for code, *command in ((1, "doctor"), (0, "preview", "_posts"), (0, "status"), (0, "discard", "--all")):
        await site.start(*command)
        assert (await site.end()).code == code
    site.faults += len(STRANGE)
    site.check_sent_once()
    site.check()


async def test_readers_are_answered_while_strange_posts_are_read(site: Site) -> None:
    """They change, so that sweeps read all of them anew; that a sweep is over is seen by the day that it tells of."""
    site.more = ALWAYS
    site.chats.names, site.chats.buttons = (READER, SLACK_CHAT), True
    put(site, STRANGE | SLOW)
    site.post(post(PAPERS))
    process = await site.start("run")
    await process.says('"delivered"', times=2)
    people = count(70)
    for day in ("0001-01-02", "0001-01-03"):
        put(site, STRANGE | SLOW | {b"first-day.md": strange(16, day=day)})
        read = asyncio.create_task(process.says(f"dated {day}"))
        while not read.done():
            await asks_for_help(site, next(people))
    await site.stop()
    site.faults += len(STRANGE | SLOW)
    told = list(problems(site.ended[-1].err))
    assert len(told) == len(set(told)) == len(PROBLEMS) + 2
    assert set(told) > PROBLEMS
    site.check()


async def asks_for_help(site: Site, reader: int) -> None:
    """Let somebody ask who never did, since whoever asks often is told to wait."""
    answered = asyncio.Event()
    site.at(1, answered.set, answered=True, method="sendMessage")
    site.telegram.add_chat(f"{reader}", "private")
    site.telegram.says(reader, reader, "/help")
    async with asyncio.timeout(PATIENCE):
        await answered.wait()


def problems(log: str) -> Iterator[str]:
    lines = map(json.loads, log.splitlines())
    return (line["problem"] for line in lines if line["event"] == "post")
