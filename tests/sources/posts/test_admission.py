"""Posts that would take long are refused, and the worst that are admitted take seconds."""

from __future__ import annotations

import gc
import time

import pytest

from bot.errors import ParseError
from bot.sources.fingerprint import fingerprint
from bot.sources.posts.admission import (
    MOST_CELLS,
    MOST_HEADINGS,
    MOST_LINES,
    MOST_SIGNS,
    MOST_SIGNS_OF_A_BLOCK,
    refusal,
)
from bot.sources.posts.post import LARGEST_POST, Origin, parse
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.support.posts import NAME, TITLE

LONGEST = 10.0  # seconds of CPU: a usual machine needs less than 2
LONGEST_PARSE = 2.0  # of these; a usual machine needs less than 0.7
BLOCK = MOST_SIGNS_OF_A_BLOCK - 10


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\n" * MOST_LINES, ""),
        ("a\n" * (MOST_LINES + 1), "more than 8,000 lines"),
        ("# a\n" * MOST_HEADINGS, ""),
        ("   ## a\n" * (MOST_HEADINGS + 1), "more than 2,000 headings"),
        ("    # a\n" * (MOST_HEADINGS + 1), ""),
        ("![" * (MOST_SIGNS_OF_A_BLOCK // 2), ""),
        ("![" * MOST_SIGNS_OF_A_BLOCK, "more than 1,200 signs of Markdown without a blank line between them"),
        ("**a** **a**\n\n" * (MOST_SIGNS // 8), ""),
        ("**a** **a**\n \t\n" * (MOST_SIGNS // 8 + 1), "more than 20,000 signs of Markdown"),
        ("|a" * 99 + "\n" + "a\n" * (MOST_CELLS // 100 - 2), ""),
        ("|a" * 99 + "\n" + "a\n" * (MOST_CELLS // 100), "tables of more than 20,000 cells"),
        ("", ""),
    ],
)
def test_what_is_too_much(text: str, why: str) -> None:
    assert refusal(text) == why


@pytest.mark.parametrize("text", ["![" * 240_000, "a\n" * 240_000, "\n" * 500_000, " " * 500_000, "|\n\n" * 160_000])
def test_refusing_takes_no_time(text: str) -> None:
    begun = time.thread_time()

    refusal(text)

    assert time.thread_time() - begun < 1.0


def test_a_refused_post_says_why() -> None:
    with pytest.raises(ParseError) as caught:
        parse(b"a\n" * 20_000, Origin(NAME))

    assert str(caught.value) == (f"{NAME}: more than 8,000 lines: that takes too long to read; split it, or mend it")


def blocks(sign: str, signs: int) -> str:
    """Repeat what consists of some signs as often as is admitted."""
    times = BLOCK // signs
    return "\n\n".join([sign * times] * (MOST_SIGNS // (times * signs)))


def lines(unit: str, most: int = MOST_LINES - 100) -> str:
    return unit * min(most // unit.count("\n"), LARGEST_POST // len(unit) - 10)


WRAPPED = "# 1. [\n\n" + ("[[a](" * 300 + "\n\n") * 3
WRAPPED_LINES = "# 1. [\n" + ("[[a](" * 28 + "\n") * 7 + "\n"
WORST = {
    "images": blocks("![", 2),
    "brackets": blocks("[", 1),
    "half links": blocks("[[a](", 3),
    "links": blocks("[a](b)", 2),
    "CDATA": blocks("<![CDATA[", 4),
    "comments": blocks("<!-- ", 2),
    "emphasis": blocks("*a ", 1),
    "both marks": blocks("*_", 2),
    "Korean bold": blocks("**가", 2),
    "backticks": blocks("`a", 1),
    "angles": blocks("<", 1),
    "entities": blocks("&amp;", 1),
    "nested emphasis": ("*a " * 550 + "a* " * 550 + "\n\n") * 16,
    "nested links": ("[" * 550 + "](b)" * 550 + "\n\n") * 10,
    "formulas": blocks("$\\frac{a}{b_c}$ ", 6),
    "half formulas": blocks("\\( ", 1),
    "raw": blocks("{% raw %} ", 1),
    "marks": blocks("==a ", 2),
    "struck": blocks("~~가:~~나 ", 4),
    "tags": blocks("<sub>1", 1),
    "comments over lines": lines("<!--\n\n") + "--> a",
    "dollars": lines("$$\na\n\n"),
    "lines": lines("a\n"),
    "paragraphs": lines("a\n\n"),
    "list": lines("- a\n"),
    "nested lists": lines("- a\n  - b\n"),
    "nested quotes": lines(" - > - > a\n"),
    "deep quotes": lines(">" * 50 + "a\n"),
    "deep list": "\n".join("  " * depth + "- a" for depth in range(500)),
    "definitions": lines("[a]: b\n\n"),
    "wide table": "|a" * 99 + "|\n" + "|-" * 99 + "|\n" + "||\n" * 190,
    "tables": lines("|a|\n|-|\n\n", MOST_LINES // 2),
    "underlined": lines("a\n===\n"),
    "rules": lines("---\n"),
    "fences": lines("~~~\n"),
    "papers": lines("# 1. [a](http://a.b/c)\n" + "a " * 100 + "\n\n", 3 * MOST_HEADINGS - 10),
    "wrapped titles": WRAPPED * (MOST_SIGNS // 2704),
    "titles on many lines": WRAPPED_LINES * 33,
    "abbreviations": "A. " * 170_000,
    "blanks": " " * 500_000,
    "words": "a " * 250_000,
    "one word": "가" * 170_000,
}


@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", WORST)
def test_the_worst_that_is_admitted_takes_seconds(kind: str) -> None:
    """Parsed, compared and laid out for both platforms."""
    raw = f'---\ntitle: "Daily Papers (2026-03-01)"\n---\n\n{TITLE}\n\n{WORST[kind]}'.encode()
    gc.freeze()  # what other tests left in memory would be gone through at each collection
    begun = time.thread_time()

    digest = parse(raw, Origin(NAME)).digest
    parsed = time.thread_time() - begun
    assert digest
    assert fingerprint(digest)
    for formatter in (TelegramFormatter(phrases("ko"), buttons=True), SlackFormatter(phrases("ko"), buttons=True)):
        assert formatter.digest(digest, Edition("messages"))

    took = time.thread_time() - begun
    gc.unfreeze()
    assert parsed < LONGEST_PARSE
    assert took < LONGEST
