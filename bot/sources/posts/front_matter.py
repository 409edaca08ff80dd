"""A post's front matter: YAML as Jekyll reads it, or TOML; line by line where it is broken."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any, NamedTuple

import frontmatter
import yaml
from frontmatter.default_handlers import BaseHandler, YAMLHandler

from bot.sources.posts.days import Mention, mentions
from formatters.spans import collapse_spaces

_LONGEST = 16 * 1024  # characters; parsing of YAML is slow
# Control characters are dropped, but for tab and line end; those that separate words become blanks.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SEPARATING = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"
_SURROGATE = re.compile("[\ud800-\udfff]")

# What Jekyll, Hugo, Astro, MkDocs, Quarto and others call the date of a post; `published` may be no date.
_DATES = ("date", "pubdate", "pubdatetime", "publishdate", "publish_date", "published", "created")
_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}
_LONGEST_DATE = 64  # characters
_TIME = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?:[Tt]|\s+)(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d*)?)?\s*(Z|UTC|GMT|[-+]\d{1,2}:?(?:\d\d)?)?",
    re.IGNORECASE,
)


# A key with a value that is plain, quoted, or a list of words.
_WORD = r"[^\W_][\w.-]*(?: [\w.-]+)*"
_USUAL_LINE = re.compile(
    r"([A-Za-z_][\w-]*): +"
    r"(?:\"([^\"\\]*)\"|([\w(](?!.*:(?: |$))[^#]*)|"
    rf"\[((?:{_WORD}(?:, ?{_WORD})*)?)\])"
)
_NULL = re.compile(r"~|\b(?:null|Null|NULL)\b")


class _Kind(NamedTuple):
    """A kind of front matter."""

    mark: str  # the line before it
    closing: frozenset[str]  # the lines after it
    handler: BaseHandler
    key_line: re.Pattern[str]


def read(text: str) -> tuple[dict[str, object], str, str]:
    """Split a post into front matter and body, with what was broken in the front matter, else "".

    Keys are in small letters. Scalars come as the text that they are written as: numbers may be longer than any
    that can be computed.
    """
    kind = next((one for one in _KINDS if text.lstrip("\n ").startswith(one.mark)), None)
    if kind is None:
        return {}, text, ""
    problem = f"no keys, or no closing {kind.mark}"
    try:
        front, body = frontmatter.parse(text, handler=kind.handler)
    except Exception as error:  # noqa: BLE001 - whatever YAML and TOML raise, the lines are still there
        front, problem = {}, collapse_spaces(storable(str(error)).partition("\n")[0])
    if front:
        return _small(front), body, ""
    found, rest = _by_line(text, kind)
    return found, rest, f"front matter is broken ({problem}); it was read line by line" if found else ""


def lines_before(body: str, text: str) -> int:
    """Count the lines of a post before its body."""
    return text.count("\n", 0, len(text.rstrip()) - len(body.rstrip()))


def scalar(value: object) -> str:
    """Give the text of a scalar, "" for a nested value: aliases can make those huge."""
    return collapse_spaces(storable(value)) if isinstance(value, str) else ""


def is_hidden(front: Mapping[str, object]) -> bool:
    """Tell whether the author does not publish a post yet."""
    return scalar(front.get("draft")).lower() in _TRUE or scalar(front.get("published")).lower() in _FALSE


def day_of(front: Mapping[str, object], zone: tzinfo | None) -> Mention | None:
    """Give the day of a post: in `zone`, where it has a time in a zone of its own, else as it is written."""
    return next((day for key in _DATES if (day := _day(_date_of(front.get(key)), zone))), None)


def site_day(front: Mapping[str, object], zone: tzinfo | None) -> date | None:
    """Give the day on which Jekyll publishes a post, for its link: a time without a zone is UTC, as in Ruby's YAML."""
    text = scalar(front.get("date"))[:_LONGEST_DATE]
    time = _TIME.fullmatch(text)
    in_zone = _in_zone(time, zone) if time and zone and (time[4] or time[5]) else None
    return in_zone or next((one.day for one in mentions(text)), None)


def storable(text: str) -> str:
    """Make text that can be stored and sent: without control characters and halves of characters.

    YAML can write any of them as an escape.
    """
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROL.sub(lambda found: " " if found[0] in _SEPARATING else "", text)


def _small(front: Mapping[str, object]) -> dict[str, object]:
    return {key.lower(): value for key, value in front.items() if isinstance(key, str)}


def _date_of(value: object) -> str:
    """Give the text of a date; in MkDocs it may stand beside that of the last change."""
    return scalar(value.get("created") if isinstance(value, dict) else value)[:_LONGEST_DATE]


def _day(text: str, zone: tzinfo | None) -> Mention | None:
    time = _TIME.fullmatch(text)
    day = _in_zone(time, zone) if time and zone and time[5] else None
    return Mention(day, day, day, 0, len(text)) if day else next(iter(mentions(text)), None)


def _in_zone(time: re.Match[str], zone: tzinfo) -> date | None:
    """Give the day of a time in `zone`, None for a time that is none; without a zone of its own it is UTC."""
    day, hour, minute, second, offset = time.groups()
    written = "{}-{:0>2}-{:0>2}".format(*day.split("-"))
    try:
        moment = datetime.fromisoformat(f"{written}T{hour:0>2}:{minute}:{second or '00'}{_iso_offset(offset or '')}")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone).date()
    except (ValueError, OverflowError):
        return None


def _iso_offset(written: str) -> str:
    """Spell the distance from UTC in four digits."""
    if not written.startswith(("+", "-")):
        return ""
    hours, _, minutes = written[1:].partition(":")
    return f"{written[0]}{hours:0>2}{minutes or '00'}" if len(hours) < 3 else f"{written[0]}{hours:0>4}"


def _by_line(text: str, kind: _Kind) -> tuple[dict[str, object], str]:
    """Read the lines with a key and a value after the opening mark, until the closing one or the first other line."""
    lines = text.lstrip("\n ").split("\n")
    closing = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() in kind.closing), 0)
    if any(line.startswith("#") for line in lines[1:closing]):
        closing = 0  # a heading: so the mark is a rule of the body, and the closing one is missing
    block = lines[1:closing] if closing else _leading_keys(lines[1:], kind)
    found = {match[1]: match[2].strip() for line in block if (match := kind.key_line.fullmatch(line.strip()))}
    if not found:
        return {}, text
    return _small(found), "\n".join(lines[1 + len(block) + bool(closing) :])


def _leading_keys(lines: Sequence[str], kind: _Kind) -> list[str]:
    end = next((n for n, line in enumerate(lines) if not kind.key_line.fullmatch(line.strip())), len(lines))
    return list(lines[:end])


class _Loader(yaml.SafeLoader):
    """Load YAML with scalars as text and without merge keys: nested ones grow exponentially, mere aliases do not."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (as the library has it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in {"null", "merge"}]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        node.value = [(key, value) for key, value in node.value if key.tag != "tag:yaml.org,2002:merge"]


def _written(loader: _Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


for _tag in ("bool", "int", "float", "timestamp"):  # a post may name them: `!!int 1`
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _written)


class _Yaml(YAMLHandler):
    def load(self, fm: str, **_: object) -> Any:
        front = _usual(_short(fm))
        return yaml.load(fm, Loader=_Loader) if front is None else front  # noqa: S506 (a SafeLoader)


def _usual(text: str) -> dict[str, object] | None:
    """Read front matter of the most usual shape without a YAML parser; None for all other."""
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    found = [match for line in lines if line.isprintable() and (match := _USUAL_LINE.fullmatch(line))]
    if len(found) < len(lines) or _NULL.search(text):
        return None
    return {match[1]: _usual_value(match) for match in found}


def _usual_value(match: re.Match[str]) -> object:
    if match[4] is None:
        return match[2] if match[2] is not None else match[3]
    return [word.strip() for word in match[4].split(",")] if match[4] else []


class _Toml(BaseHandler):
    """TOML by the standard library; python-frontmatter's own handler needs one more package."""

    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)

    def load(self, fm: str, **_: object) -> Any:
        found = tomllib.loads(_short(fm), parse_float=str)
        return {key: value if isinstance(value, dict | list) else str(value) for key, value in found.items()}


def _short(text: str) -> str:
    if len(text) > _LONGEST:
        raise ValueError(f"longer than {_LONGEST:,} characters")
    return text


_KINDS = (
    _Kind("---", frozenset({"---", "..."}), _Yaml(), re.compile(r"([A-Za-z_][\w-]*)\s*:\s*(.*)")),
    _Kind("+++", frozenset({"+++"}), _Toml(), re.compile(r"([A-Za-z_][\w-]*)\s*=\s*(.*)")),
)
