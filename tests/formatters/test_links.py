"""Which addresses become links, and where a paper can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formatters.addresses import arxiv_id, row, typed_arxiv_id
from formatters.links import LONGEST_URL, safe
from formatters.model import Link, Paper
from tests.support.fakes.markup import parse

ARXIV = "https://arxiv.org/abs/2501.00001"


@pytest.mark.parametrize(
    ("url", "link"),
    [
        (ARXIV, ARXIV),
        (" HTTPS://A.org/X?y=1&z=%20#f \n", "https://A.org/X?y=1&z=%20#f"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000/x"),
        ('https://a.org/논문|<b>[1] "x"`\\', "https://a.org/%EB%85%BC%EB%AC%B8%7C%3Cb%3E%5B1%5D%20%22x%22%60%5C"),
        ("https://한글.kr/x", "https://xn--bj0bj06e.kr/x"),
        ("https://a_b.org:80", "https://a_b.org:80"),
    ],
)
def test_addresses_that_become_links(url: str, link: str) -> None:
    assert safe(url) == link


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "/about/",
        "//a.org/x",
        "javascript:alert(1)",
        "ftp://a.org/x",
        "file:///etc/passwd",
        "data:text/html,x",
        "mailto:a@b.org",
        "https:a.org",
        "https://localhost/x",
        "https://a..org",
        "https://.org",
        "https://[::1]/x",
        "https://[::1/x",
        "https://a.org:/x",
        "https://a.org:0/x",
        "https://a.org:99999/x",
        "https://a.org:port/x",
        "https://arxiv.org@evil.org/x",
        "https://evil.org\\@arxiv.org/x",
        "https://a.org'b.org/",
        f"https://{'a' * 64}.org",
        f"https://a.org/{'x' * LONGEST_URL}",
        f"https://a.org/{'논' * 1000}",
    ],
)
def test_addresses_that_become_none(url: str) -> None:
    assert safe(url) == ""


HOSTS = st.text("abAB01가나.:@_-", min_size=1, max_size=20)
PATHS = st.just("") | st.builds("{}{}".format, st.sampled_from("/?#"), st.text(max_size=20))


@given(st.builds("{}://{}{}".format, st.sampled_from(["http", "HTTPS"]), HOSTS, PATHS) | st.text())
def test_telegram_keeps_every_link_that_is_safe_and_it_stays_as_it_is(url: str) -> None:
    link = safe(url)
    html = f'<a href="{link.replace("&", "&amp;")}">x</a>'

    assert safe(link) == link
    assert len(parse(html, "HTML")[1]) == (1 if link else 0)


@pytest.mark.parametrize(
    ("url", "identifier"),
    [
        (ARXIV, "2501.00001"),
        ("http://arxiv.org/abs/2501.00001v12", "2501.00001"),
        ("https://www.arxiv.org/pdf/2501.00001v2.pdf", "2501.00001"),
        ("https://export.arxiv.org/html/0704.0001/", "0704.0001"),
        ("https://arxiv.org/abs/math.GT/0309136v1", "math.GT/0309136"),
        ("https://arxiv.org/abs/hep-th/9901001?context=x", "hep-th/9901001"),
        ("https://arxiv.org/list/cs.AI/recent", ""),
        ("https://arxiv.org/abs/25010.00001", ""),
        ("https://notarxiv.org/abs/2501.00001", ""),
        ("javascript://arxiv.org/abs/2501.00001", ""),
    ],
)
def test_arxiv_id(url: str, identifier: str) -> None:
    assert arxiv_id(url) == identifier


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("2509.07969", "2509.07969"),
        ("2509.07969V2", "2509.07969"),
        ("Arxiv:2509.07969v2", "2509.07969"),
        ("cs.CL/0501001", "cs.CL/0501001"),
        ("Hep-th/9901001v1", "hep-th/9901001"),
        ("arxiv:MATH.gt/0309136", "math.GT/0309136"),
        ("https://arxiv.org/abs/2509.07969v1", "2509.07969"),
        ("arxiv.org/pdf/2509.07969.pdf", "2509.07969"),
        ("https://www.alphaxiv.org/ko/overview/2509.07969?x=1", "2509.07969"),
        ("alphaxiv.org/abs/cs.CL/0501001", "cs.CL/0501001"),
        ("HTTPS://huggingface.co/papers/2509.07969#community", "2509.07969"),
        ("", ""),
        ("x2509.07969", ""),
        ("2509.07969x", ""),
        ("https://huggingface.co/datasets/x/2509.07969", ""),
        ("https://evil.org/abs/2509.07969", ""),
        ("https://arxiv.org/list/cs.AI/recent", ""),
    ],
)
def test_the_arxiv_id_that_a_reader_means(text: str, identifier: str) -> None:
    assert typed_arxiv_id(text) == identifier


def rows(url: str, *links: Link) -> list[tuple[str, str]]:
    return [(link.label, link.url) for link in row(Paper("id", 1, "Title", url, links, ()))]


DERIVED = [
    ("arXiv", ARXIV),
    ("PDF", "https://arxiv.org/pdf/2501.00001"),
    ("HTML", "https://arxiv.org/html/2501.00001"),
    ("alphaXiv", "https://www.alphaxiv.org/abs/2501.00001"),
    ("Hugging Face", "https://huggingface.co/papers/2501.00001"),
]


def test_links_follow_from_an_arxiv_id() -> None:
    assert rows("http://arxiv.org/abs/2501.00001v3") == DERIVED


def test_links_of_the_post_come_last() -> None:
    assert rows(ARXIV, Link("Code", "https://a.org/x y"), Link("Bad", "javascript:x")) == [
        *DERIVED,
        ("Code", "https://a.org/x%20y"),
    ]


def test_the_posts_own_link_takes_the_place_of_the_derived_one() -> None:
    own = Link("Alphaxiv", "https://www.alphaxiv.org/ko/overview/2501.00001")
    pdf = Link("Paper", "https://arxiv.org/pdf/2501.00001v2")

    assert rows(ARXIV, own, pdf) == [
        *(DERIVED[0], ("Paper", pdf.url), DERIVED[2], ("Alphaxiv", own.url), DERIVED[4]),
    ]


def test_what_came_before_arxiv_made_html_has_none() -> None:
    for old in ("2311.00001", "math.GT/0309136"):
        assert "HTML" not in [label for label, _ in rows(f"https://arxiv.org/abs/{old}")]
    assert "HTML" in [label for label, _ in rows("https://arxiv.org/abs/2312.00001")]


def test_a_paper_linked_elsewhere_has_all_links_of_arxiv() -> None:
    hf = "https://huggingface.co/papers/2501.00001"

    assert rows(hf) == DERIVED
    assert rows(hf, Link("📄", hf)) == [*DERIVED[:4], ("📄", hf)]


def test_an_address_is_no_label() -> None:
    for label in (ARXIV, "2501.00001", "arXiv:2501.00001v2"):
        assert rows(ARXIV, Link(label, ARXIV)) == DERIVED


def test_two_links_of_the_post_to_one_place_both_stay() -> None:
    first, second = (Link(label, f"https://alphaxiv.org/{label}/2501.00001") for label in ("ko", "en"))

    assert [label for label, _ in rows(ARXIV, first, second)] == ["arXiv", "PDF", "HTML", "ko", "Hugging Face", "en"]


def test_a_paper_elsewhere_is_named_by_its_host_or_the_author() -> None:
    url = "https://openreview.net/forum?id=x"

    assert rows(url) == [("openreview.net", url)]
    assert rows(url, Link("OpenReview", url)) == [("OpenReview", url)]
    assert rows("javascript:x") == []
