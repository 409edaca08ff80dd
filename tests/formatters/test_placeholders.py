"""Links to the chat's own messages: spelled as placeholders, filled when a body is sent, and never seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from formatters import placeholders
from formatters.edition import Edition
from formatters.message import Formatter
from formatters.model import Digest, Earlier, Link, Paper
from formatters.page import reference
from tests.support.fakes.markup import mentions
from tests.support.golden import check
from tests.support.rendering import CASES, COMMON, LANGUAGES, Seen, each_digest, letters, seen
from tests.support.strategies import PAPER, nasty

REF = "0123456789abcdef"
OWN = "https://arxiv.org/abs/2501.00001"
LINKED = Edition(linked=True)
BEFORE = Earlier(date(2024, 12, 30), COMMON.day, "", "https://example.org/2024-12-30", ref=REF)
FORMATTERS = [case.formatter for case in CASES if case.formatter.channel != "terminal" and case.words.language == "en"]
each_formatter = pytest.mark.parametrize("formatter", FORMATTERS, ids=lambda one: one.channel)


def message_of(ref: str) -> str:
    return f"https://t.me/c/1234567890/{int(ref, 16) % 10_000_000}"


def filled(formatter: Formatter, digest: Digest, edition: Edition, messages: Mapping[str, str]) -> list[Seen]:
    """Give what people read of each message."""
    bodies = [placeholders.fill(one.body, messages) for one in formatter.digest(digest, edition)]
    return [seen(formatter.channel, body) for body in bodies]


def index(formatter: Formatter, digest: Digest, *refs: str, edition: Edition = LINKED) -> Seen:
    return filled(formatter, digest, edition, {ref: message_of(ref) for ref in refs})[0]


def of(*papers: Paper) -> Digest:
    return replace(COMMON, papers=papers, preface="")


def paper(url: str = OWN, title: str = "A Paper") -> Paper:
    return Paper("p", 1, title, url, (), ())


# --- where lines lead


@each_formatter
def test_each_line_leads_to_the_message_of_its_paper(formatter: Formatter) -> None:
    refs = [reference(COMMON, one) for one in COMMON.papers]
    assert index(formatter, COMMON, *refs).links == [
        (one.title, message_of(ref)) for one, ref in zip(COMMON.papers, refs, strict=True)
    ]
    first, _, third = index(formatter, COMMON, edition=Edition()).links
    second = (COMMON.papers[1].title, message_of(refs[1]))
    assert index(formatter, COMMON, refs[1]).links == [first, second, third]


@each_formatter
@each_digest
@pytest.mark.parametrize("layout", ["messages", "thread"])
def test_without_messages_all_reads_as_if_it_were_not_linked(formatter: Formatter, digest: Digest, layout: str) -> None:
    assert filled(formatter, digest, Edition(layout, linked=True), {}) == filled(formatter, digest, Edition(layout), {})


@each_formatter
def test_a_paper_that_came_before_leads_to_its_message_of_then(formatter: Formatter) -> None:
    again = of(replace(paper(), earlier=BEFORE))
    both = filled(formatter, again, LINKED, {REF: message_of(REF)})
    assert [one.links[1] for one in both] == [("Also on 30 December 2024", message_of(REF))] * 2
    assert [one.links[1][1] for one in filled(formatter, again, LINKED, {})] == [BEFORE.url] * 2
    unknown = of(replace(paper(), earlier=replace(BEFORE, ref="", url="")))
    assert len(index(formatter, unknown).links) == 1


@each_formatter
@pytest.mark.parametrize("layout", ["digest", "index"])
def test_what_holds_all_in_one_message_leads_nowhere_else(formatter: Formatter, layout: str) -> None:
    assert formatter.digest(COMMON, Edition(layout, linked=True)) == formatter.digest(COMMON, Edition(layout))


@each_formatter
def test_a_paper_without_an_address_leads_to_its_message_alone(formatter: Formatter) -> None:
    one = of(paper(url=""))
    assert index(formatter, one, ref := reference(one, one.papers[0])).links == [("A Paper", message_of(ref))]
    assert index(formatter, one).links == []
    assert "1. A Paper" in index(formatter, one).text


def test_a_title_that_may_lose_its_link_notifies_nobody() -> None:
    one = of(paper(url="", title="@someone reads"))
    body = placeholders.fill(FORMATTERS[0].digest(one, LINKED)[0].body, {})
    assert mentions(dict(body)) == []


@each_formatter
def test_an_address_that_is_too_long_to_be_held_stays(formatter: Formatter) -> None:
    one = of(paper(url=f"https://a.org/{'x' * 2030}"))
    assert placeholders.refs(formatter.digest(one, LINKED)[0].body) == set()
    assert index(formatter, one, reference(one, one.papers[0])).links == [("A Paper", one.papers[0].url)]


def test_a_body_without_placeholders_stays_the_very_same() -> None:
    body = FORMATTERS[0].digest(COMMON)[0].body
    assert placeholders.fill(body, {REF: OWN}) is body


# --- what is sent


@nasty
@given(st.lists(PAPER, min_size=1, max_size=3), st.booleans())
@example([paper(url=f"https://{placeholders.HOST}/{REF}?else=https://{placeholders.HOST}/x")], False)
@example([replace(paper(), links=(Link("@x", f"https://{placeholders.HOST}/"),))], True)
@example([paper(url=f"https://{placeholders.HOST}.org/?else=1")], True)
@example([paper(url=f"https://a.org/?x={placeholders.HOST}&y=<&>#z")], False)
def test_nobody_ever_sees_a_placeholder(papers: list[Paper], known: bool) -> None:
    """A link of an author's to the reserved name is none; all else is there, and keeps the limits."""
    numbered = (replace(one, id=f"p{place}", earlier=BEFORE) for place, one in enumerate(papers))
    digest = of(*numbered)
    for formatter, edition in product(FORMATTERS, (LINKED, Edition("thread"))):
        bodies = [one.body for one in formatter.digest(digest, edition)]
        messages = {ref: message_of(ref) for body in bodies for ref in placeholders.refs(body)} if known else {}
        shown = [seen(formatter.channel, placeholders.fill(body, messages)) for body in bodies]
        urls = [url for one in shown for _, url in one.links]
        assert not [
            url for url in urls if url.startswith((f"https://{placeholders.HOST}/", f"http://{placeholders.HOST}/"))
        ]
        assert not placeholders.refs([placeholders.fill(body, messages) for body in bodies])
        usual = [seen(formatter.channel, placeholders.fill(one.body, {})) for one in formatter.digest(digest)]
        assert letters("".join(one.text for one in shown)) == letters("".join(one.text for one in usual))


@each_formatter
def test_a_refused_markup_still_leads_there(formatter: Formatter) -> None:
    body = formatter.digest(of(paper()), LINKED)[0].body
    [ref] = placeholders.refs(body)
    for messages, url in (({ref: message_of(ref)}, message_of(ref)), ({}, OWN)):
        text = str(formatter.plain(placeholders.fill(body, messages))["text"])
        assert f"A Paper ({url})" in text
        assert placeholders.HOST not in text


# --- what people read


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("formatter", FORMATTERS, ids=lambda one: one.channel)
def test_what_a_linked_index_is(formatter: Formatter, language: str) -> None:
    """As the ledger holds it, then in a chat that has the first paper and the message of then."""
    first, second, third = COMMON.papers
    digest = replace(COMMON, papers=(first, replace(second, earlier=BEFORE), third))
    held = formatter.in_language(next(c.words for c in CASES if c.words.language == language)).digest(digest, LINKED)
    refs = {ref: message_of(ref) for ref in (reference(digest, first), REF)}
    parts = [("ledger", held[0].body), *(("chat", placeholders.fill(one.body, refs)) for one in (held[0], held[2]))]
    text = "".join(f"===== in the {where}\n\n{_readable(body)}\n\n" for where, body in parts)
    check(f"linked.{language}.{ {'telegram': 'html', 'slack': 'json'}[formatter.channel] }", text)


def _readable(body: Mapping[str, object]) -> str:
    return json.dumps(body["blocks"], ensure_ascii=False, indent=1) if "blocks" in body else str(body["text"])
