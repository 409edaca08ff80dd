"""Slash commands and pressed buttons, and how their answers reach people.

What somebody chooses is stored before it is acknowledged. Sources of the facts: docs.slack.dev (slash
commands, handling user interaction, formatting message text).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.home import HomeView
from bot.channels.slack.people import Directory
from bot.channels.slack.responses import Body, ButtonPress, EphemeralReplies
from bot.conversation.context import Request, Response
from bot.conversation.parsing.text import normalise
from bot.conversation.router import CommandRouter
from bot.database.states import ChatKind
from bot.delivery.replies import ReplySender
from formatters import lines
from formatters.locale import Phrases
from formatters.message import Message
from formatters.page import Button
from formatters.slack.buttons import with_buttons
from formatters.slack.texts import escape, unescape

Payload = dict[str, Any]

_MARKED = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")  # mentions and links, with the label that readers see


class InteractionHandler:
    """Handle slash commands and buttons; most answers are seen by nobody else."""

    def __init__(
        self, channel: SlackChannel, router: CommandRouter, people: Directory, home: HomeView, replies: ReplySender
    ) -> None:
        self._router = router
        self._people = people
        self._home = home
        self._replies = replies
        self._ephemeral = EphemeralReplies(channel)

    async def command(self, ack: Callable[..., Awaitable[object]], command: Payload) -> None:
        """Answer in the acknowledgement; further messages follow through the response_url."""
        chat = command["channel_id"]
        request = await self._people.request(chat, command["user_id"], alone=True)
        line = f"{command_name(command['command'])} {typed(command.get('text') or '')}"
        answer = await self._router.handle(request, line)
        if not answer.messages:
            await ack()
            return
        first, *rest = [{**body, "response_type": "ephemeral"} for body in await self._bodies(answer, request, chat)]
        await ack(first)
        self._replies.spawn(self._ephemeral.respond(command["response_url"], rest))

    async def press(self, ack: Callable[..., Awaitable[object]], body: Payload) -> None:
        """Do what a button says, with the rights of who pressed it: a client can send what is on no button."""
        press = ButtonPress.read(body)
        if press:
            request = await self._people.request(press.channel or press.home, press.user, pressed=True, alone=True)
            shared = lines.read_share(press.line)
            answer = await self._router.handle(request, shared or press.line)
            if answer.messages:
                self._replies.spawn(self._deliver(press, request, answer, share=bool(shared)))
        await ack()

    async def _deliver(self, press: ButtonPress, request: Request, answer: Response, *, share: bool) -> None:
        """Put an answer where it belongs: in place of its page, beside the button, or into direct messages."""
        own = press.channel == request.address and request.kind == ChatKind.PRIVATE
        if press.home:
            await self._home.answer(request, answer)
        elif share and answer.again:
            await self._share_once(press, answer, answer.again)
        elif answer.replaces_page and press.private:
            await self._ephemeral.respond(press.url, [answer.messages[0].body], replace=True)
        elif answer.replaces_page and own:
            await self._replies.edit(request.address, press.message, answer.messages[0])
        elif own and not answer.toast:
            await self._replies.send(request.address, answer.messages, thread=press.thread)
        else:
            await self._ephemeral.send(press, await self._bodies(answer, request, press.channel))

    async def _bodies(self, answer: Response, request: Request, chat: str) -> list[Body]:
        """Give the bodies of an answer for one person; a full summary gets a button to share it."""
        bodies: list[Body] = [message.body for message in answer.messages]
        among_others = request.kind != ChatKind.PRIVATE or chat != request.address
        if answer.share_line and among_others:
            phrases = (await self._router.context_for(request)).phrases
            bodies[-1] = with_share_button(bodies[-1], answer.share_line, phrases)
        return bodies

    async def _share_once(self, press: ButtonPress, answer: Response, again: Message) -> None:
        """Show everybody a paper, unless it was shown there within minutes."""
        share = partial(self._share, press, answer)
        if await self._router.papers.give(f"{press.channel} {press.thread}", answer.share_line, share):
            await self._ephemeral.send(press, [again.body])

    async def _share(self, press: ButtonPress, answer: Response) -> str:
        """Show everybody a paper, and who shares it; then remove the button, which is used up. "" when it failed."""
        first, *rest = [message.body for message in answer.messages]
        name = (await self._people.person(press.user)).name or press.name
        where = {"response_type": "in_channel", **({"thread_ts": press.thread} if press.thread else {})}
        bodies = [{**body, **where} for body in (signed(first, name), *rest)]
        shared = await self._ephemeral.respond(press.url, bodies)
        if shared and press.private:
            await self._ephemeral.respond(press.url, [answer.messages[-1].body], replace=True)
        return press.message if shared else ""


def typed(text: str) -> str:
    """Give a message as it was typed: no mentions, links as URLs, entities unescaped, no invisible characters."""
    bare = _MARKED.sub(lambda mark: mark[1] if "://" in mark[1] else mark[2] or "", text)
    return normalise(unescape(bare))


def command_name(typed: str) -> str:
    """Give a slash command without the prefix that a workspace chooses: "/search" of "/papers-search"."""
    return "/" + typed.rpartition("-")[2].lstrip("/")


def with_share_button(body: Body, line: str, phrases: Phrases) -> Body:
    """Put a button below a full summary that shows everybody the paper that a line asks for."""
    return with_buttons(body, [Button(phrases.share, lines.spell_share(line))])


def signed(body: Body, name: str) -> Body:
    """Put a line above a message that says who shares it; plain text notifies nobody."""
    line = f"↗ {name}"
    head = {"type": "context", "elements": [{"type": "plain_text", "text": line, "emoji": False}]}
    return {**body, "text": f"{escape(line)}\n{body['text']}", "blocks": [head, *body["blocks"]]}
