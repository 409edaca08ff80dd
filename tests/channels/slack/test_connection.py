"""Paperboy stays connected to Slack: connections break, Slack is away, tokens and signatures are refused."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
import structlog
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from slack_bolt.request.async_request import AsyncBoltRequest
from structlog.testing import capture_logs

from bot import log
from bot.channels.slack import listener as listener_module
from bot.channels.slack.listener import slack_listener
from bot.config.settings import Slack
from bot.conversation.context import Request, Response
from bot.errors import SettingsError
from bot.web.server import Web
from tests.support.chats import SLACK_CHAT
from tests.support.fakes import faults
from tests.support.fakes.slack import FakeSlack, Http
from tests.support.memory_channel import MemoryChannel
from tests.support.slack_bot import ANN, SECRET, SlackBot, open_slack_bot, settings, slack_channel, text_of, workspace

FULL = "2. U-Net"


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten every wait of the listener."""
    for name, seconds in {"_PING": 0.1, "_CHECK_INTERVAL": 0.02, "LONGEST_PAUSE": 0.02}.items():
        monkeypatch.setattr(listener_module, name, seconds)


def status_changes(logs: Any) -> list[tuple[str, str]]:
    return [(one["log_level"], one["event"]) for one in logs if "listening" in one["event"]]


async def answers(slack_bot: SlackBot) -> bool:
    return (await slack_bot.slash("/paper 2")).startswith(FULL)


# --- Socket Mode


async def test_a_connection_is_renewed_when_slack_asks_for_it(slack: FakeSlack) -> None:
    async with open_slack_bot(slack) as slack_bot:
        with capture_logs() as logs:
            await slack.sockets.disconnect("warning")
            await slack.sockets.opened(2)
            await slack.sockets.disconnect()
            await slack.sockets.opened(3)
            assert await answers(slack_bot)
        assert status_changes(logs) == []


async def test_a_connection_gives_signs_of_life_while_it_is_watched_and_while_it_is_gone(
    slack: FakeSlack, short_waits: None
) -> None:
    async with open_slack_bot(slack) as slack_bot:
        health = slack_bot.router.health
        for server_is_there in (True, False):
            if not server_is_there:
                await slack.stop()
            health.clock = partial(_ahead, health.clock, 1000.0)
            assert health.hanging() == ["slack listener"]
            async with asyncio.timeout(10):
                while health.hanging():
                    await asyncio.sleep(0.01)
        await slack.start()


def _ahead(clock: Callable[[], float], seconds: float) -> float:
    return clock() + seconds


async def test_a_broken_connection_is_renewed(slack: FakeSlack, short_waits: None) -> None:
    async with open_slack_bot(slack) as slack_bot:
        slack.sockets.break_off()
        await slack.sockets.opened(2)
        assert await answers(slack_bot)


async def test_a_stale_connection_is_renewed(slack: FakeSlack, short_waits: None) -> None:
    async with open_slack_bot(slack) as slack_bot:
        slack.sockets.answers_pings = False
        await slack.sockets.opened(2)
        slack.sockets.answers_pings = True
        assert await answers(slack_bot)


async def test_an_absent_slack_is_logged_once(
    slack: FakeSlack, short_waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "_GONE", 0.3)
    async with open_slack_bot(slack) as slack_bot:
        with capture_logs() as logs:
            await slack.stop()
            while len(status_changes(logs)) < 2:
                await asyncio.sleep(0.01)
            attempts = len(slack.calls)
            await slack.start()
            await slack.sockets.opened(2)
            assert await answers(slack_bot)
        assert status_changes(logs) == [
            ("error", "not listening"),
            ("error", "not listening"),
            ("info", "listening again"),
        ]
        assert "gone for" in logs[0]["error"]
        assert "Slack cannot be reached" in logs[1]["error"]
        assert attempts


async def test_a_client_that_cannot_recover_is_replaced(
    slack: FakeSlack, short_waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK retries for ever a URL that works once (python-slack-sdk, issue 1922, is another such case)."""
    monkeypatch.setattr(listener_module, "_GONE", 0.3)
    async with open_slack_bot(slack) as slack_bot:
        original = slack.sockets.invite
        slack.sockets.invite = lambda origin: f"ws{origin.removeprefix('http')}/link/?ticket=none"  # type: ignore[method-assign]
        slack.sockets.break_off()
        asked = len(await slack.answered("apps.connections.open"))
        await slack.answered("apps.connections.open", asked + 1)
        slack.sockets.invite = original  # type: ignore[method-assign]
        await slack.sockets.opened(2)
        assert await answers(slack_bot)


async def test_no_connection_in_time(slack: FakeSlack, short_waits: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "_CONNECT_TIMEOUT", 0.1)
    original = slack.sockets.invite
    slack.sockets.invite = lambda origin: f"ws{origin.removeprefix('http')}/link/?ticket=none"  # type: ignore[method-assign]
    with capture_logs() as logs:
        async with open_slack_bot(slack, connected=False) as slack_bot:
            await slack.answered("apps.connections.open", 3)
            monkeypatch.setattr(listener_module, "_CONNECT_TIMEOUT", 20.0)  # a busy machine takes its time
            slack.sockets.invite = original  # type: ignore[method-assign]
            await slack.sockets.opened()
            assert await answers(slack_bot)
    assert status_changes(logs) == [("error", "not listening"), ("info", "listening again")]
    assert logs[-2]["error"] == "no connection in time"


async def test_a_refused_token_is_logged_once(slack: FakeSlack, short_waits: None) -> None:
    slack.app_token, right = "xapp-another", slack.app_token
    with capture_logs() as logs:
        async with open_slack_bot(slack, connected=False, app_token=right) as slack_bot:
            await slack.answered("apps.connections.open", 4)
            slack.app_token = right
            await slack.sockets.opened()
            assert await answers(slack_bot)
    assert status_changes(logs) == [("error", "not listening"), ("info", "listening again")]
    [refused] = [one for one in logs if one["event"] == "not listening"]
    assert refused["error"] == (
        "Slack refuses the app: invalid_auth; turn Socket Mode on, and set slack.app_token to a token with"
        " connections:write"
    )


@pytest.mark.parametrize("fault", [faults.server_error(503), faults.ratelimited(), faults.truncated(), faults.reset()])
async def test_whatever_slack_answers_a_connection_is_tried_again(
    slack: FakeSlack, short_waits: None, fault: faults.Fault
) -> None:
    slack.faults.add(fault)
    async with open_slack_bot(slack) as slack_bot:
        assert await answers(slack_bot)


async def test_stopping_does_not_wait_for_slack(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    slack.faults.add(faults.slow(30, method="apps.connections.open"))
    loop = asyncio.get_running_loop()
    async with open_slack_bot(slack, connected=False):
        while not slack.calls:
            await asyncio.sleep(0.01)
        began = loop.time()
    assert loop.time() - began < 2


async def test_closing_ends_even_when_slack_does_not_answer(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "_GRACE", 0.1)
    async with open_slack_bot(slack):
        for request in slack.sockets._live.values():
            assert request.transport
            request.transport.pause_reading()


async def test_requests_under_way_are_answered_before_stopping(slack: FakeSlack) -> None:
    began = asyncio.Event()
    async with open_slack_bot(slack) as slack_bot:
        original = slack_bot.router.handle

        async def slow(request: Request, line: str) -> Response:
            began.set()
            await asyncio.sleep(0.1)
            return await original(request, line)

        slack_bot.router.handle = slow  # type: ignore[method-assign]
        typed = asyncio.create_task(slack.slash("/paper", "2", ANN, SLACK_CHAT))
        said = asyncio.create_task(slack.message_im(ANN, "paper 2"))
        await began.wait()
    assert text_of((await typed).answer).startswith(FULL)
    assert (await said).error == ""
    assert text_of(slack.shown("D00ANN")[0]).startswith(FULL)


# --- HTTP


async def test_requests_without_a_valid_signature_are_refused(slack: FakeSlack) -> None:
    async with open_slack_bot(slack, "http") as slack_bot:
        assert isinstance(slack.reach, Http)
        url, before = slack.reach.url, len(slack.shown(SLACK_CHAT))
        without = [frozenset({name}) for name in ("X-Slack-Signature", "X-Slack-Request-Timestamp")]
        reaches = [
            Http(url, "another secret"),
            Http(url, SECRET, age=301),
            Http(url, SECRET, age=-330),  # it gets older on its way
            *(Http(url, SECRET, without=names) for names in without),
        ]
        for reach in reaches:
            slack.reach = reach
            assert (await slack.mentions(SLACK_CHAT, ANN, "paper 2")).status == 401
            assert (await slack.slash("/paper", "2", ANN, SLACK_CHAT)).status == 401
        await slack_bot.quiet()
        assert len(slack.shown(SLACK_CHAT)) == before
        slack.reach = Http(url, SECRET)
        assert await slack.verifies_url()
        assert await answers(slack_bot)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"{", {"Content-Type": "application/json"}),
        (b"[1]", {"Content-Type": "application/json"}),
        (b"[" * 100_000, {"Content-Type": "application/json"}),
        (b"payload=no", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"\xff\xfe", {"Content-Type": "text/plain; charset=utf-8"}),
        (b"x", {"Content-Type": "text/plain; charset=nonsense"}),
        (b"x", {"X-Slack-Request-Timestamp": "yesterday"}),
        (b"x", {"X-Slack-Request-Timestamp": "9" * 5000}),
        (b"x", {"X-Slack-Signature": "v0=é"}),
    ],
)
async def test_malformed_requests_are_refused_without_an_error(
    slack: FakeSlack, body: bytes, headers: dict[str, str]
) -> None:
    async with open_slack_bot(slack, "http") as slack_bot:
        assert isinstance(slack.reach, Http)
        signed = {"X-Slack-Request-Timestamp": "1", "X-Slack-Signature": "v0=1", **headers}
        with capture_logs() as logs:
            async with (
                aiohttp.ClientSession() as session,
                session.post(slack.reach.url, data=body, headers=signed) as it,
            ):
                assert it.status in (400, 401)
        assert logs == []
        assert await answers(slack_bot)


# --- settings, logs


@pytest.mark.parametrize(("listen", "missing"), [("socket", "app_token"), ("http", "signing_secret")])
async def test_listening_without_its_secret_is_refused(slack: FakeSlack, listen: Any, missing: str) -> None:
    channel, server = slack_channel(slack), Web("127.0.0.1", 0)
    own: Slack = settings(slack, listen, **{missing: None})
    with pytest.raises(SettingsError, match=f"slack.{missing}"):
        slack_listener(own, channel, Mock(), Mock(), server)
    assert not server.used


async def test_only_a_channel_of_slack_is_accepted(slack: FakeSlack) -> None:
    with pytest.raises(TypeError):
        slack_listener(settings(slack), MemoryChannel(), Mock(), Mock(), Web("127.0.0.1", 0))


@pytest.fixture
def program_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Log as the program does, and put all back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in log._VERBOSE}
    root.handlers.clear()  # else they would be closed
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    log.configure(level=logging.INFO)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


async def test_logs_hold_no_token(slack: FakeSlack, short_waits: None, program_logging: io.StringIO) -> None:
    """Bolt and the SDK log at INFO what came, and each failure with a traceback."""
    slack.faults.add(faults.reset(method="apps.connections.open", times=2))
    async with open_slack_bot(slack) as slack_bot:
        slack.sockets.break_off()
        await slack.sockets.opened(2)
        assert await answers(slack_bot)
        slack.patience = 0.1
        await slack._send("interactive", {"type": "shortcut", "callback_id": "unknown", "user": {"id": ANN}})
    written = program_logging.getvalue()
    assert "listening again" in written
    assert "Traceback" not in written
    for secret in (slack.token, slack.app_token, SECRET, "FAKE-verification-token", "/actions/"):
        assert secret not in written


# --- whatever comes

_TEXT = st.text(max_size=20) | st.sampled_from(
    [SLACK_CHAT, ANN, "D00ANN", "paper 2", "/paper 2", "im", "home", "message"]
)
_LEAF = st.none() | st.booleans() | st.integers() | _TEXT
_TYPES = st.sampled_from(
    ["app_mention", "message", "app_home_opened", "member_joined_channel", "channel_left", "channel_unarchive"]
)
_NAMES = st.sampled_from(["user", "channel", "text", "ts", "thread_ts", "tab", "channel_type", "tokens", "subtype"])
_EVENTS = st.builds(lambda kind, rest: {"type": kind, **rest}, _TYPES, st.dictionaries(_NAMES, _LEAF | st.lists(_LEAF)))
_PARTS = st.dictionaries(st.sampled_from(["type", "message_ts", "channel_id", "thread_ts", "view_id"]), _LEAF)
_BODIES = st.one_of(
    st.builds(lambda event, id_: {"type": "event_callback", "event_id": id_, "event": event}, _EVENTS, _TEXT),
    st.builds(
        lambda container, action, user: {
            "type": "block_actions",
            "container": container,
            "actions": [{"type": "button", "action_id": "line/x", "value": action}],
            "user": user,
        },
        _PARTS,
        _LEAF,
        st.just({"id": ANN}) | _LEAF,
    ),
    st.builds(lambda rest: {"command": "/paper", **rest}, st.dictionaries(_NAMES | st.just("channel_id"), _LEAF)),
    st.dictionaries(_NAMES, _LEAF),
)


@given(st.lists(_BODIES, min_size=50, max_size=50))
@hypothesis_settings(max_examples=20, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_nothing_that_comes_stops_the_bot(bodies: list[dict[str, Any]]) -> None:
    asyncio.run(_survives(bodies))


async def _survives(bodies: list[dict[str, Any]]) -> None:
    async with workspace() as slack, open_slack_bot(slack) as slack_bot:
        app = slack_bot.listener._app  # type: ignore[attr-defined]
        with capture_logs():
            for body in bodies:
                with suppress(TypeError, AttributeError):  # of bolt, which reads no further; the SDK catches them
                    request = AsyncBoltRequest(mode="socket_mode", body=body)
                    assert (await app.async_dispatch(request)).status in (200, 404, 500)
            await slack_bot.quiet()
        assert (await slack_bot.slash("/paper 2", "U0NEWCOMER")).startswith(FULL)
