"""Headings become a number, a title and links."""

from __future__ import annotations

import pytest

from bot.sources.posts.papers.titles import is_short, read, usual

URL = "https://arxiv.org/abs/2511.00011"


@pytest.mark.parametrize(
    ("heading", "number"),
    [
        (f"1. [Rain]({URL})", 1),
        (f"12) [Rain]({URL})", 12),
        (f"[1] [Rain]({URL})", 1),
        (f"(1) [Rain]({URL})", 1),
        (f"#1 [Rain]({URL})", 1),
        (f"1: [Rain]({URL})", 1),
        (f"2、[Rain]({URL})", 2),
        (f"１．[Rain]({URL})", 1),
        (f"③ [Rain]({URL})", 3),
        (f"❷ [Rain]({URL})", 2),
        (f"1️⃣ [Rain]({URL})", 1),
        (f"1️⃣2️⃣ [Rain]({URL})", 12),
        (f"🔟 [Rain]({URL})", 10),
        (f"논문 1. [Rain]({URL})", 1),
        (f"Paper 1: [Rain]({URL})", 1),
        (f"第3篇 [Rain]({URL})", 3),
        (f"📄 1. [Rain]({URL})", 1),
        (f"1 [Rain]({URL})", 1),
        (f"**1. [Rain]({URL})**", 1),
        (f"1. **[Rain]({URL})**", 1),
        (f"[1. Rain]({URL})", 1),
        (f"[Rain]({URL})", 0),
        (f"0. [Rain]({URL})", 0),
    ],
)
def test_numbers(heading: str, number: int) -> None:
    found = read(heading)

    assert (found.number, found.url) == (number, URL)
    assert found.title == ("Rain" if number or heading.startswith("[") else "0. Rain")


@pytest.mark.parametrize("title", ["3D Rain", "2:4 Sparsity", "1.5B Models", "Paper2Code", "2026-11-26", "Rain 1."])
def test_what_is_no_number(title: str) -> None:
    assert (read(title).number, read(title).title) == (0, title)


@pytest.mark.parametrize(
    "heading",
    [
        f"[Rain]({URL}) {{#rain}}",
        f'[Rain]({URL}){{:target="_blank"}}',
        f'[Rain]({URL})<a id="rain"></a>',
        f'<a href="{URL}">Rain</a>',
        f"<b>Rain</b> [PDF]({URL})",
        f"Rain <{URL}>",
        f"Rain [2511.00011]({URL})",
        f"Rain ([arXiv]({URL}), [code](https://b.org))",
        f"Rain | [PDF]({URL}) | [HTML]({URL})",
        f"![badge](https://b.org/x.svg) [Rain]({URL})",
        f"[Rain]({URL}) ⭐ 40",
        f"[Rain]({URL}) ⭐⭐⭐☆☆",
        f"`cs.AI` - [Rain]({URL})",
        f"[cs.AI] [Rain]({URL})",
        f"[Rain]({URL}) (cs.CL)",
        f"Title: [Rain]({URL})",
        f"[{URL}]({URL}) Rain",
    ],
)
def test_what_is_no_part_of_a_title(heading: str) -> None:
    assert (read(heading).title, read(heading).url) == ("Rain", URL)


def test_words_of_a_title_stay() -> None:
    assert read("A *star*-like `x|y` method (oral)").title == "A star-like x|y method (oral)"
    assert read(f"[Paper]({URL})").title == "Paper"
    assert read(f"[Abstract]({URL}) (oral)").title == "Abstract (oral)"
    assert read("").title == ""


def test_braces_of_formulas_and_words_are_no_attributes() -> None:
    assert (
        read(f"1. [Bounds on $\\alpha_{{KL}}$ for {{Sets}}]({URL}) {{#bounds}}").title == "Bounds on α_(KL) for {Sets}"
    )


def test_the_link_to_a_paper_comes_before_others() -> None:
    found = read(f"[Rain](https://b.org/rain) [Paper]({URL}) [Code](https://github.com/a/b)")

    assert (found.title, found.url, found.is_known) == ("Rain", URL, True)
    assert [link.label for link in found.links] == ["Paper", "Code"]
    assert not read("[Rain](https://b.org/rain)").is_known


def test_a_heading_that_is_a_link_as_a_whole() -> None:
    assert read(f"1. [Rain]({URL})").is_link
    assert not read(f"Rain [PDF]({URL})").is_link


def test_links_are_completed() -> None:
    assert read("[Rain](/rain)", "https://b.org").url == "https://b.org/rain"
    assert read("[Rain](arxiv.org/abs/2511.00011)").url == URL


def test_the_usual_shape_is_read_as_any_other() -> None:
    heading = f"12. [Rain: a  study]({URL})"

    assert usual(heading) == read(heading)._replace(is_link=True)
    assert usual("12. Rain") is None


@pytest.mark.parametrize(
    "label", ["PDF", "arXiv", "📄 논문", "代码", "2511.00011v2", "https://a.org/x", "🔗", "Slides"]
)
def test_labels_that_are_no_titles(label: str) -> None:
    assert is_short(label)


@pytest.mark.parametrize("label", ["Rain", "A paper on rain", "7"])
def test_labels_that_may_be_titles(label: str) -> None:
    assert not is_short(label)
