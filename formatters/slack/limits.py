"""What Slack takes, and how it is counted (docs.slack.dev, chat.postMessage and Block Kit). Texts are in characters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BLOCKS = 50  # of a message, with those inside of containers
CHILDREN = 10  # blocks of a container
TITLE = 150  # of a header, and a container's title and subtitle
SECTION = 3000  # the text of a section
FIELDS, FIELD = 10, 2000  # fields of a section, and the text of one
ELEMENTS, ELEMENT = 10, 2000  # elements of a context block, and the text of one
BUTTONS = 25  # of an actions block
LABEL, VALUE = 75, 2000  # of a button
ADDRESS = 3000  # of a button and a link
TEXT = 4000  # `text` of a message: chat.update refuses a longer one
TEXT_SHOWN = 40_000  # `text` of a message: chat.postMessage cuts off the rest
REFUSED = 13_200  # all blocks of a message, where Slack was seen to refuse them; not documented
MESSAGE = 10_000  # all blocks of a message: a bound of our own, below that


def blocks(given: object) -> int:
    """Count blocks, with those inside of containers."""
    if not isinstance(given, list | tuple):
        return 0
    return sum(1 + blocks(one.get("child_blocks")) for one in given if isinstance(one, Mapping))


def characters(tree: Any) -> int:
    """Count the characters of text and addresses, wherever they stand in blocks."""
    if isinstance(tree, Mapping):
        own = sum(len(tree[name]) for name in ("text", "url") if isinstance(tree.get(name), str))
        return own + sum(map(characters, tree.values()))
    return sum(map(characters, tree)) if isinstance(tree, list | tuple) else 0
