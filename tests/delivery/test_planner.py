"""Planning: what is found is compared with the ledger and written into it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, ClassVar

import pytest

from bot import errors
from bot.delivery.decisions import Rules
from bot.delivery.planner import plan
from bot.errors import LedgerError
from formatters.edition import Edition
from formatters.locale import Phrases, phrases
from formatters.message import USUAL, Message
from formatters.model import Digest, Paper, Section
from formatters.terminal import TerminalFormatter
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import refused
from tests.support.pipeline import Pipeline, pipeline_at
from tests.support.usual import usual_edition

DAY = date(2025, 1, 1)


@dataclass(frozen=True)
class Watched(Digest):
    """Note the threads in which a digest is hashed."""

    threads: ClassVar[set[int]] = set()

    def __getattribute__(self, name: str) -> Any:
        if name == "preface":
            Watched.threads.add(threading.get_ident())
        return super().__getattribute__(name)


async def test_posts_are_compared_outside_the_event_loop(ledger_url: str) -> None:
    posts = days(1, 2, 3)
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run(posts)
        plain = [{field.name: getattr(one.digest, field.name) for field in fields(one.digest)} for one in posts]
        Watched.threads.clear()
        await pipeline.look([replace(one, digest=Watched(**values)) for one, values in zip(posts, plain, strict=True)])
    assert Watched.threads
    assert threading.get_ident() not in Watched.threads


class Failing(TerminalFormatter):
    """Fail to lay out one digest; note the threads of layout."""

    threads: ClassVar[set[int]] = set()

    def in_language(self, phrases: Phrases) -> Failing:
        return Failing(phrases)

    def digest(self, digest: Digest, edition: Edition = USUAL, kept: Collection[str] = ()) -> tuple[Message, ...]:
        Failing.threads.add(threading.get_ident())
        if digest.day.day == 2:
            raise IndexError("list index out of range")
        return super().digest(digest, edition, kept)


async def test_a_digest_that_cannot_be_laid_out_stops_no_other(ledger_url: str) -> None:
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run(days(1))
        pipeline.channel.formatter = Failing(phrases("en"))
        problems: dict[str, str] = {}
        formatters = {pipeline.channel.name: pipeline.channel.formatter}
        await plan(pipeline.ledger, "blog", days(1, 2, 3), formatters, Rules(), problems)
        await pipeline.dispatch()
        planned = [one.name for one in await pipeline.ledger.known_digests("blog")]
    assert planned == ["daily-papers/2025-01-01", "daily-papers/2025-01-03"]
    assert list(problems) == ["2025-01-02-daily-papers.md"]
    assert problems["2025-01-02-daily-papers.md"].startswith("2025-01-02-daily-papers.md: cannot be laid out: ")
    assert threading.get_ident() not in Failing.threads


async def test_a_ledger_that_fails_is_no_problem_of_a_post(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with pipeline_at(ledger_url, "a") as pipeline:

        async def full(*_: object) -> set[tuple[str, str]]:
            raise LedgerError("the disk is full")

        monkeypatch.setattr(pipeline.ledger, "editions", full)
        with pytest.raises(LedgerError):
            await pipeline.run(days(1))


async def test_a_fingerprint_that_the_source_keeps_is_not_computed_again(ledger_url: str) -> None:
    (post,) = days(1)
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([replace(post, fingerprint="kept")])
        assert [one.fingerprint for one in await pipeline.ledger.known_digests("blog")] == ["kept"]


async def test_no_sentence_in_the_ledger_decides(ledger_url: str) -> None:
    """One that says it in other words is no obstacle: a post that stayed empty goes out when it has papers."""
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run(days(1, papers=0))
        async with pipeline.ledger._write() as db:
            await db.exec_driver_sql(
                "UPDATE digests SET reason = 'the post stayed without any papers' WHERE state = 'skipped'"
            )
        await pipeline.run(days(1))
        assert pipeline.read("a") == ["index", "1", "2"]


async def test_who_joins_gets_the_newest_digest_but_none_of_the_future(ledger_url: str) -> None:
    """A former version sent such a post."""
    typo = found(digest(date(2062, 1, 1), paper(7)))
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([*days(1), typo])
        await pipeline.run([*days(1, 2), typo])
        await pipeline.subscriber("b", now=True)
        await pipeline.look([*days(1, 2), typo], rules=Rules(today=date(2025, 1, 2)))
        await pipeline.dispatch()
        assert (pipeline.read("a"), pipeline.read("b")) == (["index", "7", "index", "1", "2"], ["index", "1", "2"])


async def test_a_first_run_and_who_joins_get_the_newest_digest_that_has_papers(ledger_url: str) -> None:
    posts, rules = [*days(1, 2), *days(3, papers=0)], Rules(gate_wait=3600)
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.look(posts, rules=rules)
        await pipeline.subscriber("b", now=True)
        await pipeline.look(posts, rules=rules)
        await pipeline.dispatch()
        assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"]
        assert [one.day.day for one in await pipeline.ledger.known_digests("blog") if one.state == "active"] == [2]


@pytest.mark.parametrize("counts", [(1, 1), (1, 2), (0, 1), (1, 0, 2)])
async def test_a_held_post_that_shrinks_is_waited_for_at_every_look(ledger_url: str, counts: Sequence[int]) -> None:
    rules = Rules(gate_wait=3600)
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.look([found(digest(DAY, *sparse(1, 2, 3)))], rules=rules)
        for papers in counts:
            pipeline.clock.now += 60
            await pipeline.look(days(1, papers=papers), rules=rules)
            await pipeline.dispatch()
            assert pipeline.read("a") == []
        pipeline.clock.now += 3600
        await pipeline.look(days(1, papers=1), rules=rules)
        await pipeline.dispatch()
        assert pipeline.read("a") == ["index", "1"]


async def test_a_held_post_that_has_all_its_papers_again_is_waited_for_no_longer(ledger_url: str) -> None:
    rules = Rules(gate_wait=3600)
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.look([found(digest(DAY, *sparse(1, 2)))], rules=rules)
        for papers in (1, 1, 2):
            await pipeline.look(days(1, papers=papers), rules=rules)
            await pipeline.dispatch()
        assert pipeline.read("a") == ["index", "1", "2"]


def sparse(*numbers: int) -> list[Paper]:
    """Give papers that say nothing yet."""
    return [replace(paper(number), sections=(Section("Results", ""),)) for number in numbers]


# --- who comes back


async def test_who_comes_back_gets_what_it_lacks_of_the_last_digests_older_first(ledger_url: str) -> None:
    async with pipeline_at(ledger_url, "a", "b") as pipeline:
        await pipeline.run(days(1))
        pipeline.channel.failures["a"].append(refused(errors.ChatGone("kicked")))
        for last in range(2, 7):
            await pipeline.run(days(*range(1, last + 1)))
        await pipeline.ledger.subscriptions.resume_all()
        await pipeline.run(days(*range(1, 7)))
        assert dates(pipeline, "a") == [1, 2, 4, 5, 6]  # it had begun with the second
        assert dates(pipeline, "b") == [1, 2, 3, 4, 5, 6]


async def test_what_came_on_one_day_comes_whole(ledger_url: str) -> None:
    day = date(2025, 1, 2)
    two = [found(digest(day, paper(1))), found(digest(day, paper(2), series="Other Papers"))]
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run(days(1))
        await pipeline.ledger.subscriptions.pause((await pipeline.known("a")).id, "archived")
        await pipeline.run(days(1) + two)
        await pipeline.ledger.subscriptions.resume_all()
        await pipeline.run(days(1) + two)
        assert len(pipeline.read("a")) == 3 + 2 + 2


async def test_a_chat_that_is_out_of_the_settings_for_a_while_lacks_nothing(ledger_url: str) -> None:
    async with pipeline_at(ledger_url, "a", "b") as pipeline:
        await pipeline.run(days(1))
        await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"b": "b"})
        await pipeline.run(days(1, 2))
        await pipeline.run(days(1, 2, 3))
        await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b"})
        await pipeline.run(days(1, 2, 3))
        assert dates(pipeline, "a") == [1, 2, 3]


async def test_a_new_chat_gets_the_newest_alone(ledger_url: str) -> None:
    async with pipeline_at(ledger_url, "b") as pipeline:
        await pipeline.run(days(1))
        await pipeline.run(days(1, 2))
        await pipeline.run(days(1, 2, 3))
        await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b"})
        pipeline.clock.now += 60
        await pipeline.subscriber("c", now=True)
        for _ in range(2):
            await pipeline.run(days(1, 2, 3))
        assert (dates(pipeline, "a"), dates(pipeline, "c")) == ([3], [3])


async def test_a_reader_that_blocked_the_bot_before_its_first_digest(ledger_url: str) -> None:
    async with pipeline_at(ledger_url, "b") as pipeline:
        await pipeline.run(days(1))
        pipeline.clock.now += 60
        reader = await pipeline.subscriber("c")
        await pipeline.ledger.subscriptions.pause(reader, "blocked")
        await pipeline.run(days(1, 2))
        await pipeline.run(days(1, 2, 3))
        await pipeline.ledger.subscriptions.resume(reader)
        await pipeline.run(days(1, 2, 3))
        assert dates(pipeline, "c") == [2, 3]


def dates(pipeline: Pipeline, address: str) -> list[int]:
    """Give the days of the indexes that a chat shows."""
    return [int(line.split(" January")[0].split()[-1]) for line in pipeline.shown(address) if " January" in line]


async def test_an_edit_after_a_change_of_language_edits_what_it_changed_alone(ledger_url: str) -> None:
    day = date(2025, 1, 1)
    before, after = (found(digest(day, paper(1), paper(2, word=word), paper(3))) for word in ("plain", "other"))
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([before])
        words = [one.body for one in pipeline.channel.chats["a"]]
        pipeline.channel.formatter = TerminalFormatter(phrases("ko"))
        await pipeline.run([after])
        shown = pipeline.channel.chats["a"]
        assert [one.edits for one in shown] == [0, 0, 1, 0]
        assert [one.body == word for one, word in zip(shown, words, strict=True)] == [True, True, False, True]
        assert "other things" in str(shown[2].body)


async def test_what_nobody_received_is_in_the_language_of_now(ledger_url: str) -> None:
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.look(days(1))
        pipeline.channel.formatter = TerminalFormatter(phrases("ko"))
        await pipeline.run(days(1, papers=3))
        assert ["목표" in str(one.body) for one in pipeline.channel.chats["a"]] == [False, True, True, True]


async def test_messages_that_stay_as_they_are_keep_their_places(ledger_url: str) -> None:
    """A paper that comes between others is sent behind them, and what is still to be sent goes in the new order."""
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run([found(digest(DAY, paper(1), paper(2)))])
        moved = digest(DAY, paper(3), paper(2), paper(1))
        await pipeline.run([found(moved)])
        await pipeline.subscriber("b", now=True)
        await pipeline.run([found(moved)])
        assert (pipeline.read("a"), pipeline.read("b")) == (["index", "1", "2", "3"], ["index", "3", "2", "1"])
