"""`paperboy export`, as an operator types it, and what other programs read of it."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import rispy
from pybtex.database import parse_string

from bot.archive.contents import ArchivedPaper
from bot.cli.ledger import bibliography, exporting, formats
from bot.cli.ledger.fields import Fields, fields_of
from bot.cli.ledger.formats import Format
from bot.errors import SettingsError
from bot.ledger.ledger import open_ledger
from formatters.model import Digest, Link, Paper, Section
from tests.support.digests import digest, found, paper
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.golden import check
from tests.support.installed import PATH, TOKENS
from tests.support.operator import Operator

PAST = ("2025-01-06-daily-papers-20250106.md", "2025-01-14-daily-papers-20250114.md")
NASTY = Paper(
    "2501.00007",
    7,
    '=HYPERLINK("https://example.org") & 100% of {x_2 "quoted" \\alpha [b] *c*',
    "https://arxiv.org/abs/2501.00007",
    (Link("Code", "https://example.org/a_b%20c?x={y}"),),
    (
        Section("Introduction", "- Goal: 확산 & **more**.\n- 저자: 김철수, Ada Lovelace and Charles Babbage"),
        Section("", "@someone\n\n# no heading"),
    ),
    "Vision",
)
BARE = Paper("a-paper-without-anything", 8, "-1 is no formula", "", (), ())
BY_DOI = Paper(
    "doi:10.1000/182",
    9,
    "By DOI",
    "https://doi.org/10.1000/182",
    (),
    (Section("Authors", "Grace Hopper; Alan Turing"),),
)
DIGEST = replace(digest(date(2025, 1, 6), NASTY, BARE, BY_DOI), url="https://example.org/2025/01/06")
FORMATS: dict[str, Callable[[], Format]] = {**formats.FORMATS, **bibliography.FORMATS}


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    operator = Operator(telegram, slack)
    operator.post(*PAST, folder="old")
    return operator


def written(kind: str, digest: Digest = DIGEST) -> str:
    """Write the papers of a digest."""
    made = FORMATS[kind]()
    entries = [made.entry(fields_of(ArchivedPaper("blog", digest, one))) for one in digest.papers]
    return f"{made.begin}{made.between.join(entries)}{made.end}"


@pytest.mark.parametrize("kind", FORMATS)
def test_what_other_programs_read(kind: str) -> None:
    check(f"export.{kind}", written(kind).replace("\r\n", "\n"))


def test_a_paper_field_by_field() -> None:
    one, bare, by_doi = (fields_of(ArchivedPaper("blog", DIGEST, one)) for one in DIGEST.papers)
    assert one.authors == ("김철수", "Ada Lovelace", "Charles Babbage")
    assert by_doi.authors == ("Grace Hopper", "Alan Turing")
    assert (bare.authors, bare.summary, bare.url, bare.links) == ((), "", "", ())
    assert (one.post, one.source, one.day) == ("https://example.org/2025/01/06", "blog", "2025-01-06")


def test_the_list_and_the_lines_say_the_same() -> None:
    lines = [json.loads(line) for line in written("jsonl").splitlines()]
    assert json.loads(written("json")) == lines
    assert {*lines[0]} == {*Fields.__slots__}


def test_no_cell_is_a_formula() -> None:
    rows = list(csv.reader(written("csv").splitlines(keepends=True)))
    assert rows[0][:3] == ["id", "title", "authors"]
    assert [row[1][:2] for row in rows[1:]] == ["'=", "'-", "By"]
    assert [cell for row in rows[1:] for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))] == []


def test_bibtex_is_read_back() -> None:
    found = parse_string(written("bibtex"), "bibtex").entries
    assert list(found) == ["2501.00007", "a-paper-without-anything", "doi:10.1000/182"]
    one = found["2501.00007"]
    assert [str(person) for person in one.persons["author"]] == ["김철수", "Lovelace, Ada", "Babbage, Charles"]
    assert (one.fields["eprint"], one.fields["year"], one.fields["url"]) == ("2501.00007", "2025", NASTY.url)
    assert found["doi:10.1000/182"].fields["doi"] == "10.1000/182"


def test_ris_is_read_back() -> None:
    one, bare, by_doi = rispy.loads(written("ris"))
    assert (one["title"], one["authors"], one["year"]) == (
        NASTY.title,
        ["김철수", "Ada Lovelace", "Charles Babbage"],
        "2025",
    )
    assert one["urls"][0] == NASTY.url
    assert (bare["title"], by_doi["doi"]) == (BARE.title, "10.1000/182")


async def test_into_a_file_and_to_a_pipe(operator: Operator) -> None:
    await operator.run("import", "old")
    shown = await operator.run("export", "--format", "jsonl")
    some = await operator.run("export", "--format", "csv", "--since", "2025-01-07", "--output", "papers.csv")
    again = await operator.run("export", "--format", "json", "--query", "Quiet-STaR", "--output", "papers.csv")

    assert (shown.code, shown.err) == (0, "")
    listed = [json.loads(line) for line in shown.lines]
    assert [one["day"] for one in listed] == sorted(one["day"] for one in listed)
    assert {one["day"] for one in listed} == {"2025-01-06", "2025-01-14"}
    later = sum(one["day"] == "2025-01-14" for one in listed)
    assert (some.code, some.err.strip()) == (0, f"papers.csv: {later} paper{'s' if later > 1 else ''}")
    assert again.err.strip() == "papers.csv: 1 paper"
    assert [one["id"] for one in json.loads(Path("papers.csv").read_text("utf-8"))] == ["2403.09629"]
    assert sorted(path.name for path in Path().glob("papers*")) == ["papers.csv"]


async def test_nobody_reads_what_is_written(operator: Operator) -> None:
    """As with `| head`, which leaves when it has enough."""
    await operator.run("import", "old")
    reader, writer = os.pipe()
    os.close(reader)
    export = await asyncio.create_subprocess_exec(
        *(PATH, "export", "--format", "csv"),
        stdout=writer,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **TOKENS},
    )
    os.close(writer)
    _, err = await export.communicate()
    assert (export.returncode, err) == (0, b"")


async def test_a_file_that_cannot_be_written(operator: Operator) -> None:
    done = await operator.run("export", "--format", "json", "--output", "nowhere/papers.json")
    assert done.code == 2
    assert done.err.strip() == (
        "paperboy: nowhere/papers.json: No such file or directory; name another file with --output"
    )


async def test_which_papers(tmp_path: Path) -> None:
    async with open_ledger(f"sqlite:///{tmp_path}/some.db") as ledger:
        contents = ledger.archive.contents
        first, second = (found(digest(date(2025, 1, day), paper(1), paper(day, word=f"word{day}"))) for day in (2, 3))
        await contents.add("blog", [second])
        await contents.add("other", [first])

        async def listed(since: date | None = None, words: str = "", *, once: bool = False) -> list[tuple[str, int]]:
            return [(one.source, one.paper.number) async for one in contents.papers(since, words, once=once)]

        assert await listed() == [("other", 1), ("other", 2), ("blog", 1), ("blog", 3)]
        assert await listed(once=True) == [("other", 2), ("blog", 1), ("blog", 3)]
        assert await listed(date(2025, 1, 3)) == [("blog", 1), ("blog", 3)]
        assert await listed(words="word2") == [("other", 2)]
        assert await listed(words="?!") == []


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rispy", None)
    monkeypatch.delitem(sys.modules, "bot.cli.ledger.bibliography", raising=False)
    with pytest.raises(SettingsError) as told:
        exporting.format_of("ris")
    assert str(told.value) == "--format ris needs rispy, which is not installed: pip install 'paperboy-bot[export]'"
