"""Settings: one `paperboy.toml`, every key overridable from the environment.

Field docstrings are what the README's table says; errors name the key, what is wrong, and the way out.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from dotenv import load_dotenv
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as LoadError

from bot.errors import SettingsError

FILE = "paperboy.toml"
PREFIX = "PAPERBOY_"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NOT_SETTINGS = {"PAPERBOY_CONFIG"}

_TELEGRAM_CHAT = re.compile(r"(?:@[A-Za-z]\w{3,31}|-?\d{1,16})(?::\d+)?")
_SLACK_CHAT = re.compile(r"[CDGUW][A-Z0-9]{2,}")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def _listed(value: object) -> object:
    """Read a list from the environment, JSON or words with commas; and chats written as bare numbers."""
    if isinstance(value, list):
        return [str(item) if isinstance(item, int) else item for item in value]
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [word.strip() for word in value.split(",") if word.strip()]


def _duration(value: object) -> object:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or not any(found.groups()):
        raise ValueError('write a length of time such as "30s", "5m" or "1h30m"')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _clock(value: object) -> object:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", value) if isinstance(value, str) else None
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError('write a time of day such as "08:30"')
    return time(int(found[1]), int(found[2]))


Chats = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Source(_Table):
    name: str
    """What this source is called in `status` and in the ledger; keep it."""
    kind: Literal["folder"]
    """"folder": Markdown posts named YYYY-MM-DD-*.md."""
    path: Path
    """The folder of posts, from the settings file's own folder."""
    match: str | None = None
    """Only posts whose file name fits this pattern; without it, every post that is a digest counts."""
    permalink: str = ""
    """The link to a post, with Jekyll's :year, :month, :day, :title; without it, posts are not linked."""


class Schedule(_Table):
    at: Annotated[time, BeforeValidator(_clock)] = time(8, 30)
    """When the newest digest is delivered."""
    days: str = "mon-sun"
    """On which days: "mon-fri", "mon,wed,fri"."""
    sweep: Annotated[timedelta, BeforeValidator(_duration)] = timedelta(minutes=5)
    """How often late posts, edits and pending rows are looked at."""
    catch_up: int = Field(default=3, ge=1)
    """How many missed digests are delivered after downtime, oldest first."""

    @field_validator("days")
    @classmethod
    def _known_days(cls, value: str) -> str:
        weekdays(value)
        return value

    @field_validator("sweep")
    @classmethod
    def _not_zero(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=1):
            raise ValueError('write at least "1s"')
        return value


class Store(_Table):
    url: str = "sqlite:///paperboy.db"
    """The ledger: sqlite:///FILE, from the settings file's own folder."""

    @field_validator("url")
    @classmethod
    def _sqlite(cls, value: str) -> str:
        if not re.fullmatch(r"sqlite:///[^:?]+", value):
            raise ValueError('write "sqlite:///paperboy.db", or "sqlite:////a/whole/path.db"')
        return value


class Telegram(_Table):
    token: SecretStr | None = None
    """The bot's token from @BotFather; better in the environment than in the file."""
    base_url: str = "https://api.telegram.org/bot"
    """Where the Bot API answers; another one for a Bot API server of your own."""
    chats: Chats = ()
    """Who receives the digest: "@channel", "-1001234567890", or "-1001234567890:77" for a topic."""
    layout: Literal["messages"] = "messages"
    """"messages": an index and one message per paper."""

    @field_validator("chats")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _matching(value, _TELEGRAM_CHAT, 'write "@channel", "-1001234567890", or "NUMBER:TOPIC"')


class Slack(_Table):
    bot_token: SecretStr | None = None
    """The bot token (xoxb-…) of your Slack app; better in the environment than in the file."""
    app_token: SecretStr | None = None
    """The app-level token (xapp-…), for commands; delivery does without it."""
    base_url: str = "https://slack.com/api/"
    """Where Slack's Web API answers."""
    chats: Chats = ()
    """Who receives the digest: channel ids such as "C0123ABCD"."""
    layout: Literal["thread", "messages"] = "thread"
    """"thread": the index in the room, papers as its replies; "messages": all in the room."""

    @field_validator("chats")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _matching(value, _SLACK_CHAT, "write the channel's id (its details, at the bottom), such as C0123ABCD")


class Settings(BaseSettings):
    """All settings, checked; paths are whole."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    language: Literal["ko", "en"] = "ko"
    """What the bot itself says: "ko" or "en"."""
    timezone: str = "Asia/Seoul"
    """The time zone of the schedule."""
    sources: tuple[Source, ...] = ()
    """Where digests come from."""
    schedule: Schedule = Schedule()
    store: Store = Store()
    telegram: Telegram = Telegram()
    slack: Slack = Slack()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @field_validator("sources", mode="before")
    @classmethod
    def _in_order(cls, value: object) -> object:
        """Turn tables by number, as the environment overrides them, back into a list."""
        return [value[key] for key in sorted(value, key=_place)] if isinstance(value, dict) else value

    @field_validator("sources")
    @classmethod
    def _named_once(cls, value: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in value]
        if len(set(names)) < len(names):
            raise ValueError("two sources share a name; give each its own")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zones = available_timezones()
        if value not in zones:
            raise ValueError(f"{value!r} is no time zone{_nearest(value, zones)}")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override what `load` read from the file."""
        return env_settings, init_settings


def load(path: Path | None = None) -> Settings:
    """Load the settings from a file, else from PAPERBOY_CONFIG, else from the working directory.

    Without any file the environment alone speaks. Raises SettingsError with a line per problem.
    """
    load_dotenv(Path.cwd() / ".env")
    path = path or Path(os.environ.get("PAPERBOY_CONFIG") or FILE)
    asked_for = str(path) != FILE
    table = _table(path) if asked_for or path.exists() else {}
    folder = path.parent.absolute()
    load_dotenv(folder / ".env")
    _check_environment(os.environ)
    try:
        return _whole_paths(Settings(**table), folder)
    except ValidationError as error:
        raise SettingsError("\n".join(_told(error, str(path)))) from None
    except LoadError as error:
        raise SettingsError(f"environment: {error}") from None


def weekdays(days: str) -> frozenset[int]:
    """Read "mon-fri" or "mon,wed" as numbers of days, Monday being 0; ValueError for anything else."""
    found: set[int] = set()
    for part in days.lower().split(","):
        first, _, last = part.strip().partition("-")
        try:
            start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        except ValueError:
            raise ValueError('write days such as "mon-sun", "mon-fri" or "mon,wed,fri"') from None
        found |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return frozenset(found)


def _table(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; copy the example settings and name it with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    if isinstance(table.get("sources"), list):
        table["sources"] = {str(place): source for place, source in enumerate(table["sources"])}
    return table


def _place(key: str) -> int:
    if not key.isdigit():
        raise ValueError(f'write "[[sources]]" with two brackets, not "[sources.{key}]" or "[sources]"')
    return int(key)


def _whole_paths(settings: Settings, folder: Path) -> Settings:
    sources = tuple(
        source.model_copy(update={"path": folder / source.path.expanduser()}) for source in settings.sources
    )
    ledger = folder / Path(settings.store.url.removeprefix("sqlite:///")).expanduser()
    store = settings.store.model_copy(update={"url": f"sqlite:///{ledger}"})
    return settings.model_copy(update={"sources": sources, "store": store})


def _check_environment(environ: Mapping[str, str]) -> None:
    for name in environ:
        key = name.removeprefix(PREFIX).split("__")[0].lower()
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS and key not in Settings.model_fields:
            near = _nearest(key.upper(), [field.upper() for field in Settings.model_fields], PREFIX)
            raise SettingsError(f"environment: {name} overrides no setting{near}")


def _told(error: ValidationError, where: str) -> Iterator[str]:
    """Say each problem on a line: file or environment, key, what to do."""
    for problem in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in problem["loc"]]
        key = ".".join(path)
        if problem["type"] == "extra_forbidden":
            yield f"{where}: {key} is no setting{_nearest(path[-1], _keys(path[:-1]), '.'.join([*path[:-1], '']))}"
        elif problem["type"] == "missing":
            yield f"{where}: {key} is missing; add it (the README lists what it takes)"
        else:
            yield f"{where}: {key}: {problem['msg'].removeprefix('Value error, ')}"


def _keys(path: Iterable[str]) -> list[str]:
    """List the keys that a table takes."""
    table: type[BaseModel] = Settings
    for part in path:
        field = table.model_fields.get(part)
        inner = {"sources": Source}.get(part) or (field.annotation if field else None)
        table = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else table
    return list(table.model_fields)


def _nearest(word: str, known: Iterable[str], before: str = "") -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {before}{close[0]}?" if close else "; the README lists all of them"


def _matching(values: tuple[str, ...], pattern: re.Pattern[str], advice: str) -> tuple[str, ...]:
    for value in values:
        if not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is no address of a chat; {advice}")
    return tuple(dict.fromkeys(values))
