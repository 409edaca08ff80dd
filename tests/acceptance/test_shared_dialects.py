"""Small samples of how other authors write digests, when they lie beside the repository."""

from __future__ import annotations

import re
import shutil
import unicodedata
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.sources.folder import FolderSource
from bot.sources.posts.explanation import explain
from bot.sources.posts.post import Origin, Post, parse
from bot.sources.source import FoundDigest
from formatters import compose
from formatters.locale import phrases
from formatters.model import Digest
from formatters.spans import plain
from tests.support.golden import SHARED

FOLDER = SHARED / "dialects"
NAME = "2026-11-26-daily-papers.md"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="shared dialects are not here")

ARXIV = {"First": "2509.00001", "Second": "2509.00002", "Third": "2509.00003", "Fourth": "2509.00004"}
BIG, RAIN = "Small Models, Big Plans", "Gradients in the Rain"
# Titles where the sample does not call its papers First, Second, …
TITLES = {
    "01-oldid": [f"Paper {n}" for n in range(1, 7)],  # the seventh is the fifth again
    "02-versions": [f"Paper {n}" for n in range(1, 15)],
    "03-dup": ["Same paper", "Other"],
    "04-otherlinks": [f"Paper {n}" for n in range(1, 11)],  # the eleventh is the first again
    "06-latex": ["Math"],
    "07-cjkbold": ["굵게"],
    "08-rtl": ["למידה עמוקה עבור GPT-4 ושפות", "التعلم العميق"],
    "10-html": ["HTML"],
    "11-md": ["Blocks"],
    "16-nfd": ["한글 제목: 시험"],
    "a-plain-then-link": ["First title", "Second title"],
    "author-a1-zh": [f"让小模型做长计划 ({BIG})", "雨中的梯度"],
    "first": ["First paper without link", "Second"],
    "hf": ["HF paper", "Plain"],
    "y-wrongfirst": ["First has lost its link", "Second", "Third"],
    **{
        name: [BIG, RAIN]
        for name in ("author-a1-bilingual", "author-a4-code-and-links-in-heading", "author-b-unnumbered")
    },
    **{name: [BIG, RAIN] for name in ("author-e-table", "author-f-details", "author-inverted-levels")},
}
SPEECH = {"author-a2-brackets", "author-c-linked-under-categories"}  # their titles stand below
COUNTS = {"anchors": 4, "cats": 3, "meta": 4, "x-details": 1, "za-cats": 4, "zb-fullwidth": 4, "zd-img": 1, "ze-abs": 3}
OTHERS = {"12-toml", "15-draft", "author-e-rolling-readme"}  # front matter and files are tried elsewhere
SAMPLES = sorted(path.stem for path in FOLDER.glob("*.md") if path.stem not in {"README", *OTHERS})
each = pytest.mark.parametrize("name", SAMPLES)


def post(name: str, *, site: str = "") -> Post:
    return parse((FOLDER / f"{name}.md").read_bytes(), Origin(NAME, site=site))


def digest(name: str) -> Digest:
    found = post(name).digest
    assert found
    return found


def cards(name: str) -> list[str]:
    return [plain(compose.summary_card(paper, phrases("en"))) for paper in digest(name).papers]


@pytest.mark.parametrize("name", sorted({*SAMPLES} - SPEECH))
def test_the_papers_of_a_sample(name: str) -> None:
    expected = TITLES.get(name, list(ARXIV)[: COUNTS.get(name, 2)])
    papers = digest(name).papers

    assert [unicodedata.normalize("NFC", paper.title) for paper in papers] == expected
    assert [paper.number for paper in papers] == list(range(1, len(papers) + 1))
    assert {paper.title: paper.id for paper in papers if paper.title in ARXIV and paper.url}.items() <= ARXIV.items()


def test_titles_with_numbers_in_brackets_and_under_categories() -> None:
    assert [paper.title.split()[1:] for paper in digest("author-a2-brackets").papers] == [
        *(["at", "Scale"], ["Without", "Tears"]),
    ]
    assert [paper.title.split()[1:] for paper in digest("author-c-linked-under-categories").papers] == [
        *(["Models,", "Big", "Plans"], ["in", "the", "Rain"], ["at", "Scale"]),
    ]


# What is left out on purpose: scores, classes of arXiv, the names of columns and labels that are named anew.
LEFT_OUT = {
    "author-a4-code-and-links-in-heading": {"cs", "AI", "LG"},
    "author-e-rolling-readme": {"Links"},
    "author-e-table": {"Title", "Links"},
    "author-f-details": {"40", "12"},
    "r-table": {"Title"},
}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "README"))
def test_no_word_of_a_sample_is_lost(name: str) -> None:
    found = explain((FOLDER / f"{name}.md").read_bytes(), Origin(f"{name}.md" if "rolling" in name else NAME))

    assert {word for one in found.posts for loss in one.lost for word in loss.words} == LEFT_OUT.get(name, set())


@each
def test_no_markup_is_in_a_title(name: str) -> None:
    for paper in digest(name).papers:
        assert not re.search(r"[\[\]{}<>`*⭐]|https?:", paper.title)


@each
def test_no_card_says_who_where_or_how_good(name: str) -> None:
    for card in cards(name):
        said = card.split("\n\n")[1:-1]
        assert not re.search(r"저자|링크|트랙|作者|评分|分类|author|⭐|arxiv\.org", "\n".join(said), re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "author-a1-bilingual",
            ["작은 모델도 계획을 세울 수 있음을 보인다.", "Noise helps, but only early in training."],
        ),
        ("author-a1-zh", ["Contribution: 提出一种分层规划方法。", "噪声只在训练早期有用。"]),
        ("author-e-table", ["Plans in two steps.", "Noise helps early; see x|y."]),
        ("author-f-details", ["Plans of small models, made in two steps.", "Noise helps early."]),
        ("meta", ["We propose a thing.", "One line says all.", "We study a thing.", "한 줄 요약."]),
        ("ze-abs", ["One line.", "Quoted abstract text of the paper.", "italic line."]),
        ("o-olistbold", ["summary one", "summary two"]),
    ],
)
def test_what_cards_begin_with(name: str, said: list[str]) -> None:
    assert [card.split("\n\n")[1].split("\n")[0] for card in cards(name)] == said


@pytest.mark.parametrize(
    ("name", "categories"),
    [
        ("author-a1-bilingual", ["LLM", "Theory"]),
        ("author-c-linked-under-categories", ["Must-Read", "Must-Read", "Worth a look"]),
        ("cats", ["LLM", "LLM", "Vision"]),
        ("za-cats", ["LLM", "LLM", "Vision", "Vision"]),
        ("z-section", ["Papers", "Papers"]),
    ],
)
def test_categories(name: str, categories: list[str]) -> None:
    assert [paper.category for paper in digest(name).papers] == categories


@pytest.mark.parametrize("name", ["author-c-linked-under-categories", "cats", "z-section"])
def test_thanks_and_sponsors_belong_to_no_paper(name: str) -> None:
    found = digest(name)
    full = "\n".join(plain(compose.full(paper, phrases("en"))) for paper in found.papers)

    assert "Thanks" in found.rest or "see you tomorrow" in found.rest
    assert not re.search("thanks|see you|sponsor|Not a paper", full, re.IGNORECASE)


def test_addresses_name_papers() -> None:
    assert [paper.id for paper in digest("01-oldid").papers] == [
        *("math/0211159", "cs/0701188", "hep-th/9711200", "atom-ph/9601001", "math.GT/0309136", "quant-ph/0201082"),
    ]
    assert [paper.id for paper in digest("02-versions").papers][:13] == [f"2509.079{n}" for n in range(80, 93)]
    assert [paper.id for paper in digest("04-otherlinks").papers][:7] == [
        *("doi:10.1000/182", "doi:10.1016/s0022-0000(00)00001-2", "openreview:AbC_1-x", "acl:2023.acl-long.1"),
        *("doi:10.1101/2024.01.01.573000", "doi:10.1145/3292500.3330701", "pmlr:v202/a23a"),
    ]
    assert [paper.id for paper in digest("hf").papers] == ["2509.07985", "2509.07986"]
    assert [paper.id for paper in digest("author-b-unnumbered").papers] == ["2511.00011", "2511.00012"]


def test_links_of_the_site_are_completed() -> None:
    found = post("04-otherlinks", site="https://blog.example.org").digest

    assert found
    assert [paper.url for paper in found.papers[8:]] == [
        *("https://blog.example.org/papers/local", "https://blog.example.org/papers/local.md"),
    ]


@pytest.mark.parametrize(("name", "number"), [("first", "1"), ("y-wrongfirst", "1")])
def test_a_lost_link_is_told(name: str, number: str) -> None:
    assert post(name).degraded.split("; ")[0] == f"no link that can be followed for paper {number}"


def test_links_of_a_paper() -> None:
    for name in ("hf", "author-a4-code-and-links-in-heading", "zd-img"):
        for card in cards(name):
            assert {"arXiv", "PDF"} <= set(card.splitlines()[-1].split(" · "))
    assert "code" in cards("zd-img")[0]
    assert "Post" in str(post("author-e-rolling-readme").digest)


# Files


async def found(folder: Path, *names: str) -> list[FoundDigest]:
    for name in names:
        shutil.copy(FOLDER / f"{name}.md", folder)
    return list(await FolderSource("blog", folder, zone=ZoneInfo("Asia/Seoul")).digests())


@pytest.mark.parametrize("name", [*SAMPLES, "12-toml"])
async def test_the_day_of_a_sample(tmp_path: Path, name: str) -> None:
    day = "2026-11-26" if name.startswith("author") else "2025-09-10"
    days = [] if name == "author-b-unnumbered" else [day]  # which has a day nowhere

    assert [str(one.digest.day) for one in await found(tmp_path, name)] == days


async def test_nothing_of_front_matter_in_toml_is_shown(tmp_path: Path) -> None:
    (one,) = await found(tmp_path, "12-toml")

    assert (one.digest.title, one.digest.series) == ("Daily Papers 2025-09-10", "Daily Papers")
    assert (one.digest.preface, one.digest.rest) == ("", "")


async def test_a_draft_is_no_post(tmp_path: Path) -> None:
    assert await found(tmp_path, "15-draft") == []


async def test_the_newest_section_of_a_file_that_grows(tmp_path: Path) -> None:
    *_, newest = await found(tmp_path, "author-e-rolling-readme")

    assert (newest.post, newest.digest.series) == ("author-e-rolling-readme.md#2026-11-26", "Papers of the week")
    assert [paper.title for paper in newest.digest.papers] == [BIG, RAIN]
