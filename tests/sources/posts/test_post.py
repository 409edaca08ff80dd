"""Posts in every dialect become digests: text, front matter, series, day and link."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from bot.errors import NoDayError, ParseError
from bot.sources.posts.papers.drafts import slug
from bot.sources.posts.papers.misses import NO_LINK
from bot.sources.posts.post import LARGEST_POST, Origin, Post, parse
from bot.sources.survey import Miss, Reached
from formatters.model import Link, Section
from tests.support.golden import DATA, digest_of
from tests.support.posts import NAME, TITLE, digest, papers, post

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
        (3, "openreview:nZeVKeeFYf9"),
        (4, "a-made-up-paper-whose-link-must-not-be-followed"),
    ]


def test_a_digest_without_papers_and_a_post_that_is_none() -> None:
    assert digest_of(DATA / "2025-01-11-daily-papers-20250111.md").papers == ()
    assert parse((DATA / "2025-01-12-notes.md").read_bytes(), Origin("2025-01-12-notes.md")).digest is None


@pytest.mark.parametrize(
    ("front", "line"),
    [("---\na: b\n---\n", 5), ("---\na: b\n---\n\n\n", 7), ("---\na: [b\n---\n\n", 6), ("", 2), ("\n\n\n", 5)],
    ids=["front matter", "and empty lines", "a broken one", "none", "none, and empty lines"],
)
def test_a_miss_names_the_line_of_the_file(front: str, line: int) -> None:
    found = parse(f"{front}Words.\n# 1. A title\n\n\n".encode(), Origin(NAME))

    assert (found.digest, found.miss) == (None, Miss(Reached.NUMBERS, NO_LINK, line, "# 1. A title"))


def test_broken_front_matter_is_mended_and_reported() -> None:
    path = DATA / "2025-01-13-daily-papers-20250113.md"

    found = parse(path.read_bytes(), Origin(path.name))

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


# Title, series, day and address


@pytest.mark.parametrize(
    ("title", "series", "day"),
    [
        ("Daily Papers — 2025-02-03", "Daily Papers", "2025-02-03"),
        ('Daily Papers — 2025-02-03"', "Daily Papers", "2025-02-03"),
        ("'Daily Papers: 2025-02-03'", "Daily Papers", "2025-02-03"),
        ("[2025.02.03] Papers", "Papers", "2025-02-03"),
        ("Papers (2025/2/3)", "Papers", "2025-02-03"),
        ("오늘의 논문 2025년 2월 3일", "오늘의 논문", "2025-02-03"),
        ("오늘의 논문 (2025. 2. 3.)", "오늘의 논문", "2025-02-03"),
        ("Papers 20250203 of the day", "Papers of the day", "2025-02-03"),
        ("Arxiv - 2025-02-03", "Arxiv", "2025-02-03"),
    ],
)
def test_series_and_day_stand_in_a_title(title: str, series: str, day: str) -> None:
    found = parse(f"---\ntitle: {title}\n---\n".encode(), Origin("2025-02-03.md")).digest

    assert found is not None
    assert (found.series, found.day.isoformat()) == (series, day)
    assert found.id == f"{slug(series)}/{day}"


def test_an_empty_post_is_a_digest_where_its_name_is_dated_too() -> None:
    assert parse(b"---\ntitle: Papers 2025-02-03\n---\n", Origin("post.md")) == Post(None)


def test_components_are_no_words_of_a_post() -> None:
    lines = ("import Chart from '../chart.astro'", "export const a = 1", "", "Import 'this' {/* note */}today.", TITLE)
    text = "\n".join(("---", "title: Papers", "---", *lines)).encode()

    found = parse(text, Origin("2025-02-03-a.mdx")).digest
    assert found
    assert found.preface == "Import 'this' today."
    assert [
        one.preface.split("\n")[0] for name in ("2025-02-03-a.md",) if (one := parse(text, Origin(name)).digest)
    ] == [lines[0]]


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
        ("2025-2-3 8:15:00", "2025-02-03"),
        ("2025-2-30 8:15:00", "2025-01-06"),
        ("20250203", "2025-02-03"),
        ("0x" + "f" * 4000, "2025-01-06"),
        ("tomorrow", "2025-01-06"),
        ("2025-13-40", "2025-01-06"),
        ("[2025-02-03]", "2025-01-06"),
    ],
)
def test_the_day_is_that_of_the_front_matter_or_the_file_name(written: str, day: str) -> None:
    assert digest(TITLE, "title: Papers", f"date: {written}").day.isoformat() == day


def test_a_digest_needs_a_day() -> None:
    with pytest.raises(NoDayError, match=r"a/papers\.md: no date in its front matter.*name it YYYY-MM-DD-papers\.md"):
        post(TITLE, "title: Papers", name="a/papers.md")


@pytest.mark.parametrize("day", ["0001-01-01", "1989-12-31", "2201-01-01", "9999-12-31"])
def test_days_that_no_post_has(day: str) -> None:
    for name, front in ((NAME, f"date: {day}"), (f"{day}-papers.md", "layout: post"), ("papers.md", f"title: P {day}")):
        with pytest.raises(ParseError) as caught:
            post(TITLE, front, name=name)
        assert str(caught.value) == f"{name}: dated {day}; a post is of 1990-01-01 to 2200-12-31: correct its date"


@pytest.mark.parametrize("day", ["1990-01-01", "2200-12-31"])
def test_the_first_and_the_last_day(day: str) -> None:
    assert digest(TITLE, f"date: {day}").day.isoformat() == day


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


def test_a_heading_is_the_title_where_front_matter_has_none() -> None:
    body = f"# Daily papers, 26 November 2026\n\n#{TITLE}\n"
    found = digest(body, "layout: post", name="papers.md")

    assert (found.id, found.title) == ("daily-papers/2026-11-26", "Daily papers, 26 November 2026")
    assert digest(body, "title: Arxiv", name="papers.md").id == "arxiv/2026-11-26"


def test_front_matter_in_toml() -> None:
    text = f'+++\ntitle = "Papers 2025-09-10"\ndate = 2025-09-10T23:15:00Z\n+++\n{TITLE}\n'
    found = parse(text.encode(), Origin("12.md", zone=ZoneInfo("Asia/Seoul"))).digest

    assert found
    assert (found.id, found.title, found.preface) == ("papers/2025-09-11", "Papers 2025-09-10", "")


@pytest.mark.parametrize("line", ["draft: true", "published: false"])
def test_what_is_not_published_is_no_post(line: str) -> None:
    found = post(TITLE, "title: Daily Papers — 2025-01-06", line, certain=True)

    why = "its front matter says that it is not published yet"
    assert found == Post(None, why, miss=Miss(Reached.PAPERS, why))
    assert post("Words.", line) == Post(None, why)


def test_the_days_that_a_post_names() -> None:
    found = post(TITLE, "title: Papers 2025-02-02", "date: 2025-02-03", name="2025-02-03-a.md")

    assert [(place, one.day.isoformat()) for place, one in found.days.items()] == [
        *(("front matter", "2025-02-03"), ("file name", "2025-02-03"), ("title", "2025-02-02")),
    ]
    assert found.degraded == ""


@pytest.mark.parametrize(
    ("name", "front", "said"),
    [
        ("2025-02-05-a.md", "date: 2025-02-03", ("2025-02-03", "front matter", "2025-02-05", "file name")),
        ("2025-02-03-a.md", "title: P 2025-02-01", ("2025-02-03", "file name", "2025-02-01", "title")),
        ("2025-W06.md", "date: 2025-02-11", ("2025-02-11", "front matter", "2025-02-03", "file name")),
        ("2025-W06.md", "date: 2025-02-10", ()),
    ],
)
def test_days_that_differ_by_more_than_one_are_told(name: str, front: str, said: tuple[str, ...]) -> None:
    sentence = "dated {} by its {}, which counts, but {} by its {}".format(*said) if said else ""

    assert post(TITLE, front, name=name).degraded == sentence


def test_a_link_has_the_day_of_the_site() -> None:
    text = f"---\ntitle: Papers\ndate: 2026-11-25 23:30:00\n---\n{TITLE}".encode()
    found = parse(
        text, Origin("2026-11-25-a.md", permalink="https://a.org/:year/:month/:day/", zone=ZoneInfo("Asia/Seoul"))
    ).digest

    assert found
    assert (found.day.isoformat(), found.url) == ("2026-11-25", "https://a.org/2026/11/26/")


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
    found = parse((DATA / NAME).read_bytes(), Origin(NAME, permalink=template)).digest

    assert found is not None
    assert found.url == url


def test_slug() -> None:
    assert slug("  GPT-4: 모델_카드, Ünïcode!  ") == "gpt-4-모델-카드-ünïcode"


# What cannot be read


def test_the_largest_post() -> None:
    filled = f"---\ntitle: Papers\n---\n{TITLE}\n\n".encode()
    filled += b"a" * (LARGEST_POST - len(filled))

    assert parse(filled, Origin(NAME)).digest is not None
    with pytest.raises(ParseError, match=f"{NAME}: larger than a post may be"):
        parse(filled + b"a", Origin(NAME))


@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\xff", "논문".encode("utf-16"), "논문".encode("euc-kr")])
def test_no_text(raw: bytes) -> None:
    with pytest.raises(ParseError, match=f"{NAME}: not a text in UTF-8"):
        parse(raw, Origin(NAME))


def test_control_characters_go_and_part_no_word() -> None:
    (found,) = papers(f"{TITLE}\n\na\x00b\x1b\x7f\x9bc one\x0btwo\x0cthree\x85four\x1cfive\tsix")

    assert found.sections == (Section("", "abc one two three four five\tsix"),)


def test_lines_may_end_in_carriage_returns_alone() -> None:
    found = parse(f"---\rtitle: Papers\r---\r{TITLE}\r\r## Method\rWords.\r".encode(), Origin(NAME)).digest

    assert found is not None
    assert found.papers[0].sections == (Section("Method", "Words."),)


def test_an_empty_file_is_no_digest() -> None:
    assert parse(b"", Origin(NAME)) == Post(None)
