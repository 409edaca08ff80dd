"""Count what a message holds of what its platform takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from formatters.slack import limits
from formatters.telegram import LONGEST_TEXT, MOST_BUTTONS, MOST_ENTITIES
from formatters.web import telegram
from formatters.web.elements import Refused

_PRESSED = frozenset({"callback_data", "url", "copy_text"})  # what an object has one of that is a button


class Count(NamedTuple):
    what: Literal["characters", "own_characters", "entities", "buttons", "blocks"]  # "own": by a limit of ours
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
        Count("characters", telegram.units(text), LONGEST_TEXT),
        Count("entities", entities, MOST_ENTITIES),
        Count("buttons", buttons, MOST_BUTTONS),
    )


def of_slack(body: Mapping[str, object]) -> tuple[Count, ...]:
    """Count a chat.postMessage: the characters of all its blocks and of their links, and the blocks."""
    blocks = body.get("blocks")
    characters = limits.characters(blocks) or len(str(body.get("text", "")))
    return (
        Count("own_characters", characters, limits.MESSAGE),
        Count("blocks", limits.blocks(blocks), limits.BLOCKS),
    )


def _nodes(tree: object) -> Iterator[Mapping[str, Any]]:
    """Give all objects of a tree, however deep."""
    if isinstance(tree, Mapping):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list | tuple):
        for one in tree:
            yield from _nodes(one)
