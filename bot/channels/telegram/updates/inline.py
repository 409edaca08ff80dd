"""Answer inline queries: somebody types "@bot diffusion" in any chat, and picks a paper to share there."""

from __future__ import annotations

import re
from time import monotonic

from telegram import InlineQuery, InlineQueryResultArticle, InputTextMessageContent
from telegram.error import TelegramError

from bot.channels.telegram.channel import TelegramChannel
from bot.conversation.context import Request
from bot.conversation.router import CommandRouter
from bot.conversation.throttle import Throttle, Verdict
from bot.log import log
from formatters import compose
from formatters.message import Formatter
from formatters.model import Digest, Paper
from formatters.page import reference
from formatters.spans import without_direction

_PAGE = 10  # results; 50 are allowed, and a phone shows three
_CACHE_TIME = 300  # seconds that Telegram may repeat an answer by itself
_OFFSET = re.compile(r"\d{1,9}", re.ASCII)  # as we gave it; a client can send something else


class InlineSearch:
    """Offer the papers that match the words; without words, those of the newest digest."""

    def __init__(self, channel: TelegramChannel, router: CommandRouter) -> None:
        self._channel = channel
        self._router = router
        self._throttle = Throttle(burst=30, per_second=3.0)  # a query comes with every letter

    async def answer(self, query: InlineQuery) -> None:
        if self._throttle.verdict(query.from_user.id, monotonic()) is not Verdict.ANSWER:
            return
        user = query.from_user
        context = await self._router.context_for(
            Request("telegram", str(user.id), user=str(user.id), language=user.language_code or "")
        )
        start = int(query.offset) if _OFFSET.fullmatch(query.offset) else 0
        papers = await self._find(query.query, start)
        results = [await self._result(context.formatter, digest, paper) for digest, paper in papers]
        next_offset = str(start + len(papers)) if len(papers) == _PAGE else ""
        try:
            await self._channel.client.bot.answer_inline_query(
                query.id, results, cache_time=_CACHE_TIME, is_personal=True, next_offset=next_offset
            )
        except TelegramError as error:
            log.info("late answer", error=str(error))

    async def _find(self, words: str, start: int) -> list[tuple[Digest, Paper]]:
        archive = self._router.ledger.archive
        if not words.strip():
            newest = await archive.newest()
            return [(newest, paper) for paper in newest.papers[start : start + _PAGE]] if newest else []
        hits, _ = await archive.search(words, _PAGE, start)
        found = [await archive.paper("ref", hit.ref) for hit in hits]
        return list(filter(None, found))

    async def _result(self, formatter: Formatter, digest: Digest, paper: Paper) -> InlineQueryResultArticle:
        body = await self._channel.client.arguments(formatter.card(digest, paper).body)
        content = InputTextMessageContent(
            body["text"], body["parse_mode"], link_preview_options=body["link_preview_options"]
        )
        return InlineQueryResultArticle(
            reference(digest, paper),
            without_direction(paper.title),
            content,
            description=without_direction(compose.brief(paper)),
            reply_markup=body.get("reply_markup"),
        )
