"""Bodies become papers by their headings, and no word of them is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.sources.posts.papers.drafts import slug
from formatters.model import Link, Section
from tests.support.golden import POSTS, digest_of, is_digest
from tests.support.posts import TITLE, body_of, digest, lost_words, paper, papers, post

# Headings of papers


@pytest.mark.parametrize(
    "heading",
    [
        "# 1. [A title](https://a.org/x)",
        "#  1.  [A   title](https://a.org/x)   ",
        "### 1. [A title](https://a.org/x) ###",
        "## 1) [A title](https://a.org/x)",
        "# 01.[A *title*](https://a.org/x)",
        "# 1. [A\ntitle](https://a.org/x)",
        "# 1. [A\n\n\ntitle](https://a.org/x)",
        "# 1. [A title\n](https://a.org/x)",
    ],
)
def test_spellings_of_a_paper(heading: str) -> None:
    (found,) = papers(heading, "", "## Method", "", "Words.")

    assert (found.number, found.title, found.url) == (1, "A title", "https://a.org/x")
    assert found.sections == (Section("Method", "Words."),)


def test_the_end_of_a_wrapped_title_is_no_heading_of_its_own() -> None:
    (found,) = papers("# 1. [A", "title](https://a.org/x)", "---", "Words.")

    assert (found.title, found.sections) == ("A title", (Section("", "---\nWords."),))


@pytest.mark.parametrize(
    "text",
    [
        "# [A title](https://a.org/x)",
        "# Top 1. [A title](https://a.org/x)",
        "# 0. [A title](https://a.org/x)",
        "# 1. A title",
        "# 1. [A title]",
        "# 1. [ ](https://a.org/x)",
        "1. [A title](https://a.org/x)",
        "> # 1. [A title](https://a.org/x)",
        "```\n# 1. [A title](https://a.org/x)\n```",
        "Code:\n\n    # 1. [A title](https://a.org/x)",
        "<!--\n# 1. [A title](https://a.org/x\n-->",
        "# 1. [A title\n\n# [Another](https://a.org/x)",
        "# 1. [A title" + "\n\nwords" * 8 + "](https://a.org/x)",
    ],
)
def test_what_begins_no_paper(text: str) -> None:
    assert post(text, "title: A post").digest is None
    assert digest(text).preface == text.strip()


def test_words_behind_the_link_belong_to_the_title_and_further_links_to_the_paper() -> None:
    (found,) = papers("# 3. [A title](https://a.org/x) (oral, [A title](https://a.org/x)) [Code](https://b.org/y)")

    assert (found.number, found.title) == (3, "A title (oral, A title)")
    assert found.links == (Link("A title", "https://a.org/x"), Link("Code", "https://b.org/y"))


def test_a_link_that_is_not_safe_stays_a_word() -> None:
    (found,) = papers("# 1. [A title](https://a.org/x) [Demo](javascript:x)", "", "[Run](file:///etc/passwd)")

    assert found.title == "A title Demo"
    assert found.sections == (Section("", "[Run](file:///etc/passwd)"),)


def test_a_paper_that_lost_its_link_is_known_by_the_next_number() -> None:
    found = papers(TITLE, "## 2. Not this level", "# Aside", "# 2. Lost", "Words.", "# 4. Not next", "# 3. [Cut off")

    assert [(paper.number, paper.title, paper.url) for paper in found] == [
        (1, "A title", "https://arxiv.org/abs/2501.00001"),
        (2, "Lost", ""),
        (3, "[Cut off", ""),
    ]
    assert [section.heading for section in found[0].sections] == ["2. Not this level"]
    assert found[1].sections == (Section("", "Words."), Section("4. Not next", ""))


def test_numbers_that_repeat_become_places() -> None:
    found = papers("# 1. [A](https://a.org)", "# 2. [B](https://b.org)", "# 2. [C](https://c.org)")

    assert [(paper.number, paper.title) for paper in found] == [(1, "A"), (2, "B"), (3, "C")]


def test_numbers_of_the_post_stay() -> None:
    assert [paper.number for paper in papers("# 7. [A](https://a.org)", "# 3. [B](https://b.org)")] == [7, 3]


def test_ids_are_unique_and_never_empty() -> None:
    found = papers(*(f"# {n}. [{title}](https://a.org)" for n, title in enumerate(["A", "A 2", "A", "!?", "?!"], 1)))

    assert [paper.id for paper in found] == ["a", "a-2", "a-3", "paper", "paper-2"]


def test_ids_are_of_a_bounded_length() -> None:
    (found,) = papers(f"# 1. [{'word ' * 500}](https://a.org)")

    assert len(found.id) <= 100
    assert found.id.endswith("-word")


@settings(max_examples=30)
@given(st.permutations(range(6)))
def test_a_paper_keeps_its_id_wherever_it_stands(order: list[int]) -> None:
    links = ["arxiv.org/abs/2501.00001", "arxiv.org/pdf/2501.00002v3", "a.org/x", "a.org/y", "b.org", "c.org"]

    found = papers(*(f"# {place}. [Title {n}](https://{links[n]})" for place, n in enumerate(order, 1)))

    ids = {"Title 0": "2501.00001", "Title 1": "2501.00002"}
    assert [paper.id for paper in found] == [ids.get(paper.title, slug(paper.title)) for paper in found]


# Sections and links


def test_text_before_the_first_section_has_no_heading() -> None:
    assert paper("Words.", "", "### Deep", "More.", "#### Deeper").sections == (
        Section("", "Words."),
        Section("Deep", "More."),
        Section("Deeper", ""),
    )


def test_a_rule_between_papers_belongs_to_none() -> None:
    first, _ = papers(TITLE, "Words.", "", "---", "", "More.", "", "* * *", "", "# 2. [B](https://b.org)")

    assert first.sections == (Section("", "Words.\n\n---\n\nMore."),)


def test_code_holds_no_headings() -> None:
    code = "```\n# 2. [B](https://b.org)\n## Method\n```"

    assert paper("## Method", code).sections == (Section("Method", code),)


@pytest.mark.parametrize(
    "block",
    [
        "[A](https://a.org) | [B](https://b.org)",
        "> [A](https://a.org)\n> [B](https://b.org)",
        "- [A](https://a.org)\n- [B](https://b.org)",
        "![A](https://a.org) · [B](https://b.org) <!-- more -->",
    ],
)
def test_a_block_of_links_alone_becomes_links(block: str) -> None:
    found = paper(block, "", "Words.")

    assert found.links == (Link("A", "https://a.org"), Link("B", "https://b.org"))
    assert found.sections == (Section("", "Words."),)


@pytest.mark.parametrize(
    "block",
    [
        "[A](https://a.org) and",
        "- [A](https://a.org)\n- `code`",
        "- [A](https://a.org)\n\n  ```\n  code\n  ```",
        "- [A](https://a.org)\n\n  ```of words\n  ```",
        "- [A](https://a.org)\n\n      code",
        "[A](https://a.org) [B](mailto:b@b.org)",
    ],
)
def test_a_block_of_links_and_words_stays(block: str) -> None:
    found = paper(block)

    assert Link("A", "https://a.org") in found.links
    assert found.sections == (Section("", block),)


def test_links_are_listed_once_and_by_their_words() -> None:
    found = paper("Look at [the **code**](https://a.org), [the code](https://a.org), <https://b.org> and ![](c.png).")

    assert found.links == (
        Link("the code", "https://a.org"),
        Link("https://b.org", "https://b.org"),
        Link("🖼", "c.png"),
    )


# No word of a post is lost


@pytest.mark.parametrize("path", [post for post in POSTS if is_digest(post)], ids=lambda path: path.name)
def test_no_word_of_our_posts_is_lost(path: Path) -> None:
    assert lost_words(body_of(path), digest_of(path)) == []


WORD = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ가나다라마바사논문0123456789", min_size=1, max_size=8)
MARKS = st.sampled_from(["", "", "", "*", "**", "~", "_", "<", "&", "$", '"', "(", "[", "]", "|", "!", "\\", ":"])
TOKEN = st.builds("{}{}{}".format, MARKS, WORD, MARKS) | WORD.map("`{}`".format)
SENTENCE = st.lists(TOKEN, min_size=1, max_size=6).map(" ".join)
LINK = st.builds("[{}](https://{}.org/x)".format, st.lists(WORD, min_size=1, max_size=3).map(" ".join), st.just("a"))
BLOCK = st.one_of(
    SENTENCE,
    st.lists(SENTENCE, min_size=2, max_size=3).map("  \n".join),
    st.lists(SENTENCE.map("- {}".format), min_size=1, max_size=3).map("\n".join),
    st.lists(SENTENCE.map("1. {}".format), min_size=1, max_size=3).map("\n".join),
    SENTENCE.map("> {}".format),
    SENTENCE.map("```\n{}\n```".format),
    SENTENCE.map("    {}".format),
    SENTENCE.map("## {}".format),
    SENTENCE.map("[^1]: {}".format),
    SENTENCE.map("~~~{}".format),
    SENTENCE.map("<div>{}</div>".format),
    LINK.map("> {}".format),
    LINK.map("- {}".format),
    st.builds("{} {} {}".format, SENTENCE, LINK, SENTENCE),
    st.builds("| {0} | b |\n|---|---|\n| {0} | d |".format, WORD),
    st.sampled_from(["---", "***", "## Results", "- ", "<!-- more -->", "정보 부족."]),
)
PAPER = st.builds(
    lambda number, title, end, blocks: "\n\n".join([f"# {number}. [{title}](https://a.org/p){end}", *blocks]),
    st.integers(1, 99),
    st.lists(WORD, min_size=1, max_size=5).map(" ".join),
    st.sampled_from(["", "  ", " (oral)"]),
    st.lists(BLOCK, max_size=6),
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PAPER, min_size=1, max_size=3).map("\n\n".join))
@example("# 1. [0](https://a.org/p)\n\n$0_  \n0$ $1_2$ 3_4 $5_ `6`$")
@example("# 1. [0](https://a.org/p)\n\n<p\n\n# 1. [0](https://a.org/p)\n\n~~~0\n\n> [0](https://a.org/x)")
def test_no_word_of_any_post_is_lost(body: str) -> None:
    assert lost_words(body, digest(body)) == []
