"""Digests in any mix of what authors write are read back: papers and links, each with its lines, no word lost.

Other posts and garbage have no paper, and take no more time than any post may.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ParseError
from bot.sources.posts.explanation import ReadPost, explain
from bot.sources.posts.post import Origin, parse
from formatters import addresses, compose
from formatters.locale import phrases
from formatters.spans import collapse_spaces, plain
from tests.support import dialects
from tests.support.dialects import Post

NAME = "2026-11-26-papers.md"
# Seconds of CPU to parse the worst post that is admitted: 1.7, but where two programs share a core, half as much again.
LONGEST = 4.0
SHORT = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LONG = settings(SHORT, max_examples=4_000)
DIGESTS = st.tuples(st.sampled_from(dialects.FRONTS), st.sampled_from(dialects.PREFACES), dialects.DIGESTS)


def check_digest(front: str, before: str, post: Post) -> None:
    text = f"{front}{before}{post.text}\n"

    (read,) = explain(text.encode(), Origin(NAME)).posts

    papers = [one.paper for one in read.papers]
    assert [(one.id, one.title, one.category) for one in papers] == [
        (one.id, one.title, one.category) for one in post.papers
    ]
    assert [one.url for one in papers] == [one.url for one in post.papers]
    assert [one.lines[0].first for one in read.papers] == [
        text[: text.index(start)].count("\n") + 1 for start in post.starts
    ]
    assert {word for loss in read.lost for word in loss.words} <= post.left_out
    check_shown(read, post)


def check_shown(read: ReadPost, post: Post) -> None:
    for one, own in zip(read.papers, post.papers, strict=True):
        shown = collapse_spaces(plain(compose.full(one.paper, phrases("en"))))
        assert [said for said in own.says if collapse_spaces(dialects.BLOCKS[said]) not in shown] == []
        assert addresses.identity(own.url) in {addresses.identity(link.url) for link in addresses.row(one.paper)}


@SHORT
@given(DIGESTS)
def test_any_digest_is_read_back(written: tuple[str, str, Post]) -> None:
    check_digest(*written)


@pytest.mark.long
@LONG
@given(DIGESTS)
def test_very_many_digests_are_read_back(written: tuple[str, str, Post]) -> None:
    check_digest(*written)


def check_other(text: str) -> None:
    try:
        post = parse(text.encode("utf-8", "replace"), Origin(NAME))
    except ParseError:
        return  # too much of it: test_admission.py
    assert (post.digest, post.sections) == (None, ())


@SHORT
@given(st.one_of(dialects.others(), dialects.GARBAGE))
def test_other_posts_and_garbage_have_no_paper(text: str) -> None:
    check_other(text)


@pytest.mark.long
@LONG
@given(st.one_of(dialects.others(), dialects.GARBAGE))
def test_very_many_other_posts_have_no_paper(text: str) -> None:
    check_other(text)


def check_time(unit: str) -> None:
    for text in dialects.repeated(unit):
        raw, begun = text.encode(), time.thread_time()
        parse(raw, Origin(NAME))
        assert time.thread_time() - begun < LONGEST


@settings(SHORT, max_examples=4)
@given(dialects.UNITS)
def test_garbage_without_end_takes_no_more_time_than_a_post_may(unit: str) -> None:
    check_time(unit)


@pytest.mark.long
@settings(LONG, max_examples=300)
@given(dialects.UNITS)
def test_much_garbage_takes_no_more_time_than_a_post_may(unit: str) -> None:
    check_time(unit)


@SHORT
@given(dialects.ANYTHING, DIGESTS)
def test_garbage_around_a_digest_raises_nothing(garbage: str, written: tuple[str, str, Post]) -> None:
    text = f"{garbage}\n\n{''.join(written[:2])}{written[2].text}\n\n{garbage}"
    explain(text.encode("utf-8", "replace"), Origin(NAME))
