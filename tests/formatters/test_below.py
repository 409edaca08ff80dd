"""What stands below a full summary, on every channel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formatters import below
from formatters.locale import phrases
from formatters.model import Link, Paper
from formatters.page import reference
from tests.support.fakes.answers import RefusalError
from tests.support.fakes.telegram_keyboards import checked
from tests.support.golden import check
from tests.support.rendering import CASES, COMMON, Case, each_case

EN = phrases("en")
POST = "https://blog.example/daily-papers/2025/01/06/"
DIGEST = replace(
    COMMON,
    url=POST,
    papers=tuple(replace(one, url=one.url.replace("2201.11903", "2501.00001")) for one in COMMON.papers),
)
FIRST, MIDDLE, LAST = DIGEST.papers


def labels(paper: Paper, url: str = POST) -> list[list[str]]:
    return [[one.label for one in row] for row in below.rows(replace(DIGEST, url=url), paper, EN)]


def test_the_papers_beside_it_its_day_its_post_and_its_text_to_copy() -> None:
    middle = [["◀ Paper 1", "Paper 3 ▶"], ["Papers of the day", "Blog post"]]
    assert labels(MIDDLE)[:2] == middle
    assert (labels(FIRST)[0], labels(LAST)[0]) == (["Paper 2 ▶"], ["◀ Paper 2"])
    lines = [one.line for row in below.rows(DIGEST, MIDDLE, EN) for one in row]
    assert lines[:3] == [*(f"/paper {reference(DIGEST, one)}" for one in (FIRST, LAST)), "/start papers-2025-01-06"]
    assert all(1 <= len(row) <= 2 for paper in DIGEST.papers for row in below.rows(DIGEST, paper, EN))


def test_a_digest_of_one_paper_has_none_beside_it() -> None:
    alone = replace(DIGEST, papers=(FIRST,))
    assert below.rows(alone, FIRST, EN)[0][0].label == "Papers of the day"


@pytest.mark.parametrize("url", ["", "http://localhost/post", "javascript:alert(1)"])
def test_a_post_without_an_address_that_can_be_opened_has_no_button(url: str) -> None:
    assert labels(MIDDLE, url=url)[1] == ["Papers of the day"]


@pytest.mark.parametrize(
    ("url", "links", "html"),
    [
        ("https://arxiv.org/abs/2501.00001", (), "https://arxiv.org/html/2501.00001"),
        ("https://arxiv.org/abs/1706.03762", (), ""),  # arXiv has none of that time
        (
            "https://arxiv.org/abs/1706.03762",
            (Link("HTML", "https://arxiv.org/html/1706.03762v7"),),
            "https://arxiv.org/html/1706.03762v7",
        ),
        ("https://example.org/paper", (), ""),
    ],
)
def test_the_html_version_where_there_is_one(url: str, links: tuple[Link, ...], html: str) -> None:
    rows = below.rows(DIGEST, replace(MIDDLE, url=url, links=links), EN)
    assert [one.url for one in rows[-1] if one.url] == ([html] if html else [])


@pytest.mark.parametrize(
    ("paper", "text"),
    [
        (FIRST, f"{FIRST.title}\narXiv:2501.00001\nhttps://arxiv.org/abs/2501.00001"),
        (
            replace(FIRST, id="doi:10.1000/x", url="https://doi.org/10.1000/x"),
            f"{FIRST.title}\ndoi:10.1000/x\nhttps://doi.org/10.1000/x",
        ),
        (replace(FIRST, id="a-title", url=""), FIRST.title),
        (replace(FIRST, id="a-title", url=f"https://a.example/{'x' * 300}"), FIRST.title),
        (replace(FIRST, title="🦊" * 400, id="a", url=""), "🦊" * 127 + "…"),
    ],
)
def test_what_is_copied(paper: Paper, text: str) -> None:
    assert below.copied(paper) == text


@given(st.text(min_size=1), st.text(), st.text())
def test_what_is_copied_always_fits(title: str, paper: str, path: str) -> None:
    text = below.copied(replace(FIRST, title=title, id=f"doi:{paper}", url=f"https://a.example/{path}"))
    assert 0 < len(text.encode("utf-16-le", "surrogatepass")) // 2 <= below.LONGEST_COPY


@pytest.mark.parametrize(
    "copied",
    [
        {"text": ""},
        {"text": " "},
        {"text": "x" * 257},
        {"text": "🦊" * 129},
        {"text": 1},
        {},
        "x",
        {"text": "x", "more": 1},
    ],
)
def test_telegram_refuses_what_cannot_be_copied(copied: object) -> None:
    with pytest.raises(RefusalError):
        checked({"inline_keyboard": [[{"text": "Copy", "copy_text": copied}]]})


@each_case
def test_all_of_it_stands_below_the_last_part(case: Case) -> None:
    long = replace(MIDDLE, sections=MIDDLE.sections * 40)
    *firsts, last = map(case.see, case.formatter.paper(long, below.rows(DIGEST, MIDDLE, case.words)))
    assert not any(one.buttons for one in firsts)
    shown = f"{last.text}\n{last.buttons}"
    wanted = (case.words.paper_before.format(number=1), case.words.blog_post, f"arXiv:{MIDDLE.id}")
    assert all(one in shown for one in wanted)


@pytest.mark.parametrize("channel", ["telegram", "slack", "terminal"])
def test_what_people_read(channel: str) -> None:
    cases = [case for case in CASES if case.formatter.channel == channel]
    short = replace(DIGEST, papers=tuple(replace(one, sections=one.sections[:1]) for one in DIGEST.papers))
    shown = [
        f"===== {case.words.language}, paper {one.number}\n\n{case.write(message)}"
        for case in cases
        for one in short.papers[:2]
        for message in case.formatter.paper(one, below.rows(short, one, case.words))
    ]
    check(f"below.{channel}.txt", "\n\n".join(shown) + "\n")
