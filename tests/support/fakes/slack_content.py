"""How Slack refuses, and what it refuses in messages and views."""

import json
from typing import Any, NoReturn

from tests.support.fakes.answers import RefusalError, slack_error
from tests.support.fakes.block_checks import BlockError, check, keys, string
from tests.support.fakes.blocks import MAX_TEXT, check_blocks, check_view_blocks, pings_in_blocks, pings_in_text, size
from tests.support.fakes.server import Arguments

MAX_METADATA = 8000  # characters of JSON
MAX_VIEW = 250_000  # bytes of JSON (views.publish)


def refuse(code: str, **more: Any) -> NoReturn:
    """Say no with one of Slack's codes."""
    raise RefusalError(slack_error(code, **more))


def explain(code: str, reason: str) -> NoReturn:
    """Say no and why."""
    refuse(code, response_metadata={"messages": [f"[ERROR] {reason}"]})


def content(arguments: Arguments) -> tuple[str, list[dict[str, Any]]]:
    """Check the text and the blocks of a message, and give them."""
    text, blocks = arguments.get("text") or "", arguments.get("blocks") or []
    if not text and not blocks:
        refuse("no_text")
    if isinstance(blocks, str):
        refuse("invalid_blocks_format")
    try:
        check_blocks(blocks)
    except BlockError as error:
        explain("invalid_blocks", str(error))
    if size(blocks) > MAX_TEXT:
        refuse("msg_blocks_too_long")
    return text, blocks


def metadata(arguments: Arguments) -> dict[str, Any] | None:
    """Check the two fields; an empty object removes what was there (chat.update)."""
    given = arguments.get("metadata")
    if not given:
        return None
    types = {name: type(value) for name, value in given.items()} if isinstance(given, dict) else {}
    if types != {"event_type": str, "event_payload": dict}:
        refuse("invalid_metadata_format")
    if len(json.dumps(given)) > MAX_METADATA:
        refuse("metadata_too_large")
    return dict(given)


def pings(arguments: Arguments, text: str, blocks: list[dict[str, Any]]) -> list[str]:
    """Give what in a message would notify somebody."""
    switches = ["link_names"] if arguments.get("link_names") else []
    switches += ["parse=full"] if arguments.get("parse") == "full" else []
    return [*switches, *pings_in_text(text), *pings_in_blocks(blocks)]


def home(view: Any) -> dict[str, Any]:
    """Check the view of an App Home (docs.slack.dev/reference/views/home-tab-views), and give it."""
    try:
        check(isinstance(view, dict) and view.get("type") == "home", "the view's type must be home")
        keys(view, "blocks", "private_metadata callback_id external_id")
        check_view_blocks(view["blocks"])
        filled = {name: value for name, value in view.items() if value != ""}
        for name, limit in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
            string(filled, name, limit)
    except BlockError as error:
        explain("invalid_arguments", str(error))
    if len(json.dumps(view)) > MAX_VIEW:
        refuse("view_too_large")
    return dict(view)
