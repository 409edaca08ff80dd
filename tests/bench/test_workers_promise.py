"""The bench of workers in small: what it measures is measured rightly, and what it promises of one worker holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.bench.workers.before import LIMIT, REPLIES, Measure, figures, throughput
from tests.bench.workers.bots import Bots
from tests.bench.workers.broadcast import Broadcast
from tests.bench.workers.figures import middle
from tests.bench.workers.takeover import Kill, outcome, waits
from tests.bench.workers.two import steady
from tests.bench.workers.worker import deliver
from tests.support.file_platform import FilePlatform, Shown, Wrong, checksum, compare

LIMIT_SAYS = """
              time / least  429s
------------  ------------  ----
Paperboy             1.005     0
"""
THROUGHPUT_SAYS = """
                             messages/s, over the SDK alone  messages per second of CPU, over it  messages/s
---------------------------  ------------------------------  -----------------------------------  ----------
plan, ledger and dispatcher                0.95 (0.92–0.98)                     0.90 (0.88–0.91)         610
"""
REPLIES_SAYS = (
    "Paperboy        26 ms   78 ms    91 ms  160 of 160  29.9 a second\nAIORateLimiter  none    none  none  54 of 160"
)


def test_one_worker_delivers_each_message_once() -> None:
    broadcast = Broadcast(bots=2, chats=2, papers=1)
    url, platform = f"sqlite:///{Path.cwd()}/ledger.db", f"{Path.cwd()}/platform"
    asyncio.run(broadcast.write(url))
    done = deliver(url, Bots(broadcast.names, platform))
    assert compare(FilePlatform(Path(platform)).shown(), broadcast.addresses, broadcast.texts) == Wrong(0, 0, 0)
    assert done.cpu > 0
    assert broadcast.messages == 8


def shown(at: float, process: int, channel: str, address: str = "1", text: str = "") -> Shown:
    return Shown(at, process, channel, address, "ref", checksum(text))


def test_the_bots_of_a_killed_worker_wait_for_another_one() -> None:
    messages = [
        *(shown(1, 10, "mine"), shown(2, 10, "given back"), shown(3, 11, "given back"), shown(4, 11, "other's")),
        *(shown(6, 11, "other's"), shown(7.5, 11, "mine"), shown(9, 12, "mine"), shown(9.5, 11, "given back")),
    ]
    assert waits([Kill(5.0, 10)], messages, lambda one: one.channel) == [2.5]


def test_what_kills_cost_is_told() -> None:
    broadcast = Broadcast(bots=1, chats=1, papers=1)
    index, paper = broadcast.texts
    [(bot, chat)] = broadcast.addresses
    came = [shown(1, 10, bot, chat, paper), shown(33, 11, bot, chat, index), shown(34, 11, bot, chat, paper)]
    found = outcome([Kill(2.0, 10)], came, broadcast)
    assert (found.bots, found.unconfirmed, found.wrong) == ([31.0], [31.0], Wrong(0, 1, 1))


def test_a_rate_is_that_of_the_middle() -> None:
    times = [0.0, *(10 + number / 10 for number in range(98)), 50.0]
    assert steady(times) == pytest.approx(10.0)


def test_a_median_of_two_is_the_worse_ratio() -> None:
    assert middle([2.0, 1.7]) == 1.7


def test_figures_are_read_from_what_benches_print() -> None:
    assert [measure.read(LIMIT_SAYS) for measure in LIMIT.measures] == [1.005]
    assert [measure.read(THROUGHPUT_SAYS) for measure in throughput(3).measures] == [0.95, 0.9]
    assert [measure.read(REPLIES_SAYS) for measure in REPLIES.measures] == [26, 78]


@pytest.mark.parametrize(
    ("now", "before", "met"),
    [([1.03], [1.0], True), ([1.2], [1.0], False), ([1.02], [], True), ([1.0, 1.03], [], False)],
)
def test_no_worse_than_before_or_than_promised(now: list[float], before: list[float], met: bool) -> None:
    assert Measure("", "", 1.02).is_met(now, before) is met


def test_more_is_better_for_some() -> None:
    [first, _] = figures(throughput(1), [[0.7, 0.9]], [[0.8, 0.9]])
    assert first.met is False
    assert Measure("", "", 0.8, more_is_better=True).is_met([0.85], [])
