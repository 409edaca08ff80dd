"""The sentences of a paper's short summary: goal, contribution, result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from formatters.markdown import walk
from formatters.model import Paper, Section
from formatters.spans import collapse_spaces, plain

# The headings and labels of the known blogs, in Korean and English.
_NAMES = {
    "introduction": ("introduction", "intro", "overview", "서론", "소개", "개요"),
    "goal": ("goal", "goals", "objective", "aim", "목표", "목적", "연구 목표"),
    "motivation": ("motivation", "background", "동기", "배경"),
    "contribution": ("contribution", "contributions", "기여", "공헌", "주요 기여"),
    "method": ("method", "methods", "approach", "방법", "방법론", "접근법"),
    "results": ("results", "result", "experiments", "evaluation", "결과", "실험", "실험 결과"),
    "limitations": ("limitations", "limitation", "한계", "한계점", "제한점"),
    "conclusion": ("conclusion", "conclusions", "결론"),
}
# The parts of a summary, and the sections read for them; others are read only where they may hold a label.
_PARTS = {"goal", "contribution", "results"}
_READ_WHOLE = {*_PARTS, "introduction"}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names}
_NO_INFORMATION = {
    "정보 부족",
    "정보 없음",
    "정보부족",
    "해당 없음",
    "not enough information",
    "no information",
    "n/a",
}

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
_MAY_LABEL = re.compile("[:：&]")  # in Markdown, where a colon may be written as an entity
# Styles of what cannot be read as a sentence.
_NO_PROSE = frozenset({"pre", "table"})


@dataclass(frozen=True, slots=True)
class Summary:
    goal: str = ""
    contribution: str = ""
    result: str = ""
    other: str = ""  # set only where the three above are empty


@lru_cache(512)  # the same paper is laid out in many editions
def summarise(paper: Paper) -> Summary:
    """Pick the first sentence each of goal, contribution and results, empty where a post has none.

    A paper with none of them gets the first sentence of any section, so that its message is not empty
    when its post is not.
    """
    found: dict[str, str] = {}
    for kind, sentence in _statements(paper):
        found.setdefault(kind, sentence)
        if found.keys() >= _PARTS:
            break
    summary = Summary(found.get("goal", ""), found.get("contribution", ""), found.get("results", ""))
    if summary == Summary():
        return Summary(other=next(_any_sentence(paper), ""))
    return summary


def says_nothing(text: str) -> bool:
    """Tell whether a text is empty, or only says that there is no information."""
    return not _WORD.search(text) or collapse_spaces(text).strip(".•- ").casefold() in _NO_INFORMATION


def is_empty_section(section: Section) -> bool:
    """Tell whether each line of a section is empty, or only says that there is no information."""
    lines = plain(walk(section.body)).splitlines()
    return all(says_nothing(_label(_MARK.sub("", line.strip(), count=1))[1]) for line in lines)


def first_sentence(text: str) -> str:
    """Give the first sentence on one line; the whole text where no sentence ends."""
    text = text.strip()
    for end in _END.finditer(text):
        if not _ABBREVIATION.search(text, max(0, end.start() - _LONGEST_ABBREVIATION), end.end()):
            return collapse_spaces(text[: end.end()])
    return collapse_spaces(text)


def _statements(paper: Paper) -> Iterator[tuple[str, str]]:
    """Yield (kind, first sentence) in the order of the post."""
    for section in paper.sections:
        kind = _KINDS.get(section.heading.strip(" :").casefold(), "")
        if kind not in _READ_WHOLE and not _MAY_LABEL.search(section.body):
            continue
        lines = [line for line in _lines(section) if not says_nothing(_label(line)[1])]
        labelled = [(_KINDS[label], text) for label, text in map(_label, lines) if label]
        if kind == "introduction":
            yield from _sentences(labelled or _unlabelled(lines))
        else:
            yield from _sentences([*labelled, (kind, "\n".join(lines))])


def _sentences(statements: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((kind, first_sentence(text)) for kind, text in statements if text)


def _any_sentence(paper: Paper) -> Iterator[str]:
    named_first = sorted(paper.sections, key=lambda section: not section.heading)
    texts = ("\n".join(_lines(section)) for section in named_first)
    return (first_sentence(text) for text in texts if not says_nothing(text))


def _lines(section: Section) -> list[str]:
    text = plain(span for span in walk(section.body) if not span.styles & _NO_PROSE)
    return [line for line in (_MARK.sub("", line.strip(), count=1) for line in text.splitlines()) if line]


def _label(line: str) -> tuple[str, str]:
    found = _LABEL.match(line)
    label = found[1].strip().casefold() if found else ""
    return (label, found[2]) if found and label in _KINDS else ("", line)


def _unlabelled(lines: list[str]) -> list[tuple[str, str]]:
    """Read the lines of an introduction without labels in the order of the blogs: goal, motivation, contribution."""
    return list(zip(("goal", "motivation", "contribution"), lines, strict=False))
