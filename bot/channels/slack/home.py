"""The App Home: the newest digest and one person's settings (docs.slack.dev, Home tab, views.publish)."""

from __future__ import annotations

from typing import Any

from bot.channels.slack.api.errors import FAILURES, translate
from bot.channels.slack.channel import SlackChannel
from bot.conversation.commands import subscription
from bot.conversation.context import Context, Request, Response
from bot.conversation.router import CommandRouter
from bot.delivery.replies import ReplySender
from bot.log import log
from formatters import compose, lines
from formatters.compose import LINE
from formatters.message import Message
from formatters.model import Digest, Paper
from formatters.page import Button, Item, Page, reference
from formatters.spans import Span

_MOST_PAPERS = 80  # a view holds 100 blocks; the settings need about ten


class HomeView:
    """Show a person the newest digest and the settings of their direct messages."""

    def __init__(self, channel: SlackChannel, router: CommandRouter, replies: ReplySender) -> None:
        self._channel = channel
        self._router = router
        self._replies = replies

    async def publish(self, request: Request, note: str = "", page: Message | None = None) -> None:
        """Publish the view for who asks, with a note above the settings, or above the page in their place."""
        context = await self._router.context_for(request)
        settings = page or (await subscription.settings(context, "")).messages[0]
        notes = [context.formatter.notice(note)] if note else []
        blocks = _blocks(await _newest(context), *notes, settings)
        view = {"type": "home", "private_metadata": request.address, "blocks": blocks}
        try:
            await self._channel.client().views_publish(user_id=request.user, view=view)
        except FAILURES as error:
            log.warning("home", user=request.user, error=str(translate(error)))

    async def answer(self, request: Request, response: Response) -> None:
        """Show the response to a button: a paper as a message, all else in the view."""
        if response.share_line:
            await self._replies.send(request.address, response.messages)
        else:
            page = response.messages[0] if response.replaces_page else None
            await self.publish(request, "" if page else response.toast, page)


async def _newest(context: Context) -> Message:
    """List the papers of the newest digest, each with a sentence and a button."""
    digest = await context.ledger.archive.newest()
    if digest is None:
        return context.formatter.notice(context.phrases.no_digest)
    items = tuple(_item(digest, paper, context.phrases.full_summary) for paper in digest.papers[:_MOST_PAPERS])
    return context.formatter.page(Page(compose.head(digest, context.phrases), items))


def _item(digest: Digest, paper: Paper, label: str) -> Item:
    title, line = Span(f"{paper.number}. {paper.title}"), compose.brief(paper)
    return Item(
        (title, LINE, Span(line)) if line else (title,), Button(label, lines.spell_paper(reference(digest, paper)))
    )


def _blocks(*messages: Message) -> list[Any]:
    """Join the blocks of messages, with dividers between."""
    parts: list[Any] = [message.body["blocks"] for message in messages]
    return [block for part in parts for block in ({"type": "divider"}, *part)][1:]
