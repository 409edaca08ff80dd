"""/paper, /papers and /search: what readers look up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import accumulate

from bot.conversation.commands.newest import Listed, forget_list, last_seen, last_shown, newest, note_list
from bot.conversation.context import Context, Response
from bot.conversation.parsing.numbers import Range, expand
from bot.conversation.parsing.query import PaperQuery, nearest_days, parse_query, parse_several
from bot.conversation.parsing.sources import split_source
from bot.conversation.parsing.text import normalise, split_page
from bot.database.states import ChatKind
from formatters import below, compose, lines, pages
from formatters.message import Message
from formatters.model import Digest, Paper
from formatters.page import Page, Rows, SearchHit, reference

_MOST_CHOICES = 8
_MOST_AT_ONCE = 5  # papers in full, and their messages; Slack takes five answers to a press
_LONGEST_ECHO = 40  # characters of what was typed

Found = tuple[Digest, Paper, str]  # with the source, "" where there is one at most


async def paper(context: Context, argument: str) -> Response:
    """Give one paper in full: by number, id, link or words of its title; of a day, or of the digest last seen."""
    rest, source = split_source(argument, context.sources)
    several, day = parse_several(rest, context.today)
    if several:
        return await _several(context, several, day, source)
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
        forget_list(context)
        return context.reply_page(pages.lists(listed, context.phrases))
    digests = await _of_day_or_newest(context, query.day, source)
    if not digests:
        return await _no_digest(context, query)
    await note_list(context, digests, source)
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
    return await _hits(context, typed, page) or context.reply_text(nothing_found(context, typed))


async def show(context: Context, argument: str) -> Response:
    """Give papers, whatever says which: a number, an id, a day, or words in them; without any the newest list."""
    if not normalise(argument):
        return await papers(context, "")
    return await bare(context, argument) or await search(context, argument)


async def bare(context: Context, line: str) -> Response | None:
    """Give what a line without a command asks for: papers, the list of a day, in a private chat what has the words."""
    text, page = split_page(line)
    rest, source = split_source(text, context.sources)
    query, private = parse_query(rest, context.today), context.request.kind == ChatKind.PRIVATE
    if query.number is not None or query.paper or query.ref or parse_several(rest, context.today)[0]:
        return await paper(context, line)
    if query.day or (source and not query.words):
        return await (paper if query.words else papers)(context, line)
    return await _hits(context, text, page) if query.words and private else None


def nothing_found(context: Context, words: str) -> str:
    return context.phrases.nothing_found.format(words=words[:_LONGEST_ECHO])


async def _hits(context: Context, typed: str, page: int) -> Response | None:
    """List what is found by a page, for one beyond the end by the last; None where nothing is."""
    archive, request, size = context.ledger.archive, context.request, pages.HITS_ON_A_PAGE
    hits, count = await archive.search(typed, size, (page - 1) * size)
    if not count:
        return None
    if not hits:
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
    return _offer(context, hits)


async def _several(context: Context, ranges: Sequence[Range], day: date | None, source: str) -> Response:
    """Give several papers, a few at once; where others see the answer, offer them in one message."""
    digests = await _digests(context, day, source)
    if not digests:
        return await _no_digest(context, PaperQuery(day=day))
    papers = [(digest, one, named) for named, digest in digests for one in digest.papers]
    numbers = expand(ranges, max(one.number for _, one, _ in papers))
    found = [each for number in numbers for each in papers if each[1].number == number]
    missing = set(numbers) - {one.number for _, one, _ in found}
    if not found:
        return _by_number(context, numbers[0], digests)
    if len(found) + len(missing) > len(numbers):  # of several lists
        return _offer(context, [_hit(*one) for one in found])
    if not context.request.is_alone:
        return _offer(context, [replace(_hit(*each), title=f"{each[1].number}. {each[1].title}") for each in found])
    return _all_of(context, found, sorted(missing))


def _offer(context: Context, hits: Sequence[SearchHit]) -> Response:
    return context.reply_page(pages.choice(hits[:_MOST_CHOICES], context.phrases))


def _all_of(context: Context, found: Sequence[Found], missing: Sequence[int]) -> Response:
    """Give the first papers of those found, with a button for the next, and say what there is not."""
    count = _at_once(context, found)
    given, others = found[:count], found[count:]
    *firsts, last = given
    messages = [message for digest, one, _ in firsts for message in _in_full(context, digest, one)]
    messages += _in_full(context, last[0], last[1], _next(others))
    if missing:
        most = max(one.number for one in given[0][0].papers)
        messages.append(context.formatter.notice(_no_such_paper(context, missing[0], most)))
    return Response(tuple(messages), lines=len(given))


def _at_once(context: Context, found: Sequence[Found]) -> int:
    """Count the papers that are given at once: so many as are few messages, one in any case."""
    sizes = accumulate(len(context.formatter.paper(one)) for _, one, _ in found[:_MOST_AT_ONCE])
    return max(1, sum(size <= _MOST_AT_ONCE for size in sizes))


def _next(others: Sequence[Found]) -> Rows:
    """Offer the next of several papers, of one digest."""
    if not others:
        return ()
    digest, _, source = others[0]
    numbers = [one.number for of, one, _ in others[:_MOST_AT_ONCE] if of is digest]
    return pages.rest(numbers, digest.day, source)


def _by_number(context: Context, number: int | None, digests: Sequence[Listed]) -> Response:
    found = [(digest, one, source) for source, digest in digests for one in digest.papers if one.number == number]
    if len(found) == 1:
        digest, one, _ = found[0]
        return _full(context, digest, one)
    if found:
        return _offer(context, [_hit(*one) for one in found])
    last = max(one.number for _, digest in digests for one in digest.papers)
    if number is None:
        return context.reply_text(context.phrases.which_paper.format(last=last))
    return context.reply_text(_no_such_paper(context, number, last))


def _no_such_paper(context: Context, number: int, last: int) -> str:
    return context.phrases.no_such_paper.format(number=str(number)[:8], last=last)


async def _digests(context: Context, day: date | None, source: str) -> list[Listed]:
    """Give the digests of a day or source; without these, what this chat received last, else the newest."""
    if day or source:
        return [(source, digest) for digest in await _of_day_or_newest(context, day, source)]
    return await last_shown(context) or await last_seen(context) or await newest(context)


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
        _in_full(context, digest, one),
        share_line=lines.spell_paper(reference(digest, one)),
        one_line=compose.one_line(one),
        again=context.formatter.page(pages.stands_above(digest, one, context.phrases)),
    )


def _in_full(context: Context, digest: Digest, one: Paper, more: Rows = ()) -> tuple[Message, ...]:
    return context.formatter.paper(one, (*below.rows(digest, one, context.phrases), *more))


def _hit(digest: Digest, one: Paper, source: str) -> SearchHit:
    return SearchHit(reference(digest, one), one.number, f"{digest.series}: {one.title}", "", digest.day, source)
