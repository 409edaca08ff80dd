"""What can go wrong between a bot and its platform, as a script that the fake servers play."""

from dataclasses import dataclass, replace
from typing import Literal, TypedDict, Unpack

from tests.support.fakes.answers import Answer, slack_error, telegram_error

Kind = Literal["nothing", "answer", "reset", "slow", "late", "lost", "garbled"]

_HTML = "<html><head><title>{status}</title></head><body><center>nginx</center></body></html>"


@dataclass
class Fault:
    """One thing to go wrong, for the calls it fits."""

    kind: Kind
    answer: Answer | None = None  # of "answer"; of "garbled" in place of a truncated one
    seconds: float = 0.0  # of "slow" and "late"
    method: str | None = None  # None: any, even getMe and getUpdates
    chat: str | None = None  # chat id or channel id; None: any
    times: int | None = 1  # None: for ever
    skip: int = 0  # fitting calls to let pass first

    def fits(self, method: str, chat: str) -> bool:
        """Tell whether this call is one that the fault is meant for."""
        return self.method in (None, method.lower()) and self.chat in (None, chat)

    def strikes(self) -> bool:
        """Count one fitting call and tell whether it goes wrong."""
        if self.skip:
            self.skip -= 1
            return False
        if self.times:
            self.times -= 1
            return True
        return self.times is None


NOTHING = Fault("nothing")


class Faults:
    """The script: the first fault that fits a call strikes it."""

    def __init__(self) -> None:
        self._script: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Append copies, so that one fault may be added to many servers."""
        self._script += [replace(fault, method=fault.method and fault.method.lower()) for fault in faults]

    def clear(self) -> None:
        """Let everything work again."""
        self._script.clear()

    def strike(self, method: str, chat: str) -> Fault:
        """Give the fault for this call, which is mostly nothing."""
        fitting = (fault for fault in self._script if fault.fits(method, chat))
        return next((fault for fault in fitting if fault.strikes()), NOTHING)


class When(TypedDict, total=False):
    """Which calls a fault is meant for: the fields of `Fault` of the same names."""

    method: str
    chat: str
    times: int | None
    skip: int


def flood(retry_after: int | None = 3, **when: Unpack[When]) -> Fault:
    """Telegram's 429; without `retry_after` neither the parameter nor the header is there."""
    parameters = {} if retry_after is None else {"retry_after": retry_after}
    reason = f"Too Many Requests: retry after {retry_after or 'a while'}"
    return Fault("answer", telegram_error(429, reason, **parameters), **when)


def forbidden(reason: str, **when: Unpack[When]) -> Fault:
    """Telegram's 403, as in `forbidden("bot was blocked by the user")`."""
    return Fault("answer", telegram_error(403, reason), **when)


def bad_request(reason: str, **when: Unpack[When]) -> Fault:
    """Telegram's 400, as in `bad_request("chat not found")`."""
    return Fault("answer", telegram_error(400, reason), **when)


def unauthorized(**when: Unpack[When]) -> Fault:
    """Telegram's 401, of a revoked token."""
    return Fault("answer", telegram_error(401, "Unauthorized"), **when)


def ratelimited(retry_after: int | None = 3, **when: Unpack[When]) -> Fault:
    """Slack's 429; without `retry_after` the header is not there."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault("answer", slack_error("ratelimited", 429, headers), **when)


def slack_refusal(code: str, **when: Unpack[When]) -> Fault:
    """Any of Slack's errors, as in `slack_refusal("account_inactive")`."""
    return Fault("answer", slack_error(code), **when)


def server_error(status: int = 500, **when: Unpack[When]) -> Fault:
    """A proxy's HTML page instead of an answer: 500, 502, 503…; the call was not processed."""
    return Fault("answer", _page(status), **when)


def reset(**when: Unpack[When]) -> Fault:
    """The connection breaks before the call was processed."""
    return Fault("reset", **when)


def lost_answer(**when: Unpack[When]) -> Fault:
    """The call is processed and the connection breaks before the answer."""
    return Fault("lost", **when)


def slow(seconds: float, **when: Unpack[When]) -> Fault:
    """The call is processed and answered after a while."""
    return Fault("slow", seconds=seconds, **when)


def late(seconds: float, **when: Unpack[When]) -> Fault:
    """The call is processed at once and answered after a while."""
    return Fault("late", seconds=seconds, **when)


def truncated(**when: Unpack[When]) -> Fault:
    """The call is processed and answered with half of the JSON."""
    return Fault("garbled", **when)


def captive_portal(**when: Unpack[When]) -> Fault:
    """The call is processed and answered with an HTML page and 200."""
    return Fault("garbled", _page(200), **when)


def _page(status: int) -> Answer:
    return Answer(status, _HTML.format(status=status), error=f"HTTP {status}", content_type="text/html")
