"""What readers ask of the bot and wait for: presses of buttons and inline queries."""

import itertools
import re
from collections.abc import Callable
from typing import Any, Literal

from tests.support.fakes.markup import check_length, content, refuse
from tests.support.fakes.server import Arguments, words
from tests.support.fakes.telegram_keyboards import check_link, checked

Kind = Literal["callback", "inline"]

MAX_TOAST = 200  # characters (Telegram Bot API, answerCallbackQuery)
MAX_RESULTS = 50  # Telegram Bot API, answerInlineQuery
MAX_ID = 64  # bytes of a result's id, and of next_offset
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
ARTICLE = words(
    "type id title input_message_content reply_markup url description thumbnail_url thumbnail_width thumbnail_height"
)
CONTENT = words("message_text parse_mode entities link_preview_options")


class Queries:
    """The queries that are still open, and the answers that the others got."""

    def __init__(self, username: Callable[[], str]) -> None:
        self._username = username
        self.toasts: dict[str, tuple[str, bool]] = {}  # text and show_alert by callback query
        self.opened: dict[str, str] = {}  # links by callback query
        self.inline: dict[str, Arguments] = {}  # the whole answer by inline query
        self._open: dict[str, Kind] = {}
        self._ids = itertools.count(7_000_000_000_000_001)

    def ask(self, kind: Kind) -> str:
        """Open a query and give its id."""
        query = str(next(self._ids))
        self._open[query] = kind
        return query

    def expire(self, query: str) -> None:
        """Let the reader's app give up waiting."""
        del self._open[query]

    def answer_callback(self, arguments: Arguments) -> bool:
        """Answer answerCallbackQuery."""
        text, url = str(arguments.get("text") or ""), str(arguments.get("url") or "")
        if len(text) > MAX_TOAST:
            refuse("MESSAGE_TOO_LONG")
        if url:
            self._check_url(url, text)
        query = self._close("callback", arguments.get("callback_query_id"))
        self.toasts[query] = (text, bool(arguments.get("show_alert")))
        if url:
            self.opened[query] = url
        return True

    def answer_inline(self, arguments: Arguments) -> bool:
        """Answer answerInlineQuery."""
        _check_results(arguments.get("results") or [])
        _check_button(arguments.get("button"))
        if len(str(arguments.get("next_offset") or "").encode()) > MAX_ID:
            refuse("NEXT_OFFSET_INVALID")
        if not isinstance(arguments.get("cache_time", 300), int):
            refuse("the fake server wants a cache_time in whole seconds")
        query = self._close("inline", arguments.get("inline_query_id"))
        self.inline[query] = arguments
        return True

    def _check_url(self, url: str, text: str) -> None:
        """Let only a link to this very bot be opened: there are no games (Telegram Bot API, answerCallbackQuery)."""
        link = re.fullmatch(r"(?:https?://)?t\.me/(\w+)\?start=[\w-]{1,64}", url, re.ASCII)
        if not link or link[1].lower() != self._username().lower():
            refuse("URL_INVALID")
        if text:  # Telegram takes both, and its apps then show the text and open nothing (tdesktop, api_bot.cpp)
            refuse("the fake server wants a text or a url")

    def _close(self, kind: Kind, query: Any) -> str:
        """Take a query off; one that is unknown, answered or expired is all the same to Telegram."""
        if self._open.get(str(query)) != kind:
            refuse(TOO_OLD)
        del self._open[str(query)]
        return str(query)


def _check_results(results: Any) -> None:
    if not isinstance(results, list):
        refuse("expected an Array of inline query results")
    if len(results) > MAX_RESULTS:
        refuse("too many inline query results specified")
    for result in results:
        _check_article(result)
    if len({result["id"] for result in results}) < len(results):
        refuse("RESULT_ID_DUPLICATE")


def _check_article(result: dict[str, Any]) -> None:
    _require(result, "type", "id")
    if result["type"] != "article" or result.keys() - ARTICLE:
        refuse(f"the fake server knows articles with {', '.join(sorted(ARTICLE))}")
    if not 1 <= len(str(result["id"]).encode()) <= MAX_ID:
        refuse("RESULT_ID_INVALID")
    _check_content(result)
    checked(result.get("reply_markup"), only_inline=True)
    _require(result, "title")
    if not result["title"]:
        refuse("ARTICLE_TITLE_EMPTY")
    if result.get("url"):
        check_link(result["url"], "URL")


def _check_content(result: dict[str, Any]) -> None:
    """Put the text to the checks of a message's."""
    if not result.get("input_message_content"):
        _require(result, "message_text")  # where it once stood (telegram-bot-api, get_inline_query_result)
    message = result["input_message_content"]
    if message.keys() - CONTENT:
        refuse(f"the fake server knows {', '.join(sorted(CONTENT))} of input_message_content")
    if not message.get("message_text"):
        refuse("can't parse inline query result: Input message content is not specified")
    check_length(content(message | {"text": message["message_text"]})[0])


def _require(result: dict[str, Any], *fields: str) -> None:
    for field in fields:
        if field not in result:
            refuse(f"can't parse inline query result: Can't find field \"{field}\"")


def _check_button(button: dict[str, Any] | None) -> None:
    if button is None:
        return
    if not button.get("text") or len(button.keys() & {"start_parameter", "web_app"}) != 1:
        refuse("can't parse inline query results button: InlineQueryResultsButton must have exactly one optional field")
    if not re.fullmatch(r"[\w-]{1,64}", button.get("start_parameter", "x"), re.ASCII):
        refuse("START_PARAM_INVALID")
