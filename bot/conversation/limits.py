"""How much one reader, and one group, is answered: whom to answer, whom to slow down, and by what word.

Telegram allows 20 messages a minute in a group, and digests need some of them. So a group has a budget, of which a
part is kept for those who have asked nothing lately: nobody's many questions cost another the first. What one person
alone sees costs the group nothing. Operators and administrators are never met with silence, and what they set is
always done. A channel in which many read is a group here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.conversation.context import Request
from bot.conversation.recent import Recent
from bot.conversation.throttle import Throttle, Verdict
from bot.database.states import ChatKind

_FOR_FIRST = 5  # of the lines that a group is answered at once: kept for first questions
_FIRST_AGAIN = 600.0  # seconds after an answer, from which on a question is a first one again
_WORD_AGAIN = 60.0  # seconds between two words that too much is asked in a group
_KNOWN_FOR = 60.0  # seconds in which it is not asked again who administers a chat

Sender = tuple[str, str, str]  # channel, chat, person


def _per_member() -> Throttle:
    return Throttle(burst=3, per_second=0.1)


def _per_group() -> Throttle:
    return Throttle(burst=10, per_second=0.15, steady=True)  # no more than 19 in any minute


@dataclass
class AnswerLimits:
    """Judge each line; the topics of a group are one group."""

    alone: Throttle = field(default_factory=Throttle)  # for what one person alone sees
    member: Throttle = field(default_factory=_per_member)
    group: Throttle = field(default_factory=_per_group)
    _answered: Recent[bool] = field(default_factory=lambda: Recent(_FIRST_AGAIN))
    _told: Recent[bool] = field(default_factory=lambda: Recent(_WORD_AGAIN))
    _in_charge: Recent[bool] = field(default_factory=lambda: Recent(_KNOWN_FOR))

    async def verdict(self, request: Request, now: float, *, operator: bool, sets: bool) -> Verdict:
        """Judge a line that came at `now`; `sets` says that it changes what the chat receives."""
        verdict = self._verdict(request, now)
        if verdict is Verdict.ANSWER or not (operator or await self._administers(request, now)):
            return verdict
        if sets:
            return Verdict.ANSWER
        return Verdict.NOTE if verdict is Verdict.SILENCE else verdict

    def may_speak(self, request: Request, now: float) -> bool:
        """Count what a press shows to a whole group, such as a page that turns: an edit costs as much as a message."""
        return request.is_alone or self.group.verdict(_sender(request)[:2], now, _FOR_FIRST) is Verdict.ANSWER

    def charge(self, request: Request, lines: int) -> None:
        """Count an answer that one person alone sees for so many more lines."""
        self.alone.charge(_sender(request), lines)

    def _verdict(self, request: Request, now: float) -> Verdict:
        sender = _sender(request)
        if request.is_alone or request.from_button:
            return self.alone.verdict(sender, now)
        member = self.member.verdict(sender, now)
        return member if member is Verdict.SILENCE else self._among_others(sender, member, now)

    def _among_others(self, sender: Sender, member: Verdict, now: float) -> Verdict:
        """Take an answer, or the note to somebody who asks too much, from what the group is answered."""
        first = member is Verdict.ANSWER and not self._answered.get(sender, now)
        kept = 0 if first else _FOR_FIRST
        if self.group.verdict(sender[:2], now, kept) is not Verdict.ANSWER:
            return self._word(sender, now)
        if member is Verdict.ANSWER:
            self._answered.note(sender, True, now)
        return member

    def _word(self, sender: Sender, now: float) -> Verdict:
        """Let a group know once in a while that too much is asked there."""
        if self._told.get(sender[:2], now):
            return Verdict.SILENCE
        self._told.note(sender[:2], True, now)
        return Verdict.BUSY

    async def _administers(self, request: Request, now: float) -> bool:
        """Tell whether the sender administers a chat of many; asked at most once a minute for each."""
        if request.kind == ChatKind.PRIVATE:
            return False
        known = self._in_charge.get(_sender(request), now)
        if known is None:
            known = await request.is_admin()
            self._in_charge.note(_sender(request), known, now)
        return known


def _sender(request: Request) -> Sender:
    return request.channel, request.address.partition(":")[0], request.user
