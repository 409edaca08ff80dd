"""How a post was read: what became of each of its lines, and which of its words reach no message."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from bot.sources.posts import front_matter
from bot.sources.posts.papers.levels import Part, Role
from bot.sources.posts.papers.outline import outline
from bot.sources.posts.papers.reading import Reading, read_papers
from bot.sources.posts.papers.titles import number_length
from bot.sources.posts.post import Origin, Post, parse, section_name, sections_of, text_of
from formatters import compose, summary
from formatters.addresses import identity
from formatters.locale import phrases
from formatters.markdown import walk
from formatters.model import Digest, Paper
from formatters.spans import plain

TITLE = "the title of the post: series and day stand in the index"
PREFACE = "before the first paper: it stands in the index"
CATEGORY = "a category of the papers below: it stands in the index where there are several"
OTHER = "under a heading that has no paper and ends the one before: no message has it"
REST = "after a paper, and no part of it: no message has it"
NO_PAPER = "there is no paper in the post"

_HEADING = "heading"  # where a post of a file that grows names its day
_WORD = re.compile(r"[^\W\d_]+|\d+")
_ADDRESS = re.compile(r"https?://\S+")  # the link that it names has it


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a post one after another, from 1, both inclusive."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class ReadPaper:
    """A paper, and what of the post it is made of."""

    paper: Paper
    identity: str  # of its address, "" where no site is known by it
    lines: tuple[Lines, ...]  # several, where the post has the paper more than once
    picked: Mapping[str, summary.Statement]  # the sentences of its short summary, by the fields of one


@dataclass(frozen=True, slots=True)
class Apart:
    """What belongs to no paper."""

    lines: Lines
    text: str  # of the first of them
    reason: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Words of a line that stand in no message although the line belongs to a paper, or to the index."""

    line: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadPost:
    """A post, or one of those of a file that grows."""

    name: str  # of its file, with its day for one of several
    post: Post
    days: Mapping[str, date]  # where it names its day; the first of them counts
    papers: Sequence[ReadPaper]
    apart: Sequence[Apart]
    lost: Sequence[Loss]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a file was read."""

    front: Mapping[str, str]  # what its front matter says, nested values left out
    posts: Sequence[ReadPost]


def explain(raw: bytes, origin: Origin) -> Explanation:
    """Read a post as `parse` does, which says what it raises, and say how."""
    post = parse(raw, origin)
    text = text_of(raw, origin.name)
    front, body, _ = front_matter.read(text)
    before = front_matter.lines_before(body, text) + 1
    if post.sections:
        _, sections = sections_of(front, body, origin)
        readings = [(one.reading, [line for some in one.lines for line in some]) for one in sections]
    else:
        readings = [(read_papers(body, origin.site), list(range(body.count("\n") + 1)))]
    lines = outline(body, origin.site).lines
    texts = [_Text([lines[line] for line in taken], [line + before for line in taken]) for _, taken in readings]
    read = zip(post.sections or (post,), texts, (reading for reading, _ in readings), strict=True)
    scalars = {key: said for key, value in front.items() if (said := front_matter.scalar(value))}
    return Explanation(scalars, [_read(origin.name, one, own, reading) for one, own, reading in read])


@dataclass(frozen=True, slots=True)
class _Text:
    """What a post was read from."""

    lines: Sequence[str]
    numbers: Sequence[int]  # of these lines in the file, from 1

    def between(self, start: int, end: int) -> Lines:
        return Lines(self.numbers[start], self.numbers[end - 1])


def _read(file: str, post: Post, text: _Text, reading: Reading) -> ReadPost:
    name = section_name(file, post.digest.day) if post.digest and _HEADING in post.days else file
    days = {place: mention.day for place, mention in post.days.items()}
    lost = sorted(_lost(text, reading, post.digest), key=lambda loss: loss.line) if post.digest else []
    return ReadPost(name, post, days, list(_papers(text, reading)), list(_apart(text, reading)), lost)


def _papers(text: _Text, reading: Reading) -> Iterator[ReadPaper]:
    for paper, places in zip(reading.papers, reading.lines, strict=True):
        lines = tuple(text.between(place.start, place.stop) for place in places)
        yield ReadPaper(paper, identity(paper.url), lines, summary.statements(paper))


def _apart(text: _Text, reading: Reading) -> Iterator[Apart]:
    """Give what belongs to no paper, the lines under one heading together; empty lines and rules are nothing."""
    starts = {part.heading.start for part in reading.parts}
    heading = 0

    def place(untaken: tuple[int, str]) -> tuple[int, str]:
        nonlocal heading
        heading = untaken[0] if untaken[0] in starts else heading
        return heading, untaken[1]

    for (_, reason), run in groupby(_untaken(text.lines, reading), place):
        numbers = [number for number, _ in run]
        yield Apart(text.between(numbers[0], numbers[-1] + 1), text.lines[numbers[0]], reason)


def _untaken(lines: Sequence[str], reading: Reading) -> Iterator[tuple[int, str]]:
    """Give the lines with words that no paper takes, from 0, each with the reason."""
    taken = _taken(reading)
    first = min(taken, default=len(lines))
    own = {line: part for part in reading.parts for line in range(part.heading.start, part.heading.end)}
    over: Part | None = None
    for number, line in enumerate(lines):
        over = own.get(number, over)
        if number not in taken and _WORD.search(line):
            yield number, _reason(over, reading, is_heading=number in own, is_before=number < first)


def _taken(reading: Reading) -> set[int]:
    return {line for places in reading.lines for place in places for line in place}


def _reason(over: Part | None, reading: Reading, *, is_heading: bool, is_before: bool) -> str:
    if is_heading and over and over.role is Role.TITLE:
        return TITLE
    if not reading.papers:
        return NO_PAPER
    categories = {paper.category for paper in reading.papers}
    if is_heading and over and (over.role is Role.CATEGORY or over.heading.title.title in categories):
        return CATEGORY
    if is_before:
        return PREFACE
    return OTHER if over and over.role is Role.OTHER else REST


def _lost(text: _Text, reading: Reading, digest: Digest) -> Iterator[Loss]:
    """Give the words that reach no message, of each paper and of what shall stand in the index."""
    index = _words(plain(compose.index(digest, phrases("en"))))
    shown = [number for number, why in _untaken(text.lines, reading) if why in {PREFACE, CATEGORY}]
    yield from _missing(text, shown, index)
    titles = (part.heading.title for part in reading.parts if part.role is Role.PAPER)
    numbers = {word for title in titles for word in _in_order(title.text[: number_length(title.text)])}
    for paper, places in zip(reading.papers, reading.lines, strict=True):
        said = plain((*compose.full(paper, phrases("en")), *compose.summary_card(paper, phrases("en"))))
        yield from _missing(text, [line for place in places for line in place], _words(said) | index | numbers)


def _missing(text: _Text, numbers: Sequence[int], said: Collection[str]) -> Iterator[Loss]:
    wanted = _words(plain(walk("\n".join(text.lines[number] for number in numbers)))) - set(said)
    for number in numbers if wanted else ():
        if found := tuple(word for word in dict.fromkeys(_in_order(text.lines[number])) if word in wanted):
            yield Loss(text.numbers[number], found)


def _words(text: str) -> set[str]:
    return set(_in_order(text))


def _in_order(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", _ADDRESS.sub(" ", text)))
