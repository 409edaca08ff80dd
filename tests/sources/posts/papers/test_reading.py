"""Bodies of many shapes become papers, and what belongs to none."""

from __future__ import annotations

import pytest

from bot.sources.posts.papers.levels import Role
from bot.sources.posts.papers.reading import Reading, read_papers


def arxiv(number: int) -> str:
    return f"https://arxiv.org/abs/2511.{number:05}"


def read(*blocks: str, base: str = "") -> Reading:
    return read_papers("\n\n".join(blocks), base)


def ids(found: Reading) -> list[str]:
    return [paper.id.removeprefix("2511.0000") for paper in found.papers]


def titles(found: Reading) -> list[str]:
    return [paper.title for paper in found.papers]


def bodies(found: Reading) -> list[list[tuple[str, str]]]:
    return [[(section.heading, section.body) for section in paper.sections] for paper in found.papers]


# Links below headings


@pytest.mark.parametrize(
    "under",
    [
        f"**Link**: [PDF]({arxiv(1)})",
        f"🔗 **링크**: [arXiv]({arxiv(1)}) | ⭐ 78/100",
        f"⭐ 78/100 | **논문**: {arxiv(1)}",
        f"- **URL**: [{arxiv(1)}]({arxiv(1)})\n- **Abstract**: x",
        f"[📄 论文]({arxiv(1)}) | [PDF](https://arxiv.org/pdf/2511.00001v2)",
        arxiv(1),
        "arXiv: 2511.00001",
        "doi:10.48550/arXiv.2511.00001",
        f"Words about [it]({arxiv(1)}).",
        f"Words about [another]({arxiv(9)}).\n\n**arXiv**: {arxiv(1)}",
        f"### Links\n\n[Paper]({arxiv(1)})",
        f"[A title that is longer than any label of a link would be]({arxiv(1)})",
    ],
)
def test_the_link_of_a_paper_may_stand_below_its_heading(under: str) -> None:
    found = read("## 1. One", under, "## 2. Two", f"**Link**: {arxiv(2)}")

    assert (ids(found), titles(found)) == (["1", "2"], ["One", "Two"])


def test_a_date_before_a_title_is_part_of_it_and_a_date_alone_is_none() -> None:
    found = read("## 2026-11-26: Rain", f"Link: {arxiv(1)}", "## 2026-11-25: 비의 소리", f"Link: {arxiv(2)}")

    assert titles(found) == ["2026-11-26: Rain", "2026-11-25: 비의 소리"]
    assert not read("## 2026-11-26", f"Link: {arxiv(1)}", "## 2026-11-20 to 2026-11-25", f"Link: {arxiv(2)}").papers


def test_a_heading_over_several_papers_is_none() -> None:
    assert not read("## Things", f"See [a]({arxiv(1)}) and [b]({arxiv(2)}).", "## Others", "Words.").papers


def test_what_a_heading_links_itself_comes_first() -> None:
    found = read(f"## [One]({arxiv(1)})", f"arXiv: {arxiv(8)}", f"### [Deeper]({arxiv(9)})")

    assert ids(found) == ["1"]


def test_a_link_elsewhere_in_the_heading_stays_beside_the_one_below() -> None:
    (one, _) = read("## [One](https://b.org/one)", f"arXiv: {arxiv(1)}", f"## [Two]({arxiv(2)})").papers

    assert (one.url, [link.url for link in one.links]) == (arxiv(1), ["https://b.org/one"])


@pytest.mark.parametrize(
    "blocks",
    [
        ("# A paper", f"arXiv: {arxiv(1)}", "## Introduction", "Words.", "## Method", f"As in [x]({arxiv(2)})."),
        ("## Idea", f"As in [x]({arxiv(1)}).", "## Its use", "Words.", "## Its end", "Words."),
        ("## Paper", f"[arXiv]({arxiv(1)})", "## My thoughts", "Words."),
        ("## 2026-11-26", f"Link: {arxiv(1)}", "## 2026-11-27", "Words."),
        ("Words.", f"- [One]({arxiv(1)})", "More words. " * 30),
        ("Words.", "## References", f"- [One of them]({arxiv(1)})", f"- [Two of them]({arxiv(2)})"),
        ("## [Tool](https://b.org)", "Words.", "## Words", "More."),
        ("## [Code of Conduct](./conduct.md)", "Words.", "## [Issues](./issues.md)", "Words."),
        ("Only words.",),
        ("## How to get it", f"```sh\nwget {arxiv(1)}\n```", "## How to read it", f"~~~\n{arxiv(2)}\n~~~"),
        (
            "## Section",
            f"Text [a]({arxiv(1)}).",
            "## Other",
            f"Text [b]({arxiv(2)}) and [c]({arxiv(3)}).",
            "## More",
            "x",
        ),
    ],
)
def test_texts_that_are_no_digests(blocks: tuple[str, ...]) -> None:
    found = read(*blocks)

    assert (found.papers, found.rest) == ((), "")


def test_names_that_come_again_over_other_papers_are_sections() -> None:
    found = read(*(block for n in (1, 2) for block in (f"## {n}. Number {n}", "### Where", f"arXiv: {arxiv(n)}")))

    assert titles(found) == ["Number 1", "Number 2"]
    assert [[heading for heading, _ in sections] for sections in bodies(found)] == [["Where"], ["Where"]]


def test_numbered_papers_may_have_one_title() -> None:
    found = read(*(block for n in (1, 2) for block in (f"## {n}. Without a title", f"arXiv: {arxiv(n)}")))

    assert ids(found) == ["1", "2"]


def test_the_same_paper_twice_is_one_and_no_word_of_it_is_lost() -> None:
    found = read(
        *(f"# 1. [One]({arxiv(1)}v1)", "Words.", f"# 2. [Two]({arxiv(2)})"),
        *("# 3. [One again](https://huggingface.co/papers/2511.00001)", "More.", f"# 4. [One]({arxiv(1)})", "Most."),
    )

    assert (ids(found), [paper.number for paper in found.papers]) == (["1", "2"], [1, 2])
    assert bodies(found)[0] == [("", "Words."), ("One again", ""), ("", "More."), ("", "Most.")]


# Levels, categories, ends


def test_the_level_with_the_most_papers_counts_and_the_deeper_of_two() -> None:
    found = read("# A", "## B", f"Link: {arxiv(1)}", "# C", "## D", f"Link: {arxiv(2)}", "# E", "Words.")

    assert titles(found) == ["B", "D"]
    assert [paper.category for paper in found.papers] == ["A", "C"]
    assert found.rest == "# E\n\nWords."


def test_categories_of_categories() -> None:
    found = read(
        "# Post", "Words.", "## Read", "### Vision", f"#### [One]({arxiv(1)})", "### Text", f"#### [Two]({arxiv(2)})"
    )

    assert [(paper.title, paper.category) for paper in found.papers] == [("One", "Vision"), ("Two", "Text")]
    assert (found.title, found.below_title) == ("Post", "Words.\n\n## Read")


def test_a_category_may_stand_beside_its_papers_and_have_a_sections_name() -> None:
    found = read("## LLM", f"## 1. [One]({arxiv(1)})", "# Evaluation", f"## 1. [Two]({arxiv(2)})")

    assert [(paper.title, paper.category) for paper in found.papers] == [("One", "LLM"), ("Two", "Evaluation")]
    assert [paper.number for paper in found.papers] == [1, 2]


def test_sections_above_their_papers() -> None:
    blocks = [(f"### {n}. [Number {n}]({arxiv(n)})", "## Method", "Words.", "## Conclusion", "End.") for n in (1, 2)]
    found = read(*(block for one in blocks for block in one), "## Thanks", "See you.")

    assert bodies(found) == [[("Method", "Words."), ("Conclusion", "End.")]] * 2
    assert found.rest == "## Thanks\n\nSee you."


def test_a_summary_after_all_papers_belongs_to_none() -> None:
    found = read(f"## 1. [One]({arxiv(1)})", "Words.", f"## 2. [Two]({arxiv(2)})", "## 总结", "All in all.")

    assert bodies(found) == [[("", "Words.")], []]
    assert found.rest == "## 总结\n\nAll in all."


def test_a_summary_of_the_only_paper_is_its_own() -> None:
    assert bodies(read(f"## 1. [One]({arxiv(1)})", "## Summary", "All.")) == [[("Summary", "All.")]]


def test_numbers_show_papers_that_lost_their_link() -> None:
    found = read("## 1. One", f"## 2. [Two]({arxiv(2)})", "## 3. Three", "# Trends", "## 1. No paper", "## 2. None")

    assert [(paper.title, paper.url) for paper in found.papers] == [("One", ""), ("Two", arxiv(2)), ("Three", "")]
    assert "No paper" in found.rest


def test_links_of_other_kinds_count_beside_papers() -> None:
    found = read(f"## [One]({arxiv(1)})", "## [Report](https://b.org/report)", "## A [note](https://b.org/note) on it")

    assert titles(found) == ["One", "Report"]


def test_links_of_other_kinds_alone() -> None:
    assert titles(read("## 1. [One](/one)", "## 2. [Two](two.md)", base="https://b.org")) == ["One", "Two"]
    assert titles(read("## [One](/one)", "## [Two](/two)", "## Words", base="https://b.org")) == ["One", "Two"]


def test_what_each_part_is_and_which_lines_it_takes() -> None:
    found = read("# Post", "## A", f"### [One]({arxiv(1)})", "#### Method", "## Thanks")

    assert [part.role for part in found.parts] == [
        *(Role.TITLE, Role.CATEGORY, Role.PAPER, Role.SECTION, Role.OTHER),
    ]
    assert found.lines == ((range(4, 8),),)


def test_a_rule_before_the_papers_belongs_to_none() -> None:
    assert read("Words.", "---", f"## [One]({arxiv(1)})").preface == "Words."
    assert read("Words.", "---").preface == "Words.\n\n---"


# Headings written otherwise


@pytest.mark.parametrize(
    "heading",
    [
        f'<h2>1. <a href="{arxiv(1)}">One</a></h2>\nWords.',
        f"Paper 1: [One]({arxiv(1)})\n---\n\nWords.",
        f"## Title:\n          1. [One]({arxiv(1)})\n\nWords.",
        f"## 1. [One\n\n]({arxiv(1)})\n\nWords.",
        f"## 1. [One][p]\n\n[p]: {arxiv(1)} 'A title'\n\nWords.",
        f"## 1. [One][]\n\n[one]: <{arxiv(1)}>\n\nWords.",
        f"## 1. [One]\n\n[One]: {arxiv(1)}\n\nWords.",
    ],
)
def test_spellings_of_headings(heading: str) -> None:
    found = read(heading, f"## 2. [Two]({arxiv(2)})")

    assert (titles(found), ids(found)) == (["One", "Two"], ["1", "2"])
    assert [body for _, body in bodies(found)[0]] == ["Words."]


def test_a_label_that_nothing_follows_is_a_title() -> None:
    assert titles(read("## Title:", "### Words", f"## 1. [One]({arxiv(1)})")) == ["One"]
    assert titles(read("## Title:", "- Words", f"## 1. [One]({arxiv(1)})")) == ["One"]


def test_reference_links_in_texts() -> None:
    found = read(
        *("## [One][1]", "See [the code][c], `[1]`, [c] and [d][e].", "```\n[1]\n```", "[^1]: A note."),
        f"[1]: {arxiv(1)}\n[c]: https://github.com/a/b\n[f]: https://b.org",
    )

    (paper,) = found.papers
    assert [link.url for link in paper.links] == ["https://github.com/a/b"] * 2
    assert "[1]\n```\n\n[^1]: A note.\n\n\n\n[f]: https://b.org" in paper.sections[0].body
    assert "[d][e]" in paper.sections[0].body


# What stands like a heading


def test_details() -> None:
    found = read(
        f"<details>\n<summary><b>1. One</b> ⭐ 40</summary>\n[Paper]({arxiv(1)})\n\n### Method\n\nWords.\n</details>",
        "Between.",
        f"<details>\n<summary>2. [Two]({arxiv(2)})</summary>\n\nMore.\n\n"
        "<details><summary>Deep</summary>\n\nx\n\n</details>\n\n</details>",
    )

    assert (titles(found), ids(found)) == (["One", "Two"], ["1", "2"])
    assert bodies(found)[0] == [("Method", "Words.")]
    assert bodies(found)[1][0][1].startswith("More.")
    assert found.rest == "Between."


def test_details_that_are_not_closed() -> None:
    assert ids(read(f"<details><summary>1. [One]({arxiv(1)})</summary>\n\nWords.", "</details>", "</details>")) == ["1"]


def test_lines_in_bold() -> None:
    found = read(f"**1. [One]({arxiv(1)})**", "Words.", f"**2. Two** [PDF]({arxiv(2)})", "More.", "**Really**, no.")

    assert (titles(found), ids(found)) == (["One", "Two"], ["1", "2"])
    assert bodies(found)[1] == [("", "More.\n\n**Really**, no.")]


# Tables and lists


def test_rows_of_a_table() -> None:
    found = read(
        "\n".join(
            [
                "| No. | Title | Authors | TL;DR | Links |",
                "|---|---|---|---|---|",
                f"| 1 | One | A. Author | Says `x|y` \\| z. | [arXiv]({arxiv(1)}), [code](https://github.com/a/b) |",
                f"| 2 | [Two]({arxiv(2)}) | | |",
                "| 3 | Three | no link | | |",
                "|||||",
            ]
        )
    )

    assert [(paper.number, paper.title, paper.url) for paper in found.papers] == [
        (1, "One", arxiv(1)),
        (2, "Two", arxiv(2)),
    ]
    assert bodies(found) == [[("", "- **Authors**: A. Author\n- **TL;DR**: Says `x|y` \\| z.")], []]
    assert [link.label for link in found.papers[0].links] == ["arXiv", "code"]
    assert "Three" in found.rest


def test_a_table_that_names_no_column_for_titles() -> None:
    found = read(
        f"| | Paper |\n|---|---|\n| 1) **One** – in words. | [Paper]({arxiv(1)}) |\n| `-` | [PDF]({arxiv(2)}) |"
    )

    assert (titles(found), bodies(found)) == (["One"], [[("", "in words.")]])


def test_a_table_of_papers_that_have_headings_is_none() -> None:
    table = f"| # | Title |\n|---|---|\n| 1 | [One]({arxiv(1)}) |"
    found = read("## Overview", table, f"## 1. [One]({arxiv(1)})", f"## 2. [Two]({arxiv(2)})", "# Again", table)

    assert titles(found) == ["One", "Two"]
    assert table in found.preface
    assert table in found.rest


@pytest.mark.parametrize(
    "item",
    [
        f"[One]({arxiv(1)}) - Words.",
        f"**[One]({arxiv(1)})**: Words.",
        f"**One** ([arXiv]({arxiv(1)})) Words.",
        f"One – [PDF]({arxiv(1)}) Words.",
        f"One: Words. {arxiv(1)}",
        f"[ ] [One]({arxiv(1)})\n  Words.",
        f"One\n  - Link: {arxiv(1)}\n  - Words.",
        f"[One](https://b.org): Words. [arXiv]({arxiv(1)})",
    ],
)
def test_items_of_a_list(item: str) -> None:
    found = read(f"- {item}\n- [Two]({arxiv(2)})")

    assert (titles(found), ids(found)) == (["One", "Two"], ["1", "2"])
    assert "Words." in bodies(found)[0][0][1]


def test_numbers_of_a_list() -> None:
    found = read(f"3. [One]({arxiv(1)})\n   - Goal: g\n4. (7) [Two]({arxiv(2)})")

    assert [paper.number for paper in found.papers] == [3, 7]
    assert bodies(found)[0] == [("", "- Goal: g")]


@pytest.mark.parametrize(
    "text",
    [
        f"- [One]({arxiv(1)})\n- Words",
        f"- [One]({arxiv(1)})\n- [One again]({arxiv(1)})",
        f"- [PDF]({arxiv(1)})\n- [HTML]({arxiv(2)})",
        f"-\n- [One]({arxiv(1)})",
        f"| A | B |\n|---|---|\n| [PDF]({arxiv(1)}) | 7 |",
        f"> - [One]({arxiv(1)})\n> - [Two]({arxiv(2)})",
    ],
)
def test_lists_and_tables_of_no_papers(text: str) -> None:
    assert read(text).papers == ()


def test_lists_under_categories_and_after_papers() -> None:
    both = f"- **[Two]({arxiv(2)})**: w\n- **[Three]({arxiv(3)})**: w"
    found = read("## LLM", f"- **[One]({arxiv(1)})**: w", "## Vision", both)
    assert [(paper.title, paper.category) for paper in found.papers] == [
        *(("One", "LLM"), ("Two", "Vision"), ("Three", "Vision")),
    ]

    after = read(f"## 1. [One]({arxiv(1)})", "Words.", "# Also", both)
    assert [(paper.title, paper.category) for paper in after.papers] == [
        ("One", ""),
        ("Two", "Also"),
        ("Three", "Also"),
    ]
    assert after.rest == ""


def test_one_item_below_each_heading_is_its_link() -> None:
    found = read(
        *(block for n in (1, 2) for block in (f"## Number {n}", f"- [A long title {n}]({arxiv(n)})", "Words."))
    )

    assert titles(found) == ["Number 1", "Number 2"]
