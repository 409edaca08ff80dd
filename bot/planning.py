"""Plan: compare what chats shall hold with the ledger, and write what is missing into it.

`decide` is pure: what the ledger knows and what the sources hold in, intents out. The daily run, an
edited post and a new chat all are this one comparison.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from bot.protocols import Found
from bot.records import Intent, Known, Rendered
from bot.store import Store
from formatters import locale
from formatters.edition import Edition
from formatters.markdown import walk
from formatters.message import Formatter, Message
from formatters.model import Digest, Paper
from formatters.spans import plain, words

MISSED = "more digests were missed than catch_up delivers"
EMPTY = "the post has no papers yet"


def decide(known: Sequence[Known], found: Sequence[Found], *, catch_up: int) -> list[Intent]:
    """Say what shall become of each digest that is new or changed, older first.

    The first look at a source delivers its newest digest alone; later ones are delivered as they
    come, the newest `catch_up` of those that came since the last look.
    """
    now = [_recognised(one, known) for one in sorted(found, key=lambda one: (one.digest.day, one.post))]
    before = {one.name: one for one in known}
    changed = [
        replace(intent, state=before[intent.digest.id].state)
        for intent in now
        if intent.digest.id in before and _differs(before[intent.digest.id], intent)
    ]
    new = [intent for intent in now if intent.digest.id not in before or _filled(before[intent.digest.id], intent)]
    return [*changed, *_fresh(new, known, catch_up)]


def _recognised(found: Found, known: Sequence[Known]) -> Intent:
    digest = replace(found.digest, id=_name(found, known))
    return Intent(digest, found.post, fingerprint(digest), "active")


def _name(found: Found, known: Sequence[Known]) -> str:
    """Give the name the ledger knows a digest by: its own, or that of its post when title or day changed."""
    names = {one.name for one in known}
    same_post = (one.name for one in known if one.post == found.post)
    return found.digest.id if found.digest.id in names else next(same_post, found.digest.id)


def _differs(known: Known, intent: Intent) -> bool:
    """Tell whether a post changed; one that lost all its papers is left as it was delivered."""
    return known.fingerprint != intent.fingerprint and known.state != "held" and bool(intent.digest.papers)


def _filled(known: Known, intent: Intent) -> bool:
    return known.state == "held" and bool(intent.digest.papers)


def _fresh(new: Sequence[Intent], known: Sequence[Known], catch_up: int) -> list[Intent]:
    """Sort new digests into those to deliver, to hold, and those too old to be news."""
    news = [one.day for one in known if one.state != "baseline"]
    since = min(news) if news else max((one.digest.day for one in new), default=None)
    old = [one for one in new if since and one.digest.day < since]
    recent = [one for one in new if one not in old]
    if not news:  # the first look
        old, recent = [*old, *recent[:-1]], recent[-1:]
    full = [one for one in recent if one.digest.papers]
    late = full[: max(0, len(full) - catch_up)]
    return [
        *(replace(one, state="baseline") for one in old),
        *(_held_or_sent(one, late=one in late) for one in recent),
    ]


def _held_or_sent(intent: Intent, *, late: bool) -> Intent:
    if not intent.digest.papers:
        return replace(intent, state="held", reason=EMPTY)
    if late:
        return replace(intent, state="skipped", reason=MISSED)
    return replace(intent, spread=True)


async def plan(
    store: Store,
    source: str,
    found: Sequence[Found],
    formatters: Mapping[str, Formatter],
    *,
    catch_up: int,
) -> list[Intent]:
    """Write into the ledger what shall be sent and edited; call it while `store.delivering`.

    The newest delivered digest goes to chats that joined since as well, if they want it; what still
    waits for a chat's hours is laid out anew when the chat changed its wishes.
    """
    known = await store.known(source)
    intents = decide(known, found, catch_up=catch_up)
    for intent in intents:
        await store.write_plan(source, intent, await _rendered(store, source, intent, formatters))
    await store.keep_up(source, {_name(one, known): one.post for one in found})
    delivered = [one for one in await store.known(source) if one.state == "active"]
    outdated = await store.outdated(source)
    for one in delivered:
        newer = one is delivered[-1] and await store.unserved(source, one.name)
        if newer or one.name in outdated:
            digest = await store.digest(source, one.name)
            again = Intent(digest, one.post, one.fingerprint, "active", update=False, spread=newer)
            await store.write_plan(source, again, await _rendered(store, source, again, formatters))
    return intents


async def _rendered(store: Store, source: str, intent: Intent, formatters: Mapping[str, Formatter]) -> list[Rendered]:
    if intent.state != "active":
        return []
    used = await store.editions(source, intent.digest.id)
    return [
        Rendered(channel, edition, _laid_out(formatters[channel], intent.digest, Edition.read(edition)))
        for channel, edition in sorted(used)
        if channel in formatters
    ]


def _laid_out(formatter: Formatter, digest: Digest, edition: Edition) -> list[tuple[Message, str]]:
    speaking = formatter.speaking(locale.words(edition.language)) if edition.language else formatter
    return [(message, _hash(message.body)) for message in speaking.digest(digest, edition)]


def fingerprint(digest: Digest) -> str:
    """Hash what a digest says; layout, markup and the post's address do not count."""
    said = [digest.series, digest.day.isoformat(), _said(digest.preface), *map(_paper_said, digest.papers)]
    return _hash(said)


def _paper_said(paper: Paper) -> list[object]:
    sections = [[section.heading, _said(section.body)] for section in paper.sections]
    return [paper.id, paper.number, paper.title, paper.url, [asdict(link) for link in paper.links], sections]


def _said(markdown: str) -> str:
    return words(plain(walk(markdown)))


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]
