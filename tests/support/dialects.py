"""Posts as authors write them: digests in any mix of dialects, posts that are none, and garbage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from bot.sources.posts.admission import refusal

FRONTS = ("", "---\ntitle: Papers\ndate: 2026-11-26\n---\n\n", '+++\ntitle = "Papers"\ndate = 2026-11-26\n+++\n\n')
NUMBERS = ("{}. ", "{}) ", "[{}] ", "({}) ", "#{} ", "논문 {}. ", "Paper {}: ", "{}、", "")
SITES = ("arxiv.org/abs/{}", "arxiv.org/pdf/{}v2", "huggingface.co/papers/{}", "www.alphaxiv.org/abs/{}")
LABELS = ("Link", "arXiv", "논문", "链接", "論文")
PREFACES = ("", "Words before.\n\n", "<!-- a note -->\n\n<p align='center'>Words before.</p>\n\n")
ENDS = ("", "Thanks", "감사합니다")
_ORDER = ("first", "second", "third", "fourth", "fifth")
# Words of titles, as they are written and as they are read; and what a paper says, with what must be seen of it.
WORDS = {one: one for one in ("Deep", "확산", "模型", "Agents", "with", "GPT-4", "X&Y")} | {
    "*Care*": "Care",
    "`code`": "code",
    r"$\alpha$": "α",
    "**굵은**": "굵은",
    "A<sub>2</sub>": "A₂",
}
LINES = {
    "Goal: to read any post.": "to read any post",
    "**Code**: https://github.com/example/code": "",
    "저자: 김하나": "김하나",
    "Score: 8": "8",
    r"The loss $\theta^* \leq 3$ falls, and \(x_i\) stays.": "The loss θ* ≤ 3 falls, and xᵢ stays.",
    "Water is H<sub>2</sub>O, <b>surely</b>; `<think>` stays.": "Water is H₂O, surely; <think> stays.",
    "**결과:**GPT-4보다 낫다": "결과:GPT-4보다 낫다",
    "It costs $5 and 3*4*5 stars.": "It costs $5 and 3*4*5 stars.",
    '<span style="color:red">Red</span> <kbd>Esc</kbd> <think>words': "Red Esc <think>words",
    '<a href="https://b.example.org/x">a site</a>{:target="_blank"} ~~old~~': "a site old",
    "`f(x) || g`, see code": "f(x) || g, see code",
}
BLOCKS = {
    **LINES,
    "- Authors: Ann Writer, Bo Reader": "Ann Writer, Bo Reader",
    "- **Contribution:** a rule\n- **Results:** it holds": "Contribution: a rule • Results: it holds",
    "$$\na + b\n$$": "a + b",
    "<details><summary>More</summary>\n\nHidden words.\n\n</details>": "More Hidden words.",
    "| Model | Score |\n|---|---|\n| ours | `a|b` |": "Model | Score ours | a|b",
    "> quoted words": "quoted words",
    "> [!NOTE]\n> noted words": "noted words",
    "#### Results\n\nIt is better.": "It is better.",
    "![a figure](https://b.example.org/a.png)": "",
    '<p align="center"><img src="a.png" alt="a picture"><br/>below it</p>': "a picture below it",
    "<ul>\n<li>one thing</li>\n<li>another</li>\n</ul>": "one thing • another",
    "```python\n# 1. no [heading](https://arxiv.org/abs/2401.00009)\n```": "# 1. no [heading]",
    "::: note\nfenced words\n:::": "fenced words",
}


@dataclass(frozen=True)
class Paper:
    """A paper that a post shall be read to have."""

    number: int
    id: str
    url: str
    written: str  # its title
    title: str  # as it is read
    says: Sequence[str]  # keys of `BLOCKS`
    category: str = ""


@dataclass(frozen=True)
class Post:
    text: str
    papers: Sequence[Paper]
    starts: Sequence[str]  # the line with which each paper begins
    left_out: frozenset[str] = frozenset()  # words that no message needs to have


@st.composite
def papers(draw: st.DrawFn, said: Mapping[str, str] = BLOCKS, site: str = "", most: int = 4) -> list[Paper]:
    """Make papers; a title stands once in a post, as headings that come again and again are parts of papers."""
    site = site or draw(st.sampled_from(SITES))
    words, says = st.lists(st.sampled_from(sorted(WORDS)), min_size=2, max_size=5), st.sampled_from(sorted(said))
    made = []
    for number in range(1, draw(st.integers(2, 5)) + 1):
        title, key = [*draw(words), _ORDER[number - 1]], f"2501.{number:05}"
        read = " ".join(WORDS.get(word, word) for word in title)
        url = f"https://{site.format(key)}"
        made.append(Paper(number, key, url, " ".join(title), read, draw(st.lists(says, max_size=most, unique=True))))
    return made


# The link in the heading, or ("{label}") on a line below it.
_HEADINGS = {
    "linked": "{mark} {number}[{title}]({url})",
    "bold": "{mark} **{number}[{title}]({url})**",
    "badge": "{mark} {number}{title} [![PDF](https://img.example.org/pdf.svg)]({url})",
    "behind": "{mark} {number}{title} ([arXiv]({url})) ⭐",
    "referred": "{mark} {number}[{title}][r{n}]",
    "referred below": "{mark} {number}[{title}][r{n}]",
    "html": '<h{level}>{number}<a href="{url}">{title}</a></h{level}>',
    "attributes": "{mark} {number}[{title}]({url}){{: .title}}",
    "label": "{mark} {number}{title}",
    "bare": "{mark} {number}{title}",
}


@st.composite
def headed(draw: st.DrawFn) -> Post:
    """Write papers as headings, under categories or not."""
    level, place = draw(st.integers(2, 3)), draw(st.sampled_from(sorted(_HEADINGS)))
    number, label, listed = draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(LABELS)), draw(papers())
    over = {1: "Vision", len(listed): "Language"} if draw(st.booleans()) else {}
    category, blocks, starts, made = "", [], [], []
    for one in listed:
        category = over.get(one.number, category)
        blocks += [f"{'#' * (level - 1)} {category}"] if one.number in over else []
        title = one.written.replace("*", "") if place == "bold" else one.written
        parts = {"title": title, "url": one.url, "n": one.number, "level": level, "mark": "#" * level}
        starts.append(_HEADINGS[place].format(number=number.format(one.number), **parts))
        below = {"label": f"{label}: {one.url}", "bare": one.url, "referred below": f"[r{one.number}]: {one.url}"}
        blocks += [starts[-1], *([below[place]] if place in below else []), *one.says]
        made.append(Paper(one.number, one.id, one.url, one.written, one.title, one.says, category))
    blocks += _end(draw, level - 1)
    blocks += [f"[r{one.number}]: {one.url}" for one in listed] if place == "referred" else []
    return Post("\n\n".join(blocks), made, starts)


@st.composite
def detailed(draw: st.DrawFn) -> Post:
    """Write papers as `<details>` or lines in bold."""
    says = {one: seen for one, seen in BLOCKS.items() if not one.startswith(("#", "<details"))}
    listed, number = draw(papers(says)), draw(st.sampled_from(NUMBERS))
    link, opened = draw(st.sampled_from(("[Paper]({})", "Link: {}", "{}"))), draw(st.sampled_from(("", " open")))
    bold = draw(st.booleans())
    blocks, starts = [], []
    for one in listed:
        named, said = number.format(one.number) + one.written.replace("*", ""), "".join(f"{it}\n\n" for it in one.says)
        if bold:
            starts.append(f"**{number.format(one.number)}[{one.written.replace('*', '')}]({one.url})**")
            blocks += [starts[-1], *one.says]
        else:
            starts.append(f"<details{opened}>\n<summary>{named}</summary>")
            blocks.append(f"{starts[-1]}\n\n{link.format(one.url)}\n\n{said}</details>")
    return Post("\n\n".join([*blocks, *([] if bold else _end(draw, 2))]), listed, starts)


_COLUMNS = (
    *(
        ("Title", "Summary", "Links"),
        ("제목", "요약", "링크"),
        ("标题", "摘要", "链接"),
        ("タイトル", "要約", "リンク"),
    ),
)
_CELLS = ("[arXiv]({})", "[PDF]({})", "<{}>", "{}", "[📄]({})")


@st.composite
def tabled(draw: st.DrawFn) -> Post:
    """Write papers as rows of a table, whose columns stand in any order."""
    listed, columns = draw(papers(LINES, most=1)), draw(st.sampled_from(_COLUMNS))
    order, cell, is_linked = draw(st.permutations(range(3))), draw(st.sampled_from(_CELLS)), draw(st.booleans())
    numbered, outer, bold = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    rows = [[columns[n] for n in order], ["---" if draw(st.booleans()) else ":-:" for _ in order]]
    for one in listed:
        title = one.written.replace("*", "")
        title = f"[{title}]({one.url})" if is_linked else f"**{title}**" if bold else title
        said = one.says[0].replace("||", r"\|\|") if one.says and "`" not in one.says[0] else "".join(one.says)
        cells = (title, said, "" if is_linked else cell.format(one.url))
        rows.append([cells[n] for n in order])
    if numbered:
        rows = [[one, *row] for one, row in zip(("#", "--:", *map(str, range(1, 9))), rows, strict=False)]
    bar = "| {} |" if outer or "" in {row[place] for row in rows for place in (0, -1)} else "{}"
    lines = [bar.format(" | ".join(row)) for row in rows]
    text = "\n\n".join(["\n".join(lines), *_end(draw, 2)])
    return Post(text, listed, [lines[0], *lines[3:]], frozenset(" ".join(columns).split()))


_ITEMS = {
    "linked": "[{title}]({url}): {text}",
    "bold": "**[{title}]({url})** – {text}",
    "named": "**{title}** ([arXiv]({url})). {text}",
    "last": "**{title}**: {text} [[paper]({url})]",
    "below": "**{title}**\n{blanks}- {text}\n{blanks}- [arXiv]({url})",
    "referred": "[{title}][r{n}] - {text}",
}


@st.composite
def itemised(draw: st.DrawFn) -> Post:
    """Write papers as the items of a list."""
    listed, marker = (
        draw(papers(LINES, most=1)),
        draw(st.sampled_from(("- ", "* ", "+ ", "1. ", "{}. ", "{}) ", "- [ ] "))),
    )
    shape, between = draw(st.sampled_from(sorted(_ITEMS))), draw(st.sampled_from(("\n", "\n\n")))
    items = []
    for one in listed:
        begun, title = marker.format(one.number), one.written.replace("*", "")
        parts = {"title": title, "url": one.url, "n": one.number, "blanks": " " * len(begun.replace("[ ] ", ""))}
        items.append(begun + _ITEMS[shape].format(text="".join(one.says) or "words of it", **parts))
    refers = [f"[r{one.number}]: {one.url}" for one in listed] if shape == "referred" else []
    text = "\n\n".join([between.join(items), *_end(draw, 2), *refers])
    return Post(text, listed, [item.partition("\n")[0] for item in items])


def _end(draw: st.DrawFn, level: int) -> list[str]:
    name = draw(st.sampled_from(ENDS))
    return [f"{'#' * level} {name}", "See you at [our site](https://blog.example.org)."] if name else []


DIGESTS = st.one_of(headed(), headed(), detailed(), tabled(), itemised())

# What stands in posts that are no digests: none of it is a paper, in whatever order.
PIECES = (
    *("# A walk in the hills", "## What we saw", "### 1. First steps", "### 2. Then", "## 2026-11-20", "## v1.2.3"),
    *("Words of a day.", "As [they say](https://news.example.org/a), it rained.", "See https://shop.example.org/b."),
    *("- one\n- [two](https://b.example.org)\n- three", "1. Install it\n2. Run it", "- [ ] to do\n- [x] done"),
    *("| Tool | Site |\n|---|---|\n| a | [b](https://b.example.org) |", "> quoted", "**bold words**", "---"),
    *("```sh\n# 1. [a](https://arxiv.org/abs/2501.00001)\n```", "$$\nx^2\n$$", "<br>", "<div>words</div>"),
    *(
        "<details><summary>More</summary>\n\nwords\n\n</details>",
        "![fig](a.png)",
        "[^1]: note",
        "[a]: https://b.example.org",
    ),
    "## References\n\n- [A](https://arxiv.org/abs/2501.00001)\n- [B](https://arxiv.org/abs/2501.00002)\n\n## After",
    "## 참고 문헌\n\n1. A. [link](https://doi.org/10.1000/1)\n2. B. [link](https://doi.org/10.1000/2)\n\n## 끝",
)
CITING = "This goes back to [others](https://arxiv.org/abs/2401.00001), who saw it first."


@st.composite
def others(draw: st.DrawFn) -> str:
    """Write a post that is no digest, in which a paper may be named once in passing."""
    pieces = ["# Notes", "Words first.", *draw(st.lists(st.sampled_from(PIECES), max_size=12))]
    return "\n\n".join([*pieces, *draw(st.sampled_from(([], [CITING]))), "Words at the end."])


# Without closing brackets and colons nothing is a link.
SIGNS = "#[(*|-_`~!.> \n\\abc1「」：①$<{}=+&%^\"'\t가𝒳\u200b\ufe0f"
GARBAGE = st.text(SIGNS, max_size=200)
ANYTHING = st.text(st.one_of(st.characters(), st.sampled_from(SIGNS + "]):/@")), max_size=200)
_FRAGMENTS = (
    *(
        *SIGNS,
        "](",
        "]",
        ")",
        "**",
        "$$",
        "\n\n",
        "- ",
        "> ",
        "1. ",
        "    ",
        "~~~\n",
        "{%",
        "<!--",
        "-->",
        "<b>",
        "</b>",
        "\\(",
        "--",
        "==",
    ),
    *(
        "https://arxiv.org/abs/2501.00001",
        "[a](b)",
        "# ",
        "## 1. ",
        "<details>",
        "<summary>",
        "|-|",
        "&amp;",
        "2026-11-26",
        "[^1]",
        "]: ",
    ),
)
UNITS = st.lists(st.sampled_from(_FRAGMENTS), min_size=1, max_size=8).map("".join)
_SIZES = (500_000, 250_000, 120_000, 60_000, 30_000, 15_000, 8_000, 4_000, 2_000, 1_000)


def repeated(unit: str) -> list[str]:
    """Repeat a text as often as is admitted: on one line, line by line, in blocks that are as long as is admitted."""
    makes: Sequence[Callable[[int], str]] = (
        lambda times: unit * times,
        lambda times: f"{unit}\n" * times,
        lambda times: (unit * (900 // len(unit)) + "\n\n") * (times * len(unit) // 900),
    )
    return [
        next((text for size in _SIZES if not refusal(text := make(size // (len(unit.encode()) + 1)))), "")
        for make in makes
    ]
