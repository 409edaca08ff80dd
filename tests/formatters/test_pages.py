"""Answers with buttons: every channel shows all of them, and every button says a line that is understood."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.parsing.preferences import PreferenceChange, parse_choice_page, parse_preferences
from bot.conversation.parsing.query import parse_query
from bot.conversation.parsing.sources import parse_source_choice, split_source
from bot.conversation.parsing.text import split_page
from formatters import pages
from formatters.compose import brief, help_text
from formatters.locale import Phrases, phrases
from formatters.message import Message
from formatters.model import Digest
from formatters.page import Button, Page, SearchHit, reference
from formatters.slack import SlackFormatter
from formatters.spans import plain, shorten
from formatters.telegram import TelegramFormatter
from tests.support.golden import check
from tests.support.rendering import CASES, COMMON, FORTY, LANGUAGES, Case, each_case, letters, letters_of, seen
from tests.support.strategies import NASTY, PAPER, nasty

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

TODAY = date(2025, 1, 20)
LAYOUTS = {"slack": ("thread", "messages", "digest", "index")}
WEEK = range(7)
NEAR = (date(2025, 1, 13), date(2025, 1, 10))


def hits_of(digest: Digest) -> list[SearchHit]:
    return [SearchHit(reference(digest, one), one.number, one.title, brief(one), digest.day) for one in digest.papers]


def found(catalogue: Phrases, page: int, count: int) -> Page:
    shown = hits_of(FORTY)[(page - 1) * pages.HITS_ON_A_PAGE :][: pages.HITS_ON_A_PAGE]
    turn = pages.Turn("/search ~12", "/search token", page, page * pages.HITS_ON_A_PAGE < count)
    return pages.hits(catalogue.found("token", count), shown, catalogue, turn)


def chosen(catalogue: Phrases, channel: str, **preferences: object) -> Page:
    """Show settings, those that are not named as they are at first."""
    usual: dict[str, object] = {"receives": True, "closed": False, "layout": "messages", "language": catalogue.language}
    silent = False if channel == "telegram" else None
    when = pages.hours_text(time(8, 30), WEEK, "Asia/Seoul", catalogue)
    note = str(preferences.pop("note", ""))
    shown = pages.PreferencesView(**{**usual, "silent": silent, "hours": when, **preferences})  # type: ignore[arg-type]
    return pages.settings(shown, catalogue, LAYOUTS.get(channel, ("messages", "digest", "index")), note)


def status_page(catalogue: Phrases, *, stuck: bool) -> Page:
    lines = [
        catalogue.status.format(digest="daily-papers/2025-01-06", papers=catalogue.papers(3)),
        catalogue.status_line.format(chats=2, sent=7, all=8) + (f", {catalogue.states['failed']} 1" if stuck else ""),
        *(["telegram @my_channel: Chat not found; check the address"] if stuck else []),
        "",
    ]
    return pages.status(lines, catalogue, stuck=stuck)


PAGES: Mapping[str, Callable[[Phrases, str], Page]] = {
    "papers": lambda catalogue, _: pages.papers(COMMON, catalogue, 1),
    "papers 1 of 2": lambda catalogue, _: pages.papers(FORTY, catalogue, 1),
    "papers 2 of 2": lambda catalogue, _: pages.papers(FORTY, catalogue, 2),
    "hits": lambda catalogue, _: found(catalogue, 1, 5),
    "hits 2 of 3": lambda catalogue, _: found(catalogue, 2, 12),
    "choice": lambda catalogue, _: pages.choice(hits_of(COMMON), catalogue),
    "stands above": lambda catalogue, _: pages.stands_above(COMMON, COMMON.papers[0], catalogue),
    "days": lambda catalogue, _: pages.days(
        catalogue.no_such_day.format(day=catalogue.day(date(2025, 1, 12))),
        NEAR,
        catalogue,
    ),
    "days of a paper": lambda catalogue, _: pages.days(
        catalogue.no_such_day.format(day=catalogue.day(date(2025, 1, 12))),
        NEAR,
        catalogue,
        3,
    ),
    "suggestion": lambda catalogue, _: pages.suggestion(
        catalogue.unknown_command.format(command="/setings"), "/settings", "/settings", catalogue
    ),
    "welcome": lambda catalogue, channel: pages.welcome(catalogue, members=channel == "slack"),
    "start": lambda catalogue, _: pages.start(help_text(catalogue.help, catalogue.commands), catalogue),
    "settings": lambda catalogue, channel: chosen(catalogue, channel),
    "settings changed": lambda catalogue, channel: chosen(
        catalogue,
        channel,
        layout="digest",
        silent=True if channel == "telegram" else None,
        hours=pages.hours_text(time(7, 5), range(5), "Europe/Berlin", catalogue),
        note=catalogue.saved,
    ),
    "settings of cards": lambda catalogue, channel: chosen(catalogue, channel, cards="folded", most_cards=0),
    "settings of five short cards": lambda catalogue, channel: chosen(
        catalogue, channel, cards="short", most_cards=5, sources=("daily", "hf")
    ),
    "hours": lambda catalogue, _: pages.hours(pages.hours_text(time(7), WEEK, "Asia/Seoul", catalogue), catalogue),
    "number of cards": lambda catalogue, _: pages.number_of_cards(5, catalogue),
    "settings of a stranger": lambda catalogue, channel: chosen(catalogue, channel, receives=False, layout="index"),
    "settings of a closed chat": lambda catalogue, channel: chosen(catalogue, channel, closed=True),
    "settings with sources": lambda catalogue, channel: chosen(catalogue, channel, sources=("daily", "hf")),
    "sources": lambda catalogue, _: pages.sources({"daily": True, "Hugging Face": False}, catalogue),
    "lists": lambda catalogue, _: pages.lists([("daily", COMMON), ("Hugging Face", FORTY)], catalogue),
    "papers of a source": lambda catalogue, _: pages.papers(FORTY, catalogue, 1, "Hugging Face"),
    "status": lambda catalogue, _: status_page(catalogue, stuck=False),
    "status with problems": lambda catalogue, _: status_page(catalogue, stuck=True),
}

each_page = pytest.mark.parametrize("name", PAGES)


def page_of(case: Case, name: str) -> tuple[Page, Message]:
    page = PAGES[name](case.words, case.formatter.channel)
    return page, case.formatter.page(page)


def buttons_of(page: Page) -> list[Button]:
    return [*(item.button for item in page.items), *(button for row in page.rows for button in row)]


# What every channel makes of a page


@each_case
@each_page
def test_every_button_is_there_in_order(case: Case, name: str) -> None:
    page, message = page_of(case, name)
    shown = case.see(message)
    buttons = buttons_of(page)

    assert message.key == "page"
    if case.formatter.channel == "terminal":
        assert shown.buttons == []
        typed = [line.strip() for line in shown.text.splitlines() if line.startswith("  ")]
        assert typed == [button.typed or button.line for button in buttons]
    else:
        assert [line for _, line in shown.buttons] == [button.line for button in buttons]


@each_case
@each_page
def test_every_word_is_there(case: Case, name: str) -> None:
    page, message = page_of(case, name)
    text, head = letters(case.see(message).text), letters(typed_in(case, plain(page.head)))
    items = [letters_of(item.spans) for item in page.items]

    assert text.startswith(head)
    if case.formatter.channel == "telegram":
        assert text == head + ("" if page.wide else "".join(items))
    elif case.formatter.channel == "slack":
        assert text == head + "".join(items)
    else:
        places = [text.index(item) for item in items]
        assert places == sorted(places)


def typed_in(case: Case, text: str) -> str:
    """Name commands as they are typed in a channel."""
    names = ("search", "subscribe", "unsubscribe", "settings", "status", "help")
    for name in names if case.formatter.channel == "slack" else ():
        text = text.replace(f"/{name}", f"/papers-{name}")
    return text


@pytest.mark.parametrize("language", LANGUAGES)
@each_page
def test_what_buttons_say(name: str, language: str) -> None:
    """In Slack an item's text stands beside its button, which need not repeat it."""
    telegram, slack = (case for case in CASES[:2] if case.words.language == "ko")
    page = PAGES[name](phrases(language), "telegram")

    keys = seen("telegram", telegram.formatter.page(page).body).rows
    pressed = seen("slack", slack.formatter.page(page).body).rows

    rows = [[button.label for button in row] for row in page.rows]
    items = [item.button for item in page.items]
    first = len(keys) - len(rows)
    assert [[label for label, _ in row] for row in keys[first:]] == rows
    in_slack = [[label.replace("/settings", "/papers-settings") for label in row] for row in rows]
    assert [[label for label, _ in row] for row in pressed] == [*([button.short] for button in items), *in_slack]
    assert [label for row in keys[:first] for label, _ in row] == [shorten(button.label, 64) for button in items]
    assert {len(row) for row in keys[:first]} <= ({1} if page.wide else {*range(1, 9)})
    assert all(len(label) <= 30 for row in rows for label in row)  # what telephones show of one


def test_an_answer_makes_a_sound_in_telegram() -> None:
    """Somebody waits for it."""
    formatter = TelegramFormatter(phrases("en"))

    assert not any(
        formatter.page(make(phrases("en"), "telegram")).body["disable_notification"] for make in PAGES.values()
    )


@each_page
def test_slack_without_blocks_still_says_everything(name: str) -> None:
    formatter = SlackFormatter(phrases("ko"))
    message = formatter.page(PAGES[name](phrases("ko"), "slack"))

    body = formatter.plain(message.body)

    assert body.keys() == message.body.keys() - {"blocks"}
    assert letters(str(body["text"])) == letters(seen("slack", message.body).text)


@each_page
def test_telegram_without_markup_keeps_the_buttons(name: str) -> None:
    formatter = TelegramFormatter(phrases("ko"))
    message = formatter.page(PAGES[name](phrases("ko"), "telegram"))

    body = formatter.plain(message.body)

    assert body == {key: value for key, value in message.body.items() if key != "parse_mode"} | {"text": body["text"]}
    assert letters(str(body["text"])) == letters(seen("telegram", message.body).text)


# What buttons say is understood, and nothing but ids travels with them


def lines() -> Iterator[tuple[str, str]]:
    """Walk the lines of all buttons on all pages, with what is typed instead."""
    for make in PAGES.values():
        for channel in ("telegram", "slack"):
            yield from ((one.line, one.typed or one.line) for one in buttons_of(make(phrases("ko"), channel)))


SOURCES = ("daily", "Hugging Face")
LINES, TYPED = ({*group} for group in zip(*lines(), strict=True))
FORMS = (
    r"/paper [0-9a-f]{16}",
    r"/paper \d+ \d{4}-\d\d-\d\d",
    r"/papers \d{4}-\d\d-\d\d(?: ~[0-9a-f]{8})?(?: #\d+)?",
    r"/search ~\d+ #\d+",
    r"/(?:un)?subscribe(?: now)?",
    r"/settings (?:layout [a-z]+|language [a-z]{2}|silent|loud|default)",
    r"/settings \d\d:\d\d",
    r"/settings cards (?:folded|short|all|\d+)",
    r"/settings|/settings (?:sources|hours|cards)|/settings with(?:out)? ~[0-9a-f]{8}",
    r"/status retry",
)


def test_the_lines_of_buttons_have_few_forms() -> None:
    forms = {line: [form for form in FORMS if re.fullmatch(form, line)] for line in LINES}

    assert [line for line, fitting in forms.items() if len(fitting) != 1] == []
    assert {form for fitting in forms.values() for form in fitting} == {*FORMS}


@pytest.mark.parametrize("line", sorted(LINES | TYPED))
def test_a_line_is_understood(line: str) -> None:
    name, _, argument = line.removeprefix("/").partition(" ")

    assert name in {**phrases("ko").commands, **phrases("ko").operator_commands}
    if name in ("paper", "papers"):
        rest, source = split_source(split_page(argument)[0], SOURCES)
        want = parse_query(rest, TODAY)
        assert bool(source) == ("~" in line or any(name in line for name in SOURCES))
        assert not want.words
        assert (bool(want.ref), want.day is not None) in ((True, False), (False, True))
        assert (want.number is not None) == (name == "paper" and not want.ref)
    elif (
        name == "settings" and argument and not (parse_choice_page(argument) or parse_source_choice(argument, SOURCES))
    ):
        assert parse_preferences(argument) != PreferenceChange()
    elif name == "search":
        assert split_page(argument)[1] > 1 or argument.endswith("#1")


def test_what_a_button_gives_is_what_is_typed_instead() -> None:
    """The papers of a digest: by reference, and by number and day."""
    buttons = buttons_of(pages.papers(FORTY, phrases("ko"), 2))[: pages.PAPERS_ON_A_PAGE]

    for paper, button in zip(FORTY.papers[20:], buttons, strict=True):
        given, instead = (parse_query(line.partition(" ")[2], TODAY) for line in (button.line, button.typed))
        assert given.ref == reference(FORTY, paper)
        assert (instead.number, instead.day) == (paper.number, FORTY.day)


# Paging


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 40, 41, 60])
def test_all_papers_are_listed_once(count: int) -> None:
    digest = replace(FORTY, papers=tuple(replace(FORTY.papers[0], id=f"p{n}", number=n) for n in range(1, count + 1)))
    last = max(1, -(-count // 20))
    turned = [pages.papers(digest, phrases("ko"), page) for page in range(1, last + 1)]

    assert [item.button.line for page in turned for item in page.items] == [
        f"/paper {reference(digest, paper)}" for paper in digest.papers
    ]
    assert [[button.line for row in page.rows for button in row] for page in turned] == [
        [f"/papers 2025-01-15 #{other}" for other in (page - 1, page + 1) if 1 <= other <= last]
        for page in range(1, last + 1)
    ]
    assert {button.label for page in turned for row in page.rows for button in row} <= {"◀ 이전", "다음 ▶"}


@pytest.mark.parametrize(
    ("page", "more", "row"),
    [
        (1, False, []),
        (1, True, [("More ▶", "/search ~7 #2", "/search a b #2")]),
        (2, True, [("◀ Back", "/search ~7 #1", "/search a b #1"), ("More ▶", "/search ~7 #3", "/search a b #3")]),
        (3, False, [("◀ Back", "/search ~7 #2", "/search a b #2")]),
    ],
)
def test_search_results_are_turned(page: int, more: bool, row: list[tuple[str, str, str]]) -> None:
    shown = pages.hits("“a b”", hits_of(COMMON), phrases("en"), pages.Turn("/search ~7", "/search a b", page, more))

    assert [(button.label, button.line, button.typed) for buttons in shown.rows for button in buttons] == row
    first = (page - 1) * pages.HITS_ON_A_PAGE + 1
    assert [item.button.label for item in shown.items] == [str(first + place) for place in range(3)]
    assert [plain(item.spans).partition(".")[0] for item in shown.items] == [str(first + place) for place in range(3)]


def test_a_hit_without_a_sentence_has_no_empty_line() -> None:
    (hit, *_) = hits_of(COMMON)
    turn = pages.Turn("/search ~1", "/search a", 1, more=False)

    (item,) = pages.hits("a", [replace(hit, line="")], phrases("ko"), turn).items

    assert plain(item.spans) == f"1. {hit.title}\n2025년 1월 6일 (월)"


# Settings


@each_case
def test_what_is_chosen_is_not_offered(case: Case) -> None:
    channel = case.formatter.channel
    layouts = LAYOUTS.get(channel, ("messages", "digest", "index"))

    for layout in layouts:
        offered = [button.line for button in buttons_of(chosen(case.words, channel, layout=layout))]
        assert [line for line in offered if "layout" in line] == [
            f"/settings layout {one}" for one in layouts if one != layout
        ]
        (language,) = {*LANGUAGES} - {case.words.language}
        assert [line for line in offered if "language" in line] == [f"/settings language {language}"]


@each_case
def test_on_a_telephone_no_more_than_two_buttons_of_settings_stand_in_a_row(case: Case) -> None:
    shown = [name for name in PAGES if "settings" in name or name in ("hours", "number of cards", "sources")]
    assert max(len(row) for name in shown for row in page_of(case, name)[0].rows) == 2


def test_cards_are_offered_where_there_are_any() -> None:
    folded = {one.line for one in buttons_of(chosen(phrases("en"), "telegram", cards="folded", most_cards=0))}
    short = {one.line for one in buttons_of(chosen(phrases("en"), "telegram", cards="short"))}
    assert {line for line in folded if "cards" in line} == {"/settings cards short", "/settings cards"}
    assert {line for line in short if "cards" in line} == {"/settings cards folded"}
    assert not any("card" in one.line for one in buttons_of(chosen(phrases("en"), "telegram")))


@pytest.mark.parametrize(("now", "offered"), [(0, "3 5 10 20"), (5, "3 10 20 all"), (7, "3 5 10 20 all")])
def test_other_numbers_of_cards_are_offered(now: int, offered: str) -> None:
    page = pages.number_of_cards(now, phrases("en"))
    assert [one.line for one in buttons_of(page)] == [
        *(f"/settings cards {one}" for one in offered.split()),
        "/settings",
    ]


@pytest.mark.parametrize(
    ("silent", "line"), [(True, "/settings loud"), (False, "/settings silent"), (None, None)], ids=str
)
def test_sound_is_offered_where_there_is_one(silent: bool | None, line: str | None) -> None:
    page = chosen(phrases("en"), "telegram", silent=silent)

    assert [one.line for one in buttons_of(page) if one.line in ("/settings loud", "/settings silent")] == (
        [line] if line else []
    )
    assert ("Sound" in plain(page.head)) == (silent is not None)
    assert all(page.rows)


@pytest.mark.parametrize(
    ("receives", "closed", "state", "line"),
    [
        (True, False, "receives", "/unsubscribe"),
        (False, False, "receives_not", "/subscribe"),
        (True, True, "closed", "/unsubscribe"),
    ],
)
def test_whether_a_chat_receives(receives: bool, closed: bool, state: str, line: str) -> None:
    page = chosen(phrases("ko"), "telegram", receives=receives, closed=closed)

    assert plain(page.head).splitlines()[:2] == ["설정", getattr(phrases("ko"), state)]
    assert page.rows[-1][-1].line == line


def test_a_note_stands_first() -> None:
    assert plain(chosen(phrases("en"), "slack", note="Saved.").head).startswith("Saved.\n\nSettings\n")


@pytest.mark.parametrize(
    ("weekdays", "korean", "english"),
    [
        (range(7), "매일 08:05 (UTC)", "every day at 08:05 (UTC)"),
        (range(5), "월–금 08:05 (UTC)", "Mon–Fri at 08:05 (UTC)"),
        ([1, 2, 3], "화–목 08:05 (UTC)", "Tue–Thu at 08:05 (UTC)"),
        ([5, 6], "토, 일 08:05 (UTC)", "Sat, Sun at 08:05 (UTC)"),
        ([0, 2, 4], "월, 수, 금 08:05 (UTC)", "Mon, Wed, Fri at 08:05 (UTC)"),
        ([0, 1, 2, 6], "월, 화, 수, 일 08:05 (UTC)", "Mon, Tue, Wed, Sun at 08:05 (UTC)"),
        ([3], "목 08:05 (UTC)", "Thu at 08:05 (UTC)"),
    ],
)
def test_when_digests_come(weekdays: list[int], korean: str, english: str) -> None:
    assert [pages.hours_text(time(8, 5), weekdays, "UTC", phrases(language)) for language in LANGUAGES] == [
        korean,
        english,
    ]


@pytest.mark.parametrize(
    ("language", "near", "text"),
    [
        ("ko", "", "모르는 설정입니다: 무엄. 예: /settings 08:00 Asia/Seoul mon-fri"),
        ("ko", "무음", "모르는 설정입니다: 무엄. 예: /settings 08:00 Asia/Seoul mon-fri\n혹시 ‘무음’ 말씀이신가요?"),
        (
            "en",
            "무음",
            "I do not know the setting “무엄”. For example: /settings 08:00 Asia/Seoul mon-fri\nDid you mean “무음”?",
        ),
    ],
)
def test_a_word_that_is_no_setting(language: str, near: str, text: str) -> None:
    assert pages.help_with_settings("무엄", near, phrases(language)) == text


def test_the_example_of_settings_is_one() -> None:
    (example,) = re.findall(r"/settings (.+)", pages.help_with_settings("x", "", phrases("ko")))

    assert parse_preferences(example) == PreferenceChange(at=time(8, 0), zone="Asia/Seoul", days="mon-fri")


# Whatever the words

LONG = [
    *("<b>&amp;</b> *a* _b_ [link=x] <!channel> " * 10, "word " * 80, "w" * 400, "가나다 " * 100, "😀" * 400),
    *("\n\t" * 200 + "x", "[" * 400, "\\" * 400, "&" * 400, "`" * 400),
]


@each_case
@pytest.mark.parametrize("title", LONG, ids=range(len(LONG)))
def test_forty_papers_with_monstrous_titles(case: Case, title: str) -> None:
    digest = replace(FORTY, papers=tuple(replace(paper, title=title[:400]) for paper in FORTY.papers))
    turn = pages.Turn("/search ~1", "/search x", 2, more=True)
    hits = [replace(hit, line=title) for hit in hits_of(digest)]
    made = (
        *(pages.papers(digest, case.words, page) for page in (1, 2)),
        pages.hits(case.words.found(title[:40], 40), hits[:5], case.words, turn),
        pages.choice(hits[:8], case.words),
        pages.stands_above(digest, digest.papers[0], case.words),
    )

    for page in made:
        shown = case.see(case.formatter.page(page))
        text = letters(shown.text)
        assert text.startswith(letters_of(page.head))
        if case.formatter.channel != "terminal":
            assert [line for _, line in shown.buttons] == [button.line for button in buttons_of(page)]
        if case.formatter.channel != "telegram" or not page.wide:
            assert all(letters_of(item.spans) in text for item in page.items)


LINE = NASTY.map(lambda text: text[:500])
HIT = st.builds(
    SearchHit,
    st.just("0" * 16),
    st.integers(1, 9999),
    NASTY.map(lambda text: f"a{text}"),
    NASTY,
    st.dates(date(2000, 1, 1)),
)


@pytest.mark.parametrize("case", CASES[:3], ids=str)
@nasty
@given(st.lists(PAPER, max_size=30), st.lists(HIT, max_size=8), st.lists(LINE, min_size=1, max_size=60), NASTY)
def test_any_page_is_taken(
    case: Case, papers: list[object], hits: list[SearchHit], texts: list[str], text: str
) -> None:
    digest = replace(COMMON, series=f"x{text}", papers=tuple(papers))  # type: ignore[arg-type]
    turn = pages.Turn(f"/search ~{10**9}", f"/search {text}", 10**11, more=True)
    made = (
        pages.papers(digest, case.words, 1),
        pages.hits(f"“{text}”", hits[:5], case.words, turn),
        pages.choice(hits, case.words),
        pages.status([*texts, "x"], case.words, stuck=True),
        pages.days(f"x{text}", [date(1, 1, 1), date(9999, 12, 31)], case.words, 10**12 - 1),
    )

    for page in made:
        message = case.formatter.page(page)
        shown = case.see(message)
        if case.formatter.channel != "terminal":
            assert [line for _, line in shown.buttons] == [button.line for button in buttons_of(page)]
        assert case.formatter.plain(message.body)


@each_case
def test_a_status_longer_than_a_message_keeps_its_button(case: Case) -> None:
    problems = [
        f"telegram -100{n}: Chat not found; check the address, and that the bot is a member" for n in range(300)
    ]

    shown = case.see(case.formatter.page(pages.status(problems, case.words, stuck=True)))

    assert problems[0] in shown.text
    assert case.formatter.channel == "terminal" or [line for _, line in shown.buttons] == ["/status retry"]


# What people read, kept as files


@pytest.mark.parametrize("channel", ["telegram", "slack", "terminal"])
def test_what_people_read(channel: str) -> None:
    cases = [case for case in CASES if case.formatter.channel == channel]
    kept = [name for name in PAGES if name != "papers 1 of 2"]  # which the second shows as well
    shown = [
        f"===== {name}, {case.words.language}\n\n{case.write(page_of(case, name)[1])}"
        for name in kept
        for case in cases
    ]

    check(f"pages.{channel}.txt", "\n\n".join(shown) + "\n")
