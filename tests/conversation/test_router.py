"""Type a line, read the answer: greetings, unknown lines, groups, languages, too many lines."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.context import Request, Response
from bot.conversation.limits import AnswerLimits
from bot.conversation.parsing.text import normalise
from bot.conversation.throttle import Throttle
from formatters.compose import help_text
from formatters.locale import Phrases
from formatters.page import reference
from tests.support.chats import CHANNEL, GROUP, SLACK_CHAT
from tests.support.readers import (
    ANN,
    EN,
    KO,
    MINA,
    NEWEST,
    OPERATOR,
    SEEN,
    Reader,
    Readers,
    head,
    in_slack,
    open_readers,
    yes,
)
from tests.support.rendering import seen

MINI, BATCH = NEWEST.papers[0], SEEN.papers[1]
WHICH = EN.which_paper.format(last=4)
NOISE = "𝕟𝕠𝕚𝕤𝕖 ‮\u200b\x00\ud800\N{ZERO WIDTH JOINER}ㄱ ~#@/<b>*_`[]" * 200


def unknown(name: str, catalogue: Phrases = EN) -> str:
    return catalogue.unknown_command.format(command=name)


def missed(words: str, catalogue: Phrases = EN) -> str:
    return f"{catalogue.nothing_found.format(words=words[:40])}\n{catalogue.way_out}"


# --- /start, /help, and what is no command


async def test_somebody_new_is_greeted_and_may_subscribe(readers: Readers) -> None:
    assert list((await readers.reader().buttons("/start")).values()) == ["/subscribe now", "/subscribe"]
    assert await readers.reader().reads("/start") == help_text(EN.help, EN.commands)


@pytest.mark.parametrize("payload", ["", " ref-from-somewhere", " \u202e"])
async def test_a_subscriber_gets_help(readers: Readers, payload: str) -> None:
    await readers.reader().sends("/subscribe")
    assert await readers.reader().reads(f"/start{payload}") == await readers.reader().reads("/help")
    assert await readers.reader().buttons(f"/start{payload}") == {}


async def test_a_deep_link_to_a_day_lists_its_papers(readers: Readers) -> None:
    answer = await readers.reader().pressing.sends("/start papers-2025-09-08")
    listed = await readers.reader().sends("/papers 2025-09-08")
    assert (answer.messages, answer.replaces_page) == (listed.messages, False)  # it is asked for below a paper


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

    def answer(catalogue: Phrases) -> str:
        return unknown(shown, catalogue) if shown.startswith("/") else missed(f"{shown} there", catalogue)

    assert (await readers.reader().reads(f"{name} there")).startswith(answer(EN))
    assert (await readers.terminal().reads(f"{name} there")).startswith(answer(KO))
    assert (await readers.slack().reads(f"{name} there")).startswith(in_slack(answer(EN)))


@pytest.mark.parametrize("line", ["", "   ", "\n", "\u200f\u202e", "\x00", "\ud800"])
async def test_nothing_that_can_be_seen(readers: Readers, line: str) -> None:
    assert await readers.reader().reads(line) == unknown("")


async def test_noise_is_repeated_in_part_only(readers: Readers) -> None:
    assert len(NOISE) >= 4000
    text = await readers.reader().reads(NOISE)
    assert text.startswith(missed(normalise(NOISE)))
    assert await readers.reader().reads("x" * 4000) == missed("x" * 40)
    assert await readers.reader().reads("/" + "x" * 4000) == unknown("/" + "x" * 39)
    for command in ("/paper", "/papers", "/search", "/settings"):
        assert len(await readers.reader().reads(f"{command} {NOISE}")) < 500


@pytest.mark.parametrize(
    "line", ["/paper 1", "/paper", "/papers", "/papers 2025-09-10", "/papers soon", "/paper 1 2025-09-10"]
)
async def test_before_the_first_digest(empty: Readers, line: str) -> None:
    assert await empty.reader().reads(line) == EN.no_digest


@pytest.mark.parametrize("line", ["/search attention", "/paper attention", "/paper 2509.07969"])
async def test_before_the_first_digest_nothing_is_found(empty: Readers, line: str) -> None:
    text = await empty.reader().reads(line)
    assert text in {
        EN.nothing_found.format(words="attention"),
        EN.no_such_title.format(words="attention"),
        EN.no_such_id.format(paper="2509.07969"),
    }


async def test_a_line_has_an_end(readers: Readers) -> None:
    """Slack lets people send forty thousand characters."""
    assert await readers.reader().reads(f"/paper {' ' * 5000}2") == WHICH
    assert await readers.reader().reads(f"{' ' * 5000}2") == unknown("")


# --- words that people use


@pytest.mark.parametrize("line", ["확산", "눈", "transl", "mini-o3", "확산 모델", "attention alone"])
async def test_plain_words_search_in_a_private_chat(readers: Readers, line: str) -> None:
    for reader in (readers.reader(), readers.slack(), readers.terminal()):
        assert await reader.reads(line) == await reader.reads(f"/search {line}")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("논문 3", "/paper 3"),
        ("논문 1-2", "/paper 1-2"),
        ("논문 2509.07969", "/paper 2509.07969"),
        ("3번", "/paper 3"),
        ("3번 논문", "/paper 3"),
        ("1 2", "/paper 1 2"),
        ("논문", "/papers"),
        ("목록", "/papers"),
        ("논문 목록", "/papers"),
        ("논문 2025-09-08", "/papers 2025-09-08"),
        ("2025년 9월 8일 논문", "/papers 2025-09-08"),
        ("2025-09-08", "/papers 2025-09-08"),
        ("목록 2025-09-08", "/papers 2025-09-08"),
        ("2025-09-08 attention", "/paper attention 2025-09-08"),
        ("검색 확산", "/search 확산"),
        ("확산 검색", "/search 확산"),
        ("확산 논문", "/search 확산"),
        ("논문 확산", "/search 확산"),
        ("검색", "/search"),
        ("설정", "/settings"),
        ("도움말", "/help"),
        ("현황", "/status"),
        ("구독 언제", "/subscribe 언제"),
        ("/논문 3", "/paper 3"),
        (unicodedata.normalize("NFD", "논문 3"), "/paper 3"),
    ],
)
async def test_korean_command_words(readers: Readers, line: str, command: str) -> None:
    meant = readers.member(meant=True)
    replied = Reader(readers.router, replace(readers.member().request, in_reply=True))
    assert await readers.reader().sends(line) == await readers.reader().sends(command)
    if line not in ("2025-09-08", "2025-09-08 attention"):  # no command word, but a mention may ask for a day
        assert await meant.sends(line) == await replied.sends(line) == await meant.sends(command)
    assert await readers.member().sends(line) == Response()


async def test_subscribing_in_korean(readers: Readers) -> None:
    assert (await readers.reader().reads("구독")).startswith(EN.subscribed.split("{")[0])
    assert (await readers.chat(ANN)).receives
    assert await readers.reader().reads("구독 취소") == EN.unsubscribed
    assert await readers.reader().reads("구독 지금") == EN.subscribed_now
    assert await readers.reader().reads("구독해지") == EN.unsubscribed


@pytest.mark.parametrize("line", ["ㅋㅋ 재밌네요", "thanks!", "2509.07969", "/nonsense", "확산", "papr 3", ""])
async def test_what_people_say_to_each_other_about_a_message_gets_silence(readers: Readers, line: str) -> None:
    assert await Reader(readers.router, replace(readers.member().request, in_reply=True)).sends(line) == Response()


@pytest.mark.parametrize(
    ("line", "label", "pressed"),
    [
        ("/papr 3", "/paper 3", "/paper 3"),
        ("/paper3", "/paper 3", "/paper 3"),
        ("/serch 확산", "/search 확산", "/search 확산"),
        ("/setings", "/settings", "/settings"),
        ("/unsubscrib", "/unsubscribe", "/unsubscribe"),
        ("논믄 3", "논문 3", "/paper 3"),
        ("논믄", "논문", "/papers"),
        ("논문3", "논문 3", "/paper 3"),
        ("겸색 zzz", "검색 zzz", "/search zzz"),
        ("serch zzz", "/search zzz", "/search zzz"),
        (f"/serch {'확산 ' * 30}", "/search", "/search"),
    ],
)
async def test_a_wrong_command_gets_the_nearest_right_one(
    readers: Readers, line: str, label: str, pressed: str
) -> None:
    (message,) = await readers.reader().sees(line)
    assert message.text.endswith(EN.did_you_mean.format(near=label))
    assert message.buttons == [(label, pressed)]
    assert await readers.member().sends(line) == Response()
    assert list((await readers.member(meant=True).buttons(line)).values()) == [pressed]


async def test_a_wrong_command_is_named_as_it_is_typed_in_slack(readers: Readers) -> None:
    (message,) = await readers.slack().sees("/serch 확산")
    assert message.text.endswith(EN.did_you_mean.format(near="/papers-search 확산"))
    assert message.buttons == [("/papers-search 확산", "/search 확산")]


async def test_commands_of_operators_are_suggested_to_operators(readers: Readers) -> None:
    assert await readers.reader().buttons("/statu") == {}
    assert await readers.reader(OPERATOR).buttons("/statu") == {"/status": "/status"}


# --- groups


@pytest.mark.parametrize(
    "line", ["/unknown", "/paper3", "hello", "paper 1", "help me please", "1", "2509.07969", "", "/", "start", NOISE]
)
async def test_what_may_be_meant_for_others_gets_silence_in_a_group(readers: Readers, line: str) -> None:
    assert await readers.member().sends(line) == Response()


async def test_a_known_command_is_answered_in_a_group(readers: Readers) -> None:
    assert (await readers.member().reads("/paper 1")).startswith(head(MINI))
    assert await readers.member().reads("/paper 99") == KO.no_such_paper.format(number=99, last=4)


async def test_what_is_surely_meant_is_answered_in_a_group(readers: Readers) -> None:
    assert (await readers.member(meant=True).reads("paper 1")).startswith(head(MINI))
    assert await readers.member(meant=True).reads("/unknown") == unknown("/unknown", KO)


async def test_a_group_is_greeted_with_what_its_administrators_may_press(readers: Readers) -> None:
    message = seen("telegram", (await readers.router.welcome(readers.member().request)).body)
    assert message.text == KO.welcome
    assert [line for _, line in message.buttons] == ["/subscribe now", "/subscribe"]


# --- languages


@pytest.mark.parametrize(
    ("code", "catalogue"),
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
async def test_the_platform_tells_the_readers_language(readers: Readers, code: str, catalogue: Phrases) -> None:
    assert await readers.reader(language=code).reads("/search") == catalogue.search_what
    await readers.reader(language=code).sends("/subscribe")
    assert (await readers.chat(ANN)).language == (catalogue.language if code else "")


async def test_what_was_set_counts_more_than_what_the_platform_tells(readers: Readers) -> None:
    await readers.reader().sends("/settings language ko")
    assert await readers.reader(language="de").reads("/search") == KO.search_what


async def test_in_a_group_the_group_is_spoken_to_whoever_presses(readers: Readers) -> None:
    """Who presses would else turn a page that all see into his own language."""
    assert await readers.member().reads("/search") == KO.search_what
    assert await readers.member().pressing.reads("/search") == KO.search_what
    assert await readers.member(language="").pressing.reads("/search") == KO.search_what
    await readers.member(charge=True).sends("/settings language en")
    assert await readers.member(language="ko").reads("/search") == EN.search_what
    assert await readers.member(language="ko").pressing.reads("/search") == EN.search_what


async def test_who_alone_sees_an_answer_reads_it_in_his_own_language(readers: Readers) -> None:
    assert await readers.slack(address=SLACK_CHAT, alone=True).reads("/search") == in_slack(EN.search_what)
    assert await readers.slack(address=SLACK_CHAT).reads("/search") == in_slack(KO.search_what)


async def test_papers_and_days_are_spelled_in_the_readers_language(readers: Readers) -> None:
    assert (await readers.reader(language="ko").reads("/papers")).startswith(
        "Daily Papers · 2025년 9월 10일 (수)\n논문 4편\n"
    )
    assert await readers.reader(language="ko").reads("/paper 9") == KO.no_such_paper.format(number=9, last=4)


async def test_other_ways_of_answering_know_the_reader_too(readers: Readers) -> None:
    """Inline mode answers no line."""
    context = await readers.router.context_for(readers.reader(MINA, "ko").request)
    assert (context.phrases, context.chat) == (KO, await readers.chat(MINA))


# --- too many lines


@pytest.fixture
def slow(readers: Readers) -> list[float]:
    """Let three lines come at once, then one a second, by a clock that a test sets."""
    now = [0.0]
    readers.router.limits.alone, readers.router.clock = Throttle(burst=3, per_second=1.0), lambda: now[0]
    return now


async def test_too_many_lines_get_one_note_and_then_silence_until_a_pause(readers: Readers, slow: list[float]) -> None:
    answers = [await readers.reader().reads("/search") for _ in range(8)]
    assert answers == [EN.search_what] * 3 + [EN.slow_down] + [""] * 4
    slow[0] += 1
    assert await readers.reader().sends("/subscribe") == Response()
    assert await readers.ledger.subscriptions.find("telegram", (ANN,)) is None
    slow[0] += 5
    assert await readers.reader().reads("/search") == EN.search_what


async def test_who_presses_too_fast_reads_it_in_a_note(readers: Readers, slow: list[float]) -> None:
    answers = [await readers.reader().pressing.sends("/search") for _ in range(4)]
    assert answers[-1].toast == EN.slow_down


async def test_others_are_answered_while_one_is_silenced(readers: Readers, slow: list[float]) -> None:
    for _ in range(9):
        await readers.member().sends("/search")
    for other, expected in ((readers.member(MINA), KO.search_what), (readers.reader(), EN.search_what)):
        assert await other.reads("/search") == expected


async def test_a_group_as_a_whole_is_answered_as_often_as_the_platform_lets_us(readers: Readers) -> None:
    """Ten at once, then one in some seconds, whoever asks; each member a few at once."""
    now = 0.0
    readers.router.clock = lambda: now
    answers = [await readers.member("1").reads("/search") for _ in range(5)]
    assert answers == [KO.search_what] * 3 + [KO.slow_down, ""]
    answers = [await readers.member(str(user)).reads("/search") for user in range(2, 11)]
    assert answers == [KO.search_what] * 6 + [KO.busy] + [""] * 2  # no single member is at fault
    assert await readers.reader("8").reads("/search") == EN.search_what
    now += 7
    answers = [await readers.member(str(user)).reads("/search") for user in (20, 21)]
    assert answers == [KO.search_what, ""]


async def test_topics_of_a_group_are_one_group(readers: Readers) -> None:
    readers.router.clock = lambda: 0.0
    members = [readers.member(str(n)) for n in range(12)]
    topics = [replace(one, request=replace(one.request, address=f"{GROUP}:{n}")) for n, one in enumerate(members)]
    assert [await topic.reads("/search") for topic in topics] == [KO.search_what] * 10 + [KO.busy, ""]


# --- who is never met with silence


async def test_operators_and_administrators_get_at_least_a_word(readers: Readers) -> None:
    readers.router.clock = lambda: 0.0
    for who, language in (
        (readers.member(charge=True), KO),
        (readers.member(OPERATOR), KO),
        (readers.reader(OPERATOR), EN),
    ):
        readers.router.limits = AnswerLimits()
        answers = [await who.reads("/search") for _ in range(9)]
        assert answers[:3] == [language.search_what] * 3
        assert {*answers[5:]} <= {language.slow_down, language.busy}


async def test_what_an_administrator_sets_is_done_however_fast_it_comes(readers: Readers) -> None:
    readers.router.clock = lambda: 0.0
    boss = readers.member(charge=True)
    for _ in range(9):
        await readers.member(MINA).sends("/search")
        await boss.sends("/search")
    lines = ["/settings index", "/settings silent", "/unsubscribe", "/subscribe", "/settings digest", "/settings loud"]
    answers = [await boss.reads(line) for line in lines]
    assert all(answers)
    assert KO.slow_down not in answers
    chat = await readers.chat(GROUP)
    assert (chat.layout, chat.silent, chat.state) == ("digest", False, "active")


async def test_what_others_set_too_fast_is_not_even_refused(readers: Readers) -> None:
    readers.router.clock = lambda: 0.0
    answers = [await readers.member().reads("/settings index") for _ in range(6)]
    assert answers == [KO.administrators_only] * 3 + [KO.slow_down] + [""] * 2


async def test_posts_of_a_channel_are_always_obeyed(readers: Readers) -> None:
    readers.router.clock = lambda: 0.0
    answers = [await readers.channel().reads(f"/settings {layout}") for layout in ("index", "digest") * 6]
    assert [answer.splitlines()[0] for answer in answers] == [KO.saved] * 12


async def test_who_presses_much_in_a_group_always_reads_why_nothing_comes(readers: Readers) -> None:
    """A press costs the group nothing: it takes nothing from the others, and its toast is never empty."""
    readers.router.clock = lambda: 0.0
    answers = [await readers.member().pressing.sends("/paper 1") for _ in range(9)]
    assert [bool(answer.share_line) for answer in answers] == [True] * 5 + [False] * 4
    assert [answer.toast for answer in answers[5:]] == [KO.slow_down] * 4
    assert [len(answer.messages) for answer in answers[5:]] == [1, 0, 0, 0]
    others = [await readers.member(str(n)).reads("/search") for n in range(10)]
    assert others == [KO.search_what] * 10


async def test_pages_turn_in_a_group_as_often_as_the_platform_lets_us(readers: Readers) -> None:
    readers.router.clock = lambda: 0.0
    turned = [await readers.member(str(n)).pressing.sends("/papers 2025-09-05 #2") for n in range(7)]
    assert [answer.replaces_page for answer in turned] == [True] * 5 + [False] * 2
    assert turned[-1] == Response(toast=KO.busy)
    saved = await readers.member(charge=True).pressing.sends("/settings index")
    assert (saved.toast, saved.replaces_page) == (KO.saved, True)
    alone = await readers.reader().pressing.sends("/papers 2025-09-05 #2")
    assert alone.replaces_page


async def test_who_alone_sees_the_answers_takes_nothing_from_the_others(readers: Readers) -> None:
    readers.router.clock = lambda: 0.0
    alone = readers.slack(address=SLACK_CHAT, alone=True)
    assert [bool(await alone.reads("/search")) for _ in range(7)] == [True] * 6 + [False]  # a note is one of them
    assert await readers.slack("U0BOB", address=SLACK_CHAT).reads("/search") == in_slack(KO.search_what)


async def test_what_is_meant_for_others_is_not_counted(readers: Readers, slow: list[float]) -> None:
    """Somebody plays with another bot in the same group."""
    for _ in range(9):
        assert await readers.member().sends("/roll 6") == Response()
    assert await readers.member().reads("/search") == KO.search_what


# --- whatever is typed


COMMANDS = (*EN.commands, *EN.operator_commands, "start", "unknown", "paper@other", "논문", "검색", "겸색", "papr")
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
REQUESTS = st.builds(
    Request,
    channel=st.sampled_from(["telegram", "slack", "terminal"]),
    address=st.sampled_from([MINA, ANN, GROUP, CHANNEL, SLACK_CHAT]),
    kind=st.sampled_from(["private", "group", "channel"]),
    user=st.sampled_from(["", ANN, OPERATOR]),
    language=st.sampled_from(["", "ko", "en-US"]) | st.text(max_size=5),
    aliases=st.lists(st.sampled_from([GROUP, "@our_group"])).map(tuple),
    addressed=st.booleans(),
    in_reply=st.booleans(),
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


@given(request=REQUESTS, line=LINES | st.text())
def test_whatever_is_typed_is_answered_and_nothing_breaks(
    kept_readers: tuple[asyncio.Runner, Readers], request: Request, line: str
) -> None:
    runner, readers = kept_readers
    reader = Reader(readers.router, request)
    response = runner.run(reader.sends(line))
    assert isinstance(response, Response)
    messages = runner.run(reader.sees(line))  # all of it can be sent
    if request.addressed:
        assert messages
        assert all(one.text.strip() for one in messages)
    elif response.messages and not request.in_reply:
        assert line.lstrip().startswith(("/", "／"))
    assert bool(response.toast) <= bool(response.messages)
    assert response.replaces_page <= (len(response.messages) == 1)
