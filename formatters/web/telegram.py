"""Draw the arguments of Telegram's sendMessage as HTML, as Telegram would show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formatters.below import LONGEST_COPY
from formatters.lines import LONGEST as LONGEST_LINE
from formatters.spans import Span
from formatters.telegram import LONGEST_TEXT, MOST_BUTTONS, MOST_BYTES, utf16
from formatters.web import telegram_html
from formatters.web.elements import Refused, element, escape, link, linked, refusal
from formatters.web.telegram_html import Read


def draw(body: Mapping[str, object], at: str = "") -> str:
    """Draw one message with its buttons, and the time that it says; a reason instead where Telegram would refuse it.

    A press of a button submits its line as the form value `line`: the page puts a form around the message.
    """
    try:
        text, keys = read(body), _keyboard(body.get("reply_markup"))
    except Refused as why:
        return refusal("Telegram", why, str(body.get("text", "")))
    time = element("footer", element("time", escape(at))) if at else ""
    return element("div", element("div", text.html, class_="text") + time, class_="bubble") + keys


def read(body: Mapping[str, object]) -> Read:
    """Read the text of a message; Refused with Telegram's reason where it would not take the text."""
    text = str(body.get("text", ""))
    if not text:
        raise Refused("message text is empty")
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise Refused("text is too long")
    found = _parsed(text, body.get("parse_mode"))
    if not found.text.strip():
        raise Refused("text must be non-empty")
    if (used := units(found.text.rstrip())) > LONGEST_TEXT:
        raise Refused(f"message is too long, {used:,} characters of {LONGEST_TEXT:,}")
    return found


def units(text: str) -> int:
    """Count characters as the formatter does."""
    return utf16(Span(text))


def _parsed(text: str, mode: object) -> Read:
    if not mode:
        return Read(linked(text), text, 0)
    if str(mode).lower() != "html":
        raise Refused("unsupported parse_mode")
    return telegram_html.read(text)


def _keyboard(markup: object) -> str:
    if markup is None:
        return ""
    if not isinstance(markup, Mapping) or not isinstance(rows := markup.get("inline_keyboard"), list | tuple):
        raise Refused("object expected as reply markup")
    if not all(isinstance(row, list | tuple) for row in rows):
        raise Refused('field "inline_keyboard" must be an array of arrays')
    if sum(map(len, rows)) > MOST_BUTTONS:
        raise Refused("reply markup is too long")
    drawn = "".join(element("div", "".join(map(_button, row)), class_="row") for row in rows if row)
    return element("div", drawn, class_="keys") if drawn else ""


def _button(button: Any) -> str:
    if not isinstance(button, Mapping) or not str(button.get("text", "")).strip():
        raise Refused("can't parse inline keyboard button: its text must not be empty")
    label = escape(str(button["text"]))
    if "copy_text" in button:
        return _copy_button(label, button["copy_text"])
    if "url" in button:
        return _link_button(label, str(button["url"]))
    line = str(button.get("callback_data", ""))
    if not 0 < len(line.encode("utf-8", "replace")) <= LONGEST_LINE:
        raise Refused("BUTTON_DATA_INVALID")
    return element("button", label, class_="key", name="line", value=line)


def _link_button(label: str, address: str) -> str:
    drawn = link(address, label, class_="key")
    if drawn == label:
        raise Refused(f"inline keyboard button URL '{address}' is invalid")
    return drawn


def _copy_button(label: str, copied: object) -> str:
    """Show on a press what would be put on the clipboard: this needs no script."""
    text = str(copied.get("text", "")) if isinstance(copied, Mapping) else ""
    if not 0 < units(text) <= LONGEST_COPY:
        raise Refused("BUTTON_COPY_TEXT_INVALID")
    return element("details", element("summary", label, class_="key") + element("code", escape(text)), class_="copy")
