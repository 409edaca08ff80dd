"""What the platforms send back, success and refusal, in each one's envelope."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PREFIXES = {400: "Bad Request: ", 403: "Forbidden: "}


@dataclass(frozen=True)
class Answer:
    """What a server sends back."""

    status: int
    body: str
    error: str = ""  # the refusal in the platform's words; empty for success
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusalError(Exception):
    """The platform says no."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.error)
        self.answer = answer


def ok(**payload: Any) -> Answer:
    """Answer with success, in the envelope of either platform."""
    return Answer(200, json.dumps({"ok": True, **payload}))


def telegram_error(status: int, reason: str, **parameters: int) -> Answer:
    """Refuse as Telegram does: the HTTP status equals error_code (Telegram Bot API, Making requests)."""
    description = _PREFIXES.get(status, "") + reason
    payload = {"ok": False, "error_code": status, "description": description}
    if parameters:
        payload["parameters"] = parameters
    retry_after = parameters.get("retry_after")
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, json.dumps(payload), error=description, headers=headers)


def slack_error(code: str, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
    """Refuse as Slack does: HTTP 200 with a code (Slack Web API, Evaluating responses)."""
    return Answer(status, json.dumps({"ok": False, "error": code, **more}), error=code, headers=headers or {})
