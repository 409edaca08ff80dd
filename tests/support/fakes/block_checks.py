"""The small checks that Slack's reference of blocks and elements is made of."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.fakes.server import words

Node = dict[str, Any]
Check = Callable[[Node], None]


class BlockError(Exception):
    """The block is not what Slack's reference says; the text tells why."""


def check(condition: bool, reason: str) -> None:
    """Raise BlockError with the reason unless the condition holds."""
    if not condition:
        raise BlockError(reason)


def node(given: Any, kinds: Mapping[str, Check]) -> None:
    """Check a node of one of these types."""
    kind = given.get("type") if isinstance(given, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise BlockError(f"{kind or given!r} is none of {', '.join(kinds)}")
    kinds[kind](given)


def keys(given: Node, required: str, optional: str = "") -> None:
    """Check that the node has all it needs and nothing unknown."""
    missing = words(required) - given.keys()
    unknown = given.keys() - words(required) - words(optional) - {"type"}
    kind = given.get("type", "object")
    check(not missing, f"{kind} lacks {', '.join(sorted(missing))}")
    check(not unknown, f"{kind} has no {', '.join(sorted(unknown))}")


def string(given: Node, key: str, limit: int) -> None:
    """Check a string that may be absent but not empty."""
    value = given.get(key, "-")
    check(isinstance(value, str) and 1 <= len(value) <= limit, f"{key} needs 1 to {limit} characters")


def switch(given: Node, *names: str) -> None:
    """Check what may be absent and is true or false."""
    check(all(isinstance(given.get(name, True), bool) for name in names), f"{' and '.join(names)}: true or false")


def items(given: Node, key: str, limit: int) -> list[Any]:
    """Check that there is a list of at least one thing, and give it."""
    children = given[key]
    if not isinstance(children, list) or not 1 <= len(children) <= limit:
        raise BlockError(f"{key} needs 1 to {limit} items")
    return children


def nodes(given: Node, key: str, limit: int, kinds: Mapping[str, Check]) -> None:
    """Check a list of nodes of these types."""
    for child in items(given, key, limit):
        node(child, kinds)


def url(given: Node, key: str) -> None:
    """Check an address that may be absent."""
    string(given, key, 3000)
    check(given.get(key, "https://").startswith(("http://", "https://")), f"{key} is no web address")


def unique(values: list[str], name: str) -> None:
    """Check that no value comes twice."""
    check(len(values) == len(set(values)), f"duplicate {name}")


def text(given: Any, limit: int, *kinds: str) -> None:
    """Check a text object; one of either type unless `kinds` says which."""
    node(given, {kind: TEXTS[kind] for kind in kinds or TEXTS})
    string(given, "text", limit)


def _mrkdwn(given: Node) -> None:
    keys(given, "text", "verbatim")
    switch(given, "verbatim")


TEXTS: Mapping[str, Check] = {
    "plain_text": lambda given: keys(given, "text", "emoji"),
    "mrkdwn": _mrkdwn,
}
