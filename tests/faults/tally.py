"""The tally over all cases, as the last lines of the session show it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Self

from bot.delivery.channel import Delivered, NotDelivered, Undecided
from tests.faults.outcome import Outcome

PROPERTY = "faults"  # under which a test reports its case


@dataclass(frozen=True)
class Verdict:
    """What the program found out about one unconfirmed send."""

    channel: str
    unconfirmed: str  # the same for the same send
    said: str  # Delivered, NotDelivered, Undecided
    right: bool | None  # None: it could not find out


@dataclass(frozen=True)
class Case:
    """What one test did and what became of it."""

    faults: int
    outcome: Outcome
    verdicts: Sequence[Verdict] = ()
    copies: int = 0  # sent to find out about an unconfirmed send, and deleted again
    workers: Mapping[str, int] = field(default_factory=dict)  # faults of workers on PostgreSQL, by kind
    waited: float = 0.0  # seconds after the last of these until all was there

    def dumped(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loaded(cls, text: str) -> Self:
        said = json.loads(text)
        verdicts = [Verdict(**verdict) for verdict in said["verdicts"]]
        return cls(**said | {"outcome": Outcome(**said["outcome"]), "verdicts": verdicts})


@dataclass
class Tally:
    """All cases together; those of known bugs, which are expected to fail, are apart."""

    cases: list[Case] = field(default_factory=list)
    known_bugs: list[tuple[str, Case]] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Write the summary in one line, then the details that support it."""
        faults, outcomes = sum(case.faults for case in self.cases), [case.outcome for case in self.cases]
        unsettled = [reason for outcome in outcomes for reason in outcome.unsettled]
        counts = {
            "messages expected": sum(outcome.expected for outcome in outcomes),
            "lost": sum(len(outcome.lost) for outcome in outcomes),
            "doubled": sum(len(outcome.doubled) for outcome in outcomes),
            "out of order": sum(len(outcome.disordered) for outcome in outcomes),
            "unsettled": len(unsettled),
        }
        yield ", ".join([f"faults tried {faults}", *(f"{name} {count}" for name, count in counts.items())])
        yield from (f"  unsettled: {reason}" for reason in unsettled)
        yield from (f"  otherwise wrong: {what}" for outcome in outcomes for what in outcome.otherwise)
        yield from _table([verdict for case in self.cases for verdict in case.verdicts])
        copies = sum(case.copies for case in self.cases)
        yield f"  sent to Telegram once more in order to ask, and deleted again: {copies}"
        yield from _workers([case for case in self.cases if case.workers])
        yield from (f"  known bug, not counted: {name}: {_wrong(case.outcome)}" for name, case in self.known_bugs)


def _workers(cases: Sequence[Case]) -> Iterator[str]:
    """Say what happened to workers that share a ledger, and how soon all was there."""
    if cases:
        struck = sum((Counter(case.workers) for case in cases), Counter[str]())
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(struck.items()))
        waited = max(case.waited for case in cases)
        yield f"  workers on PostgreSQL: {kinds}; all was there at most {waited:.1f} s after the last fault"


def _wrong(outcome: Outcome) -> str:
    return "; ".join(outcome.wrong) or "nothing lost, doubled or out of order"


def _table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Say how many unconfirmed sends were reconciled, and how many of these rightly."""
    titles = "".join(f"{title:>9}" for title in ("settled", "found", "absent", "rightly"))
    yield f"  {'unconfirmed':16}{titles}{'platform does not tell':>24}"
    ways = {"telegram": "by editing", "slack": "by metadata"}
    for channel in sorted({verdict.channel for verdict in verdicts}):
        mine = [verdict for verdict in verdicts if verdict.channel == channel]
        said = Counter(verdict.said for verdict in mine)
        right = sum(verdict.right is True for verdict in mine)
        settled = said[Delivered.__name__] + said[NotDelivered.__name__]
        counts = (settled, said[Delivered.__name__], said[NotDelivered.__name__], right)
        numbers = "".join(f"{count:>9}" for count in counts) + f"{_undecided(mine):>24}"
        yield f"  {channel:16}{numbers}   {ways.get(channel, '')}"


def _undecided(verdicts: Iterable[Verdict]) -> int:
    """Count the sends whose last verdict was that nothing could be found out."""
    last = {verdict.unconfirmed: verdict.said for verdict in verdicts}
    return sum(said == Undecided.__name__ for said in last.values())
