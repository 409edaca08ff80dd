"""The newest digests for a chat: of each source that it takes, where there are several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta

from bot.conversation.context import Context
from bot.conversation.recent import ShownList
from formatters.model import Digest

_TOGETHER = timedelta(days=1)  # a day of UTC and one of ours are the same morning's

Listed = tuple[str, Digest]  # with its source, "" where there is one at most


async def newest(context: Context) -> list[Listed]:
    """List the newest digest of each source; of one that has had none for days, none."""
    return _of_now(context, await _each(context, context.ledger.archive.newest))


async def last_seen(context: Context) -> list[Listed]:
    """List the same of what this chat holds something of."""
    if not context.chat:
        return []
    chat, archive = context.chat.id, context.ledger.archive
    found = await _each(context, lambda source: archive.last_seen(chat, source))
    return [(source, digest) for source, digest in _of_now(context, found) if digest.papers]


async def note_list(context: Context, digests: Sequence[Digest], source: str) -> None:
    """Note that this chat was shown the list of a day; what somebody pressed among others is not shown there."""
    if context.request.is_alone or not context.request.from_button:
        shown = ShownList(digests[0].day, source, _ids(digests), await _held(context))
        context.lists.note(_chat(context), shown)


def forget_list(context: Context) -> None:
    """Let the newest digests count again in this chat."""
    context.lists.note(_chat(context), None)


async def last_shown(context: Context) -> list[Listed]:
    """List the digests of the list that this chat was shown last; nothing when a digest came after it."""
    shown = context.lists.last(_chat(context))
    if shown is None or shown.held != await _held(context):
        return []
    digests = await context.ledger.archive.of_day(shown.day, shown.source)
    return [(shown.source, digest) for digest in digests if digest.id in shown.digests]


def _chat(context: Context) -> tuple[str, ...]:
    """Name the chat, and who alone sees the answers where many talk."""
    request = context.request
    return request.channel, request.address, request.user if request.private else ""


async def _held(context: Context) -> tuple[str, ...]:
    return _ids(digest for _, digest in await last_seen(context))


def _ids(digests: Iterable[Digest]) -> tuple[str, ...]:
    return tuple(digest.id for digest in digests)


async def lacks_newest(context: Context) -> bool:
    """Tell whether the newest digest of a source that is delivered to anybody is newer than what this chat holds."""
    seen = dict(await _each(context, _seen_by(context)))
    delivered = await _each(context, context.ledger.archive.newest_delivered)
    return any(source not in seen or seen[source].day < digest.day for source, digest in delivered)


def _seen_by(context: Context) -> Callable[[str], Awaitable[Digest | None]]:
    chat, archive = context.chat.id if context.chat else 0, context.ledger.archive
    return lambda source: archive.last_seen(chat, source)


async def _each(context: Context, find: Callable[[str], Awaitable[Digest | None]]) -> list[Listed]:
    """Find a digest of each source that is taken, else of any."""
    several = context.takes if len(context.sources) > 1 else []
    found = [(source, digest) for source in several if (digest := await find(source))]
    if found:
        return found
    digest = await find("")
    return [("", digest)] if digest else []


def _of_now(context: Context, found: Iterable[Listed]) -> list[Listed]:
    """Leave out what is older by days than the newest, and what is dated in the future unless all is."""
    listed = list(found)
    current = [one for one in listed if one[1].day <= context.today + _TOGETHER] or listed[:1]
    last = max((digest.day for _, digest in current), default=context.today)
    return [one for one in current if one[1].day >= last - _TOGETHER]
