"""One contract for all formatters: what they send is taken by the platform and says all that is meant."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.posts.papers.drafts import slug
from formatters import addresses, compose, links
from formatters.edition import LAYOUTS, THREAD, Edition
from formatters.locale import phrases
from formatters.message import Message
from formatters.model import Digest, Earlier, Link, Paper, Section
from formatters.page import reference
from formatters.slack import SlackFormatter
from formatters.spans import shorten
from formatters.telegram import TelegramFormatter
from tests.support.fakes import markup
from tests.support.golden import check
from tests.support.rendering import (
    CASES,
    COMMON,
    DIGESTS,
    FORTY,
    LANGUAGES,
    LISTENING,
    UNSAFE,
    Case,
    all_cases,
    each_case,
    each_digest,
    letters,
    letters_of,
    same_link,
    same_links,
    seen,
)
from tests.support.strategies import ADDRESS, NASTY, PAPER, nasty

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

TELEGRAM, SLACK, TERMINAL = (case.formatter for case in CASES[:3])
INDEX = Edition("index")
SPELLED = {"index": compose.index, "digest": compose.compact}
FACES = [(silent, here) for silent, here in product((False, True), repeat=2)]

each_layout = pytest.mark.parametrize("layout", LAYOUTS)


# The contract


@all_cases
@each_digest
def test_one_message_per_paper_with_its_title_and_link(case: Case, digest: Digest) -> None:
    messages = case.formatter.digest(digest)
    cards = [message for message in messages if message.key.startswith("paper/")]

    assert cards == list(messages[len(messages) - len(digest.papers) :])
    assert [card.key for card in cards] == [f"paper/{paper.id}" for paper in digest.papers]
    for paper, card in zip(digest.papers, cards, strict=True):
        shown = case.see(card)
        assert card == case.formatter.card(digest, paper)
        assert shown.text.startswith(f"{paper.number}. {paper.title}")
        assert letters(shown.text).startswith(letters_of(compose.summary_card(paper, case.words)))
        assert same_links(url for _, url in shown.links) == same_links(
            link.url for link in (*addresses.row(paper)[:8], Link("", links.safe(paper.url))) if link.url
        )


@all_cases
@each_digest
def test_a_list_says_everything_with_every_link(case: Case, digest: Digest) -> None:
    for layout, spell in SPELLED.items():
        listed = case.formatter.digest(digest, Edition(layout))
        shown = [case.see(message) for message in listed]

        assert [message.key for message in listed] == [layout, *(f"{layout}/{n}" for n in range(2, len(listed) + 1))]
        assert letters("".join(part.text for part in shown)) == letters_of(spell(digest, case.words))
        found = {(label, same_link(url)) for part in shown for label, url in part.links}
        titles = {(paper.title, links.safe(paper.url)) for paper in digest.papers}
        assert {(title, same_link(url)) for title, url in titles if url} <= found


@all_cases
@each_digest
def test_an_index_comes_before_the_papers(case: Case, digest: Digest) -> None:
    """It is the index that chats get which want nothing else, but for its buttons: each paper has its own."""
    index = case.formatter.digest(digest, INDEX)
    messages = case.formatter.digest(digest)[: len(index)]

    assert [message.key for message in messages] == [message.key for message in index]
    assert [case.see(message)[:2] for message in messages] == [case.see(message)[:2] for message in index]
    assert not any(case.see(message).buttons for message in messages)
    assert case.buttons or messages == index


@all_cases
def test_an_index_names_the_categories_where_there_are_several(case: Case) -> None:
    papers = tuple(Paper(name, n, f"Title {name}", "", (), (), "AAB"[n - 1]) for n, name in enumerate("xyz", 1))
    digest = Digest("x/2025-01-01", "X", date(2025, 1, 1), "X", "", "", papers)

    def shown(*listed: Paper) -> str:
        (message,) = case.formatter.digest(replace(digest, papers=listed), INDEX)
        return re.sub(r"\n\n+", "\n\n", case.see(message).text)

    assert "\n\nA\n1. Title x\n2. Title y\n\nB\n3. Title z" in shown(*papers)
    assert "\n\n1. Title x\n2. Title y" in shown(*papers[:2])


@all_cases
def test_a_thread_holds_the_same_messages(case: Case) -> None:
    for digest in DIGESTS.values():
        assert case.formatter.digest(digest, Edition("thread")) == case.formatter.digest(digest)


@all_cases
def test_one_compact_digest_in_as_few_messages_as_fit(case: Case) -> None:
    """No message could hold the next one as well."""
    for digest in DIGESTS.values():
        shown = [message.body for message in case.formatter.digest(digest, Edition("digest"))]

        assert len(shown) == 1 or digest == FORTY
        assert [pair for pair in pairwise(shown) if sum(map(fullness, pair)) <= 1] == []


def fullness(body: Mapping[str, object]) -> float:
    """Give the part of a message that is taken, by the limit that is nearest."""
    if "blocks" in body:
        found = seen("slack", body)
        return (len(found.text) + sum(len(url) for _, url in found.links)) / 10_000
    html = str(body["text"])
    text = markup.parse(html, "HTML")[0]
    tags = len(re.findall(r"<\w", html))
    return max(len(text.encode("utf-16-le")) / 2 / 4096, len(html.encode()) / 32_768, tags / 100)


@each_case
@each_digest
def test_the_full_summary_says_everything(case: Case, digest: Digest) -> None:
    for paper in digest.papers:
        messages = case.formatter.paper(paper)
        shown = [case.see(message) for message in messages]

        stem = f"full/{paper.id}"
        assert [message.key for message in messages] == [stem, *(f"{stem}/{n}" for n in range(2, len(messages) + 1))]
        assert letters("".join(part.text for part in shown)).startswith(letters_of(compose.full(paper, case.words)))
        assert not any(part.buttons for part in shown)


@each_case
@each_digest
def test_keys_are_unique_and_stay_when_papers_change_places(case: Case, digest: Digest) -> None:
    reordered = [replace(paper, number=n) for n, paper in enumerate(reversed(digest.papers), 1)]

    for edition in map(Edition, LAYOUTS):
        before = case.formatter.digest(digest, edition)
        after = case.formatter.digest(replace(digest, papers=tuple(reordered)), edition)

        assert len({message.key for message in before}) == len(before)
        assert {message.key for message in after} == {message.key for message in before}


@all_cases
def test_equal_papers_give_equal_messages(case: Case) -> None:
    """Also when a formatter was made to speak its language by another."""
    for language in LANGUAGES:
        again = case.formatter.in_language(phrases(language)).in_language(case.words)

        assert [again.digest(COMMON, Edition(layout)) for layout in LAYOUTS] == [
            case.formatter.digest(COMMON, Edition(layout)) for layout in LAYOUTS
        ]


@all_cases
def test_speaking_another_language(case: Case) -> None:
    (other,) = (one for one in (*CASES, *LISTENING) if is_translation(one, case))

    assert case.formatter.in_language(other.words).digest(COMMON) == other.formatter.digest(COMMON)
    assert case.formatter.in_language(other.words).digest(COMMON) != case.formatter.digest(COMMON)
    assert case.formatter.in_language(other.words).paper(COMMON.papers[0]) == case.formatter.paper(COMMON.papers[0])


def is_translation(one: Case, other: Case) -> bool:
    same = (one.formatter.channel, one.buttons) == (other.formatter.channel, other.buttons)
    return same and one.words.language != other.words.language


# Buttons


@pytest.mark.parametrize("case", LISTENING, ids=str)
@each_digest
def test_every_paper_has_one_button_that_names_it(case: Case, digest: Digest) -> None:
    for layout, (silent, here) in product(LAYOUTS, FACES):
        edition = Edition(layout, silent=silent, buttons_in_chat=here)
        shown = [case.see(message) for message in case.formatter.digest(digest, edition)]
        buttons = [button for message in shown for button in message.buttons]

        in_chat = here or case.formatter.channel == "slack"
        lines = [f"/paper {reference(digest, paper)}" for paper in digest.papers]
        assert [line for _, line in buttons] == (lines if in_chat else [f"/start paper-{line[7:]}" for line in lines])
        listed = layout in SPELLED
        labels = [str(paper.number) if listed else case.words.full_summary for paper in digest.papers]
        assert [label for label, _ in buttons] == labels
        assert [len(message.buttons) for message in shown if message.buttons] == (
            [len(lines)] * bool(lines) if listed else [1] * len(lines)
        )
        assert not listed or not any(message.rows for message in shown[:-1])  # below all that they belong to


@each_case
@each_layout
def test_who_does_not_listen_shows_no_buttons(case: Case, layout: str) -> None:
    for digest in DIGESTS.values():
        messages = case.formatter.digest(digest, Edition(layout, buttons_in_chat=True))

        assert not any(case.see(message).buttons for message in messages)
        assert [message for message in messages if "reply_markup" in message.body] == []


@pytest.mark.parametrize("case", LISTENING, ids=str)
@each_layout
def test_more_papers_than_buttons(case: Case, layout: str) -> None:
    papers = [Paper(f"p{n}", n, f"T{n}", "", (), ()) for n in range(1, 251)]
    digest = replace(COMMON, papers=tuple(papers))

    messages = case.formatter.digest(digest, Edition(layout, buttons_in_chat=True))

    most = {"telegram": 100, "slack": 200}[case.formatter.channel] if layout in SPELLED else 250
    lines = [line for message in messages for _, line in case.see(message).buttons]
    assert lines == [f"/paper {reference(digest, paper)}" for paper in papers[:most]]


def test_rows_of_numbers_fit_a_phone() -> None:
    buttons = TelegramFormatter(phrases("ko"), buttons=True).digest(FORTY, Edition("index", buttons_in_chat=True))[-1]
    blocks = SlackFormatter(phrases("ko"), buttons=True).digest(FORTY, INDEX)[-1]

    assert [len(row) for row in seen("telegram", buttons.body).rows] == [8] * 5
    assert [len(row) for row in seen("slack", blocks.body).rows] == [25, 15]


def test_a_reference_stays_the_same_for_ever() -> None:
    """Buttons and links that were sent hold them."""
    assert reference(COMMON, COMMON.papers[0]) == "242d0210ef484e77"
    names = [reference(digest, paper) for digest in DIGESTS.values() for paper in digest.papers]
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)
    assert len(set(names)) == len(names)


def test_a_reference_is_of_a_paper_in_its_digest() -> None:
    """Nothing else of either counts, and no two of them run together."""
    paper, others = COMMON.papers[0], COMMON.papers[1:]
    changed = replace(paper, number=7, title="Other", url="", links=(), sections=())
    glued = replace(COMMON, id=f"{COMMON.id}x"), replace(paper, id=paper.id[1:])

    assert reference(replace(COMMON, title="Other", papers=others), changed) == reference(COMMON, paper)
    assert reference(UNSAFE, paper) != reference(COMMON, paper)
    assert reference(*glued) != reference(COMMON, replace(paper, id=f"x{paper.id[1:]}"))


# Editions


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", ["", *LANGUAGES])
@pytest.mark.parametrize(("silent", "here"), FACES)
def test_an_edition_is_read_as_it_was_spelled(layout: str, language: str, silent: bool, here: bool) -> None:
    edition = Edition(layout, language, silent, here)

    assert Edition.read(str(edition)) == edition
    assert str(edition).startswith(THREAD) == (layout == THREAD)
    assert str(edition).split()[0] == layout


def test_how_editions_are_spelled() -> None:
    """The ledger holds them."""
    assert [
        str(Edition()),
        str(Edition("thread", "ko", silent=True, buttons_in_chat=True)),
        str(Edition("index", buttons_in_chat=True)),
    ] == [
        "messages",
        "thread ko silent here",
        "index here",
    ]


@all_cases
@each_digest
def test_silence_and_place_change_no_word(case: Case, digest: Digest) -> None:
    for layout, (silent, here) in product(LAYOUTS, FACES[1:]):
        plain = case.formatter.digest(digest, Edition(layout))
        messages = case.formatter.digest(digest, Edition(layout, silent=silent, buttons_in_chat=here))
        assert [unfaced(message) for message in messages] == [unfaced(message) for message in plain]
        assert case.formatter.channel == "telegram" or messages == plain


def unfaced(message: Message) -> tuple[str, dict[str, object]]:
    """Leave what neither silence nor the place of answers may change."""
    kept = {name: value for name, value in message.body.items() if name not in ("disable_notification", "reply_markup")}
    return message.key, kept


@each_layout
@pytest.mark.parametrize("silent", [False, True])
def test_one_message_makes_a_sound_unless_none_shall(layout: str, silent: bool) -> None:
    messages = TELEGRAM.digest(FORTY, Edition(layout, silent=silent))

    loud = [message.key for message in messages if not message.body["disable_notification"]]
    assert loud == [] if silent else [messages[0].key]
    assert len(messages) > 1


# Of the bot's own


@each_case
def test_a_notice_is_one_message_that_means_itself(case: Case) -> None:
    text = "<b>a</b> *b* _c_ ~d~ `e` [bold]f[/bold] &amp; <!channel> :smile: \\[g]"

    notice = case.formatter.notice(text)

    assert notice.key == "notice"
    assert case.see(notice)[:2] == (text, [])


@each_case
def test_a_long_notice_is_one_message_too(case: Case) -> None:
    assert case.see(case.formatter.notice("word " * 5000)).text.startswith("word word")


def test_an_answer_makes_a_sound() -> None:
    assert not TELEGRAM.notice("Hello").body["disable_notification"]


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("/search 로 찾을 수 있습니다.", "/papers-search 로 찾을 수 있습니다."),
        ("예: /settings 08:00", "예: /papers-settings 08:00"),
        ("(/subscribe now)", "(/papers-subscribe now)"),
        ("/unsubscribe, /status, /help.", "/papers-unsubscribe, /papers-status, /papers-help."),
        ("/paper 3, /papers 2025-01-06", "/paper 3, /papers 2025-01-06"),
        ("/papers-search x", "/papers-search x"),
        ("/searching, /var/status, https://a.org/help", "/searching, /var/status, https://a.org/help"),
        ("and/or/help a/search", "and/or/help a/search"),
    ],
)
def test_commands_have_longer_names_in_slack(text: str, spelled: str) -> None:
    assert seen("slack", SLACK.notice(text).body).text == spelled
    assert SLACK.notice(text).body["text"] == spelled
    assert seen("telegram", TELEGRAM.notice(text).body).text == text
    assert seen("terminal", TERMINAL.notice(text).body).text == text


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


@all_cases
@each_layout
def test_an_address_that_is_no_link_leads_nowhere(case: Case, layout: str) -> None:
    paper = UNSAFE.papers[3]

    for message in (*case.formatter.digest(UNSAFE, Edition(layout)), *case.formatter.paper(paper)):
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
    index, *_ = TELEGRAM.digest(FORTY, INDEX)
    long = Paper("x", 1, "Title", "https://a.org/" + "x" * 2000, (Link("L", "https://b.org/" + "x" * 2000),), ())
    (card,) = SLACK.paper(long)

    assert SLACK.plain(card.body)["text"] == card.body["text"] == "1. Title\n\na.org · L"
    assert "https://" not in str(TELEGRAM.plain(index.body)["text"])


def test_a_terminal_refuses_nothing() -> None:
    (index,) = TERMINAL.digest(COMMON, INDEX)

    assert TERMINAL.plain(index.body) == index.body


# Of one channel


def test_the_fallback_of_slack_says_the_same_as_its_blocks() -> None:
    for message in SLACK.digest(COMMON):
        fallback = str(message.body["text"]).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

        assert fallback == seen("slack", message.body).text


def test_the_fallback_of_slack_is_cut_between_characters() -> None:
    texts = ("&" * 800, "&" * 801, "a" * 4000, "a" * 4001, "a" * 3995 + "&", "a" * 3997 + "&")
    fallbacks = [str(SLACK.notice(text).body["text"]) for text in texts]

    assert fallbacks == [
        "&amp;" * 800,
        "&amp;" * 799 + "…",
        "a" * 4000,
        "a" * 3999 + "…",
        "a" * 3995 + "&amp;",
        "a" * 3997 + "…",
    ]


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

    index = [link for message in case.formatter.digest(digest, INDEX) for link in case.see(message).links]
    full = "".join(case.see(message).text for message in case.formatter.paper(styled))

    assert [label for label, _ in index] == [paper.title for paper in papers]
    assert letters(full).startswith(letters_of(compose.full(styled, case.words)))


# Whatever the input


@pytest.mark.parametrize("case", CASES[:3], ids=str)
@nasty
@given(paper=PAPER)
def test_any_paper_is_one_message_and_a_whole_summary(case: Case, paper: Paper) -> None:
    digest = Digest("x/2025-01-06", paper.title, date(2025, 1, 6), paper.title, paper.url, paper.title, (paper,))

    index = [case.see(message) for message in case.formatter.digest(digest, INDEX)]
    (card,) = case.formatter.digest(digest)[len(index) :]
    full = [case.see(message) for message in case.formatter.paper(paper)]

    assert letters("".join(part.text for part in index)) == letters_of(compose.index(digest, case.words))
    whole, shown = letters_of(compose.summary_card(paper, case.words)), letters(case.see(card).text)
    assert whole.startswith(shown) or shown.startswith(whole)
    assert shown.startswith(letters(f"{paper.number}. {shorten(paper.title, compose.LONGEST_TITLE)}"))
    assert letters("".join(part.text for part in full)).startswith(letters_of(compose.full(paper, case.words)))
    for message in (card, *case.formatter.paper(paper)):
        assert json.dumps(case.formatter.plain(message.body))


EDITION = st.builds(Edition, st.sampled_from(LAYOUTS), silent=st.booleans(), buttons_in_chat=st.booleans())


@pytest.mark.parametrize("case", [*LISTENING[:2], CASES[2]], ids=str)
@nasty
@given(st.lists(PAPER, max_size=4), NASTY, ADDRESS, EDITION)
def test_any_digest_in_any_edition(case: Case, drawn: list[Paper], text: str, url: str, edition: Edition) -> None:
    papers = tuple(replace(paper, id=f"p{n}", number=n) for n, paper in enumerate(drawn, 1))
    digest = Digest("x/2025-01-06", text, date(2025, 1, 6), text, url, text, papers)

    shown = [case.see(message) for message in case.formatter.digest(digest, edition)]

    if edition.layout in SPELLED:
        assert letters("".join(part.text for part in shown)) == letters_of(SPELLED[edition.layout](digest, case.words))
    buttons = [line.split()[1].removeprefix("paper-") for part in shown for _, line in part.buttons]
    assert buttons == [reference(digest, paper) for paper in papers if case.buttons]


# What people read, kept as files

SHOWN = {
    "daily-papers/2025-01-06": 2,
    "daily-papers/2025-01-07": 1,
    "arxiv/2025-01-10": 3,
    "daily-papers/2025-01-14": 1,
}
FILES = {"telegram": "html", "slack": "json", "terminal": "txt"}
KEEPING = {case.formatter.channel: case for case in (*LISTENING[:2], CASES[2])}
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


@pytest.mark.parametrize("channel", KEEPING)
def test_what_people_read_of_a_bot_that_listens(channel: str) -> None:
    case = KEEPING[channel]
    places = (False, True) if channel == "telegram" else (False,)
    editions = [Edition(layout, buttons_in_chat=here) for layout in SPELLED for here in places]
    shown = [(str(edition), message) for edition in editions for message in case.formatter.digest(COMMON, edition)]
    shown += [("messages", case.formatter.card(COMMON, COMMON.papers[0]))]

    check(
        f"editions.{channel}.txt",
        "".join(f"===== {edition}: {message.key}\n\n{case.write(message)}\n\n" for edition, message in shown),
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_people_read_of_papers_that_came_before(case: Case) -> None:
    """The first paper comes again, the second one does not; of the third nothing is known."""
    first, second, *others = COMMON.papers
    last = Earlier(date(2024, 12, 30), COMMON.day, "", "https://example.org/2024-12-30")
    once = Earlier(COMMON.day, COMMON.day, "Other Papers", "", is_enough=True)
    papers = (replace(first, earlier=last), replace(second, earlier=once), *others)
    digest = replace(COMMON, papers=papers)

    messages = [(layout, one) for layout in SPELLED for one in case.formatter.digest(digest, Edition(layout))]
    cards = case.formatter.digest(digest)[1:]
    fulls = [one for paper in papers[:2] for one in case.formatter.paper(paper)]

    assert [one.key for one in cards] == [f"paper/{paper.id}" for paper in (first, *others)]
    shown = [*messages, *(("messages", one) for one in (cards[0], *fulls))]
    text = "".join(f"===== {edition}: {message.key}\n\n{readable(message)}\n\n" for edition, message in shown)
    check(f"repeats.{case.words.language}.{FILES[case.formatter.channel]}", text)
