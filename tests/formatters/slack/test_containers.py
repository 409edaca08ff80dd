"""Papers that open at a press: all that their posts say, in messages that Slack takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from formatters import compose
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.message import Message
from formatters.model import Digest, Earlier, Link, Paper, Section
from formatters.page import reference
from formatters.slack import SlackFormatter
from formatters.spans import plain
from tests.support.fakes import mrkdwn
from tests.support.fakes.blocks import flat
from tests.support.golden import check
from tests.support.rendering import COMMON, DIGESTS, FORTY, LANGUAGES, UNSAFE, letters, letters_of, seen
from tests.support.strategies import PAPER, nasty

MUTE, LISTENING = SlackFormatter(phrases("en")), SlackFormatter(phrases("en"), buttons=True)
DIGEST, THREAD, MESSAGES = (Edition(layout, folded=True) for layout in ("digest", "thread", "messages"))
EN = phrases("en")
ONE = Paper("one", 1, "One", "https://one.org/", (), (Section("Goal", "To be one."), Section("Result", "It is.")))

Node = dict[str, Any]
each_digest = pytest.mark.parametrize("digest", list(DIGESTS.values()), ids=list(DIGESTS))
both = pytest.mark.parametrize("formatter", [MUTE, LISTENING], ids=["mute", "listening"])


def of(*papers: Paper, preface: str = "") -> Digest:
    return Digest("x/2025-01-06", "X", date(2025, 1, 6), "X", "", preface, papers)


def blocks(message: Message) -> list[Node]:
    seen("slack", message.body)  # Slack takes it
    found: Any = message.body["blocks"]
    for block in found:
        if block["type"] == "container":
            Block.parse_all([block])[0].validate_json()
    return list(found)


def containers(*messages: Message) -> list[Node]:
    return [block for message in messages for block in blocks(message) if block["type"] == "container"]


def cards(formatter: SlackFormatter, digest: Digest, edition: Edition) -> list[Message]:
    return [message for message in formatter.digest(digest, edition) if message.key.startswith("paper/")]


def texts(container: Node) -> Iterator[Node]:
    for child in container["child_blocks"]:
        yield from [child["text"]] if "text" in child else child["elements"]


def inside(container: Node) -> str:
    """Give what a container shows when it is open, without buttons."""
    return "\n".join(mrkdwn.shown(text).text for text in texts(container) if text["type"] != "button")


def links(container: Node) -> list[tuple[str, str]]:
    return [link for text in texts(container) if text["type"] != "button" for link in mrkdwn.shown(text).links]


def long(number: int, characters: int) -> Paper:
    words = "Words of a sentence. " * (characters // 21)
    return Paper(f"p{number}", number, f"Paper {number}", f"https://a.org/{number}", (), (Section("", words),))


# The whole day


@both
@each_digest
def test_a_day_is_its_papers_in_order(formatter: SlackFormatter, digest: Digest) -> None:
    messages = formatter.digest(digest, DIGEST)

    assert [message.key for message in messages] == ["digest", *(f"digest/{n}" for n in range(2, len(messages) + 1))]
    folded = containers(*messages)
    assert [one["title"]["text"] for one in folded] == [f"{paper.number}. {paper.title}" for paper in digest.papers]
    assert all(one["is_collapsible"] and one["default_collapsed"] for one in folded)
    assert [one["subtitle"]["text"] for one in folded if "subtitle" in one] == [
        sentence for paper in digest.papers if (sentence := compose.brief(paper))
    ]


@both
@each_digest
def test_a_paper_says_all_with_every_link(formatter: SlackFormatter, digest: Digest) -> None:
    for paper, container in zip(digest.papers, containers(*formatter.digest(digest, DIGEST)), strict=True):
        said = (*(span for one in compose.sections(paper) for span in one), *compose.links_row(paper))
        assert letters(inside(container)).removeprefix(letters_of(compose.title(paper))) == letters_of(said)
        assert {span.url for span in compose.links_row(paper) if span.url} <= {url for _, url in links(container)}
        assert (container["child_blocks"][-1]["type"] == "context") == bool(compose.links_row(paper))


@each_digest
def test_what_stands_above_and_for_who_sees_no_blocks_is_as_ever(digest: Digest) -> None:
    first, *_ = messages = MUTE.digest(digest, DIGEST)
    (usual, *_) = MUTE.digest(digest, Edition("digest"))

    assert blocks(first)[0]["type"] == "rich_text"
    head = seen("slack", {**first.body, "blocks": blocks(first)[:1]}).text
    assert letters(head) == letters_of((*compose.head(digest, EN), *compose.preface(digest)))
    assert all(len(str(message.body["text"])) <= 4000 for message in messages)
    assert len(messages) > 1 or first.body["text"] == usual.body["text"]


def test_a_day_that_fills_one_message_goes_on_in_the_next() -> None:
    """By characters, and by blocks: those in containers count, too."""
    by_length = MUTE.digest(of(*(long(n, 2500) for n in range(1, 8))), DIGEST)
    by_count = MUTE.digest(of(*(replace(ONE, number=n, id=str(n)) for n in range(1, 40))), DIGEST)

    assert [len(containers(message)) for message in by_length] == [3, 3, 1]
    assert [len(list(flat(blocks(message)))) for message in by_count] == [46, 48, 24]
    assert [str(message.body["text"]).count("Paper") for message in by_length] == [3, 3, 1]


def test_a_long_preface_comes_first() -> None:
    messages = MUTE.digest(of(ONE, preface="Before. " * 2000), DIGEST)
    assert [len(containers(message)) for message in messages] == [0, 1]
    assert len(MUTE.digest(of(ONE, preface="Before. " * 1200), DIGEST)) == 1


def test_a_long_title_is_whole_inside() -> None:
    paper = replace(ONE, title="Long words " * 20)
    (container,) = containers(*MUTE.digest(of(paper), DIGEST))

    assert container["title"]["text"].endswith("…")
    assert letters(inside(container)).startswith(letters(f"1. {paper.title}"))


def test_an_address_that_is_among_no_links_leads_from_the_title() -> None:
    paper = replace(
        ONE, url="https://arxiv.org/abs/2501.00001v2", links=(Link("arXiv", "https://arxiv.org/abs/2501.00001"),)
    )
    (container,) = containers(*MUTE.digest(of(paper), DIGEST))

    assert ("One", paper.url) in links(container)


def test_an_earlier_digest_is_named_outside_and_linked_inside() -> None:
    earlier = Earlier(date(2025, 1, 2), date(2025, 1, 6), "", "https://a.org/2")
    (container,) = containers(*MUTE.digest(of(replace(ONE, earlier=earlier)), DIGEST))

    assert container["subtitle"]["text"] == "Also on 2 January · To be one."
    assert ("Also on 2 January", "https://a.org/2") in links(container)


def test_a_paper_of_which_nothing_is_known_still_opens() -> None:
    (container,) = containers(*MUTE.digest(of(Paper("p", 1, "P", "", (), ())), DIGEST))

    assert "subtitle" not in container
    assert inside(container) == "1. P"


def test_links_too_long_for_small_text_are_written_large() -> None:
    many = tuple(Link(f"Link {n}", f"https://a.org/{n}/{'x' * 400}") for n in range(8))
    (container,) = containers(*MUTE.digest(of(replace(ONE, links=many)), DIGEST))

    assert [child["type"] for child in container["child_blocks"]] == ["section", "section"]
    assert {link.url for link in many} <= {url for _, url in links(container)}


@pytest.mark.parametrize(("formatter", "mark"), [(MUTE, "…"), (LISTENING, "Full summary")])
def test_what_no_container_holds_is_behind_the_button(formatter: SlackFormatter, mark: str) -> None:
    paper = long(1, 12_000)
    (container,) = containers(*formatter.digest(of(paper), DIGEST))

    *sections, more, context = container["child_blocks"]
    assert [one["type"] for one in sections] == ["section"] * 3
    assert context["type"] == "context"
    if formatter is LISTENING:
        assert more["elements"][0]["value"] == f"/paper {reference(of(paper), paper)}"
    assert mark in json.dumps(more, ensure_ascii=False)


def test_more_texts_than_a_container_has_blocks() -> None:
    """Plain ones and marked ones in turns share no section."""
    turns = tuple(Section("", text) for _ in range(6) for text in ("\\*so\\*", "so"))
    (container,) = containers(*LISTENING.digest(of(replace(ONE, sections=turns)), DIGEST))

    assert [one["type"] for one in container["child_blocks"]] == [*["section"] * 8, "actions", "context"]


def test_papers_without_full_summaries_of_their_own_have_no_button() -> None:
    for digest in (COMMON, FORTY, UNSAFE):
        assert [seen("slack", one.body).buttons for one in LISTENING.digest(digest, DIGEST)] == [[]] * len(
            LISTENING.digest(digest, DIGEST)
        )


# Cards


@both
@each_digest
def test_a_reply_in_a_thread_says_all(formatter: SlackFormatter, digest: Digest) -> None:
    for paper, card in zip(digest.papers, cards(formatter, digest, THREAD), strict=True):
        shown = seen("slack", card.body)
        full = (span for one in compose.sections(paper) for span in one)
        assert letters(shown.text) == letters_of((*compose.summary_card(paper, EN), *full))
        assert (card.key, shown.buttons) == (f"paper/{paper.id}", [])
        assert containers(card) == []


@both
@each_digest
def test_a_card_has_all_folded_below(formatter: SlackFormatter, digest: Digest) -> None:
    usual = {message.key: message for message in MUTE.digest(digest)}
    for paper, card in zip(digest.papers, cards(formatter, digest, MESSAGES), strict=True):
        shown, *below = blocks(card)
        assert [shown] == usual[card.key].body["blocks"]
        assert [one["title"]["text"] for one in below] == ["Full summary"] * bool(paper.sections)
        assert letters("".join(map(inside, below))) == letters("".join(map(plain, compose.sections(paper))))
        assert letters(seen("slack", {**card.body, "blocks": [shown]}).text) in letters(
            str(card.body["text"])
        ) or "&" in str(card.body["text"])
        assert seen("slack", card.body).buttons == []


@pytest.mark.parametrize("edition", [THREAD, MESSAGES], ids=str)
@pytest.mark.parametrize(
    "paper",
    [
        replace(ONE, title="One " * 200),
        replace(ONE, links=tuple(Link(f"Extra {n}", f"https://a.org/{n}") for n in range(9))),
        replace(ONE, links=(Link("A label that is " * 4, "https://a.org/1"),)),
    ],
    ids=["title", "links", "label"],
)
def test_what_a_card_cuts_is_behind_the_button(paper: Paper, edition: Edition) -> None:
    (cut,), (whole,) = (cards(LISTENING, of(one), edition) for one in (paper, ONE))

    assert seen("slack", cut.body).text.rstrip().endswith("It is.")
    assert [len(seen("slack", one.body).buttons) for one in (cut, whole)] == [1, 0]


@both
@pytest.mark.parametrize("edition", [THREAD, MESSAGES], ids=str)
def test_a_card_that_cannot_hold_all_is_as_ever(formatter: SlackFormatter, edition: Edition) -> None:
    digest = of(
        long(1, 12_000),
        replace(
            ONE,
            url="https://a.org/?" + "&" * 2000,
            links=tuple(Link("x", f"https://a.org/{n}/{'x' * 2000}") for n in range(9)),
        ),
    )
    usual = {message.key: message for message in formatter.digest(digest)}

    for card in formatter.digest(digest, edition)[1:]:
        assert card == usual[card.key]


@pytest.mark.parametrize("layout", ["index", "digest", "messages", "thread"])
def test_nothing_is_folded_unless_it_shall_be(layout: str) -> None:
    for digest in DIGESTS.values():
        assert containers(*LISTENING.digest(digest, Edition(layout))) == []
    assert LISTENING.digest(COMMON, Edition("index", folded=True)) == LISTENING.digest(COMMON, Edition("index"))


# Refused


@both
@each_digest
@pytest.mark.parametrize("edition", [DIGEST, MESSAGES], ids=str)
def test_without_containers_the_same_is_said(formatter: SlackFormatter, digest: Digest, edition: Edition) -> None:
    for message in formatter.digest(digest, edition):
        if not containers(message):
            continue
        body = formatter.plain(message.body)
        open_ = blocks(Message(message.key, body))

        assert {block["type"] for block in open_} <= {"rich_text", "section", "context", "actions"}
        assert body["text"] == message.body["text"]
        hidden = sum(len(one.get("subtitle", {"text": ""})["text"]) for one in containers(message))
        shown, before = seen("slack", body), seen("slack", message.body)
        assert shown.links == before.links
        assert len(letters(shown.text)) >= len(letters(before.text)) - hidden
        assert [block for block in open_ if "expand" in block] == []


def test_refused_once_more_it_is_text_with_addresses() -> None:
    (message,) = MUTE.digest(of(ONE), DIGEST)

    body = MUTE.plain(MUTE.plain(message.body))

    assert "blocks" not in body
    assert body["text"] == (
        "X · Monday, 6 January 2025\n1 paper\n1. One\n\nGoal\nTo be one.\n\nResult\nIt is.\n\none.org (https://one.org/)"
    )
    assert MUTE.plain(body) == body


def test_text_has_no_buttons() -> None:
    assert LISTENING.plain(LISTENING.card(COMMON, ONE).body) == MUTE.plain(MUTE.card(COMMON, ONE).body)


def test_what_is_too_long_for_text_says_what_it_does_without_blocks() -> None:
    (message,) = MUTE.digest(of(long(1, 6000)), DIGEST)
    assert MUTE.plain(MUTE.plain(message.body))["text"] == message.body["text"]


# Anything at all


@pytest.mark.unmeasured
@nasty
@given(st.lists(PAPER, min_size=1, max_size=2), st.sampled_from([DIGEST, THREAD, MESSAGES]), st.booleans())
def test_slack_takes_any_paper_folded(papers: list[Paper], edition: Edition, buttons: bool) -> None:
    formatter = SlackFormatter(EN, buttons=buttons)
    papers = [replace(paper, id=f"{paper.id}{n}") for n, paper in enumerate(papers)]

    for message in formatter.digest(of(*papers), edition):
        assert len(list(flat(blocks(message)))) <= 48 or edition.layout != "digest"
        blocks(
            Message(message.key, {"blocks": [], **formatter.plain(message.body)}) if containers(message) else message
        )
    if edition != DIGEST:
        return
    for paper, one in zip(papers, containers(*formatter.digest(of(*papers), edition)), strict=True):
        said = letters("".join(map(plain, compose.sections(paper))))
        is_plain = any(text["type"] == "plain_text" for text in texts(one))
        assert (
            is_plain
            or any(more in json.dumps(one, ensure_ascii=False) for more in ("/paper ", '"…"'))
            or said in letters(inside(one))
        )


# What people see, kept as files


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_people_see(language: str) -> None:
    formatter = SlackFormatter(phrases(language), buttons=True)
    shown = [
        (edition.layout, message)
        for edition, messages in (
            (DIGEST, formatter.digest(COMMON, DIGEST)),
            (THREAD, formatter.digest(COMMON, THREAD)[1:2]),
            (MESSAGES, formatter.digest(COMMON, MESSAGES)[1:2]),
            (DIGEST, formatter.digest(of(long(1, 12_000)), DIGEST)),
        )
        for message in messages
    ]
    text = "".join(
        f"===== {layout}: {message.key}\n\n{json.dumps(message.body['blocks'], ensure_ascii=False, indent=1)}\n\n"
        for layout, message in shown
    )
    check(f"containers.{language}.json", text)
