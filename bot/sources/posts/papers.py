"""The body of a post to papers: each numbered heading begins one, the headings below it are its sections.

No word of a body is lost: what fits no known shape stays in the preface or in a section.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it.token import Token

from formatters import markdown
from formatters.links import arxiv_id, safe
from formatters.model import Link, Paper, Section
from formatters.spans import Spans, collapse_spaces, plain

_ORDINAL = re.compile(r"\s*(\d{1,4})[.)]\s*")
_TITLE_LINES = 8  # how far a wrapped title may run
_LONGEST_WRAPPED = 4096  # characters of it: each further line has all of them parsed again
_LONGEST_SLUG = 100  # of a paper's id: a ledger's key and a button's argument, not a text to read


def parse_papers(body: str) -> tuple[tuple[Paper, ...], str]:
    """Cut a body into its papers and the Markdown before the first of them."""
    lines = body.split("\n")
    blocks = list(_blocks(markdown.blocks(body)))
    headings = _headings(blocks, lines)
    starts = [n for n, heading in enumerate(headings) if heading.number]
    preface = "\n".join(lines[: headings[starts[0]].start] if starts else lines).strip()
    ends = [*starts, len(headings)][1:]
    ends_at = [*(heading.start for heading in headings), len(lines)]
    papers = [
        _paper(headings[start:end], ends_at[start + 1 : end + 1], blocks, lines)
        for start, end in zip(starts, ends, strict=False)
    ]
    return tuple(_unique(papers)), preface


def slug(text: str) -> str:
    """Spell a text in lower-case words joined by hyphens; letters of any script stay."""
    return "-".join(re.findall(r"[^\W_]+", text.casefold()))


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of the body at the outermost level."""

    start: int  # its first line
    end: int  # the line after its last
    tag: str
    heading: str | None  # its Markdown
    tokens: Sequence[Token]

    def links(self) -> tuple[list[Link], bool]:
        """Give its links, and whether it holds nothing else and all of them are safe."""
        texts = [token.content for token in self.tokens if token.type == "inline"]
        if not any("](" in text or "<" in text for text in texts):
            return [], False  # as most blocks: it holds no link
        inline = list(map(markdown.inline, texts))
        links = [link for spans in inline for link in _links(spans)]
        rest = "".join(span.text for spans in inline for span in spans if not span.url)
        rest += "".join(token.info + token.content for token in self.tokens if token.type in {"fence", "code_block"})
        return links, bool(links) and all(safe(link.url) for link in links) and not re.search(r"\w", rest)


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading that begins a paper (`number` > 0) or a section."""

    start: int
    end: int
    level: str
    text: str
    number: int = 0
    url: str = ""
    links: tuple[Link, ...] = ()


def _blocks(tokens: Sequence[Token]) -> Iterator[_Block]:
    start = 0
    for end, token in enumerate(tokens, 1):
        if token.level == 0 and token.nesting <= 0:
            yield _block(tokens[start:end])
            start = end


def _block(tokens: Sequence[Token]) -> _Block:
    first = tokens[0]
    start, end = first.map or (0, 0)
    heading = tokens[1].content if first.type == "heading_open" else None
    return _Block(start, end, first.tag, heading, tokens)


def _links(spans: Spans) -> Iterator[Link]:
    """Give the links of a text; neighbouring spans of one address are one link."""
    url, label = "", ""
    for span in (*spans, None):
        if span is None or span.url != url:
            if url and collapse_spaces(label):
                yield Link(collapse_spaces(label), url)
            url, label = (span.url if span else ""), ""
        label += span.text if span else ""


def _headings(blocks: Sequence[_Block], lines: Sequence[str]) -> list[_Heading]:
    headings: list[_Heading] = []
    paper: _Heading | None = None
    for block in blocks:
        if block.heading is None or (headings and block.start < headings[-1].end):
            continue
        headings.append(_linked(block, lines) or _unlinked(block, paper))
        paper = headings[-1] if headings[-1].number else paper
    return headings


def _linked(block: _Block, lines: Sequence[str]) -> _Heading | None:
    """Read `N. [title](url)`; the title may be wrapped over further lines."""
    text = block.heading or ""
    ordinal = _ORDINAL.match(text)
    if ordinal is None or not text[ordinal.end() :].startswith("["):
        return None
    for end in range(block.end, min(block.end + _TITLE_LINES, len(lines)) + 1):
        joined = collapse_spaces(" ".join([text, *lines[block.end : end]]))
        if end > block.end and (lines[end - 1].startswith("#") or len(joined) > _LONGEST_WRAPPED):
            break  # the next heading, or no title any more
        spans = markdown.inline(joined)
        links = list(_links(spans))
        if links and _ORDINAL.fullmatch(spans[0].text):  # else the bracket after the number is no link
            return _titled(block, end, int(ordinal[1]), spans, links)
    return None


def _titled(block: _Block, end: int, number: int, spans: Spans, links: Sequence[Link]) -> _Heading:
    """Take the first link as the paper's; words after it belong to the title, further links are kept apart."""
    later = {link.url for link in links[1:] if safe(link.url)} - {links[0].url}
    whole = plain(span for span in spans if span.url not in later)
    title = collapse_spaces(_ORDINAL.sub("", whole, count=1))
    return _Heading(block.start, end, block.tag, title, number, links[0].url, tuple(links[1:]))


def _unlinked(block: _Block, paper: _Heading | None) -> _Heading:
    """Read a heading without a link: a paper's if it has the next number on the level of papers, else a section's."""
    text = collapse_spaces(plain(markdown.inline(block.heading or "")))
    ordinal = _ORDINAL.match(text)
    title = text[ordinal.end() :] if ordinal else ""
    if ordinal and paper and title and (int(ordinal[1]), block.tag) == (paper.number + 1, paper.level):
        return _Heading(block.start, block.end, block.tag, title, int(ordinal[1]), links=tuple(block.links()[0]))
    return _Heading(block.start, block.end, block.tag, text)


def _paper(headings: Sequence[_Heading], ends: Sequence[int], blocks: Sequence[_Block], lines: Sequence[str]) -> Paper:
    """Make a paper from its own heading and its sections' headings; `ends` says where each section ends.

    A block of nothing but links moves to the links; all else stays in the sections.
    """
    own = headings[0]
    inside = blocks[bisect_left(blocks, own.end, key=_start) : bisect_left(blocks, ends[-1], key=_start)]
    moved = {block.start for block in inside[-1:] if block.tag == "hr"}  # it only separates this paper from the next
    links = dict.fromkeys(own.links)
    for block in inside:
        found, nothing_else = block.links()
        links |= dict.fromkeys(found)
        if nothing_else and block.heading is None:
            moved |= set(range(block.start, block.end))
    sections = [
        Section(
            heading.text if heading is not own else "",
            "\n".join(lines[n] for n in range(heading.end, end) if n not in moved).strip("\n").rstrip(),
        )
        for heading, end in zip(headings, ends, strict=True)
    ]
    return Paper(
        id=arxiv_id(own.url) or slug(own.text)[:_LONGEST_SLUG].strip("-") or "paper",
        number=own.number,
        title=own.text,
        url=own.url,
        links=tuple(links),
        sections=tuple(section for section in sections if section.heading or section.body),
    )


def _start(block: _Block) -> int:
    return block.start


def _unique(papers: Iterable[Paper]) -> Iterator[Paper]:
    """Make ids unique; number the papers in order where the post repeats a number."""
    listed = list(papers)
    repeated = len({paper.number for paper in listed}) < len(listed)
    uses: Counter[str] = Counter()
    for place, paper in enumerate(listed, 1):
        free = paper.id
        while free in uses:
            uses[paper.id] += 1
            free = f"{paper.id}-{uses[paper.id]}"
        uses[free] = 1
        yield replace(paper, id=free, number=place if repeated else paper.number)
