"""Logging: structured events, JSON off a terminal, pretty on it, never a token.

On the level INFO there is an event for each digest and chat, on DEBUG one for each message.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from functools import partial

import structlog
from structlog.typing import EventDict

_OURS = "paperboy"
log: structlog.stdlib.BoundLogger = structlog.get_logger(_OURS)

# What tokens look like: Telegram's "digits:characters", Slack's "xoxb-…" and "xapp-…". They need not begin
# a word: URLs have "/bot" before them, and the codes for a terminal's colours end in a letter.
_TOKEN = re.compile(r"(?<!\d)\d{5,}(?::|%3A)[A-Za-z0-9_-]{20,}|(?:xox[a-z]|xapp)-[A-Za-z0-9-]{8,}")
# They log every URL at INFO, and Telegram's URLs hold the token.
_VERBOSE = ("httpx", "httpcore", "telegram", "apscheduler", "slack_sdk", "slack_bolt", "aiosqlite", "alembic")
# It logs answers that are no JSON, with a traceback, and raises them as well; we log the exception ourselves.
_REDUNDANT = ("telegram.request",)
_MINUTE = 60.0  # seconds
_MOST_KINDS = 1000


class _Redacting(logging.Formatter):
    """Format with structlog, then replace every token."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = tuple(filter(None, secrets))

    def format(self, record: logging.LogRecord) -> str:
        return redacted(self._inner.format(record), self._secrets)


class OncePerMinute(logging.Filter):
    """Let one warning or error of each kind of a library through in a minute; the next says how many were left out.

    Whoever connects can make libraries log. Our own events are told one by one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[
            object, tuple[float, int]
        ] = {}  # when one was let through last, and how many were left out since

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or record.name == _OURS:
            return True
        now, kind = self._clock(), _kind(record)
        last, left_out = self._seen.get(kind, (-_MINUTE, 0))
        if now - last < _MINUTE:
            self._seen[kind] = (last, left_out + 1)
            return False
        if len(self._seen) >= _MOST_KINDS:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        if left_out:
            record.left_out = left_out
        return True


def _kind(record: logging.LogRecord) -> tuple[object, ...]:
    """Say what lines have in common that differ in their arguments and in the lines below the first."""
    error = record.exc_info[0] if record.exc_info else None
    return record.name, record.levelno, str(record.msg).partition("\n")[0], error


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Replace the given secrets and all that looks like a token by "[secret]"."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "[secret]")
    return _TOKEN.sub("[secret]", text)


def unexpected(error: Exception) -> str:
    """Put an exception that no part of the program expects into words for an operator, without secrets."""
    return redacted(f"unexpected error, please report it: {type(error).__name__}: {error}").removesuffix(": ")


def _add_local_time(zone: tzinfo, _logger: object, _method: str, event: EventDict) -> EventDict:
    at = datetime.fromisoformat(event["timestamp"]).astimezone(zone)
    return {**event, "local": at.isoformat(timespec="seconds")}


def _for_people(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Begin a line with the local time alone, and name only loggers that are not ours."""
    at = event.pop("local", event["timestamp"])
    own = {"logger"} if event.get("logger") == _OURS else set()
    return {name: value for name, value in event.items() if name not in own} | {"timestamp": at[11:19]}


def configure(secrets: Iterable[str] = (), *, level: int = logging.WARNING, zone: tzinfo | None = None) -> None:
    """Send all logging to standard error, in one format, without secrets; of libraries nothing below INFO.

    Times are in UTC, and in the time zone of the schedule beside it; on a terminal in the latter alone.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([partial(_add_local_time, zone)] if zone else []),
    ]
    pretty = sys.stderr.isatty()
    # Plain tracebacks: those of Rich show local variables, and wrap long ones so that no secret is recognised.
    console = structlog.dev.ConsoleRenderer(
        exception_formatter=structlog.dev.plain_traceback, pad_event_to=0, pad_level=False
    )
    json = structlog.processors.JSONRenderer(ensure_ascii=False)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            *([_for_people, console] if pretty else [json]),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(formatter, secrets))
    handler.addFilter(OncePerMinute())
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    logging.getLogger(_OURS).setLevel(level)
    for name in _VERBOSE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _REDUNDANT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
