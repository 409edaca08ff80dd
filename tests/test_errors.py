"""Every error of an SDK means one class of ours, as the platforms' pages say; and ours form the tree they draw."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator
from itertools import combinations

import aiohttp
import httpx
import pytest
import telegram.error as theirs
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from yarl import URL

from bot import errors
from bot.channels.slack.api import errors as slack_errors
from bot.channels.telegram import errors as telegram_errors
from bot.errors import BotGone, ChatGone, ChatMoved, Rejected, RetryLater, SendError, Unconfirmed

pytestmark = pytest.mark.unmeasured

TELEGRAM_TOKEN = "123456:FAKE-telegram-token"
SLACK_TOKEN = "xoxb-FAKE-slack-token"


def walk(root: type[BaseException]) -> Iterator[type[BaseException]]:
    """Give a class and all below it."""
    yield root
    for child in root.__subclasses__():
        yield from walk(child)


def ours() -> list[type[BaseException]]:
    """List the errors of our own; Stopped is none, since nothing is wrong then."""
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    return [one for one in classes if issubclass(one, BaseException) and one is not errors.Stopped]


# Our own tree


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(
        r"(\w+(?:Error|Later|Unconfirmed|Rejected|Gone|Moved)|Unconfirmed|Rejected)  ", errors.__doc__ or ""
    )
    assert sorted(drawn) == sorted(one.__name__ for one in ours() if one is not errors.PaperboyError)


def test_everything_we_report_is_a_paperboy_error() -> None:
    assert all(issubclass(one, errors.PaperboyError) for one in ours())


def test_an_error_tells_what_the_ledger_needs() -> None:
    wait, moved = RetryLater("wait", 7, flood=True), ChatMoved("moved", "-1009")
    assert (str(wait), wait.after, wait.flood) == ("wait", 7, True)
    assert (str(moved), moved.address) == ("moved", "-1009")


# Telegram: the classes of python-telegram-bot


def caused(error: theirs.TelegramError, cause: Exception) -> theirs.TelegramError:
    error.__cause__ = cause
    return error


def flood(seconds: int) -> theirs.RetryAfter:
    """Make the one error that warns, when made, of what its next version will be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return theirs.RetryAfter(seconds)


NOT_JSON = theirs.TelegramError("Invalid server response")
TELEGRAM: list[tuple[theirs.TelegramError, type[SendError]]] = [
    (theirs.TelegramError("Invalid server response"), Unconfirmed),
    (flood(7), RetryLater),
    (theirs.ChatMigrated(-1009), ChatMoved),
    (theirs.InvalidToken("Unauthorized"), BotGone),
    (theirs.InvalidToken("Not Found"), BotGone),
    (theirs.Forbidden("Forbidden: bot was blocked by the user"), ChatGone),
    (theirs.Forbidden("Forbidden: user is deactivated"), ChatGone),
    (theirs.Forbidden("Forbidden: bot was kicked from the supergroup chat"), ChatGone),
    (theirs.Forbidden("Forbidden: bot is not a member of the channel chat"), ChatGone),
    (theirs.BadRequest("Chat not found"), ChatGone),
    (theirs.BadRequest("Message thread not found"), ChatGone),
    (theirs.BadRequest("TOPIC_CLOSED"), ChatGone),
    (theirs.BadRequest("Not enough rights to send text messages to the chat"), ChatGone),
    (theirs.BadRequest("Need administrator rights in the channel chat"), ChatGone),
    (theirs.BadRequest("Have no write access to the chat"), ChatGone),
    (theirs.BadRequest("Can't parse entities: unclosed start tag at byte offset 0"), Rejected),
    (theirs.BadRequest("Message is too long"), Rejected),
    (theirs.BadRequest("Text is too long"), Rejected),
    (theirs.BadRequest("Message to edit not found"), Rejected),
    (theirs.NetworkError("Internal Server Error (500)"), Unconfirmed),
    (theirs.NetworkError("Bad Gateway"), Unconfirmed),
    (theirs.NetworkError("Too Many Requests (429)"), RetryLater),
    (theirs.TimedOut(), Unconfirmed),
    (theirs.Conflict("terminated by other getUpdates request"), Unconfirmed),
    (theirs.EndPointNotFound("Endpoint 'x' not found in Bot API"), Unconfirmed),
    (theirs.PassportDecryptionError("x"), Unconfirmed),
    # Pages of a proxy, which never let the call through.
    (caused(theirs.BadRequest("Bad Request (400). Parsing failed"), NOT_JSON), RetryLater),
    (caused(theirs.Forbidden("Forbidden (403). Parsing failed"), NOT_JSON), RetryLater),
    (caused(theirs.InvalidToken("Not Found (404). Parsing failed"), NOT_JSON), RetryLater),
    (caused(theirs.NetworkError("Too Many Requests (429). Parsing failed"), NOT_JSON), RetryLater),
    (caused(theirs.NetworkError("Bad Gateway (502). Parsing failed"), NOT_JSON), Unconfirmed),
]


@pytest.mark.parametrize(("error", "meaning"), TELEGRAM, ids=[repr(error) for error, _ in TELEGRAM])
def test_what_an_error_of_telegram_means(error: theirs.TelegramError, meaning: type[SendError]) -> None:
    translated = telegram_errors.translate(error, "-1001", TELEGRAM_TOKEN)
    assert type(translated) is meaning


def test_no_error_of_telegrams_sdk_is_forgotten() -> None:
    known = {type(error) for error, _ in TELEGRAM}
    assert {one for one in walk(theirs.TelegramError) if one.__module__ == "telegram.error"} == known


UNSENT = {
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL),
    httpx.ProxyError,  # of CONNECT, before anything else is said
}
HTTPX = sorted({*walk(httpx.HTTPError), httpx.InvalidURL} - {httpx.HTTPStatusError}, key=lambda one: one.__name__)


@pytest.mark.parametrize("kind", HTTPX)
@pytest.mark.parametrize("wrapped", [theirs.NetworkError("httpx"), theirs.TimedOut()], ids=["NetworkError", "TimedOut"])
def test_only_what_never_left_is_surely_not_delivered(kind: type[Exception], wrapped: theirs.NetworkError) -> None:
    translated = telegram_errors.translate(caused(wrapped, kind("it broke")), "-1001")
    assert type(translated) is (RetryLater if kind in UNSENT else Unconfirmed)


def test_what_httpx_asserts_elsewhere_may_have_been_delivered() -> None:
    translated = telegram_errors.translate(caused(theirs.NetworkError("httpx"), AssertionError()), "-1001")
    assert type(translated) is Unconfirmed


def test_a_flood_of_telegram_says_how_long() -> None:
    wait = telegram_errors.translate(flood(7), "-1001")
    assert isinstance(wait, RetryLater)
    assert (wait.after, wait.flood) == (7, True)


def test_a_broken_connection_to_telegram_leaves_the_wait_to_the_sender() -> None:
    wait = telegram_errors.translate(caused(theirs.NetworkError("x"), httpx.ConnectError("refused")), "-1001")
    assert isinstance(wait, RetryLater)
    assert (wait.after, wait.flood) == (None, False)


def test_a_moved_chat_says_where() -> None:
    moved = telegram_errors.translate(theirs.ChatMigrated(-1009), "-5")
    assert isinstance(moved, ChatMoved)
    assert moved.address == "-1009"


# Slack: codes, and what its SDK and aiohttp raise


def refusal(code: str, status: int = 200, headers: dict[str, str] | None = None) -> SlackApiError:
    """Give what slack-sdk raises for an answer with this code."""
    answer = AsyncSlackResponse(
        client=AsyncWebClient(SLACK_TOKEN),
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data={"ok": False, "error": code} if code else {},
        headers=headers or {},
        status_code=status,
    )
    return SlackApiError("The request to the Slack API failed.", answer)  # type: ignore[no-untyped-call]


CODES: dict[type[SendError], str] = {
    ChatGone: """
        channel_not_found is_archived not_in_channel messages_tab_disabled ekm_access_denied restricted_action
        restricted_action_read_only_channel restricted_action_thread_only_channel
        restricted_action_non_threadable_channel restricted_action_thread_locked restricted_action_of_next_year
        cannot_reply_to_message user_not_found cannot_dm_bot
    """,
    BotGone: """
        account_inactive token_revoked token_expired invalid_auth not_authed team_access_not_granted missing_scope
        no_permission team_not_found org_login_required access_denied not_allowed_token_type
    """,
    Rejected: """
        invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text metadata_too_large
        message_not_found cant_update_message a_code_of_next_year
    """,
    RetryLater: "ratelimited rate_limited message_limit_exceeded",
    Unconfirmed: "fatal_error internal_error service_unavailable request_timeout team_added_to_org",
}
MEANINGS = [(code, meaning) for meaning, codes in CODES.items() for code in codes.split()]


@pytest.mark.parametrize(("code", "meaning"), MEANINGS)
def test_what_a_code_of_slack_means(code: str, meaning: type[SendError]) -> None:
    assert type(slack_errors.translate(refusal(code))) is meaning


def test_no_code_is_forgotten_and_none_means_two_things() -> None:
    sets = [set(slack_errors.CHAT_FAULTS), slack_errors._BOT_FAULTS, slack_errors._WAIT, slack_errors._UNCERTAIN]
    assert set().union(*sets) <= {code for code, _ in MEANINGS}
    assert not any(one & other for one, other in combinations(sets, 2))


@pytest.mark.parametrize("code", slack_errors.CHAT_FAULTS)
def test_a_chat_at_fault_comes_with_advice(code: str) -> None:
    assert slack_errors.CHAT_FAULTS[code] in str(slack_errors.translate(refusal(code)))


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (429, "", RetryLater),
        (429, "ratelimited", RetryLater),
        (500, "", Unconfirmed),
        (503, "service_unavailable", Unconfirmed),
        (500, "a_code_of_next_year", Unconfirmed),
        (200, "", Unconfirmed),
        (404, "", Unconfirmed),
    ],
)
def test_what_a_status_of_slack_means(status: int, code: str, meaning: type[SendError]) -> None:
    assert type(slack_errors.translate(refusal(code, status))) is meaning


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("0", 0), ("", 30), ("soon", 30), ("-1", 30), ("1.5", 30), ("²", 30)]
)
def test_a_flood_of_slack_says_how_long(header: str, seconds: float) -> None:
    wait = slack_errors.translate(refusal("ratelimited", 429, {"Retry-After": header}))
    assert isinstance(wait, RetryLater)
    assert (wait.after, wait.flood) == (seconds, True)


def test_a_missing_scope_is_named() -> None:
    error = refusal("missing_scope")
    error.response.data["needed"] = "chat:write"
    assert "chat:write" in str(slack_errors.translate(error))


KEY = ConnectionKey("slack.com", 443, True, True, None, None, None)
REQUEST = aiohttp.RequestInfo(
    URL("https://slack.com/api/"), "POST", CIMultiDictProxy(CIMultiDict(Authorization=f"Bearer {SLACK_TOKEN}")), URL()
)
REFUSED = ConnectionRefusedError(111, "Connection refused")
AIOHTTP: list[tuple[Exception, type[SendError]]] = [
    (aiohttp.ClientConnectorError(KEY, REFUSED), RetryLater),
    (aiohttp.ClientConnectorDNSError(KEY, OSError("Name or service not known")), RetryLater),
    (aiohttp.ClientProxyConnectionError(KEY, REFUSED), RetryLater),
    (aiohttp.ClientConnectorSSLError(KEY, REFUSED), RetryLater),
    (aiohttp.ClientConnectorCertificateError(KEY, ValueError("self-signed")), RetryLater),
    (aiohttp.ConnectionTimeoutError("connect"), RetryLater),
    (aiohttp.InvalidURL("slack"), RetryLater),
    (aiohttp.ClientError("x"), Unconfirmed),
    (aiohttp.ClientOSError(104, "Connection reset by peer"), Unconfirmed),
    (aiohttp.ClientConnectionResetError("Cannot write to closing transport"), Unconfirmed),
    (aiohttp.ServerDisconnectedError(), Unconfirmed),
    (aiohttp.ServerTimeoutError("x"), Unconfirmed),
    (aiohttp.SocketTimeoutError("x"), Unconfirmed),
    (aiohttp.ClientPayloadError("x"), Unconfirmed),
    (aiohttp.ClientResponseError(REQUEST, ()), Unconfirmed),
    (aiohttp.ContentTypeError(REQUEST, ()), Unconfirmed),
    (aiohttp.TooManyRedirects(REQUEST, ()), Unconfirmed),
    (TimeoutError(), Unconfirmed),
    (SlackClientError("x"), Unconfirmed),
    (SlackRequestError("x"), Unconfirmed),
    (AttributeError("'list' object has no attribute 'get'"), Unconfirmed),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), Unconfirmed),
]


@pytest.mark.parametrize(("error", "meaning"), AIOHTTP, ids=[type(error).__name__ for error, _ in AIOHTTP])
def test_what_a_broken_connection_to_slack_means(error: Exception, meaning: type[SendError]) -> None:
    assert isinstance(error, slack_errors.FAILURES)
    assert type(slack_errors.translate(error, SLACK_TOKEN)) is meaning


# What all texts have in common


@pytest.mark.parametrize("kind", [theirs.TelegramError, theirs.Forbidden, theirs.BadRequest, theirs.NetworkError])
def test_no_text_holds_telegrams_token(kind: type[theirs.TelegramError]) -> None:
    error = kind(f"POST https://api.telegram.org/bot{TELEGRAM_TOKEN}/sendMessage " * 9)
    text = str(telegram_errors.translate(error, "-1001", TELEGRAM_TOKEN))
    assert TELEGRAM_TOKEN not in text
    assert "[secret]" in text


@pytest.mark.parametrize("kind", [aiohttp.ClientError, SlackClientError, TimeoutError, ValueError])
def test_no_text_holds_slacks_token(kind: type[Exception]) -> None:
    text = str(slack_errors.translate(kind(f"Bearer {SLACK_TOKEN}"), SLACK_TOKEN))
    assert SLACK_TOKEN not in text
    assert "[secret]" in text


@pytest.mark.parametrize("error", [error for error, _ in TELEGRAM], ids=repr)
def test_texts_about_telegram_are_short_and_say_something(error: theirs.TelegramError) -> None:
    assert 20 < len(str(telegram_errors.translate(error, "-1001", TELEGRAM_TOKEN))) < 400


@pytest.mark.parametrize("error", [error for error, _ in AIOHTTP], ids=lambda error: type(error).__name__)
def test_texts_about_slack_are_short_and_say_something(error: Exception) -> None:
    assert 20 < len(str(slack_errors.translate(error, SLACK_TOKEN))) < 400
