"""Who reads in the two chats: what they type and press is answered as on the platforms.

It mirrors what the listeners do (`channels/telegram/updates`, `channels/slack/commands`), in a private chat with the
bot and in a channel with an app, where most answers are seen by one person alone.
"""

from __future__ import annotations

from functools import partial

from bot.channels.local import Arguments, LocalChannel, LocalMessage
from bot.channels.slack.commands import command_name, signed, with_share_button
from bot.conversation.context import Request, Response
from bot.conversation.router import CommandRouter
from bot.database.states import ChatKind
from bot.delivery.replies import ReplySender
from bot.pages.demo.chats import CHAT, PERSON, SLACK, TELEGRAM, Chats
from formatters import lines


class TelegramReader:
    """A person in a private chat with the bot."""

    def __init__(self, chats: Chats, router: CommandRouter, replies: ReplySender) -> None:
        self._chats, self._router, self._replies = chats, router, replies
        self._channel = chats.channels[TELEGRAM]

    async def type(self, line: str, language: str) -> None:
        self._chats.say(TELEGRAM, "")
        self._channel.keep({"text": line}, reader=PERSON[TELEGRAM])
        response = await self._router.handle(self._request(language), line)
        await self._replies.send(CHAT[TELEGRAM], response.messages)

    async def press(self, message: str, line: str, language: str) -> None:
        """Do what a button says: turn its page, show a toast, or answer below."""
        response = await self._router.handle(self._request(language, pressed=True), line)
        self._chats.say(TELEGRAM, response.toast)
        if response.replaces_page:
            await self._replies.edit(CHAT[TELEGRAM], message, response.messages[0])
        elif not response.toast:
            await self._replies.send(CHAT[TELEGRAM], response.messages)

    def _request(self, language: str, *, pressed: bool = False) -> Request:
        return Request(TELEGRAM, CHAT[TELEGRAM], user=PERSON[TELEGRAM], language=language, from_button=pressed)


class SlackReader:
    """A member of a channel that has the app."""

    def __init__(self, chats: Chats, router: CommandRouter, you: str) -> None:
        self._chats, self._router, self._you = chats, router, you
        self._channel: LocalChannel = chats.channels[SLACK]

    async def type(self, line: str, language: str) -> None:
        """Give a slash command to the app; anything else is said to the channel, and answered when the app is named."""
        self._chats.say(SLACK, "")
        if not line.startswith("/"):
            await self._say(line, language)
            return
        name, space, rest = line.partition(" ")
        request = self._request(language)
        await self._answer(await self._router.handle(request, f"{command_name(name)}{space}{rest}"), request, "")

    async def press(self, message_id: str, line: str, language: str) -> None:
        """Do what a button says: turn its page, answer beside it, or show everybody a paper."""
        message = self._channel.messages.get(message_id)
        if message is None:
            return
        request, shared = self._request(language, pressed=True), lines.read_share(line)
        response = await self._router.handle(request, shared or line)
        if shared and response.again:
            await self._share_once(message, response)
        elif response.replaces_page and message.private:
            self._replace(message, response)
        else:
            await self._answer(response, request, message.thread)

    async def _say(self, line: str, language: str) -> None:
        """Say something in the channel; the app answers in a thread of its own when it is mentioned."""
        said = self._channel.keep({"text": line}, reader=PERSON[SLACK])
        mention, _, rest = line.partition(" ")
        if mention.lower() == "@paperboy":
            request = self._request(language, private=False)
            response = await self._router.handle(request, rest or "/help")
            self._show([one.body for one in response.messages], said.id, private=False)

    async def _answer(self, response: Response, request: Request, thread: str) -> None:
        """Answer one person alone; a full summary gets a button to share it."""
        bodies: list[Arguments] = [one.body for one in response.messages]
        if bodies and response.share_line:
            phrases = (await self._router.context_for(request)).phrases
            bodies[-1] = with_share_button(bodies[-1], response.share_line, phrases)
        self._show(bodies, thread, private=True)
        if not bodies:
            self._chats.say(SLACK, response.toast)

    async def _share_once(self, message: LocalMessage, response: Response) -> None:
        """Show everybody a paper, unless it stands there already."""
        share = partial(self._share, message, response)
        where = f"{CHAT[SLACK]} {message.thread}"
        if await self._router.papers.give(where, response.share_line, share) and response.again:
            self._show([response.again.body], message.thread, private=True)

    async def _share(self, message: LocalMessage, response: Response) -> str:
        first, *rest = [one.body for one in response.messages]
        self._show([signed(first, self._you), *rest], message.thread, private=False)
        if message.private:  # its button is used up
            self._channel.replace(message.id, {**_where(message.thread), **response.messages[-1].body})
        return message.id

    def _replace(self, message: LocalMessage, response: Response) -> None:
        self._channel.replace(message.id, {**response.messages[0].body, **_where(message.thread)})

    def _show(self, bodies: list[Arguments], thread: str, *, private: bool) -> None:
        for body in bodies:
            self._channel.keep({**body, **_where(thread)}, thread=thread, private=private)

    def _request(self, language: str, *, pressed: bool = False, private: bool = True) -> Request:
        return Request(
            *(SLACK, CHAT[SLACK], ChatKind.BROADCAST, PERSON[SLACK], language),
            from_button=pressed,
            private=private,
            is_admin=_yes,
        )


def _where(thread: str) -> Arguments:
    return {"channel": CHAT[SLACK], **({"thread_ts": thread} if thread else {})}


async def _yes() -> bool:
    return True
