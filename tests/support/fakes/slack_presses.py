"""Find what somebody presses in blocks, and spell the press as Slack does (block_actions payload)."""

import copy
from collections.abc import Iterator
from typing import Any

from tests.support.fakes.blocks import flat

Node = dict[str, Any]


class NotSentError(Exception):
    """Slack would not send this: the test asks for what cannot happen."""


def with_ids(blocks: list[Node]) -> list[Node]:
    """Name the blocks and elements that the app left nameless, as Slack does."""
    named = copy.deepcopy(blocks)
    for number, block in enumerate(flat(named)):
        block.setdefault("block_id", f"b{number}")
        for place, element in enumerate(_elements(block)):
            element.setdefault("action_id", f"a{place}")
    return named


def press(blocks: list[Node], what: str, option: str) -> Node:
    """Spell the press of the one element that has this action_id or a part of this label."""
    found = [(block, element) for block in flat(with_ids(blocks)) for element in _elements(block)]
    fitting = [pair for pair in found if pair[1]["action_id"] == what] or [
        pair for pair in found if what in _label(pair[1])
    ]
    if len(fitting) != 1:
        there = ", ".join(f"{_label(element)!r} ({element['action_id']})" for _, element in found)
        raise NotSentError(f"{len(fitting)} elements fit {what!r}; there are: {there or 'none'}")
    [(block, element)] = fitting
    return {**_kept(element), **_chosen(element, option), "block_id": block["block_id"]}


def forge(action_id: str, value: str) -> Node:
    """Spell the press of a button that was never posted."""
    return {"type": "button", "action_id": action_id, "block_id": "forged", "value": value}


def state(blocks: list[Node], action: Node) -> Node:
    """Give what is chosen in all elements that keep a choice, after this action (state.values)."""
    values: Node = {}
    for block in flat(with_ids(blocks)):
        for element in _elements(block):
            pressed = (block["block_id"], element["action_id"]) == (action["block_id"], action["action_id"])
            chosen = action.get("selected_option") if pressed else element.get("initial_option")
            if element["type"] in ("static_select", "radio_buttons"):
                place = values.setdefault(block["block_id"], {})
                place[element["action_id"]] = {"type": element["type"], "selected_option": chosen}
    return {"values": values}


def _elements(block: Node) -> Iterator[Node]:
    """Give what can be pressed in a block."""
    candidates = [*block.get("elements", []), block.get("accessory"), block.get("element")]
    kinds = ("button", "static_select", "radio_buttons", "overflow")
    return (element for element in candidates if element and element["type"] in kinds)


def _label(element: Node) -> str:
    """Give what people read on it: a menu is known by its placeholder or its options."""
    texts = [element.get("text"), element.get("placeholder"), *(option["text"] for option in _choices(element))]
    return " / ".join(text["text"] for text in texts if text)


def _choices(element: Node) -> list[Node]:
    groups = [group["options"] for group in element.get("option_groups", [])]
    return [option for options in (element.get("options", []), *groups) for option in options]


def _kept(element: Node) -> Node:
    """Give what a press repeats of its element."""
    names = ("type", "action_id", "text", "value", "style", "placeholder", "initial_option")
    return {name: element[name] for name in names if name in element}


def _chosen(element: Node, option: str) -> Node:
    if element["type"] == "button":
        return {}
    choices = _choices(element)
    fitting = [choice for choice in choices if choice["value"] == option] or [
        choice for choice in choices if option in choice["text"]["text"]
    ]
    if not option or len(fitting) != 1:
        raise NotSentError(f"{len(fitting)} options fit {option!r}; there are: {_label(element)}")
    return {"selected_option": fitting[0]}
