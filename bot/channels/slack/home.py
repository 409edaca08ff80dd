"""The App Home: the newest digest and one person's settings (docs.slack.dev, Home tab, views.publish)."""

from __future__ import annotations

from typing import Any

from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.errors import FAILURES, translate
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

_MOST_PAPERS = 80  # a view has room for 100 blocks; the settings take about ten


class HomeView:
    """Show people what is new, and let them choose what they receive in direct messages."""

    def __init__(self, channel: SlackChannel, router: CommandRouter, replies: ReplySender) -> None:
        self._channel = channel
        self._router = router
        self._replies = replies

    async def publish(self, request: Request, note: str = "") -> None:
        """Show somebody the newest digest and the settings of their direct messages."""
        context = await self._router.context_for(request)
        [settings, *_] = (await subscription.settings(context, "")).messages
        said = [context.formatter.notice(note)] if note else []
        blocks = _blocks(await _newest(context), *said, settings)
        view = {"type": "home", "private_metadata": request.address, "blocks": blocks}
        try:
            await self._channel.client().views_publish(user_id=request.user, view=view)
        except FAILURES as error:
            log.warning("home", user=request.user, error=str(translate(error)))

    async def answered(self, request: Request, answer: Response) -> None:
        """Show the answer to a button: a paper as a message, all else in the view."""
        if answer.share_line:
            await self._replies.send(request.address, answer.messages)
        else:
            await self.publish(request, "" if answer.replaces_page else answer.toast)


async def _newest(context: Context) -> Message:
    """List the newest digest, each paper with a sentence and its button."""
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
    """Put messages below each other, with lines between."""
    parts: list[Any] = [message.body["blocks"] for message in messages]
    return [block for part in parts for block in ({"type": "divider"}, *part)][1:]
