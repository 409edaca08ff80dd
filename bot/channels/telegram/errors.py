"""What the errors of python-telegram-bot mean for a send.

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
from bot.log import redacted

# What a 400 says, in lower case, when the chat and not the message is at fault.
_CHAT_FAULTS = (
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

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


def translate(error: TelegramError, chat: str, token: str = "") -> SendError:
    """Give the error of ours that says what an error of the SDK means for a send to `chat`.

    Two traps: BadRequest and TimedOut are NetworkErrors, and a 404 is an InvalidToken.
    """
    words = redacted(str(error), [token])[:300]
    match error:
        case BadRequest() | Forbidden() | InvalidToken() if isinstance(error.__cause__, TelegramError):
            # Not in Telegram's form, so not its word: a proxy let the call not through.
            return RetryLater(f"Telegram cannot be reached, something else answers: {words}")
        case RetryAfter():
            return RetryLater(f"Telegram asks to wait: {words}", seconds(error), flood=True)
        case ChatMigrated():
            return ChatMoved(f"{chat} became the supergroup {error.new_chat_id}", str(error.new_chat_id))
        case InvalidToken():
            return BotGone("Telegram refuses the token; get a new one from @BotFather and set telegram.token")
        case Forbidden():
            return ChatGone(f"{words}; add the bot to the chat again and let it post")
        case BadRequest() if any(fault in words.lower() for fault in _CHAT_FAULTS):
            return ChatGone(f"{words}; check the address, and that the bot is a member that may post")
        case BadRequest():
            return Rejected(f"Telegram refuses this message: {words}")
        case NetworkError() if _never_left(error):
            return RetryLater(f"Telegram cannot be reached: {words}")
        case NetworkError() if "too many requests" in words.lower():
            return RetryLater(f"Telegram asks to wait: {words}", 30.0, flood=True)  # it did not say how long
    return Unconfirmed(f"Telegram's answer was lost ({words or type(error).__name__})")


def _never_left(error: NetworkError) -> bool:
    """Tell whether a request surely did not reach the server."""
    return isinstance(error.__cause__, _UNSENT)


def seconds(error: RetryAfter) -> float:
    """Give how long Telegram asks to wait."""
    with warnings.catch_warnings():  # the type of the number is about to change, and it says so each time
        warnings.simplefilter("ignore", PTBDeprecationWarning)
        after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)
