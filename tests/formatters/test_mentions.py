"""What a post could do beside being read: notify somebody, or make other text read as something else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formatters import pages
from formatters.edition import LAYOUTS, Edition
from formatters.locale import phrases
from formatters.message import Formatter, Message
from formatters.model import Digest, Link, Paper, Section
from formatters.page import SearchHit
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.support.fakes import blocks, markup
from tests.support.rendering import Case, all_cases, letters, seen
from tests.support.strategies import nasty

EN = phrases("en")
TELEGRAM, SLACK = TelegramFormatter(EN, buttons=True), SlackFormatter(EN, buttons=True)
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ADDRESS = "https://medium.com/@someone/post"


def digest(text: str) -> Digest:
    sections = (Section(text, f"Goal: {text}"), Section("", f"**{text}** and @**someone**"))
    paper = Paper("p", 1, text, "", (Link(text, ADDRESS),), sections)
    return Digest("x/2025-01-06", text, date(2025, 1, 6), text, "", text, (paper,))


def messages(formatter: Formatter, text: str) -> Iterator[Message]:
    """Make all messages that show a post."""
    one = digest(text)
    for layout in LAYOUTS:
        yield from formatter.digest(one, Edition(layout))
    yield from formatter.paper(one.papers[0])
    hit = SearchHit("0" * 16, 1, text, text, one.day)
    yield formatter.page(pages.hits("Found", [hit], EN, pages.Turn("/x", "/x", 1, more=False)))
    yield formatter.page(pages.choice([hit, hit], EN))
    yield formatter.page(pages.papers(one, EN, 1))


def mentioned(text: str) -> list[str]:
    """Give whom a post notifies in Telegram."""
    bodies = [message.body for message in messages(TELEGRAM, text)]
    return [
        *(name for body in bodies for name in markup.mentions(dict(body))),
        *(name for body in bodies for name in markup.mentions(dict(TELEGRAM.plain(body)))),
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("@someone", "by @someone.", "(@someone)", "@@someone", "/@someone", "가 @someone가 @someone_1", "@gif"),
        *("https://a.org/),@someone", "https://localhost/@someone", "a\u0301@someone", "`@someone` @someone"),
        *("a@b.org @someone", "\u202e@someone", "@\u202esomeone", "@\u2028someone", "*@*someone", "@`someone`"),
    ],
)
def test_a_name_in_a_post_notifies_nobody_in_telegram(text: str) -> None:
    assert mentioned(text) == []


@nasty
@given(st.text("@@some1_ ./:\n`*<(\u202e가\u0301", max_size=40))
def test_no_text_notifies_anybody_in_telegram(text: str) -> None:
    assert mentioned(f"{text}@someone") == []
    assert mentioned(f"https://a.org/{text}@someone") == []


def test_the_platforms_own_parser_finds_names() -> None:
    assert markup.mentions({"text": "by <b>@someone</b>, <code>@other</code>", "parse_mode": "HTML"}) == ["@someone"]
    assert markup.mentions({"text": "by @someone"}) == ["@someone"]


@pytest.mark.parametrize(
    "text", ["a@b.org", f"see {ADDRESS} there", "https://a.org/?by=@someone&x", "x @ y", "`@decorated` and @", "me@가"]
)
def test_what_is_no_name_stays_as_it_is(text: str) -> None:
    (full,) = TELEGRAM.paper(Paper("p", 1, "T", "", (), (Section("", f"{text} here"),)))

    assert "\u2060" not in str(full.body["text"])
    assert text.replace("`", "") in seen("telegram", full.body).text


def test_a_name_reads_as_before() -> None:
    (card,) = TELEGRAM.paper(Paper("p", 1, "By @someone", "", (), ()))

    assert card.body["text"] == "<b>1. By @\u2060someone</b>"
    assert TELEGRAM.notice("telegram @my_channel: closed").body["text"] == "telegram @my_channel: closed"


def test_text_without_markup_that_is_full_keeps_its_length() -> None:
    text = "@someone " * 455
    body = {"text": f"<code>{text}</code>", "parse_mode": "HTML"}

    assert TELEGRAM.plain(body) == {"text": text}


@pytest.mark.parametrize("text", ["<@U0123456> <!here> <!channel> <!subteam^S012> <#C0123>", "@here @channel @someone"])
def test_a_name_in_a_post_notifies_nobody_in_slack(text: str) -> None:
    for message in messages(SLACK, text):
        without = str(SLACK.plain(message.body)["text"])
        assert blocks.pings_in_blocks(message.body["blocks"]) == []
        assert not {"<", ">"} & {*str(message.body["text"]), *without}
        assert not {"link_names", "parse"} & message.body.keys()  # names without <> mean nobody unless these are set


@all_cases
def test_a_post_cannot_turn_the_direction_of_text(case: Case) -> None:
    for turned, straight in zip(messages(case.formatter, f"a{TURNS}b"), messages(case.formatter, "ab"), strict=True):
        assert case.see(turned).text == case.see(straight).text
        assert not set(TURNS) & set(json.dumps(dict(turned.body), ensure_ascii=False))
    assert not set(TURNS) & set(json.dumps(dict(case.formatter.notice(TURNS + "a").body), ensure_ascii=False))


@all_cases
def test_languages_written_from_the_right_stay(case: Case) -> None:
    text = "שלום \u200fעולם\u200e مرحبا"

    assert letters(text) in letters(case.see(case.formatter.notice(text)).text)
