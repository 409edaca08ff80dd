"""What Slack tells an app, spelled as Slack spells it (docs.slack.dev/reference, events and interaction payloads)."""

import html
import itertools
import re
import uuid
from typing import Any

from tests.support.fakes.slack_channels import APP, BOT, TEAM, Channel, SlackMessage, spelled
from tests.support.fakes.slack_people import Person, view_of
from tests.support.fakes.slack_presses import state, with_ids

Payload = dict[str, Any]

VERIFICATION = "FAKE-verification-token"  # in every payload, although deprecated
_numbers = itertools.count(1)
_SPECIAL = re.compile(r"(<[@#!][^<>]+>)")
_ADDRESS = re.compile(r"(https?://[^\s<>]+)")


def escaped(text: str) -> str:
    """Write what somebody typed as Slack sends it (docs: formatting); mentions like <@U1> stay as they are."""
    return "".join(
        part if place % 2 else html.escape(part, quote=False) for place, part in enumerate(_SPECIAL.split(text))
    )


def linked(text: str) -> str:
    """Write a message as Slack sends it: escaped, and addresses made links."""
    return _ADDRESS.sub(r"<\1>", escaped(text))


# Events


def callback(event: Payload, ts: str) -> Payload:
    """Wrap an event (Events API, callback field overview); each has an id of its own."""
    number = next(_numbers)
    bot = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT["user_id"], "is_bot": True}
    return {
        "token": VERIFICATION,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": {**event, "event_ts": ts},
        "type": "event_callback",
        "event_id": f"Ev{number:09d}",
        "event_time": int(float(ts)),
        "authorizations": [{**bot, "is_enterprise_install": False}],
        "is_ext_shared_channel": False,
        "event_context": f"4-{number}",
    }


def said(channel: Channel, message: SlackMessage, kind: str = "message") -> Payload:
    """Tell what somebody wrote; a mention does not say what type of channel it stands in."""
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    place = {"channel": channel.id, "channel_type": channel.type} if kind == "message" else {"channel": channel.id}
    written = {"type": kind, "user": message.author, "text": message.text, "ts": message.ts}
    return {"client_msg_id": str(uuid.uuid4()), **written, "team": TEAM, **thread, **place}


def corrected(event: Payload, text: str, seconds: float) -> Payload:
    """Tell that somebody changed what they wrote so many seconds before (docs.slack.dev, message_changed)."""
    written = {name: event[name] for name in ("type", "user", "text", "ts")}
    at = f"{float(event['ts']) + seconds:.6f}"
    now = {**written, "text": text, "edited": {"user": event["user"], "ts": at}}
    place = {name: event[name] for name in ("channel", "channel_type")}
    kind = {"type": "message", "subtype": "message_changed", "hidden": True, "ts": at, "event_ts": at}
    return {**kind, **place, "message": now, "previous_message": written}


def echoed(channel: Channel, message: SlackMessage, subtype: str) -> Payload:
    """Tell the app what it wrote itself; with the subtype bot_message there is no user."""
    whole = {**spelled(channel, message), "app_id": APP, "channel": channel.id, "channel_type": channel.type}
    if not subtype:
        return {**whole, "team": TEAM}
    return {**{name: value for name, value in whole.items() if name != "user"}, "subtype": subtype}


def opened_home(person: Person, channel: Channel, tab: str) -> Payload:
    """Tell that somebody looks at the app; the view comes along once there was one."""
    view = view_of(person) if tab == "home" else {}
    shown = {"view": view} if view else {}
    return {"type": "app_home_opened", "user": person.id, "channel": channel.id, "tab": tab, **shown}


# Commands and presses


def _trigger() -> str:
    return f"{next(_numbers)}.{TEAM}.{uuid.uuid4().hex}"


def command(channel: Channel, person: Person, name: str, text: str, response_url: str) -> Payload:
    """Spell a slash command."""
    where = {"channel_id": channel.id, "channel_name": channel.label}
    who = {"user_id": person.id, "user_name": person.name}
    team = {"token": VERIFICATION, "team_id": TEAM, "team_domain": "fake", "api_app_id": APP}
    answering = {"response_url": response_url, "trigger_id": _trigger(), "is_enterprise_install": "false"}
    return {**team, **where, **who, "command": name, "text": text, **answering}


def pressed(person: Person, action: Payload, ts: str, surface: Payload) -> Payload:
    """Spell a press (block_actions) on the surface that `in_message`, `in_ephemeral` or `in_home` gives."""
    return {
        "type": "block_actions",
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM},
        "api_app_id": APP,
        "token": VERIFICATION,
        "trigger_id": _trigger(),
        "team": {"id": TEAM, "domain": "fake"},
        "enterprise": None,
        "is_enterprise_install": False,
        **surface,
        "actions": [{**action, "action_ts": ts}],
    }


def in_message(channel: Channel, message: SlackMessage, action: Payload, response_url: str) -> Payload:
    """Describe a message that somebody pressed in."""
    whole = {**spelled(channel, message), "team": TEAM, "app_id": APP, "blocks": with_ids(message.blocks)}
    return {**in_ephemeral(channel, message, action, response_url, ephemeral=False), "message": whole}


def in_ephemeral(
    channel: Channel, message: SlackMessage, action: Payload, response_url: str, *, ephemeral: bool = True
) -> Payload:
    """Describe an ephemeral message that somebody pressed in: the message itself does not come along."""
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    place = {"message_ts": message.ts, "channel_id": channel.id, "is_ephemeral": ephemeral, **thread}
    return {
        "container": {"type": "message", **place},
        "channel": {"id": channel.id, "name": channel.label},
        "state": state(message.blocks, action),
        "response_url": response_url,
    }


def in_home(person: Person, action: Payload) -> Payload:
    """Describe the App Home that somebody pressed in: there is no channel and no response_url."""
    view = {**view_of(person), "state": state(person.home.get("blocks", []), action)}
    return {"container": {"type": "view", "view_id": view.get("id", "")}, "view": view}
