"""What chats shall show, what they do show, and the difference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

Looks = Mapping[str, object]  # all that a reader sees of a message


@dataclass(frozen=True)
class Wanted:
    """A message that a chat shall show."""

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


@dataclass(frozen=True)
class ChatView:
    """One chat: every version of its digest, what it shows, and what the ledger says of it."""

    name: str
    versions: Sequence[Sequence[Wanted]]  # older first; the newest is what it shall show
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
    """What became of the messages of a case, a line for each that is not as it should be."""

    expected: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)  # shown, but not as the newest post reads
    unsettled: list[str] = field(default_factory=list)  # the ledger says that it does not know, and why

    @property
    def wrong(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.disordered, *self.unequal]

    def add(self, chat: ChatView) -> None:
        """Compare one chat."""
        keys = {wanted.heading: wanted.key for version in chat.versions for wanted in version}
        shown = [(keys.get(seen.heading, f"stranger {seen.heading!r}"), seen) for seen in chat.seen]
        open_ones = {entry.key: entry.why for entry in chat.entries if entry.state != "sent" and entry.why}
        self.expected += len(chat.versions[-1])
        self.unsettled += [
            f"{chat.name} {wanted.key}: {open_ones[wanted.key]}" for wanted in _unsettled(chat, open_ones)
        ]
        self._count(chat, [key for key, _ in shown], open_ones)
        self._look(chat, shown)
        self._believe(chat, shown)

    def _count(self, chat: ChatView, shown: Sequence[str], open_ones: Mapping[str, str]) -> None:
        counts = Counter(shown)
        wanted = [one.key for one in chat.versions[-1]]
        self.lost += [f"{chat.name} {key}" for key in wanted if not counts[key] and key not in open_ones]
        self.doubled += [f"{chat.name} {key}" for key, count in counts.items() for _ in range(count - 1)]
        orders = [[one.key for one in version] for version in chat.versions]
        self.disordered += [f"{chat.name} {key}" for key in out_of_order(shown, orders)]

    def _look(self, chat: ChatView, shown: Sequence[tuple[str, Seen]]) -> None:
        wanted = {one.key: one.looks for one in chat.versions[-1]}
        older = {one.key for version in chat.versions for one in version}
        for key, seen in shown:
            if key not in older or seen.looks != wanted.get(key, seen.looks):
                self.unequal.append(f"{chat.name} {key}: {_difference(seen.looks, wanted.get(key, {}))}")

    def _believe(self, chat: ChatView, shown: Sequence[tuple[str, Seen]]) -> None:
        """Hold the ledger to its word: what it calls sent stands there under the id that it knows."""
        there = {(key, seen.id) for key, seen in shown}
        for entry in chat.entries:
            if entry.state == "sent" and (entry.key, entry.remote_id) not in there:
                self.lost.append(f"{chat.name} {entry.key}: said to be sent as {entry.remote_id}")


def _unsettled(chat: ChatView, open_ones: Mapping[str, str]) -> list[Wanted]:
    return [wanted for wanted in chat.versions[-1] if wanted.key in open_ones]


def _difference(seen: Looks, wanted: Looks) -> str:
    """Name the first thing that differs."""
    name = next(name for name in seen if seen[name] != wanted.get(name))
    return f"{name} is {seen[name]!r}, not {wanted.get(name)!r}"


def out_of_order(shown: Sequence[str], orders: Sequence[Sequence[str]]) -> list[str]:
    """Give what came before its time: messages go out in the order of the post as it was then.

    Once for each change of the post the order may begin anew, with the newer one.
    """
    wrong: list[str] = []
    newer = iter(orders)
    order, last = list(next(newer)), -1
    for key in shown:
        while key not in order[last + 1 :]:
            following = next(newer, None)
            if following is None:
                wrong.append(key)
                break
            order, last = list(following), -1
        else:
            last = order.index(key)
    return wrong


def heading(text: str) -> str:
    """Give what names a message whatever its wording: its first line without the number, which may change."""
    first = text.strip().splitlines()[0]
    return re.sub(r"^\d+\. ", "", first).split(" (http")[0]
