"""Read the fields of Slack's blocks, which may hold anything, as strictly as Slack does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from formatters.web.elements import Refused

Node = Mapping[str, Any]


def as_node(given: object) -> Node:
    """Give a node, which has a type; Refused for anything else."""
    if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
        raise Refused("invalid_blocks: a block needs a type")
    return given


def kind(node: Node) -> str:
    return str(node["type"])


def only(node: Node, names: str) -> None:
    """Refuse a node with a field that its type has not."""
    if unknown := sorted(map(str, node.keys() - set(names.split()) - {"type", "block_id"})):
        raise Refused(f"invalid_blocks: {kind(node)} has no {', '.join(unknown)}")


def string(node: Node, name: str, most: int) -> str:
    """Give a text of 1 to `most` characters."""
    found = node.get(name)
    if not isinstance(found, str) or not 1 <= len(found) <= most:
        raise Refused(f"invalid_blocks: {name} of {kind(node)} needs 1 to {most:,} characters")
    return found


def nodes(node: Node, name: str, most: int) -> Sequence[Node]:
    """Give 1 to `most` nodes."""
    found = node.get(name)
    if not isinstance(found, list | tuple) or not 1 <= len(found) <= most:
        raise Refused(f"invalid_blocks: {name} of {kind(node)} needs 1 to {most:,} items")
    return list(map(as_node, found))


def switch(node: Node, name: str) -> bool:
    """Tell whether something is on; it may be absent."""
    found = node.get(name, False)
    if not isinstance(found, bool):
        raise Refused(f"invalid_blocks: {name} of {kind(node)} is true or false")
    return found


def number(node: Node, name: str) -> int:
    """Give a whole number, 0 where it is absent."""
    found = node.get(name, 0)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Refused(f"invalid_blocks: {name} of {kind(node)} is a number")
    return found


def unsupported(node: Node, where: str) -> Refused:
    return Refused(f"invalid_blocks: {where} takes no {kind(node)}")
