"""Draw a script from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.faults.combined.acts import (
    Act,
    Add,
    Close,
    Copy,
    Draft,
    FillDisk,
    Kill,
    LayOut,
    LeaveOut,
    Move,
    NameAgain,
    Open,
    Publish,
    Rename,
    Reword,
    SetLanguage,
    SetLayout,
    StartAnother,
    Talk,
    Terminate,
)
from tests.faults.combined.runs import At, Broken, Run
from tests.support.chats import BASIC, CHANNEL, CHANNEL_NAME, FORUM, FORUM_TOPIC, GROUP, READER, SLACK_CHAT

# Kinds of faults that are drawn. Not yet: "back" and "ahead" (clocks), "copies" (of posts), until they are mended.
KINDS = frozenset({"settings", "drafts", "moves"})

Step = Act | Run
_HOUR, _DAY = 3600.0, 86400.0
_CALLS = 24  # within so many calls of a run something happens
_TELEGRAM_CHATS = (CHANNEL_NAME, GROUP, FORUM_TOPIC, READER, BASIC)
_CALLED = {CHANNEL_NAME: CHANNEL, FORUM_TOPIC: FORUM}  # the chat of a call, where it is not what the settings name
_NETWORK = ("lost_answer", "lost_answer", "reset", "server_error", "truncated", "captive_portal")
_STATEMENTS = (
    *("INSERT INTO digests", "INSERT INTO messages", "INSERT INTO deliveries", "UPDATE digests", "UPDATE messages"),
    *("UPDATE chats", "UPDATE deliveries SET state", "'sending'", "'sent'", "'unconfirmed'", "DELETE FROM"),
)


@dataclass(frozen=True)
class Script:
    """Everything that is drawn: it can be printed, and what is printed can be played."""

    names: tuple[str, ...]
    days: int
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        lines = "".join(f"        {step!r},\n" for step in self.steps)
        return f"Script(\n    names={self.names!r},\n    days={self.days},\n    steps=(\n{lines}    ),\n)"


def draw(seed: int, kinds: frozenset[str] = KINDS) -> Script:
    """Draw what goes wrong."""
    return _Drawing(Random(seed), kinds).script()


class _Drawing:
    def __init__(self, chance: Random, kinds: frozenset[str]) -> None:
        self._chance, self._kinds = chance, kinds
        self._days = chance.choice((2, 2, 3))
        telegram = chance.sample(_TELEGRAM_CHATS, 3)
        self._names = (*(name for name in _TELEGRAM_CHATS if name in telegram), SLACK_CHAT)

    def script(self) -> Script:
        steps: list[Step] = [Publish()]
        for day in range(self._days):
            for _ in range(self._chance.choice((1, 2, 2) if day else (1, 1, 2))):
                steps += [*self._between(), self._run()]
            steps += self._next_post() if day < self._days - 1 else ()
        return Script(self._names, self._days, tuple(steps))

    def _next_post(self) -> list[Step]:
        """Let the next post appear, perhaps as a copy or empty first."""
        first: list[Step] = []
        if self._happens("copies", 0.3):
            first = [Copy(unseen=True), *self._maybe_run()]
        elif self._happens("drafts", 0.3):
            first = [Draft(), *self._maybe_run()]
        return [*first, Publish()]

    def _maybe_run(self) -> list[Step]:
        return [self._run()] if self._chance.random() < 0.7 else []

    def _happens(self, kind: str, likely: float) -> bool:
        return self._chance.random() < likely and kind in self._kinds

    def _between(self) -> list[Step]:
        return [self._act() for _ in range(self._chance.choice((0, 1, 1, 2)))]

    def _act(self) -> Act:
        chance, chat = self._chance, self._chance.choice(self._names)
        post = chance.randrange(self._days)
        makes: Sequence[Callable[[], Act]] = (
            lambda: Add(post, chance.randrange(4)),
            lambda: Reword(post),
            lambda: LayOut(post),
            lambda: Rename(post, chance.choice(("again", "new", "of-the-day"))),
            lambda: Close(chat),
            lambda: Open(chat),
            lambda: Talk(chat, chance.choice(("hello", "/help", "/settings"))),
            self._setting,
            lambda: Move() if "moves" in self._kinds else Talk(chat, "hello"),
        )
        return chance.choice(makes)()

    def _setting(self) -> Act:
        chance, chat = self._chance, self._chance.choice(self._names[:-1])
        makes: Sequence[Callable[[], Act]] = (
            lambda: SetLayout("telegram", chance.choice(("messages", "digest", "index"))),
            lambda: SetLayout("slack", chance.choice(("thread", "messages", "digest"))),
            lambda: SetLanguage(chance.choice(("ko", "en"))),
            lambda: LeaveOut(chat) if "settings" in self._kinds else SetLanguage("en"),
            lambda: NameAgain(chat),
        )
        return chance.choice(makes)()

    def _run(self) -> Run:
        chance = self._chance
        acts = [At(self._call(), self._act()) for _ in range(chance.choice((0, 0, 1, 2)))]
        command = "run" if chance.random() < 0.25 else "deliver"
        if chance.random() < 0.2:
            acts.append(At(self._call(), StartAnother(self._shift())))
        killed_at = chance.choice(_STATEMENTS) if chance.random() < 0.12 else ""
        if chance.random() < 0.6:
            end = chance.choice((Kill(), Kill(), Kill(), Terminate(), FillDisk()))
            acts.append(At(self._call(), end, answered=chance.random() < 0.5))
        broken = tuple(self._broken() for _ in range(chance.choice((0, 1, 1, 2, 3))))
        return Run(command, self._shift(), killed_at, broken, tuple(sorted(acts, key=lambda one: one.call)))

    def _call(self) -> int:
        return self._chance.randint(1, _CALLS)

    def _shift(self) -> float:
        back, ahead = [-_HOUR, -_DAY - _HOUR], [_HOUR, 9 * _HOUR, 30 * _DAY]
        shifts = back * ("back" in self._kinds) + ahead * ("ahead" in self._kinds)
        drawn, happens = self._chance.randrange(60), self._chance.random() < 0.3
        return shifts[drawn % len(shifts)] if happens and shifts else 0.0

    def _broken(self) -> Broken:
        chance, chat = self._chance, self._chance.choice(self._names)
        fault = chance.choice(_NETWORK)
        if chance.random() < 0.06:
            fault = "ratelimited" if chat == SLACK_CHAT else "flood"
        methods = ("chat.postMessage", "chat.update") if chat == SLACK_CHAT else ("sendMessage", "editMessageText")
        return Broken(fault, methods[chance.random() < 0.3], _CALLED.get(chat, chat), chance.randrange(4))
