"""How Slack reaches an app: what it sends, and the way over HTTP with signed requests.

The other way, Socket Mode, is in `slack_socket`. Sources: docs.slack.dev (verifying requests from Slack,
Events API, slash commands, handling user interaction).
"""

import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

import aiohttp

Kind = Literal["slash_commands", "interactive", "events_api"]


class UnreachableError(Exception):
    """The app was not there, or did not take what it was sent."""


@dataclass
class Sent:
    """Something that Slack sent to the app, and how the app acknowledged it."""

    kind: Kind
    payload: dict[str, Any]
    attempt: int = 0  # of events: 1 for the first retry
    reason: str = ""  # of the retry
    envelope_id: str = field(default_factory=lambda: str(uuid.uuid4()))  # each delivery has its own
    at: float = 0.0  # seconds of the server's clock
    acked_at: float | None = None  # None: not in time
    answer: dict[str, Any] = field(default_factory=dict)  # the payload of the acknowledgement
    status: int | None = None  # over HTTP
    error: str = ""  # what the person is told: operation_timeout, dispatch_failed

    @property
    def seconds(self) -> float:
        """Give the time that the acknowledgement took."""
        return (self.acked_at or float("inf")) - self.at


class Reach(Protocol):
    """A way to the app."""

    async def deliver(self, sent: Sent) -> dict[str, Any]:
        """Wait for the acknowledgement and give its payload; raise UnreachableError without a way."""


@dataclass
class Http:
    """Signed requests to the app's URL; tests may sign wrongly, late, or not at all."""

    url: str
    secret: str
    age: float = 0.0  # seconds that the timestamp lies back
    without: frozenset[str] = frozenset()  # headers that do not come along

    async def deliver(self, sent: Sent) -> dict[str, Any]:
        """Post it; anything but 2xx counts as not taken."""
        body, content_type = _encoded(sent)
        headers = {"Content-Type": content_type, **self._signature(body), **_retry(sent)}
        kept = {name: value for name, value in headers.items() if name not in self.without}
        try:
            async with aiohttp.ClientSession() as session, session.post(self.url, data=body, headers=kept) as response:
                sent.status, text = response.status, await response.text()
        except aiohttp.ClientError as error:
            raise UnreachableError(str(error)) from error
        if not 200 <= sent.status < 300:
            raise UnreachableError(f"HTTP {sent.status}")
        return _decoded(response.content_type, text)

    def _signature(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time() - self.age))
        signed = hmac.new(self.secret.encode(), b"v0:%s:%s" % (timestamp.encode(), body), hashlib.sha256)
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={signed.hexdigest()}"}


def _encoded(sent: Sent) -> tuple[bytes, str]:
    """Write events as JSON, the rest as a form."""
    if sent.kind == "events_api":
        return json.dumps(sent.payload).encode(), "application/json"
    form = {"payload": json.dumps(sent.payload)} if sent.kind == "interactive" else sent.payload
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _decoded(content_type: str, text: str) -> dict[str, Any]:
    """Read an answer: plain text is a message, too (slash commands, sending an immediate response)."""
    if not text:
        return {}
    return dict(json.loads(text)) if content_type == "application/json" else {"text": text}


def _retry(sent: Sent) -> dict[str, str]:
    """Mark a retry; over HTTP the first attempt bears no mark (Events API, retries)."""
    return {"X-Slack-Retry-Num": str(sent.attempt), "X-Slack-Retry-Reason": sent.reason} if sent.attempt else {}
