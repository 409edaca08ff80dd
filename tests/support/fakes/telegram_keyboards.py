"""The keyboards under Telegram's messages, checked as Telegram does and more for typos."""

from html import escape
from typing import Any

from tests.support.fakes.answers import RefusalError
from tests.support.fakes.markup import parse, refuse
from tests.support.fakes.server import words

Button = dict[str, Any]

MAX_BUTTONS = 100
MAX_IN_ROW = 8
MAX_DATA = 64  # bytes (Telegram Bot API, InlineKeyboardButton)
MAX_COPIED = 256  # characters (Telegram Bot API, CopyTextButton)
KINDS = words(
    "url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat"
    " switch_inline_query_chosen_chat copy_text callback_game pay"
)
LOOKS = words("text style icon_custom_emoji_id")


def is_inline(keyboard: Any) -> bool:
    """Tell an inline keyboard from one that replaces the letters."""
    return isinstance(keyboard, dict) and "inline_keyboard" in keyboard


def checked(keyboard: Any, *, in_channel: bool = False, only_inline: bool = False) -> Any:
    """Give the reply_markup of a message, None for none; posts of a channel are anonymous (td, ReplyMarkup.cpp)."""
    if not keyboard:
        return None
    if not isinstance(keyboard, dict):
        refuse("object expected as reply markup")
    if not is_inline(keyboard) and (in_channel or only_inline):
        refuse("inline keyboard expected")
    return _checked_rows(keyboard, in_channel) if is_inline(keyboard) else keyboard


def _checked_rows(keyboard: Any, in_channel: bool) -> Any:
    rows = keyboard["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        refuse('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    buttons = [button for row in rows for button in row]
    for button in buttons:
        _check(button, in_channel)
    if len(buttons) > MAX_BUTTONS or any(len(row) > MAX_IN_ROW for row in rows):
        refuse("reply markup is too long")  # eight in a row is known only from experience, as is the hundred
    return keyboard if buttons else None


def kind_of(button: Button) -> str:
    """Name what a button does; Telegram takes empty data for none at all (telegram-bot-api, Client.cpp)."""
    given = [kind for kind in sorted(KINDS & button.keys()) if button[kind] or kind not in ("url", "callback_data")]
    if not given:
        refuse("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(given) > 1:
        refuse(f"the fake server wants one of {', '.join(given)} in a button")
    return given[0]


def value_of(button: Button) -> str:
    """Give the data or the link of a button."""
    return str(button[kind_of(button)])


def _check(button: Any, in_channel: bool) -> None:
    if not isinstance(button, dict) or "text" not in button:
        refuse("can't parse inline keyboard button: Can't find field \"text\"")
    unknown = sorted(button.keys() - KINDS - LOOKS)
    if unknown:
        refuse(f"the fake server knows no {', '.join(unknown)} of a button")
    kind = kind_of(button)
    if not button["text"]:
        refuse("inline keyboard button text must be non-empty")  # Telegram drops the button without a word
    if in_channel and kind in ("switch_inline_query", "switch_inline_query_current_chat"):
        refuse(f"can't use {kind} button in a channel chat, because {_NO_USERNAME}")
    _check_value(kind, button[kind])


_NO_USERNAME = "users will not be able to use the button without knowing bot's username"


def _check_value(kind: str, value: Any) -> None:
    if kind == "callback_data" and len(str(value).encode()) > MAX_DATA:
        refuse("BUTTON_DATA_INVALID")
    if kind == "url":
        check_link(str(value), "inline keyboard button URL")
    if kind == "copy_text":
        _check_copied(value)


def _check_copied(value: Any) -> None:
    """Check what a press copies; whether letters or UTF-16 units are counted is not known, so the stricter."""
    if not isinstance(value, dict):
        refuse("can't parse inline keyboard button: Object expected as copy_text")
    if unknown := sorted(value.keys() - {"text"}):
        refuse(f"the fake server knows no {', '.join(unknown)} of a copy_text")
    text = value.get("text")
    if not isinstance(text, str) or not 1 <= len(text.encode("utf-16-le")) // 2 <= MAX_COPIED or not text.strip():
        refuse("BUTTON_COPY_TEXT_INVALID")


def check_link(url: str, what: str) -> None:
    """Ask Telegram's parser, which drops the links of a text by the same check (td, LinkManager check_link)."""
    try:
        entities = parse(f'<a href="{escape(url)}">x</a>', "HTML")[1]
    except RefusalError:
        entities = []
    if not entities:
        web = url.lower().startswith(("http://", "https://")) or ":" not in url
        refuse(f"{what} '{url}' is invalid: {'Wrong HTTP URL' if web else 'Unsupported URL protocol'}")
