"""The pauses that a platform asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

ALL = ""  # in place of a chat


@dataclass
class Pauses:
    """Until when no call is made to a chat, or to any.

    The platform does not say whether the chat or the whole bot was too fast. When it asks for a pause of a second chat
    while the first still pauses, it means the bot: then all chats pause. A pause that is a chat's own tells nothing.
    """

    _own: set[str] = field(default_factory=set)
    _until: dict[str, float] = field(default_factory=dict)

    def begin(self, chat: str, seconds: float, now: float, *, is_own: bool = False) -> None:
        self._until = {name: until for name, until in self._until.items() if until > now}
        self._own = (self._own & self._until.keys()) | ({chat} if is_own else set())
        everyone = not is_own and bool(self._until.keys() - self._own - {chat})
        for name in (chat, ALL) if everyone else (chat,):
            self._until[name] = max(self._until.get(name, now), now + seconds)

    def over(self, chat: str, now: float) -> float:
        """Give the end of a chat's pause, or of that of all chats; now when there is none."""
        return max(now, self._until.get(chat, now))
