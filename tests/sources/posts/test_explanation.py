"""What became of each line of a post."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sources.posts import explanation
from bot.sources.posts.explanation import Apart, Lines, Loss, ReadPost, explain
from bot.sources.posts.post import Origin
from formatters.summary import Statement
from tests.support.golden import DATA, SHARED

NAME = "2025-02-07-a.md"
ONE, TWO = "https://arxiv.org/abs/2502.00011", "https://arxiv.org/abs/2502.00012"
POSTS = [path for path in sorted([*DATA.rglob("*.md"), *SHARED.glob("post*/*.md")]) if path.name != "README.md"]


def read(*lines: str, name: str = NAME) -> ReadPost:
    (one,) = explain("\n".join(lines).encode(), Origin(name)).posts
    return one


def apart(*lines: str) -> list[tuple[str, str]]:
    return [(str(one.lines), one.reason) for one in read(*lines).apart]


def test_papers_and_their_lines() -> None:
    found = read(
        *("---", "a: b", "---", "", f"# 1. [One]({ONE})", "", "## Goal", "Words."),
        *(f"# 2. [Two]({TWO})", f"# 3. [One]({ONE}v2)", "More."),
    )

    assert [(one.paper.title, one.identity, one.lines) for one in found.papers] == [
        ("One", "arxiv:2502.00011", (Lines(5, 8), Lines(10, 11))),
        ("Two", "arxiv:2502.00012", (Lines(9, 9),)),
    ]
    assert found.papers[0].picked == {"goal": Statement("Words.", "Goal")}
    assert (found.apart, found.lost) == ([], [])


def test_what_belongs_to_no_paper_and_why() -> None:
    assert apart(
        *("# Post", "", "Hello.", "---", "## Vision", "### A heading", f"Link: {ONE}", "## Text"),
        *("### Another", f"Link: {TWO}", "", "## Thanks", "Words.", "", "More.", "", "## News", "Words."),
    ) == [
        ("line 1", explanation.TITLE),
        ("line 3", explanation.PREFACE),
        ("line 5", explanation.CATEGORY),
        ("line 8", explanation.CATEGORY),
        ("lines 12 to 15", explanation.OTHER),
        ("lines 17 to 18", explanation.OTHER),
    ]
    assert apart(f"- [One paper]({ONE}): words of it", f"- [Two papers]({TWO}): more of it", "", "The end.") == [
        ("line 4", explanation.REST)
    ]


def test_a_post_without_papers() -> None:
    found = read("# Post", "", "Words.", name="a.md")

    assert found.post.digest is None
    assert found.apart == [
        Apart(Lines(1, 1), "# Post", explanation.TITLE),
        Apart(Lines(3, 3), "Words.", explanation.NO_PAPER),
    ]


def test_words_that_reach_no_message() -> None:
    """The number of stars, and the name of the only category, are left out on purpose."""
    found = read(
        "# Post",
        "## Only",
        f"### Paper 1: [One]({ONE}) ⭐ 45",
        "Words.",
        f"### Paper 2: [Two]({TWO})",
        "See https://b.org.",
    )

    assert found.lost == [Loss(2, ("Only",)), Loss(3, ("45",))]


def test_a_file_that_grows_is_several_posts() -> None:
    text = (DATA / "explain" / "README.md").read_bytes()

    first, second = explain(text, Origin("README.md")).posts

    assert (first.name, second.name) == ("README.md#2025-02-07", "README.md#2025-01-31")
    assert [str(lines) for one in (first, second) for paper in one.papers for lines in paper.lines] == [
        *("line 5", "line 6", "line 12", "line 13"),
    ]
    assert [(one.lines, one.text) for one in second.apart] == [(Lines(10, 10), "Cold week.")]


@pytest.mark.parametrize("path", [path for path in POSTS if path.parent.name != "explain"], ids=lambda path: path.stem)
def test_no_word_of_our_posts_is_lost(path: Path) -> None:
    """Left out on purpose are a score in a title, and the names of columns that are named anew."""
    found = explain(path.read_bytes(), Origin(f"2025/01/06/{path.name}")).posts
    lost = [word for one in found for loss in one.lost for word in loss.words]

    assert {*lost} <= ({"12"} if path.parent.name == "first-reading" else {"Title", "Links", "cs", "LG", "AI"})
