"""Settings to parts: sources, channels, listeners, rules. An SDK is imported only where it is used."""

from __future__ import annotations

from collections.abc import Mapping

from bot.config.settings import Settings
from bot.conversation.listener import Listener
from bot.conversation.router import CommandRouter
from bot.delivery.channel import Channel
from bot.delivery.decisions import Rules
from bot.delivery.replies import ReplySender
from bot.errors import SettingsError
from bot.sources.folder import FolderSource
from bot.sources.source import Source
from formatters.locale import phrases


def require_deliverable(settings: Settings) -> None:
    """Refuse settings with which nothing could be delivered."""
    if not settings.sources:
        example = "the settings are ./paperboy.toml or --config FILE, and deploy/paperboy.example.toml is one to copy"
        raise SettingsError(f"sources: there is none; add a [[sources]] table with name, kind and path ({example})")
    telegram, slack = settings.telegram, settings.slack
    if not (telegram.chats or slack.chats or telegram.token or slack.bot_token):
        raise SettingsError("telegram.chats and slack.chats are empty; name at least one chat")
    if settings.telegram.chats and not settings.telegram.token:
        raise SettingsError("telegram.token is missing; ask @BotFather for one and set PAPERBOY_TELEGRAM__TOKEN")
    if settings.slack.chats and not settings.slack.bot_token:
        raise SettingsError("slack.bot_token is missing; copy it from your Slack app and set PAPERBOY_SLACK__BOT_TOKEN")


def sources(settings: Settings) -> list[Source]:
    return [FolderSource(one.name, one.path, match=one.match, permalink=one.permalink) for one in settings.sources]


def channels(settings: Settings) -> dict[str, Channel]:
    """Make the channels that have a token."""
    made: dict[str, Channel] = {}
    telegram, slack = settings.telegram, settings.slack
    said = phrases(settings.language)
    if telegram.token:
        from bot.channels.telegram.channel import TelegramChannel
        from formatters.telegram import TelegramFormatter

        formatter = TelegramFormatter(said, buttons=listens(settings, "telegram"))
        made["telegram"] = TelegramChannel(telegram.token.get_secret_value(), telegram.base_url, formatter)
    if slack.bot_token:
        from bot.channels.slack.channel import SlackChannel
        from formatters.slack import SlackFormatter

        spelled = SlackFormatter(said, buttons=listens(settings, "slack"))
        made["slack"] = SlackChannel(slack.bot_token.get_secret_value(), slack.base_url, spelled)
    return made


def listens(settings: Settings, channel: str) -> bool:
    """Tell whether readers of a channel can talk to the bot."""
    slack = settings.slack
    if channel == "slack":
        return bool(slack.app_token) if slack.listen == "socket" else slack.listen == "http"
    return settings.telegram.listen != "off"


def listeners(
    settings: Settings, channels: Mapping[str, Channel], router: CommandRouter, replies: Mapping[str, ReplySender]
) -> list[Listener]:
    """Make what hears readers: one per channel that listens, and the web server where one of them needs it."""
    from bot.web.server import Web

    server = Web(settings.web.host, settings.web.port, router.outages)
    made: list[Listener] = []
    if listens(settings, "telegram") and (telegram := channels.get("telegram")):
        from bot.channels.telegram.listener import telegram_listener

        made.append(telegram_listener(settings.telegram, telegram, router, replies["telegram"], server))
    if listens(settings, "slack") and (slack := channels.get("slack")):
        from bot.channels.slack.listener import slack_listener

        made.append(slack_listener(settings.slack, slack, router, replies["slack"], server))
    return [*made, server] if server.used else made


def rules(settings: Settings) -> Rules:
    """Give what the operator set of how digests are decided upon."""
    schedule = settings.schedule
    return Rules(schedule.catch_up, schedule.gate_wait.total_seconds(), schedule.edits_for.total_seconds())
