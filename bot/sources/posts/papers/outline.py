"""The body of a post to its outermost blocks and its headings, however the author writes these."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from markdown_it.token import Token

from bot.sources.posts.papers import titles
from bot.sources.posts.papers.titles import Title
from formatters import labels, markdown
from formatters.links import safe
from formatters.model import Link
from formatters.spans import Spans, collapse_spaces
from formatters.syntax import parsing

PSEUDO = 7  # the level of what stands like a heading: a line of bold text, the summary of `<details>`
_TITLE_LINES = 8  # how far a wrapped title may run
_LONGEST_WRAPPED = 1024  # characters of it: each further line has all of them parsed again

_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_HTML_HEADING = re.compile(r"^ {0,3}<h([1-6])\b[^<>]*>(.*?)</h\1>[ \t]*$", re.IGNORECASE)
_DEFINITION = re.compile(r"^ {0,3}\[([^\[\]^][^\[\]]*)\]:\s*<?([^\s<>]+)>?\s*(?:[\"'(].*[\"')])?\s*$")
_REFERENCE = re.compile(r"(`+[^`]*`+)|\[([^\[\]]+)\](?:\[([^\[\]]*)\])?(?![\[(:])")
_SUMMARY = re.compile(r"\s*<details\b[^<>]*>\s*<summary\b[^<>]*>(.*?)</summary>", re.IGNORECASE | re.DOTALL)
_DETAILS = re.compile(r"</?details\b", re.IGNORECASE)
_BOLD_LINE = re.compile(r"\W*(\*\*|__)(?=\S).*(?<=\S)\1\W*", re.DOTALL)
_SHORT_LINK = re.compile(r"!?\[[^\[\]]{1,20}\]\([^()\s]*\)")
_SIGN = re.compile(r"[\\`*_\[<&{!]")
_ESCAPED = re.compile(r"\\.")
_NUMBERED = re.compile(r"\s*\d{1,4}[.)]\s*\[")


class Block(NamedTuple):
    """A block of the body at the outermost level."""

    start: int  # its first line
    end: int  # the line after its last
    tag: str
    heading: str | None  # its Markdown
    tokens: Sequence[Token]

    @property
    def texts(self) -> list[str]:
        """List the Markdown of the texts in it."""
        return [token.content for token in self.tokens if token.type == "inline"]

    def links(self) -> tuple[list[Link], bool]:
        """Give its links, and whether it holds nothing else and all of them are safe."""
        inline = list(map(markdown.inline, self.texts))
        links = [link for spans in inline for link in links_of(spans)]
        rest = "".join(span.text for spans in inline for span in spans if not span.url)
        rest += "".join(token.info + token.content for token in self.tokens if token.type in {"fence", "code_block"})
        return links, bool(links) and all(safe(link.url) for link in links) and not re.search(r"\w", rest)


class Heading(NamedTuple):
    """A heading, or what stands like one."""

    start: int  # its first line
    end: int  # the line after its last; a wrapped title takes several
    level: int  # 1 to 6 as in HTML, or PSEUDO
    title: Title
    stop: int = 0  # the line after all that belongs to it, where something closes it

    @property
    def name(self) -> str:
        return self.title.text


@dataclass(frozen=True, slots=True)
class Outline:
    lines: Sequence[str]
    told: Sequence[str]  # the same lines, those of fenced code empty: an address in code is no link
    blocks: Sequence[Block]
    headings: Sequence[Heading]

    def between(self, start: int, end: int) -> Sequence[Block]:
        """Give the blocks that begin in these lines."""
        first, last = (bisect_left(self.blocks, line, key=lambda block: block.start) for line in (start, end))
        return self.blocks[first:last]


def outline(body: str, base: str = "") -> Outline:
    """Find blocks and headings; a line of the outline is the same line of the body. Links are completed with `base`."""
    text = _prepared(body)
    lines = text.split("\n")
    blocks = list(_blocks(parsing.blocks(text)))
    return Outline(lines, _told(lines, blocks), blocks, list(_headings(blocks, lines, base)))


def with_pseudo(found: Outline, base: str) -> Outline:
    """Add what stands like a heading: lines that are bold as a whole, and summaries of `<details>`."""
    more = [*_bold_lines(found.blocks, base), *_summaries(found, base)]
    headings = sorted([*found.headings, *more], key=lambda heading: heading.start)
    return replace(found, headings=headings)


def links_of(spans: Spans) -> Iterator[Link]:
    """Give the links of a text; neighbouring spans of one address are one link."""
    url, label = "", ""
    for span in (*spans, None):
        if span is None or span.url != url:
            if url and collapse_spaces(label):
                yield Link(collapse_spaces(label), url)
            url, label = (span.url if span else ""), ""
        label += span.text if span else ""


def _prepared(body: str) -> str:
    """Write headings in HTML and reference links as Markdown has them inline; each line stays in its place."""
    if "]:" not in body and not re.search(r"<h[1-6]", body, re.IGNORECASE):
        return body
    lines = body.split("\n")
    outside = _outside_code(lines)
    addresses = _definitions(lines, outside)
    used: set[str] = set()
    for number in outside:
        if heading := _HTML_HEADING.match(lines[number]):
            lines[number] = f"{'#' * int(heading[1])} {heading[2]}"
        if addresses and "[" in lines[number] and number not in addresses.values():
            lines[number] = _REFERENCE.sub(lambda found: _inlined(found, addresses, lines, used), lines[number])
    for name in used:
        lines[addresses[name]] = ""
    return "\n".join(lines)


def _outside_code(lines: Sequence[str]) -> list[int]:
    """List the lines that are in no fenced code."""
    outside, fence = [], ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]) else fence
        elif mark:
            fence = mark[1]
        else:
            outside.append(number)
    return outside


def _definitions(lines: Sequence[str], outside: Sequence[int]) -> dict[str, int]:
    """Map the names of link definitions to their lines; one cannot interrupt a paragraph."""
    found: dict[str, int] = {}
    for number in outside:
        after = number == 0 or not lines[number - 1].strip() or number - 1 in found.values()
        if "]:" in lines[number] and after and (one := _DEFINITION.match(lines[number])):
            found.setdefault(collapse_spaces(one[1]).casefold(), number)
    return found


def _inlined(found: re.Match[str], addresses: dict[str, int], lines: Sequence[str], used: set[str]) -> str:
    name = collapse_spaces(found[3] or found[2] or "").casefold()
    definition = _DEFINITION.match(lines[addresses[name]]) if name in addresses else None
    if definition is None:
        return found[0]
    used.add(name)
    return f"[{found[2]}]({definition[2]})"


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    start = 0
    for end, token in enumerate(tokens, 1):
        if token.level == 0 and token.nesting <= 0:
            first = tokens[start]
            lines = first.map or (0, 0)
            heading = tokens[start + 1].content if first.type == "heading_open" else None
            yield Block(lines[0], lines[1], first.tag, heading, tokens[start:end])
            start = end


def _told(lines: Sequence[str], blocks: Sequence[Block]) -> Sequence[str]:
    told = list(lines)
    for block in blocks:
        if block.tokens[0].type == "fence":
            told[block.start : block.end] = [""] * (block.end - block.start)
    return told


def _headings(blocks: Sequence[Block], lines: Sequence[str], base: str) -> Iterator[Heading]:
    end = 0
    for place, block in enumerate(blocks):
        if block.heading is None or block.start < end:
            continue
        end, title = _titled(block, blocks[place + 1 : place + 2], lines, base)
        yield Heading(block.start, end, int(block.tag[1]), title)


def _titled(block: Block, following: Sequence[Block], lines: Sequence[str], base: str) -> tuple[int, Title]:
    """Read a heading, and where its title ends; it may run over further lines, or stand in the next ones."""
    text = block.heading or ""
    if section := _section(text):
        return block.end, section
    found = titles.usual(text) or titles.read(text, base)
    if not found.url and (_NUMBERED.match(text) or text.rfind("[") > text.rfind("]")):
        return _wrapped(block, lines, base) or (block.end, found)
    if text.rstrip().endswith((":", "：")) and labels.tells(text) == "title" and following and not following[0].heading:
        named = titles.read(collapse_spaces(" ".join(lines[following[0].start : following[0].end])), base)
        return (following[0].end, named) if following[0].tag in {"p", "code"} else (block.end, found)
    return block.end, found


@lru_cache(1024)
def _section(text: str) -> Title | None:
    """Read a heading that says no more than what kind of section it is, as most do."""
    said = collapse_spaces(text)
    return Title(said, said) if not _SIGN.search(text) and labels.says(text) else None


def _wrapped(block: Block, lines: Sequence[str], base: str) -> tuple[int, Title] | None:
    """Read a title that is wrapped over further lines, blank ones too."""
    for end in range(block.end + 1, min(block.end + _TITLE_LINES, len(lines)) + 1):
        joined = collapse_spaces(" ".join([block.heading or "", *lines[block.end : end]]))
        if lines[end - 1].startswith("#") or len(joined) > _LONGEST_WRAPPED:
            return None  # the next heading, or no title any more
        found = titles.read(joined, base) if "](" in joined and _is_balanced(joined) else None
        if found and found.url and found.is_link:
            return end, found
    return None


def _is_balanced(text: str) -> bool:
    """Tell whether all brackets end, as they do where a link does; to parse others takes long."""
    text = _ESCAPED.sub("", text)
    return text.count("[") == text.count("]")


def _bold_lines(blocks: Sequence[Block], base: str) -> Iterator[Heading]:
    for block in blocks:
        text = block.tokens[1].content if block.tag == "p" else ""
        if _BOLD_LINE.fullmatch(text) or _BOLD_LINE.fullmatch(_SHORT_LINK.sub("", text)):
            yield Heading(block.start, block.end, PSEUDO, titles.read(text, base))


def _summaries(found: Outline, base: str) -> Iterator[Heading]:
    """Read `<details>` with their summaries; each ends at its own `</details>`."""
    texts = ((block, block.tokens[1].content) for block in found.blocks if block.tag == "p")
    opened = [(block.start, summary) for block, text in texts if (summary := _SUMMARY.match(text))]
    ends = _closings(found.lines) if opened else {}
    last = 0
    for start, summary in opened:
        if start >= last:
            last = ends.get(start, len(found.lines))
            end = start + summary[0].count("\n") + 1
            yield Heading(start, end, PSEUDO, titles.read(collapse_spaces(summary[1]), base), last)


def _closings(lines: Sequence[str]) -> dict[int, int]:
    """Map the lines where `<details>` open to the lines after those where they are closed."""
    opened: list[int] = []
    closed: dict[int, int] = {}
    for number, line in enumerate(lines):
        for mark in _DETAILS.finditer(line):
            if not mark[0].startswith("</"):
                opened.append(number)
            elif opened:
                closed[opened.pop()] = number + 1
    return closed
