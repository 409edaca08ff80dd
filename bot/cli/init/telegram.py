"""Telegram: the token, and the chat, which is found when the bot is added to it."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from telegram import Bot, Chat, Update
from telegram.error import Conflict, TimedOut

from bot.channels.telegram.channel import MissingRight, TelegramChannel
from bot.channels.telegram.client import join_address
from bot.channels.telegram.listener import ALLOWED_UPDATES, POLL_TIMEOUT
from bot.cli.init.questions import Typed, WrongAnswerError
from bot.cli.init.session import Chosen, Session
from bot.concurrency import wait_unless
from bot.config.explain import variable
from bot.config.fields import one_telegram_chat
from bot.config.settings import Telegram
from bot.errors import BotGone, SendError
from formatters.locale import phrases
from formatters.telegram import TelegramFormatter

_TOKEN = re.compile(r"\d+:[\w-]+", re.ASCII)
_GONE = ("left", "kicked")
_WAIT = ("", "wait")  # answers that name no chat
_VARIABLE = variable(("telegram", "token"))


class _OtherProgramError(Exception):
    """Another program asks for the updates of this bot."""


@dataclass(frozen=True)
class _Given:
    """The bot whose token was given."""

    token: str
    base_url: str
    name: str = ""

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[TelegramChannel]:
        channel = TelegramChannel(self.token, self.base_url, TelegramFormatter(phrases("en")))
        try:
            yield channel
        finally:
            await channel.close()


def set_up(session: Session) -> Chosen:
    """Ask for the bot and for a chat that it may write to."""
    said = session.said
    own = session.settings({}).telegram
    bot = session.questions.ask("telegram_token", said.which_bot, partial(_bot, session, own), secret=True)
    session.good(f"@{bot.name}")
    find, how = partial(_address, session, bot), said.telegram_chat.format(bot=bot.name)
    while not (title := _title(session, bot, address := session.questions.ask("telegram_chat", how, find))):
        pass
    return Chosen({"telegram": {"chats": [address]}}, {_VARIABLE: bot.token}, {address: title})


def _bot(session: Session, own: Telegram, token: str) -> _Given:
    """Ask Telegram whose token this is."""
    if not _TOKEN.fullmatch(token):
        raise WrongAnswerError(session.said.not_a_bot)
    bot = _Given(token, own.base_url)
    try:
        return _Given(token, own.base_url, asyncio.run(_name(bot)))
    except BotGone:
        raise WrongAnswerError(session.said.bot_refused) from None
    except SendError as error:
        raise WrongAnswerError(str(error)) from None


async def _name(bot: _Given) -> str:
    async with bot.channel() as channel:
        return (await channel.client.me()).username or ""


def _address(session: Session, bot: _Given, answer: str) -> str:
    """Give the chat that was typed, or wait for one."""
    if answer not in _WAIT:
        try:
            return one_telegram_chat(answer)
        except ValueError:
            raise WrongAnswerError(session.said.no_address) from None
    said, offset = session.said, 0
    while True:
        session.tell(said.waiting)
        try:
            heard = asyncio.run(_wait_unless_typed(bot, offset, is_read=isinstance(session.questions, Typed)))
        except _OtherProgramError:
            raise WrongAnswerError(said.other_program) from None
        except SendError as error:
            raise WrongAnswerError(str(error)) from None
        if heard is None:
            raise WrongAnswerError  # what was typed is an answer
        found, offset = heard
        titles = {address: said.found_chat.format(title=title, address=address) for address, title in found.items()}
        options = {**titles, "none": said.wait_on}
        if (chosen := session.questions.choose("found", said.which_found, options, next(iter(titles)))) != "none":
            return chosen


async def _wait_unless_typed(bot: _Given, offset: int, *, is_read: bool) -> tuple[Mapping[str, str], int] | None:
    """Wait for a chat; give None when a line is typed at the terminal meanwhile, which is left to be read."""
    if not is_read or not sys.stdin.isatty():
        return await _wait(bot, offset)
    typed, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), typed.set)
    try:
        return await wait_unless(_wait(bot, offset), typed)
    finally:
        loop.remove_reader(sys.stdin.fileno())


async def _wait(bot: _Given, offset: int) -> tuple[Mapping[str, str], int]:
    """Wait until the bot is somewhere, or somebody writes there; give titles by address, newest first, and go on from.

    What is found is left unconfirmed, so that `paperboy run` answers whoever pressed Start.
    """
    async with bot.channel() as channel:
        while True:
            updates = await channel.client.call("", _updates(channel.client.bot, offset))
            offset = max((update.update_id + 1 for update in updates), default=offset)
            if found := dict(filter(None, map(_place, reversed(updates)))):
                return found, offset


async def _updates(bot: Bot, offset: int) -> Sequence[Update]:
    """Ask for updates; these end at once what another program asks, which then asks again."""
    try:
        return await bot.get_updates(offset=offset, timeout=POLL_TIMEOUT, allowed_updates=ALLOWED_UPDATES)
    except Conflict as error:
        raise _OtherProgramError from error
    except TimedOut:
        return ()


def _place(update: Update) -> tuple[str, str] | None:
    """Give the chat that an update comes from, with its title; None where the bot cannot write."""
    if change := update.my_chat_member:
        return None if change.new_chat_member.status in _GONE else _named(change.chat, None)
    if message := update.message or update.channel_post:
        return _named(message.chat, message.message_thread_id if message.is_topic_message else None)
    return None


def _named(chat: Chat, topic: int | None) -> tuple[str, str]:
    """Give the address of a chat, with its public name where a bot may use that, and its title."""
    is_public = chat.username and chat.type != Chat.PRIVATE
    return join_address(f"@{chat.username}" if is_public else str(chat.id), topic), chat.effective_name or ""


def _title(session: Session, bot: _Given, address: str) -> str:
    return session.title("telegram_chat", address, bot.channel, partial(_cure, session, bot))


def _cure(session: Session, bot: _Given, problem: str) -> str:
    if isinstance(problem, MissingRight):
        return session.said.missing_rights[problem.name].format(bot=bot.name)
    return problem
