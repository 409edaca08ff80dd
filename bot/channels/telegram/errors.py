"""Translate the errors of python-telegram-bot into ours: what do they mean for a send?

Sources of the facts: Telegram Bot API, "Making requests" and "ResponseParameters", and the sources of
its server for the wording of refusals.
"""

from __future__ import annotations

import warnings
from datetime import timedelta

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.warnings import PTBDeprecationWarning

from bot.errors import BotGone, ChatGone, ChatMoved, Rejected, RetryLater, SendError, Unconfirmed
from bot.ledger.writing.deadline import NotWritten
from bot.log import redacted
from bot.network.failures import explain, speaks_no_socks

# Parts of a 400's text, in lower case, when the chat and not the message is the problem.
_CHAT_PROBLEMS = (
    "chat not found",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_admin_required",
    "channel_private",
    "have no write access",
    "have no rights",
    "not enough rights",
    "need administrator rights",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
    "peer_id_invalid",
    "user_is_blocked",
    "group chat was deactivated",
    "user not found",
)

_NEVER_SENT: tuple[type[Exception], ...] = (
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL),
    *(httpx.ProxyError, NotWritten),
)


def translate(error: TelegramError, chat: str, token: str = "") -> SendError:
    """Give our error for an error of the SDK in a call about `chat`; the token is left out of its text.

    Two traps: BadRequest and TimedOut are NetworkErrors, and a 404 is an InvalidToken.
    """
    text = redacted(str(error), [token])[:300]
    match error:
        case BadRequest() | Forbidden() | InvalidToken() if isinstance(error.__cause__, TelegramError):
            # It does not look like Telegram's JSON, so a proxy has answered: the call did not get through.
            return RetryLater(f"Telegram cannot be reached, something else answers: {text}")
        case RetryAfter():
            return RetryLater(f"Telegram asks to wait: {text}", seconds_to_wait(error), flood=True)
        case ChatMigrated():
            return ChatMoved(f"{chat} became the supergroup {error.new_chat_id}", str(error.new_chat_id))
        case InvalidToken():
            return BotGone("Telegram refuses the token; get a new one from @BotFather and set telegram.token")
        case Forbidden():
            return ChatGone(f"{text}; add the bot to the chat again and let it post")
        case BadRequest() if any(problem in text.lower() for problem in _CHAT_PROBLEMS):
            return ChatGone(f"{text}; check the address, and that the bot is a member that may post")
        case BadRequest():
            return Rejected(f"Telegram refuses this message: {text}")
        case NetworkError() if _was_never_sent(error):
            return RetryLater(f"Telegram cannot be reached: {explain(error) or text}")
        case NetworkError() if "too many requests" in text.lower():
            return RetryLater(f"Telegram asks to wait: {text}", 30.0, flood=True)  # it did not say how long
    return Unconfirmed(f"Telegram's answer was lost ({text or type(error).__name__})")


def _was_never_sent(error: NetworkError) -> bool:
    """Tell whether a request surely did not reach the server."""
    return isinstance(error.__cause__, _NEVER_SENT) or speaks_no_socks(error.__cause__)


def seconds_to_wait(error: RetryAfter) -> float:
    """Give how long Telegram asks to wait."""
    with warnings.catch_warnings():  # the SDK warns at each access that the type will change
        warnings.simplefilter("ignore", PTBDeprecationWarning)
        after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)
