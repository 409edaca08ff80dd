"""The fake Slack talks to an app as the real one does, seen through Bolt over websockets and over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.support.chats import SLACK_CHAT
from tests.support.fakes import faults
from tests.support.fakes.answers import RefusalError
from tests.support.fakes.slack import CONVERSATION_SCOPES, FakeSlack, Http, NotSentError

READER, SECRET = "U0READER", "FAKE-signing-secret"

Node = dict[str, Any]


class Clock:
    """A clock that tests set forward."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[FakeSlack]:
    async with FakeSlack(scopes=CONVERSATION_SCOPES, clock=clock) as slack:
        slack.add_channel(SLACK_CHAT, name="papers", creator="U0MAKER")
        slack.add_user(READER, "mina", locale="ko-KR", admin=True)
        yield slack


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.token, base_url=slack.base_url, retry_handlers=[])


@pytest.fixture
def app(client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(client=client, signing_secret=SECRET)


@asynccontextmanager
async def sockets(slack: FakeSlack, app: AsyncApp) -> AsyncIterator[None]:
    handler: Any = AsyncSocketModeHandler(app, slack.app_token, ping_interval=0.3)  # Any: its methods are untyped
    await handler.connect_async()
    await slack.sockets.opened()
    try:
        yield
    finally:
        await handler.close_async()


@asynccontextmanager
async def http(slack: FakeSlack, app: AsyncApp) -> AsyncIterator[None]:
    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    site = web.Application()
    site.router.add_post("/slack/events", events)
    runner = web.AppRunner(site, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.reach = Http(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events", SECRET)
    try:
        yield
    finally:
        await runner.cleanup()


Way = Callable[[FakeSlack, AsyncApp], AbstractAsyncContextManager[None]]
over_both = pytest.mark.parametrize("way", [sockets, http])


def refused(code: str) -> Any:
    return pytest.raises(SlackApiError, match=f"'error': '{code}'")


def words(text: str) -> Node:
    return {"type": "plain_text", "text": text}


def button(label: str, **more: Any) -> Node:
    return {"type": "button", "text": words(label), **more}


def row(*elements: Node, **more: Any) -> list[Node]:
    return [{"type": "actions", "elements": list(elements), **more}]


def options(*values: str) -> list[Node]:
    return [{"text": words(value.title()), "value": value} for value in values]


# Commands


@over_both
async def test_a_command_is_answered_in_its_acknowledgement(slack: FakeSlack, app: AsyncApp, way: Way) -> None:
    @app.command("/paper")
    async def paper(ack: Any, command: Node) -> None:
        await ack(f"{command['text']} for {command['user_name']} in {command['channel_name']}")

    async with way(slack, app):
        sent = await slack.slash("/paper", "3 & <4>", READER, SLACK_CHAT)
    assert (sent.answer, sent.error) == ({"text": "3 &amp; &lt;4&gt; for mina in papers"}, "")
    assert [shown.text for shown in slack.ephemeral(SLACK_CHAT, READER)] == [sent.answer["text"]]
    assert sent.payload["response_url"].startswith(f"http://127.0.0.1:{slack.port}/")


@over_both
async def test_an_acknowledgement_may_be_empty_or_for_all(slack: FakeSlack, app: AsyncApp, way: Way) -> None:
    @app.command("/paper")
    async def paper(ack: Any, command: Node) -> None:
        await (ack(text="Hi", response_type="in_channel") if command["text"] else ack())

    async with way(slack, app):
        assert (await slack.slash("/paper", "", READER, SLACK_CHAT)).answer == {}
        assert slack.shown(SLACK_CHAT) == []
        await slack.slash("/paper", "x", READER, slack.direct(READER).id)
    assert [shown.text for shown in slack.shown("D00READER")] == ["Hi"]


@over_both
async def test_who_does_not_acknowledge_in_time_has_failed(
    slack: FakeSlack, clock: Clock, app: AsyncApp, way: Way
) -> None:
    late, done = asyncio.Event(), asyncio.Event()

    @app.command("/paper")
    async def paper(ack: Any) -> None:
        await late.wait()
        await ack("too late")
        done.set()

    slack.patience = 0.05
    async with way(slack, app):
        sent = await slack.slash("/paper", "", READER, SLACK_CHAT)
        late.set()
        await done.wait()
    assert (sent.answer, sent.acked_at, sent.error) == ({}, None, "operation_timeout")
    assert slack.ephemeral(SLACK_CHAT, READER) == []


async def test_what_is_acknowledged_with_is_checked(slack: FakeSlack, app: AsyncApp) -> None:
    @app.command("/paper")
    async def paper(ack: Any) -> None:
        await ack(text="x", blocks=row(button("x" * 76)))

    async with sockets(slack, app):
        with pytest.raises(RefusalError, match="invalid_blocks"):
            await slack.slash("/paper", "", READER, SLACK_CHAT)


async def test_acknowledgements_are_timed(slack: FakeSlack, clock: Clock, app: AsyncApp) -> None:
    @app.command("/paper")
    async def paper(ack: Any) -> None:
        clock.now += 2
        await ack()

    async with sockets(slack, app):
        sent = await slack.slash("/paper", "", READER, SLACK_CHAT)
    assert sent.seconds == 2
    assert [(ack.envelope_id, ack.at) for ack in slack.sockets.acks] == [(sent.envelope_id, 2)]


async def test_nobody_there(slack: FakeSlack) -> None:
    assert (await slack.slash("/paper", "", READER, SLACK_CHAT)).error == "dispatch_failed"
    slack.reach = Http("http://127.0.0.1:9/", SECRET)
    assert (await slack.slash("/paper", "", READER, SLACK_CHAT)).error == "dispatch_failed"


# Events


@over_both
async def test_a_mention_is_answered_in_its_thread(slack: FakeSlack, app: AsyncApp, way: Way) -> None:
    @app.event("app_mention")
    async def mention(event: Node, say: Any) -> None:
        await say(text=event["text"], thread_ts=event["ts"])

    async with way(slack, app):
        sent = await slack.mentions(SLACK_CHAT, READER, "a < b https://a.example/x?y&z")
        await slack.answered("chat.postMessage")
    [shown] = slack.shown(SLACK_CHAT)
    assert shown.text == "<@U0FAKEBOT> a &lt; b <https://a.example/x?y&amp;z>"
    assert shown.thread_ts == sent.payload["event"]["ts"]
    assert "channel_type" not in sent.payload["event"]


@over_both
async def test_messages(slack: FakeSlack, app: AsyncApp, way: Way) -> None:
    seen: list[tuple[str, str, str]] = []

    @app.event("message")
    async def message(event: Node) -> None:
        seen.append((event["channel"], event["channel_type"], event["text"]))

    slack.scopes.add("groups:history")
    slack.add_channel("C0PRIVATE", "secret", private=True)
    async with way(slack, app):
        ids = [
            (await slack.message_im(READER, "one")).payload["event_id"],
            (await slack.message_in(SLACK_CHAT, READER, "two")).payload["event_id"],
            (await slack.message_in("C0PRIVATE", READER, "three")).payload["event_id"],
        ]
    assert seen == [("D00READER", "im", "one"), (SLACK_CHAT, "channel", "two"), ("C0PRIVATE", "group", "three")]
    assert len(set(ids)) == 3


@over_both
async def test_bolt_passes_over_what_the_app_itself_wrote(
    slack: FakeSlack, client: AsyncWebClient, app: AsyncApp, way: Way
) -> None:
    seen: list[str] = []

    @app.event("message")
    async def message(event: Node) -> None:
        seen.append(event["text"])

    ts = (await client.chat_postMessage(channel=SLACK_CHAT, text="mine"))["ts"]
    async with way(slack, app):
        assert "user" in (await slack.echoes(SLACK_CHAT, ts)).payload["event"]
        assert (await slack.echoes(SLACK_CHAT, ts, "bot_message")).payload["event"]["subtype"] == "bot_message"
        await slack.message_in(SLACK_CHAT, READER, "another's")
    assert seen == ["another's"]


@pytest.mark.parametrize(("way", "marks"), [(sockets, ["0", "1", "2"]), (http, [None, "1", "2"])])
async def test_events_come_again(slack: FakeSlack, app: AsyncApp, way: Way, marks: list[str | None]) -> None:
    """Over a socket even the first attempt says its number."""
    seen: list[tuple[str, str | None]] = []

    @app.event("app_mention")
    async def mention(body: Node, request: Any) -> None:
        seen.append((body["event_id"], request.headers.get("x-slack-retry-num", [None])[0]))

    async with way(slack, app):
        first = await slack.mentions(SLACK_CHAT, READER, "x")
        second = await slack.retries(first)
        await slack.retries(second, "http_error")
    assert [mark for _, mark in seen] == marks
    assert len({event_id for event_id, _ in seen}) == 1
    assert len({sent.envelope_id for sent in slack.sent}) == 3


async def test_events_come_again_by_themselves(slack: FakeSlack, app: AsyncApp) -> None:
    async with http(slack, app):  # where nobody listens, Bolt answers 404
        slack.retry_times = 3
        last = await slack.message_im(READER, "x")
    assert (last.attempt, last.reason, last.status, len(slack.sent)) == (3, "http_error", 404, 4)
    with pytest.raises(NotSentError):
        await slack.retries(last)


@over_both
async def test_what_happens_to_the_app(slack: FakeSlack, client: AsyncWebClient, app: AsyncApp, way: Way) -> None:
    seen: list[str] = []

    async def listen(event: Node) -> None:
        seen.append(event["type"])

    for kind in ("member_joined_channel", "channel_left", "channel_archive", "tokens_revoked", "app_uninstalled"):
        app.event(kind)(listen)
    slack.channel(SLACK_CHAT).member = False
    async with way(slack, app):
        assert (await slack.joins(SLACK_CHAT)).payload["event"]["user"] == "U0FAKEBOT"
        await client.chat_postMessage(channel=SLACK_CHAT, text="x")
        await slack.archives(SLACK_CHAT)
        with refused("is_archived"):
            await client.chat_postMessage(channel=SLACK_CHAT, text="x")
        slack.channel(SLACK_CHAT).archived = False
        await slack.leaves(SLACK_CHAT)
        with refused("not_in_channel"):
            await client.chat_postMessage(channel=SLACK_CHAT, text="x")
        await slack.revokes()
        with refused("token_revoked"):
            await client.auth_test()
        await slack.uninstalls()
        with refused("account_inactive"):
            await client.auth_test()
    assert seen == ["member_joined_channel", "channel_archive", "channel_left", "tokens_revoked", "app_uninstalled"]


# Presses


@over_both
async def test_a_press_is_answered_through_its_url(
    slack: FakeSlack, client: AsyncWebClient, app: AsyncApp, way: Way
) -> None:
    @app.action("full")
    async def full(ack: Any, body: Node, respond: Any) -> None:
        await ack()
        await respond(text=body["actions"][0]["value"], replace_original=False)

    parent = (await client.chat_postMessage(channel=SLACK_CHAT, text="index"))["ts"]
    blocks = row(button("Summary", action_id="full", value="/paper 3"), block_id="row")
    ts = (await client.chat_postMessage(channel=SLACK_CHAT, text="x", blocks=blocks, thread_ts=parent))["ts"]
    async with way(slack, app):
        sent = await slack.presses(SLACK_CHAT, ts, READER, "Summ")
        await slack.answered("response_url")
    assert [shown.text for shown in slack.ephemeral(SLACK_CHAT, READER)] == ["/paper 3"]
    place = {"message_ts": ts, "channel_id": SLACK_CHAT, "is_ephemeral": False, "thread_ts": parent}
    assert sent.payload["container"] == {"type": "message", **place}
    assert sent.payload["message"]["blocks"] == blocks
    [action] = sent.payload["actions"]
    assert (action["block_id"], action["action_id"], action["type"]) == ("row", "full", "button")


async def test_ephemeral_messages(slack: FakeSlack, client: AsyncWebClient, app: AsyncApp) -> None:
    @app.action("more")
    async def more(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="replaced", replace_original=True)

    slack.channel(SLACK_CHAT).people.add(READER)
    blocks = row(button("More", action_id="more"))
    await client.chat_postEphemeral(channel=SLACK_CHAT, user=READER, text="x", blocks=blocks)
    [shown] = slack.ephemeral(SLACK_CHAT, READER)
    async with sockets(slack, app):
        sent = await slack.presses(SLACK_CHAT, shown.ts, READER, "more")
        await slack.answered("response_url")
    assert sent.payload["container"]["is_ephemeral"]
    assert "message" not in sent.payload
    assert [(shown.text, shown.blocks) for shown in slack.ephemeral(SLACK_CHAT, READER)] == [("replaced", [])]
    with pytest.raises(NotSentError):
        await slack.presses(SLACK_CHAT, shown.ts, "U0OTHER", "more")


async def test_menus(slack: FakeSlack, client: AsyncWebClient, app: AsyncApp) -> None:
    app.action("language")(acknowledge)
    chosen, other = options("ko", "en")
    radios = {"type": "radio_buttons", "action_id": "day", "options": [chosen, other], "initial_option": other}
    menu = {"type": "static_select", "action_id": "language", "options": [chosen, other], "placeholder": words("Pick")}
    ts = (await client.chat_postMessage(channel=SLACK_CHAT, text="x", blocks=row(menu, radios, block_id="b")))["ts"]
    async with sockets(slack, app):
        sent = await slack.presses(SLACK_CHAT, ts, READER, "Pick", "ko")
        assert sent.payload["actions"][0]["selected_option"] == chosen
        assert sent.payload["state"]["values"] == {
            "b": {
                "language": {"type": "static_select", "selected_option": chosen},
                "day": {"type": "radio_buttons", "selected_option": other},
            }
        }
        with pytest.raises(NotSentError, match="0 options"):
            await slack.presses(SLACK_CHAT, ts, READER, "Pick", "fr")


async def acknowledge(ack: Any) -> None:
    await ack()


@over_both
async def test_app_home(slack: FakeSlack, app: AsyncApp, way: Way) -> None:
    view = {"type": "home", "private_metadata": "m", "callback_id": "settings", "blocks": row(button("Stop"))}

    @app.event("app_home_opened")
    async def opened(event: Node, client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view=view)

    app.action("a0")(acknowledge)
    async with way(slack, app):
        first = await slack.opens_home(READER)
        await slack.answered("views.publish")
        sent = await slack.presses_home(READER, "Stop")
        again = await slack.opens_home(READER)
        await slack.answered("views.publish", 2)
    assert slack.home(READER) == view
    assert (first.payload["event"]["channel"], "view" in first.payload["event"]) == ("D00READER", False)
    assert again.payload["event"]["view"]["private_metadata"] == "m"
    assert sent.payload["container"] == {"type": "view", "view_id": "V00READER"}
    assert (sent.payload["view"]["callback_id"], sent.payload["view"]["private_metadata"]) == ("settings", "m")
    assert not {"response_url", "channel", "message"} & sent.payload.keys()


async def test_only_what_is_there_can_be_pressed(slack: FakeSlack, client: AsyncWebClient, app: AsyncApp) -> None:
    seen: list[str] = []

    @app.action("delete_all")
    async def delete(ack: Any, action: Node) -> None:
        seen.append(action["value"])
        await ack()

    ts = (await client.chat_postMessage(channel=SLACK_CHAT, text="x", blocks=row(button("One"), button("One more"))))[
        "ts"
    ]
    with pytest.raises(NotSentError, match="2 elements fit 'One'"):
        await slack.presses(SLACK_CHAT, ts, READER, "One")
    with pytest.raises(NotSentError, match="0 elements fit 'delete_all'"):
        await slack.presses(SLACK_CHAT, ts, READER, "delete_all")
    with pytest.raises(NotSentError, match="between the bot and"):
        await slack.presses(slack.direct("U0OTHER").id, ts, READER, "One")
    async with sockets(slack, app):
        await slack.presses(SLACK_CHAT, ts, READER, "delete_all", forged=True, value="'; --")
        await slack.presses_home(READER, "delete_all", forged=True, value="home")
    assert seen == ["'; --", "home"]


# response_url


async def response_url(slack: FakeSlack, client: AsyncWebClient, text: str = "original") -> str:
    """Give the URL of a press that nobody acknowledged."""
    ts = (await client.chat_postMessage(channel=SLACK_CHAT, text=text, blocks=row(button("B"))))["ts"]
    return str((await slack.presses(SLACK_CHAT, ts, READER, "B")).payload["response_url"])


async def post(url: str, **payload: Any) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(url, json=payload) as response:
        return response.status, (await response.json()).get("error", "")


async def test_a_url_serves_five_times(slack: FakeSlack, client: AsyncWebClient) -> None:
    url = await response_url(slack, client)
    assert [await post(url, text=str(number)) for number in range(6)] == [(200, "")] * 5 + [(404, "used_url")]
    assert len(slack.ephemeral(SLACK_CHAT, READER)) == 5


async def test_a_url_serves_half_an_hour(slack: FakeSlack, clock: Clock, client: AsyncWebClient) -> None:
    url = await response_url(slack, client)
    clock.now = 1799
    assert await post(url, text="x") == (200, "")
    clock.now = 1800
    assert await post(url, text="x") == (404, "expired_url")
    assert await post(url.replace("actions", "actions/0"), text="x") == (404, "expired_url")


async def test_answers_for_all_and_in_place(slack: FakeSlack, client: AsyncWebClient) -> None:
    url = await response_url(slack, client)
    [original] = slack.shown(SLACK_CHAT)
    assert await post(url, text="all", response_type="in_channel", thread_ts=original.ts) == (200, "")
    assert [(shown.text, shown.thread_ts) for shown in slack.shown(SLACK_CHAT)][1:] == [("all", original.ts)]
    assert await post(url, text="new", replace_original="true") == (200, "")
    assert (original.text, original.blocks, original.edits) == ("new", [], 1)
    assert await post(url, delete_original=True) == (200, "")
    assert original not in slack.shown(SLACK_CHAT)
    assert await post(url, text="x", replace_original=True) == (400, "message_not_found")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x", "blocks": [{"type": "carousel"}]}, "invalid_blocks"),
        ({"text": "x", "response_type": "everybody"}, "invalid_arguments"),
        ({"text": "x", "channel": SLACK_CHAT}, "invalid_payload"),
        ({"text": "x", "replace_original": "yes"}, "invalid_payload"),
        ({"text": "x", "response_type": "in_channel", "thread_ts": "1.000000"}, "thread_not_found"),
    ],
)
async def test_refused_answers(slack: FakeSlack, client: AsyncWebClient, payload: Node, code: str) -> None:
    assert await post(await response_url(slack, client), **payload) == (400, code)


async def test_a_command_leaves_nothing_to_replace(slack: FakeSlack) -> None:
    url = (await slack.slash("/paper", "", READER, SLACK_CHAT)).payload["response_url"]
    assert await post(url, text="one") == (200, "")
    assert await post(url, text="two", replace_original=True) == (200, "")
    assert [shown.text for shown in slack.ephemeral(SLACK_CHAT, READER)] == ["one", "two"]


async def test_an_ephemeral_answer_in_a_thread_that_has_not_begun_is_unseen(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    url = await response_url(slack, client)
    [original] = slack.shown(SLACK_CHAT)
    assert await post(url, text="x", thread_ts=original.ts) == (200, "")
    assert slack.ephemeral(SLACK_CHAT, READER) == []
    slack.post_by_other(SLACK_CHAT, thread_ts=original.ts)
    assert [shown.text for shown in slack.ephemeral(SLACK_CHAT, READER)] == ["x"]


async def test_faults_strike_answers_too(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.faults.add(faults.server_error(503, method="response_url"))
    url = await response_url(slack, client)
    async with aiohttp.ClientSession() as session, session.post(url, json={"text": "x"}) as response:
        assert response.status == 503


# Signatures


async def test_what_is_not_signed_well_is_turned_away(slack: FakeSlack, app: AsyncApp) -> None:
    app.event("app_mention")(acknowledge)
    async with http(slack, app):
        assert isinstance(slack.reach, Http)
        url = slack.reach.url
        ways = [
            Http(url, SECRET),
            Http(url, "another secret"),
            Http(url, SECRET, age=301),
            Http(url, SECRET, without=frozenset({"X-Slack-Signature"})),
            Http(url, SECRET, without=frozenset({"X-Slack-Request-Timestamp"})),
        ]
        statuses = []
        for way in ways:
            slack.reach = way
            statuses.append((await slack.mentions(SLACK_CHAT, READER, "x")).status)
    assert statuses == [200, 401, 401, 401, 401]


async def test_the_url_is_verified(slack: FakeSlack, app: AsyncApp) -> None:
    with pytest.raises(NotSentError):
        await slack.verifies_url()
    async with http(slack, app):
        assert await slack.verifies_url()


# Connections


async def test_a_connection_is_renewed_when_asked_for(slack: FakeSlack, app: AsyncApp) -> None:
    app.command("/paper")(acknowledge)
    async with sockets(slack, app):
        await slack.sockets.disconnect("warning")
        await slack.sockets.opened(2)
        await slack.sockets.disconnect()
        await slack.sockets.opened(3)
        assert (await slack.slash("/paper", "", READER, SLACK_CHAT)).error == ""
    assert len(await slack.answered("apps.connections.open", 3)) == 3


async def test_a_broken_connection_is_renewed(slack: FakeSlack, app: AsyncApp) -> None:
    app.command("/paper")(acknowledge)
    async with sockets(slack, app):
        slack.sockets.break_off()
        await slack.sockets.opened(2)
        assert (await slack.slash("/paper", "", READER, SLACK_CHAT)).error == ""


async def test_a_slack_that_was_away_is_found_again(slack: FakeSlack, app: AsyncApp) -> None:
    app.command("/paper")(acknowledge)
    async with sockets(slack, app):
        await slack.stop()
        assert (await slack.slash("/paper", "", READER, SLACK_CHAT)).error == "dispatch_failed"
        await slack.start()
        await slack.sockets.opened(2)
        assert (await slack.slash("/paper", "", READER, SLACK_CHAT)).error == ""


async def test_each_envelope_goes_to_one_connection(slack: FakeSlack, app: AsyncApp) -> None:
    seen: list[str] = []

    @app.command("/paper")
    async def paper(ack: Any, command: Node) -> None:
        seen.append(command["text"])
        await ack()

    async with sockets(slack, app), sockets(slack, app):
        await slack.sockets.opened(2)
        for number in range(4):
            await slack.slash("/paper", str(number), READER, SLACK_CHAT)
    assert seen == ["0", "1", "2", "3"]


async def test_pings_are_answered_unless_told_otherwise(slack: FakeSlack, client: AsyncWebClient) -> None:
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url, autoping=False) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        await socket.ping(b"one")
        assert (await socket.receive()).data == b"one"
        slack.sockets.answers_pings = False
        await socket.ping(b"two")
        await slack.sockets.disconnect("warning")
        assert (await socket.receive_json())["reason"] == "warning"


async def test_a_ticket_serves_once(slack: FakeSlack, client: AsyncWebClient) -> None:
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            hello = await socket.receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_tokens_of_two_kinds(slack: FakeSlack, client: AsyncWebClient) -> None:
    with refused("not_allowed_token_type"):
        await client.apps_connections_open(app_token=slack.token)
    with refused("invalid_auth"):
        await client.apps_connections_open(app_token="xapp-other")
    with refused("not_allowed_token_type"):
        await AsyncWebClient(slack.app_token, base_url=slack.base_url).auth_test()
    assert await post(f"{slack.base_url}apps.connections.open", token=slack.app_token) == (200, "not_authed")


# What cannot happen


@pytest.mark.parametrize(
    ("scope", "act"),
    [
        ("commands", lambda slack: slack.slash("/paper", "", READER, SLACK_CHAT)),
        ("app_mentions:read", lambda slack: slack.mentions(SLACK_CHAT, READER, "x")),
        ("im:history", lambda slack: slack.message_im(READER, "x")),
        ("channels:history", lambda slack: slack.message_in(SLACK_CHAT, READER, "x")),
        ("channels:read", lambda slack: slack.joins(SLACK_CHAT)),
    ],
)
async def test_without_the_scope_nothing_is_sent(
    slack: FakeSlack, scope: str, act: Callable[[FakeSlack], Awaitable[object]]
) -> None:
    slack.scopes.discard(scope)
    with pytest.raises(NotSentError, match=scope):
        await act(slack)
    assert slack.sent == []


async def test_the_bot_receives_nothing_from_outside(slack: FakeSlack) -> None:
    slack.channel(SLACK_CHAT).member = False
    with pytest.raises(NotSentError, match="not in"):
        await slack.mentions(SLACK_CHAT, READER, "x")
    slack.channel(SLACK_CHAT).archived = True
    with pytest.raises(NotSentError, match="archived"):
        await slack.slash("/paper", "", READER, SLACK_CHAT)


# Methods


async def test_ephemeral_messages_are_for_members(slack: FakeSlack, client: AsyncWebClient) -> None:
    with refused("user_not_in_channel"):
        await client.chat_postEphemeral(channel=SLACK_CHAT, user=READER, text="x")
    slack.add_channel("C0FOREIGN", "foreign", member=False).people.add(READER)
    slack.add_channel("C0PRIVATE", "private", member=False, private=True).people.add(READER)
    with refused("not_in_channel"):
        await client.chat_postEphemeral(channel="C0FOREIGN", user=READER, text="x")
    with refused("channel_not_found"):
        await client.chat_postEphemeral(channel="C0PRIVATE", user=READER, text="x")


async def test_people(slack: FakeSlack, client: AsyncWebClient) -> None:
    plain = (await client.users_info(user=READER))["user"]
    asked = (await client.users_info(user=READER, include_locale=True))["user"]
    assert ("locale" in plain, asked["locale"]) == (False, "ko-KR")
    assert (plain["name"], plain["is_admin"], plain["is_owner"], plain["is_bot"]) == ("mina", True, False, False)
    with refused("user_not_found"):
        await client.users_info(user="U0NOBODY")
    slack.scopes.discard("users:read")
    with refused("missing_scope"):
        await client.users_info(user=READER)


async def test_direct_messages(slack: FakeSlack, client: AsyncWebClient) -> None:
    opened = (await client.conversations_open(users=READER))["channel"]["id"]
    assert opened == "D00READER"
    assert (await client.chat_postMessage(channel=READER, text="x"))["channel"] == opened
    info = (await client.conversations_info(channel=opened))["channel"]
    assert (info["is_im"], info["user"]) == (True, READER)
    assert (await client.conversations_info(channel=SLACK_CHAT))["channel"]["creator"] == "U0MAKER"
    with refused("user_not_found"):
        await client.conversations_open(users="U0NOBODY")
    slack.scopes -= {"im:read", "im:write"}
    with refused("missing_scope") as refusal:
        await client.conversations_info(channel=opened)
    assert refusal.value.response["needed"] == "im:read"
    with refused("missing_scope"):
        await client.conversations_open(users=READER)


def home(blocks: list[Node], **more: Any) -> Node:
    return {"type": "home", "blocks": blocks, **more}


@pytest.mark.parametrize(
    "view",
    [
        {"type": "modal", "blocks": []},
        {"type": "home"},
        home([{"type": "divider"}] * 101),
        home([{"type": "markdown", "text": "x"}]),
        home([], private_metadata="x" * 3001),
        home([], callback_id="x" * 256),
        home([], title=words("x")),
    ],
)
async def test_bad_views(slack: FakeSlack, client: AsyncWebClient, view: Node) -> None:
    with refused("invalid_arguments"):
        await client.views_publish(user_id=READER, view=view)
    assert slack.home(READER) == {}


async def test_views(slack: FakeSlack, client: AsyncWebClient) -> None:
    field = {"type": "input", "label": words("x"), "element": {"type": "plain_text_input"}}
    first = await client.views_publish(user_id=READER, view=home([{"type": "divider"}] * 99 + [field]))
    second = await client.views_publish(user_id=READER, view=home([], callback_id=""), hash=first["view"]["hash"])
    assert second["view"]["id"] == first["view"]["id"]
    with refused("hash_conflict"):
        await client.views_publish(user_id=READER, view=home([]), hash=first["view"]["hash"])
    with refused("invalid_arguments"):
        await client.views_publish(user_id="U0NOBODY", view=home([]))
    slack.people.home_enabled = False
    with refused("not_enabled"):
        await client.views_publish(user_id=READER, view=home([]))


# Elements of blocks


def select(**more: Any) -> Node:
    return {"type": "static_select", "options": options("x"), **more}


@pytest.mark.parametrize(
    "blocks",
    [
        row(*[button("x")] * 25),
        row(button("x" * 75, value="x" * 2000, action_id="x" * 255, style="danger", url="https://a.example/")),
        row(button("x", confirm={name: words("x") for name in ("title", "text", "confirm", "deny")})),
        row(select(options=options(*["x" * 75] * 100), placeholder=words("x" * 150))),
        row({"type": "static_select", "option_groups": [{"label": words("x"), "options": options("x")}]}),
        row({"type": "radio_buttons", "options": options(*"abcdefghij"), "initial_option": options("j")[0]}),
        [{"type": "section", "text": words("x"), "accessory": {"type": "overflow", "options": options(*"abcde")}}],
        [{"type": "input", "label": words("x"), "element": select(), "dispatch_action": True}],
    ],
)
async def test_good_elements(client: AsyncWebClient, blocks: list[Node]) -> None:
    await client.chat_postMessage(channel=SLACK_CHAT, text="x", blocks=blocks)


@pytest.mark.parametrize(
    "blocks",
    [
        row(*[button("x")] * 26),
        row(button("x", action_id="a"), select(action_id="a")),
        row(button("x", action_id="x" * 256)),
        row(button("x", value="x" * 2001)),
        row(button("x", value="")),
        row(button("x", style="default")),
        row(button("x", url="https://a.example/" + "x" * 3000)),
        row(button("x", accessibility_label="x" * 76)),
        row(button("x", confirm={"title": words("x")})),
        row({"type": "button", "text": {"type": "mrkdwn", "text": "x"}}),
        row({"type": "image", "image_url": "https://a.example/i.png", "alt_text": "x"}),
        row(select(options=[])),
        row(select(options=options(*["x"] * 101))),
        row(select(options=options("x" * 151))),
        row(select(options=[{"text": words("x" * 76), "value": "x"}])),
        row(select(options=[{"text": words("x")}])),
        row(select(initial_option=options("y")[0])),
        row(select(option_groups=[])),
        row(select(placeholder=words("x" * 151))),
        row({"type": "radio_buttons", "options": options(*"abcdefghijk")}),
        row({"type": "overflow", "options": options(*"abcdef")}),
        [{"type": "input", "label": words("x"), "element": select()}],
    ],
)
async def test_bad_elements(client: AsyncWebClient, blocks: list[Node]) -> None:
    with refused("invalid_blocks"):
        await client.chat_postMessage(channel=SLACK_CHAT, text="x", blocks=blocks)
