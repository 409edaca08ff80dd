"""What an app says in answer to a command or a press: in the acknowledgement, or through a response_url.

Source: docs.slack.dev/interactivity/handling-user-interaction (message responses).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.support.fakes.answers import Answer, RefusalError, ok, slack_error
from tests.support.fakes.server import Arguments, words
from tests.support.fakes.slack_channels import TEAM, Channel, Channels, SlackMessage, is_parent
from tests.support.fakes.slack_content import content, explain, pings, refuse

METHOD = "response_url"  # as calls of it are recorded, and as faults name it
MOST_USES = 5
LIFETIME = 30 * 60.0  # seconds
_SAID = words("text blocks metadata response_type thread_ts mrkdwn link_names parse unfurl_links unfurl_media")
_SWITCHES = words("replace_original delete_original")


@dataclass
class ResponseUrl:
    """The right to answer one command or press."""

    channel: Channel
    user: str
    original: SlackMessage | None  # the message that was pressed in; a command has none
    until: float
    uses: int = 0


class Answers:
    """All response_urls that were given out."""

    def __init__(self, channels: Channels, clock: Callable[[], float]) -> None:
        self._channels = channels
        self._clock = clock
        self._urls: dict[str, ResponseUrl] = {}

    def open(self, origin: str, channel: Channel, user: str, original: SlackMessage | None = None) -> str:
        """Give a URL for answers about this interaction."""
        path = f"/actions/{TEAM}/{len(self._urls) + 1}/{METHOD}"
        self._urls[path] = ResponseUrl(channel, user, original, self._clock() + LIFETIME)
        return f"{origin}{path}"

    def use(self, path: str, arguments: Arguments) -> Answer:
        """Take what is posted there; the codes of a spent URL are not documented (node-slack-sdk #828)."""
        url = self._urls.get(path)
        if not url or self._clock() >= url.until:
            return slack_error("expired_url", 404)
        if url.uses >= MOST_USES:
            return slack_error("used_url", 404)
        try:
            self._take(url, arguments)
        except RefusalError as refusal:
            raise RefusalError(replace(refusal.answer, status=400)) from refusal
        url.uses += 1
        return ok()

    def acknowledged(self, channel: Channel, user: str, arguments: Arguments) -> None:
        """Show what came with the acknowledgement of a command; it is no use of the URL."""
        _known(arguments, _SAID)
        self._say(ResponseUrl(channel, user, None, 0), arguments)

    def _take(self, url: ResponseUrl, arguments: Arguments) -> None:
        """Replace or delete the message that was pressed in, or say something new.

        After a command there is nothing to replace: it becomes a new message (bolt-python #1268, bolt-js #2287).
        """
        _known(arguments, _SAID | _SWITCHES)
        if _on(arguments, "delete_original"):
            _delete(url)
        elif _on(arguments, "replace_original") and url.original:
            _replace(url.original if _places(url) else refuse("message_not_found"), arguments)
        else:
            self._say(url, arguments)

    def _say(self, url: ResponseUrl, arguments: Arguments) -> None:
        kind = arguments.get("response_type", "ephemeral")
        if kind not in ("ephemeral", "in_channel"):
            explain("invalid_arguments", f"no response_type {kind}")
        shown = self._channels.written(url.channel, arguments)
        if kind == "ephemeral":
            url.channel.ephemeral.setdefault(url.user, {})[shown.ts] = shown
        elif not shown.thread_ts or is_parent(url.channel, shown.thread_ts):
            url.channel.messages[shown.ts] = shown
        else:
            refuse("thread_not_found")


def _delete(url: ResponseUrl) -> None:
    places = _places(url)
    for place in places:
        del place[url.original.ts if url.original else ""]
    if not places:
        refuse("message_not_found")


def _places(url: ResponseUrl) -> list[dict[str, SlackMessage]]:
    """Give where the message that was pressed in stands, if it still does."""
    both = (url.channel.messages, url.channel.ephemeral.get(url.user, {}))
    return [place for place in both if url.original and url.original.ts in place]


def _replace(original: SlackMessage, arguments: Arguments) -> None:
    original.text, original.blocks = content(arguments)
    original.arguments, original.pings = arguments, pings(arguments, original.text, original.blocks)
    original.edits += 1


def _known(arguments: Arguments, names: frozenset[str]) -> None:
    unknown = sorted(arguments.keys() - names)
    if unknown:
        explain("invalid_payload", f"the fake server knows no {', '.join(unknown)}")


def _on(arguments: Arguments, name: str) -> bool:
    """Read a switch, which Slack's own examples spell as a string, too."""
    value: Any = arguments.get(name, False)
    value = json.loads(value) if value in ("true", "false") else value
    if not isinstance(value, bool):
        explain("invalid_payload", f"{name} is true or false")
    return bool(value)
