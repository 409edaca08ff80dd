"""Posts in every dialect become digests, and no word of them is lost."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ParseError
from bot.sources.jekyll.papers import slug
from bot.sources.jekyll.post import LARGEST_POST, Post, day_of, parse
from formatters import compose
from formatters.markdown import walk
from formatters.model import Digest, Link, Paper, Section
from formatters.spans import plain
from tests.support.golden import DATA, POSTS, digest_of, is_digest

NAME = "2025-01-06-daily-papers-20250106.md"
TITLE = "# 1. [A title](https://arxiv.org/abs/2501.00001)"


def post(body: str, *front: str, name: str = NAME, certain: bool = False) -> Post:
    return parse("\n".join(["---", *front, "---", "", body]).encode(), name, certain=certain)


def digest(body: str, *front: str, name: str = NAME, certain: bool = False) -> Digest:
    found = post(body, *(front or ['title: "Daily Papers — 2025-01-06"']), name=name, certain=certain).digest
    assert found is not None
    return found


def papers(*lines: str) -> tuple[Paper, ...]:
    return digest("\n".join(lines)).papers


def paper(*lines: str) -> Paper:
    (only,) = papers(TITLE, *lines)
    return only


# Dialects, on whole posts


def titles(name: str) -> list[tuple[int, str, str]]:
    return [(paper.number, paper.id, paper.title) for paper in digest_of(DATA / name).papers]


def headings(name: str) -> list[list[str]]:
    return [[section.heading for section in paper.sections] for paper in digest_of(DATA / name).papers]


FIVE = ["Introduction", "Method", "Results", "Limitations", "Conclusion"]


def test_byte_order_mark_and_carriage_returns() -> None:
    found = digest_of(DATA / "2025-01-05-arxiv-crlf.md")

    assert (found.id, found.series, found.day) == ("arxiv/2025-01-05", "Arxiv", date(2025, 1, 5))
    assert found.papers[0].sections[1] == Section(
        "Method",
        "소리를 30초 조각으로 나누어 로그 멜 스펙트로그램으로 바꾼다.  \n"
        "인코더-디코더 트랜스포머가 받아쓰기와 번역, 언어 판별을 함께 배운다.",
    )


def test_labelled_bullets_and_a_stray_quote() -> None:
    found = digest_of(DATA / NAME)

    assert (found.title, found.id) == ("Daily Papers — 2025-01-06", "daily-papers/2025-01-06")
    assert headings(NAME) == [FIVE] * 3
    assert found.papers[2].sections[2] == Section("Results", "정보 부족.")


def test_titles_wrapped_over_lines() -> None:
    assert titles("2025-01-07-daily-papers.md") == [
        (1, "2302.05543", "Adding Conditional Control to Text-to-Image Diffusion Models"),
        (2, "2103.00020", "Learning Transferable Visual Models From Natural Language Supervision"),
        (3, "1409.3215", "Sequence to Sequence Learning with Neural Networks"),
    ]


def test_sections_cut_off_or_missing() -> None:
    assert headings("2025-01-07-daily-papers.md") == [
        ["", "Introduction", "Method"],
        ["", "Introduction", "Results", "Conclusion"],
        ["", "Method", "Limitations"],
    ]
    last = digest_of(DATA / "2025-01-07-daily-papers.md").papers[-1].sections
    assert last[1].body.endswith("낱말 순서를 뒤집으면 학습이 쉬워")
    assert last[2] == Section("Limitations", "")


def test_korean_headings_with_trailing_blanks() -> None:
    korean = ["서론", "방법", "결과", "한계", "결론"]

    assert headings("2025-01-08-daily-papers-20250108.md") == [korean, korean, ["서론", "방법", "결과", "결론"]]


def test_a_quoted_link_is_a_link_of_the_paper() -> None:
    first, *_ = digest_of(DATA / "2025-01-09-daily-papers-20250109.md").papers

    assert first.title == "High-Resolution Image Synthesis with Latent Diffusion Models"
    assert first.links == (Link("Alphaxiv", "https://www.alphaxiv.org/ko/overview/2112.10752"),)
    assert [section.heading for section in first.sections] == FIVE


def test_ids_of_papers_outside_arxiv() -> None:
    assert [number_and_id[:2] for number_and_id in titles("2025-01-10-Arxiv.md")] == [
        (1, "1301.3781"),
        (2, "1707.06347"),
        (3, "lora-low-rank-adaptation-of-large-language-models"),
        (4, "a-made-up-paper-whose-link-must-not-be-followed"),
    ]


def test_a_digest_without_papers_and_a_post_that_is_none() -> None:
    assert digest_of(DATA / "2025-01-11-daily-papers-20250111.md").papers == ()
    assert parse((DATA / "2025-01-12-notes.md").read_bytes(), "2025-01-12-notes.md") == Post(None)


def test_broken_front_matter_is_mended_and_reported() -> None:
    path = DATA / "2025-01-13-daily-papers-20250113.md"

    found = parse(path.read_bytes(), path.name)

    assert found.digest is not None
    assert (found.digest.id, found.digest.title) == ("daily-papers/2025-01-13", "Daily Papers — 2025-01-13")
    assert len(found.digest.papers) == 2
    assert "it was read line by line" in found.degraded


def test_rich_markdown() -> None:
    found = digest_of(DATA / "2025-01-14-daily-papers-20250114.md")
    first, second, _ = found.papers

    assert found.preface.startswith("오늘은 긴 입력을")
    assert [paper.title for paper in found.papers] == [
        "Reformer: The Efficient Transformer",
        "Differential Transformer (ICLR 2025)",
        "Playing Atari with Deep Reinforcement Learning",
    ]
    assert [section.heading for section in first.sections] == ["", *FIVE, "덧붙임"]
    assert first.sections[0].body.strip() == "저녁에 차 한 잔 하며 읽기 좋은 길이의 논문이다."
    assert [link.label for link in first.links] == ["Alphaxiv", "GitHub", "무작위 회전", "해시 통의 그림"]
    assert second.links == (Link("Alphaxiv", "https://www.alphaxiv.org/ko/overview/2410.05258"),)


def test_forty_papers() -> None:
    found = digest_of(DATA / "2025-01-15-daily-papers-20250115.md").papers

    assert [paper.number for paper in found] == list(range(1, 41))
    assert all([section.heading for section in paper.sections] == FIVE for paper in found)


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
    assert [section.heading for section in found[0].sections] == ["2. Not this level", "Aside"]
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


# Title, series, day and address


@pytest.mark.parametrize(
    ("title", "series", "day"),
    [
        ("Daily Papers — 2025-02-03", "Daily Papers", "2025-02-03"),
        ('Daily Papers — 2025-02-03"', "Daily Papers", "2025-02-03"),
        ("'Daily Papers: 2025-02-03'", "Daily Papers", "2025-02-03"),
        ("[2025.02.03] Papers", "[] Papers", "2025-02-03"),
        ("Papers (2025/2/3)", "Papers", "2025-02-03"),
        ("오늘의 논문 2025년 2월 3일", "오늘의 논문", "2025-02-03"),
        ("오늘의 논문 (2025. 2. 3.)", "오늘의 논문", "2025-02-03"),
        ("Papers 20250203 of the day", "Papers of the day", "2025-02-03"),
        ("Arxiv - 2025-02-03", "Arxiv", "2025-02-03"),
    ],
)
def test_series_and_day_stand_in_a_title(title: str, series: str, day: str) -> None:
    found = parse(f"---\ntitle: {title}\n---\n".encode(), "post.md").digest

    assert found is not None
    assert (found.series, found.day.isoformat()) == (series, day)
    assert found.id == f"{slug(series)}/{day}"


@pytest.mark.parametrize("title", ["", "2025-02-03", "Top 1000 papers", "CVPR 2024 100 best", "Papers 2025-13-40"])
def test_a_title_without_series_or_day_makes_no_digest(title: str) -> None:
    assert post("Words.", f"title: {title}").digest is None


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ('The "X" paper — 2025-02-03', 'The "X" paper — 2025-02-03'),
        ("\"'A' to 'B' — 2025-02-03\"", "'A' to 'B' — 2025-02-03"),
    ],
)
def test_quotes_that_belong_to_the_title_stay(written: str, title: str) -> None:
    assert digest("", f"title: {written}").title == title


def test_a_pair_of_quotes_goes_when_the_block_is_read_line_by_line() -> None:
    found = digest("", "title: 'Papers — 2025-02-03'", "\tbroken: yes")

    assert found.title == "Papers — 2025-02-03"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2025-02-03", "2025-02-03"),
        ("2025-02-03 08:15:00", "2025-02-03"),
        ("2025-02-03 23:15:00 +09:00", "2025-02-03"),
        ("2025-02-03 08:15:00 +0900", "2025-02-03"),
        ("20250203", "2025-02-03"),
        ("tomorrow", "2025-01-06"),
        ("2025-13-40", "2025-01-06"),
        ("[2025-02-03]", "2025-01-06"),
    ],
)
def test_the_day_is_that_of_the_front_matter_or_the_file_name(written: str, day: str) -> None:
    assert digest(TITLE, "title: Papers", f"date: {written}").day.isoformat() == day


def test_a_digest_needs_a_day() -> None:
    with pytest.raises(ParseError, match=r"papers\.md: no date in its front matter.*name it YYYY-MM-DD-papers\.md"):
        post(TITLE, "title: Papers", name="papers.md")


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("2025-01-06-daily-papers-20250106.md", "Daily Papers"),
        ("2025-01-06-Arxiv.md", "Arxiv"),
        ("2025-01-06-20250106.md", "Papers"),
    ],
)
def test_a_post_without_title_is_named_by_its_file(name: str, series: str) -> None:
    found = digest(TITLE, "layout: post", name=name)

    assert (found.series, found.title) == (series, series)


def test_a_file_without_day_names_the_series_too() -> None:
    assert digest(TITLE, "date: 2025-02-03", name="weekly-reading.md").id == "weekly-reading/2025-02-03"
    assert digest(TITLE, "date: 2025-02-03", name="weekly").id == "weekly/2025-02-03"


def test_a_digest_keeps_its_id_when_its_file_is_renamed_or_its_title_gets_a_quote() -> None:
    dated = "date: 2025-01-06"
    ids = {
        digest(TITLE, "title: Daily Papers — 2025-01-06", dated).id,
        digest(TITLE, 'title: Daily Papers — 2025-01-06"', dated, name="2025-01-07-renamed.md").id,
        digest(TITLE, "title: daily papers (2025.01.06)", dated, name="a.md").id,
    }

    assert ids == {"daily-papers/2025-01-06"}
    assert digest(TITLE, "title: Arxiv - 2025-01-06", dated).id == "arxiv/2025-01-06"


def test_certain_makes_a_digest_of_any_post() -> None:
    found = digest("Words.", "title: Hello", certain=True)

    assert (found.id, found.preface, found.papers) == ("hello/2025-01-06", "Words.", ())


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("", ""),
        ("https://a.org/:year/:month/:day/:title/", "https://a.org/2025/01/06/daily-papers-20250106/"),
        ("https://a.org/:short_year-:i_month-:i_day-:slug", "https://a.org/25-1-6-daily-papers-20250106"),
        ("https://a.org:8080/:categories/x", "https://a.org:8080/:categories/x"),
    ],
)
def test_permalink(template: str, url: str) -> None:
    found = parse((DATA / NAME).read_bytes(), NAME, permalink=template).digest

    assert found is not None
    assert found.url == url


@pytest.mark.parametrize(
    ("name", "day"),
    [(NAME, date(2025, 1, 6)), ("2025-13-40-x.md", None), ("x-2025-01-06.md", None), ("2025-01-06.md", None)],
)
def test_day_of_a_file_name(name: str, day: date | None) -> None:
    assert day_of(name) == day


def test_slug() -> None:
    assert slug("  GPT-4: 모델_카드, Ünïcode!  ") == "gpt-4-모델-카드-ünïcode"


# What cannot be read


def test_the_largest_post() -> None:
    filled = f"---\ntitle: Papers\n---\n{TITLE}\n\n".encode()
    filled += b"a" * (LARGEST_POST - len(filled))

    assert parse(filled, NAME).digest is not None
    with pytest.raises(ParseError, match=f"{NAME}: larger than a post may be"):
        parse(filled + b"a", NAME)


@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\xff", "논문".encode("utf-16"), "논문".encode("euc-kr")])
def test_no_text(raw: bytes) -> None:
    with pytest.raises(ParseError, match=f"{NAME}: not a text in UTF-8"):
        parse(raw, NAME)


def test_control_characters_go_and_part_no_word() -> None:
    (found,) = papers(f"{TITLE}\n\na\x00b\x1b\x7f\x9bc one\x0btwo\x0cthree\x85four\x1cfive\tsix")

    assert found.sections == (Section("", "abc one two three four five\tsix"),)


def test_lines_may_end_in_carriage_returns_alone() -> None:
    found = parse(f"---\rtitle: Papers\r---\r{TITLE}\r\r## Method\rWords.\r".encode(), NAME).digest

    assert found is not None
    assert found.papers[0].sections == (Section("Method", "Words."),)


def test_an_empty_file_is_no_digest() -> None:
    assert parse(b"", NAME) == Post(None)


# No word of a post is lost

LINK_LINE = re.compile(r"\W*(?:!?\[[^\]]*\]\([^)\s]*\)\W*)+")
SYNTAX = re.compile(r"<!--.*?-->|\]\([^)\s]*\)|^ *```\w*|[*_`~\[\]\\]", re.MULTILINE | re.DOTALL)


def words_of(text: str) -> list[str]:
    """Take the words of a text, of Markdown too, without a Markdown parser."""
    text = re.sub(r"^[ >]*(#+ )?\d+[.)]\s|<br>", " ", text, flags=re.MULTILINE)
    return re.findall(r"\w+", SYNTAX.sub("", text))


def lost_words(body: str, digest: Digest) -> list[str]:
    """Name the first word of a post that its papers in full do not say in the post's order.

    Lines of links alone may move to the end of their paper.
    """
    texts = [plain(walk(digest.preface)), *(plain(compose.full(paper)) for paper in digest.papers)]
    read = words_of("\n".join(texts))
    lines = body.split("\n")
    moved = words_of("\n".join(line for line in lines if LINK_LINE.fullmatch(line)))
    kept = words_of("\n".join(line for line in lines if not LINK_LINE.fullmatch(line)))
    rest = iter(read)
    return [word for word in kept if word not in rest][:1] + [word for word in moved if word not in read]


def body_of(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig").split("---\n", 2)[2]


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
def test_no_word_of_any_post_is_lost(body: str) -> None:
    assert lost_words(body, digest(body)) == []
