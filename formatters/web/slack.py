"""Draw the arguments of Slack's chat.postMessage as HTML, as Slack would show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from formatters.slack import limits
from formatters.slack.texts import unescape
from formatters.web import fields, mrkdwn, rich_text
from formatters.web.elements import Refused, element, escape, link, refusal
from formatters.web.fields import Node

_TEXTS = {"plain_text": "text emoji", "mrkdwn": "text verbatim"}


def draw(body: Mapping[str, object]) -> str:
    """Draw one message with its buttons; a reason instead where Slack would refuse it.

    A press of a button submits its value as the form value `line`: the page puts a form around the message.
    """
    try:
        return _message(body)
    except Refused as why:
        return refusal("Slack", why, str(body.get("text", "")))


def _message(body: Mapping[str, object]) -> str:
    blocks = body.get("blocks")
    if not blocks:
        return _plain(body)
    if limits.blocks(blocks) > limits.BLOCKS:
        raise Refused(f"invalid_blocks: more than {limits.BLOCKS} blocks, with those inside of containers")
    if limits.characters(blocks) > limits.REFUSED:
        raise Refused("msg_blocks_too_long")
    return _blocks({"type": "a message", "blocks": blocks}, "blocks", limits.BLOCKS, _BLOCKS)


def _plain(body: Mapping[str, object]) -> str:
    """Draw a message that has no blocks: its text, in mrkdwn unless that is switched off."""
    text = str(body.get("text", ""))
    if not text.strip():
        raise Refused("no_text")
    shown = text[: limits.TEXT_SHOWN]
    drawn = escape(unescape(shown)) if body.get("mrkdwn") is False else mrkdwn.draw(shown)
    return element("div", drawn, class_="section")


def _blocks(node: Node, name: str, most: int, drawings: Mapping[str, Callable[[Node], str]]) -> str:
    drawn = ""
    for block in fields.nodes(node, name, most):
        drawing = drawings.get(fields.kind(block))
        if drawing is None:
            raise fields.unsupported(block, fields.kind(node))
        drawn += drawing(block)
    return drawn


# Blocks


def _rich_text(block: Node) -> str:
    fields.only(block, "elements")
    return element("div", rich_text.draw(block), class_="rich")


def _section(block: Node) -> str:
    fields.only(block, "text fields accessory expand")
    if "text" not in block and "fields" not in block:
        raise Refused("invalid_blocks: section needs text or fields")
    said = element("div", _text(block["text"], limits.SECTION)) if "text" in block else ""
    if "fields" in block:
        every = fields.nodes(block, "fields", limits.FIELDS)
        said += element("div", "".join(element("div", _text(one, limits.FIELD)) for one in every))
    beside = _button(block["accessory"]) if "accessory" in block else ""
    return element("div", said + beside, class_="section")


def _header(block: Node) -> str:
    fields.only(block, "text")
    return element("p", _text(block.get("text"), limits.TITLE, "plain_text"), class_="header")


def _context(block: Node) -> str:
    fields.only(block, "elements")
    every = fields.nodes(block, "elements", limits.ELEMENTS)
    return element("div", "".join(element("span", _text(one, limits.ELEMENT)) for one in every), class_="context")


def _actions(block: Node) -> str:
    fields.only(block, "elements")
    return element("div", "".join(map(_button, fields.nodes(block, "elements", limits.BUTTONS))), class_="actions")


def _divider(block: Node) -> str:
    fields.only(block, "")
    return "<hr>"


def _container(block: Node) -> str:
    """Draw a container, closed where it begins so: its title opens and closes it without script."""
    fields.only(block, "title subtitle child_blocks width is_collapsible default_collapsed has_header_divider")
    can_close, is_closed = (fields.switch(block, name) for name in ("is_collapsible", "default_collapsed"))
    if is_closed and not can_close:
        raise Refused("invalid_blocks: default_collapsed of container needs is_collapsible")
    inside = element("div", _blocks(block, "child_blocks", limits.CHILDREN, _CHILDREN), class_="children")
    if not can_close:
        return element("div", element("div", _head(block), class_="head") + inside, class_="container")
    drawn = element("details", element("summary", _head(block)) + inside, class_="container")
    return drawn if is_closed else drawn.replace("<details", "<details open", 1)


def _head(block: Node) -> str:
    title = element("b", _text(block.get("title"), limits.TITLE, "plain_text"))
    return title + (element("span", _text(block["subtitle"], limits.TITLE)) if "subtitle" in block else "")


# What blocks are made of


def _text(given: object, most: int, *kinds: str) -> str:
    node = fields.as_node(given)
    found = fields.kind(node)
    if found not in (kinds or _TEXTS):
        raise fields.unsupported(node, "a text")
    fields.only(node, _TEXTS[found])
    text = fields.string(node, "text", most)
    return mrkdwn.draw(text) if found == "mrkdwn" else escape(text)


def _button(given: object) -> str:
    node = fields.as_node(given)
    if fields.kind(node) != "button":
        raise Refused(f"Paperboy draws no {fields.kind(node)}")
    fields.only(node, "text action_id url value style confirm accessibility_label")
    label = _text(node.get("text"), limits.LABEL, "plain_text")
    style = f"btn {escape(str(node.get('style', '')))}".strip()
    if "url" in node:
        return _link_button(label, fields.string(node, "url", limits.ADDRESS), style)
    return element("button", label, class_=style, name="line", value=fields.string(node, "value", limits.VALUE))


def _link_button(label: str, address: str, style: str) -> str:
    drawn = link(address, label, class_=style)
    if drawn == label:
        raise Refused("invalid_blocks: url of button is no web address")
    return drawn


_CHILDREN: Mapping[str, Callable[[Node], str]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
}
_BLOCKS = {**_CHILDREN, "rich_text": _rich_text, "container": _container}
