"""Draw a script from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from tests.faults.combined.acts import Add, LayOut, Publish, Reword, Talk
from tests.faults.combined.runs import Broken
from tests.faults.combined.stage import LANGUAGE, LAYOUT
from tests.faults.workers.acts import (
    Act,
    CutOff,
    EndConnections,
    FillDisk,
    Freeze,
    Kill,
    RestartServer,
    Terminate,
    Whom,
)
from tests.faults.workers.times import Times
from tests.support.chats import READER

Change = Publish | Add | Reword | LayOut | Talk
# How often each kind of fault is drawn; in a script one kind comes more often than all others.
_USUAL = {"kill": 8, "freeze": 4, "connections": 3, "cut": 3, "server": 2, "disk": 1, "end": 2}
_OFTEN = 16
_NETWORK = ("lost_answer", "reset", "server_error", "truncated")
_CALLS = 40  # within so many calls of a round something happens


@dataclass(frozen=True)
class At:
    """A fault at the n-th call of a round, before it is carried out or after; later where nothing could be struck."""

    call: int
    act: Act
    answered: bool = False


@dataclass(frozen=True)
class Late:
    """A call whose answer takes so long, carried out before that or after."""

    seconds: float
    method: str
    done_first: bool
    skip: int  # so many calls before it are answered at once


@dataclass(frozen=True)
class Round:
    """Something changes, and what goes wrong while it is delivered."""

    change: Change
    acts: tuple[At, ...] = ()
    broken: tuple[Broken | Late, ...] = ()


@dataclass(frozen=True)
class Script:
    """Everything that is drawn: it can be printed, and what is printed can be played."""

    workers: int
    days: int
    pace: float  # seconds that each call takes at least
    shifts: tuple[float, ...]  # seconds by which the clock of each worker is ahead
    rounds: tuple[Round, ...]

    def __str__(self) -> str:
        lines = "".join(f"        {one!r},\n" for one in self.rounds)
        head = f"    workers={self.workers},\n    days={self.days},\n    pace={self.pace},\n    shifts={self.shifts},\n"
        return f"Script(\n{head}    rounds=(\n{lines}    ),\n)"

    def count(self, kind: type[Act]) -> int:
        """Count the faults of a kind."""
        return sum(isinstance(one.act, kind) for each in self.rounds for one in each.acts)


def draw(seed: int, times: Times, rounds: int) -> Script:
    """Draw what goes wrong in so many rounds."""
    return _Drawing(Random(seed), times).script(rounds)


class _Drawing:
    def __init__(self, chance: Random, times: Times) -> None:
        self._chance, self._times = chance, times
        self._kinds = dict(_USUAL) | {chance.choice(list(_USUAL)): _OFTEN}
        self._published = 0

    def script(self, rounds: int) -> Script:
        chance, workers = self._chance, self._chance.choice((2, 2, 3, 4))
        shifts = tuple(round(chance.uniform(-3, 3), 1) for _ in range(workers))
        days = min(rounds, 3)
        pace = chance.choice((0.005, 0.02, 0.05))
        return Script(workers, days, pace, shifts, tuple(self._round(days, left) for left in reversed(range(rounds))))

    def _round(self, days: int, left: int) -> Round:
        acts = sorted((self._at() for _ in range(self._chance.randint(1, 3))), key=lambda one: one.call)
        broken = tuple(self._broken() for _ in range(self._chance.choice((0, 1, 2))))
        return Round(self._change(days, left), tuple(acts), broken)

    def _change(self, days: int, left: int) -> Change:
        chance, missing = self._chance, days - self._published
        if not self._published or missing > left or (missing and self._is(0.4)):
            self._published += 1
            return Publish()
        post = chance.randrange(self._published)
        makes: Sequence[Callable[[], Change]] = (
            lambda: Add(post, chance.randrange(7)),
            lambda: Add(post, chance.randrange(7)),
            lambda: Reword(post),
            lambda: Reword(post),
            lambda: LayOut(post),
            lambda: Talk(READER, LAYOUT + chance.choice(("messages", "digest", "index"))),
            lambda: Talk(READER, LANGUAGE + chance.choice(("ko", "en"))),
        )
        return chance.choice(makes)()

    def _at(self) -> At:
        [kind] = self._chance.choices(list(self._kinds), list(self._kinds.values()))
        return At(self._chance.randint(1, _CALLS), self._act(kind), self._is(0.5))

    def _act(self, kind: str) -> Act:
        chance, times = self._chance, self._times
        seconds = round(chance.choice((0.3, 0.6, 1.5, 2.5)) * times.silence, 1)
        whom: Whom = "other" if self._is(0.3) else "caller"
        makes: Mapping[str, Callable[[], Act]] = {
            "kill": lambda: Kill(whom),
            "freeze": lambda: Freeze(seconds, whom),
            "connections": lambda: EndConnections(whom if self._is(0.7) else None, chance.choice((None, 0, 1, 2, 3))),
            "cut": lambda: CutOff(seconds, self._is(0.6), self._is(0.3), self._is(0.5), whom),
            "server": lambda: RestartServer(round(chance.uniform(0, 1), 1)),
            "disk": lambda: FillDisk(round(chance.uniform(0.5, 2), 1)),
            "end": lambda: Terminate(whom),
        }
        return makes[kind]()

    def _is(self, likely: float) -> bool:
        return self._chance.random() < likely

    def _broken(self) -> Broken | Late:
        chance = self._chance
        methods = chance.choice((("sendMessage", "editMessageText"), ("chat.postMessage", "chat.update")))
        method, skip = methods[self._is(0.3)], chance.randrange(20)
        if self._is(0.5):
            return Broken(chance.choice(_NETWORK), method, None, skip)
        # What is carried out only when its caller has given up and others have asked about it comes twice: no program
        # can know that. So what is carried out late is so within the time that a call may take.
        done_first = self._is(0.5)
        most = 2 * self._times.take_over_delay if done_first else 0.8 * self._times.call
        return Late(round(chance.uniform(0.2, most), 1), method, done_first, skip)
