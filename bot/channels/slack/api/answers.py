"""What stands in messages and answers of Slack: our metadata, titles, times."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

EVENT = "paperboy_delivery"


def post_arguments(address: str, body: Mapping[str, Any], delivery_ref: str, thread: str) -> dict[str, Any]:
    """Give the arguments of chat.postMessage; the delivery ref travels with the message."""
    where = {"channel": address, **({"thread_ts": thread} if thread else {})}
    return {**body, **where, "metadata": {"event_type": EVENT, "event_payload": {"key": delivery_ref}}}


def delivery_ref_of(message: Mapping[str, Any]) -> object:
    """Give what a message of ours says in its metadata that it delivers."""
    return ((message.get("metadata") or {}).get("event_payload") or {}).get("key")


def parts(answer: Any, *names: str) -> list[Any]:
    """Give parts of an answer; KeyError when one is missing, where the SDK gives None."""
    found = [answer[name] for name in names]
    if None in found:
        raise KeyError(*names)
    return found


def channel_title(channel: Mapping[str, Any]) -> str:
    return f"#{channel['name']}" if channel.get("name") else ""


def person_title(person: Mapping[str, Any]) -> str:
    """Give the real name of a person, else the one that everybody has."""
    return str(person.get("real_name") or person.get("name") or "")


def time_of(answer: Any) -> float:
    """Give when Slack answered by its own clock; 0 when it does not say."""
    try:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return 0.0
