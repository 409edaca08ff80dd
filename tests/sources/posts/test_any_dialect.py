"""Digests in any mix of what authors write are read back: papers and links, each with its lines, no word lost."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.posts.explanation import explain
from bot.sources.posts.post import Origin

NAME = "2026-11-26-papers.md"
NUMBERS = ("{}. ", "{}) ", "[{}] ", "({}) ", "#{} ", "논문 {}. ", "Paper {}: ", "{}、", "")
FRONTS = ("", "---\ntitle: Papers\ndate: 2026-11-26\n---\n\n", '+++\ntitle = "Papers"\ndate = 2026-11-26\n+++\n\n')
SITES = ("arxiv.org/abs/{}", "arxiv.org/pdf/{}v2", "huggingface.co/papers/{}", "www.alphaxiv.org/abs/{}")
_ORDER = ("first", "second", "third", "fourth", "fifth")
LABELS = ("Link", "arXiv", "논문", "链接", "論文")
METADATA = ("- Authors: Ann Writer, Bo Reader", "**Code**: https://github.com/example/code", "저자: 김하나", "Score: 8")
BLOCKS = (
    "Goal: to read any post.",
    "- **Contribution:** a rule\n- **Results:** it holds",
    r"The loss $\theta^* \leq 3$ falls, and \(x_i\) stays.",
    "$$\na + b\n$$",
    "Water is H<sub>2</sub>O, <b>surely</b>; `<think>` stays.",
    "<details><summary>More</summary>\n\nHidden words.\n\n</details>",
    "| Model | Score |\n|---|---|\n| ours | 9 |",
    "**결과:**GPT-4보다 낫다",
    "> quoted words",
    "#### Results\n\nIt is better.",
)


@dataclass(frozen=True)
class Written:
    """A paper as an author writes it."""

    id: str
    url: str
    heading: str
    text: str


@dataclass(frozen=True)
class Dialect:
    """What an author does the same way for all papers of a post."""

    level: int
    spelled: str
    label: str  # of the link on a line below; "" where the heading is the link
    site: str

    def paper(self, number: int, title: str, blocks: list[str], category: str) -> Written:
        """Write a paper; a title stands once in a post, as headings that come again and again are parts of papers."""
        key = f"2501.{number:05}"
        url, title = f"https://{self.site.format(key)}", f"{title} {_ORDER[number - 1]}"
        named = title if self.label else f"[{title}]({url})"
        heading = f"{'#' * self.level} {self.spelled.format(number)}{named}"
        above = [f"{'#' * (self.level - 1)} {category}"] if category else []
        below = [f"{self.label}: {url}"] if self.label else []
        return Written(key, url, heading, "\n\n".join([*above, heading, *below, *blocks]))


DIALECTS = st.builds(
    Dialect, st.integers(2, 3), st.sampled_from(NUMBERS), st.sampled_from(("", *LABELS)), st.sampled_from(SITES)
)
TITLES = st.lists(st.sampled_from(("Deep", "확산", "模型", "Agents", "with", "*Care*")), min_size=2, max_size=5).map(
    " ".join
)
PAPERS = st.lists(
    st.tuples(TITLES, st.lists(st.sampled_from((*METADATA, *BLOCKS)), max_size=5)), min_size=2, max_size=5
)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(FRONTS), st.sampled_from(("", "Words before.\n\n")), DIALECTS, PAPERS, st.booleans())
def test_any_digest_is_read_back(
    front: str, before: str, dialect: Dialect, papers: list[tuple[str, list[str]]], has_categories: bool
) -> None:
    categories = {1: "Vision", len(papers): "Agents"} if has_categories else {}
    written = [
        dialect.paper(number, title, blocks, categories.get(number, ""))
        for number, (title, blocks) in enumerate(papers, 1)
    ]
    text = front + before + "\n\n".join(one.text for one in written) + "\n"

    (read,) = explain(text.encode(), Origin(NAME)).posts

    assert [one.paper.id for one in read.papers] == [one.id for one in written]
    assert [one.paper.url for one in read.papers] == [one.url for one in written]
    assert [one.lines[0].first for one in read.papers] == [
        text[: text.index(one.heading)].count("\n") + 1 for one in written
    ]
    assert list(read.lost) == []
