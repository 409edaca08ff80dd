"""A linked index: edited once when its digest stands in a chat, so that each line leads to the chat's own message."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date

import pytest

from bot import errors
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import RetryPolicy
from bot.ledger.records.reports import Selection
from bot.sources.source import FoundDigest
from formatters.locale import phrases
from formatters.model import Paper
from formatters.telegram import TelegramFormatter
from tests.support.digests import digest, found, paper
from tests.support.memory_channel import CrashError, Failure, MemoryChannel, StoredMessage, lost, refused
from tests.support.pipeline import Clock, Pipeline, pipeline_at, without_others
from tests.support.usual import usual_edition

NAME = "daily-papers/2025-01-01"
MARK = Rules(repeats="mark")
LATER = RetryPolicy(settle_delay=0, first_backoff=0, longest_wait=10)
REFUSED = refused(errors.Rejected("no such thing"))
PAUSE = Failure(errors.RetryLater("wait", 900))
WELL = Failure()


@dataclass
class SlowChannel(MemoryChannel):
    """Take a second for each call."""

    clock: Clock = field(default_factory=Clock)

    def _next(self, call: str, address: str) -> Failure:
        self.clock.now += 1
        return super()._next(call, address)


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url) as pipeline:
        formatter = TelegramFormatter(phrases("en"))
        pipeline.channel = SlowChannel("telegram", formatter, has_links=True, clock=pipeline.clock)
        pipeline.usual = usual_edition(linkable=("@%",))
        await pipeline.settle("@a")
        yield pipeline


def post(*papers: int | Paper, day: int = 1) -> FoundDigest:
    return found(digest(date(2025, 1, day), *(paper(one) if isinstance(one, int) else one for one in papers)))


async def run(pipeline: Pipeline, *posts: FoundDigest, rules: Rules = MARK) -> None:
    """Look and deliver, a minute later than before."""
    pipeline.clock.now += 60
    await pipeline.look(posts, rules=rules)
    await pipeline.dispatch(LATER)


def chat(pipeline: Pipeline, address: str = "@a") -> list[StoredMessage]:
    return pipeline.channel.chats[address]


def leads(message: StoredMessage) -> dict[str, str]:
    """Give where the papers of an index lead: a message of the chat by its id, or what they lead to elsewhere."""
    lines = re.findall(r'\d+\. <a href="([^"]*)">Paper 2501.0*(\d+)</a>', str(message.body["text"]))
    return {number: url.removeprefix("https://chat.example.org/@a/") for url, number in lines}


def own(*numbers: int) -> dict[str, str]:
    return {str(one): f"https://arxiv.org/abs/2501.{one:05}" for one in numbers}


def calls(pipeline: Pipeline) -> list[str]:
    """Give what was called since the last time, that the memory channel counts."""
    made = [what for what, _ in pipeline.channel.calls if what in ("send", "edit", "delete")]
    pipeline.channel.calls.clear()
    return made


SENT = ["send", "send", "send"]


# --- the edit


async def test_an_index_is_edited_once_when_its_digest_stands_in_the_chat(pipeline: Pipeline) -> None:
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == [*SENT, "edit"]
    assert leads(chat(pipeline)[0]) == {"1": "2", "2": "3"}
    assert [one.edits for one in chat(pipeline)] == [1, 0, 0]
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == []
    assert await pipeline.counts("@a", NAME) == {"sent": 3}


async def test_before_all_stands_it_leads_to_the_papers_themselves(pipeline: Pipeline) -> None:
    pipeline.channel.failures["@a"] += [WELL, WELL, PAUSE]
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == own(1, 2)
    assert calls(pipeline) == SENT
    pipeline.clock.now += 900
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == {"1": "2", "2": "3"}
    assert calls(pipeline) == ["send", "edit"]


async def test_where_messages_have_no_addresses_nothing_is_edited(pipeline: Pipeline) -> None:
    await pipeline.subscriber("42")
    await pipeline.settle("@a")
    await run(pipeline, post(1, 2))
    assert [one.edits for one in chat(pipeline, "42")] == [0, 0, 0]
    assert "arxiv.org/abs/2501.00001" in str(chat(pipeline, "42")[0].body)


@pytest.mark.parametrize("layout", ["digest", "index"])
async def test_what_has_no_messages_to_lead_to_is_not_edited(pipeline: Pipeline, layout: str) -> None:
    await pipeline.set_preferences("@a", layout=layout)
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == ["send"]


async def test_in_a_thread_lines_lead_to_replies(pipeline: Pipeline) -> None:
    await pipeline.set_preferences("@a", layout="thread")
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == {"1": "1/2", "2": "1/3"}


async def test_each_part_of_a_long_index_is_edited(pipeline: Pipeline) -> None:
    await run(pipeline, post(*(paper(one, id=f"{'x' * 380}-{one}") for one in range(1, 13))))
    parts = [one for one in chat(pipeline) if one.edits]
    assert len(parts) == 2
    assert parts == chat(pipeline)[:2]
    assert "arxiv" not in str([part.body["text"] for part in parts])


# --- papers that fail, come later, or came before


async def test_a_refused_paper_does_not_hold_it_up(pipeline: Pipeline) -> None:
    pipeline.channel.failures["@a"] += [WELL, WELL, REFUSED, REFUSED]
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == {"1": "2", **own(2)}
    assert calls(pipeline) == ["send", "send", "send", "send", "edit"]


async def test_it_leads_to_a_refused_paper_that_came_at_another_try_and_not_to_one_that_failed_again(
    pipeline: Pipeline,
) -> None:
    pipeline.channel.failures["@a"] += [WELL, WELL, REFUSED, REFUSED]
    await run(pipeline, post(1, 2))
    pipeline.channel.failures["@a"] += [REFUSED, REFUSED]
    calls(pipeline)
    for expected in (["send", "send"], ["send", "edit"]):
        await pipeline.ledger.incidents.retry()
        await run(pipeline, post(1, 2))
        assert calls(pipeline) == expected
    assert leads(chat(pipeline)[0]) == {"1": "2", "2": "3"}


async def test_a_digest_of_refused_papers_alone_is_not_edited(pipeline: Pipeline) -> None:
    pipeline.channel.failures["@a"] += [WELL, REFUSED, REFUSED]
    await run(pipeline, post(1))
    assert calls(pipeline) == SENT


async def test_it_leads_to_a_paper_that_is_appended(pipeline: Pipeline) -> None:
    await run(pipeline, post(1))
    calls(pipeline)
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == ["edit", "send", "edit"]  # the new line at once, and where it leads when it is there
    assert leads(chat(pipeline)[0]) == {"1": "2", "2": "3"}
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == []


async def test_the_edit_of_a_paper_is_no_reason(pipeline: Pipeline) -> None:
    await run(pipeline, post(1, 2))
    calls(pipeline)
    await run(pipeline, post(1, paper(2, word="new")))
    assert calls(pipeline) == ["edit"]
    assert [one.edits for one in chat(pipeline)] == [1, 0, 1]


async def test_a_paper_that_came_before_leads_to_its_message_of_then(pipeline: Pipeline) -> None:
    await run(pipeline, first := post(1, 2))
    await run(pipeline, first, post(2, 3, day=2))
    *_, index, card, _ = chat(pipeline)
    for shown in (index, card):
        assert '<a href="https://chat.example.org/@a/3">Also on 1 January</a>' in str(shown.body["text"])
    assert leads(index) == {"2": "5", "3": "6"}


async def test_a_paper_that_is_not_sent_again_leads_to_its_message_of_then(pipeline: Pipeline) -> None:
    await run(pipeline, first := post(1, 2))
    calls(pipeline)
    await run(pipeline, first, post(2, day=2), rules=Rules(repeats="skip"))
    assert calls(pipeline) == ["send"]
    assert "https://chat.example.org/@a/3" in str(chat(pipeline)[-1].body["text"])


async def test_another_chat_leads_to_its_own_messages(pipeline: Pipeline) -> None:
    await pipeline.settle("@a", "@b")
    await run(pipeline, post(1, 2))
    for address in ("@a", "@b"):
        index, *papers = chat(pipeline, address)
        ids = [f"https://chat.example.org/{address}/{one.id}" for one in papers]
        assert re.findall(r'href="([^"]*)"', str(index.body["text"])) == ids


# --- crashes, lost answers, refusals


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_process_that_died_at_the_edit_makes_it_again(pipeline: Pipeline, accepted: bool) -> None:
    without_others(pipeline.ledger)
    pipeline.channel.failures["@a"] += [WELL, WELL, WELL, Failure(CrashError(), accepted)]
    with pytest.raises(BaseExceptionGroup):
        await run(pipeline, post(1, 2))
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == [*SENT, "edit", "edit"]
    assert leads(chat(pipeline)[0]) == {"1": "2", "2": "3"}


async def test_an_edit_whose_answer_is_lost_is_made_again(pipeline: Pipeline) -> None:
    pipeline.channel.failures["@a"] += [WELL, WELL, WELL, lost(), PAUSE]
    await run(pipeline, post(1, 2))
    pipeline.clock.now += 900
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == [*SENT, "edit", "edit", "edit"]
    assert await pipeline.counts("@a", NAME) == {"sent": 3}


async def test_a_paper_whose_answer_is_lost_is_waited_for(pipeline: Pipeline) -> None:
    pipeline.channel.failures["@a"] += [WELL, lost(), Failure(errors.RetryLater("wait", 900))]
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == own(1, 2)
    pipeline.clock.now += 900
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == {"1": "2", "2": "3"}
    assert [one.edits for one in chat(pipeline)] == [1, 0, 0]


async def test_a_paper_that_nobody_can_find_out_about_is_not_waited_for(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["@a"] += [WELL, lost()]
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == {**own(1), "2": "3"}
    pipeline.channel.readable = True
    await pipeline.ledger.incidents.retry()
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == {"1": "2", "2": "3"}


async def test_an_index_that_is_found_late_leads_to_what_came_since(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["@a"] += [lost()]
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == own(1, 2)
    pipeline.channel.readable = True
    await pipeline.ledger.incidents.retry()
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == {"1": "2", "2": "3"}


async def test_what_is_asked_about_may_have_led_elsewhere_when_it_was_sent(pipeline: Pipeline) -> None:
    await run(pipeline, first := post(1, 2))
    pipeline.channel.failures["@a"] += [WELL, lost(), PAUSE]
    await run(pipeline, first, post(2, 3, day=2))
    assert "https://chat.example.org/@a/3" in str(chat(pipeline)[-1].body["text"])
    pipeline.channel.has_links = False  # the addresses of messages are not known any more
    pipeline.clock.now += 900
    await run(pipeline, first, post(2, 3, day=2))
    assert ["chat.example.org" in str(one.body) for one in pipeline.channel.asked][-1:] == [False]
    assert all(one.is_reworded for one in pipeline.channel.asked)


async def test_where_all_was_given_up_nothing_is_edited(pipeline: Pipeline) -> None:
    pipeline.channel.failures["@a"] += [WELL, WELL, PAUSE]
    await run(pipeline, post(1, 2))
    await pipeline.ledger.incidents.discard(Selection(), waiting=True)
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == SENT
    assert leads(chat(pipeline)[0]) == own(1, 2)


async def test_an_edit_that_is_refused_leaves_it_as_it_stands_and_rings_nobody(pipeline: Pipeline) -> None:
    pipeline.channel.failures["@a"] += [WELL, WELL, WELL, REFUSED]
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == [*SENT, "edit"]
    assert await pipeline.counts("@a", NAME) == {"sent": 3}
    assert await pipeline.ledger.incidents.current() == []
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == []


async def test_where_the_markup_was_refused_the_addresses_lead_there(pipeline: Pipeline) -> None:
    pipeline.channel.failures["@a"] += [REFUSED]
    await run(pipeline, post(1))
    assert "1. Paper 2501.00001 (https://chat.example.org/@a/2)" in str(chat(pipeline)[0].body["text"])


# --- what else becomes of a digest meanwhile


async def stopped_before_the_edit(pipeline: Pipeline, *papers: int) -> None:
    """Let all of a digest stand in the chat but the edit, which waits."""
    pipeline.channel.failures["@a"] += [*[WELL] * (len(papers) + 1), PAUSE]
    await run(pipeline, post(*papers))
    calls(pipeline)


async def test_a_digest_that_is_recalled_is_not_edited_any_more(pipeline: Pipeline) -> None:
    await stopped_before_the_edit(pipeline, 1, 2)
    [meant] = await pipeline.ledger.by_hand.find(NAME)
    await pipeline.ledger.by_hand.recall(meant.id)
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == ["delete"] * 3


async def test_a_digest_that_is_dropped_is_not_edited_any_more(pipeline: Pipeline) -> None:
    await stopped_before_the_edit(pipeline, 1, 2)
    [meant] = await pipeline.ledger.by_hand.find(NAME)
    await pipeline.ledger.by_hand.drop(meant.id)
    pipeline.clock.now += 900
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == []


async def test_a_post_that_changed_and_changed_back_is_still_edited_for_its_links(pipeline: Pipeline) -> None:
    await stopped_before_the_edit(pipeline, 1, 2)
    await pipeline.look([post(2)])
    await pipeline.look([post(1, 2)])
    assert await pipeline.counts("@a", NAME) == {"sent": 2, "stale": 1}
    pipeline.clock.now += 900
    await run(pipeline, post(1, 2))
    assert leads(chat(pipeline)[0]) == {"1": "2", "2": "3"}


async def test_one_edit_serves_a_changed_post_and_its_links(pipeline: Pipeline) -> None:
    await stopped_before_the_edit(pipeline, 1, 2)
    pipeline.clock.now += 900
    await run(pipeline, found(digest(date(2025, 1, 1), paper(1), paper(2), series="Daily Papers"), "x.md"))
    assert calls(pipeline) == ["edit"]


async def test_what_came_in_an_edition_of_before_is_not_edited(pipeline: Pipeline) -> None:
    pipeline.usual = usual_edition()
    await pipeline.settle("@a")
    await run(pipeline, post(1))
    pipeline.usual = usual_edition(linkable=("@%",))
    await pipeline.settle("@a")
    await run(pipeline, post(1, 2))
    assert calls(pipeline) == ["send", "send", "edit", "send"]  # the line of the new paper
    assert leads(chat(pipeline)[0]) == own(1, 2)
    await run(pipeline, post(1, 2), post(3, day=2))
    assert leads(chat(pipeline)[-2]) == {"3": "5"}
