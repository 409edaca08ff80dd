"""What each message says, as spans: the same words and order for every channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from formatters import links
from formatters.locale import Phrases
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
LONGEST_BRIEF = 140  # of a paper's one sentence among others

BOLD = frozenset({"bold"})
LINE = Span("\n")
GAP = Span("\n\n")


def index(digest: Digest, phrases: Phrases) -> Spans:
    """Say which series and day, how many papers, and each paper's title on a line of its own."""
    rows = [span for paper in digest.papers for span in (LINE, *_title(paper, LONGEST_TITLE))]
    return (*head(digest, phrases), *_preface(digest), *([LINE] if rows else []), *rows)


def compact(digest: Digest, phrases: Phrases) -> Spans:
    """Say what the index says, with a sentence about each paper."""
    rows = [span for paper in digest.papers for span in (GAP, *_bold(_title(paper, LONGEST_TITLE)), *_brief(paper))]
    return (*head(digest, phrases), *_preface(digest), *rows)


def head(digest: Digest, phrases: Phrases) -> Spans:
    title = Span(f"{digest.series} · {phrases.day(digest.day)}", links.safe(digest.url), BOLD)
    return (title, LINE, Span(phrases.papers(len(digest.papers))))


def brief(paper: Paper) -> str:
    """Say in a sentence what a paper is about, empty where its post says nothing."""
    summary = summarise(paper)
    sentence = summary.contribution or summary.goal or summary.result or summary.other
    return shorten(sentence, LONGEST_BRIEF)


def summary_card(paper: Paper, phrases: Phrases) -> Spans:
    """Say a paper in short: number, title, one sentence each of what we know, links."""
    summary = summarise(paper)
    said = (
        (phrases.goal, summary.goal),
        (phrases.contribution, summary.contribution),
        (phrases.result, summary.result),
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


def help_text(hello: str, commands: Mapping[str, str]) -> str:
    """Say who the bot is and which commands it knows."""
    return "\n".join([hello, "", *(f"/{name} – {does}" for name, does in commands.items())])


def _preface(digest: Digest) -> Spans:
    preface = walk(digest.preface)
    return (GAP, *preface) if preface else ()


def _brief(paper: Paper) -> Spans:
    sentence = brief(paper)
    return (LINE, Span(sentence)) if sentence else ()


def _title(paper: Paper, limit: int) -> Spans:
    return Span(f"{paper.number}. "), Span(shorten(paper.title, limit), links.safe(paper.url))


def _said(label: str, sentence: str) -> Spans:
    return (Span(label, styles=BOLD), Span(f": {sentence}")) if label else (Span(sentence),)


def _bold(spans: Iterable[Span]) -> Spans:
    return tuple(Span(span.text, span.url, span.styles | BOLD) for span in spans)


def _row(row: Iterable[Link]) -> list[Span]:
    spans = [span for link in row for span in (Span(" · "), Span(link.label, link.url))]
    return [GAP, *spans[1:]] if spans else []
