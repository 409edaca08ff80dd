"""Plan: compare what chats shall hold with the ledger, and write what is missing into it.

What becomes of each digest is decided in `decisions`; here it is laid out and written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.database.states import DigestState
from bot.delivery.decisions import Rules, decide, hashed, names_of
from bot.ledger.ledger import Store
from bot.ledger.records import Intent, Remark, Rendered
from bot.sources.source import FoundDigest
from formatters import locale
from formatters.edition import Edition
from formatters.message import Formatter, Message
from formatters.model import Digest


async def plan(
    store: Store, source: str, found: Sequence[FoundDigest] | None, formatters: Mapping[str, Formatter], rules: Rules
) -> list[Intent | Remark]:
    """Write into the ledger what shall be sent and edited; call it while `store.delivering`.

    The newest delivered digest goes to chats that joined since as well, if they want it; what still
    waits for a chat's hours is laid out anew when the chat changed its wishes.
    """
    known = await store.known(source)
    # Hashing years of posts takes seconds; meanwhile readers are answered.
    decided = await asyncio.to_thread(decide, known, found, rules, store.clock())
    for one in decided:
        if isinstance(one, Remark):
            await store.remark(source, one)
        else:
            await store.write_plan(source, one, await _rendered(store, source, one, formatters))
    posts = found or ()
    await store.keep_up(source, {name: one.post for name, one in zip(names_of(posts, known), posts, strict=True)})
    await _spread(store, source, formatters)
    return decided


async def _spread(store: Store, source: str, formatters: Mapping[str, Formatter]) -> None:
    """Give what was delivered to chats that joined since, and lay out anew what still waits."""
    delivered = [one for one in await store.known(source) if one.state is DigestState.ACTIVE]
    outdated = await store.outdated(source)
    for one in delivered:
        newer = one is delivered[-1] and await store.unserved(source, one.name)
        if newer or one.name in outdated:
            digest = await store.digest(source, one.name)
            as_it_is = Intent(digest, one.post, one.fingerprint, one.state, one.reason, one.held_since)
            again = replace(as_it_is, update=False, spread=newer)
            await store.write_plan(source, again, await _rendered(store, source, again, formatters))


async def _rendered(store: Store, source: str, intent: Intent, formatters: Mapping[str, Formatter]) -> list[Rendered]:
    if intent.state is not DigestState.ACTIVE:
        return []
    used = await store.editions(source, intent.digest.id)
    return [
        Rendered(channel, edition, _laid_out(formatters[channel], intent.digest, Edition.read(edition)))
        for channel, edition in sorted(used)
        if channel in formatters
    ]


def _laid_out(formatter: Formatter, digest: Digest, edition: Edition) -> list[tuple[Message, str]]:
    speaking = formatter.in_language(locale.phrases(edition.language)) if edition.language else formatter
    return [(message, hashed(message.body)) for message in speaking.digest(digest, edition)]
