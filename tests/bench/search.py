"""How long a reader's search takes among many papers, in either database: `python -m tests.bench.search`.

The papers are made of the words of our posts, each as often as it is there. One search at a time; PostgreSQL is a
server of its own on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from bot.ledger.ledger import Ledger, open_ledger
from bot.sources.source import FoundDigest
from formatters.model import Digest, Paper, Section
from tests.bench.table import busy, say, show, spread, verdict
from tests.support.golden import DATA
from tests.support.postgres.server import own_server

MOST = 0.15  # seconds that 99 of 100 searches may take in PostgreSQL
_PAGE = 5  # hits that a reader sees
_WORDS, _TITLE = 116, 8  # of a paper, and of its title
_DIGEST = 18  # papers
_TOGETHER = 100  # digests that are written at once
_DAY = date(2000, 1, 1)
# Frequent and rare, of one letter and of many, one word and several, and one that no paper has.
QUERIES = (
    *("학습", "확산", "확산 모델", "눈", "강화학습", "강화학습 목표", "집중하여", "모델을 사용하여 성능을", "데이터"),
    *(
        "model",
        "attention",
        "diffusion model",
        "reasoning patterns",
        "gpt",
        "2501",
        "a",
        "zzzz",
        "diffusion-model",
        "learning-model",
    ),
)


@dataclass(frozen=True)
class Cost:
    """What one search found, and how long it took each time, in seconds."""

    said: str
    hits: int
    seconds: Sequence[float]


def digests(papers: int, chance: random.Random) -> Iterator[FoundDigest]:
    """Make so many papers of the words of our posts."""
    words = [
        word for post in sorted(DATA.glob("2025-*.md")) for word in re.findall(r"[^\s#*|`<>\[\]()]+", post.read_text())
    ]
    for number, first in enumerate(range(0, papers, _DIGEST)):
        day = _DAY + timedelta(number)
        listed = tuple(_paper(first + place, place + 1, words, chance) for place in range(min(_DIGEST, papers - first)))
        yield FoundDigest(Digest(f"daily/{day}", "Daily", day, f"Daily — {day}", "", "", listed), f"{day}.md", "made")


def _paper(key: int, number: int, words: Sequence[str], chance: random.Random) -> Paper:
    said = chance.choices(words, k=_WORDS)
    title, body = " ".join(said[:_TITLE]), " ".join(said[_TITLE:])
    return Paper(f"made-{key}", number, title, "", (), (Section("Introduction", body),))


async def fill(ledger: Ledger, papers: int) -> None:
    made = digests(papers, random.Random(papers))
    while batch := [one for _, one in zip(range(_TOGETHER), made, strict=False)]:
        await ledger.archive.contents.add("blog", batch)


async def measured(url: str, papers: int, rounds: int) -> list[Cost]:
    """Fill a ledger, and let each search be asked so often, by turns."""
    async with open_ledger(url) as ledger:
        start = time.perf_counter()
        await fill(ledger, papers)
        say(f"{papers} papers were written in {time.perf_counter() - start:.0f} seconds")
    async with open_ledger(url) as ledger:
        taken: dict[str, list[float]] = {said: [] for said in QUERIES}
        hits = {said: (await ledger.archive.search(said, _PAGE, 0))[1] for said in QUERIES}  # warm up
        for said in QUERIES * rounds:
            start = time.perf_counter()
            await ledger.archive.search(said, _PAGE, 0)
            taken[said].append(time.perf_counter() - start)
    return [Cost(said, hits[said], taken[said]) for said in QUERIES]


def worst(costs: Sequence[Cost]) -> float:
    """Give what 99 of 100 searches took at most."""
    taken = sorted(seconds for one in costs for seconds in one.seconds)
    return taken[min(len(taken) - 1, round(0.99 * len(taken)))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, own_server() as server:
        in_file = asyncio.run(measured(f"sqlite:///{folder}/ledger.db", options.papers, options.rounds))
        in_server = asyncio.run(measured(server.url(), options.papers, options.rounds))
    rows = [
        (ours.said, f"{ours.hits}", *(spread([1000 * one for one in cost.seconds], 1) for cost in (ours, theirs)))
        for ours, theirs in zip(in_file, in_server, strict=True)
    ]
    over = [median(theirs.seconds) / median(ours.seconds) for ours, theirs in zip(in_file, in_server, strict=True)]
    show(
        f"{options.papers} papers, each search {options.rounds} times; the newest {_PAGE} hits, and how many there are",
        ("search", "hits", "SQLite, ms", "PostgreSQL, ms"),
        rows,
        f"99 of 100: SQLite {1000 * worst(in_file):.0f} ms, PostgreSQL {1000 * worst(in_server):.0f} ms.",
        f"PostgreSQL over SQLite: {spread(over)}.",
        busy(),
    )
    same = [ours.hits == theirs.hits for ours, theirs in zip(in_file, in_server, strict=True)]
    say(f"The same hits in both: {verdict(all(same))}")
    say(f"99 of 100 within {1000 * MOST:.0f} ms in PostgreSQL: {verdict(worst(in_server) <= MOST)}")


if __name__ == "__main__":
    main()
