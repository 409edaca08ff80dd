"""What is learnt of a workspace: where it is on the web, and whether it takes containers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from bot.channels.slack.api.answers import parts
from bot.channels.slack.api.errors import FAILURES, error_code
from bot.errors import Rejected
from bot.log import log
from formatters import links
from formatters.slack.containers import are_in

Body = Mapping[str, Any]
_DAY = 86_400.0  # seconds


class Workspace:
    """Where a workspace is on the web."""

    def __init__(self) -> None:
        self._url = ""  # with "/" at its end; empty: not known
        self._asking: asyncio.Future[Any] | None = None

    async def learn(self, auth_test: Callable[[], Awaitable[Any]]) -> None:
        """Ask Slack, once, however many wait for it; without an answer it stays unknown, and is asked again later."""
        if self._url:
            return
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(auth_test())
        with suppress(*FAILURES):
            [url] = parts(await asyncio.shield(self._asking), "url")
            self._url = links.safe(str(url))

    def message_link(self, chat: str, ts: str, thread: str) -> str:
        """Give the address of a message, "" while the workspace is not known (docs.slack.dev, chat.getPermalink)."""
        place = f"?thread_ts={thread}&cid={chat}" if thread else ""
        return f"{self._url}archives/{chat}/p{ts.replace('.', '')}{place}" if self._url else ""


class RefusedContainers:
    """Whether a workspace refuses containers: messages then come without for a day, else each would take two calls."""

    def __init__(self, without: Callable[[Body], Body], clock: Callable[[], float] = time.monotonic) -> None:
        self._without = without  # writes a body without containers
        self._clock = clock
        self._until = clock()

    @contextmanager
    def accepted(self, body: Body) -> Iterator[Body]:
        """Give a body as it is accepted as far as is known, and learn where it is refused."""
        is_folded, is_refused = are_in(body.get("blocks", ())), self._clock() < self._until
        try:
            yield self._without(body) if is_folded and is_refused else body
        except Rejected as error:
            if is_folded and not is_refused and error_code(error.__cause__).startswith("invalid_blocks"):
                self._until = self._clock() + _DAY
                log.warning("folded summaries come unfolded for a day", channel="slack", error=str(error))
            raise
