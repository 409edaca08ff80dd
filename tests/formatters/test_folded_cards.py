"""Folded cards: below its short summary a paper's message holds the full one, folded, and no word is lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given

from formatters import compose
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.message import Message
from formatters.model import Digest, Link, Paper, Section
from formatters.spans import FOLD, Span, block_style
from formatters.telegram import TelegramFormatter, spell
from tests.support.fakes import markup
from tests.support.golden import SHARED, check, digest_of, is_digest
from tests.support.rendering import COMMON, DIGESTS, LANGUAGES, Case, each_digest, letters, letters_of
from tests.support.strategies import PAPER

FOLDED = Edition(folded=True)
EN = Case(TelegramFormatter(phrases("en"), buttons=True), phrases("en"), buttons=True)
KO = Case(TelegramFormatter(phrases("ko"), buttons=True), phrases("ko"), buttons=True)
SHARED_POSTS = [*SHARED.glob("posts/*.md"), *SHARED.glob("post-history/*.md")]


def card(paper: Paper, edition: Edition = FOLDED, case: Case = EN) -> Message:
    return case.formatter.card(COMMON, paper, edition)


def in_short(message: Message) -> str:
    """Give what stands above the fold."""
    return str(message.body["text"]).partition("<blockquote")[0]


def folded(message: Message) -> str:
    """Give what readers see when they unfold a card, "" where nothing is folded."""
    text, entities = markup.parse(str(message.body["text"]), "HTML")
    found = [entity for entity in entities if "quote" in entity["type"]]
    assert [entity["type"] for entity in found] in ([], ["expandable_blockquote"])
    units = text.encode("utf-16-le")
    inside = [units[2 * one["offset"] : 2 * (one["offset"] + one["length"])].decode("utf-16-le") for one in found]
    assert all(text.endswith(one) for one in inside)
    return "".join(inside)


def has_button(message: Message) -> bool:
    return bool(EN.see(message).buttons)


def paper(*bodies: str, **other: Any) -> Paper:
    sections = tuple(Section(f"Part {n}", body) for n, body in enumerate(bodies, 1))
    return replace(Paper("2501.00001", 1, "Title", "https://arxiv.org/abs/2501.00001", (), sections), **other)


LONG = paper(*(" ".join(f"Sentence {part}.{n} says a little." for n in range(40)) for part in range(1, 9)))


@each_digest
def test_a_card_says_in_short_what_it_said_and_holds_the_full_summary(digest: Digest) -> None:
    for one in digest.papers:
        message = card(one)
        assert in_short(message).rstrip("\n") == card(one, Edition()).body["text"]
        assert letters(folded(message)) == letters_of(compose.details(one))
        assert not has_button(message)
        assert has_button(card(one, Edition()))


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared posts are not here")
def test_of_the_real_posts_each_paper_is_one_message_and_no_word_is_lost() -> None:
    papers = [one for post in SHARED_POSTS if is_digest(post) for one in digest_of(post).papers]
    for one in papers:
        message = card(one)
        assert letters(folded(message)) == letters_of(compose.details(one))
        assert EN.see(message).buttons == []
    assert len(papers) > 100


@given(PAPER)
def test_whatever_a_paper_says_its_card_is_taken_and_leaves_the_button_only_where_something_is_lacking(
    one: Paper,
) -> None:
    message = card(one)
    shown = EN.see(message)  # within the limits of Telegram
    holds_all = letters(folded(message)) == letters_of(compose.details(one))
    assert holds_all or (folded(message).endswith("…") or not folded(message))
    assert bool(shown.buttons) is (not holds_all or compose.is_cut(one))


def test_what_does_not_fit_is_cut_at_the_end_of_a_sentence_and_the_button_stays() -> None:
    message = card(LONG)
    inside = folded(message)
    assert inside.endswith(".\n…")
    assert letters_of(compose.details(LONG)).startswith(letters(inside.removesuffix("…")))
    assert len(EN.see(message).text) > 3_500
    assert has_button(message)


def test_no_heading_stands_alone_before_the_cut() -> None:
    """A section does not begin where none of its sentences fits any more."""
    bodies = [("A word. " * count, "b" * 300 + ".", "c" * 900) for count in range(400, 480, 4)]
    inside = [folded(card(paper(*one))).splitlines() for one in bodies]
    assert {(one[-2][-7:], one[-1]) for one in inside} == {("A word.", "…"), ("bbbbbb.", "…")}


def test_a_quote_is_flattened_since_none_may_stand_in_another_and_code_stays() -> None:
    one = paper("Before.\n\n> Quoted **words**.\n\nAfter.\n\n```\nx = 1 < 2\n```\n\nLast `code`.")
    text = str(card(one).body["text"])
    assert text.endswith(
        "\n<blockquote expandable><b>Part 1</b>\nBefore.\n\nQuoted <b>words</b>.\n\nAfter.\n\n"
        "<pre>x = 1 &lt; 2</pre>\n\nLast <code>code</code>.</blockquote>"
    )
    assert folded(card(one)) == "Part 1\nBefore.\n\nQuoted words.\n\nAfter.\n\nx = 1 < 2\n\nLast code."


def test_a_fold_is_the_outermost_block() -> None:
    spans = [Span("a"), Span("b", styles=frozenset({FOLD})), Span("c", styles=frozenset({FOLD, "pre"}))]
    assert [block_style(span) for span in spans] == ["", FOLD, FOLD]
    assert spell(spans) == "a<blockquote expandable>b<pre>c</pre></blockquote>"


def test_nobody_is_notified_by_a_fold() -> None:
    message = card(paper("Thanks to @somebody_known and @other_person."))
    assert markup.mentions(dict(message.body)) == []
    assert markup.mentions(dict(EN.formatter.plain(message.body))) == []
    assert "@\u2060somebody_known" in folded(message)


def test_without_markup_the_whole_is_there_still() -> None:
    for one in COMMON.papers:
        message = card(one)
        plain = EN.formatter.plain(message.body)
        assert "parse_mode" not in plain
        assert letters_of(compose.details(one)) in letters(str(plain["text"]))
        assert "blockquote" not in str(plain["text"])


@pytest.mark.parametrize(
    "one",
    [
        paper("b", title="long " * 90),
        paper("b", links=tuple(Link(f"Link {n}", f"https://example.org/{n}") for n in range(12))),
        paper("b", links=(Link("label " * 9, "https://example.org/"),)),
    ],
    ids=["title", "links", "label"],
)
def test_the_button_stays_where_the_short_part_leaves_something_out(one: Paper) -> None:
    assert "b" in folded(card(one))
    assert has_button(card(one))


def test_a_paper_that_says_nothing_more_has_neither_fold_nor_button() -> None:
    message = card(paper())
    assert (folded(message), has_button(message)) == ("", False)


def test_where_no_sentence_fits_below_the_short_part_nothing_is_folded() -> None:
    one = paper("💡" * 5_000 + ".", title="💡" * 400)
    message = card(one)
    assert folded(message) == ""
    assert has_button(message)
    assert message.body == card(one, Edition()).body


@pytest.mark.parametrize("layout", ["digest", "index"])
def test_a_list_is_the_same_folded_or_not(layout: str) -> None:
    for digest in DIGESTS.values():
        assert EN.formatter.digest(digest, Edition(layout, folded=True)) == EN.formatter.digest(digest, Edition(layout))


def test_what_is_asked_for_in_full_is_not_folded() -> None:
    assert "expandable" not in "".join(str(part.body["text"]) for part in EN.formatter.paper(COMMON.papers[0]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_folded_cards_as_people_read_them(language: str) -> None:
    case = {"en": EN, "ko": KO}[language]
    shown = [*case.formatter.digest(COMMON, FOLDED), card(LONG, case=case)]
    assert all(one != two for one, two in pairwise(shown))
    check(f"folded.telegram.{language}.html", "\n\n---\n\n".join(map(case.write, shown)) + "\n")
