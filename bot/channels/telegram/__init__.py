"""Telegram: what sets it apart, for all that must not know it by name. Its SDK is imported only where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.config.settings import Settings
from bot.delivery.channel import Channel, ChannelKit, ChannelSettings
from bot.errors import SettingsError
from formatters.locale import Phrases
from formatters.message import Formatter

if TYPE_CHECKING:
    from bot.conversation.listener import Listener
    from bot.conversation.router import CommandRouter
    from bot.delivery.replies import ReplySender
    from bot.web.server import Web

_NO_TOKEN = "telegram.token is missing; ask @BotFather for one and set PAPERBOY_TELEGRAM__TOKEN"  # noqa: S105


def _read(settings: Settings) -> ChannelSettings:
    own, operators = settings.telegram, settings.operators
    return ChannelSettings(
        chats=tuple(one.chat for one in own.chats),
        sources={one.chat: one.sources for one in own.chats if one.sources},
        layout=own.layout,
        cards=own.cards,
        operators=operators.telegram,
        operator_chats=(operators.telegram_chat,) if operators.telegram_chat else operators.telegram,
        listens=own.listen != "off",
        lacks="" if own.token else _NO_TOKEN,
        web_address=own.base_url.removesuffix("/bot"),
    )


def _formatter(phrases: Phrases, buttons: bool) -> Formatter:
    from formatters.telegram import TelegramFormatter

    return TelegramFormatter(phrases, buttons=buttons)


def _channel(settings: Settings, formatter: Formatter) -> Channel:
    from bot.channels.telegram.channel import TelegramChannel

    if not settings.telegram.token:
        raise SettingsError(_NO_TOKEN)
    return TelegramChannel(settings.telegram.token.get_secret_value(), settings.telegram.base_url, formatter)


def _listener(
    settings: Settings, channel: Channel, router: CommandRouter, replies: ReplySender, server: Web
) -> Listener:
    from bot.channels.telegram.listener import telegram_listener

    return telegram_listener(settings.telegram, channel, router, replies, server)


KIT = ChannelKit(
    name="telegram",
    layouts=("messages", "digest", "index"),
    silent_messages=True,
    linkable=("-1" + "_" * 12 + "%", "@%"),  # channels and supergroups: from -1000000000001 on, or by name
    foldable=("messages",),
    read=_read,
    make_formatter=_formatter,
    make_channel=_channel,
    make_listener=_listener,
)
