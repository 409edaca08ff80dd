"""What each message says, as spans: the same words and order for every channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from formatters import links
from formatters.locale import Words
from formatters.markdown import walk
from formatters.model import Digest, Link, Paper
from formatters.spans import Span, Spans, shorten
from formatters.summary import summarise

# Caps that keep a paper's short message within one message on every channel: 400 + 3 x 500 + 8 x 40
# characters and what stands between them.
LONGEST_TITLE = 400
LONGEST_SENTENCE = 500
LONGEST_LABEL = 40
MOST_LINKS = 8

BOLD = frozenset({"bold"})
LINE = Span("\n")
GAP = Span("\n\n")


def index(digest: Digest, words: Words) -> Spans:
    """Say which series and day, how many papers, and each paper's title on a line of its own."""
    head = Span(f"{digest.series} · {words.day(digest.day)}", links.safe(digest.url), BOLD)
    preface = walk(digest.preface)
    rows = [span for paper in digest.papers for span in (LINE, *_title(paper, LONGEST_TITLE))]
    intro = [GAP, *preface] if preface else []
    return (head, LINE, Span(words.papers(len(digest.papers))), *intro, *([LINE] if rows else []), *rows)


def card(paper: Paper, words: Words) -> Spans:
    """Say a paper in short: number, title, one sentence each of what we know, links."""
    summary = summarise(paper)
    said = (
        (words.goal, summary.goal),
        (words.contribution, summary.contribution),
        (words.result, summary.result),
        ("", summary.other),
    )
    lines = [
        span
        for label, sentence in said
        if sentence
        for span in (LINE, *_said(label, shorten(sentence, LONGEST_SENTENCE)))
    ]
    short = [Link(shorten(link.label, LONGEST_LABEL), link.url) for link in links.row(paper)[:MOST_LINKS]]
    return (*_bold(_title(paper, LONGEST_TITLE)), *([LINE] if lines else []), *lines, *_row(short))


def full(paper: Paper) -> Spans:
    """Say all that the post says of a paper, every section under its heading, and its links."""
    spans = [*_bold(_title(paper, len(paper.title)))]
    for section in paper.sections:
        heading = [GAP, Span(section.heading, styles=BOLD)] if section.heading else []
        body = walk(section.body)
        spans += [*heading, *([LINE if heading else GAP, *body] if body else [])]
    return (*spans, *_row(links.row(paper)))


def help_text(words: Words) -> str:
    """Say who the bot is and which commands it knows."""
    return "\n".join([words.help, "", *(f"/{name}: {does}" for name, does in words.commands.items())])


def _title(paper: Paper, limit: int) -> Spans:
    return Span(f"{paper.number}. "), Span(shorten(paper.title, limit), links.safe(paper.url))


def _said(label: str, sentence: str) -> Spans:
    return (Span(label, styles=BOLD), Span(f": {sentence}")) if label else (Span(sentence),)


def _bold(spans: Iterable[Span]) -> Spans:
    return tuple(replace(span, styles=span.styles | BOLD) for span in spans)


def _row(row: Iterable[Link]) -> list[Span]:
    spans = [span for link in row for span in (Span(" · "), Span(link.label, link.url))]
    return [GAP, *spans[1:]] if spans else []
