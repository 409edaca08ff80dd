"""What people press and choose in blocks, as strictly as Slack reads it (docs.slack.dev/reference/block-kit)."""

from collections.abc import Mapping
from typing import Any

from tests.support.fakes.block_checks import Check, Node, check, items, keys, nodes, string, switch, text, unique, url


def unique_actions(elements: list[Node]) -> None:
    """Check that the elements of one block can be told apart."""
    unique([element["action_id"] for element in elements if "action_id" in element], "action_id")


def picture(element: Node) -> None:
    """Check an image beside other things."""
    keys(element, "image_url alt_text")
    url(element, "image_url")
    string(element, "alt_text", 2000)


def _button(element: Node) -> None:
    keys(element, "text", "action_id url value style confirm accessibility_label")
    text(element["text"], 75, "plain_text")
    string(element, "action_id", 255)
    string(element, "value", 2000)
    string(element, "accessibility_label", 75)
    check(element.get("style", "primary") in ("primary", "danger"), "button style is primary or danger")
    url(element, "url")
    _confirm(element)


def _confirm(element: Node) -> None:
    """Check the question that is asked before the press counts."""
    if "confirm" not in element:
        return
    question = element["confirm"]
    check(isinstance(question, dict), "confirm is an object")
    keys(question, "title text confirm deny", "style")
    for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        text(question[name], limit, "plain_text")
    check(question.get("style", "primary") in ("primary", "danger"), "confirm style is primary or danger")


def _select(element: Node) -> None:
    keys(element, "", "action_id options option_groups initial_option placeholder confirm focus_on_load")
    string(element, "action_id", 255)
    switch(element, "focus_on_load")
    check(("options" in element) != ("option_groups" in element), "a select has options or option_groups")
    if "placeholder" in element:
        text(element["placeholder"], 150, "plain_text")
    _initial(element, _groups(element) if "option_groups" in element else _options(element, 100, "plain_text"))
    _confirm(element)


def _groups(element: Node) -> list[Any]:
    options: list[Any] = []
    for group in items(element, "option_groups", 100):
        keys(group, "label options")
        text(group["label"], 75, "plain_text")
        options += _options(group, 100, "plain_text")
    return options


def _radios(element: Node) -> None:
    keys(element, "options", "action_id initial_option confirm focus_on_load")
    string(element, "action_id", 255)
    switch(element, "focus_on_load")
    _initial(element, _options(element, 10))
    _confirm(element)


def _overflow(element: Node) -> None:
    keys(element, "options", "action_id confirm")
    string(element, "action_id", 255)
    _options(element, 5, "plain_text", more="url")
    _confirm(element)


def _options(element: Node, limit: int, *kinds: str, more: str = "") -> list[Any]:
    options = items(element, "options", limit)
    for option in options:
        check(isinstance(option, dict), "an option is an object")
        keys(option, "text value", f"description {more}")
        text(option["text"], 75, *kinds)
        string(option, "value", 150)
        url(option, "url")
        if "description" in option:
            text(option["description"], 75, "plain_text")
    return options


def _initial(element: Node, options: list[Any]) -> None:
    """Check that what is chosen at first is exactly one of the options."""
    check("initial_option" not in element or element["initial_option"] in options, "initial_option is no option")


def _entry(element: Node) -> None:
    numbers = "min_length max_length"
    keys(element, "", f"action_id initial_value multiline placeholder {numbers} dispatch_action_config focus_on_load")
    string(element, "action_id", 255)
    string(element, "initial_value", 3000)
    switch(element, "multiline", "focus_on_load")
    if "placeholder" in element:
        text(element["placeholder"], 150, "plain_text")
    for name in numbers.split():
        check(isinstance(element.get(name, 1), int) and 0 <= element.get(name, 1) <= 3000, f"{name}: 0 to 3000")


PRESSED: Mapping[str, Check] = {
    "button": _button,
    "static_select": _select,
    "radio_buttons": _radios,
    "overflow": _overflow,
}
ENTERED: Mapping[str, Check] = {
    "static_select": _select,
    "radio_buttons": _radios,
    "plain_text_input": _entry,
}


def actions(block: Node) -> None:
    """Check a row of elements."""
    keys(block, "elements", "block_id")
    nodes(block, "elements", 25, PRESSED)
    unique_actions(block["elements"])


def field(block: Node) -> None:
    """Check an input block."""
    keys(block, "label element", "dispatch_action hint optional block_id")
    text(block["label"], 2000, "plain_text")
    nodes({"element": [block["element"]]}, "element", 1, ENTERED)
    switch(block, "dispatch_action", "optional")
    if "hint" in block:
        text(block["hint"], 2000, "plain_text")


def dispatching_field(block: Node) -> None:
    """Check an input block of a message, which has no button that would submit it."""
    field(block)
    check(block.get("dispatch_action") is True, "an input block of a message needs dispatch_action")
