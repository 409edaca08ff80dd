"""Slack: what sets it apart, for all that must not know it by name. Its SDK is imported only where it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.config.settings import Settings, Slack
from bot.delivery.channel import Channel, ChannelKit, ChannelSettings
from bot.errors import SettingsError
from formatters.locale import Phrases
from formatters.message import Formatter

if TYPE_CHECKING:
    from bot.channels.slack.channel import SlackChannel
    from bot.conversation.listener import Listener
    from bot.conversation.router import CommandRouter
    from bot.delivery.replies import ReplySender
    from bot.web.server import Web

_NO_TOKEN = "slack.bot_token is missing; copy it from your Slack app and set PAPERBOY_SLACK__BOT_TOKEN"  # noqa: S105


def _read(settings: Settings) -> ChannelSettings:
    own, operators = settings.slack, settings.operators
    return ChannelSettings(
        chats=tuple(one.chat for one in own.chats),
        sources={one.chat: one.sources for one in own.chats if one.sources},
        layout=own.layout,
        cards=own.cards,
        operators=operators.slack,
        operator_chats=(operators.slack_chat,) if operators.slack_chat else operators.slack,
        listens=_listens(own),
        lacks="" if own.bot_token else _NO_TOKEN,
        web_address=own.base_url,
    )


def _listens(own: Slack) -> bool:
    """Tell whether readers can talk to the bot; Socket Mode needs a token of its own."""
    return bool(own.app_token) if own.listen == "socket" else own.listen == "http"


def _formatter(phrases: Phrases, buttons: bool) -> Formatter:
    from formatters.slack import SlackFormatter

    return SlackFormatter(phrases, buttons=buttons)


def _channel(settings: Settings, formatter: Formatter) -> Channel:
    from bot.channels.slack.channel import SlackChannel

    if not settings.slack.bot_token:
        raise SettingsError(_NO_TOKEN)
    return SlackChannel(settings.slack.bot_token.get_secret_value(), settings.slack.base_url, formatter)


def _listener(
    settings: Settings, channel: Channel, router: CommandRouter, replies: ReplySender, server: Web
) -> Listener:
    from bot.channels.slack.listener import slack_listener

    return slack_listener(settings.slack, channel, router, replies, server)


async def _check_app(channel: SlackChannel) -> Sequence[tuple[str, str]]:
    """Look whether the app may do what today's manifest lets it; where Slack does not answer, `check` says so."""
    from bot.channels.slack.api.connections import lacking_scopes
    from bot.channels.slack.api.errors import FAILURES

    try:
        lacking = lacking_scopes((await channel.client().auth_test()).headers)
    except FAILURES:
        return []
    advice = "paste deploy/slack-manifest.yaml under App Manifest, compare the Slash Commands, install the app again"
    return [("scopes", f"the app lacks {', '.join(lacking)}; {advice}")] if lacking else []


KIT = ChannelKit(
    name="slack",
    layouts=("thread", "messages", "digest", "index"),
    foldable=("thread", "messages", "digest"),
    silent_messages=False,
    linkable=("C%", "G%", "D%"),  # not where only a person is known, whose direct messages have another address
    members_invite=True,
    read=_read,
    make_formatter=_formatter,
    make_channel=_channel,
    make_listener=_listener,
    check_app=_check_app,
)
