"""The sentences of a paper's short summary: one line about it all, goal, contribution, result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from formatters import labels
from formatters.markdown import walk
from formatters.model import Paper, Section
from formatters.spans import collapse_spaces, plain

# The parts of a summary, and the sections read for them; others are read only where they may hold a label.
_FIELDS = {"goal": "goal", "contribution": "contribution", "results": "result"}  # of a summary
_PARTS = _FIELDS.keys()
_LEADS = ("brief", "abstract")  # what says it all in short, in the order of preference
_READ_WHOLE = {*_PARTS, *_LEADS, "introduction"}
# What says it all in short has one of these in its label.
_LEAD_HINT = re.compile(
    "TL;DR|TLDR|tl;dr|One-line|one-line|One line|one line|In one sentence|In short|Gist|"
    "한 줄|한줄|한 문장|핵심 요약|핵심요약|세 줄|3줄|一句话|一言|一行要約|ひとこと"
)
_NO_INFORMATION = re.compile(
    r"[\s.•-]*(?:정보\s*부족|정보\s+없음|해당\s+없음|not\s+enough\s+information|no\s+information|n/a)[\s.•-]*",
    re.IGNORECASE,
)

# A sentence ends in a mark and a blank, but not after an abbreviation or initial, nor before a small letter.
_END = re.compile(r"[.!?…][\"'”’)\]]*\s+(?![a-z])|[。！？]|\n+")
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|et al|vs|cf|figs?|eqs?|secs?|tab|refs?|alg|approx|resp|no|[A-Z])\.\s*$", re.IGNORECASE
)
_LONGEST_ABBREVIATION = 8  # characters, and some more: so far back it is looked for
_WORD = re.compile(r"\w")
# What `walk` writes before an item of a list, and a label at the beginning of an item.
_MARK = re.compile(r"(?:•|\d{1,3}\.)\s+")
_LABEL = re.compile(r"([^:：]+)[:：]\s*(.*)")
# A label that is told by its style, or a dash.
_BOLD_LABEL = re.compile(
    r"^((?:[-*+>][ \t]+|\d{1,3}\.[ \t]+)*)\*\*([^*:：\n]+)\*\*(?:[ \t]*([-–—])[ \t]+|[ \t]+)(?=\S)", re.MULTILINE
)
_MAY_LABEL = re.compile("[:：&]")  # in Markdown, where a colon may be written as an entity
_BAR = re.compile(r"\s+\|\s+")  # between labels on one line
_LETTER = re.compile(r"[^\W\d_]")
_ADDRESS = re.compile(r"https?://\S+")
# Styles of what cannot be read as a sentence.
_NO_PROSE = frozenset({"pre", "table"})


@dataclass(frozen=True, slots=True)
class Summary:
    goal: str = ""
    contribution: str = ""
    result: str = ""
    other: str = ""  # set only where all else is empty
    lead: str = ""  # what the post itself gives as the paper in one line, else the beginning of its abstract


class Statement(NamedTuple):
    """A sentence of a post, and what told that it says so much."""

    text: str
    section: str  # the heading over it, "" for none
    label: str = ""  # before it, or on the line before


@lru_cache(512)  # the same paper is laid out in many editions
def summarise(paper: Paper) -> Summary:
    """Pick the line that says it all, and the first sentence each of goal, contribution and results.

    They are empty where a post has none. A paper with none of them gets the first sentence of any section, so that
    its message is not empty when its post is not. Authors, links, scores and the like are never taken for a sentence.
    """
    return Summary(**{part: statement.text for part, statement in statements(paper).items()})


def statements(paper: Paper) -> dict[str, Statement]:
    """Give what `summarise` picks, by the fields of a summary, with where it stands."""
    found: dict[str, Statement] = {}
    for section in paper.sections:
        if found.keys() >= _PARTS and not _may_lead(section):
            continue
        for kind, statement in _statements(section):
            found.setdefault(kind, statement)
    lead = next((found[kind] for kind in _LEADS if kind in found), None)
    picked = {"lead": lead, **{field: found.get(kind) for kind, field in _FIELDS.items()}}
    return {field: one for field, one in picked.items() if one} or _any_statement(paper)


def _may_lead(section: Section) -> bool:
    return labels.says(section.heading) in _LEADS or _LEAD_HINT.search(section.body) is not None


def says_nothing(text: str) -> bool:
    """Tell whether a text is empty, or only says that there is no information."""
    return not _WORD.search(text) or _NO_INFORMATION.fullmatch(text) is not None


def is_empty_section(section: Section) -> bool:
    """Tell whether each line of a section is empty, or only says that there is no information."""
    lines = plain(walk(section.body)).splitlines()
    return all(says_nothing(_labelled(_MARK.sub("", line.strip(), count=1))[1]) for line in lines)


def first_sentence(text: str) -> str:
    """Give the first sentence on one line; the whole text where no sentence ends."""
    text = text.strip()
    for end in _END.finditer(text):
        if not _ABBREVIATION.search(text, max(0, end.start() - _LONGEST_ABBREVIATION), end.end()):
            return collapse_spaces(text[: end.end()])
    return collapse_spaces(text)


def _statements(section: Section) -> Iterator[tuple[str, Statement]]:
    """Yield (kind, first sentence) in the order of the post."""
    kind = labels.says(section.heading)
    if kind not in _READ_WHOLE and not _may_label(section):
        return
    lines = _told(section)
    labelled = [line for line in lines if line.kind]
    if kind == "introduction":
        told = labelled or _unlabelled([line.text for line in lines])
    else:
        told = [*labelled, _Line(kind, "\n".join(line.text for line in lines if not line.kind or kind))]
    for line in told:
        if line.text:
            yield line.kind, Statement(first_sentence(line.text), section.heading, line.label)


def _may_label(section: Section) -> bool:
    return bool(_MAY_LABEL.search(section.body)) or not section.heading


def _any_statement(paper: Paper) -> dict[str, Statement]:
    told = (section for section in paper.sections if not labels.tells(section.heading))
    named_first = sorted(told, key=lambda section: not section.heading)
    texts = (("\n".join(line.text for line in _told(section)), section.heading) for section in named_first)
    found = (Statement(first_sentence(text), heading) for text, heading in texts if not says_nothing(text))
    first = next(found, None)
    return {"other": first} if first else {}


class _Line(NamedTuple):
    """A line that says something about the paper."""

    kind: str  # that its label names, "" without one
    text: str  # without the label
    label: str = ""


def _told(section: Section) -> list[_Line]:
    """Give the lines that say something about the paper.

    A label may stand on a line of its own, over what it names.
    """
    told: list[_Line] = []
    over = ""  # the label on the line before
    lines = [part for line in _lines(section) for part in _parts(line)]
    for line, following in zip_longest(lines, lines[1:]):
        label, text = _labelled(line)
        if label and not text and following is None:
            label, text = "", line  # what labels nothing is a text
        named = label or over
        kind = labels.says(named) if named else ""
        if (kind or not named or not labels.tells(named)) and _says_something(text):
            told.append(_Line(kind, text, named if kind else ""))
        over = label if not text else ""
    return told


def _parts(line: str) -> list[str]:
    """Cut a line of several labels."""
    parts = _BAR.split(line) if "|" in line else []
    return parts if len(parts) > 1 and _labelled(parts[0])[0] else [line]


def _says_something(text: str) -> bool:
    return not says_nothing(text) and bool(_LETTER.search(_ADDRESS.sub("", text) if "://" in text else text))


def _labelled(line: str) -> tuple[str, str]:
    """Give the known label of a line, and what stands after it; a line may be a label alone."""
    found = _LABEL.match(line)
    label, text = (found[1], found[2]) if found else (line, "")
    return (label, text) if len(label) <= labels.LONGEST and labels.is_section(label) else ("", line)


def _lines(section: Section) -> list[str]:
    body = _BOLD_LABEL.sub(_with_colon, section.body) if "**" in section.body else section.body
    text = plain(span for span in walk(body) if not span.styles & _NO_PROSE)
    return [line for line in (_MARK.sub("", line.strip(), count=1) for line in text.splitlines()) if line]


def _with_colon(found: re.Match[str]) -> str:
    """Write a bold label as others are; without a dash it may begin a sentence: "**Results** show that"."""
    before, label, dash = found.groups()
    is_label = labels.is_section(label) if dash else labels.says(label) == "brief"
    return f"{before}{label}: " if is_label else found[0]


def _unlabelled(lines: list[str]) -> list[_Line]:
    """Read the lines of an introduction without labels in the order of the blogs: goal, motivation, contribution."""
    return list(map(_Line, ("goal", "motivation", "contribution"), lines))
