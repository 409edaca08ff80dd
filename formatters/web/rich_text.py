"""Draw Slack's rich_text (docs.slack.dev, rich text block)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from formatters.slack import limits
from formatters.web import fields
from formatters.web.elements import Refused, element, escape, link
from formatters.web.fields import Node

_MOST = 10_000  # elements, and characters of one: more than a message holds
_TAGS = (("code", "code"), ("strike", "s"), ("italic", "i"), ("bold", "b"))
_DEEPEST = 8  # levels of a list that the style sheet knows


def draw(block: Node) -> str:
    """Draw the parts of a block of rich text."""
    return "".join(map(_part, fields.nodes(block, "elements", _MOST)))


def _part(part: Node) -> str:
    drawing = _PARTS.get(fields.kind(part))
    if drawing is None:
        raise fields.unsupported(part, "rich_text")
    return drawing(part)


def _section(part: Node) -> str:
    fields.only(part, "elements")
    return element("p", _inside(part))


def _quote(part: Node) -> str:
    fields.only(part, "elements border")
    return element("blockquote", _inside(part))


def _preformatted(part: Node) -> str:
    fields.only(part, "elements border language")
    return element("pre", _inside(part))


def _list(part: Node) -> str:
    fields.only(part, "elements style indent offset border")
    style = fields.string(part, "style", 10)
    if style not in ("bullet", "ordered"):
        raise Refused("invalid_blocks: style of rich_text_list is bullet or ordered")
    items = "".join(map(_item, fields.nodes(part, "elements", _MOST)))
    level = f"level{min(fields.number(part, 'indent'), _DEEPEST)}"
    first = fields.number(part, "offset") + 1
    return (
        element("ol", items, class_=level, start=str(first))
        if style == "ordered"
        else element("ul", items, class_=level)
    )


def _item(part: Node) -> str:
    if fields.kind(part) != "rich_text_section":
        raise fields.unsupported(part, "rich_text_list")
    return element("li", _inside(part))


def _inside(part: Node) -> str:
    return "".join(map(_element, fields.nodes(part, "elements", _MOST)))


def _element(node: Node) -> str:
    drawing = _ELEMENTS.get(fields.kind(node))
    if drawing is None:
        raise fields.unsupported(node, "rich_text_section")
    return _styled(drawing(node), node.get("style", {}))


def _styled(drawn: str, style: object) -> str:
    if not isinstance(style, Mapping):
        raise Refused("invalid_blocks: style is an object")
    for name, tag in _TAGS:
        if style.get(name) is True:
            drawn = element(tag, drawn)
    return drawn


def _text(node: Node) -> str:
    fields.only(node, "text style")
    return escape(fields.string(node, "text", _MOST))


def _link(node: Node) -> str:
    fields.only(node, "url text style unsafe")
    address = fields.string(node, "url", limits.ADDRESS)
    drawn = link(address, escape(str(node.get("text") or address)))
    if not drawn.startswith("<a "):
        raise Refused("invalid_blocks: url of link is no web address")
    return drawn


def _mention(sign: str, name: str) -> Callable[[Node], str]:
    return lambda node: element("span", escape(sign + fields.string(node, name, 255)), class_="mention")


_PARTS: Mapping[str, Callable[[Node], str]] = {
    "rich_text_section": _section,
    "rich_text_list": _list,
    "rich_text_quote": _quote,
    "rich_text_preformatted": _preformatted,
}
_ELEMENTS: Mapping[str, Callable[[Node], str]] = {
    "text": _text,
    "link": _link,
    "emoji": lambda node: escape(f":{fields.string(node, 'name', 255)}:"),
    "user": _mention("@", "user_id"),
    "usergroup": _mention("@", "usergroup_id"),
    "channel": _mention("#", "channel_id"),
    "broadcast": _mention("@", "range"),
}
