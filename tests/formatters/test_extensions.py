"""What authors and site generators add to Markdown: HTML, attributes, emphasis in any script, tables, lists."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formatters import telegram, terminal
from formatters.markdown import walk
from formatters.slack import rich_text
from formatters.slack.bodies import without_blocks
from formatters.spans import Span, isolated, plain, split, tidy, without_direction
from formatters.syntax.tags import read
from tests.support.fakes import blocks


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("H<sub>2</sub>O, x<sup>2</sup>, y<sup>a,b</sup>, <SUB>Q</SUB>", "H₂O, x², y^(a,b), _Q"),
        ("a\n<sub>1</sub> b<sup></sup> <sup>2", "a ₁ b ²"),
        ("<b>a</b> <i>b</i> <code>c</code> <span class=x>d</span> <u>e</u>", "a b c d e"),
        ('<a href="https://a.org">a</a> <a id="x"></a><img src="b.png" alt="c &amp; d"/> <img src=e>', "a c & d 🖼"),
        ("<div>a</div>\n<p>b<br/>c</p><hr>d", "a\nb\nc\nd"),
        ("<details><summary>More</summary>\n\na\n\n</details>", "More\n\na"),
        ("<ul>\n<li>a</li>\n<li>b\n</ul>", "• a\n• b"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>c</td><td>d</td></tr></table>", "a | b\nc | d"),
        ("</b></sub>a</a>", "a"),
        (
            "<think>a</think> <Parallel> <s>[INST] <video> <image> <Table>",
            "<think>a</think> <Parallel> <s>[INST] <video> <image> <Table>",
        ),
        ("<s>a</s> <video src='x'>b", "a b"),
        ("`<b>` <?php a ?> <!-- b -->c", "<b> <?php a ?> c"),
        ("<!-- a\n\nb -->\nc\n\n<!--d\n\ne", "c\n\n<!--d\n\ne"),
        ("a <!-- b -->\n<!-- c\n\nd --> e", "a  <!-- c\n\nd --> e"),
        ("a\n<!-- b -->\nc", "a\n\nc"),
        ("<!-- a -->", ""),
    ],
)
def test_html(markdown: str, text: str) -> None:
    assert plain(tidy(walk(markdown))) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ('a{:target="_blank"} b {: .c} {#d} {.e f=g} {:toc} {::comment}h{:/comment}', "a b h"),
        ("![a](b.png){width=50%} x{y=1} {y=1} f({:.2f}) {} {1, 2} {a}", "a x{y=1} {y=1} f({:.2f}) {} {1, 2} {a}"),
        (
            "{% raw %}{{ x }} {{ site.a }}{% endraw %} {{ y }} {{ site.b }}{{ page.c | d }}",
            "{{ x }} {{ site.a }} {{ y }}",
        ),
        ('{% include a.html b="{{ c }}" %}a {% raw %}b {{< c d="e" >}}{{% f %}}g', "a b g"),
        ("[a]({{ site.baseurl }}/b) [c]({% link d.md %})", "a c"),
        ("`{% raw %}` `[a]({{ b }})` `==c==`", "{% raw %} [a]({{ b }}) ==c=="),
        ("::: {.note}\na\n:::\n\n:::tip B\nc\n:::", "a\n\nB c"),
        ("> [!NOTE]\n> a\n\n> [!tip]- B\n> c\n\n[!NOTE] d", "a\n\nB c\n\n[!NOTE] d"),
        ("* TOC\n{:toc}\n\n- a", "• a"),
        ("a {:toc}\n\nb\n{:toc}\n\n- c {:toc}", "a \n\nb\n\n• c"),
        ("a\n\n* TOC\n{: toc}\n\n[TOC]\n\nb", "a\n\nb"),
        ("==a== b==c==d 가==나==다 x == y == z ===", "a b==c==d 가나다 x == y == z ==="),
        ("a[^1], b[^x]: c\n\n[^1]: d", "a[1], b[x]: c\n\n[1] d"),
        ("- [ ] a\n- [x] b\n- [X]c\n- d [ ] e\n\n[ ] f", "• ☐ a\n• ☑ b\n• [X]c\n• d [ ] e\n\n[ ] f"),
        ("![*a* $x^2$](b)", "a x²"),
        ("# a\n- # b\n- c", "a\n\n• b\n• c"),
        ("\u1100\u1161", "가"),
        ("a ~ b ~~c~~ ~d~", "a ~ b c ~d~"),
    ],
)
def test_what_generators_read_is_gone(markdown: str, text: str) -> None:
    assert plain(tidy(walk(markdown))) == text


@pytest.mark.parametrize(
    ("markdown", "styled"),
    [
        ("**결과:**GPT-4보다", "결과:"),
        ("***굵은:***글", "굵은:"),
        ("**标签：**正文", "标签："),
        ("含**「重点」**内容", "「重点」"),
        ("これは**太字。**です", "太字。"),
        ("*这是斜体（带括号）。*这句子", "这是斜体（带括号）。"),
        ("~~删除的（括号）。~~正确", "删除的（括号）。"),
        ("__밑줄__는 __init__은", "밑줄"),
        ("값 **a*b**는", "a*b"),
        ("**F1=0.9**and", "F1=0.9"),
        ("3*4*5 a*b*c", ""),
        ("f(**a), g(**b) 가 ** 나 **다", ""),
        ("_가_나", ""),
    ],
)
def test_emphasis_in_any_script(markdown: str, styled: str) -> None:
    assert "".join(span.text for span in walk(markdown) if span.styles) == styled


# Tables


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("|a|b|\n|-|-|\n|`x|y`|``c|d``|\n\n`e|f`", "a | b\nx|y | c|d\n\ne|f"),
        ("|M|A|N|\n|-|-|-|\n|{}|1|2|\n|b||3|".format("w" * 40), f"M: {'w' * 40}\nA: 1\nN: 2\n\nM: b\nN: 3"),
        ("|M:||N|\n|-|-|-|\n|{}|1||".format("w" * 40), f"N\nM: {'w' * 40}\n1"),
        ("|{}|b|\n|-|-|".format("w" * 40), f"{'w' * 40} | b"),
        ("|가|나|\n|-|-|\n|{}|b|\n\nc".format("다" * 17), f"가: {'다' * 17}\n나: b\n\nc"),
        ("- |a|b|\n  |-|-|\n  |c|d|", "• \na | b\nc | d"),
        ("|a|\ufdd0`|`|\n|-|-|\n|c|d|", "|a|\ufdd0"),
    ],
)
def test_tables_fit_a_phone(markdown: str, text: str) -> None:
    assert plain(walk(markdown)).startswith(text)


def test_the_first_cell_of_a_wide_row_is_bold_and_links_stay() -> None:
    spans = walk("|M|A|\n|-|-|\n|[{}](https://a.org)|**b**|".format("w" * 40))

    assert [(span.text.strip(), span.url) for span in spans if "bold" in span.styles] == [
        ("M:", ""),
        ("w" * 40, "https://a.org"),
        ("b", ""),
    ]
    assert all("table" in span.styles for span in spans if span.text.strip())


# Lists


def slack_parts(markdown: str) -> list[dict[str, object]]:
    (part,) = split(walk(markdown), rich_text.LIMITS)
    parts = rich_text.spell(part)
    blocks.check_blocks([{"type": "rich_text", "elements": parts}])
    return parts


def brief(parts: list[dict[str, object]]) -> list[object]:
    return [
        (part.get("style"), part.get("indent"), part.get("offset", 0), json.dumps(part).count('"rich_text_section"'))
        if part["type"] == "rich_text_list"
        else str(part["type"]).removeprefix("rich_text_")
        for part in parts
    ]


def test_lists_in_slack() -> None:
    assert brief(slack_parts("a\n\n- b\n- c\n  - d\n\n    e\n- f\n\n3. g\n4. h\n\n> i\n")) == [
        "section",
        ("bullet", 0, 0, 2),
        ("bullet", 1, 0, 1),
        ("bullet", 0, 0, 1),
        ("ordered", 0, 2, 2),
        "quote",
    ]
    assert brief(slack_parts("- a\n\n  ```\n  b\n  ```\n- \n")) == [
        ("bullet", 0, 0, 1),
        "preformatted",
        ("bullet", 0, 0, 1),
    ]
    assert brief(slack_parts("0. a\n1. b")) == [("ordered", 0, 0, 2)]
    assert brief(slack_parts("<ul><li>a</li><ol><li>b</ol><li>c")) == [
        ("bullet", 0, 0, 1),
        ("ordered", 1, 0, 1),
        ("bullet", 0, 0, 1),
    ]
    assert brief(slack_parts("<li>a</li>")) == ["section"]


def test_an_empty_line_follows_a_list_in_slack_where_the_post_has_one() -> None:
    *_, last = slack_parts("- a\n\nb")

    assert json.dumps(last).count(r'"text": "\n"') == 1


def test_a_cut_list_goes_on_in_slack() -> None:
    first, second = split(walk("- " + "a " * 6000), rich_text.LIMITS)

    assert brief(rich_text.spell(first)) == [("bullet", 0, 0, 1)]
    assert brief(rich_text.spell(second)) == ["section"]


def test_no_message_has_too_many_items() -> None:
    parts = split(walk("- a\n" * 1000), rich_text.LIMITS)

    assert [plain(part).count("•") for part in parts] == [400, 400, 200]


def test_lists_keep_their_marks_in_plain_text() -> None:
    parts = slack_parts("- a\n  1. [b](https://a.org)\n  2. c")
    refused = without_blocks({"text": "", "blocks": [{"type": "rich_text", "elements": parts}]})

    assert refused["text"] == "• a\n  1. b (https://a.org)\n  2. c"


# Styles and directions


def test_what_is_struck_is_struck_everywhere() -> None:
    spans = walk("~~a~~")

    assert telegram.spell(spans) == "<s>a</s>"
    assert terminal.spell(spans) == "[strike]a[/strike]"
    assert rich_text.spell(spans)[0]["elements"] == [{"type": "text", "text": "a", "style": {"strike": True}}]


def test_marks_of_lists_cost_no_entity_in_telegram() -> None:
    assert len(split(walk("- a\n" * 300), telegram.LIMITS)) == 1


def test_titles_from_right_to_left_turn_nothing_beside_them() -> None:
    assert isolated("A title") == "A title"
    assert isolated("제목") == "제목"
    assert isolated("למידה\u202e GPT-4") == "\u2068למידה GPT-4\u2069"
    assert plain(tidy([Span("1. "), Span(isolated("למידה"))])) == "1. \u2068למידה\u2069"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\u202eb\u2066c\u2069", "abc"),
        ("\u2068a\u2069", "\u2068a\u2069"),
        ("\u2068a", "a"),
        ("\u2068\u2068a\u2069\u2069b\u2069", "\u2068a\u2069b"),
        ("\u2068a\u202eb\u2069", "ab"),
    ],
)
def test_only_pairs_that_isolate_are_left(text: str, kept: str) -> None:
    assert without_direction(text) == kept


# Any text

SIGNS = [
    *"$\\()[]{}<>*_~=`!|#-+.:&^% \n1a가",
    "\n\n",
    "$$",
    "**",
    "~~",
    "==",
    ":::",
    "{%",
    "%}",
    "{{",
    "}}",
    "{:",
    "[^",
    "<b>",
]
ANY = st.lists(
    st.sampled_from([*SIGNS, "</b>", "<sub>", "</sub>", "<!--", "-->", "\\[", "\\]", "- ", "1. ", "> ", "|-|", "<li>"])
)


@given(ANY.map("".join))
def test_any_text_is_read_and_shown(markdown: str) -> None:
    spans = walk(markdown)

    assert all(isinstance(span.text, str) for span in spans)
    for part in split(spans, rich_text.LIMITS):
        blocks.check_blocks([{"type": "rich_text", "elements": rich_text.spell(part)}])


@given(st.text("<>/ab =\"'\n", max_size=20))
def test_tags_are_read_from_any_text(text: str) -> None:
    tag = read(f"<{text}>")

    assert tag is None or tag.attribute("b") is not None
