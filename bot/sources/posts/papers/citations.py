"""Which papers the lines of a post link to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from formatters import labels
from formatters.addresses import identity, whole

# Addresses as they stand in Markdown, bare ones too; those of some sites without a scheme.
_ADDRESS = re.compile(
    r"(?:https?://|(?<![\w./@-])(?:www\.)?(?:arxiv\.org|openreview\.net|doi\.org|huggingface\.co|alphaxiv\.org)/"
    r"|\bdoi:\s?(?=10\.)|\barxiv:\s?(?=\d{4}\.\d{4}))[^\s<>\[\]\"'|`{}，。、；）】」]+",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r"\s[|·•]\s|\s/\s|\|")
_LABELLED = re.compile(r"[\W_]*([^:：]{1,30}?)[\W_]*[:：]")
_LINK_TEXT = re.compile(r"!?\[([^\[\]]*)\](?=\()")
_MARKS = re.compile(r"\d+\.|</?\w+[^<>]*>")  # of lists, and tags
_HINT = re.compile(r"://|/abs/|/pdf/|/forum|arxiv|doi", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Citation:
    """A link to a paper."""

    paper: str  # its identity
    url: str
    is_own: bool  # the line is about the link: it labels it, or holds nothing else


def of_line(line: str) -> tuple[Citation, ...]:
    """List the papers that a line links to."""
    return _cited(line) if may_cite(line) else ()


def may_cite(text: str) -> bool:
    """Tell quickly whether it is worth to look for addresses in a text."""
    return _HINT.search(text) is not None


@lru_cache(1024)
def _cited(line: str) -> tuple[Citation, ...]:
    found = [(identity(url), url) for url in addresses(line)]
    known = [(paper, url) for paper, url in found if paper]
    if not known:
        return ()
    own = _holds_links_alone(line)
    segments = [part for part in _SEGMENT.split(line) if _is_labelled(part)]
    return tuple(Citation(paper, url, own or any(_holds(part, url) for part in segments)) for paper, url in known)


def of_lines(lines: Iterable[str]) -> Citation | None:
    """Give the paper that lines are about: the only one that they link to, else the only one in lines about a link."""
    found = [one for line in lines for one in of_line(line)]
    own = [one for one in found if one.is_own]
    for some in (found, own):
        if some and len({one.paper for one in some}) == 1:
            return own[0] if own else some[0]
    return None


def addresses(line: str) -> Iterator[str]:
    """Give the addresses in a line of Markdown, completed."""
    for found in _ADDRESS.finditer(line):
        yield whole(_closed(found[0]))


def _closed(url: str) -> str:
    """Drop what ends the sentence or the Markdown around an address, but no bracket that it opened."""
    depth = 0
    for place, sign in enumerate(url):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            url = url[:place]
            break
    return url.rstrip(".,;:!?*_")


def _is_labelled(text: str) -> bool:
    found = _LABELLED.match(text)
    return found is not None and labels.tells(found[1]) == "link"


def _holds(text: str, url: str) -> bool:
    return url.partition("//")[2] in text or any(url == one for one in addresses(text))


def _holds_links_alone(line: str) -> bool:
    """Tell whether all words of a line are those of links, and short."""
    if any(len(found[1]) > labels.LONGEST for found in _LINK_TEXT.finditer(line)):
        return False
    rest = _ADDRESS.sub(" ", _LINK_TEXT.sub(" ", line))
    return not re.search(r"\w", _MARKS.sub("", rest))


def of_range(lines: Sequence[str], start: int, end: int, without: Sequence[Collection[int]]) -> Citation | None:
    """Give the paper that a range of lines is about, some of them left out."""
    kept = (number for number in range(start, end) if not any(number in some for some in without))
    return of_lines(lines[number] for number in kept)
