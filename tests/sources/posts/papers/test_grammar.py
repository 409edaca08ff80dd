"""Digests written in any mix of ways are read back: the same papers, the same links, and no word lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.sources.posts.papers.reading import Reading, read_papers
from formatters import addresses, compose
from formatters.locale import phrases
from formatters.markdown import walk
from formatters.spans import plain

# Words of made-up titles and texts, none of which names a section or a kind of link.
WORDS = st.sampled_from(
    [
        *("rain", "gravel", "otter", "kettle", "lantern", "비", "자갈", "수달", "주전자", "雨", "砾石", "水獺", "灯笼"),
        *("hinoki", "maru", "tatami"),
    ]
)
TITLE = st.lists(WORDS, min_size=2, max_size=5).map(" ".join)
TEXT = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
ADDRESS = st.integers(10000, 99999).flatmap(
    lambda number: st.sampled_from(
        [
            f"https://arxiv.org/abs/2511.{number}",
            f"https://arxiv.org/pdf/2511.{number}v2",
            f"https://huggingface.co/papers/2511.{number}",
            f"https://www.alphaxiv.org/abs/2511.{number}",
            f"https://openreview.net/forum?id=Ab{number}",
            f"https://doi.org/10.1000/x.{number}",
            f"https://aclanthology.org/2025.acl-long.{number}/",
        ]
    )
)
PAPERS = st.lists(
    st.tuples(TITLE, ADDRESS),
    min_size=2,
    max_size=5,
    unique_by=(lambda one: one[0], lambda one: addresses.identity(one[1])),
)
NUMBERS: dict[str, Callable[[int], str]] = {
    "1.": lambda n: f"{n}. ",
    "1)": lambda n: f"{n}) ",
    "[1]": lambda n: f"[{n}] ",
    "(1)": lambda n: f"({n}) ",
    "#1": lambda n: f"#{n} ",
    "1:": lambda n: f"{n}: ",
    "1、": lambda n: f"{n}、",
    "１．": lambda n: f"{chr(0xFF10 + n % 10)}．" if n < 10 else f"{n}．",
    "①": lambda n: f"{chr(0x2460 + n - 1)} ",
    "1️⃣": lambda n: f"{n}\ufe0f\u20e3 ",
    "논문 1.": lambda n: f"논문 {n}. ",
    "Paper 1:": lambda n: f"Paper {n}: ",
    "📄 1.": lambda n: f"📄 {n}. ",
    "": lambda _: "",
}
METADATA = ["**Authors**: A. Author", "**저자**: 김", "**评分**：⭐⭐⭐", "⭐ 78/100", "**分野**: hinoki"]
LABELS = ["**Link**: ", "**arXiv**: ", "🔗 **링크**: ", "- **URL**: ", "[📄 论文] ", "**論文**："]
SECTIONS = ["Method", "방법", "结果", "手法", "Introduction"]
PREFACES = ["", "Today we read gravel.", "> 비 자갈"]
ENDS = ["", "Thanks for reading.", "See gravel at [a sponsor](https://sponsor.example.org)."]


@dataclass(frozen=True)
class Written:
    """A digest as Markdown, with what shall be read of it."""

    text: str
    papers: list[tuple[str, str]]  # titles and addresses
    categories: list[str]


def _below(label: str, url: str) -> str:
    return f"[📄 论文]({url})" if label.startswith("[") else f"{label}[arXiv]({url})"


def _heading(place: str, mark: str, number: str, title: str, url: str) -> str:
    return {
        "linked": f"{mark} {number}[{title}]({url})",
        "bold": f"{mark} **{number}[{title}]({url})**",
        "behind": f"{mark} {number}{title} [PDF]({url})",
        "angle": f"{mark} {number}{title} <{url}>",
        "html": f'<h{len(mark)}>{number}<a href="{url}">{title}</a></h{len(mark)}>',
    }.get(place, f"{mark} {number}{title}")


@st.composite
def headed(draw: st.DrawFn) -> Written:
    """Write papers as headings."""
    level, number = draw(st.integers(3, 5)), NUMBERS[draw(st.sampled_from(sorted(NUMBERS)))]
    places = ["linked", "bold", "behind", "angle", "html", "below", "bare"]
    place, label = draw(st.sampled_from(places)), draw(st.sampled_from(LABELS))
    listed = draw(PAPERS)
    names = draw(st.sampled_from([[], ["LLM"], ["LLM", "Vision"]]))
    section = draw(st.sampled_from(SECTIONS)) if draw(st.booleans()) else ""
    restart = draw(st.booleans())
    blocks, categories, n = [draw(st.sampled_from(PREFACES))], [], 0
    for index, (title, url) in enumerate(listed):
        if names and index % 2 == 0 and (name := f"{names[index // 2 % len(names)]} {index}"):
            blocks.append(f"{'#' * (level - 1)} {name}")
            n = 0 if restart else n
        categories.append(f"{names[index // 2 % len(names)]} {index // 2 * 2}" if names else "")
        n += 1
        blocks.append(_heading(place, "#" * level, number(n), title, url))
        blocks += [draw(st.sampled_from(METADATA))] if draw(st.booleans()) else []
        blocks += [_below(label, url)] if place == "below" else [url] if place == "bare" else []
        blocks.append(f"{draw(TEXT)}.")
        blocks += [f"{'#' * (level + 1)} {section}", f"{draw(TEXT)}."] if section else []
    end = draw(st.sampled_from(ENDS))
    blocks += [f"{'#' * (level - 1)} Goodbye", end] if end else []
    return Written("\n\n".join(filter(None, blocks)), listed, categories)


@st.composite
def listed(draw: st.DrawFn) -> Written:
    """Write papers as items of a list, rows of a table, lines in bold, or details."""
    papers = draw(PAPERS)
    texts = [draw(TEXT) for _ in papers]
    shape = draw(st.sampled_from(["list", "bold list", "numbered", "table", "bold", "details"]))
    rows = [(n, title, url, text) for n, ((title, url), text) in enumerate(zip(papers, texts, strict=True), 1)]
    blocks = {
        "list": ["\n".join(f"- [{title}]({url}) - {text}" for _, title, url, text in rows)],
        "bold list": ["\n".join(f"- **[{title}]({url})**: {text}" for _, title, url, text in rows)],
        "numbered": ["\n".join(f"{n}. **{title}** ([arXiv]({url}))\n   - {text}" for n, title, url, text in rows)],
        "table": [
            "\n".join(
                ["| # | 제목 | 요약 | 링크 |", "|---|---|---|---|"]
                + [f"| {n} | {title} | {text} | [arXiv]({url}) |" for n, title, url, text in rows]
            )
        ],
        "bold": [block for n, title, url, text in rows for block in (f"**{n}. [{title}]({url})**", f"{text}.")],
        "details": [
            f"<details>\n<summary>{n}. {title}</summary>\n\n[Paper]({url})\n\n{text}\n\n</details>"
            for n, title, url, text in rows
        ],
    }[shape]
    return Written("\n\n".join(blocks), papers, [""] * len(papers))


def words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z가-힣一-鿿]+", text))


def said(found: Reading) -> str:
    full = (f"{plain(compose.full(paper, phrases('en')))}\n{paper.category}" for paper in found.papers)
    return "\n".join(
        [plain(walk(found.preface)), *full, plain(walk(found.rest)), "Paper 논문 PDF arXiv 论文 제목 요약 링크"]
    )


def prose(text: str) -> str:
    """Take the Markdown of a digest without addresses and tags."""
    return re.sub(r"\]\([^)\s]*\)|https?://\S+|<[^<>]*>", " ", text)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(headed(), listed()))
def test_any_digest_is_read_back(written: Written) -> None:
    found = read_papers(written.text)

    assert [(paper.title, addresses.identity(paper.url)) for paper in found.papers] == [
        (title, addresses.identity(url)) for title, url in written.papers
    ]
    assert [paper.category for paper in found.papers] == written.categories
    assert words(prose(written.text)) <= words(said(found))
    linked = {addresses.identity(link.url) for paper in found.papers for link in addresses.row(paper)}
    assert {addresses.identity(url) for _, url in written.papers} <= linked


BLOCK = st.one_of(
    TEXT.map("{}.".format),
    TEXT.map("## {}".format),
    TEXT.map("### {}".format),
    st.builds("{} [{}](https://b.example.org/x) {}.".format, TEXT, TEXT, TEXT),
    st.builds("- {}\n- [{}](https://b.example.org/x)".format, TEXT, TEXT),
    st.builds("| {0} | {1} |\n|---|---|\n| {1} | {0} |".format, WORDS, WORDS),
    st.sampled_from(
        ["---", "```\ncode\n```", "1. one\n2. two", "**bold**", "<details>", "</details>", "[x]: y", "![", "<h2>"]
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(BLOCK, max_size=12).map("\n\n".join))
def test_texts_without_papers_give_none_and_stay_whole(text: str) -> None:
    found = read_papers(text)

    assert (found.papers, found.preface, found.rest) == ((), text.strip(), "")


@settings(max_examples=100, deadline=None)
@given(st.text("#[]()<>*|-_`~!.:/ \n\\abc1「」：①", max_size=120), headed())
def test_garbage_around_a_digest_raises_nothing(garbage: str, written: Written) -> None:
    read_papers(garbage)

    assert read_papers(f"{garbage}\n\n{written.text}\n\n{garbage}").papers is not None
