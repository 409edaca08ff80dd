"""Count what a message holds of what its platform takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from formatters.slack.rich_text import LONGEST
from formatters.telegram import LONGEST_TEXT
from formatters.web import slack, telegram
from formatters.web.elements import Refused
from formatters.web.telegram import MOST_BUTTONS

_MOST_ENTITIES = 100  # Telegram drops the rest in silence

_PRESSED = frozenset({"callback_data", "url", "copy_text"})  # what an object has one of that is a button


class Count(NamedTuple):
    what: Literal["characters", "entities", "buttons", "blocks"]
    used: int
    most: int


def of_telegram(body: Mapping[str, object]) -> tuple[Count, ...]:
    """Count a sendMessage: characters after parsing, entities, buttons."""
    try:
        _, text, entities = telegram.read(body)
    except Refused:
        text, entities = str(body.get("text", "")), 0
    buttons = sum(not one.keys().isdisjoint(_PRESSED) for one in _nodes(body.get("reply_markup")))
    return (
        Count("characters", len(text), LONGEST_TEXT),
        Count("entities", entities, _MOST_ENTITIES),
        Count("buttons", buttons, MOST_BUTTONS),
    )


def of_slack(body: Mapping[str, object]) -> tuple[Count, ...]:
    """Count a chat.postMessage: the characters of all its blocks and of their links, and the blocks."""
    blocks = body.get("blocks")
    characters = sum(map(_characters, _nodes(blocks))) or len(str(body.get("text", "")))
    return (
        Count("characters", characters, LONGEST),
        Count("blocks", _blocks(blocks), slack.MOST_BLOCKS),
    )


def _blocks(blocks: object) -> int:
    """Count blocks, those inside of containers, too."""
    if not isinstance(blocks, list | tuple):
        return 0
    return sum(1 + _blocks(one.get("child_blocks")) for one in blocks if isinstance(one, Mapping))


def _characters(node: Mapping[str, Any]) -> int:
    """Count the text of a node, and the address of a link."""
    link = node.get("url") if node.get("type") == "link" else None
    return sum(len(one) for one in (node.get("text"), link) if isinstance(one, str))


def _nodes(tree: object) -> Iterator[Mapping[str, Any]]:
    """Give all objects of a tree, however deep."""
    if isinstance(tree, Mapping):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list | tuple):
        for one in tree:
            yield from _nodes(one)
