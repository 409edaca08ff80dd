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
from typing import Annotated, Any, Literal, cast, get_args
from zoneinfo import ZoneInfo, available_timezones

from dotenv import load_dotenv
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.errors import SettingsError

FILE = "paperboy.toml"
PREFIX = "PAPERBOY_"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NOT_SETTINGS = {"PAPERBOY_CONFIG"}

_TELEGRAM_CHAT = re.compile(r"(?:@[A-Za-z]\w{3,31}|-?\d{1,16})(?::\d{1,16})?", re.ASCII)
_SLACK_CHAT = re.compile(r"[CDGUW][A-Z0-9]{2,}")
_TOKEN = re.compile(r"\d+:[\w-]{20,}|x(?:ox[a-z]|app)-.+")
_DURATION = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?")


def _listed(value: object) -> object:
    """Read a list from the environment, JSON or words with commas; and chats written as bare numbers."""
    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith("[") else value.split(",")
        value = [word for item in value if (word := item.strip() if isinstance(item, str) else item) != ""]
    if not isinstance(value, list) or not all(type(item) in (str, int) for item in value):
        raise ValueError('write a list of texts in quotes: ["…", "…"]')
    return [str(item) for item in value]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError('this is no JSON; write ["…", "…"], or words with commas between them') from None


def _duration(value: object) -> object:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or not any(found.groups()):
        raise ValueError(f'{value!r} is no length of time; write one such as "30s", "5m" or "1h30m"')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _clock(value: object) -> object:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", value) if isinstance(value, str) else None
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError(f'{str(value)!r} is no time of day; write one such as "08:30", in quotes')
    return time(int(found[1]), int(found[2]))


def _bare(value: object) -> object:
    """Take the blanks off a token, which copying and secret files leave behind."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[!-~]*", value.strip()):
        raise ValueError("this is no token: it holds blanks or letters that no token has; copy it anew")
    return value.strip()


Chats = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Token = Annotated[SecretStr | None, BeforeValidator(_bare)]


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
            raise ValueError('this is too often; write "1s" or more')
        return value


class Store(_Table):
    url: str = "sqlite:///paperboy.db"
    """The ledger: sqlite:///FILE, from the settings file's own folder."""

    @field_validator("url")
    @classmethod
    def _sqlite(cls, value: str) -> str:
        if not re.fullmatch(r"sqlite:///[^:?]+", value):
            raise ValueError('this is no SQLite file; write "sqlite:///paperboy.db" or "sqlite:////a/whole/path.db"')
        return value


class Telegram(_Table):
    token: Token = None
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
        return _matching(value, _TELEGRAM_CHAT, 'write "@channel", "-1001234567890", or "-1001234567890:77"')

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^/\s]+(/\S*)?/bot", value):
            raise ValueError('this is no address of a Bot API; write one such as "https://api.telegram.org/bot"')
        return value


class Slack(_Table):
    bot_token: Token = None
    """The bot token (xoxb-…) of your Slack app; better in the environment than in the file."""
    app_token: Token = None
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
        return _matching(value, _SLACK_CHAT, 'write its id, such as "C0123ABCD"; names do not do')

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", value):
            raise ValueError('this is no web address; write one such as "https://slack.com/api/"')
        return value


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

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        zones = available_timezones()
        if value not in zones:
            raise ValueError(f"{value!r} is no time zone; {_nearest_zone(value, zones)}")
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
    _read_dotenv(Path.cwd())
    asked_for = path or os.environ.get("PAPERBOY_CONFIG")
    path = Path(asked_for or FILE)
    table = _table(path) if asked_for or path.exists() else {}
    folder = path.parent.absolute()
    _read_dotenv(folder)
    _check_environment(os.environ)
    try:
        return _whole_paths(Settings(**table), folder)
    except ValidationError as error:
        raise SettingsError("\n".join(_told(error, str(path), os.environ))) from None


def weekdays(days: str) -> frozenset[int]:
    """Read "mon-fri" or "mon,wed" as numbers of days, Monday being 0; ValueError for anything else."""
    found: set[int] = set()
    for part in days.lower().split(","):
        first, dash, last = part.strip().partition("-")
        try:
            start, end = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
        except ValueError:
            advice = 'write days such as "mon-sun", "mon-fri" or "mon,wed,fri"'
            raise ValueError(f"{part.strip()!r} is no day of the week; {advice}") from None
        found |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return frozenset(found)


def _table(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        advice = "name your settings with --config; deploy/paperboy.example.toml is one to copy"
        raise SettingsError(f"{path}: no such file; {advice}") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); name a file that you may read") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not a text in UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        advice = "mend that line: texts stand in quotes, tables in brackets"
        raise SettingsError(f"{path}: not valid TOML: {error}; {advice}") from None
    if isinstance(table.get("sources"), list):
        table["sources"] = {str(place): source for place, source in enumerate(table["sources"])}
    return table


def _place(key: str) -> int:
    if not key.isdigit():
        raise ValueError(f'write "[[sources]]" with two brackets, not "[sources.{key}]" or "[sources]"')
    return int(key)


def _read_dotenv(folder: Path) -> None:
    try:
        load_dotenv(folder / ".env")
    except (OSError, ValueError):
        raise SettingsError(f"{folder / '.env'}: cannot be read; save it as UTF-8, and check its rights") from None


def _whole_paths(settings: Settings, folder: Path) -> Settings:
    sources = tuple(source.model_copy(update={"path": _whole(source.path, folder)}) for source in settings.sources)
    ledger = _whole(Path(settings.store.url.removeprefix("sqlite:///")), folder)
    store = settings.store.model_copy(update={"url": f"sqlite:///{ledger}"})
    return settings.model_copy(update={"sources": sources, "store": store})


def _whole(path: Path, folder: Path) -> Path:
    try:
        return folder / path.expanduser()
    except RuntimeError:
        raise SettingsError(f"{path}: there is no such home directory; write the path without ~") from None


def _check_environment(environ: Mapping[str, str]) -> None:
    """Refuse variables of ours that override nothing, and whole tables that are no JSON."""
    known = {_variable(key.split(".")): table for key, table in _all_keys(Settings)}
    for name, value in ((name.upper(), value) for name, value in environ.items()):
        key = re.sub(r"__\d+(?=__|$)", "__0", name)
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        leaves = [one for one, table in known.items() if not table]
        if key not in known:
            raise SettingsError(f"environment: {name} overrides no setting{_nearest(key, leaves)}")
        if known[key] and not _is_json_table(value):
            inside = next(one for one in leaves if one.startswith(f"{key}__"))
            raise SettingsError(f"environment: {name} is a table; set its keys one by one, such as {inside}")


def _is_json_table(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


def _all_keys(table: type[BaseModel], before: str = "") -> Iterator[tuple[str, bool]]:
    """List the keys of a table and of those in it, with whether they are tables: `sources.0.path` for each source."""
    for name, field in table.model_fields.items():
        inner = _inner(field)
        yield before + name, inner is not None
        place = f"{before}{name}.0" if name == "sources" else before + name
        if inner:
            yield place, True
            yield from _all_keys(inner, f"{place}.")


def _told(error: ValidationError, where: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Say each problem on a line: file or environment, key, what to do."""
    names = {name.upper(): name for name in environ}
    for problem in error.errors(include_input=False, include_url=False):
        path = [str(part) for part in problem["loc"]]
        depth = next((n for n in range(len(path), 0, -1) if _variable(path[:n]) in names), 0)
        origin = ["environment", names[_variable(path[:depth])]] if depth else [where]
        place = ": ".join([*origin, *filter(None, [".".join(path[depth:])])])
        if problem["type"] == "extra_forbidden":
            yield f"{place} is no setting{_nearest(path[-1], _keys(path[:-1]), '.'.join([*path[:-1], '']))}"
        elif problem["type"] == "missing":
            yield f"{place} is missing; add it (the README says what it takes)"
        else:
            yield f"{place}: {_advice(problem, path[-1])}"


def _variable(path: Iterable[str]) -> str:
    """Name the variable of the environment that overrides a key."""
    return PREFIX + "__".join(path).upper()


def _advice(problem: ErrorDetails, key: str) -> str:
    """Say what is wrong in words that an operator knows; pydantic speaks to programmers."""
    context = problem.get("ctx", {})
    match problem["type"]:
        case "literal_error":
            return f"write {context['expected']}".replace("'", '"')
        case "string_type" | "path_type":
            return "write a text in quotes"
        case "int_type" | "int_parsing" | "int_from_float":
            return "write a whole number"
        case "greater_than_equal":
            return f"write {context['ge']} or more"
        case "model_type":
            return 'write a table, headed "[[sources]]"' if key.isdigit() else f'write a table, headed "[{key}]"'
    return problem["msg"].removeprefix("Value error, ")


def _keys(path: Iterable[str]) -> list[str]:
    """List the keys that a table takes."""
    table: type[BaseModel] = Settings
    for part in path:
        field = table.model_fields.get(part)
        table = (_inner(field) if field else None) or table
    return list(table.model_fields)


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    """Give the table that a key holds, if it holds any."""
    found = next((one for one in (field.annotation, *get_args(field.annotation)) if _is_table(one)), None)
    return cast("type[BaseModel] | None", found)


def _is_table(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _nearest(word: str, known: Iterable[str], before: str = "") -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {before}{close[0]}?" if close else "; the README lists all of them"


def _nearest_zone(value: str, zones: Iterable[str]) -> str:
    """Find a zone by its name or the city in it, in any case."""
    listed = sorted(zones)
    named = {zone.rpartition("/")[2].casefold(): zone for zone in listed} | {zone.casefold(): zone for zone in listed}
    close = get_close_matches(value.casefold(), named, n=1, cutoff=0.8)
    return f"did you mean {named[close[0]]}?" if close else 'write a name such as "Asia/Seoul" or "UTC"'


def _matching(values: tuple[str, ...], pattern: re.Pattern[str], advice: str) -> tuple[str, ...]:
    for value in values:
        if _TOKEN.fullmatch(value):
            raise ValueError(f"a token stands among the chats; take it away, and {advice}")
        if not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is no address of a chat; {advice}")
    return tuple(dict.fromkeys(values))
