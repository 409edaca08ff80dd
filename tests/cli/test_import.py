"""`paperboy import` and `paperboy digests`, as an operator types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.chats import CHANNEL
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.golden import DATA
from tests.support.operator import Operator

PAST = ("2025-01-05-arxiv-crlf.md", "2025-01-06-daily-papers-20250106.md", "2025-01-12-notes.md")
NEW = "2025-01-14-daily-papers-20250114.md"


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    operator = Operator(telegram, slack)
    operator.post(*PAST, folder="old")
    return operator


async def test_the_past_is_looked_up_and_only_what_comes_then_is_sent(operator: Operator) -> None:
    first = await operator.run("import", "old")
    again = await operator.run("import", "old", "daily")
    listed = await operator.run("digests")
    operator.post(PAST[0])
    operator.post(NEW)
    sent = await operator.run("deliver")
    after = json.loads((await operator.run("digests", "--json", "--since", "2025-01-06", "--limit", "1")).out)

    assert (first.code, first.err) == (0, "")
    assert first.lines == [
        "source daily: 3 posts read, 2 digests, 4 papers",
        "source daily: 2 digests imported, with 4 papers",
    ]
    assert (again.code, again.lines[1], again.lines[3]) == (
        0,
        "source daily: 2 digests known already",
        "source daily: nothing to import",
    )
    assert [line.split()[0] for line in listed.lines] == ["day", "2025-01-06", "2025-01-05", "2"]
    assert sent.code == 0
    shown = [one.text.splitlines()[0] for one in operator.telegram.shown(CHANNEL)]
    assert [line for line in shown if " · " in line] == ["Daily Papers · Tuesday, 14 January 2025"]
    assert (after["total"], after["pages"]) == (2, 2)
    assert after["digests"][0]["day"] == "2025-01-14"
    assert (after["digests"][0]["state"], after["digests"][0]["chats"]) == ("active", 1)


async def test_a_source_is_imported_with_its_newest(operator: Operator) -> None:
    operator.post(PAST[1])
    done = await operator.run("import", "daily")
    sent = await operator.run("deliver")
    assert (done.code, done.lines[1][:32]) == (0, "source daily: 1 digest imported,")
    assert (sent.code, [one.text for one in operator.telegram.shown(CHANNEL)]) == (0, [])


async def test_an_empty_post_and_one_of_the_future_are_left_to_come_as_news(operator: Operator) -> None:
    shutil.rmtree("old")
    Path("old").mkdir()
    Path("old/2025-01-06-daily-papers.md").write_text('---\ntitle: "Daily Papers — 2025-01-06"\n---\n')
    Path("old/2999-01-06-daily-papers.md").write_bytes(
        (DATA / PAST[1]).read_bytes().replace(b"2025-01-06", b"2999-01-06")
    )
    done = await operator.run("import", "old")
    left = "source daily: 1 digest left to come as news (without papers, or dated in the future)"
    assert (done.code, done.lines[-1]) == (0, left)
    assert (await operator.run("digests")).lines == ["0 digests"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("elsewhere",), "paperboy: elsewhere: neither a folder nor a source of the settings (daily)"),
        (
            ("old", "--source", "other"),
            "paperboy: old: there is no source other; name with --source whose past it is (daily)",
        ),
    ],
)
async def test_what_is_not_known_is_told(operator: Operator, arguments: tuple[str, ...], said: str) -> None:
    done = await operator.run("import", *arguments)
    assert (done.code, done.err.strip()) == (2, said)


async def test_with_several_sources_the_owner_is_named(operator: Operator) -> None:
    gone = '[[sources]]\nname = "gone"\nkind = "folder"\npath = "gone"\n'
    Path("paperboy.toml").write_text(Path("paperboy.toml").read_text() + gone)
    unnamed = await operator.run("import", "old")
    named = await operator.run("import", "old", "gone", "--source", "daily")
    assert unnamed.code == 2
    assert "the settings have more than one source, or none; name with --source" in unnamed.err
    assert "(daily, gone)" in unnamed.err
    assert named.code == 2
    assert named.lines[-1] == "source daily: 2 digests imported, with 4 papers"
    assert "source gone:" in named.err


async def test_a_day_that_is_none(operator: Operator) -> None:
    done = await operator.run("digests", "--since", "yesterday")
    assert done.code == 2
    assert "'yesterday' is no day; write one such as 2025-09-10." in done.err
