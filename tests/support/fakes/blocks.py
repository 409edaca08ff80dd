"""Block Kit as strictly as Slack reads it (docs.slack.dev/reference/block-kit), as far as Paperboy uses it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.fakes.block_checks import (
    TEXTS,
    Check,
    Node,
    check,
    keys,
    node,
    nodes,
    string,
    switch,
    text,
    unique,
    url,
)
from tests.support.fakes.block_elements import PRESSED, actions, dispatching_field, field, picture
from tests.support.fakes.server import words

MAX_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
MAX_TEXT = 13_200  # characters of all blocks together (bolt-js #2509)
MAX_MARKDOWN = 12_000  # characters of all markdown blocks together

_PING = re.compile(r"<(!(?:here|channel|everyone|subteam\b)[^>]*|@[UW][^>]*)>")
_STYLES = words("bold italic strike code")
_SWITCHES = ("is_collapsible", "default_collapsed", "has_header_divider")  # of a container
_PINGING_ELEMENTS = {"user": "user_id", "usergroup": "usergroup_id", "broadcast": "range"}


def check_blocks(blocks: Any) -> None:
    """Raise BlockError unless Slack would take these blocks in a message."""
    _check_all(blocks, MAX_BLOCKS, BLOCKS)


def check_view_blocks(blocks: Any) -> None:
    """Raise BlockError unless Slack would take these blocks in an App Home."""
    _check_all(blocks, MAX_VIEW_BLOCKS, VIEW_BLOCKS)


def _check_all(blocks: Any, most: int, kinds: Mapping[str, Check]) -> None:
    check(isinstance(blocks, list) and len(blocks) <= most, f"more than {most} blocks, or no list")
    for block in blocks:
        node(block, kinds)
    every = list(flat(blocks))
    check(len(every) <= most, f"more than {most} blocks with those in containers")
    unique([block["block_id"] for block in every if "block_id" in block], "block_id")
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    check(markdown <= MAX_MARKDOWN, "too much markdown")


def flat(blocks: list[Node]) -> Iterator[Node]:
    """Give blocks, each container before what it holds."""
    for block in blocks:
        yield from (block, *block.get("child_blocks", ()))


def size(blocks: Any) -> int:
    """Count the characters of text, wherever it stands."""
    return sum(map(len, _texts(blocks)))


def pings_in_text(said: str) -> list[str]:
    """Give the mentions in mrkdwn that would notify somebody."""
    return _PING.findall(said)


def pings_in_blocks(blocks: Any) -> list[str]:
    """Give the mentions of mrkdwn, markdown and rich text that would notify somebody."""
    return [ping for part in _parts(blocks) for ping in _pings(part)]


def _pings(part: Node) -> list[str]:
    if part.get("type") in ("mrkdwn", "markdown"):
        return pings_in_text(part["text"])
    key = _PINGING_ELEMENTS.get(part.get("type", ""))
    return [part[key]] if key else []


def _parts(tree: Any) -> Iterator[Node]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for child in tree:
            yield from _parts(child)


def _texts(tree: Any) -> Iterator[str]:
    return (part["text"] for part in _parts(tree) if isinstance(part.get("text"), str))


# Blocks


def _section(block: Node) -> None:
    keys(block, "", "text fields accessory block_id expand")
    check("text" in block or "fields" in block, "section needs text or fields")
    if "text" in block:
        text(block["text"], 3000)
    if "fields" in block:
        nodes(block, "fields", 10, {kind: lambda part: text(part, 2000) for kind in TEXTS})
    switch(block, "expand")
    if "accessory" in block:
        node(block["accessory"], {**PRESSED, "image": picture})


def _header(block: Node) -> None:
    keys(block, "text", "block_id")
    text(block["text"], 150, "plain_text")


def _context(block: Node) -> None:
    keys(block, "elements", "block_id")
    texts: dict[str, Check] = {kind: lambda part: text(part, 2000) for kind in TEXTS}
    nodes(block, "elements", 10, texts | {"image": picture})


def _divider(block: Node) -> None:
    keys(block, "", "block_id")


def _markdown(block: Node) -> None:
    keys(block, "text", "block_id")
    string(block, "text", MAX_MARKDOWN)


def _image(block: Node) -> None:
    keys(block, "image_url alt_text", "title block_id")
    url(block, "image_url")
    string(block, "alt_text", 2000)
    if "title" in block:
        text(block["title"], 2000, "plain_text")


def _rich_text(block: Node) -> None:
    keys(block, "elements", "block_id")
    nodes(block, "elements", 1000, _RICH_PARTS)


def _container(block: Node) -> None:
    """Check a container, as slack_sdk 3.47 and the changelog of 2026-06-29 describe it."""
    keys(block, "child_blocks", "title rich_text_title subtitle block_id width icon " + " ".join(_SWITCHES))
    check("title" in block or "rich_text_title" in block, "container needs title or rich_text_title")
    if "title" in block:
        text(block["title"], 150, "plain_text")
    if "rich_text_title" in block:
        node(block["rich_text_title"], {"rich_text": _rich_text})
    if "subtitle" in block:
        text(block["subtitle"], 150)
    if "icon" in block:
        node(block["icon"], {"image": picture})
    check(block.get("width", "wide") in words("narrow standard wide full"), "width: narrow, standard, wide or full")
    switch(block, *_SWITCHES)
    folds = block.get("is_collapsible", False)
    check(folds or not block.get("default_collapsed"), "default_collapsed requires is_collapsible")
    check(not (folds and block.get("has_header_divider")), "no has_header_divider where is_collapsible")
    nodes(block, "child_blocks", 10, CHILD_BLOCKS)


def _with_id(checked: Check) -> Check:
    def with_id(block: Node) -> None:
        checked(block)
        string(block, "block_id", 255)

    return with_id


BLOCKS: Mapping[str, Check] = {
    "section": _with_id(_section),
    "header": _with_id(_header),
    "context": _with_id(_context),
    "actions": _with_id(actions),
    "input": _with_id(dispatching_field),
    "divider": _with_id(_divider),
    "markdown": _with_id(_markdown),
    "image": _with_id(_image),
    "rich_text": _with_id(_rich_text),
    "container": _with_id(_container),
}
# The documentation lists rich_text and input, too, which Slack itself refuses (slack-morphism 2.31).
CHILD_BLOCKS: Mapping[str, Check] = {
    kind: BLOCKS[kind] for kind in ("section", "header", "context", "actions", "divider", "image")
}
# Markdown blocks stand in messages only (docs.slack.dev, markdown block), and nothing is known of containers in views;
# a view takes input without dispatch.
VIEW_BLOCKS: Mapping[str, Check] = {
    **{kind: checked for kind, checked in BLOCKS.items() if kind not in ("markdown", "container")},
    "input": _with_id(field),
}


# Rich text


def _rich_section(part: Node) -> None:
    keys(part, "elements")
    nodes(part, "elements", 10_000, _RICH_ELEMENTS)


def _rich_quote(part: Node) -> None:
    keys(part, "elements", "border")
    nodes(part, "elements", 10_000, _RICH_ELEMENTS)


def _rich_preformatted(part: Node) -> None:
    keys(part, "elements", "border language")
    nodes(part, "elements", 10_000, {"text": _rich_words, "link": _rich_link})


def _rich_list(part: Node) -> None:
    keys(part, "elements style", "indent offset border")
    check(part["style"] in ("bullet", "ordered"), "list style is bullet or ordered")
    nodes(part, "elements", 1000, {"rich_text_section": _rich_section})


def _rich_words(part: Node) -> None:
    keys(part, "text", "style")
    string(part, "text", MAX_TEXT)
    _style(part)


def _rich_link(part: Node) -> None:
    keys(part, "url", "text style unsafe")
    url(part, "url")
    string(part, "text", MAX_TEXT)
    _style(part)


def _style(part: Node) -> None:
    style = part.get("style", {})
    check(isinstance(style, dict) and style.keys() <= _STYLES, f"style is of {', '.join(sorted(_STYLES))}")
    check(all(isinstance(value, bool) for value in style.values()), "style is true or false")


_RICH_ELEMENTS: Mapping[str, Check] = {
    "text": _rich_words,
    "link": _rich_link,
    "emoji": lambda part: keys(part, "name", "unicode skin_tone style"),
    "user": lambda part: keys(part, "user_id", "style"),
    "usergroup": lambda part: keys(part, "usergroup_id", "style"),
    "channel": lambda part: keys(part, "channel_id", "style"),
    "broadcast": lambda part: keys(part, "range", "style"),
    "date": lambda part: keys(part, "timestamp format", "url fallback style"),
    "color": lambda part: keys(part, "value", "style"),
}
_RICH_PARTS: Mapping[str, Check] = {
    "rich_text_section": _rich_section,
    "rich_text_quote": _rich_quote,
    "rich_text_preformatted": _rich_preformatted,
    "rich_text_list": _rich_list,
}
