"""What chats should show, what they do show, and the difference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

Looks = Mapping[str, object]  # all that a reader sees of a message
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Wanted:
    """A message that a chat should show."""

    key: str
    heading: str
    looks: Looks


@dataclass(frozen=True)
class Seen:
    """A message that a chat shows."""

    id: str
    heading: str
    looks: Looks


@dataclass(frozen=True)
class Entry:
    """What the ledger says of a message in a chat."""

    key: str
    state: str
    remote_id: str
    why: str  # it is not sent; empty where nobody said


def held_by_key(entries: Sequence[Entry]) -> dict[str, str]:
    """Give the ids of the messages that a chat holds, as the ledger knows them."""
    return {entry.key: entry.remote_id for entry in entries if entry.remote_id}


@dataclass(frozen=True)
class ChatView:
    """One chat: every version of its digest, what it shows, and what the ledger says of it."""

    name: str
    versions: Sequence[Sequence[Wanted]]  # older first; the newest is what it should show
    seen: Sequence[Seen]
    entries: Sequence[Entry]

    def only(self, keys: Collection[str]) -> ChatView:
        """Give the same chat as if there were no other messages."""
        versions = [[one for one in version if one.key in keys] for version in self.versions]
        headings = {one.heading for version in versions for one in version}
        seen = [one for one in self.seen if one.heading in headings]
        return ChatView(self.name, versions, seen, [entry for entry in self.entries if entry.key in keys])


@dataclass
class Outcome:
    """What became of the messages of a case, with a line for each that is not as it should be."""

    expected: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)  # shown, but not as the newest post reads; a silent ledger
    unsettled: list[str] = field(default_factory=list)  # the ledger says so, and why

    @property
    def wrong(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.disordered, *self.otherwise]

    def add(self, chat: ChatView) -> None:
        """Compare one chat."""
        keys = {wanted.heading: wanted.key for version in chat.versions for wanted in version}
        shown = [(keys.get(seen.heading, f"unknown {seen.heading!r}"), seen) for seen in chat.seen]
        self.expected += len(chat.versions[-1])
        self._count(chat, Counter(key for key, _ in shown))
        orders = [[one.key for one in version] for version in chat.versions]
        self.disordered += [f"{chat.name} {key}" for key in out_of_order([key for key, _ in shown], orders)]
        self._look(chat, shown)
        self._check_ledger(chat, {(key, seen.id) for key, seen in shown})

    def _count(self, chat: ChatView, counts: Counter[str]) -> None:
        entries = {entry.key: entry for entry in chat.entries}
        for key in (one.key for one in chat.versions[-1]):
            entry = entries.get(key)
            if entry and entry.state != "sent" and entry.why:
                self.unsettled.append(f"{chat.name} {key}: {entry.why}")
            elif not counts[key]:
                self.lost.append(f"{chat.name} {key}")
            elif not entry or entry.state != "sent":
                self.otherwise.append(f"{chat.name} {key}: {entry.state if entry else 'not'} in the ledger")
        self.doubled += [f"{chat.name} {key}" for key, count in counts.items() for _ in range(count - 1)]

    def _look(self, chat: ChatView, shown: Sequence[tuple[str, Seen]]) -> None:
        wanted = {one.key: one.looks for one in chat.versions[-1]}
        ever = {one.key for version in chat.versions for one in version}
        for key, seen in shown:
            if key not in ever or seen.looks != wanted.get(key, seen.looks):
                self.otherwise.append(f"{chat.name} {key}: {_difference(seen.looks, wanted.get(key, {}))}")

    def _check_ledger(self, chat: ChatView, there: Collection[tuple[str, str]]) -> None:
        """Check that what the ledger calls sent is there under the id that it knows."""
        for entry in chat.entries:
            if entry.state == "sent" and (entry.key, entry.remote_id) not in there:
                self.lost.append(f"{chat.name} {entry.key}: said to be sent as {entry.remote_id}")


def _difference(seen: Looks, wanted: Looks) -> str:
    """Name the first thing that differs."""
    name = next(name for name in seen if seen[name] != wanted.get(name))
    return f"{name} is {seen[name]!r}, not {wanted.get(name)!r}"


def out_of_order(shown: Sequence[str], orders: Sequence[Sequence[str]]) -> list[str]:
    """Give what came after something that no version of the post has before it.

    Only what a later version brought may do so: the other was out already.
    """
    first = {key: place for place, order in reversed(list(enumerate(orders))) for key in order}
    known = [key for key in dict.fromkeys(shown) if key in first]

    def in_order(one: str, other: str) -> bool:
        together = (order for order in orders if one in order and other in order)
        return first[one] < first[other] or any(order.index(one) < order.index(other) for order in together)

    return [key for place, key in enumerate(known) if not all(in_order(earlier, key) for earlier in known[:place])]


def heading(text: str) -> str:
    """Give what names a message whatever its wording and language: its first line.

    The number is left out, since it may change; days are in digits.
    """
    first = text.strip().splitlines()[0]
    return _in_digits(re.sub(r"^\d+\. ", "", first).split(" (http")[0])


def _in_digits(line: str) -> str:
    """Write days as ISO 8601 does, whichever of our languages they are spelled in."""
    line = re.sub(r"(\d+)년 (\d+)월 (\d+)일 \(.\)", lambda day: _iso(day[1], int(day[2]), day[3]), line)
    english = rf"\w+day, (\d+) ({'|'.join(_MONTHS)}) (\d+)"
    return re.sub(english, lambda day: _iso(day[3], _MONTHS.index(day[2]) + 1, day[1]), line)


def _iso(year: str, month: int, day: str) -> str:
    return date(int(year), month, int(day)).isoformat()
