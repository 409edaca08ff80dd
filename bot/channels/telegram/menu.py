"""Set the menus of commands that Telegram shows, for each language and kind of chat."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import count

from telegram import (
    Bot,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
)
from telegram.error import BadRequest, Forbidden

from bot.concurrency import LONGEST_PAUSE, backoff, wait_unless
from bot.config.settings import Settings
from bot.log import log
from formatters.locale import LANGUAGES, phrases

_GROUP_COMMANDS = ("paper", "papers", "search", "help")  # the others are for those who manage a chat

Menu = tuple[BotCommandScope, str, Mapping[str, str]]


async def set_menus(
    bot: Bot, settings: Settings, stopping: asyncio.Event, longest_pause: float = LONGEST_PAUSE
) -> None:
    """Set the menus, and try again until Telegram accepts them or the program stops."""
    for tries in count():
        try:
            await _set_all(bot, menus(settings))
        except Exception as error:  # noqa: BLE001 - whatever fails, the bot works without menus
            if not tries:
                log.warning("menu", error=f"the commands could not be set yet: {type(error).__name__}")
            await wait_unless(asyncio.sleep(backoff(1.0, tries, longest_pause)), stopping)
        else:
            return
        if stopping.is_set():
            return


def menus(settings: Settings) -> Iterator[Menu]:
    """List scope, language ("" for all others) and commands."""
    for language in ("", *LANGUAGES):
        texts = phrases(language or settings.language)
        yield BotCommandScopeDefault(), language, {name: texts.commands[name] for name in _GROUP_COMMANDS}
        yield BotCommandScopeAllPrivateChats(), language, texts.commands
        yield BotCommandScopeAllChatAdministrators(), language, texts.commands
        for operator in settings.operators.telegram:
            yield BotCommandScopeChat(int(operator)), language, texts.commands | texts.operator_commands


async def _set_all(bot: Bot, menus: Iterable[Menu]) -> None:
    unreachable: set[object] = set()
    for scope, language, commands in menus:
        chat = scope.chat_id if isinstance(scope, BotCommandScopeChat) else None
        if chat in unreachable:
            continue
        try:
            await bot.set_my_commands(list(commands.items()), scope=scope, language_code=language or None)
        except (BadRequest, Forbidden) as error:
            if chat is None:
                raise
            unreachable.add(chat)
            log.warning("menu", error=f"the operator {chat} does not talk to the bot: {error}")
