"""The tally over all cases, as the last lines of the session tell it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Self

from tests.faults.outcome import Outcome

PROPERTY = "faults"  # under which a test reports its case


@dataclass(frozen=True)
class Verdict:
    """What the program found out about one doubtful send."""

    channel: str
    unconfirmed: str  # the same for the same send
    said: str  # There, Absent, Unknown
    right: bool | None  # None: it said that the platform does not tell


@dataclass(frozen=True)
class Case:
    """What one test did and what became of it."""

    faults: int
    outcome: Outcome
    verdicts: Sequence[Verdict] = ()
    copies: int = 0  # sent to find out about a doubtful send, and deleted again

    def dumped(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loaded(cls, text: str) -> Self:
        said = json.loads(text)
        verdicts = [Verdict(**verdict) for verdict in said["verdicts"]]
        return cls(said["faults"], Outcome(**said["outcome"]), verdicts, said["copies"])


@dataclass
class Tally:
    """All cases together; those of known bugs, which are expected to fail, stand apart."""

    cases: list[Case] = field(default_factory=list)
    known_bugs: list[tuple[str, Case]] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Write the summary, one line, then what it needs to be believed."""
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
        yield from (f"  known bug, not counted: {name}: {_wrong(case.outcome)}" for name, case in self.known_bugs)


def _wrong(outcome: Outcome) -> str:
    return "; ".join(outcome.wrong) or "nothing lost, doubled or out of order"


def _table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Tell how many doubtful sends were settled, and how many of these rightly."""
    heads = "".join(f"{head:>9}" for head in ("settled", "found", "absent", "rightly"))
    yield f"  {'doubtful sends':16}{heads}{'platform does not tell':>24}"
    ways = {"telegram": "by editing", "slack": "by metadata"}
    for channel in sorted({verdict.channel for verdict in verdicts}):
        mine = [verdict for verdict in verdicts if verdict.channel == channel]
        said = Counter(verdict.said for verdict in mine)
        right = sum(verdict.right is True for verdict in mine)
        settled = said["There"] + said["Absent"]
        numbers = f"{settled:>9}{said['There']:>9}{said['Absent']:>9}{right:>9}{_never_told(mine):>24}"
        yield f"  {channel:16}{numbers}   {ways.get(channel, '')}"


def _never_told(verdicts: Iterable[Verdict]) -> int:
    """Count the sends about which the last word was that the platform does not tell."""
    last = {verdict.unconfirmed: verdict.said for verdict in verdicts}
    return sum(said == "Unknown" for said in last.values())
