"""How many messages Telegram accepts in a second and in a minute."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Telegram's unofficial rates (core.telegram.org/bots/faq); sends and edits count alike."""

    bot: int = 30  # per second
    chat: int = 1  # per second
    group: int = 20  # per minute, in groups and channels
    tolerance: float = 0.0  # seconds by which every window is shorter


class _Window:
    """Allow so many hits in any stretch of so many seconds."""

    def __init__(self, limit: int, span: float) -> None:
        self.limit, self.span = limit, span
        self.hits: deque[float] = deque(maxlen=limit)

    def free_at(self) -> float:
        return self.hits[0] + self.span if len(self.hits) == self.limit else -math.inf


class CallWindows:
    """Sliding windows per bot, per chat and per group; a refused call does not count."""

    def __init__(self, limits: Limits) -> None:
        second, minute = 1 - limits.tolerance, 60 - limits.tolerance
        self._bot = _Window(limits.bot, second)
        self._chats: defaultdict[str, _Window] = defaultdict(lambda: _Window(limits.chat, second))
        self._groups: defaultdict[str, _Window] = defaultdict(lambda: _Window(limits.group, minute))

    def wait(self, chat: str, now: float) -> int:
        """Give the whole seconds to wait, or count a hit and give 0."""
        windows = [self._bot, self._chats[chat]]
        if chat.startswith("-"):
            windows.append(self._groups[chat])
        free_at = max(window.free_at() for window in windows)
        if free_at > now:
            return math.ceil(free_at - now)
        for window in windows:
            window.hits.append(now)
        return 0
