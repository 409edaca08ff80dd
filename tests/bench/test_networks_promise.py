"""The bench of networks in a few seconds, and whole: how near to the least time a broadcast is, how often refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.limit import outcome, without_edits
from tests.bench.networks import ANSWERS, FEW, LOWER, MANY, MOST_LATE, NETWORKS, PEERS, SOME, Network, days

JITTER, NARROW = NETWORKS[3], NETWORKS[5]
pytestmark = pytest.mark.unmeasured


def test_the_networks_are_those_that_are_meant() -> None:
    assert (JITTER.name, NARROW.limits) == ("0 to 100 ms late", LOWER)


def test_where_calls_come_late_by_chance_a_broadcast_is_hardly_refused_and_hardly_slower() -> None:
    assert JITTER.is_met(days(replace(JITTER, next_time=0), SOME, ANSWERS[0]))


def test_what_one_broadcast_learnt_of_a_lower_limit_the_next_one_keeps() -> None:
    first, following = days(NARROW, FEW[:4], ANSWERS[0])
    assert 0 < first.server.refused <= 2
    assert following.server.refused <= 2
    assert following.ratio <= first.ratio <= 1.25


@pytest.mark.long
@pytest.mark.parametrize("answer_time", ANSWERS)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_all_that_is_promised_of_a_network(network: Network, answer_time: float) -> None:
    ours = days(network, MANY, answer_time)
    assert network.is_met(ours), [(day.ratio, day.server.refused) for day in ours]
    if network.limits != LOWER:
        [few] = days(replace(network, next_time=0), FEW, answer_time)
        assert few.late()[0] <= MOST_LATE


@pytest.mark.long
@pytest.mark.parametrize("peer", PEERS)
def test_others_are_behind(peer: str) -> None:
    [ours] = days(replace(JITTER, next_time=0), SOME, ANSWERS[0])
    assert ours.ratio < outcome(PEERS[peer], SOME, JITTER.server(ANSWERS[0]), count=without_edits).ratio
