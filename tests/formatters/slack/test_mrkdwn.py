"""The texts of sections: markup where Slack surely knows it, and plain text where a letter might be taken for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formatters.markdown import walk
from formatters.slack import limits
from formatters.slack.mrkdwn import read, sections, text
from formatters.slack.texts import plain_text
from formatters.spans import Span, without_direction
from tests.support.fakes import mrkdwn
from tests.support.fakes.blocks import check_blocks
from tests.support.rendering import letters, letters_of
from tests.support.strategies import ADDRESS, NASTY, nasty

SIGNS = st.text("*_~`＊＿～｀>＞:|a가 b1\n(,.", max_size=40)


def styled(*names: str) -> frozenset[str]:
    return frozenset(names)


def marked(markdown: str) -> str:
    written = text(walk(markdown))
    assert written["type"] == "mrkdwn"
    assert written["verbatim"] is True
    return str(written["text"])


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**Goal**: say", "*Goal*: say"),
        ("- **Goal**: say\n- (*so*) `it`", "• *Goal*: say\n• (_so_) `it`"),
        ("~~no~~ ***both***", "~no~ *_both_*"),
        (
            "[a & b](https://a.org/?x&y) **[c](https://c.org/)**",
            "<https://a.org/?x&amp;y|a &amp; b> *<https://c.org/|c>*",
        ),
        ("a < b > c", "a &lt; b &gt; c"),
        ("```\nx *y* <z>\n```\nafter", "```\nx *y* &lt;z&gt;\n```\nafter"),
        ("> one\n> two\n\nafter", "> one two\nafter"),
        ("[x](https://a.org/a|b)", "<https://a.org/a%7Cb|x>"),
    ],
)
def test_what_is_marked(markdown: str, written: str) -> None:
    assert marked(markdown) == written


@pytest.mark.parametrize(
    ("markdown", "written"),
    [
        ("**모델**은", "모델은"),
        ("non**sense**", "nonsense"),
        ("**a***b*", "ab"),
        ("**a** top-k\\*", "a top-k*"),
        ("*a* x_t", "a x_t"),
        ("`[x](https://a.org/)`[`y`](https://a.org/)", "[x](https://a.org/)<https://a.org/|y>"),
    ],
)
def test_a_style_that_slack_might_not_know_is_left_out(markdown: str, written: str) -> None:
    assert marked(markdown) == written


def test_no_style_goes_over_the_end_of_a_line() -> None:
    assert text([Span("a\nb", styles=styled("bold"))])["text"] == "a\nb"


def test_a_sign_counts_on_its_line_alone() -> None:
    assert marked("**Goal**\n\ntop-k\\*") == "*Goal*\n\ntop-k*"


@pytest.mark.parametrize(
    "words",
    [
        "a *b* c",
        "논문_제목_을",
        "~50% 에서 60%~",
        "＊별＊",
        "`a` is",
        "a ` b\n`",
        "> not a quote",
        "a\n  ＞ b",
        "a\u2028> b",
        ":fire: is no picture",
        "**",
    ],
)
def test_words_that_might_be_markup_are_plain_text(words: str) -> None:
    assert text([Span(words)]) == {"type": "plain_text", "text": words, "emoji": False}


@pytest.mark.parametrize(
    "words", ["x_t and y_t", "2 * 3 * 4", "~50%, ~60%", "top-k*", "10:30", "a > b", "5'", "* two*", "c* *d"]
)
def test_words_that_are_no_markup(words: str) -> None:
    assert text([Span(words)])["type"] == "mrkdwn"


def test_plain_text_shows_addresses() -> None:
    spans = (Span("*a* "), Span("b", "https://b.org/"), Span(" "), Span("https://c.org/", "https://c.org/"))
    assert text(spans)["text"] == "*a* b (https://b.org/) https://c.org/"


@pytest.mark.parametrize("url", ["https://a.org/?" + "&" * 2000, "javascript:x"])
def test_addresses_that_mrkdwn_cannot_hold(url: str) -> None:
    written = text([Span("a", url)])
    assert written["text"].startswith("a (https" if "http" in url else "a")
    assert len(written["text"]) <= limits.SECTION


def test_a_label_that_would_end_the_link() -> None:
    assert text([Span("a|b", "https://a.org/")])["text"] == "a|b (https://a.org/)"


def test_a_fence_in_code() -> None:
    assert text([Span("a ``` b", styles=styled("pre"))])["type"] == "plain_text"


def test_short_texts_share_a_section() -> None:
    assert [one["text"] for one in sections([walk("**A**\n\na"), (), walk("b"), walk("*\\*d\\**")])] == [
        {"type": "mrkdwn", "text": "*A*\n\na\n\nb", "verbatim": True},
        {"type": "plain_text", "text": "*d*", "emoji": False},
    ]


def test_long_texts_take_several() -> None:
    written: list[Any] = sections([walk("Word. " * 1000)])
    assert [len(one["text"]["text"]) > 2500 for one in written] == [True, True, False]
    assert all(one["expand"] for one in written)


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("**Goal**: *say* `it` & [so](https://a.org/)", "Goal: say it & so (https://a.org/)"),
        ("***both*** ~~no~~", "both no"),
        ("\\*so\\*", "*so*"),
        ("> one\n\n```\n*x* <y>\n```", "one\n*x* <y>"),
    ],
)
def test_what_is_written_can_be_read(markdown: str, said: str) -> None:
    assert read(text(walk(markdown))) == said


@pytest.mark.unmeasured
@nasty
@given(
    st.lists(
        st.builds(
            Span,
            st.one_of(NASTY, SIGNS),
            st.one_of(st.just(""), ADDRESS),
            st.sets(st.sampled_from(["bold", "italic", "strike", "code", "quote", "pre"]), max_size=2).map(frozenset),
        ),
        max_size=6,
    )
)
def test_no_letter_becomes_markup(spans: list[Span]) -> None:
    written: list[Any] = sections([tuple(spans)])
    for one in written:
        check_blocks([{"type": "container", "title": plain_text("x"), "child_blocks": [one]}])
        if one["text"]["type"] == "plain_text":
            assert without_direction(one["text"]["text"]) == one["text"]["text"]
    marked = [one["text"] for one in written if one["text"]["type"] == "mrkdwn"]
    if len(marked) == len(written):
        shown = [mrkdwn.shown(one) for one in marked]
        assert letters("".join(one.text for one in shown)) == letters_of(tuple(spans))
        assert all(url.startswith(("http://", "https://")) for one in shown for _, url in one.links)
