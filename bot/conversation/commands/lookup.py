"""/paper, /papers and /search: what readers look up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.conversation.commands.newest import Listed, last_seen, newest
from bot.conversation.context import Context, Response
from bot.conversation.parsing.query import PaperQuery, nearest_days, parse_query
from bot.conversation.parsing.sources import split_source
from bot.conversation.parsing.text import split_page
from formatters import compose, lines, pages
from formatters.model import Digest, Paper
from formatters.page import Page, SearchHit, reference

_MOST_CHOICES = 8
_LONGEST_ECHO = 40  # characters of what was typed


async def paper(context: Context, argument: str) -> Response:
    """Give one paper in full: by number, id, link or words of its title; of a day, or of the digest last seen."""
    query, source = parse_query(argument, context.today), ""
    if query.words:
        query, source = _of_source(context, argument, query)
    if query.ref or query.paper:
        return await _by_id(context, query)
    if query.words:
        return await _by_title(context, query)
    digests = await _digests(context, query.day, source)
    if not digests:
        return await _no_digest(context, query)
    return _by_number(context, query.number, digests)


async def papers(context: Context, argument: str) -> Response:
    """List the papers of the newest digest, or those of a day; of several newest ones, let the reader choose."""
    text, page = split_page(argument)
    rest, source = split_source(text, context.sources)
    query = parse_query(rest, context.today)
    if query.day is None and (query.words or query.number is not None):
        return await _other_days(context, argument[:_LONGEST_ECHO], context.today, None)
    if not (query.day or source) and len(listed := await newest(context)) > 1:
        return context.reply_page(pages.lists(listed, context.phrases))
    digests = await _of_day_or_newest(context, query.day, source)
    if not digests:
        return await _no_digest(context, query)
    return context.reply_page(*(_index_page(context, digest, page, source) for digest in digests))


async def _of_day_or_newest(context: Context, day: date | None, source: str) -> list[Digest]:
    archive = context.ledger.archive
    if day:
        return await archive.of_day(day, source)
    found = await archive.newest(source) if source else next((digest for _, digest in await newest(context)), None)
    return [found] if found else []


def _of_source(context: Context, argument: str, query: PaperQuery) -> tuple[PaperQuery, str]:
    """Read a number or a day with the name of a source behind it; all else may be words of a title."""
    rest, source = split_source(argument, context.sources)
    named = parse_query(rest, context.today)
    is_meant = source and not named.words and (named.day or named.number is not None)
    return (named, source) if is_meant else (query, "")


async def search(context: Context, argument: str) -> Response:
    """List the papers of the whole archive that have all the words."""
    text, page = split_page(argument)
    if not text:
        return context.reply_text(context.phrases.search_what)
    archive, request, earlier = context.ledger.archive, context.request, lines.read_kept_search(text)
    typed = text if earlier is None else await archive.recall(request.channel, request.address, earlier)
    if not typed:
        return context.reply_text(context.phrases.stale_page)
    size = pages.HITS_ON_A_PAGE
    hits, count = await archive.search(typed, size, (page - 1) * size)
    if not count:
        return context.reply_text(context.phrases.nothing_found.format(words=typed[:_LONGEST_ECHO]))
    if not hits:  # beyond the end
        page = -(-count // size)
        hits, count = await archive.search(typed, size, (page - 1) * size)
    start = (page - 1) * size
    number = await archive.remember(request.channel, request.address, typed) if count > len(hits) else 0
    turn = pages.Turn(lines.spell_kept_search(number), lines.spell_search(typed), page, start + len(hits) < count)
    return context.reply_page(
        pages.hits(context.phrases.found(typed[:_LONGEST_ECHO], count), hits, context.phrases, turn)
    )


async def _by_id(context: Context, query: PaperQuery) -> Response:
    found = await context.ledger.archive.paper("ref" if query.ref else "paper", query.ref or query.paper)
    if found is None:
        gone = context.phrases.paper_gone if query.ref else context.phrases.no_such_id.format(paper=query.paper)
        return context.reply_text(gone)
    return _full(context, *found)


async def _by_title(context: Context, query: PaperQuery) -> Response:
    hits = await context.ledger.archive.titled(query.words, _MOST_CHOICES, query.day)
    if not hits:
        return context.reply_text(context.phrases.no_such_title.format(words=query.words[:_LONGEST_ECHO]))
    newest: dict[str, SearchHit] = {}
    for hit in hits:
        newest.setdefault(hit.title, hit)  # of papers presented twice, the later digest
    return await _choose(context, list(newest.values()))


async def _choose(context: Context, hits: Sequence[SearchHit]) -> Response:
    """Give the only hit, or let the reader choose among several."""
    if len(hits) == 1:
        return await _by_id(context, PaperQuery(ref=hits[0].ref))
    return context.reply_page(pages.choice(hits, context.phrases))


def _by_number(context: Context, number: int | None, digests: Sequence[Listed]) -> Response:
    found = [(digest, one, source) for source, digest in digests for one in digest.papers if one.number == number]
    if len(found) == 1:
        digest, one, _ = found[0]
        return _full(context, digest, one)
    if found:
        return context.reply_page(pages.choice([_hit(*one) for one in found], context.phrases))
    last = max(one.number for _, digest in digests for one in digest.papers)
    template = context.phrases.which_paper if number is None else context.phrases.no_such_paper
    return context.reply_text(template.format(number=str(number)[:8], last=last))


async def _digests(context: Context, day: date | None, source: str) -> list[Listed]:
    """Give the digests of a day or source; without these, what this chat received last, else the newest."""
    if day or source:
        return [(source, digest) for digest in await _of_day_or_newest(context, day, source)]
    return await last_seen(context) or await newest(context)


async def _no_digest(context: Context, query: PaperQuery) -> Response:
    if query.day is None:
        return context.reply_text(context.phrases.no_digest)
    return await _other_days(context, context.phrases.day(query.day), query.day, query.number)


async def _other_days(context: Context, day_text: str, day: date, number: int | None) -> Response:
    near = nearest_days(day, await context.ledger.archive.days())
    if not near:
        return context.reply_text(context.phrases.no_digest)
    return context.reply_page(
        pages.days(context.phrases.no_such_day.format(day=day_text), near, context.phrases, number)
    )


def _index_page(context: Context, digest: Digest, page: int, source: str) -> Page:
    last = -(-len(digest.papers) // pages.PAPERS_ON_A_PAGE)
    return pages.papers(digest, context.phrases, min(page, last), source)


def _full(context: Context, digest: Digest, one: Paper) -> Response:
    return Response(
        context.formatter.paper(one),
        share_line=lines.spell_paper(reference(digest, one)),
        one_line=compose.one_line(one),
        again=context.formatter.page(pages.stands_above(digest, one, context.phrases)),
    )


def _hit(digest: Digest, one: Paper, source: str) -> SearchHit:
    return SearchHit(reference(digest, one), one.number, f"{digest.series}: {one.title}", "", digest.day, source)
