"""Compare what each chat shows in the end with what it should show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from formatters.edition import Edition
from formatters.model import Digest
from tests.faults.combined.blog import Post
from tests.faults.combined.stage import Stage
from tests.faults.outcome import ChatView, Entry, Outcome, Seen, Wanted, held_by_key
from tests.support.chats import SLACK_CHAT

_LANGUAGES = ("ko", "en")
_ENTRIES = """
    SELECT digests.name, digests.day, messages.edition, messages.key, deliveries.state,
           coalesce(deliveries.remote_id, ''), coalesce(deliveries.error, nullif(chats.reason, ''), '')
    FROM deliveries JOIN messages ON messages.id = message_id JOIN chats ON chats.id = chat_id
    JOIN digests ON digests.id = digest_id
    WHERE chats.name = :chat AND messages.vanished = 0 ORDER BY messages.digest_id, messages.seq
"""


def judge(stage: Stage) -> Outcome:
    """Compare all chats: each message of each digest once, in order, as its post reads now."""
    outcome = Outcome()
    for chat in stage.names:
        _Judge(stage, chat).judge(outcome)
    return outcome


@dataclass(frozen=True)
class Placed:
    """A message of a digest where it stands in a chat."""

    post: int
    key: str
    is_late: bool  # its post did not always have it

    def __str__(self) -> str:
        return f"{self.post} {self.key}"


class _Judge:
    """Knows what one chat shows, and what it should."""

    def __init__(self, stage: Stage, chat: str) -> None:
        self._stage, self._chats, self._chat = stage, stage.site.chats, chat
        self._seen = self._chats.shown(chat)
        # So many stand where the chat was before it moved: nobody edits these.
        self._stay = self._chats.count_before_move(chat)
        self._entries = _entries(stage, chat)
        self._languages = [language for language in _LANGUAGES if language in stage.languages]

    def judge(self, outcome: Outcome) -> None:
        posts = self._stage.blog.posts
        known = {heading: (number, key) for number, post in enumerate(posts) for heading, key in self._headings(post)}
        there = [(place, one, *known[one.heading]) for place, one in enumerate(self._seen) if one.heading in known]
        for number, post in enumerate(posts):
            seen = [(place, one) for place, one, owner, _ in there if owner == number]
            if self._stage.must_receive(self._chat, number):
                self._judge_digest(post, seen, outcome)
            else:  # it may have some of it from before it left
                counts = Counter(one.heading for _, one in seen)
                outcome.doubled += [f"{self._chat} {heading}" for heading, count in counts.items() if count > 1]
        placed = [Placed(number, key, _is_late(posts[number], key)) for _, _, number, key in there]
        outcome.disordered += [f"{self._chat} {what}" for what in misplaced(placed)]
        if self._chat == SLACK_CHAT:  # nobody is answered there
            outcome.otherwise += [f"{one.heading!r} in Slack" for one in self._seen if one.heading not in known]

    def _judge_digest(self, post: Post, seen: Sequence[tuple[int, Seen]], outcome: Outcome) -> None:
        """Compare one digest, which a chat has in one edition, whichever was set when it began there."""
        name, editions = f"{self._chat} {post.day}", self._entries[f"{post.day}"]
        if len(editions) != 1:
            outcome.lost += [] if editions else [name]
            outcome.otherwise += [f"{name}: in the editions {list(editions)}"] if editions else []
            return
        [((_, spelled), entries)] = editions.items()
        edition = Edition.read(spelled)
        if edition.layout not in self._stage.layouts["slack" if self._chat == SLACK_CHAT else "telegram"]:
            outcome.otherwise.append(f"{name}: in the edition {spelled}, which nobody set")
        held = held_by_key(entries)
        versions = [self._chats.wanted(self._chat, one, edition, held=held) for one in post.versions]
        versions[-1] = self._as_seen(post, edition, seen, held)
        outcome.add(ChatView(name, versions, [one for _, one in seen], entries))

    def _as_seen(
        self, post: Post, edition: Edition, seen: Sequence[tuple[int, Seen]], held: Mapping[str, str]
    ) -> list[Wanted]:
        """Give each message that a chat should show now, worded as it is seen if it may be worded so."""
        stay, looks = {one.heading for place, one in seen if place < self._stay}, [one.looks for _, one in seen]
        may_be = defaultdict(list)
        for version in reversed(post.versions):
            for one in self._in_each_language(version, edition, held):
                if version is post.versions[-1] or one.heading in stay:
                    may_be[one.key].append(one)
        newest = self._chats.wanted(self._chat, post.versions[-1], edition, held=held)
        return [next((may for may in may_be[one.key] if may.looks in looks), one) for one in newest]

    def _in_each_language(self, digest: Digest, edition: Edition, held: Mapping[str, str]) -> list[Wanted]:
        read = (self._chats.wanted(self._chat, digest, edition, language, held) for language in self._languages)
        return [one for wanted in read for one in wanted]

    def _headings(self, post: Post) -> Iterator[tuple[str, str]]:
        """Give by what messages of a post are known, in whatever edition, with their keys in the usual one."""
        return ((one.heading, one.key) for one in self._in_each_language(post.versions[-1], Edition(), {}))


def _entries(stage: Stage, chat: str) -> Mapping[str, dict[tuple[str, str], list[Entry]]]:
    """Read what the ledger says of a chat, by day, by digest and edition."""
    entries: dict[str, dict[tuple[str, str], list[Entry]]] = defaultdict(dict)
    for name, day, edition, *rest in stage.site.ask(_ENTRIES, chat=chat):
        entries[day].setdefault((name, edition), []).append(Entry(*rest))
    return entries


def _is_late(post: Post, key: str) -> bool:
    return key != "index" and not all(
        key.removeprefix("paper/") in {paper.id for paper in version.papers} for version in post.versions
    )


def misplaced(shown: Sequence[Placed]) -> Iterator[str]:
    """Name what stands behind a newer digest, unless it came late; and what stands in the midst of one."""
    for place, one in enumerate(shown):
        newer = [before for before in shown[:place] if before.post > one.post]
        if newer and not one.is_late:
            yield f"{one} behind {newer[0]}"
        split = {before.post for before in newer} & {after.post for after in shown[place:] if not after.is_late}
        if split:
            yield f"{one} in the midst of {min(split)}"
