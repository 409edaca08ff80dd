"""Put buttons into messages (docs.slack.dev, actions block and button element)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from formatters import lines
from formatters.model import Digest, Paper
from formatters.page import Button, Item, in_rows, reference
from formatters.slack import limits
from formatters.slack.texts import plain_text
from formatters.spans import plain, shorten


def with_buttons(body: Mapping[str, Any], buttons: Sequence[Button]) -> Mapping[str, object]:
    """Put buttons below a message."""
    return with_rows(body, in_rows(buttons, limits.BUTTONS))


def with_rows(body: Mapping[str, Any], rows: Iterable[Sequence[Button]]) -> Mapping[str, object]:
    """Put rows of buttons below a message, and below those that it has."""
    there = sum(block["type"] == "actions" for block in body["blocks"])
    blocks = [actions(row, f"row{position}") for position, row in enumerate(rows, there)]
    return {**body, "blocks": [*body["blocks"], *blocks]}


def summary(digest: Digest, paper: Paper, label: str) -> Button:
    return Button(label, lines.spell_paper(reference(digest, paper)))


def section(item: Item, position: int) -> dict[str, object]:
    """Write an item with its button beside it, in plain text, because mrkdwn cannot escape all signs."""
    beside = replace(item.button, label=item.button.short or item.button.label)
    text = shorten(plain(item.spans).strip(), limits.SECTION)
    return {"type": "section", "text": plain_text(text), "accessory": _button(beside, f"item{position}")}


def actions(row: Sequence[Button], position: str) -> dict[str, object]:
    return {"type": "actions", "elements": [_button(one, f"{position}/{n}") for n, one in enumerate(row)]}


def _button(button: Button, position: str) -> dict[str, object]:
    """Write a button; what it does is its value, since ids of actions must differ."""
    label = plain_text(shorten(button.label, limits.LABEL))
    action = {"url": button.url} if button.url else {"value": button.line}
    return {"type": "button", "text": label, "action_id": f"line/{position}", **action}
