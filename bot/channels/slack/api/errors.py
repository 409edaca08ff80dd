"""What the errors of slack-sdk mean for a send (docs.slack.dev: the errors of chat.postMessage and chat.update)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackClientError

from bot.errors import BotGone, ChatGone, Rejected, RetryLater, SendError, Unconfirmed
from bot.ledger.writing.deadline import NotWritten
from bot.log import redacted
from bot.network.failures import ProxyFailure, explain, refused, unreachable

# What a call can raise; the last four come from an answer that makes no sense.
FAILURES = (
    *(aiohttp.ClientError, ProxyFailure, NotWritten, TimeoutError, SlackClientError),
    *(AttributeError, KeyError, TypeError, ValueError),
)
_NEVER_SENT = (
    *(aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL),
    *(aiohttp.ClientHttpProxyError, ProxyFailure, NotWritten),
)
# With these codes Slack refuses to show the messages of a chat.
NO_HISTORY = {"missing_scope", "not_in_channel", "no_permission", "not_allowed_token_type", "channel_not_found"}

# Error codes of Slack, by what they mean for a delivery; any other code refuses the message.
CHAT_FAULTS = {
    "channel_not_found": "check the id, and invite the app: /invite in the channel",
    "is_archived": "unarchive the channel or take it out of slack.chats",
    "not_in_channel": "invite the app: /invite in the channel",
    "restricted_action": "let apps post in this channel",
    "restricted_action_read_only_channel": "let apps post in this channel",
    "restricted_action_non_threadable_channel": "allow threads in this channel, or set slack.layout to messages",
    "restricted_action_thread_only_channel": "allow messages in this channel",
    "restricted_action_thread_locked": "unlock the thread",
    "messages_tab_disabled": "turn the app's messages tab on",
    "ekm_access_denied": "ask the workspace's administrators",
    "cannot_reply_to_message": "the parent of the thread cannot be answered any more",
    "user_not_found": "check the id",
    "cannot_dm_bot": "name a channel or a person",
}
_BOT_FAULTS = {
    "account_inactive",
    "token_revoked",
    "token_expired",
    "invalid_auth",
    "not_authed",
    "no_permission",
    "missing_scope",
    "team_access_not_granted",
    "team_not_found",
    "org_login_required",
    "access_denied",
    "not_allowed_token_type",
}
_WAIT = {"ratelimited", "rate_limited", "message_limit_exceeded"}
_UNCERTAIN = {"fatal_error", "internal_error", "service_unavailable", "request_timeout", "team_added_to_org"}


def translate(error: Exception, token: str = "") -> SendError:
    """Translate an error of the SDK to the error of ours that says what it means for a send."""
    code = error_code(error)
    words = redacted(" ".join((code or str(error) or type(error).__name__).split()), [token])[:300]
    if _status(error) == 429 or code in _WAIT:
        return RetryLater(f"Slack asks to wait: {words}", _retry_after(error), flood=True)
    if code in CHAT_FAULTS or code.startswith("restricted_action"):
        return ChatGone(f"{code}; {CHAT_FAULTS.get(code, CHAT_FAULTS['restricted_action'])}")
    if code in _BOT_FAULTS:
        return BotGone(f"Slack refuses the app: {code}{_needed(error)}; check slack.bot_token and reinstall the app")
    if code and code not in _UNCERTAIN and _status(error) < 500:
        return Rejected(f"Slack refuses this message: {code}")
    if isinstance(error, _NEVER_SENT) or isinstance(error.__cause__, NotWritten):
        return RetryLater(f"Slack cannot be reached: {_of_network(error) or words}")
    return Unconfirmed(f"Slack's answer was lost ({words})")


def _of_network(error: Exception) -> str:
    match error:
        case aiohttp.ClientHttpProxyError():
            return refused(f"{error.status} {error.message}")
        case aiohttp.ClientProxyConnectionError():
            return unreachable(f"{error.host}:{error.port}")
    return explain(error)


def error_code(error: BaseException | None) -> str:
    """Give the code that Slack's answer names, "" where there is none."""
    return str(_data(error).get("error") or "")


def _data(error: BaseException | None) -> Mapping[str, Any]:
    data = getattr(getattr(error, "response", None), "data", None)
    return data if isinstance(data, Mapping) else {}


def _needed(error: Exception) -> str:
    needed = _data(error).get("needed")
    return f" ({needed})" if needed else ""


def _status(error: Exception) -> int:
    response = getattr(error, "response", None)
    return int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)


def _retry_after(error: Exception) -> float:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    after = str(headers.get("Retry-After", ""))
    return float(after) if after.isdecimal() else 30.0  # it did not say how long
