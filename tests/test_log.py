"""Logging: one form for all, and no secret in it, however it came there."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, SecretStr

from bot.channels.slack.channel import SlackChannel
from bot.channels.telegram.channel import TelegramChannel
from bot.cli.program import set_up_log
from bot.config.schedule import Schedule
from bot.config.settings import Operators, Settings, Slack, Telegram, Web
from bot.config.sources import Source
from bot.config.store import StoreSettings
from bot.delivery.channel import Channel
from bot.errors import SendError
from bot.log import _VERBOSE, OncePerMinute, configure, log, redacted
from formatters.locale import phrases
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.support.fakes import faults
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.setup import unthrottled

TELEGRAM = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
SLACK = "xoxb-0123456789-abcdefABCDEF"
LITERAL = "a secret of no known shape"
TABLES: tuple[type[BaseModel], ...] = (Operators, Schedule, Slack, Source, StoreSettings, Telegram, Web)


class Stream(io.StringIO):
    """What standard error is: a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


pytestmark = [pytest.mark.usefixtures("own_logging"), pytest.mark.unmeasured]


def written(
    work: Callable[[], object], *, terminal: bool = False, level: int = logging.DEBUG, zone: tzinfo | None = None
) -> str:
    """Give what some work writes to standard error."""
    stream = Stream(terminal=terminal)
    with contextlib.redirect_stderr(stream):
        configure([LITERAL, ""], level=level, zone=zone)
        work()
    return stream.getvalue()


def events(work: Callable[[], object]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(work).splitlines()]


def fail(secret: str) -> None:
    raise ValueError(f"cannot use {secret}")


def log_failure(secret: str) -> None:
    try:
        fail(secret)
    except ValueError:
        log.exception("failed", where="here")


def log_failure_of_library(secret: str) -> None:
    try:
        fail(secret)
    except ValueError:
        logging.getLogger("library").exception("failed")


# Striking out


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (f"token {TELEGRAM}!", "token [secret]!"),
        (f"POST https://api.telegram.org/bot{TELEGRAM}/getMe", "POST https://api.telegram.org/bot[secret]/getMe"),
        (
            f"https://api.telegram.org/bot{TELEGRAM.replace(':', '%3A')}/getMe",
            "https://api.telegram.org/bot[secret]/getMe",
        ),
        (f"Bearer {SLACK}", "Bearer [secret]"),
        ("xapp-1-A0123456789-0123456789", "[secret]"),
        ("xoxe.xoxp-1-Mi0yLTEyMzQ1Njc4", "xoxe.[secret]"),
        (f"{TELEGRAM} and {SLACK} and {TELEGRAM}", "[secret] and [secret] and [secret]"),
        (f"said {LITERAL}", "said [secret]"),
    ],
)
def test_tokens_are_struck_out(text: str, safe: str) -> None:
    assert redacted(text, [LITERAL, ""]) == safe


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T08:30:00 delivery",
        "https://arxiv.org/abs/2501.00001",
        "http://127.0.0.1:8081/bot",
        "-1001234567890:77",
        "C0123ABCD",
        "paper/2501.00001: 12 of 18",
    ],
)
def test_what_is_no_token_stays(text: str) -> None:
    assert redacted(text) == text


# Nothing secret is written, by us or by a library


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("secret", [TELEGRAM, SLACK, LITERAL])
@pytest.mark.parametrize(
    "work",
    [
        lambda secret: log.warning(f"in the message {secret}"),
        lambda secret: log.warning("in an argument", value=secret, nested={"deep": [secret]}),
        lambda secret: log.bind(url=f"https://x.example/bot{secret}/getMe").warning("in what is bound"),
        log_failure,
        lambda secret: logging.getLogger("library").warning("as %s", secret),
        lambda secret: logging.getLogger("library").warning("in an extra", extra={"value": secret}),
        log_failure_of_library,
    ],
    ids=["message", "argument", "bound", "traceback", "library", "library-extra", "library-traceback"],
)
def test_no_secret_is_written(work: Callable[[str], None], secret: str, terminal: bool) -> None:
    text = written(lambda: work(secret), terminal=terminal)
    assert secret not in text
    assert "[secret]" in text


def test_tracebacks_on_a_terminal_show_no_local_variables() -> None:
    text = written(lambda: log_failure("a passphrase that nobody named"), terminal=True)
    assert text.count("a passphrase that nobody named") == 1  # in the error's own words alone
    assert "ValueError" in text
    assert "Logging error" not in text  # what the standard library writes when a formatter fails


async def use(channel: Channel, address: str) -> None:
    """Make each call a few times, so that every fault of the script strikes."""
    body = channel.formatter.notice("One").body
    for _ in range(8):
        try:
            remote_id = await channel.send(address, body, delivery_ref="ref", thread="")
            await channel.edit(address, remote_id, body)
        except SendError:
            log.exception("failed")
    await channel.check([address])
    await channel.close()


FAULTS = [faults.server_error(), faults.reset(), faults.lost_answer(), faults.truncated(), faults.captive_portal()]


@pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")  # RetryAfter.retry_after
@pytest.mark.parametrize("named", [True, False], ids=["named secrets", "by their look alone"])
async def test_the_sdks_write_no_token_even_when_they_tell_everything(
    telegram: FakeTelegram, slack: FakeSlack, named: bool
) -> None:
    telegram.token, slack.token = TELEGRAM, SLACK
    telegram.add_chat("-1001", kind="channel")
    slack.add_channel("C0123ABCD", name="papers")
    telegram.faults.add(*FAULTS, faults.flood(1), faults.unauthorized())
    slack.faults.add(*FAULTS, faults.ratelimited(1), faults.slack_refusal("invalid_auth"))
    limiter = unthrottled()
    stream = Stream(terminal=False)
    with contextlib.redirect_stderr(stream):
        configure([TELEGRAM, SLACK] if named else [], level=logging.DEBUG)
        for name in _VERBOSE:
            logging.getLogger(name).setLevel(logging.DEBUG)
        await use(TelegramChannel(TELEGRAM, telegram.base_url, TelegramFormatter(phrases("en")), limiter), "-1001")
        await use(SlackChannel(SLACK, slack.base_url, SlackFormatter(phrases("en")), limiter), "C0123ABCD")
    text = stream.getvalue()
    assert "/bot[secret]/sendMessage" in text  # httpx writes addresses
    assert "chat.postMessage" in text
    assert TELEGRAM not in text
    assert SLACK not in text


def secrets_of(table: type[BaseModel]) -> list[str]:
    """List the keys of a table that hold secrets."""
    return [name for name, field in table.model_fields.items() if SecretStr in get_args(field.annotation)]


@pytest.mark.parametrize(
    ("table", "name"),
    [(kind.__name__.lower(), name) for kind in TABLES for name in secrets_of(kind)],
)
def test_every_secret_of_the_settings_is_struck_out(table: str, name: str) -> None:
    """None of these looks like a token, and some are none."""
    secret = "https://hc.example.org/no-known-shape" if name == "heartbeat_url" else "no-known-shape"
    git = {"name": "blog", "kind": "git", "url": "https://example.org/blog.git"}
    settings = Settings.model_validate(
        {"sources": [{**git, name: secret}]} if table == "source" else {table: {name: secret}}
    )
    stream = Stream(terminal=False)
    with contextlib.redirect_stderr(stream):
        set_up_log(settings, "INFO")
        log.info(f"with {secret} in it")

    assert json.loads(stream.getvalue())["event"] == "with [secret] in it"


def test_which_secrets_there_are() -> None:
    assert {(kind.__name__, name) for kind in TABLES for name in secrets_of(kind)} == {
        *(("Telegram", name) for name in ("token", "webhook_secret")),
        *(("Slack", name) for name in ("bot_token", "app_token", "signing_secret")),
        *(("Operators", "heartbeat_url"), ("Source", "token")),
    }


# The two forms


def test_off_a_terminal_each_event_is_a_line_of_json() -> None:
    [event] = events(lambda: log.info("delivery", chat="-1001", key="paper/2501.00001", title="논문"))
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "delivery",
        "level": "info",
        "logger": "paperboy",
        "chat": "-1001",
        "key": "paper/2501.00001",
        "title": "논문",
    }


def test_the_local_time_of_the_schedule_stands_beside_utc() -> None:
    """In events of ours and of libraries."""

    def work() -> None:
        log.info("delivered")
        logging.getLogger("library").warning("late")

    lines = [json.loads(line) for line in written(work, zone=ZoneInfo("Asia/Seoul")).splitlines()]

    assert [line["event"] for line in lines] == ["delivered", "late"]
    for line in lines:
        utc, local = datetime.fromisoformat(line["timestamp"]), datetime.fromisoformat(line["local"])
        assert local == utc.replace(microsecond=0)
        assert line["local"].endswith("+09:00")


def test_details_are_written_when_asked_for_and_those_of_libraries_are_not() -> None:
    def work() -> None:
        log.debug("delivery")
        logging.getLogger("library").debug("bytes")

    assert [json.loads(written(work))["event"], written(work, level=logging.INFO)] == ["delivery", ""]


def test_a_traceback_is_one_line_of_json_too() -> None:
    [event] = events(lambda: log_failure("it"))
    assert event["event"] == "failed"
    assert "ValueError: cannot use it" in event["exception"]


def test_letters_are_written_as_they_are() -> None:
    assert "논문" in written(lambda: log.info("논문"))


def test_libraries_write_in_the_same_form() -> None:
    [event] = events(lambda: logging.getLogger("library").warning("%d things", 3, extra={"more": 1}))
    assert (event["event"], event["level"], event["logger"], event["more"]) == ("3 things", "warning", "library", 1)


def test_on_a_terminal_events_are_written_for_people() -> None:
    def work() -> None:
        log.info("delivered", chat="Lab Papers")
        logging.getLogger("aiohttp").warning("odd")

    text = re.sub(r"\x1b\[[\d;]*m", "", written(work, terminal=True, zone=ZoneInfo("Asia/Seoul")))
    now = datetime.now(ZoneInfo("Asia/Seoul"))
    times = {f"{moment:%H:%M:%S}" for moment in (now, now - timedelta(seconds=1), now - timedelta(seconds=2))}
    first, second = text.splitlines()
    assert {first[:8], second[:8]} <= times
    assert first[9:] == "[info] delivered chat='Lab Papers'"
    assert second[9:] == "[warning] odd [aiohttp]"


def test_a_level_keeps_what_is_below_out() -> None:
    def work() -> None:
        log.info("quiet")
        log.warning("loud")

    text = written(work, level=logging.WARNING)
    assert "loud" in text
    assert "quiet" not in text


@pytest.mark.parametrize(
    "name", ["httpx", "httpcore.http11", "telegram.Bot", "slack_sdk.web.async_client", "aiosqlite"]
)
def test_talkative_libraries_are_quiet_even_when_we_are_not(name: str) -> None:
    def work() -> None:
        logging.getLogger(name).info("POST https://api.telegram.org/…")
        logging.getLogger(name).warning("worth knowing")

    assert [event["event"] for event in events(work)] == ["worth knowing"]


def test_configuring_again_replaces_the_first_form() -> None:
    stream = Stream(terminal=False)
    with contextlib.redirect_stderr(stream):
        configure()
        configure()
        log.warning("once")
    assert stream.getvalue().count("once") == 1


# Libraries that log in a loop


def flood(count: int = 1000) -> None:
    for number in range(count):
        logging.getLogger("asyncio").error(f"socket.accept() out of system resource\nsocket: fd={number}")


def record(message: str, *arguments: object, name: str = "asyncio", level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord(name, level, "file", 1, message, arguments, None)


def test_a_library_that_repeats_itself_is_written_once() -> None:
    assert len(events(flood)) == 1


def test_what_was_left_out_is_counted_in_the_next_line() -> None:
    now = [0.0]
    once = OncePerMinute(lambda: now[0])
    lines = []
    for now[0] in (0.0, 1.0, 59.9, 60.0, 119.0, 180.0, 300.0):
        line = record("no %s", now[0])
        if once.filter(line):
            lines.append((now[0], vars(line).get("left_out")))

    assert lines == [(0.0, None), (60.0, 2), (180.0, 1), (300.0, None)]


def test_the_count_is_written() -> None:
    handler_filter = OncePerMinute(iter([0.0, 1.0, 61.0]).__next__)

    def work() -> None:
        [handler] = logging.getLogger().handlers
        handler.filters[:] = [handler_filter]
        flood(3)

    assert [event.get("left_out") for event in events(work)] == [None, 1]


def test_other_kinds_are_written_meanwhile() -> None:
    once = OncePerMinute(lambda: 0.0)
    kinds = [record("a"), record("b"), record("a", name="aiohttp"), record("a", level=logging.WARNING)]
    failed = record("a")
    failed.exc_info = (ValueError, ValueError("x"), None)

    assert [once.filter(one) for one in (*kinds, failed, record("a"))] == [*[True] * 5, False]


def test_our_own_events_and_details_are_all_written() -> None:
    def work() -> None:
        for number in range(3):
            log.warning("delivery", chat=number)
            logging.getLogger("library").info("detail")

    assert len(events(work)) == 6


def test_no_flood_of_kinds_fills_the_memory() -> None:
    once = OncePerMinute(lambda: 0.0)

    assert all(once.filter(record(f"kind {number}")) for number in range(2500))
    assert len(once._seen) <= 1000
