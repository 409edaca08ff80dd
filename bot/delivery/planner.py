"""Plan: compare what chats shall hold with the ledger, and write what is missing into it.

`decisions` says what becomes of each digest; here it is rendered and written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from bot.archive.repeats import marked, with_known_marks
from bot.database.reasons import NOTHING
from bot.database.states import DigestState, Unplanned
from bot.delivery.decisions import Rules, decide
from bot.delivery.recognition import recognise, with_known_ids
from bot.errors import LedgerError, SourceError
from bot.ledger.ledger import Ledger
from bot.ledger.records.digests import KnownDigest, PlannedDigest, Queueing, RenderedEdition, StatusChange
from bot.log import unexpected
from bot.sources.fingerprint import fingerprint, hashed, is_current, says_the_same
from bot.sources.source import FoundDigest
from formatters import locale
from formatters.edition import Edition
from formatters.message import Formatter, Message
from formatters.model import Digest


async def plan(
    ledger: Ledger,
    source: str,
    found: Sequence[FoundDigest] | None,
    formatters: Mapping[str, Formatter],
    rules: Rules,
    problems: dict[str, str] | None = None,
    queueing: Queueing = Queueing(),  # noqa: B008 - it does not change
) -> list[PlannedDigest | StatusChange]:
    """Write into the ledger what shall be sent and edited; the caller holds the delivery lock.

    The newest delivered digest also goes to chats that joined since, if they want it. What still waits for
    a chat's hours is rendered again when the chat changed its preferences. What cannot be laid out is put
    into `problems`, by post, and stops no other digest.
    """
    problems = {} if problems is None else problems
    known = await ledger.known_digests(source)
    newly_read: set[str] = set()
    if found is not None:
        found, known, newly_read = await _read_again(ledger, source, found, known, rules.since)
    # Hashing years of posts takes seconds; meanwhile readers are answered.
    decided = await asyncio.to_thread(decide, known, found, rules, ledger.clock(), newly_read)
    for one in decided:
        if isinstance(one, StatusChange):
            await ledger.change_status(source, one)
        else:
            await _write(ledger, source, await _marked(ledger, source, one, rules), formatters, problems, queueing)
    await ledger.record_posts(source, {one.digest.id: one.post for one in found or ()})
    await _give_to_new_chats(ledger, source, formatters, rules, problems, queueing)
    return decided


async def plan_by_hand(
    ledger: Ledger, source: str, name: str, formatters: Mapping[str, Formatter], chat: int = 0
) -> int:
    """Hand a digest to a chat, whatever its state, 0 for all that receive; count the messages that are queued.

    For all, it becomes active. What a chat has stays, so nothing comes twice. The caller holds the delivery lock.
    Raises SourceError when it cannot be laid out.
    """
    known = next(one for one in await ledger.known_digests(source) if one.name == name)
    digest = await ledger.digest(source, name)
    by_hand = replace(_as_it_is(known, digest), by_hand=True, only_chat=chat)
    if not chat and known.state is not DigestState.ACTIVE:
        by_hand = replace(by_hand, state=DigestState.ACTIVE, reason=NOTHING, held_since=None)
        by_hand = replace(by_hand, lifts_drop=known.is_dropped)
    return await ledger.write_plan(source, by_hand, await _rendered(ledger, source, by_hand, formatters))


async def _read_again(
    ledger: Ledger, source: str, found: Sequence[FoundDigest], known: Sequence[KnownDigest], since: date | None
) -> tuple[list[FoundDigest], list[KnownDigest], set[str]]:
    """Let the papers of changed posts keep their ids, and take up at once what only a newer program reads otherwise.

    Gives the names of the digests, too, in which a former program saw no papers.
    """
    before = {one.name: one for one in known}
    posts = {one.digest.id: one for one in await asyncio.to_thread(_compared, found, known, since)}
    newly_read = set() if not known or any(is_current(one.fingerprint) for one in known) else posts.keys() - before
    for name, was in list(before.items()):
        if name not in posts or posts[name].fingerprint == was.fingerprint:
            continue
        former = await ledger.digest(source, name)
        posts[name], is_same = await asyncio.to_thread(_with_former, posts[name], former)
        if is_same and not is_current(was.fingerprint):
            as_sent = replace(posts[name].digest, day=former.day)  # buttons that were sent name it by this day
            await ledger.write_reading(source, as_sent, posts[name].fingerprint)
            before[name] = replace(was, fingerprint=posts[name].fingerprint)
            newly_read |= {name} if not former.papers else set()
    return list(posts.values()), list(before.values()), newly_read


def _compared(found: Sequence[FoundDigest], known: Sequence[KnownDigest], since: date | None) -> list[FoundDigest]:
    """Give each post with the name by which the ledger knows it, and its fingerprint."""
    recognised = recognise(found, known, since)
    return [replace(one, fingerprint=one.fingerprint or fingerprint(one.digest)) for one in recognised]


def _with_former(one: FoundDigest, former: Digest) -> tuple[FoundDigest, bool]:
    digest = with_known_marks(with_known_ids(one.digest, former), former)
    return replace(one, digest=digest), says_the_same(former, digest)


async def _marked(ledger: Ledger, source: str, planned: PlannedDigest, rules: Rules) -> PlannedDigest:
    """Let papers that are delivered from now on say which digest had them before; what was delivered stays as it is."""
    if planned.state is not DigestState.ACTIVE or rules.repeats == "send":
        return planned
    former = None if planned.to_new_chats else await ledger.digest(source, planned.name)
    known = {paper.id for paper in former.papers} if former else set()
    new = {paper.id for paper in planned.digest.papers} - known
    mentions = await ledger.archive.mentions(source, planned.digest, new)
    others = {one.source for one in mentions}
    enough = await ledger.subscriptions.shared_sources(source, others) if rules.repeats == "skip" else ()
    return replace(planned, digest=marked(planned.digest, mentions, enough))


async def _give_to_new_chats(
    ledger: Ledger,
    source: str,
    formatters: Mapping[str, Formatter],
    rules: Rules,
    problems: dict[str, str],
    queueing: Queueing,
) -> None:
    """Plan what was delivered for chats that joined or came back since, and render again what still waits.

    Who joined gets the newest alone; who came back gets what it lacks of the last `rules.catch_up`, older first. What
    a process that died left unplanned is planned, too.
    """
    delivered = [one for one in await ledger.known_digests(source) if one.state is DigestState.ACTIVE]
    given = [one.name for one in delivered if not one.is_over and (rules.today is None or one.day <= rules.today)]
    recent = given[-rules.catch_up :]
    outdated = await ledger.waiting_in_old_edition(source)
    for one in delivered:
        newer = one.name in recent[-1:] and await ledger.has_chats_without(source, one.name)
        missed = one.name in recent[:-1] and await ledger.has_returned_chats_without(source, one.name)
        newer = newer or one.unplanned is Unplanned.ALL
        if newer or missed or one.unplanned or one.name in outdated:
            digest = await ledger.digest(source, one.name)
            again = replace(_as_it_is(one, digest), may_edit=False, to_new_chats=newer, to_returned_chats=missed)
            await _write(ledger, source, again, formatters, problems, queueing)


async def _write(
    ledger: Ledger,
    source: str,
    one: PlannedDigest,
    formatters: Mapping[str, Formatter],
    problems: dict[str, str],
    queueing: Queueing,
) -> None:
    """Lay a digest out and write it, or say in `problems` why it cannot be laid out."""
    try:
        rendered = await _rendered(ledger, source, one, formatters)
    except SourceError as error:  # the other digests are planned
        problems[one.post] = str(error)
    else:
        await ledger.write_plan(source, one, rendered, queueing)


async def _rendered(
    ledger: Ledger, source: str, planned: PlannedDigest, formatters: Mapping[str, Formatter]
) -> list[RenderedEdition]:
    """Lay a digest out in all editions that are wanted; SourceError when it cannot be, whatever the reason is."""
    try:
        return await _editions(ledger, source, planned, formatters)
    except LedgerError:
        raise
    except Exception as error:
        raise SourceError(f"{planned.post}: cannot be laid out: {unexpected(error)}") from error


async def _editions(
    ledger: Ledger, source: str, planned: PlannedDigest, formatters: Mapping[str, Formatter]
) -> list[RenderedEdition]:
    if planned.state is DigestState.HELD and not planned.by_hand:
        return []
    before = await ledger.digest_before(source, planned.digest.id) if planned.may_edit else None
    used = await ledger.editions(source, planned.digest.id, _only_chats(planned))
    rendered = []
    for channel, spelled in sorted(used):
        if channel in formatters:
            edition, name = Edition.read(spelled), planned.digest.id
            kept = await ledger.papers_with_cards(source, name, channel, spelled) if edition.cards else set()
            lay_out = partial(_laid_out, formatters[channel], edition, kept)
            # Layout of a large digest takes a second; meanwhile readers are answered.
            rendered.append(await asyncio.to_thread(_edition, channel, spelled, lay_out, planned.digest, before))
    return rendered


def _edition(
    channel: str,
    spelled: str,
    lay_out: Callable[[Digest], list[tuple[Message, str]]],
    digest: Digest,
    before: Digest | None,
) -> RenderedEdition:
    """Lay a digest out, and note which messages read as they would with the post as it was before."""
    messages = lay_out(digest)
    former = {(message.key, body) for message, body in (lay_out(before) if before else ())}
    unchanged = {message.key for message, body in messages if (message.key, body) in former}
    return RenderedEdition(channel, spelled, messages, unchanged)


def _as_it_is(known: KnownDigest, digest: Digest) -> PlannedDigest:
    """Plan a digest that the ledger knows to stay as it stands."""
    return PlannedDigest(digest, known.post, known.fingerprint, known.state, known.reason, known.held_since)


def _only_chats(planned: PlannedDigest) -> list[int] | None:
    """Name the chats whose editions are wanted, None for all: one that is not active was sent by hand to some."""
    if planned.only_chat:
        return [planned.only_chat]
    return None if planned.state is DigestState.ACTIVE else []


def _laid_out(
    formatter: Formatter, edition: Edition, kept: Collection[str], digest: Digest
) -> list[tuple[Message, str]]:
    translated = formatter.in_language(locale.phrases(edition.language)) if edition.language else formatter
    return [(message, hashed(message.body)) for message in translated.digest(digest, edition, kept)]
