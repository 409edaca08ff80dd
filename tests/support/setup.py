"""Paperboy put together against the fake platforms, without the rate limits that real ones ask for."""

from __future__ import annotations

from pathlib import Path

from bot.channels.rate_limits.limiter import RateLimiter
from bot.channels.slack.channel import SlackChannel
from bot.channels.telegram.channel import TelegramChannel
from bot.config.loading import load
from bot.config.settings import Settings
from bot.delivery.channel import Channel
from bot.delivery.dispatcher import RetryPolicy
from formatters.locale import phrases
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.support.chats import CHANNEL, CHANNEL_NAME, FORUM, FORUM_TOPIC, GROUP, OTHER_TOPIC, READER, SLACK_CHAT, TOPIC
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram

SHARED = Path(__file__).parents[3] / "shared"
DATA = Path(__file__).parents[1] / "data"
ROOT = Path(__file__).parents[2]
AT_ONCE = RetryPolicy(settle_delay=0.05, first_backoff=0.05)


def add_chats(telegram: FakeTelegram, slack: FakeSlack | None = None) -> None:
    """Give the platforms a channel, a group, a forum with two topics, a private chat and a Slack channel."""
    telegram.add_chat(CHANNEL, kind="channel", username=CHANNEL_NAME.removeprefix("@"), last_id=10)
    telegram.add_chat(GROUP, kind="supergroup", last_id=500)
    telegram.add_chat(FORUM, kind="supergroup", topics={TOPIC, OTHER_TOPIC}, last_id=200)
    telegram.add_chat(READER, kind="private")
    if slack:
        slack.add_channel(SLACK_CHAT, name="papers")


def unthrottled() -> RateLimiter:
    """Make a rate limiter that lets every call go at once."""
    return RateLimiter((), lambda _address: [])


def write_settings(folder: Path, telegram: str, slack: str, *, more: str = "") -> Path:
    """Write settings for all five chats; posts are in `_posts` beside them."""
    (folder / "_posts").mkdir(exist_ok=True)
    path = folder / "paperboy.toml"
    path.write_text(
        f"""
[[sources]]
name = "daily-papers"
kind = "folder"
path = "_posts"
match = "*daily-papers*"

[telegram]
token = "123456:FAKE-telegram-token"
base_url = "{telegram}"
chats = ["{CHANNEL_NAME}", "{GROUP}", "{FORUM_TOPIC}", "{READER}"]

[slack]
bot_token = "xoxb-FAKE-slack-token"
base_url = "{slack}"
chats = ["{SLACK_CHAT}"]
{more}
"""
    )
    return path


def settings_in(folder: Path, telegram: FakeTelegram, slack: FakeSlack) -> Settings:
    return load(write_settings(folder, telegram.base_url, slack.base_url))


def channels_of(settings: Settings) -> dict[str, Channel]:
    """Make the channels without any limit."""
    catalogue = phrases(settings.language)
    telegram, slack = settings.telegram, settings.slack
    assert telegram.token
    assert slack.bot_token
    return {
        "telegram": TelegramChannel(
            telegram.token.get_secret_value(), telegram.base_url, TelegramFormatter(catalogue), unthrottled()
        ),
        "slack": SlackChannel(
            slack.bot_token.get_secret_value(), slack.base_url, SlackFormatter(catalogue), unthrottled()
        ),
    }
