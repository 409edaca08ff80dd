"""Block Kit as strictly as Slack reads it (docs.slack.dev/reference/block-kit), as far as Paperboy uses it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.fakes.server import words

MAX_BLOCKS = 50
MAX_TEXT = 13_200  # characters of all blocks together (bolt-js #2509)
MAX_MARKDOWN = 12_000  # characters of all markdown blocks together

_PING = re.compile(r"<(!(?:here|channel|everyone|subteam\b)[^>]*|@[UW][^>]*)>")
_STYLES = words("bold italic strike code")
_PINGING_ELEMENTS = {"user": "user_id", "usergroup": "usergroup_id", "broadcast": "range"}

Node = dict[str, Any]
Check = Callable[[Node], None]


class BlockError(Exception):
    """The block is not what Slack's reference says; the text tells why."""


def check_blocks(blocks: Any) -> None:
    """Raise BlockError unless Slack would take these blocks."""
    _check(isinstance(blocks, list) and len(blocks) <= MAX_BLOCKS, f"more than {MAX_BLOCKS} blocks, or no list")
    for block in blocks:
        _node(block, BLOCKS)
    _unique([block["block_id"] for block in blocks if "block_id" in block], "block_id")
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    _check(markdown <= MAX_MARKDOWN, "too much markdown")


def size(blocks: Any) -> int:
    """Count the characters of text, wherever it stands."""
    return sum(len(text) for text in _texts(blocks))


def pings_in_text(text: str) -> list[str]:
    """Give the mentions in mrkdwn that would notify somebody."""
    return _PING.findall(text)


def pings_in_blocks(blocks: Any) -> list[str]:
    """Give the mentions of mrkdwn, markdown and rich text that would notify somebody."""
    return [ping for node in _nodes(blocks) for ping in _pings(node)]


def _pings(node: Node) -> list[str]:
    if node.get("type") in ("mrkdwn", "markdown"):
        return pings_in_text(node["text"])
    key = _PINGING_ELEMENTS.get(node.get("type", ""))
    return [node[key]] if key else []


def _nodes(tree: Any) -> Iterator[Node]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


def _texts(tree: Any) -> Iterator[str]:
    return (node["text"] for node in _nodes(tree) if isinstance(node.get("text"), str))


# Small checks


def _check(condition: bool, reason: str) -> None:
    if not condition:
        raise BlockError(reason)


def _node(node: Any, kinds: Mapping[str, Check]) -> None:
    """Check a node of one of these types."""
    kind = node.get("type") if isinstance(node, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise BlockError(f"{kind or node!r} is none of {', '.join(kinds)}")
    kinds[kind](node)


def _keys(node: Node, required: str, optional: str = "") -> None:
    missing = words(required) - node.keys()
    unknown = node.keys() - words(required) - words(optional) - {"type"}
    _check(not missing, f"{node['type']} lacks {', '.join(sorted(missing))}")
    _check(not unknown, f"{node['type']} has no {', '.join(sorted(unknown))}")


def _string(node: Node, key: str, limit: int) -> None:
    """Check a string that may be absent but not empty."""
    value = node.get(key, "-")
    _check(isinstance(value, str) and 1 <= len(value) <= limit, f"{key} needs 1 to {limit} characters")


def _list(node: Node, key: str, limit: int, kinds: Mapping[str, Check]) -> None:
    children = node[key]
    _check(isinstance(children, list) and 1 <= len(children) <= limit, f"{key} needs 1 to {limit} items")
    for child in children:
        _node(child, kinds)


def _url(node: Node, key: str) -> None:
    _string(node, key, 3000)
    _check(node.get(key, "https://").startswith(("http://", "https://")), f"{key} is no web address")


def _unique(values: list[str], name: str) -> None:
    _check(len(values) == len(set(values)), f"duplicate {name}")


# Text objects


def _text(node: Any, limit: int, *kinds: str) -> None:
    """Check a text object; one of either type unless `kinds` says which."""
    _node(node, {kind: _TEXTS[kind] for kind in kinds or _TEXTS})
    _string(node, "text", limit)


_TEXTS: Mapping[str, Check] = {
    "plain_text": lambda node: _keys(node, "text", "emoji"),
    "mrkdwn": lambda node: _keys(node, "text", "verbatim"),
}


# Elements of sections, context and actions


def _button(node: Node) -> None:
    _keys(node, "text", "action_id url value style accessibility_label")
    _text(node["text"], 75, "plain_text")
    _string(node, "action_id", 255)
    _string(node, "value", 2000)
    _string(node, "accessibility_label", 75)
    _check(node.get("style", "primary") in ("primary", "danger"), "button style is primary or danger")
    _url(node, "url")


def _picture(node: Node) -> None:
    _keys(node, "image_url alt_text")
    _url(node, "image_url")
    _string(node, "alt_text", 2000)


# Blocks


def _section(block: Node) -> None:
    _keys(block, "", "text fields accessory block_id expand")
    _check("text" in block or "fields" in block, "section needs text or fields")
    if "text" in block:
        _text(block["text"], 3000)
    if "fields" in block:
        _list(block, "fields", 10, {kind: lambda node: _text(node, 2000) for kind in _TEXTS})
    if "accessory" in block:
        _node(block["accessory"], {"button": _button, "image": _picture})


def _header(block: Node) -> None:
    _keys(block, "text", "block_id")
    _text(block["text"], 150, "plain_text")


def _context(block: Node) -> None:
    _keys(block, "elements", "block_id")
    texts: dict[str, Check] = {kind: lambda node: _text(node, 2000) for kind in _TEXTS}
    _list(block, "elements", 10, texts | {"image": _picture})


def _actions(block: Node) -> None:
    _keys(block, "elements", "block_id")
    _list(block, "elements", 25, {"button": _button})
    _unique([button["action_id"] for button in block["elements"] if "action_id" in button], "action_id")


def _divider(block: Node) -> None:
    _keys(block, "", "block_id")


def _markdown(block: Node) -> None:
    _keys(block, "text", "block_id")
    _string(block, "text", MAX_MARKDOWN)


def _image(block: Node) -> None:
    _keys(block, "image_url alt_text", "title block_id")
    _url(block, "image_url")
    _string(block, "alt_text", 2000)
    if "title" in block:
        _text(block["title"], 2000, "plain_text")


def _rich_text(block: Node) -> None:
    _keys(block, "elements", "block_id")
    _list(block, "elements", 1000, _RICH_PARTS)


def _with_id(check: Check) -> Check:
    def checked(block: Node) -> None:
        check(block)
        _string(block, "block_id", 255)

    return checked


BLOCKS: Mapping[str, Check] = {
    "section": _with_id(_section),
    "header": _with_id(_header),
    "context": _with_id(_context),
    "actions": _with_id(_actions),
    "divider": _with_id(_divider),
    "markdown": _with_id(_markdown),
    "image": _with_id(_image),
    "rich_text": _with_id(_rich_text),
}


# Rich text


def _rich_section(node: Node) -> None:
    _keys(node, "elements")
    _list(node, "elements", 10_000, _RICH_ELEMENTS)


def _rich_quote(node: Node) -> None:
    _keys(node, "elements", "border")
    _list(node, "elements", 10_000, _RICH_ELEMENTS)


def _rich_preformatted(node: Node) -> None:
    _keys(node, "elements", "border language")
    _list(node, "elements", 10_000, {"text": _rich_words, "link": _rich_link})


def _rich_list(node: Node) -> None:
    _keys(node, "elements style", "indent offset border")
    _check(node["style"] in ("bullet", "ordered"), "list style is bullet or ordered")
    _list(node, "elements", 1000, {"rich_text_section": _rich_section})


def _rich_words(node: Node) -> None:
    _keys(node, "text", "style")
    _string(node, "text", MAX_TEXT)
    _style(node)


def _rich_link(node: Node) -> None:
    _keys(node, "url", "text style unsafe")
    _url(node, "url")
    _string(node, "text", MAX_TEXT)
    _style(node)


def _style(node: Node) -> None:
    style = node.get("style", {})
    _check(isinstance(style, dict) and style.keys() <= _STYLES, f"style is of {', '.join(sorted(_STYLES))}")
    _check(all(isinstance(value, bool) for value in style.values()), "style is true or false")


_RICH_ELEMENTS: Mapping[str, Check] = {
    "text": _rich_words,
    "link": _rich_link,
    "emoji": lambda node: _keys(node, "name", "unicode skin_tone style"),
    "user": lambda node: _keys(node, "user_id", "style"),
    "usergroup": lambda node: _keys(node, "usergroup_id", "style"),
    "channel": lambda node: _keys(node, "channel_id", "style"),
    "broadcast": lambda node: _keys(node, "range", "style"),
    "date": lambda node: _keys(node, "timestamp format", "url fallback style"),
    "color": lambda node: _keys(node, "value", "style"),
}
_RICH_PARTS: Mapping[str, Check] = {
    "rich_text_section": _rich_section,
    "rich_text_quote": _rich_quote,
    "rich_text_preformatted": _rich_preformatted,
    "rich_text_list": _rich_list,
}
