"""Telegram's messages as HTML: what its own parser takes is shown, what it refuses is shown as refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formatters.web.elements import Refused
from formatters.web.telegram import draw
from formatters.web.telegram_html import read
from tests.support.fakes import markup
from tests.support.fakes.answers import RefusalError
from tests.support.fakes.server import words
from tests.support.safe_html import checked
from tests.support.strategies import NASTY, nasty

WHOLE = [
    "<a href='https://a.org'>",
    "<blockquote expandable>",
    "<a href='javascript:x()'>",
    "<span class='tg-spoiler'>",
    *" \n\v\0",
]
PIECES = words(
    "< > </ <b> </b> "
    "<i\0x> <i\0x='\0'> <i <s\0x='1'> </s> </> <a> </a> <code> </code> <pre> </pre> <B> </B x 가 😀 = / \" ' "
    "<script> <svg/onload=x> <![CDATA[x]]> <!-- <?pi <!doctype <blockquote> </blockquote> <span> </span> <b/> "
    "& &lt; &ltx &#60; &#x3c &#xd800; &#0; &nbsp; &quot &#12345678; &#x;"
)
PARTS = st.one_of(st.sampled_from([*WHOLE, *sorted(PIECES)]), st.text(max_size=3))
MARKUP = st.lists(PARTS, max_size=12).map("".join)


def message(text: str, **others: object) -> dict[str, object]:
    return {"text": text, "parse_mode": "HTML", **others}


def buttons(*row: dict[str, Any]) -> dict[str, object]:
    return message("x", reply_markup={"inline_keyboard": [list(row)]})


def drawn(text: str) -> str:
    """Draw a text alone."""
    return draw(message(text)).removeprefix('<div class="bubble"><div class="text">').removesuffix("</div></div>")


# What Telegram's own parser says of it


@nasty
@given(MARKUP)
def test_reads_and_refuses_as_telegram_does(text: str) -> None:
    try:
        said, entities = markup.parse(text, "HTML")
    except RefusalError:
        with pytest.raises(Refused, match="can't parse entities"):
            read(text)
    else:
        assert read(text).text == said
        assert "&" not in checked(drawn(text)) or "&" in said
        links = sum(entity["type"] == "text_link" for entity in entities)
        assert drawn(text).count('href="https://a.org"') <= links


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<b", "unclosed start tag at character 0"),
        ("<b x", 'unclosed start tag "b" at character 0'),
        ("<b =1>x</b>", 'empty attribute name in the tag "b" at character 0'),
        ("<b x=1,>x</b>", 'the tag "b" has no end or an unreadable attribute at character 0'),
        ("<span>x</span>", 'tag "span" must have class "tg-spoiler" at character 0'),
        ("x</b>", "unexpected end tag at character 1"),
        ("<b>x</b x>", "unclosed end tag at character 4"),
        ("<b>x</i>", 'unmatched end tag, expected "</b>", found "</i>" at character 4'),
        ("<b>x", 'can\'t find end tag corresponding to start tag "b"'),
        ("&#xd800;", "text contains invalid Unicode characters after decoding HTML entities"),
        ("<!-- x -->", 'unsupported start tag "!--" at character 0'),
    ],
)
def test_says_why_it_refuses(text: str, why: str) -> None:
    with pytest.raises(RefusalError):
        markup.parse(text, "HTML")
    with pytest.raises(Refused) as refused:
        read(text)
    assert str(refused.value) == f"can't parse entities: {why}"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<b>a</b> <strong>b</strong>", "<b>a</b> <b>b</b>"),
        ("<i>a</i><u>b</u><del>c</del>", "<i>a</i><u>b</u><s>c</s>"),
        ("<code>https://a.org</code>", "<code>https://a.org</code>"),
        ('<pre><code class="language-py">x</code></pre>', "<pre><code>x</code></pre>"),
        ('<span class="tg-spoiler">x</span>', '<span class="spoiler">x</span>'),
        ("<b></b>x", "x"),
        ("<b x=1 y>x</>&#12345678;", "<b>x</b>&amp;#12345678;"),
        ("&lt;script&gt;&amp;&quot;&#39;&nbsp;", "&lt;script&gt;&amp;&quot;&#x27;&amp;nbsp;"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<a href="https://a.org/?a=1&amp;b=&quot;">x</a>', "x"),
        ("a\x1bb", "a\ufffdb"),
    ],
)
def test_draws_tags(text: str, html: str) -> None:
    assert drawn(text) == html


LINK = 'target="_blank" rel="noopener noreferrer"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ('<a href="https://a.org/?a=1&amp;b=2">x</a>', f'<a href="https://a.org/?a=1&amp;b=2" {LINK}>x</a>'),
        ('<a href="https://a.org/a b">x</a>', f'<a href="https://a.org/a%20b" {LINK}>x</a>'),
        ("<a>https://a.org</a>", f'<a href="https://a.org" {LINK}>https://a.org</a>'),
        ("see https://a.org/x.", f'see <a href="https://a.org/x" {LINK}>https://a.org/x</a>.'),
        (
            '<a href="https://a.org">x<a href="https://b.org">y</a></a>',
            f'<a href="https://a.org" {LINK}>xy</a>',
        ),
    ],
)
def test_draws_links(text: str, html: str) -> None:
    assert drawn(text) == html


def test_folds_an_expandable_quote_that_is_named_by_its_first_line() -> None:
    assert drawn("<blockquote expandable>\n<b>목표</b>\nx</blockquote>") == (
        '<blockquote class="fold"><details><summary aria-label="목표"></summary>'
        "<div>\n<b>목표</b>\nx</div></details></blockquote>"
    )


def test_a_text_without_parse_mode_has_no_markup() -> None:
    assert "&lt;b&gt;x" in draw({"text": "<b>x"})


def test_says_the_time() -> None:
    assert draw({"text": "x"}, "08:30").endswith("<footer><time>08:30</time></footer></div>")


# Buttons


def test_draws_buttons() -> None:
    shown = draw(
        buttons(
            {"text": "전체 요약", "callback_data": "/paper 1"},
            {"text": "Open <it>", "url": "https://t.me/BOT?start=x"},
            {"text": "Copy", "copy_text": {"text": "a & b"}},
        )
    )
    assert shown.endswith(
        '<div class="keys"><div class="row"><button class="key" name="line" value="/paper 1">전체 요약</button>'
        f'<a href="https://t.me/BOT?start=x" {LINK} class="key">Open &lt;it&gt;</a>'
        '<details class="copy"><summary class="key">Copy</summary><code>a &amp; b</code></details></div></div>'
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (message(""), "message text is empty"),
        (message("가" * 11_000), "text is too long"),
        (message("x" * 4097), "message is too long, 4,097 characters of 4,096"),
        (message("😀" * 2049), "message is too long, 4,098 characters of 4,096"),
        (buttons({"text": "x", "copy_text": {"text": "😀" * 129}}), "BUTTON_COPY_TEXT_INVALID"),
        (message("<b> </b>"), "text must be non-empty"),
        ({"text": "x", "parse_mode": "MarkdownV3"}, "unsupported parse_mode"),
        (message("<script>alert(1)</script>"), "unsupported start tag &quot;script&quot; at character 0"),
        (message("x", reply_markup=[]), "object expected as reply markup"),
        (message("x", reply_markup={"inline_keyboard": [3]}), "must be an array of arrays"),
        (message("x", reply_markup={"inline_keyboard": [[{"text": "x"}] * 101]}), "reply markup is too long"),
        (buttons({"text": " "}), "its text must not be empty"),
        (buttons({"text": "x"}), "BUTTON_DATA_INVALID"),
        (buttons({"text": "x", "callback_data": "가" * 22}), "BUTTON_DATA_INVALID"),
        (buttons({"text": "x", "url": "javascript:x"}), "URL &#x27;javascript:x&#x27; is invalid"),
        (buttons({"text": "x", "copy_text": "x"}), "BUTTON_COPY_TEXT_INVALID"),
    ],
)
def test_shows_why_telegram_would_refuse(body: dict[str, object], why: str) -> None:
    shown = draw(body)
    assert shown.startswith('<p class="refused" lang="en">Telegram refuses this message: ')
    assert why in shown
    assert str(body["text"])[:9] in checked(shown)


def test_a_keyboard_without_buttons_is_none() -> None:
    assert "keys" not in draw(message("x", reply_markup={"inline_keyboard": [[]]}))


# Whatever it is given


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), NASTY, MARKUP),
    lambda inside: st.one_of(
        st.lists(inside, max_size=3),
        st.dictionaries(
            st.sampled_from(sorted(words("inline_keyboard text url callback_data copy_text"))), inside, max_size=4
        ),
    ),
    max_leaves=8,
)


@nasty
@given(st.fixed_dictionaries({"text": st.one_of(NASTY, MARKUP), "parse_mode": st.just("HTML"), "reply_markup": JSON}))
def test_nothing_but_harmless_elements_comes_out(body: dict[str, object]) -> None:
    checked(draw(body))
