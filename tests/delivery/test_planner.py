"""Planning: what is found is compared with the ledger and written into it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bot.delivery.decisions import Rules
from formatters.model import Digest, Paper, Section
from tests.support.digests import days, digest, found, paper
from tests.support.pipeline import open_pipeline

DAY = date(2025, 1, 1)


@dataclass(frozen=True)
class Watched(Digest):
    """Note the threads in which a digest is hashed."""

    threads: ClassVar[set[int]] = set()

    def __getattribute__(self, name: str) -> Any:
        if name == "preface":
            Watched.threads.add(threading.get_ident())
        return super().__getattribute__(name)


async def test_posts_are_compared_outside_the_event_loop(tmp_path: Path) -> None:
    posts = days(1, 2, 3)
    async with open_pipeline(tmp_path, "a") as pipeline:
        await pipeline.run(posts)
        plain = [{field.name: getattr(one.digest, field.name) for field in fields(one.digest)} for one in posts]
        Watched.threads.clear()
        await pipeline.look([replace(one, digest=Watched(**values)) for one, values in zip(posts, plain, strict=True)])
    assert Watched.threads
    assert threading.get_ident() not in Watched.threads


async def test_no_sentence_in_the_ledger_decides(tmp_path: Path) -> None:
    """One that says it in other words is no obstacle: a post that stayed empty goes out when it has papers."""
    async with open_pipeline(tmp_path, "a") as pipeline:
        await pipeline.run(days(1, papers=0))
        async with pipeline.ledger._write() as db:
            await db.exec_driver_sql(
                "UPDATE digests SET reason = 'the post stayed without any papers' WHERE state = 'skipped'"
            )
        await pipeline.run(days(1))
        assert pipeline.read("a") == ["index", "1", "2"]


async def test_who_joins_gets_the_newest_digest_but_none_of_the_future(tmp_path: Path) -> None:
    """A former version sent such a post."""
    typo = found(digest(date(2062, 1, 1), paper(7)))
    async with open_pipeline(tmp_path, "a") as pipeline:
        await pipeline.run([*days(1), typo])
        await pipeline.run([*days(1, 2), typo])
        await pipeline.subscriber("b", now=True)
        await pipeline.look([*days(1, 2), typo], rules=Rules(today=date(2025, 1, 2)))
        await pipeline.dispatch()
        assert (pipeline.read("a"), pipeline.read("b")) == (["index", "7", "index", "1", "2"], ["index", "1", "2"])


@pytest.mark.parametrize("counts", [(1, 1), (1, 2), (0, 1), (1, 0, 2)])
async def test_a_held_post_that_shrinks_is_waited_for_at_every_look(tmp_path: Path, counts: Sequence[int]) -> None:
    rules = Rules(gate_wait=3600)
    async with open_pipeline(tmp_path, "a") as pipeline:
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


async def test_a_held_post_that_has_all_its_papers_again_is_waited_for_no_longer(tmp_path: Path) -> None:
    rules = Rules(gate_wait=3600)
    async with open_pipeline(tmp_path, "a") as pipeline:
        await pipeline.look([found(digest(DAY, *sparse(1, 2)))], rules=rules)
        for papers in (1, 1, 2):
            await pipeline.look(days(1, papers=papers), rules=rules)
            await pipeline.dispatch()
        assert pipeline.read("a") == ["index", "1", "2"]


def sparse(*numbers: int) -> list[Paper]:
    """Give papers that say nothing yet."""
    return [replace(paper(number), sections=(Section("Results", ""),)) for number in numbers]
