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
from tests.faults.combined.stage import LANGUAGE, LAYOUT, SUBSCRIBE, SUBSCRIBER, UNSUBSCRIBE
from tests.support.chats import BASIC, CHANNEL, CHANNEL_NAME, FORUM, FORUM_TOPIC, GROUP, READER, SLACK_CHAT

# Kinds of faults that are drawn beside those that always are: one that is not mended yet can be left out.
KINDS = frozenset({"settings", "drafts", "moves", "subscribers", "copies", "ahead", "back"})

Step = Act | Run
_THEMES = ("posts", "talk", "settings", "ends", "network", "clocks")
_HOUR, _DAY = 3600.0, 86400.0
_CALLS = 24  # within so many calls of a run something happens
_TELEGRAM_CHATS = (CHANNEL_NAME, GROUP, FORUM_TOPIC, READER, BASIC)
_CALLED = {CHANNEL_NAME: CHANNEL, FORUM_TOPIC: FORUM}  # the chat of a call, where it is not what the settings name
_NETWORK = ("lost_answer", "lost_answer", "reset", "server_error", "truncated", "captive_portal")
_IN_TELEGRAM, _IN_SLACK = ("flood", "unauthorized"), ("ratelimited", "token_revoked")
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


def draw(seed: int, kinds: frozenset[str] = KINDS, *, most: int = 2) -> Script:
    """Draw what goes wrong in at most so many runs for each post."""
    return _Drawing(Random(seed), kinds, most).script()


class _Drawing:
    def __init__(self, chance: Random, kinds: frozenset[str], most: int) -> None:
        self._chance, self._kinds, self._most = chance, kinds, most
        self._days = chance.choice((2, 2, 3))
        self._published = 1
        self._theme = chance.choice(_THEMES)  # what goes wrong more often than all else
        telegram = chance.sample(_TELEGRAM_CHATS, 3)
        subscriber = [SUBSCRIBER] if self._happens("subscribers", 0.4, "talk") else []
        self._names = (*subscriber, *(name for name in _TELEGRAM_CHATS if name in telegram), SLACK_CHAT)

    def script(self) -> Script:
        steps: list[Step] = [Publish()]
        for day in range(self._days):
            for _ in range(self._chance.randint(1, self._most)):
                steps += [*self._between(), self._run()]
            steps += self._next_post() if day < self._days - 1 else ()
        return Script(self._names, self._days, tuple(steps))

    def _is(self, likely: float, theme: str = "") -> bool:
        """Tell whether something happens; it does so more often where it is the theme."""
        return self._chance.random() < (0.8 if theme == self._theme else likely)

    def _happens(self, kind: str, likely: float, theme: str = "") -> bool:
        return self._is(likely, theme) and kind in self._kinds

    def _next_post(self) -> list[Step]:
        """Let the next post appear, perhaps as a copy or empty first."""
        self._published += 1
        first: list[Step] = []
        if self._happens("copies", 0.3, "posts"):
            first = [Copy(unseen=True)]
        elif self._happens("drafts", 0.3, "posts"):
            first = [Draft()]
        return [*first, *([self._run()] if first and self._is(0.7) else []), Publish()]

    def _between(self) -> list[Step]:
        return [self._act() for _ in range(self._chance.choice((0, 1, 1, 2)))]

    def _act(self) -> Act:
        chance, post = self._chance, self._chance.randrange(self._published)
        if self._is(0.2, "talk"):
            return self._said()
        if self._is(0.15, "settings"):
            return self._setting()
        makes: Sequence[Callable[[], Act]] = (
            lambda: Add(post, chance.randrange(4)),
            lambda: Add(post, chance.randrange(4)),
            lambda: Reword(post),
            lambda: LayOut(post),
            lambda: Rename(post, chance.choice(("again", "new", "of-the-day"))),
            lambda: Close(chance.choice(self._names)),
            lambda: Open(chance.choice(self._names)),
            lambda: Move() if "moves" in self._kinds else Reword(post),
        )
        return chance.choice(makes)()

    def _said(self) -> Act:
        chance, chat = self._chance, self._chance.choice(self._names)
        makes: Sequence[Callable[[], Act]] = (
            lambda: Talk(chat, "hello"),
            lambda: Talk(chat, "/help"),
            lambda: Talk(READER, LAYOUT + chance.choice(("messages", "digest", "index"))),
            lambda: Talk(READER, LANGUAGE + chance.choice(("ko", "en"))),
            lambda: Talk(SUBSCRIBER, SUBSCRIBE),
            lambda: Talk(SUBSCRIBER, chance.choice((SUBSCRIBE, UNSUBSCRIBE))),
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
        command = "run" if self._is(0.25, "talk") else "deliver"
        acts = [At(self._call(), self._act()) for _ in range(chance.choice((0, 0, 1, 2)))]
        if self._is(0.2):
            acts.append(At(self._call(), StartAnother(self._shift())))
        killed_at = chance.choice(_STATEMENTS) if self._is(0.12) else ""
        if self._is(0.6, "ends"):
            end = chance.choice((Kill(), Kill(), Kill(), Terminate(), FillDisk()))
            acts.append(At(self._call(), end, answered=self._is(0.5)))
        broken = tuple(self._broken() for _ in range(chance.randint(2, 6) if self._is(0.1, "network") else 1))
        return Run(command, self._shift(), killed_at, broken, tuple(sorted(acts, key=lambda one: one.call)))

    def _call(self) -> int:
        return self._chance.randint(1, _CALLS)

    def _shift(self) -> float:
        back, ahead = [-_HOUR, -_DAY - _HOUR], [_HOUR, 9 * _HOUR, 30 * _DAY]
        shifts = back * ("back" in self._kinds) + ahead * ("ahead" in self._kinds)
        drawn, is_shifted = self._chance.randrange(60), self._is(0.2, "clocks")
        return shifts[drawn % len(shifts)] if is_shifted and shifts else 0.0

    def _broken(self) -> Broken:
        chance, chat = self._chance, self._chance.choice(self._names)
        fault = chance.choice(_NETWORK)
        if self._is(0.1):
            fault = chance.choice(_IN_SLACK if chat == SLACK_CHAT else _IN_TELEGRAM)
        methods = ("chat.postMessage", "chat.update") if chat == SLACK_CHAT else ("sendMessage", "editMessageText")
        return Broken(fault, methods[self._is(0.3)], _CALLED.get(chat, chat), chance.randrange(4))
