"""The tables of the settings: what each key is, and which values it takes.

Field docstrings are what `paperboy settings` says; errors name what is wrong, and the way out.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.config.chats import ListedChat, parse_chats, require_known
from bot.config.explain import PREFIX
from bot.config.fields import (
    number_as_text,
    one_slack_chat,
    one_telegram_chat,
    slack_chats,
    slack_people,
    telegram_chats,
    telegram_people,
    web_address,
    webhook_secret,
    zone_advice,
)
from bot.config.schedule import Schedule
from bot.config.sources import Source
from bot.config.store import StoreSettings
from bot.config.table import Listed, Table, Token

# A proxy that speaks HTTPS, or a Bot API server of one's own on the same machine; empty: there is none.
_WEBHOOK = re.compile(r"(?:(?:https://[\w.-]+|http://(?:localhost|127(?:\.\d+){3}|\[::1\]))(?::\d+)?(?:/[^\s{}?#]*)?)?")

TelegramChats = Annotated[tuple[ListedChat, ...], NoDecode, BeforeValidator(partial(parse_chats, check=telegram_chats))]
SlackChats = Annotated[tuple[ListedChat, ...], NoDecode, BeforeValidator(partial(parse_chats, check=slack_chats))]
Secret = Annotated[SecretStr | None, BeforeValidator(webhook_secret)]


Cards = Literal["folded", "short"]
USUAL_CARDS: Cards = "folded"


class Telegram(Table):
    token: Token = None
    """The bot's token from @BotFather; better in the environment than in the file."""
    base_url: str = "https://api.telegram.org/bot"
    """Where the Bot API answers; another one for a Bot API server of your own."""
    chats: TelegramChats = ()
    """Who receives the digest: "@channel", "-1001234567890", "-1001234567890:77" for a topic, a person's number.

    A chat that has two names here receives once; one that is named anew goes on as it was. `{ chat = "@channel",
    sources = ["daily-papers"] }` receives the digests of these sources alone, as long as its people choose no others.
    """
    layout: Literal["messages", "digest", "index"] = "messages"
    """What chats receive that chose nothing else.

    "messages": an index and one message per paper; "digest": all in one message; "index": the index alone.
    """
    cards: Cards = USUAL_CARDS
    """What stands in the message of a paper, for chats that chose nothing else.

    "folded": below the short summary the full one, folded; "short": the short one alone, with a button to the other.
    """
    listen: Literal["polling", "webhook", "off"] = "polling"
    """How readers' commands come in: "polling", "webhook", or "off" for delivery alone.

    With "off" there are no buttons.
    """
    webhook_url: str = ""
    """For "webhook": where Telegram reaches `web` from outside, such as "https://papers.example.org/telegram"."""
    webhook_secret: Secret = None
    """For "webhook": what Telegram proves itself with, 1 to 256 of `A-Z`, `a-z`, `0-9`, `_` and `-`."""

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^/\s]+(/\S*)?/bot", value):
            raise ValueError('this is no address of a Bot API; write one such as "https://api.telegram.org/bot"')
        return value

    @field_validator("webhook_url")
    @classmethod
    def _reachable(cls, value: str) -> str:
        if not _WEBHOOK.fullmatch(value):
            raise ValueError('Telegram posts to HTTPS alone; write one such as "https://papers.example.org/telegram"')
        return value


class Slack(Table):
    bot_token: Token = None
    """The bot token (`xoxb-…`) of your Slack app; better in the environment than in the file."""
    app_token: Token = None
    """The app-level token (`xapp-…`) for commands over Socket Mode; delivery does without it."""
    signing_secret: Token = None
    """The app's signing secret, for commands over HTTP."""
    base_url: str = "https://slack.com/api/"
    """Where Slack's Web API answers."""
    chats: SlackChats = ()
    """Who receives the digest: channel ids such as "C0123ABCD", or `{ chat = "C0123ABCD", sources = ["daily-papers"] }`
    as in `telegram.chats`."""
    layout: Literal["thread", "messages", "digest", "index"] = "thread"
    """What chats receive that chose nothing else.

    "thread": the index in the channel, papers as its replies; "messages": all in the channel;
    "digest": all in one message; "index": the index alone.
    """
    cards: Cards = USUAL_CARDS
    """As `telegram.cards`; in a thread the full summary stands open, and in "digest" each paper opens at a press."""
    listen: Literal["socket", "http", "off"] = "socket"
    """How commands come in: "socket" once there is an `app_token`, "http", or "off" for delivery alone.

    With "off" there are no buttons.
    """

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", value):
            raise ValueError('this is no web address; write one such as "https://slack.com/api/"')
        return value


class Web(Table):
    host: str = "127.0.0.1"
    """Where the program listens for "webhook" and "http", behind a proxy that speaks HTTPS."""
    port: int = Field(default=8080, ge=1, le=65535)
    """The port for it."""


class Operators(Table):
    telegram: Annotated[Listed, AfterValidator(telegram_people)] = ()
    """Who may read `/status` in Telegram: numbers of people, such as "12345678"."""
    slack: Annotated[Listed, AfterValidator(slack_people)] = ()
    """Who may read it in Slack: member ids such as "U0123ABCD"."""
    telegram_chat: Annotated[str, BeforeValidator(number_as_text), AfterValidator(one_telegram_chat)] = ""
    """The chat in Telegram that is notified of problems; without it, each of `operators.telegram` is."""
    slack_chat: Annotated[str, AfterValidator(one_slack_chat)] = ""
    """The same in Slack: a channel's id, such as "C0123ABCD"."""
    weekly_report: bool = True
    """Whether a line each Monday says what was delivered in the week before."""
    heartbeat_url: Annotated[SecretStr | None, BeforeValidator(web_address)] = None
    """Called each day at `schedule.at` and after each digest, when nothing is open and no post is overdue.

    A monitoring service there tells you when the call does not come.
    """


class Settings(BaseSettings):
    """All settings, checked; from `load` with whole paths."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    language: Literal["ko", "en"] = "ko"
    """What the bot itself says: "ko" or "en". The papers' text stays as posted."""
    timezone: str = "Asia/Seoul"
    """The time zone of the schedule, and of the days of posts that are dated in another one."""
    sources: tuple[Source, ...] = ()
    """Where digests come from."""
    schedule: Schedule = Schedule()
    store: StoreSettings = StoreSettings()
    telegram: Telegram = Telegram()
    slack: Slack = Slack()
    web: Web = Web()
    operators: Operators = Operators()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def source_names(self) -> list[str]:
        return [source.name for source in self.sources]

    @property
    def secrets(self) -> list[str]:
        """List all tokens and other secrets, which must be logged nowhere."""
        tables = [*self.sources, *(table for _, table in self if isinstance(table, BaseModel))]
        hidden = (value.get_secret_value() for table in tables for _, value in table if isinstance(value, SecretStr))
        return [*hidden, *self.store.secrets]

    @field_validator("sources", mode="before")
    @classmethod
    def _in_order(cls, value: object) -> object:
        """Turn tables by number, as the environment overrides them, back into a list."""
        if isinstance(value, dict):
            return [value[key] for key in sorted(value, key=_place)]
        if not isinstance(value, list | tuple):
            raise ValueError('write a table for each source, headed "[[sources]]"')
        return value

    @field_validator("sources")
    @classmethod
    def _named_once(cls, value: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in value]
        if len(set(names)) < len(names):
            raise ValueError("two sources share a name; give each its own")
        return value

    @field_validator("telegram", "slack")
    @classmethod
    def _of_known_sources(cls, value: Telegram | Slack, info: ValidationInfo) -> Telegram | Slack:
        if "sources" in info.data:  # else they are wrong themselves, and told
            require_known(value.chats, [source.name for source in info.data["sources"]])
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zones = available_timezones()
        if value not in zones:
            raise ValueError(f"{value!r} is no time zone; {zone_advice(value, zones)}")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what was handed over and nothing else: `load` reads file and environment."""
        return (init_settings,)


def _place(key: str) -> int:
    if not key.isdigit():
        raise ValueError(f'write "[[sources]]" with two brackets, not "[sources.{key}]" or "[sources]"')
    return int(key)
