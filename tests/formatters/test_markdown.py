"""Markdown is walked into spans; spans are cut, joined and shortened without losing anything."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from formatters.markdown import inline, walk
from formatters.spans import Limit, Span, Spans, collapse_spaces, plain, shorten, split, tidy
from formatters.syntax.parsing import blocks, parser


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("", ""),
        ("One\ntwo  \nthree\\\nfour<br>five<BR />six", "One two\nthree\nfour\nfive\nsix"),
        ("One\n\nTwo", "One\n\nTwo"),
        ("# Heading\nText", "Heading\n\nText"),
        ("- a\n- b\n    - c\n        - d\n- e\n\nEnd", "• a\n• b\n  • c\n    • d\n• e\n\nEnd"),
        ("- a\n\n- b\n\n  more of b\n\nEnd", "• a\n• b\nmore of b\n\nEnd"),
        ("3. a\n4. b\n   - c\n5. d", "3. a\n4. b\n  • c\n5. d"),
        ("> a\n>\n> b\n\nEnd", "a\n\nb\n\nEnd"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n|  | 4 |\n\nEnd", "a | b\n1 | 2\n | 4\n\nEnd"),
        ("a\n\n---\n\nb", "a\n\n———\n\nb"),
        ("```python\n\n  x = 1\n\ny\n```\nEnd", "  x = 1\n\ny\n\nEnd"),
        ("``` c++ \nx\n```", "x"),
        ("~~~crossed~~~ out", "crossed~~~ out"),
        ("```of words\n```", "of words"),
        ("Text\n\n    code\n", "Text\n\ncode"),
        ("a <!-- no --> b", "a  b"),
        ("<think>a</think> <Parallel>\n\nb\n\n</Parallel>", "<think>a</think> <Parallel>\n\nb\n\n</Parallel>"),
        ("![An image](a.png) ![](b.png)", "An image 🖼"),
        ("a[^1]\n\n[^1]: word", "a[1]\n\n[1] word"),
        ("a * b _ c ~ d \\* e &amp; f", "a * b _ c ~ d * e & f"),
        ("a_b_c 2*3*4", "a_b_c 2*3*4"),
        ("- ", "• "),
    ],
)
def test_walk_gives_the_text(markdown: str, text: str) -> None:
    assert plain(walk(markdown)) == text


def styled(markdown: str) -> list[tuple[str, str, list[str]]]:
    return [(span.text, span.url, sorted(span.styles)) for span in walk(markdown)]


def test_styles_nest() -> None:
    assert styled("a **b *c `d`***") == [
        ("a ", "", []),
        ("b ", "", ["bold"]),
        ("c ", "", ["bold", "italic"]),
        ("d", "", ["bold", "code", "italic"]),
    ]


@pytest.mark.parametrize(
    ("markdown", "bold"),
    [
        ("**90%**로 올랐다", ["90%"]),
        ("**LoRA(저랭크)**는 **“가”**를", ["LoRA(저랭크)", "“가”"]),
        ("값은**(높다)** 한다", ["(높다)"]),
        ("f(**a), g(**b)", []),
        ("가 ** 나 **다", []),
    ],
)
def test_bold_stands_before_korean_particles(markdown: str, bold: list[str]) -> None:
    spans = walk(markdown)

    assert [span.text for span in spans if "bold" in span.styles] == bold
    assert ("**" in plain(spans)) == (not bold)


def test_bold_within_a_heading_ends_before_the_heading() -> None:
    assert styled("# a **b** c\nd")[:3] == [("a ", "", ["bold"]), ("b", "", ["bold"]), (" c", "", ["bold"])]
    assert styled("# a **b** c\nd")[-1] == ("d", "", [])


def test_links_and_images() -> None:
    assert styled("[a *b*](x) <https://c.org> ![d](y) [![e](f.svg)](z)") == [
        ("a ", "x", []),
        ("b", "x", ["italic"]),
        (" ", "", []),
        ("https://c.org", "https://c.org", []),
        (" ", "", []),
        ("d", "y", []),
        (" ", "", []),
        ("e", "z", []),
    ]


def test_a_header_is_bold_and_a_table_is_one() -> None:
    assert styled("|a|b|\n|-|-|\n|c|d|\n\ne") == [
        ("a", "", ["bold", "table"]),
        (" | ", "", ["table"]),
        ("b", "", ["bold", "table"]),
        ("\n", "", []),
        ("c", "", ["table"]),
        (" | ", "", ["table"]),
        ("d", "", ["table"]),
        ("\n\n", "", []),
        ("e", "", []),
    ]


def test_a_gap_within_a_block_belongs_to_it() -> None:
    assert styled("> a\n>\n> **b**\n\nc") == [
        ("a", "", ["quote"]),
        ("\n\n", "", ["quote"]),
        ("b", "", ["bold", "quote"]),
        ("\n\n", "", []),
        ("c", "", []),
    ]


USUAL = ["", "a", "a b.", "# a", "- a", "  - b", "1. a", "> a", "-", "a  ", "<b>", "[a]: b", "a|b", ":-:"]
RARE = ["    a", "\ta", "-     a", "|a|b|", "|-|-|", "```", "~~~ a", "- ```", "===", "---", "> --", "* * *", "- - -\r"]


@given(st.lists(st.sampled_from([*USUAL, *RARE]), max_size=8).map("\n".join))
def test_rules_are_left_out_only_where_they_find_nothing(markdown: str) -> None:
    assert blocks(markdown) == parser().disable("inline").parse(markdown)


@given(st.text("a.[]()/:!\\*&\n 가", max_size=12))
@example("")
@example("b [")
def test_a_plain_link_is_read_as_any_link(text: str) -> None:
    """A comment, of which nothing is seen, makes a link that is not plain."""
    for title in (f"1. [{text}](https://a.org/b)", f"{text}[b](https://a.org/b)"):
        assert plain(inline(title)) == plain(inline(f"{title}<!-- -->"))
        assert [span.url for span in inline(title)] == [span.url for span in inline(f"{title}<!-- -->")]


def test_words() -> None:
    assert collapse_spaces(" a\n\tb \u3000 c\u00a0") == "a b c"


# Splitting


def size(span: Span) -> int:
    return len(span.text)


def parts(text: str, most: int) -> list[str]:
    return [plain(part) for part in split([Span(text)], [(size, most)])]


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("short", 10, ["short"]),
        ("", 10, []),
        (" \n ", 10, []),
        ("line one\nline two\nline three", 18, ["line one\nline two", "line three"]),
        ("One. Two is long. Three.", 13, ["One.", "Two is long.", "Three."]),
        ("하나다. 둘이다. 셋이다.", 10, ["하나다. 둘이다.", "셋이다."]),
        ("一つ目。二つ目。三つ目。", 8, ["一つ目。二つ目。", "三つ目。"]),
        ('He said "no." Then left.', 14, ['He said "no."', "Then left."]),
        ("one two three four", 10, ["one two", "three four"]),
        ("a,b,c,d", 4, ["a,b,", "c,d"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("v1.2 and 3.4", 9, ["v1.2 and", "3.4"]),
    ],
)
def test_split_prefers_lines_then_sentences_then_blanks(text: str, most: int, cut: list[str]) -> None:
    assert parts(text, most) == cut


def test_a_long_word_is_split_in_time() -> None:
    assert [len(part) for part in parts("a" * 100_000, 4096)] == [4096] * 24 + [1696]


PIECES = st.text("ab가나 \n.。,!😀", min_size=1, max_size=40)
STYLES = st.frozensets(st.sampled_from(["bold", "italic", "quote", "pre"]))
SPANS = st.lists(st.builds(Span, PIECES, st.sampled_from(["", "https://a.org"]), STYLES), max_size=8)
LIMITS = st.tuples(st.integers(1, 30), st.integers(1, 5))


def utf8(span: Span) -> int:
    return len(span.text.encode())


def characters(spans: list[Span] | Spans) -> list[Span]:
    """Spell spans character by character, white space aside."""
    return [Span(letter, span.url, span.styles) for span in spans for letter in span.text if not letter.isspace()]


@given(SPANS, st.integers(1, 30), st.integers(4, 60))
@example([Span("a" * 31)], 30, 60)
def test_every_part_keeps_every_limit_and_nothing_is_lost(spans: list[Span], most: int, most_bytes: int) -> None:
    limits: list[Limit] = [(size, most), (utf8, most_bytes)]

    cut = split(spans, limits)

    assert all(sum(map(cost, part)) <= limit for part in cut for cost, limit in limits)
    assert [letter for part in cut for letter in characters(part)] == characters(spans)
    assert all(plain(part) == plain(part).strip() != "" for part in cut)


@given(SPANS)
def test_what_fits_is_one_part(spans: list[Span]) -> None:
    assert split(spans, [(size, 1000)]) == ([tidy(spans)] if plain(spans).strip() else [])


def test_tidy_leaves_out_what_is_empty() -> None:
    assert tidy([Span(""), Span(" a"), Span("", "https://a.example"), Span("b")]) == (Span("ab"),)


@given(SPANS)
def test_tidy_joins_neighbours_and_trims_the_ends(spans: list[Span]) -> None:
    tidied = tidy(spans)

    assert plain(tidied) == plain(spans).strip()
    assert characters(tidied) == characters(spans)
    assert all(span.text for span in tidied)
    assert all((a.url, a.styles) != (b.url, b.styles) for a, b in pairwise(tidied))


# Shortening


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("fits", 4, "fits"),
        ("one two three", 10, "one two…"),
        ("one\ntwo three", 10, "one\ntwo…"),
        ("a verylongword", 10, "a verylon…"),
        ("verylongword", 1, "…"),
    ],
)
def test_shorten(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


@given(st.text(), st.integers(1, 50))
def test_what_is_shortened_keeps_its_limit_and_its_beginning(text: str, limit: int) -> None:
    short = shorten(text, limit)

    assert len(short) <= limit
    assert text.startswith(re.sub("…$", "", short))
