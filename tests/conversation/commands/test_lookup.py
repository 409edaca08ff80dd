"""/paper, /papers and /search: right and wrong input, both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from formatters.model import Paper, Section
from formatters.page import reference
from tests.support.chats import SLACK_CHAT
from tests.support.digests import found
from tests.support.memory_channel import MemoryChannel
from tests.support.pipeline import Clock, Pipeline
from tests.support.readers import (
    ANN,
    ARXIV,
    EN,
    KO,
    LONG,
    MINA,
    NEWEST,
    SEEN,
    Reader,
    Readers,
    full,
    head,
)

MINI, SINKS, AGAIN, RL = NEWEST.papers
ATTENTION, BATCH, DIFFUSION = SEEN.papers
WHICH = EN.which_paper.format(last=4)


def none(number: object, last: int = 4) -> str:
    return EN.no_such_paper.format(number=number, last=last)


# --- /paper


async def test_a_paper_in_full(ann: Reader) -> None:
    (message,) = await ann.sees("/paper 1")
    assert message.text.startswith(head(MINI))
    assert [f"\nPart {n}\n" in message.text for n in (1, 2, 3)] == [True] * 3
    assert ("PDF", "https://arxiv.org/pdf/2509.07969") in message.links
    assert ("GitHub", "https://github.com/example/1") in message.links


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
    ("line", "expected"),
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
async def test_a_paper_that_there_is_not(ann: Reader, line: str, expected: str) -> None:
    assert await ann.reads(line) == expected


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
    (message,) = await ann.sees("/paper 2 2025-09-07")
    assert message.text == EN.no_such_day.format(day="Sunday, 7 September 2025")
    assert [line for _, line in message.buttons] == [f"/paper 2 2025-09-{day}" for day in ("08", "05", "10")]
    assert "/papers 2025-09-08" in (await ann.buttons("/paper 2025-09-07")).values()


async def test_an_answer_names_the_line_that_gives_it_again(ann: Reader) -> None:
    assert (await ann.sends("/paper mini")).share_line == full(NEWEST, MINI)


# --- several papers


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("/paper 1-3", [1, 2, 3]),
        ("/paper 3-1", [1, 2, 3]),
        ("/paper 2–4", [2, 3, 4]),
        ("/paper 2~4번", [2, 3, 4]),
        ("/paper 2번부터 4번까지", [2, 3, 4]),
        ("/paper 3 1 2", [3, 1, 2]),
        ("/paper 1번, 3 번", [1, 3]),
        ("/paper 1, 3-4", [1, 3, 4]),
        ("/paper 2 2 4", [2, 4]),
        ("/paper 3-999", [3, 4]),
        ("1-2", [1, 2]),
        ("1 2", [1, 2]),
        ("1 2 2025-09-08", [1, 2]),
    ],
)
async def test_several_papers(ann: Reader, line: str, numbers: list[int]) -> None:
    papers = (SEEN if "09-08" in line else NEWEST).papers
    response = await ann.sends(line)
    assert response.lines == len(numbers)
    assert [one.text.partition("\n")[0] for one in await ann.sees(line)] == [
        head(papers[number - 1]).strip() for number in numbers
    ]


async def test_one_number_with_a_day_is_one_paper(ann: Reader) -> None:
    for line in ("/paper 2 2025-9-8", "/paper 2 20250908", "/paper 20250908 2"):
        (paper,) = await ann.sees(line)
        assert paper.text.startswith(head(BATCH))


@pytest.mark.parametrize(
    ("line", "spelled"),
    [
        ("/paper 1-7 2025-09-05", "/paper 6-7 2025-09-05"),
        ("/paper 1-45 2025-09-05", "/paper 6-10 2025-09-05"),
        ("/paper 1-6 2025년 9월 5일", "/paper 6 2025-09-05"),
        ("/paper 1-5, 9, 11 2025-09-05", "/paper 9 11 2025-09-05"),
    ],
)
async def test_of_many_papers_some_come_with_a_button_for_the_next(ann: Reader, line: str, spelled: str) -> None:
    answer = await ann.sees(line)
    assert len(answer) == 5
    assert answer[-1].buttons[-1][1] == spelled
    assert len(await ann.sees(spelled)) == len(spelled.split()) - 2 + 4 * ("6-10" in spelled) + ("6-7" in spelled)


async def test_of_long_papers_fewer_come_at_once(ann: Reader) -> None:
    """Slack takes five answers to a press, and in a chat of Telegram each takes a second."""
    pipeline = Pipeline(
        ann.router.ledger, Clock(), MemoryChannel(name="telegram", formatter=ann.router.formatters["telegram"])
    )
    section = Section("Part", "words " * 600)
    long = [replace(one, sections=(section,) * 3) for one in LONG.papers[:3]]  # three messages each
    day = replace(LONG, id="daily-papers/2025-09-04", day=LONG.day.replace(day=4), papers=tuple(long))
    await pipeline.look([found(day)])
    answer = await ann.sees("/paper 1-3 2025-09-04")
    assert (len(answer), answer[-1].buttons[-1][1]) == (3, "/paper 2-3 2025-09-04")


async def test_several_papers_of_which_some_are_not_there(ann: Reader) -> None:
    assert (await ann.reads("/paper 2 9")).endswith(f"---\n{none(9)}")
    assert await ann.reads("/paper 7-9") == await ann.reads("/paper 7 9") == none(7)
    assert await ann.reads("/paper 1-3 2025-09-07") == EN.no_such_day.format(day="Sunday, 7 September 2025")


async def test_of_two_series_several_numbers_are_offered(ann: Reader) -> None:
    offered = await ann.buttons("/paper 1 5 2025-09-10")
    assert list(offered.values()) == [
        full(ARXIV, ARXIV.papers[0]),
        full(NEWEST, MINI),
        full(ARXIV, ARXIV.papers[1]),
    ]


async def test_in_a_group_several_papers_are_offered_in_one_message(readers: Readers) -> None:
    """Each message takes from the twenty a minute that a group may get."""
    offered = await readers.member().buttons("/paper 1-2")
    assert offered == {f"{one.number}. {one.title}": full(NEWEST, one) for one in (MINI, SINKS)}


async def test_each_of_several_papers_counts_as_a_line(readers: Readers) -> None:
    now = 0.0
    readers.router.clock = lambda: now
    assert len(await readers.reader().sees("/paper 1-4")) == 4
    assert [await readers.reader().reads("/search") for _ in range(2)] == [EN.search_what, EN.slow_down]
    now += 3
    assert await readers.reader().reads("/search") == EN.search_what


# --- the list that a chat saw last


@pytest.mark.parametrize("line", ["/papers 2025-09-08", "/start papers-2025-09-08"])
async def test_a_number_is_of_the_list_that_this_chat_saw_last(readers: Readers, line: str) -> None:
    await readers.reader().sends(line)
    for asked in ("/paper 3", "3", "/paper 3-3"):
        assert (await readers.reader().reads(asked)).startswith(head(DIFFUSION))
    assert (await readers.reader(MINA).reads("/paper 1")).startswith(head(ATTENTION))
    assert (await readers.reader().reads("/paper 3 2025-09-10")).startswith(head(AGAIN))
    await readers.reader().sends("/papers")
    assert (await readers.reader().reads("/paper 3")).startswith(head(AGAIN))


async def test_a_list_of_two_series_is_two_lists(ann: Reader) -> None:
    await ann.sends("/papers 2025-09-10")
    assert len(await ann.buttons("/paper 1")) == 2


async def test_the_next_digest_counts_more_than_an_older_list(readers: Readers) -> None:
    await readers.member().sends("/papers 2025-09-08")
    await readers.reader().sends("/papers 2025-09-08")
    pipeline = Pipeline(
        readers.ledger, readers.clock, MemoryChannel(name="telegram", formatter=readers.router.formatters["telegram"])
    )
    later = replace(NEWEST, id="daily-papers/2025-09-11", day=NEWEST.day.replace(day=11), papers=LONG.papers[:1])
    await pipeline.run([found(one) for one in (LONG, SEEN, NEWEST, ARXIV, later)])
    assert (await readers.member().reads("/paper 1")).startswith(head(later.papers[0]))
    assert (await readers.reader().reads("/paper 1")).startswith(head(ATTENTION))  # it came to the group alone


async def test_a_list_that_others_cannot_see_is_not_theirs(readers: Readers) -> None:
    """In Slack only who typed sees the list; in a group a press is answered in a private chat."""
    await readers.slack(address=SLACK_CHAT, alone=True).sends("/papers 2025-09-08")
    assert (await readers.slack(address=SLACK_CHAT, alone=True).reads("/paper 1")).startswith(head(ATTENTION))
    assert (await readers.slack("U0BOB", SLACK_CHAT, alone=True).reads("/paper 1")).startswith(head(MINI))
    await readers.member().pressing.sends("/papers 2025-09-08")
    assert (await readers.member().reads("/paper 1")).startswith(head(MINI))


async def test_a_list_whose_digest_is_gone_counts_no_more(readers: Readers) -> None:
    await readers.reader().sends("/papers 2025-09-08")
    [one] = await readers.ledger.by_hand.find("daily-papers/2025-09-08")
    await readers.ledger.by_hand.drop(one.id)
    assert (await readers.reader().reads("/paper 1")).startswith(head(MINI))


# --- /papers


async def test_the_newest_index_has_a_line_to_tap_for_each_paper(ann: Reader) -> None:
    (message,) = await ann.sees("/papers")
    assert message.text.startswith("Daily Papers · Wednesday, 10 September 2025\n4 papers\n")
    assert [line for _, line in message.buttons] == [full(NEWEST, paper) for paper in NEWEST.papers]
    assert message.buttons[3][0] == "4. 강화학습의 모든 것"


@pytest.mark.parametrize(
    "line", ["/papers 2025-09-08", "/papers 2025/9/8", "papers 20250908", "/papers 2025년 9월 8일"]
)
async def test_the_index_of_a_day(ann: Reader, line: str) -> None:
    assert list((await ann.buttons(line)).values()) == [full(SEEN, paper) for paper in SEEN.papers]


async def test_both_indexes_of_a_day_with_two_series(ann: Reader) -> None:
    response = await ann.sends("/papers 2025-09-10")
    assert len(response.messages) == 2
    assert not response.replaces_page  # two messages cannot take the place of one


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
    response = await ann.sends(f"/papers 2025-09-05{page}")
    buttons = list((await ann.buttons(f"/papers 2025-09-05{page}")).values())
    assert buttons[: len(numbers)] == [full(LONG, LONG.papers[n - 1]) for n in numbers]
    assert buttons[len(numbers) :] == [f"/papers 2025-09-05 {turn}" for turn in turns]
    assert response.replaces_page


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/papers 2025-09-07", "Sunday, 7 September 2025"),
        ("/papers 1999-01-01", "Friday, 1 January 1999"),
        ("/papers 2025-13-45", "2025-13-45"),
        ("/papers soon", "soon"),
        ("/papers 3", "3"),
        (f"/papers {'x' * 4000}", "x" * 40),
    ],
)
async def test_no_index_of_that_day(ann: Reader, line: str, expected: str) -> None:
    (message,) = await ann.sees(line)
    assert message.text == EN.no_such_day.format(day=expected)
    assert {line.split()[0] for _, line in message.buttons} == {"/papers"}
    assert len(message.buttons) == 3


# --- /search


async def test_hits_are_listed_newest_first_with_a_line_each(ann: Reader) -> None:
    (message,) = await ann.sees("/search batch normalization")
    assert message.text.startswith(f"{EN.found('batch normalization', 2)}\n")
    assert [line for _, line in message.buttons] == [full(NEWEST, AGAIN), full(SEEN, BATCH)]
    assert message.text.index("once more") < message.text.index("8 September")


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
    (message,) = await ann.sees(f"/search {words}")
    assert paper.title in message.text
    assert len(message.buttons) == 1


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
    assert (await ann.pressing.sends(turns[-1][EN.previous])).replaces_page
    assert "filler" not in str(turns)


async def test_a_page_beyond_the_last_is_the_last(ann: Reader) -> None:
    last = await ann.reads("/search filler #9")
    assert "45. Filler Study 45" in last
    assert await ann.reads("/search filler #10") == await ann.reads("/search filler #999999999999") == last
    assert "41. Filler" not in await ann.reads("/search filler #0")


async def test_pages_of_another_chat_cannot_be_turned(readers: Readers) -> None:
    turn = (await readers.reader().buttons("/search filler"))[EN.next]
    for other in (readers.reader("43"), readers.member(meant=True), readers.slack(), readers.reader("43").pressing):
        text = await other.reads(turn)
        assert text == (KO if other.request.kind == "group" else EN).stale_page
        assert "filler" not in text
    assert await readers.reader().reads("/search ~999999") == EN.stale_page
    assert "10. Filler Study 10" in await readers.reader().reads(turn)
