"""What each message says, as spans: the same words and order for every channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import groupby

from formatters import addresses, links, placeholders
from formatters.locale import Phrases
from formatters.markdown import walk
from formatters.model import Digest, Link, Paper, Section
from formatters.page import reference
from formatters.spans import Span, Spans, isolated, shorten
from formatters.summary import summarise

# Caps that keep a paper's short message within one message on every channel: 400 + 3 x 500 + 8 x 40
# characters and what stands between them.
LONGEST_TITLE = 400
LONGEST_SENTENCE = 500
LONGEST_LABEL = 40
MOST_LINKS = 8
LONGEST_BRIEF = 140  # of the one sentence about a paper in a list

BOLD = frozenset({"bold"})
LINE = Span("\n")
GAP = Span("\n\n")


def index(digest: Digest, phrases: Phrases, *, linked: bool = False) -> Spans:
    """Give series and day, the number of papers, and each paper's title on its own line, under its category.

    Where it is `linked`, titles lead to the messages of the chat: placeholders stand for their addresses.
    """
    listed = [_led(digest, paper) for paper in digest.papers] if linked else digest.papers
    several = len({paper.category for paper in listed}) > 1
    rows: list[Span] = []
    for category, papers in groupby(listed, key=lambda paper: paper.category if several else ""):
        rows += [
            *([LINE] if rows else []),
            *_category(category),
            *(span for paper in papers for span in (LINE, *_listed(paper, phrases, linked=linked))),
        ]
    return (*head(digest, phrases), *preface(digest), *([LINE] if rows else []), *rows)


def compact(digest: Digest, phrases: Phrases) -> Spans:
    """Give the index with one sentence about each paper."""
    rows = [span for paper in digest.papers for span in entry(paper, phrases)]
    return (*head(digest, phrases), *preface(digest), *rows)


def entry(paper: Paper, phrases: Phrases) -> Spans:
    """Give a paper among others, with one sentence about it."""
    return (GAP, *_listed(paper, phrases, BOLD), *_brief(paper))


def head(digest: Digest, phrases: Phrases) -> Spans:
    title = Span(f"{digest.series} · {phrases.day(digest.day)}", links.safe(digest.url), BOLD)
    return (title, LINE, Span(phrases.papers(len(digest.papers))))


def preface(digest: Digest) -> Spans:
    """Give what a post says before its papers."""
    said = walk(digest.preface)
    return (GAP, *said) if said else ()


def brief(paper: Paper) -> str:
    """Give one sentence about a paper, "" where its post has none."""
    summary = summarise(paper)
    sentence = summary.lead or summary.contribution or summary.goal or summary.result or summary.other
    return shorten(sentence, LONGEST_BRIEF)


def one_line(paper: Paper) -> str:
    """Say in one sentence what came of a paper, for where nothing longer can be shown; never empty."""
    return summarise(paper).result or brief(paper) or paper.title


@lru_cache(512)  # each platform and edition shows the same card
def summary_card(paper: Paper, phrases: Phrases, *, linked: bool = False) -> Spans:
    """Give a paper in short: number, title, its line in the post or its goal, contribution and result, links."""
    summary = summarise(paper)
    statements = (
        ("", summary.lead) if summary.lead else (phrases.goal, summary.goal),
        (phrases.contribution, summary.contribution),
        (phrases.result, summary.result),
        ("", summary.other),
    )
    lines = [
        span
        for label, sentence in statements
        if sentence
        for span in (LINE, *_labelled(label, shorten(sentence, LONGEST_SENTENCE)))
    ]
    short = [Link(shorten(link.label, LONGEST_LABEL), link.url) for link in addresses.row(paper)[:MOST_LINKS]]
    title = (*_title(paper, LONGEST_TITLE, BOLD), *_after(LINE, earlier(paper, phrases, linked=linked)))
    return (*title, *([LINE] if lines else []), *lines, *_row(short))


def is_cut(paper: Paper) -> bool:
    """Tell whether title or links of a paper are longer than its short message shows."""
    row = addresses.row(paper)
    long = len(paper.title) > LONGEST_TITLE or any(len(link.label) > LONGEST_LABEL for link in row)
    return long or len(row) > MOST_LINKS


def full(paper: Paper, phrases: Phrases) -> Spans:
    """Give a paper in full: every section of the post under its heading, and the links."""
    return (*title(paper), *_after(LINE, earlier(paper, phrases)), *details(paper), *links_row(paper))


@lru_cache(512)  # each edition with folded cards shows the same
def details(paper: Paper) -> Spans:
    """Give all sections, each after a blank line."""
    return tuple(span for one in sections(paper) for span in (GAP, *one))


def title(paper: Paper) -> Spans:
    """Give number and title, however long it is."""
    return _title(paper, len(paper.title), BOLD)


def sections(paper: Paper) -> list[Spans]:
    """Give the sections of the post, each under its heading; none is empty."""
    return list(filter(None, map(_section, paper.sections)))


def links_row(paper: Paper) -> Spans:
    """Give all links of a paper."""
    return tuple(_row(addresses.row(paper)))


def help_text(greeting: str, commands: Mapping[str, str]) -> str:
    """Introduce the bot and list the commands."""
    return "\n".join([greeting, "", *(f"/{name} – {description}" for name, description in commands.items())])


def _category(name: str) -> Spans:
    return (LINE, Span(shorten(name, LONGEST_TITLE), styles=BOLD)) if name else ()


def _section(section: Section) -> Spans:
    heading = (Span(section.heading, styles=BOLD),) if section.heading else ()
    body = walk(section.body)
    return (*heading, *([LINE] if heading and body else []), *body)


def _brief(paper: Paper) -> Spans:
    sentence = brief(paper)
    return (LINE, Span(sentence)) if sentence else ()


def _led(digest: Digest, paper: Paper) -> Paper:
    """Give a paper that leads to the chat's own message about it."""
    return replace(paper, url=placeholders.spell(reference(digest, paper), paper.url))


def _listed(paper: Paper, phrases: Phrases, styles: frozenset[str] = frozenset(), *, linked: bool = False) -> Spans:
    """Give the line of a paper among others."""
    return (*_title(paper, LONGEST_TITLE, styles), *_after(Span(" · "), earlier(paper, phrases, linked=linked)))


def _title(paper: Paper, limit: int, styles: frozenset[str] = frozenset()) -> Spans:
    title = isolated(shorten(paper.title, limit))
    return Span(f"{paper.number}. ", styles=styles), Span(title, links.safe(paper.url), styles)


def earlier(paper: Paper, phrases: Phrases, *, linked: bool = False) -> Spans:
    """Say which digest before had a paper, with a link to its post, or to the message of then in the chat."""
    if (before := paper.earlier) is None:
        return ()
    series = isolated(shorten(before.series, LONGEST_LABEL))
    url = placeholders.spell(before.ref, before.url) if linked and before.ref else links.safe(before.url)
    return (Span(phrases.earlier(before.day, before.said_on, series), url),)


def _after(gap: Span, spans: Spans) -> Spans:
    return (gap, *spans) if spans else ()


def _labelled(label: str, sentence: str) -> Spans:
    return (Span(label, styles=BOLD), Span(f": {isolated(sentence)}")) if label else (Span(sentence),)


def _row(row: Iterable[Link]) -> list[Span]:
    spans = [span for link in row for span in (Span(" · "), Span(link.label, link.url))]
    return [GAP, *spans[1:]] if spans else []
