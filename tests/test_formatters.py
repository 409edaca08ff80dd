"""One contract for all formatters: what they send is taken by the platform and says all that is meant."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.text import Text

from bot.parse import slug
from formatters import compose, links
from formatters.locale import Words, words
from formatters.message import Formatter, Message
from formatters.model import Digest, Link, Paper, Section
from formatters.slack import SlackFormatter
from formatters.spans import Spans, plain, shorten
from formatters.telegram import TelegramFormatter
from formatters.terminal import TerminalFormatter
from tests.fakes import blocks, markup
from tests.golden import POSTS, check, digest_of, is_digest

# What a reader sees, and what a platform refuses


class Seen(NamedTuple):
    text: str
    links: list[tuple[str, str]]


def seen(channel: str, body: Mapping[str, object]) -> Seen:
    """Give what readers see of a body; fail where the platform would refuse it or drop a part."""
    assert json.loads(json.dumps(body)) == body
    show = {"telegram": _seen_in_telegram, "slack": _seen_in_slack, "terminal": _seen_in_terminal}[channel]
    found = show(dict(body))
    assert all(url.startswith(("http://", "https://")) for _, url in found.links)
    return found


def _seen_in_telegram(body: dict[str, Any]) -> Seen:
    assert body.keys() == {"text", "parse_mode", "link_preview_options", "disable_notification"}
    assert len(body["text"].encode()) <= markup.MAX_RAW_TEXT
    assert body["link_preview_options"] == {"is_disabled": True}
    text, entities = markup.parse(body["text"], body["parse_mode"])
    units = text.encode("utf-16-le")
    assert 0 < len(units) // 2 <= markup.MAX_TEXT
    assert len(entities) <= markup.MAX_ENTITIES
    assert sum("<a " in tag for tag in re.findall("<[^>]*>", body["text"])) == sum("url" in each for each in entities)
    return Seen(
        text,
        [
            (units[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le"), each["url"])
            for each in entities
            if "url" in each
        ],
    )


def _seen_in_slack(body: dict[str, Any]) -> Seen:
    assert body.keys() == {"text", "blocks", "mrkdwn", "unfurl_links", "unfurl_media"}
    assert {body["mrkdwn"], body["unfurl_links"], body["unfurl_media"]} == {False}
    blocks.check_blocks(body["blocks"])
    assert 0 < len(body["text"]) <= 4000
    assert re.fullmatch(r"(?:[^<>&]|&(?:lt|gt|amp);)*", body["text"])
    parts = [part for block in body["blocks"] for part in block["elements"]]
    elements = [element for part in parts for element in part["elements"]]
    assert sum(len(element["text"]) + len(element.get("url", "")) for element in elements) <= blocks.MAX_TEXT
    text = "\n".join("".join(element["text"] for element in part["elements"]) for part in parts)
    return Seen(text, [(element["text"], element["url"]) for element in elements if "url" in element])


def _seen_in_terminal(body: dict[str, Any]) -> Seen:
    assert body.keys() == {"markup"}
    text = Text.from_markup(body["markup"], emoji=False)
    styled = [(text.plain[span.start : span.end], str(span.style)) for span in text.spans]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text.plain)
    return Seen(text.plain, [(label, style.removeprefix("link ")) for label, style in styled if "link " in style])


OBEYED = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])


def letters(text: str) -> str:
    """Leave what must not be lost: all but white space and control characters."""
    return "".join(text.translate(OBEYED).split())


def said(spans: Spans) -> str:
    return letters(plain(spans))


def same_link(url: str) -> str:
    """Spell an address as Telegram shows it: hosts in small letters, a path always."""
    found = re.match(r"(https?://)([^/?#]+)/?(.*)", url, re.DOTALL)
    assert found is not None
    return f"{found[1]}{found[2].lower()}/{found[3]}"


def same_links(urls: Iterable[str]) -> set[str]:
    return {same_link(url) for url in urls}


# The contract


class Case(NamedTuple):
    """A formatter in one of its languages."""

    formatter: Formatter
    words: Words

    def __str__(self) -> str:
        return f"{self.formatter.channel}-{self.words.language}"

    def see(self, message: Message) -> Seen:
        return seen(self.formatter.channel, message.body)


KINDS: list[Callable[[Words], Formatter]] = [TelegramFormatter, SlackFormatter, TerminalFormatter]
CASES = [Case(kind(words(language)), words(language)) for language in ("ko", "en") for kind in KINDS]
TELEGRAM, SLACK, TERMINAL = (case.formatter for case in CASES[:3])
DIGESTS = {digest.id: digest for digest in map(digest_of, filter(is_digest, POSTS))}
COMMON, UNSAFE, FORTY = (
    DIGESTS["daily-papers/2025-01-06"],
    DIGESTS["arxiv/2025-01-10"],
    DIGESTS["daily-papers/2025-01-15"],
)

each_case = pytest.mark.parametrize("case", CASES, ids=str)
each_digest = pytest.mark.parametrize("digest", list(DIGESTS.values()), ids=list(DIGESTS))


@each_case
@each_digest
def test_one_message_per_paper_with_its_title_and_link(case: Case, digest: Digest) -> None:
    messages = case.formatter.digest(digest)
    index = case.formatter.contents(digest)
    cards = messages[len(index) :]

    assert messages[: len(index)] == index
    assert [card.key for card in cards] == [f"paper/{paper.id}" for paper in digest.papers]
    for paper, card in zip(digest.papers, cards, strict=True):
        shown = case.see(card)
        assert shown.text.startswith(f"{paper.number}. {paper.title}")
        assert letters(shown.text).startswith(said(compose.card(paper, case.words)))
        assert same_links(url for _, url in shown.links) == same_links(
            link.url for link in (*links.row(paper)[:8], Link("", links.safe(paper.url))) if link.url
        )


@each_case
@each_digest
def test_the_index_lists_every_paper_with_its_link(case: Case, digest: Digest) -> None:
    index = case.formatter.contents(digest)
    shown = [case.see(message) for message in index]

    assert [message.key for message in index] == ["index", *(f"index/{n}" for n in range(2, len(index) + 1))]
    assert letters("".join(part.text for part in shown)) == said(compose.index(digest, case.words))
    listed = {(label, same_link(url)) for part in shown for label, url in part.links}
    titles = {(paper.title, links.safe(paper.url)) for paper in digest.papers}
    assert {(title, same_link(url)) for title, url in titles if url} <= listed


@each_case
@each_digest
def test_the_full_summary_says_everything(case: Case, digest: Digest) -> None:
    for paper in digest.papers:
        messages = case.formatter.paper(paper)
        shown = [case.see(message) for message in messages]

        stem = f"full/{paper.id}"
        assert [message.key for message in messages] == [stem, *(f"{stem}/{n}" for n in range(2, len(messages) + 1))]
        assert letters("".join(part.text for part in shown)).startswith(said(compose.full(paper)))


@each_case
@each_digest
def test_keys_are_unique_and_stay_when_papers_change_places(case: Case, digest: Digest) -> None:
    reordered = [replace(paper, number=n) for n, paper in enumerate(reversed(digest.papers), 1)]

    before = case.formatter.digest(digest)
    after = case.formatter.digest(replace(digest, papers=tuple(reordered)))

    assert len({message.key for message in before}) == len(before)
    assert {message.key for message in after} == {message.key for message in before}


@each_case
def test_equal_papers_give_equal_messages(case: Case) -> None:
    again = Case(type(case.formatter)(case.words), case.words)  # type: ignore[call-arg]

    assert case.formatter.digest(COMMON) == again.formatter.digest(COMMON)


@each_case
def test_a_notice_is_one_message_that_means_itself(case: Case) -> None:
    text = "<b>a</b> *b* _c_ ~d~ `e` [bold]f[/bold] &amp; <!channel> :smile: \\[g]"

    notice = case.formatter.notice(text)

    assert notice.key == "notice"
    assert case.see(notice) == Seen(text, [])


@each_case
def test_a_long_notice_is_one_message_too(case: Case) -> None:
    assert case.see(case.formatter.notice("word " * 5000)).text.startswith("word word")


@each_case
def test_text_that_looks_like_markup_means_itself(case: Case) -> None:
    paper = COMMON.papers[1]

    text = "\n".join(case.see(message).text for message in case.formatter.paper(paper))

    for literal in (
        "<think> 구간",
        "<Parallel> 방식",
        "<!channel> 과 기호 * _ ~ & 는",
        "2 * 3 * 4",
        "a_b_c",
        "x > y && y < z",
    ):
        assert literal in text


@each_case
def test_an_address_that_is_no_link_leads_nowhere(case: Case) -> None:
    paper = UNSAFE.papers[3]

    for message in (*case.formatter.digest(UNSAFE), *case.formatter.paper(paper)):
        assert "javascript" not in json.dumps(message.body)


# Text without markup, for a platform that refused the markup


def test_telegram_without_markup_shows_the_addresses() -> None:
    _, card, *_ = TELEGRAM.digest(COMMON)

    body = TELEGRAM.plain(card.body)

    assert body.keys() == card.body.keys() - {"parse_mode"}
    text, _ = markup.content(dict(body))
    first = "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models (https://arxiv.org/abs/2201.11903)"
    assert text.startswith(f"1. {first}\n\n목표: 예시에")
    assert text.endswith("Hugging Face (https://huggingface.co/papers/2201.11903)")


def test_slack_without_markup_shows_the_addresses() -> None:
    _, _, card, *_ = SLACK.digest(COMMON)

    body = SLACK.plain(card.body)

    assert body.keys() == card.body.keys() - {"blocks"}
    assert "Before Speaking (https://arxiv.org/abs/2403.09629)\n\n목표: 모델이 &lt;think&gt; 구간" in str(body["text"])


def test_without_markup_what_grows_too_long_stays_without_addresses() -> None:
    index, *_ = TELEGRAM.contents(FORTY)
    long = Paper("x", 1, "Title", "https://a.org/" + "x" * 2000, (Link("L", "https://b.org/" + "x" * 2000),), ())
    (card,) = SLACK.paper(long)

    assert SLACK.plain(card.body)["text"] == card.body["text"] == "1. Title\n\na.org · L"
    assert "https://" not in str(TELEGRAM.plain(index.body)["text"])


def test_a_terminal_refuses_nothing() -> None:
    (index,) = TERMINAL.contents(COMMON)

    assert TERMINAL.plain(index.body) == index.body


# Of one channel


def test_the_index_makes_a_sound_and_papers_do_not() -> None:
    silent = {message.key: message.body["disable_notification"] for message in TELEGRAM.digest(FORTY)}

    assert [key for key, is_silent in silent.items() if not is_silent] == ["index"]
    assert "index/2" in silent


def test_the_fallback_of_slack_says_the_same_as_its_blocks() -> None:
    for message in SLACK.digest(COMMON):
        fallback = str(message.body["text"]).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

        assert fallback == seen("slack", message.body).text


def test_the_fallback_of_slack_is_cut_between_characters() -> None:
    fallbacks = [str(SLACK.notice(text).body["text"]) for text in ("&" * 800, "&" * 801, "a" * 4000, "a" * 4001)]

    assert fallbacks == ["&amp;" * 800, "&amp;" * 799 + "…", "a" * 4000, "a" * 3999 + "…"]


def test_styles_in_each_channel() -> None:
    section = Section("Code", "*i* **b** `c` [l](https://a.org)\n\n> q **b**\n\n```\np <>\n```")
    paper = Paper("x", 1, "T", "", (), (section,))

    (telegram,), (slack,), (terminal,) = (formatter.paper(paper) for formatter in (TELEGRAM, SLACK, TERMINAL))

    assert telegram.body["text"] == (
        "<b>1. T</b>\n\n<b>Code</b>\n<i>i</i> <b>b</b> <code>c</code> "
        '<a href="https://a.org">l</a>\n\n<blockquote>q <b>b</b></blockquote>\n\n<pre>p &lt;&gt;</pre>'
    )
    kinds = [part["type"] for part in slack.body["blocks"][0]["elements"]]  # type: ignore[index]
    assert kinds == ["rich_text_section", "rich_text_quote", "rich_text_preformatted"]
    assert "[dim]q [/dim]" in str(terminal.body["markup"])
    assert "[cyan]p <>[/cyan]" in str(terminal.body["markup"])


@each_case
def test_more_links_and_styles_than_a_message_may_have(case: Case) -> None:
    papers = [Paper(f"p{n}", n, f"T{n}", f"https://a.org/{n}", (), ()) for n in range(1, 251)]
    digest = replace(COMMON, papers=tuple(papers))
    styled = replace(papers[0], sections=(Section("", "**b** *i* `c` " * 100),))

    index = [link for message in case.formatter.contents(digest) for link in case.see(message).links]
    full = "".join(case.see(message).text for message in case.formatter.paper(styled))

    assert [label for label, _ in index] == [paper.title for paper in papers]
    assert letters(full).startswith(said(compose.full(styled)))


# Whatever the input

NASTY = st.one_of(
    st.text(max_size=60),
    st.text("<>&*_~`[]()\\|!:/'\" ab가\n\t", max_size=60),
    st.text("\x00\x07\x1b\x7f\x9b\u202e\u200f\u200b\u2028\ufeff a", max_size=20),
    st.text("😀👩‍💻", min_size=1, max_size=3).map(lambda text: text * 900),
    st.text("가a&<😀", min_size=1, max_size=5).map(lambda text: text * 1000),
    st.sampled_from(
        [
            "<!channel>",
            "<@U123>",
            "<https://a.org|b>",
            "</b></a>",
            "&lt;&#60;&nbsp;",
            "[/bold]",
            "[link=x]",
            "\\",
            ":fire:",
        ]
    ),
    st.just("word " * 1000),
)
ADDRESS = st.one_of(
    st.just("https://arxiv.org/abs/2501.00001"),
    st.builds("https://a.org/{}".format, st.text(max_size=20)),
    st.just("https://a.org/?" + "&" * 2000),
    st.just("https://a.org/" + "x" * 2000),
    NASTY,
)
SECTION = st.builds(Section, NASTY, st.lists(NASTY, max_size=3).map("\n\n".join))
PAPER = st.builds(
    Paper,
    st.just("id"),
    st.integers(1, 9999),
    NASTY,
    ADDRESS,
    st.lists(st.builds(Link, NASTY, ADDRESS), max_size=10).map(tuple),
    st.lists(SECTION, max_size=3).map(tuple),
)
nasty = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("case", CASES[:3], ids=str)
@nasty
@given(paper=PAPER)
def test_any_paper_is_one_message_and_a_whole_summary(case: Case, paper: Paper) -> None:
    digest = Digest("x/2025-01-06", paper.title, date(2025, 1, 6), paper.title, paper.url, paper.title, (paper,))

    index = [case.see(message) for message in case.formatter.contents(digest)]
    (card,) = case.formatter.digest(digest)[len(index) :]
    full = [case.see(message) for message in case.formatter.paper(paper)]

    assert letters("".join(part.text for part in index)) == said(compose.index(digest, case.words))
    whole, shown = said(compose.card(paper, case.words)), letters(case.see(card).text)
    assert whole.startswith(shown) or shown.startswith(whole)
    assert shown.startswith(letters(f"{paper.number}. {shorten(paper.title, compose.LONGEST_TITLE)}"))
    assert letters("".join(part.text for part in full)).startswith(said(compose.full(paper)))
    for message in (card, *case.formatter.paper(paper)):
        assert json.dumps(case.formatter.plain(message.body))


# What people read, kept as files

SHOWN = {
    "daily-papers/2025-01-06": 2,
    "daily-papers/2025-01-07": 1,
    "arxiv/2025-01-10": 3,
    "daily-papers/2025-01-14": 1,
}
FILES = {"telegram": "html", "slack": "json", "terminal": "txt"}
KEPT = [(case, name) for case in CASES for name in SHOWN if case.words.language == "ko" or name == COMMON.id]


def readable(message: Message) -> str:
    body = message.body
    if "blocks" in body:
        return json.dumps(body["blocks"], ensure_ascii=False, indent=1)
    return str(body.get("markup") or body["text"])


@pytest.mark.parametrize(("case", "name"), KEPT, ids=str)
def test_what_people_read(case: Case, name: str) -> None:
    digest, number = DIGESTS[name], SHOWN[name]

    messages = [*case.formatter.digest(digest), *case.formatter.paper(digest.papers[number - 1])]

    text = "\n\n".join(f"===== {message.key}\n\n{readable(message)}" for message in messages)
    check(f"{slug(name)}.{case.words.language}.{FILES[case.formatter.channel]}", f"{text}\n")
