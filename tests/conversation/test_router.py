"""Type a line, read the answer: each command, for who may and who may not, right and wrong input, both languages."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot import errors
from bot.conversation.context import Request, Response
from bot.conversation.throttle import Throttle
from bot.delivery.decisions import Rules
from formatters import pages
from formatters.compose import help_text
from formatters.locale import Phrases
from formatters.model import Digest, Paper
from formatters.page import reference
from formatters.slack import SlackFormatter
from tests.support.chats import CHANNEL, GROUP, ROOM
from tests.support.digests import found
from tests.support.memory_channel import Failure, MemoryChannel, refused
from tests.support.pipeline import Pipeline
from tests.support.readers import (
    ANN,
    ARXIV,
    BOSS,
    EN,
    KO,
    LONG,
    MINA,
    NEWEST,
    OPERATOR,
    SEEN,
    SETTINGS,
    Reader,
    Readers,
    deliver_digests,
    open_readers,
    yes,
)
from tests.support.rendering import seen

MINI, SINKS, AGAIN, RL = NEWEST.papers
ATTENTION, BATCH, DIFFUSION = SEEN.papers
WHICH = EN.which_paper.format(last=4)
USUAL = pages.hours_text(SETTINGS.schedule.at, range(7), "Asia/Seoul", EN)
USUAL_KO = pages.hours_text(SETTINGS.schedule.at, range(7), "Asia/Seoul", KO)
NOISE = "𝕟𝕠𝕚𝕤𝕖 ‮\u200b\x00\ud800\N{ZERO WIDTH JOINER}ㄱ ~#@/<b>*_`[]" * 200


def none(number: object, last: int = 4) -> str:
    return EN.no_such_paper.format(number=number, last=last)


def unknown(name: str, said: Phrases = EN) -> str:
    return said.unknown_command.format(command=name)


def in_slack(text: str) -> str:
    """Name commands as they are typed there."""
    return seen("slack", SlackFormatter(EN).notice(text).body).text


def head(paper: Paper) -> str:
    return f"{paper.number}. {paper.title}\n"


def full(digest: Digest, paper: Paper) -> str:
    return f"/paper {reference(digest, paper)}"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("readers") / "template.db"
    with capture_logs():
        asyncio.run(deliver_digests(path))
    return path


@pytest.fixture
async def readers(tmp_path: Path, template: Path) -> AsyncIterator[Readers]:
    async with open_readers(tmp_path, template) as readers:
        yield readers


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Readers]:
    async with open_readers(tmp_path, None) as readers:
        yield readers


@pytest.fixture
def ann(readers: Readers) -> Reader:
    """Be somebody who never talked to the bot, in a private chat, in English."""
    return readers.reader()


# --- /paper


async def test_a_paper_in_full(ann: Reader) -> None:
    (said,) = await ann.sees("/paper 1")
    assert said.text.startswith(head(MINI))
    assert [f"\nPart {n}\n" in said.text for n in (1, 2, 3)] == [True] * 3
    assert ("PDF", "https://arxiv.org/pdf/2509.07969") in said.links
    assert ("GitHub", "https://github.com/example/1") in said.links


@pytest.mark.parametrize(
    "line",
    [
        *("/paper 2", "/paper ２", "paper 2", "/PAPER 2", "  /paper   2 ", "/paper\t2", "/paper　2", "/paper 02"),
        *("/paper #2", "/paper no. 2", "/paper 2번", "/paper \u200f2\u200f", "／paper 2", "2", "２번"),
    ],
)
async def test_by_number(ann: Reader, line: str) -> None:
    assert (await ann.reads(line)).startswith(head(SINKS))


@pytest.mark.parametrize(
    ("line", "paper"),
    [
        ("/paper 2 2025-09-08", BATCH),
        ("/paper 2025-09-08 2", BATCH),
        ("/paper 2025.9.8 2번", BATCH),
        ("/paper ２ ２０２５－０９－０８", BATCH),
        ("/paper 45 2025년 9월 5일", LONG.papers[44]),
        ("/paper 5 20250910", ARXIV.papers[1]),
        ("/paper attention 2025-09-08", ATTENTION),
        ("/paper 2509.07969", MINI),
        ("/paper 2509.07969v2", MINI),
        ("/paper arXiv:2509.07969", MINI),
        ("/paper https://arxiv.org/abs/2509.07969", MINI),
        ("/paper <https://arxiv.org/pdf/2509.07969v1.pdf|arxiv.org>", MINI),
        ("/paper https://huggingface.co/papers/2509.07969", MINI),
        ("https://arxiv.org/abs/2509.07969", MINI),
        ("2509.07969", MINI),
        ("/paper mini-o3", MINI),
        ("/paper VISUAL reasoning", MINI),
        ("/paper sinks", SINKS),
        ("/paper batch normalization", AGAIN),  # presented twice: the newer
        ("/paper 강화", RL),
        ("/paper 눈", DIFFUSION),
        ("/paper 확산모델", DIFFUSION),
        (full(SEEN, BATCH), BATCH),
        (full(SEEN, BATCH).upper(), BATCH),
        (f"/start paper-{reference(SEEN, BATCH)}", BATCH),
    ],
)
async def test_by_day_id_link_or_title(ann: Reader, line: str, paper: Paper) -> None:
    assert (await ann.reads(line)).startswith(head(paper))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/paper", WHICH),
        ("/paper 99", none(99)),
        ("/paper 0", none(0)),
        ("/paper -1", none(-1)),
        ("/paper −1", none(-1)),
        ("/paper 99999999999999999999", none("99999999")),
        ("/paper 5", none(5)),  # the other series has one
        ("/paper 6 2025-09-10", none(6, last=5)),
        ("/paper 2025-09-08", EN.which_paper.format(last=3)),
        ("/paper abc", EN.no_such_title.format(words="abc")),
        ("/paper two", EN.no_such_title.format(words="two")),
        ("/paper 2.5", EN.no_such_title.format(words="2.5")),
        ("/paper sinks 2025-09-08", EN.no_such_title.format(words="sinks")),
        ("/paper -", EN.no_such_title.format(words="-")),
        ("/paper {last} [bold]", EN.no_such_title.format(words="{last} [bold]")),
        ("/paper \u202e\u200f", WHICH),
        ("/paper 2401.00001", EN.no_such_id.format(paper="2401.00001")),
        ("/paper 0123456789abcdef", EN.paper_gone),
        ("/start paper-0123456789abcdef", EN.paper_gone),
        ("/start paper-", WHICH),
    ],
)
async def test_a_paper_that_there_is_not(ann: Reader, line: str, said: str) -> None:
    assert await ann.reads(line) == said


async def test_of_several_titles_the_reader_chooses_the_newest_first(ann: Reader) -> None:
    papers = [(NEWEST, SINKS), (ARXIV, ARXIV.papers[1]), (SEEN, ATTENTION)]
    assert await ann.buttons("/paper attention") == {paper.title: full(day, paper) for day, paper in papers}
    assert (await ann.pressing.reads(full(SEEN, ATTENTION))).startswith(head(ATTENTION))


async def test_titles_presented_again_keep_their_place_among_others(readers: Readers) -> None:
    """The newest of each is offered, and the newest of all comes first."""
    again = replace(LONG, papers=(replace(LONG.papers[0], id="2509.09999"), LONG.papers[1]))
    twice = replace(again, id="daily-papers/2025-09-09", day=NEWEST.day.replace(day=9))
    pipeline = Pipeline(
        readers.ledger, readers.clock, MemoryChannel(name="telegram", formatter=readers.router.formatters["telegram"])
    )
    await pipeline.look([found(twice)])
    assert list(await readers.reader().buttons("/paper filler study"))[:3] == [f"Filler Study {n}" for n in (1, 2, 3)]
    assert (await readers.reader().buttons("/paper filler study"))["Filler Study 1"] == full(twice, twice.papers[0])


async def test_no_more_titles_are_offered_than_somebody_reads(ann: Reader) -> None:
    assert len(await ann.buttons("/paper filler")) == 8


async def test_of_two_series_on_a_day_the_reader_chooses(ann: Reader) -> None:
    chosen = await ann.buttons("/paper 1 2025-09-10")
    assert list(chosen.values()) == [full(ARXIV, ARXIV.papers[0]), full(NEWEST, MINI)]
    assert next(iter(chosen)) == "Arxiv: A Survey of Surveys"


async def test_a_number_is_of_the_digest_that_this_chat_saw_last(readers: Readers) -> None:
    """Mina left after the eighth, and nobody else is asked for what she saw."""
    for line in ("/paper 1", "1"):
        assert (await readers.reader(MINA, "en").reads(line)).startswith(head(ATTENTION))
        assert (await readers.reader(ANN).reads(line)).startswith(head(MINI))
    assert (await readers.member().reads("/paper 1")).startswith(head(MINI))


async def test_a_day_without_a_digest_offers_the_nearest_with_what_was_asked_for(ann: Reader) -> None:
    (said,) = await ann.sees("/paper 2 2025-09-07")
    assert said.text == EN.no_such_day.format(day="Sunday, 7 September 2025")
    assert [line for _, line in said.buttons] == [f"/paper 2 2025-09-{day}" for day in ("08", "05", "10")]
    assert "/papers 2025-09-08" in (await ann.buttons("/paper 2025-09-07")).values()


async def test_an_answer_names_the_line_that_gives_it_again(ann: Reader) -> None:
    assert (await ann.hears("/paper mini")).share_line == full(NEWEST, MINI)


# --- /papers


async def test_the_newest_index_has_a_line_to_tap_for_each_paper(ann: Reader) -> None:
    (said,) = await ann.sees("/papers")
    assert said.text.startswith("Daily Papers · Wednesday, 10 September 2025\n4 papers\n")
    assert [line for _, line in said.buttons] == [full(NEWEST, paper) for paper in NEWEST.papers]
    assert said.buttons[3][0] == "4. 강화학습의 모든 것"


@pytest.mark.parametrize(
    "line", ["/papers 2025-09-08", "/papers 2025/9/8", "papers 20250908", "/papers 2025년 9월 8일"]
)
async def test_the_index_of_a_day(ann: Reader, line: str) -> None:
    assert list((await ann.buttons(line)).values()) == [full(SEEN, paper) for paper in SEEN.papers]


async def test_both_indexes_of_a_day_with_two_series(ann: Reader) -> None:
    answer = await ann.hears("/papers 2025-09-10")
    assert len(answer.messages) == 2
    assert not answer.replaces_page  # two messages cannot take the place of one


@pytest.mark.parametrize(
    ("page", "numbers", "turns"),
    [
        ("", range(1, 21), ["#2"]),
        (" #2", range(21, 41), ["#1", "#3"]),
        (" #3", range(41, 46), ["#2"]),
        (" #4", range(41, 46), ["#2"]),
        (" #999999999999999999999", range(41, 46), ["#2"]),
        (" #0", range(1, 21), ["#2"]),
    ],
)
async def test_pages_of_a_long_index(ann: Reader, page: str, numbers: range, turns: list[str]) -> None:
    answer = await ann.hears(f"/papers 2025-09-05{page}")
    buttons = list((await ann.buttons(f"/papers 2025-09-05{page}")).values())
    assert buttons[: len(numbers)] == [full(LONG, LONG.papers[n - 1]) for n in numbers]
    assert buttons[len(numbers) :] == [f"/papers 2025-09-05 {turn}" for turn in turns]
    assert answer.replaces_page


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/papers 2025-09-07", "Sunday, 7 September 2025"),
        ("/papers 1999-01-01", "Friday, 1 January 1999"),
        ("/papers 2025-13-45", "2025-13-45"),
        ("/papers soon", "soon"),
        ("/papers 3", "3"),
        (f"/papers {'x' * 4000}", "x" * 40),
    ],
)
async def test_no_index_of_that_day(ann: Reader, line: str, said: str) -> None:
    (answer,) = await ann.sees(line)
    assert answer.text == EN.no_such_day.format(day=said)
    assert {line.split()[0] for _, line in answer.buttons} == {"/papers"}
    assert len(answer.buttons) == 3


# --- /search


async def test_hits_are_listed_newest_first_with_a_line_each(ann: Reader) -> None:
    (said,) = await ann.sees("/search batch normalization")
    assert said.text.startswith(f"{EN.found('batch normalization', 2)}\n")
    assert [line for _, line in said.buttons] == [full(NEWEST, AGAIN), full(SEEN, BATCH)]
    assert said.text.index("once more") < said.text.index("8 September")


@pytest.mark.parametrize(
    ("words", "paper"),
    [
        ("확산", DIFFUSION),
        ("눈", DIFFUSION),
        ("모델로 그린다", DIFFUSION),
        ("강화학습", RL),
        ("transl", ATTENTION),  # an English word may only be begun
        ("TRANSLATING alone", ATTENTION),
        ("2509.07969", MINI),
        ("“mini-o3”", MINI),
    ],
)
async def test_words_of_the_whole_archive(ann: Reader, words: str, paper: Paper) -> None:
    (said,) = await ann.sees(f"/search {words}")
    assert paper.title in said.text
    assert len(said.buttons) == 1


@pytest.mark.parametrize("words", ["zzz", "없는말", "!?", '"', "*", "title:mini", "{z}", "산확", "~", "#"])
async def test_nothing_found(ann: Reader, words: str) -> None:
    assert await ann.reads(f"/search {words}") == EN.nothing_found.format(words=words)


@pytest.mark.parametrize("line", ["/search", "/search  \u200b", "search"])
async def test_searching_for_nothing(ann: Reader, line: str) -> None:
    assert await ann.reads(line) == EN.search_what


async def test_hits_are_turned_page_by_page_with_ids_only(ann: Reader) -> None:
    turns = [await ann.buttons("/search filler study")]
    for _ in range(8):
        turns.append(await ann.pressing.buttons(turns[-1][EN.next]))
    hits = [line for page in turns for label, line in page.items() if label not in (EN.next, EN.previous)]
    assert hits == [full(LONG, paper) for paper in LONG.papers]
    assert EN.next not in turns[-1]
    assert await ann.pressing.buttons(turns[-1][EN.previous]) == turns[-2]
    assert (await ann.pressing.hears(turns[-1][EN.previous])).replaces_page
    assert "filler" not in str(turns)


async def test_a_page_beyond_the_last_is_the_last(ann: Reader) -> None:
    last = await ann.reads("/search filler #9")
    assert "45. Filler Study 45" in last
    assert await ann.reads("/search filler #10") == await ann.reads("/search filler #999999999999") == last
    assert "41. Filler" not in await ann.reads("/search filler #0")


async def test_pages_of_another_chat_are_no_business_of_this_one(readers: Readers) -> None:
    turn = (await readers.reader().buttons("/search filler"))[EN.next]
    for stranger in (readers.reader("43"), readers.member(meant=True), readers.slack(), readers.reader("43").pressing):
        said = await stranger.reads(turn)
        assert said == (KO if stranger.request.kind == "group" else EN).stale_page
        assert "filler" not in said
    assert await readers.reader().reads("/search ~999999") == EN.stale_page
    assert "10. Filler Study 10" in await readers.reader().reads(turn)


# --- /subscribe and /unsubscribe


async def test_a_stranger_subscribes(readers: Readers) -> None:
    assert await readers.reader().reads("/subscribe") == EN.subscribed.format(when=USUAL)
    chat = await readers.chat(ANN)
    assert (chat.state, chat.kind, chat.language) == ("active", "private", "en")
    assert await readers.ledger.chats_wanting_newest() == []
    assert readers.woken
    assert await readers.reader().reads("/subscribe") == EN.already_subscribed.format(when=USUAL)


async def test_what_subscribing_does_not_take_gets_help(readers: Readers) -> None:
    said = await readers.reader().reads("/subscribe 08:00")
    assert said == f"/subscribe – {EN.commands['subscribe']}"
    assert await readers.ledger.subscriptions.find("telegram", (ANN,)) is None


@pytest.mark.parametrize("line", ["/subscribe now", "/subscribe NOW ", "/subscribe 지금"])
async def test_a_new_subscriber_wants_the_newest_at_once(readers: Readers, line: str) -> None:
    assert await readers.reader().reads(line) == EN.subscribed_now
    assert await readers.ledger.chats_wanting_newest() == [(await readers.chat(ANN)).id]


async def test_before_there_is_any_digest_nothing_is_on_its_way(empty: Readers) -> None:
    assert await empty.reader().reads("/subscribe now") == EN.subscribed.format(when=USUAL)
    assert await empty.reader().reads("/subscribe now") == EN.already_subscribed.format(when=USUAL)


async def test_a_subscriber_who_lacks_the_newest_may_want_it_now(readers: Readers) -> None:
    mina = readers.reader(MINA)
    assert await mina.reads("/subscribe") == EN.subscribed.format(when=USUAL)
    assert await mina.reads("/subscribe now") == EN.subscribed_now
    assert await readers.ledger.chats_wanting_newest() == [(await readers.chat(MINA)).id]


async def test_who_has_the_newest_is_subscribed_already(readers: Readers) -> None:
    said = await readers.member(charge=True).reads("/subscribe now")
    assert said == KO.already_subscribed.format(when=pages.hours_text(SETTINGS.schedule.at, range(7), "Asia/Seoul", KO))
    assert await readers.ledger.chats_wanting_newest() == []
    assert not readers.woken


async def test_unsubscribing_and_coming_back(readers: Readers) -> None:
    ann = readers.reader()
    assert await ann.reads("/unsubscribe") == EN.not_subscribed
    await ann.hears("/subscribe")
    assert await ann.reads("/unsubscribe") == EN.unsubscribed
    assert not (await readers.chat(ANN)).receives
    assert await ann.reads("/unsubscribe") == EN.not_subscribed
    assert await ann.reads("/subscribe") == EN.subscribed.format(when=USUAL)
    assert (await readers.chat(ANN)).receives


async def test_a_paused_chat_goes_on_when_it_subscribes(readers: Readers) -> None:
    ann = readers.reader()
    await ann.hears("/subscribe")
    await readers.ledger.subscriptions.pause((await readers.chat(ANN)).id, "blocked")
    assert EN.closed in await ann.reads("/settings")
    assert await ann.reads("/subscribe") == EN.subscribed.format(when=USUAL)
    assert (await readers.chat(ANN)).state == "active"


@pytest.mark.parametrize(
    "line", ["/subscribe", "/subscribe now", "/unsubscribe", "/settings silent", "/settings reset"]
)
async def test_who_does_not_administer_a_group_or_channel_decides_nothing(readers: Readers, line: str) -> None:
    before = await readers.chat(GROUP)
    for reader in (readers.member(), readers.member(MINA, meant=True), readers.member().pressing):
        answer = await reader.hears(line)
        assert (await reader.reads(line), answer.toast) == (KO.administrators_only, KO.administrators_only)
    assert await readers.chat(GROUP) == before
    stranger = replace(
        readers.channel(), request=replace(readers.channel().request, is_admin=Request("telegram", "0").is_admin)
    )
    assert await stranger.reads(line) == KO.administrators_only
    assert await readers.ledger.subscriptions.find("telegram", (CHANNEL,)) is None
    assert not readers.woken


async def test_administrators_decide_for_a_group(readers: Readers) -> None:
    assert await readers.member(charge=True).reads("/unsubscribe") == KO.unsubscribed
    assert not (await readers.chat(GROUP)).receives
    assert await readers.member(charge=True).pressing.reads("/subscribe now") == KO.subscribed.format(when=USUAL_KO)
    assert (await readers.chat(GROUP)).receives


async def test_a_channel_decides_for_itself(readers: Readers) -> None:
    assert await readers.channel().reads("/subscribe now") == KO.subscribed_now
    chat = await readers.chat(CHANNEL)
    assert (chat.kind, chat.state, chat.language) == ("channel", "active", "")  # what the operator set


async def test_a_chat_that_the_settings_name_otherwise_is_the_same_chat(readers: Readers) -> None:
    await readers.ledger.sync_chats("telegram", "messages", {"@our_channel": "@our_channel"})
    named = replace(readers.channel(), request=replace(readers.channel().request, aliases=(CHANNEL, "@Our_Channel")))
    assert (await named.reads("/subscribe")).startswith(KO.already_subscribed.partition("{")[0])
    assert await named.reads("/unsubscribe") == KO.unsubscribed
    assert not (await readers.chat("@our_channel")).receives
    assert await readers.ledger.subscriptions.find("telegram", (CHANNEL,)) is None


# --- /settings


async def test_what_a_stranger_would_receive(readers: Readers) -> None:
    (said,) = await readers.reader().sees("/settings")
    assert said.text.splitlines()[:6] == [
        EN.settings,
        EN.receives_not,
        f"{EN.layout}: {EN.layouts['messages']}",
        f"{EN.own_language}: English",
        f"{EN.sound}: {EN.loud}",
        f"{EN.time}: {USUAL}",
    ]
    assert await readers.ledger.subscriptions.find("telegram", (ANN,)) is None  # looking notes nothing
    assert [line for _, line in said.buttons] == [
        *("/settings layout digest", "/settings layout index", "/settings language ko", "/settings silent"),
        *("/settings default", "/subscribe"),
    ]


@pytest.mark.parametrize(
    ("line", "preferences"),
    [
        ("/settings layout digest", {"layout": "digest"}),
        ("/settings 목록", {"layout": "index"}),
        ("/settings language ko", {"language": "ko"}),
        ("/settings English", {"language": "en"}),
        ("/settings silent", {"silent": True}),
        ("/settings 무음", {"silent": True}),
        ("/settings loud", {"silent": False}),
        ("/settings 07:15", {"schedule": "07:15 mon-sun Asia/Seoul"}),
        ("/settings 0:00", {"schedule": "00:00 mon-sun Asia/Seoul"}),
        ("/settings weekdays", {"schedule": "08:30 mon-fri Asia/Seoul"}),
        ("/settings New York", {"schedule": "08:30 mon-sun America/New_York"}),
        ("/settings 08:00 Asia/Seoul mon-fri", {"schedule": "08:00 mon-fri Asia/Seoul"}),
        ("/settings 평일 오전 8시 30분 서울 무음 영어", {"schedule": "08:30 mon-fri Asia/Seoul", "silent": True}),
    ],
)
async def test_wishes_are_kept_and_shown(readers: Readers, line: str, preferences: dict[str, object]) -> None:
    shown = await readers.reader().reads(line)
    chat = await readers.chat(ANN)
    assert {name: getattr(chat, name) for name in preferences} == preferences
    assert not chat.receives  # to wish is not to subscribe
    assert shown.startswith((EN.saved, KO.saved))
    assert readers.woken


async def test_wishes_are_committed_before_the_answer(readers: Readers, tmp_path: Path) -> None:
    """As another process sees the ledger the moment that the answer is there."""
    db = sqlite3.connect(tmp_path / "readers.db")
    for line, column, value in (
        ("/subscribe", "state", "active"),
        ("/settings index", "layout", "index"),
        ("/settings 07:00", "schedule", "07:00 mon-sun Asia/Seoul"),
        ("/unsubscribe", "state", "removed"),
    ):
        await readers.reader().hears(line)
        assert db.execute(f"SELECT {column} FROM chats WHERE name = ?", (ANN,)).fetchone() == (value,)
    db.close()


async def test_one_wish_leaves_the_others_as_they_were(readers: Readers) -> None:
    ann = readers.reader()
    for line in ("/settings index silent", "/settings 07:00 mon,wed London", "/settings 21:00", "/settings loud"):
        await ann.hears(line)
    chat = await readers.chat(ANN)
    assert (chat.layout, chat.silent, chat.schedule) == ("index", False, "21:00 mon,wed Europe/London")
    assert pages.hours_text(SETTINGS.schedule.at.replace(21, 0), [0, 2], "Europe/London", EN) in await ann.reads(
        "/settings"
    )


async def test_everything_goes_back_to_what_was_usual(readers: Readers) -> None:
    ann = readers.reader()
    before = await ann.reads("/settings")
    await ann.hears("/settings digest ko silent 07:00 mon London")
    assert (await ann.reads("/settings default")).endswith(before)
    assert await ann.reads("/settings") == before
    chat = await readers.chat(ANN)
    assert (chat.layout, chat.language, chat.silent, chat.schedule) == ("", "en", False, "")


async def test_everything_but_what_is_wished_besides_goes_back(readers: Readers) -> None:
    ann = readers.reader()
    await ann.hears("/settings digest ko silent 07:00 mon London")
    await ann.hears("/settings reset index 09:00")
    chat = await readers.chat(ANN)
    assert (chat.layout, chat.language, chat.silent, chat.schedule) == (
        "index",
        "en",
        False,
        "09:00 mon-sun Asia/Seoul",
    )


@pytest.mark.parametrize(
    ("line", "word", "near"),
    [
        ("/settings digset", "digset", "digest"),
        ("/settings 08:00 Seol", "Seol", "Asia/Seoul"),
        ("/settings ko en", "en", ""),
        ("/settings thread", "thread", "messages"),
        ("/settings 25:00", "25:00", ""),
        (f"/settings {'x' * 4000}", "x" * 40, ""),
    ],
)
async def test_a_setting_that_is_none(readers: Readers, line: str, word: str, near: str) -> None:
    assert await readers.reader().reads(line) == pages.help_with_settings(word, near, EN)
    assert await readers.ledger.subscriptions.find("telegram", (ANN,)) is None


async def test_a_new_language_speaks_at_once(readers: Readers) -> None:
    ann = readers.reader()
    assert (await ann.reads("/settings language ko")).startswith(f"{KO.saved}\n\n{KO.settings}\n")
    assert await ann.reads("/unsubscribe") == KO.not_subscribed


async def test_a_pressed_button_changes_the_page_and_says_so_in_a_note(readers: Readers) -> None:
    answer = await readers.reader().pressing.hears("/settings layout index")
    assert (answer.replaces_page, answer.toast) == (True, EN.saved)
    assert not (await readers.reader().pressing.reads("/settings layout digest")).startswith(EN.saved)


async def test_a_page_says_what_the_group_receives_whoever_presses(readers: Readers) -> None:
    """The group receives in Korean, as the operator set."""
    boss = readers.member(charge=True).pressing
    (said,) = await boss.sees("/settings layout index")
    assert f"{KO.own_language}: 한국어" in said.text
    assert "/settings language en" in {line for _, line in said.buttons}
    assert (await readers.chat(GROUP)).language == ""


async def test_a_page_that_one_alone_sees_says_what_the_room_receives(readers: Readers) -> None:
    """The page is in English, and the digests are in Korean."""
    (said,) = await readers.slack(room=ROOM, alone=True).sees("/settings")
    assert f"{EN.own_language}: 한국어" in said.text
    assert {"/settings language en", "/settings language ko"} & {line for _, line in said.buttons} == {
        "/settings language en"
    }


async def test_slack_has_threads_and_no_silence(readers: Readers) -> None:
    ann = readers.slack()
    (said,) = await ann.sees("/settings layout messages")
    assert "/settings layout thread" in {line for _, line in said.buttons}
    assert EN.sound not in said.text
    for line, word in (("/settings silent", "silent"), ("/settings loud", "loud")):
        assert await ann.reads(line) == in_slack(pages.help_with_settings(word, "", EN))
    assert (await ann.reads("/settings thread")).startswith(EN.saved)


async def test_hours_of_an_operator_who_writes_blanks_are_a_base_for_wishes(tmp_path: Path) -> None:
    schedule = SETTINGS.schedule.model_copy(update={"days": "mon, wed, fri"})
    async with open_readers(tmp_path, None, SETTINGS.model_copy(update={"schedule": schedule})) as readers:
        await readers.reader().hears("/settings 07:00")
        assert (await readers.chat(ANN)).schedule == "07:00 mon,wed,fri Asia/Seoul"
        assert "07:00" in await readers.reader().reads("/settings")


# --- /status


async def test_only_operators_read_the_receipt(readers: Readers) -> None:
    for reader in (
        readers.reader(),
        readers.member(charge=True),
        readers.channel(),
        readers.slack(),
        readers.slack(OPERATOR),
    ):
        for line in ("/status", "/status retry"):
            said = EN if reader.request.kind == "private" else KO
            assert await reader.reads(line) == said.operators_only
    operators = [
        readers.reader(OPERATOR),
        readers.member(OPERATOR),
        readers.member(OPERATOR).pressing,
        readers.slack(BOSS),
    ]
    for reader in [*operators, readers.terminal()]:
        assert "daily-papers/2025-09-10" in await reader.reads("/status")
    assert not readers.woken


async def test_the_receipt_when_all_is_well(readers: Readers) -> None:
    (said,) = await readers.reader(OPERATOR).sees("/status")
    assert said.text.split("\n\n")[-1].splitlines() == [
        EN.status.format(digest="daily-papers/2025-09-10", papers="4 papers"),
        EN.status_line.format(chats=1, sent=5, all=5),
    ]
    assert said.buttons == []


async def test_the_receipt_of_trouble_and_what_is_sent_again(readers: Readers) -> None:
    """One chat is closed to us, one message is refused, one is in doubt, and a post has no papers yet."""
    channel = MemoryChannel(name="telegram", formatter=readers.router.formatters["telegram"], readable=False)
    pipeline = Pipeline(readers.ledger, readers.clock, channel)
    await pipeline.subscriber("51", now=True)
    await pipeline.subscriber("52", now=True)
    channel.failures["51"] += [Failure(errors.Unconfirmed("reset")), Failure()]
    channel.failures["51"] += [refused(errors.Rejected("too long")) for _ in range(2)]
    channel.failures["52"] += [refused(errors.ChatGone("52: blocked"))]
    empty = replace(NEWEST, id="daily-papers/2025-09-11", day=NEWEST.day.replace(day=11), papers=())
    await pipeline.look(
        [found(LONG), found(SEEN), found(ARXIV), found(NEWEST), found(empty)], rules=Rules(gate_wait=60)
    )
    await pipeline.drain()
    (said,) = await readers.reader(OPERATOR).sees("/status")
    states = EN.states
    assert f"{states['failed']} 2, {states['pending']} 4, {states['unconfirmed']} 1" in said.text
    for problem in ("telegram 51: too long", "telegram 52: paused: 52: blocked", "held: the post has no papers yet"):
        assert problem in said.text
    assert [line for _, line in said.buttons] == ["/status retry"]
    answer = await readers.reader(OPERATOR).pressing.hears("/status retry")
    assert answer.toast == EN.resent(3)
    assert readers.woken
    channel.failures.clear()
    await pipeline.drain()
    assert [len(channel.chats[chat]) for chat in ("51", "52")] == [5, 5]
    assert await readers.reader(OPERATOR).buttons("/status") == {}
    assert await readers.reader(OPERATOR).reads("/status RETRY") == EN.resent(0)


async def test_of_many_problems_some_are_told(readers: Readers) -> None:
    channel = MemoryChannel(name="telegram", formatter=readers.router.formatters["telegram"])
    pipeline = Pipeline(readers.ledger, readers.clock, channel)
    for n in range(60, 72):
        channel.failures[str(n)] += [refused(errors.ChatGone(f"{n}: blocked"))]
        await pipeline.subscriber(str(n), now=True)
    await pipeline.run([found(NEWEST)])
    said = await readers.reader(OPERATOR).reads("/status")
    assert said.count(": blocked") == 10
    assert said.endswith("… +2")


async def test_nothing_was_delivered(empty: Readers) -> None:
    assert await empty.reader(OPERATOR).reads("/status") == EN.nothing_delivered


# --- /start, /help, and what is no command


async def test_a_stranger_is_greeted_and_may_subscribe(readers: Readers) -> None:
    assert list((await readers.reader().buttons("/start")).values()) == ["/subscribe now", "/subscribe"]
    assert await readers.reader().reads("/start") == help_text(EN.help, EN.commands)


@pytest.mark.parametrize("payload", ["", " ref-from-somewhere", " \u202e"])
async def test_a_subscriber_gets_help(readers: Readers, payload: str) -> None:
    await readers.reader().hears("/subscribe")
    assert await readers.reader().reads(f"/start{payload}") == await readers.reader().reads("/help")
    assert await readers.reader().buttons(f"/start{payload}") == {}


@pytest.mark.parametrize("line", ["/help", "help", "/Help", "/help me"])
async def test_help(readers: Readers, line: str) -> None:
    assert await readers.reader().reads(line) == help_text(EN.help, EN.commands)
    assert await readers.reader(OPERATOR).reads(line) == help_text(EN.help, EN.commands | EN.operator_commands)


async def test_help_names_every_command_and_no_other(readers: Readers) -> None:
    for name in {**EN.commands, **EN.operator_commands}:
        assert unknown(f"/{name}") != await readers.reader().reads(f"/{name}")
    assert EN.commands.keys() == KO.commands.keys()


@pytest.mark.parametrize(
    "name",
    [
        "hello",
        "/",
        "/paper3",
        "/{command}",
        "[bold]",
        ":smile:",
        "<b>",
        "안녕",
        "𝕩",
        "/paper@other",
        "/unknown",
        "&amp;",
    ],
)
async def test_anything_else_gets_a_way_out_in_a_private_chat(readers: Readers, name: str) -> None:
    shown = "x" if name == "𝕩" else name
    assert await readers.reader().reads(f"{name} there") == unknown(shown)
    assert await readers.terminal().reads(f"{name} there") == unknown(shown, KO)
    assert await readers.slack().reads(f"{name} there") == in_slack(unknown(shown))


@pytest.mark.parametrize("line", ["", "   ", "\n", "\u200f\u202e", "\x00", "\ud800"])
async def test_nothing_that_can_be_seen(readers: Readers, line: str) -> None:
    assert await readers.reader().reads(line) == unknown("")


async def test_noise_is_repeated_in_part_only(readers: Readers) -> None:
    assert len(NOISE) >= 4000
    said = await readers.reader().reads(NOISE)
    assert said.startswith(unknown("noise"))
    assert await readers.reader().reads("x" * 4000) == unknown("x" * 40)
    for command in ("/paper", "/papers", "/search", "/settings"):
        assert len(await readers.reader().reads(f"{command} {NOISE}")) < 500


@pytest.mark.parametrize(
    "line", ["/paper 1", "/paper", "/papers", "/papers 2025-09-10", "/papers soon", "/paper 1 2025-09-10"]
)
async def test_before_the_first_digest(empty: Readers, line: str) -> None:
    assert await empty.reader().reads(line) == EN.no_digest


@pytest.mark.parametrize("line", ["/search attention", "/paper attention", "/paper 2509.07969"])
async def test_before_the_first_digest_nothing_is_found(empty: Readers, line: str) -> None:
    said = await empty.reader().reads(line)
    assert said in {
        EN.nothing_found.format(words="attention"),
        EN.no_such_title.format(words="attention"),
        EN.no_such_id.format(paper="2509.07969"),
    }


async def test_a_line_has_an_end(readers: Readers) -> None:
    """Slack lets people send forty thousand characters."""
    assert await readers.reader().reads(f"/paper {' ' * 5000}2") == WHICH
    assert await readers.reader().reads(f"{' ' * 5000}2") == unknown("")


# --- groups


@pytest.mark.parametrize(
    "line", ["/unknown", "/paper3", "hello", "paper 1", "help me please", "1", "2509.07969", "", "/", "start", NOISE]
)
async def test_what_may_be_meant_for_others_gets_silence_in_a_group(readers: Readers, line: str) -> None:
    assert await readers.member().hears(line) == Response()


async def test_a_known_command_is_answered_in_a_group(readers: Readers) -> None:
    assert (await readers.member().reads("/paper 1")).startswith(head(MINI))
    assert await readers.member().reads("/paper 99") == KO.no_such_paper.format(number=99, last=4)


async def test_what_is_surely_meant_is_answered_in_a_group(readers: Readers) -> None:
    assert (await readers.member(meant=True).reads("paper 1")).startswith(head(MINI))
    assert await readers.member(meant=True).reads("/unknown") == unknown("/unknown", KO)


async def test_a_group_is_greeted_with_what_its_administrators_may_press(readers: Readers) -> None:
    said = seen("telegram", (await readers.router.welcome(readers.member().request)).body)
    assert said.text == KO.welcome
    assert [line for _, line in said.buttons] == ["/subscribe now", "/subscribe"]


# --- languages


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ko", KO),
        ("ko-KR", KO),
        ("KO_kr", KO),
        ("en", EN),
        ("en-US", EN),
        ("de", EN),
        ("kok", EN),  # Konkani
        ("", KO),  # the platform does not tell: what the operator set
    ],
)
async def test_the_platform_tells_the_readers_language(readers: Readers, code: str, said: Phrases) -> None:
    assert await readers.reader(language=code).reads("/search") == said.search_what
    await readers.reader(language=code).hears("/subscribe")
    assert (await readers.chat(ANN)).language == (said.language if code else "")


async def test_what_was_set_counts_more_than_what_the_platform_tells(readers: Readers) -> None:
    await readers.reader().hears("/settings language ko")
    assert await readers.reader(language="de").reads("/search") == KO.search_what


async def test_in_a_group_the_group_is_spoken_to_whoever_presses(readers: Readers) -> None:
    """Who presses would else turn a page that all see into his own language."""
    assert await readers.member().reads("/search") == KO.search_what
    assert await readers.member().pressing.reads("/search") == KO.search_what
    assert await readers.member(language="").pressing.reads("/search") == KO.search_what
    await readers.member(charge=True).hears("/settings language en")
    assert await readers.member(language="ko").reads("/search") == EN.search_what
    assert await readers.member(language="ko").pressing.reads("/search") == EN.search_what


async def test_who_alone_sees_an_answer_reads_it_in_his_own_language(readers: Readers) -> None:
    assert await readers.slack(room=ROOM, alone=True).reads("/search") == in_slack(EN.search_what)
    assert await readers.slack(room=ROOM).reads("/search") == in_slack(KO.search_what)


async def test_papers_and_days_are_spelled_in_the_readers_language(readers: Readers) -> None:
    assert (await readers.reader(language="ko").reads("/papers")).startswith(
        "Daily Papers · 2025년 9월 10일 (수)\n논문 4편\n"
    )
    assert await readers.reader(language="ko").reads("/paper 9") == KO.no_such_paper.format(number=9, last=4)


async def test_other_ways_of_answering_know_the_reader_too(readers: Readers) -> None:
    """Inline mode answers no line."""
    context = await readers.router.context_for(readers.reader(MINA, "ko").request)
    assert (context.phrases, context.chat) == (KO, await readers.chat(MINA))


# --- flooding


@pytest.fixture
def slow(readers: Readers) -> list[float]:
    """Let three lines come at once, then one a second, by a clock that a test sets."""
    now = [0.0]
    readers.router.throttle, readers.router.clock = Throttle(burst=3, per_second=1.0), lambda: now[0]
    return now


async def test_who_floods_is_told_once_and_then_ignored_until_he_is_quiet(readers: Readers, slow: list[float]) -> None:
    said = [await readers.reader().reads("/search") for _ in range(8)]
    assert said == [EN.search_what] * 3 + [EN.slow_down] + [""] * 4
    slow[0] += 1
    assert await readers.reader().hears("/subscribe") == Response()
    assert await readers.ledger.subscriptions.find("telegram", (ANN,)) is None
    slow[0] += 5
    assert await readers.reader().reads("/search") == EN.search_what


async def test_who_presses_too_fast_reads_it_in_a_note(readers: Readers, slow: list[float]) -> None:
    answers = [await readers.reader().pressing.hears("/search") for _ in range(4)]
    assert answers[-1].toast == EN.slow_down


async def test_others_are_answered_while_one_floods(readers: Readers, slow: list[float]) -> None:
    for _ in range(9):
        await readers.member().hears("/search")
    for other, said in ((readers.member(MINA), KO.search_what), (readers.reader(), EN.search_what)):
        assert await other.reads("/search") == said


async def test_a_group_as_a_whole_is_answered_as_often_as_the_platform_lets_us(readers: Readers) -> None:
    """Eight at once, then one in some seconds, whoever asks; each member a few at once."""
    now = 0.0
    readers.router.clock = lambda: now
    said = [await readers.member("1").reads("/search") for _ in range(5)]
    assert said == [KO.search_what] * 3 + [KO.slow_down, ""]
    said = [await readers.member(str(user)).reads("/search") for user in range(2, 9)]
    assert said == [KO.search_what] * 5 + [""] * 2  # nobody is to blame, and nobody is told off
    assert await readers.reader("8").reads("/search") == EN.search_what
    now += 7
    said = [await readers.member(str(user)).reads("/search") for user in (20, 21)]
    assert said == [KO.search_what, ""]


async def test_topics_of_a_group_are_one_group(readers: Readers) -> None:
    readers.router.clock = lambda: 0.0
    members = [readers.member(str(n)) for n in range(9)]
    topics = [replace(one, request=replace(one.request, address=f"{GROUP}:{n}")) for n, one in enumerate(members)]
    assert [bool(await topic.reads("/search")) for topic in topics] == [True] * 8 + [False]


async def test_who_alone_sees_the_answers_takes_nothing_from_the_others(readers: Readers) -> None:
    readers.router.clock = lambda: 0.0
    alone = readers.slack(room=ROOM, alone=True)
    assert [bool(await alone.reads("/search")) for _ in range(7)] == [True] * 6 + [False]  # a note is one of them
    assert await readers.slack("U0BOB", room=ROOM).reads("/search") == in_slack(KO.search_what)


async def test_what_is_meant_for_others_is_not_counted(readers: Readers, slow: list[float]) -> None:
    """Somebody plays with another bot in the same group."""
    for _ in range(9):
        assert await readers.member().hears("/roll 6") == Response()
    assert await readers.member().reads("/search") == KO.search_what


# --- whatever is typed


COMMANDS = (*EN.commands, *EN.operator_commands, "start", "unknown", "paper@other")
PIECES = st.sampled_from(
    [
        *(
            "1",
            "-1",
            "３",
            "99",
            "2025-09-10",
            "2025-02-30",
            "0000-00-00",
            "어제",
            "now",
            "retry",
            "paper-",
            "~1",
            "~",
            "#2",
        ),
        *(
            "#999999999999999",
            "mini-o3",
            "확산",
            "눈",
            "2509.07969",
            "https://arxiv.org/abs/2509.07969",
            reference(SEEN, BATCH),
        ),
        *(
            "silent",
            "ko",
            "25:00",
            "08:00",
            "Asia/Seoul",
            "mon-fri",
            "reset",
            "digest",
            "thread",
            "NEAR(",
            '"',
            "AND",
            "{0}",
        ),
        *("\u202e", "\ud800", "\x00", "𝟛", "٣", "[/bold]", "<b>", "&", "%s", "🦊" * 50),
    ]
)
LINES = st.builds(
    lambda slash, name, pieces: f"{slash}{name} {' '.join(pieces)}",
    st.sampled_from(["/", "", "//", "／"]),
    st.sampled_from(COMMANDS),
    st.lists(PIECES | st.text(max_size=20), max_size=4),
)
ASKERS = st.builds(
    Request,
    channel=st.sampled_from(["telegram", "slack", "terminal"]),
    address=st.sampled_from([MINA, ANN, GROUP, CHANNEL, ROOM]),
    kind=st.sampled_from(["private", "group", "channel"]),
    user=st.sampled_from(["", ANN, OPERATOR]),
    language=st.sampled_from(["", "ko", "en-US"]) | st.text(max_size=5),
    aliases=st.lists(st.sampled_from([GROUP, "@our_group"])).map(tuple),
    addressed=st.booleans(),
    from_button=st.booleans(),
    private=st.booleans(),
    is_admin=st.sampled_from([yes, Request("telegram", "0").is_admin]),
)


@pytest.fixture(scope="module")
def kept_readers(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Readers]]:
    """Keep one ledger open for whatever comes."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        folder = tmp_path_factory.mktemp("open")
        yield runner, runner.run(stack.enter_async_context(open_readers(folder, template)))
        runner.run(stack.aclose())


@settings(max_examples=150)
@given(request=ASKERS, line=LINES | st.text())
def test_whatever_is_typed_is_answered_and_nothing_breaks(
    kept_readers: tuple[asyncio.Runner, Readers], request: Request, line: str
) -> None:
    runner, readers = kept_readers
    reader = Reader(readers.router, request)
    answer = runner.run(reader.hears(line))
    assert isinstance(answer, Response)
    said = runner.run(reader.sees(line))  # all of it can be sent
    if request.addressed:
        assert said
        assert all(one.text.strip() for one in said)
    elif answer.messages:
        assert line.lstrip().startswith(("/", "／"))
    assert bool(answer.toast) <= bool(answer.messages)
    assert answer.replaces_page <= (len(answer.messages) == 1)
