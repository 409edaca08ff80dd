"""Spans of text, each in one style; measure, shorten and split them.

Each platform writes spans as its own markup after they are cut, so no cut is ever inside a tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, takewhile
from typing import NamedTuple

# Embeddings, overrides and isolates (Unicode Standard Annex 9); an author of no language needs them in a post. Only
# a pair that isolates a text, and turns nothing outside it, is left.
_TURNS = "\u202a-\u202e\u2066-\u2069"
_DIRECTION = re.compile(f"(\u2068[^{_TURNS}]+\u2069)|[{_TURNS}]")
_TURN = re.compile(f"[{_TURNS}]")
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # each of them: to look for one takes no time
# A letter of a script that is written from right to left.
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
FOLD = "fold"  # a block that is shown when somebody unfolds it, and may hold others but quotes
BLOCKS = frozenset({FOLD, "quote", "pre"})  # styles of whole blocks; the others are of characters
ITEM, MARK = "item", "mark"  # styles of the items of lists, and of what stands before each


class Span(NamedTuple):
    text: str
    url: str = ""
    styles: frozenset[str] = frozenset()  # those of BLOCKS, "bold", "italic", "strike", "code", "table", ITEM, MARK


Spans = tuple[Span, ...]
# What a span costs, and the most that one message holds.
Limit = tuple[Callable[[Span], int], int]


def block_style(span: Span) -> str:
    """Name the outermost block that a span belongs to, "" outside of any."""
    return min(span.styles & BLOCKS, default="") if span.styles else ""


def plain(spans: Iterable[Span]) -> str:
    return "".join(span.text for span in spans)


def without_direction(text: str) -> str:
    """Drop the characters that turn the direction of all text after them, and can make it read as something else."""
    return _DIRECTION.sub(r"\1", text) if _may_turn(text) else text


def _may_turn(text: str) -> bool:
    return not text.isascii() and any(sign in text for sign in _TURNING)


def isolated(text: str) -> str:
    """Keep a text that is written from right to left from turning what stands beside it on the line."""
    if text.isascii() or not _RIGHT_TO_LEFT.search(text):
        return text
    return f"\u2068{_TURN.sub('', text)}\u2069"


def collapse_spaces(text: str) -> str:
    """Collapse all white space, so that texts with the same words are equal."""
    if "  " not in text and text.isprintable():
        return text.strip(" ")  # as most: all other white space is not printable
    return " ".join(text.split())


def split(spans: Iterable[Span], limits: Sequence[Limit]) -> list[Spans]:
    """Cut spans into parts that each keep every limit, at line ends, else sentence ends, else blanks.

    Nothing but white space at a cut is dropped.
    """
    whole = tidy(spans)
    if _fits(whole, limits):  # nearly always
        return [whole] if whole else []
    parts: list[list[Span]] = [[]]
    filled = [0] * len(limits)
    for atom in _atoms(whole, limits, _CUTS):
        costs = _costs(atom, limits)
        longer = [have + cost for have, cost in zip(filled, _more(parts[-1], atom, costs, limits), strict=True)]
        if any(cost > most for cost, (_, most) in zip(longer, limits, strict=True)):
            parts.append([])
            longer = costs
        parts[-1].extend(atom)
        filled = longer
    return [part for part in map(tidy, parts) if part]


def beginning(spans: Iterable[Span], limits: Sequence[Limit]) -> Spans:
    """Give as much of the beginning as keeps every limit, up to the end of a line or sentence; nothing if none does."""
    whole = tidy(spans)
    if _fits(whole, limits):  # nearly always
        return whole
    fitting = [*takewhile(lambda one: _fits(one, limits), accumulate(_pieces(whole, _SENTENCE)))]
    return tidy(fitting[-1]) if fitting else ()


def tidy(spans: Iterable[Span]) -> Spans:
    """Join neighbours of one style; drop white space at both ends, which no platform shows, and turns of direction."""
    joined: list[Span] = []
    for span in _without_turns(tuple(spans)):
        text, url, styles = span
        if not joined:
            joined += [Span(begun, url, styles)] if (begun := text.lstrip()) else []
        elif text and (joined[-1].url, joined[-1].styles) == (url, styles):
            joined[-1] = Span(joined[-1].text + text, url, styles)
        elif text:
            joined.append(span)
    while joined and not joined[-1].text.strip():
        joined.pop()
    return (*joined[:-1], joined[-1]._replace(text=joined[-1].text.rstrip())) if joined else ()


def _without_turns(spans: Spans) -> Spans:
    """Drop turns of direction; hardly any text has one, and to copy each span would take time."""
    if not _may_turn(plain(spans)):
        return spans
    return tuple(span._replace(text=without_direction(span.text)) for span in spans)


def shorten(text: str, limit: int) -> str:
    """Cut text to `limit` characters, at a blank where there is one, and mark the cut with "…"."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    blank = max(head.rfind(" "), head.rfind("\n"))
    return (head[:blank] if blank > limit // 2 else head).rstrip() + "…"


# Where a text may be cut, after each match; coarse ones first. A sentence of Korean or English ends in a
# mark and a blank, one of Chinese or Japanese in a mark alone.
_CUTS = (
    re.compile(r"\n+"),
    re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？]"),
    re.compile(r"\s+|[,;、，]"),
    re.compile(r"(?s).{1,64}"),
    re.compile(r"(?s)."),
)
_SENTENCE = re.compile(f"{_CUTS[0].pattern}|{_CUTS[1].pattern}")


def _atoms(spans: Iterable[Span], limits: Sequence[Limit], cuts: Sequence[re.Pattern[str]]) -> Iterator[list[Span]]:
    """Yield pieces that are not cut further: coarse ones where they fit, else finer ones."""
    for piece in _pieces(spans, cuts[0]):
        if len(cuts) == 1 or _fits(piece, limits):
            yield piece
        else:
            yield from _atoms(piece, limits, cuts[1:])


def _pieces(spans: Iterable[Span], cut: re.Pattern[str]) -> Iterator[list[Span]]:
    piece: list[Span] = []
    for span in spans:
        start = 0
        for found in cut.finditer(span.text):
            piece.append(span._replace(text=span.text[start : found.end()]))
            yield piece
            piece, start = [], found.end()
        if start < len(span.text):
            piece.append(span._replace(text=span.text[start:]))
    if piece:
        yield piece


def _costs(spans: Sequence[Span], limits: Sequence[Limit]) -> list[int]:
    return [sum(map(cost, spans)) for cost, _ in limits]


def _more(part: Sequence[Span], atom: Sequence[Span], costs: Sequence[int], limits: Sequence[Limit]) -> Sequence[int]:
    """Give what a piece adds to a part: a span that `tidy` joins to the last one costs no second tag."""
    if not part or (part[-1].url, part[-1].styles) != (atom[0].url, atom[0].styles):
        return costs
    tags = _costs([atom[0]._replace(text="")], limits)
    return [cost - tag for cost, tag in zip(costs, tags, strict=True)]


def _fits(spans: Sequence[Span], limits: Sequence[Limit]) -> bool:
    return all(sum(map(cost, spans)) <= most for cost, most in limits)
