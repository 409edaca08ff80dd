"""Slack's messages as HTML: what our strict fake takes is shown, what it refuses is shown as refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formatters.web.slack import draw
from tests.support.fakes.block_checks import BlockError, check
from tests.support.fakes.blocks import MAX_TEXT, check_blocks, size
from tests.support.fakes.server import words
from tests.support.safe_html import checked
from tests.support.strategies import ADDRESS, NASTY, nasty

Block = dict[str, Any]
LINK = 'target="_blank" rel="noopener noreferrer"'


def drawn(*blocks: Block) -> str:
    return draw({"text": "said", "blocks": list(blocks)})


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def section(*elements: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(elements)}


def said(text: str, **style: bool) -> Block:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def listed(style: str, *items: Block, **more: int) -> Block:
    return {"type": "rich_text_list", "style": style, "elements": list(items), **more}


def button(label: str, **more: str) -> Block:
    return {"type": "button", "text": plain(label), "action_id": "line/0", **more}


def container(**more: object) -> Block:
    return {"type": "container", "title": plain("3. 제목"), "child_blocks": [mrkdwn("*목표*: x")], **more}


# Rich text


@pytest.mark.parametrize(
    ("part", "html"),
    [
        (section(said("a <b>\n&", bold=True, italic=True)), "<p><b><i>a &lt;b&gt;\n&amp;</i></b></p>"),
        (section(said("x", code=True), said("y", strike=True)), "<p><code>x</code><s>y</s></p>"),
        (
            section({"type": "link", "url": "https://a.org/?a&b", "text": "A"}),
            f'<p><a href="https://a.org/?a&amp;b" {LINK}>A</a></p>',
        ),
        (
            section({"type": "link", "url": "https://a.org"}),
            f'<p><a href="https://a.org" {LINK}>https://a.org</a></p>',
        ),
        (section({"type": "emoji", "name": "fire"}), "<p>:fire:</p>"),
        (section({"type": "user", "user_id": "U1"}), '<p><span class="mention">@U1</span></p>'),
        ({"type": "rich_text_quote", "elements": [said("q")]}, "<blockquote>q</blockquote>"),
        ({"type": "rich_text_preformatted", "elements": [said("x\n y")]}, "<pre>x\n y</pre>"),
        (listed("bullet", section(said("a")), section(said("b"))), '<ul class="level0"><li>a</li><li>b</li></ul>'),
        (listed("ordered", section(said("c")), indent=1, offset=2), '<ol class="level1" start="3"><li>c</li></ol>'),
        (listed("bullet", section(said("a")), indent=99), '<ul class="level8"><li>a</li></ul>'),
    ],
)
def test_draws_rich_text(part: Block, html: str) -> None:
    assert drawn(rich(part)) == f'<div class="rich">{html}</div>'


# Mrkdwn


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*a* _b_ ~c~ `d *e*`", "<b>a</b> <i>b</i> <s>c</s> <code>d *e*</code>"),
        ("*a _b_*", "<b>a <i>b</i></b>"),
        ("2*3*4 snake_case_name * a *", "2*3*4 snake_case_name * a *"),
        ("a &lt;b&gt; &amp;amp; &quot;", "a &lt;b&gt; &amp;amp; &amp;quot;"),
        ("<https://a.org|A *b*>", f'<a href="https://a.org" {LINK}>A *b*</a>'),
        ("<https://a.org?a&amp;b>", f'<a href="https://a.org?a&amp;b" {LINK}>https://a.org?a&amp;b</a>'),
        ("<javascript:x()|A>", "A"),
        ("<!here> <@U1|me>", '<span class="mention">@here</span> <span class="mention">@me</span>'),
        ("&gt; q\n&gt; r\ns", "<blockquote>q\nr</blockquote>s"),
        ("a\n```\n*x* &lt;\n```b", "a\n<pre>*x* &lt;</pre>b"),
        ("https://a.org/x, b", f'<a href="https://a.org/x" {LINK}>https://a.org/x</a>, b'),
    ],
)
def test_draws_mrkdwn(text: str, html: str) -> None:
    assert drawn(mrkdwn(text)) == f'<div class="section"><div>{html}</div></div>'


# Other blocks


def test_draws_a_section_with_a_button_beside_it() -> None:
    assert drawn({"type": "section", "text": plain("*x*"), "accessory": button("Open", value="/paper 1")}) == (
        '<div class="section"><div>*x*</div><button class="btn" name="line" value="/paper 1">Open</button></div>'
    )


def test_draws_fields_header_context_divider_and_actions() -> None:
    assert drawn(
        {"type": "header", "text": plain("<h>")},
        {"type": "section", "fields": [plain("a"), plain("b")]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "_c_"}]},
        {"type": "divider"},
        {"type": "actions", "elements": [button("Go", url="https://a.org", style="primary")]},
    ) == (
        '<p class="header">&lt;h&gt;</p><div class="section"><div><div>a</div><div>b</div></div></div>'
        '<div class="context"><span><i>c</i></span></div><hr>'
        f'<div class="actions"><a href="https://a.org" {LINK} class="btn primary">Go</a></div>'
    )


INSIDE = '<div class="children"><div class="section"><div><b>목표</b>: x</div></div></div>'


@pytest.mark.parametrize(
    ("block", "html"),
    [
        (container(), f'<div class="container"><div class="head"><b>3. 제목</b></div>{INSIDE}</div>'),
        (
            container(is_collapsible=True, subtitle=plain("한 문장")),
            f'<details open class="container"><summary><b>3. 제목</b><span>한 문장</span></summary>{INSIDE}</details>',
        ),
        (
            container(is_collapsible=True, default_collapsed=True),
            f'<details class="container"><summary><b>3. 제목</b></summary>{INSIDE}</details>',
        ),
    ],
)
def test_draws_containers(block: Block, html: str) -> None:
    assert drawn(block) == html


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ({"text": "*a* &lt;"}, '<div class="section"><b>a</b> &lt;</div>'),
        ({"text": "*a* &lt;", "mrkdwn": False}, '<div class="section">*a* &lt;</div>'),
    ],
)
def test_draws_a_text_without_blocks(body: dict[str, object], html: str) -> None:
    assert draw(body) == html


# Refusals


def test_an_empty_message_is_refused() -> None:
    assert "no_text" in draw({"text": " "})


REFUSED: list[tuple[Block, str]] = [
    ({"type": "video"}, "a message takes no video"),
    ({"type": "section"}, "section needs text or fields"),
    ({"type": "section", "text": plain("x"), "colour": 1}, "section has no colour"),
    ({"type": "section", "text": plain("x" * 3001)}, "text of plain_text needs 1 to 3,000 characters"),
    ({"type": "section", "text": "x"}, "a block needs a type"),
    ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "a text takes no mrkdwn"),
    ({"type": "actions", "elements": []}, "elements of actions needs 1 to 25 items"),
    ({"type": "actions", "elements": [button("x", url="javascript:x")]}, "url of button is no web address"),
    (rich({"type": "rich_text_table"}), "rich_text takes no rich_text_table"),
    (rich(section({"type": "script"})), "rich_text_section takes no script"),
    (rich(section({"type": "link", "url": "javascript:x", "text": "x"})), "url of link is no web address"),
    (rich(section({**said("x"), "style": 1})), "style is an object"),
    (rich(listed("square", section(said("x")))), "style of rich_text_list is bullet or ordered"),
    (rich(listed("bullet", {"type": "text", "text": "x"})), "rich_text_list takes no text"),
]
# Of what the fake knows nothing yet, or is less strict.
REFUSED_HERE: list[tuple[Block, str]] = [
    (container(default_collapsed=True), "default_collapsed of container needs is_collapsible"),
    (container(is_collapsible="yes"), "is_collapsible of container is true or false"),
    (container(child_blocks=[rich(section(said("x")))]), "container takes no rich_text"),
    (container(blocks=[]), "container has no blocks"),
    (rich(listed("bullet", section(said("x")), indent=-1)), "indent of rich_text_list is a number"),
    ({"type": "actions", "elements": [{"type": "overflow", "options": []}]}, "Paperboy draws no overflow"),
]


@pytest.mark.parametrize(("block", "why"), REFUSED)
def test_refuses_what_the_fake_refuses(block: Block, why: str) -> None:
    assert why in drawn(block)
    assert "said" in checked(drawn(block))
    with pytest.raises(BlockError):
        check_blocks([block])


@pytest.mark.parametrize(("block", "why"), REFUSED_HERE)
def test_refuses_what_slack_would(block: Block, why: str) -> None:
    assert drawn(block).startswith('<p class="refused" lang="en">Slack refuses this message: ')
    assert why in drawn(block)


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        ([container(child_blocks=[{"type": "divider"}] * 10)] * 5, "more than 50 blocks, with those inside"),
        ([{"type": "section", "text": plain("x" * 3000)}] * 5, "msg_blocks_too_long"),
    ],
)
def test_what_is_too_much_all_together_is_refused(blocks: list[Block], why: str) -> None:
    assert why in drawn(*blocks)
    assert "refused" not in drawn(*blocks[:4])
    with pytest.raises(BlockError):
        _take(blocks)


def _take(blocks: list[Block]) -> None:
    """Refuse what the fake refuses of a message."""
    check_blocks(blocks)
    check(size(blocks) <= MAX_TEXT, "msg_blocks_too_long")


# Whatever it is given


TYPES = sorted(
    words(
        "section rich_text rich_text_section rich_text_list rich_text_quote rich_text_preformatted text link user "
        "button actions context header divider container plain_text mrkdwn bullet script"
    )
)
NAMES = sorted(
    words("type text elements url value style blocks child_blocks title subtitle accessory fields is_collapsible")
)
MARKS = st.lists(
    st.sampled_from([*"*_~`<>|\n", "```", "&gt;", "javascript:x", "https://a.org", "<b>", "x "]),
    max_size=10,
).map("".join)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(TYPES), NASTY, MARKS),
    lambda inside: st.one_of(st.lists(inside, max_size=3), st.dictionaries(st.sampled_from(NAMES), inside, max_size=5)),
    max_leaves=10,
)
STYLED = st.dictionaries(st.sampled_from(["bold", "italic", "code", "strike"]), st.booleans())
ELEMENTS = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": NASTY, "style": STYLED}),
    st.fixed_dictionaries({"type": st.just("link"), "text": NASTY, "url": ADDRESS}),
)
TEXTS = st.fixed_dictionaries({"type": st.sampled_from(["plain_text", "mrkdwn"]), "text": st.one_of(NASTY, MARKS)})
BLOCKS = st.one_of(
    JSON,
    st.builds(lambda inside: rich(section(*inside)), st.lists(ELEMENTS, max_size=3)),
    st.builds(lambda text: {"type": "section", "text": text}, TEXTS),
    st.builds(lambda text, inside: container(title=text, child_blocks=[inside]), TEXTS, JSON),
)


@nasty
@given(st.fixed_dictionaries({"text": st.one_of(NASTY, MARKS), "blocks": st.lists(BLOCKS, max_size=3)}))
def test_nothing_but_harmless_elements_comes_out(body: dict[str, object]) -> None:
    checked(draw(body))
