"""HTML as Markdown: what a page says, its reader is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.sources.feeds.html.reader import authors_markdown, to_markdown
from bot.sources.feeds.html.tokens import tokens
from formatters.markdown import walk
from formatters.spans import plain

BLOG = "https://blog.example/2026/03/02/papers/"


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        # Headings and links
        ('<h1 id="x">1. <a href="https://arxiv.org/abs/2601.00001">On <i>Rain</i></a></h1>',
         "# 1. [On *Rain*](https://arxiv.org/abs/2601.00001)"),
        ('<a href="/about"><h2>About</h2></a>', "## [About](https://blog.example/about)"),
        ('<h3>Rain <a class="headerlink" href="#rain">¶</a></h3><h3></h3>', "### Rain"),
        ('<a href="arxiv.org/abs/2601.00001">arXiv</a>', "[arXiv](https://arxiv.org/abs/2601.00001)"),
        ('<a href="https://a.example/">https://a.example/</a>', "<https://a.example/>"),
        ('<a href="https://a.example/x(1">x</a> <a href="http://[::1">odd</a>', "[x](https://a.example/x%281) odd"),
        ('<a href="https://a.example/x (1)">x</a>', "[x](https://a.example/x%20(1))"),
        ('<a href="javascript:alert(1)">none</a> <a href="#here">here</a> <a>bare</a>', "none here bare"),
        ('<a href="https://a.example"> </a>', ""),
        # Paragraphs and lines
        ("<p>one</p>two<div>three</div>four", "one\n\ntwo\n\nthree\n\nfour"),
        ("<p>one<br>two<br/><br>three</p>", "one  \ntwo\n\nthree"),
        ("<p>a <b> bold </b>b <em></em><i>c</i></p>", "a **bold** b *c*"),
        ("<b>one<br>two</b>", "**one**  \n**two**"),
        ("<b>a<p>b</p></b>", "**a**\n\n**b**"),
        ("<b>one <i>two</b> three", "**one *two*** three"),
        ("<p>H<sub>2</sub>O <s>no</s> <mark>so</mark><sup></sup></p>", "H<sub>2</sub>O ~~no~~ so"),
        ("a<hr>b", "a\n\n---\n\nb"),
        ("</p>lost</b>", "lost"),
        ("<h2>a<hr>b</h2>", "## a b"),
        # Code
        ("<code>a|`b`</code> and <tt>x<b>y</b></tt> <code></code>", "`` a|`b` `` and `xy`"),
        ('<pre><code class="language-python">if a:\n    b\n</code></pre>', "```python\nif a:\n    b\n```"),
        ('<pre class="lang-c"><span class="lineno">1</span>```<br>x</pre>', "````c\n```\nx\n````"),
        # Lists
        ("<ul><li>a<li>b<ul><li>c</li></ul></ul>", "- a\n- b\n  - c"),
        ('<ol start="3"><li><p>a</p></li><li><p>b</p><p>c</p></li><li></li></ol>', "3. a\n\n4. b\n\n   c"),
        ('<ol start="x"><li>a</ol>', "1. a"),
        ('<ul><li><input type="checkbox" checked> done<li><input type=checkbox>todo<li><input type="text">x</ul>',
         "- [x] done\n- [ ] todo\n- x"),
        ("<li>alone", "- alone"),
        # Quotes and details
        ("<blockquote><p>a</p><p>b</p></blockquote><blockquote></blockquote>", "> a\n>\n> b"),
        ("<details><summary>More <b>of it</b></summary><p>Text</p></details>",
         "<details>\n<summary>More **of it**</summary>\n\nText\n\n</details>"),
        ("<summary>alone</summary>", "alone"),
        # Tables
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1|2</td><td><p>x</p><p>y<br>z</p></td></tr></table>",
         "| a | b |\n|---|---|\n| 1&#124;2 | x <br> y <br> z |"),
        ('<table><caption>T</caption><tr><td colspan="2">a<td><code>x|y</code><tr><td>b</table>',
         "T\n\n|  |  |  |\n|---|---|---|\n| a |  | `x\\|y` |\n| b |  |  |"),
        ("<table><tr><td>a<table><tr><td>b</td></tr></table></td></tr></table><td>c", "|  |\n|---|\n| a |\n| b |\n\nc"),
        ("<table></table><table>loose</table>", "loose"),
        # Pictures
        ('<img src="/a.png" alt="A [b]"><img class="emoji" src="/r.png" alt="🚀"><img alt="c">',
         "![A &#91;b&#93;](https://blog.example/a.png)🚀c"),
        ('<img src="data:image/png;base64,' + "A" * 9000 + '" alt="big">', "big"),
        # Formulas
        ('<span><math><mi>x</mi><annotation encoding="application/x-tex">x_i</annotation></math>'  # noqa: ISC004
         '<span aria-hidden="true"><span>xi</span></span></span>', "$x_i$"),
        ('<math alttext="a^2" display="block"><mi>a</mi></math>', "$$a^2$$"),
        ("<math><mi>a</mi><mo>*</mo><annotation>b</annotation></math>", "a&#42;b"),
        ('<script type="math/tex; mode=display">\na<b\n</script>', "$$a<b$$"),
        ('<script type="math/tex">a$b</script> and $x_1$ and \\(y_1\\)', "a$b and $x_1$ and \\(y_1\\)"),
        # What is no text
        ("<script>x('<p>')</script><style>p{}</style><!-- no <p> --><!DOCTYPE html>a<svg><svg></svg>x</svg>b", "ab"),
        ('<p hidden>no</p><img aria-hidden="true"><time datetime="2026">now</time>', "now"),
        ("<script>never closed <b>so</b>", ""),
        ("<!-- never closed", "&#60;!-- never closed"),
        # Words in brackets, and what is no markup
        ("<think> and <Parallel>, a < b, &lt;b&gt; &amp;lt; <!channel>",
         "&#60;think> and &#60;Parallel>, a < b, &#60;b> &#38;lt; &#60;!channel>"),
        ("<" + "b" * 5000 + ">", "&#60;" + "b" * 5000 + ">"),
    ],
    ids=str,
)  # fmt: skip
def test_html_is_written_as_markdown(html: str, markdown: str) -> None:
    assert to_markdown(html, BLOG) == markdown


@pytest.mark.parametrize("text", ["# no heading", "1. no list", "- no list", "a **b** [c](https://d.example) | e"])
def test_text_is_shown_as_it_is(text: str) -> None:
    assert plain(walk(to_markdown(f"<p>{text}</p>"))) == text


def test_what_a_blog_left_unread_is_markdown() -> None:
    """A link over two lines in a heading, bold before Korean, a list right below a line."""
    page = "<h1>1. [On</h1><p>Rain](https://arxiv.org/abs/2601.00001)\n- **결과:**GPT, A* &lt;b&gt; _x_</p>"
    said = "# 1. [On\n\nRain](https://arxiv.org/abs/2601.00001)\n- **결과:**GPT, A&#42; &#60;b> &#95;x&#95;"
    assert authors_markdown(page) == said


@given(st.text(st.sampled_from("ab *_`#[]()|~-+=:.1\\!\n"), max_size=40))
def test_no_word_is_lost_between_markdown_and_html(text: str) -> None:
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    words = [word for token in tokens(html) if isinstance(token, str) for word in token]
    shown = plain(walk(to_markdown(html)))
    assert [word for word in shown if word in "ab"] == [word for word in words if word in "ab"]


@pytest.mark.parametrize(
    "piece", ["<", "<b>", "<div>", "<ul><li>", "<blockquote>x", '<a href="', "<!--", "<td>x", "&", "<script>", "\\("]
)
def test_hostile_pages_are_read_to_their_end(piece: str) -> None:
    """Each sign is looked at a few times only; the nesting that is kept has an end."""
    length = len(to_markdown(f"<table><tr>{piece * 4_000}"))
    assert length < 4_000 * 60
