"""What changed on a page, numbered, for browsers that ask again and again.

Asking, and not a stream: a browser holds six connections to a host, so that a seventh tab would hang with streams.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from aiohttp import web

MOST_CHANGES = 500  # that are kept; a page that fell further behind is loaded anew


@dataclass(frozen=True, slots=True)
class Change:
    """A part of a page as it reads now."""

    id: str  # of the element, which is put in the place of the one that has it
    html: str  # safe; "" takes the element away
    into: str = ""  # the id of the element at whose end it is put, where none has `id` yet; "": nowhere


class Feed:
    """The latest changes of a page, in order."""

    def __init__(self) -> None:
        self._changes: deque[str] = deque(maxlen=MOST_CHANGES)  # as JSON, which hundreds of tabs may ask for
        self._answers: dict[int, bytes] = {}  # since the last change, by what a tab has seen
        # Numbers begin with the time, in milliseconds: what a tab of a former process has seen is behind them all.
        self.last = time.time_ns() // 1_000_000

    def add(self, change: Change) -> None:
        self._changes.append(json.dumps(asdict(change), ensure_ascii=False))
        self._answers.clear()
        self.last += 1

    def since(self, number: int) -> Sequence[str] | None:
        """List what came after a change, each as JSON; None where that is not known any more, or never was."""
        missing = self.last - number
        if not 0 <= missing <= len(self._changes):
            return None
        return [self._changes[-place] for place in range(missing, 0, -1)]

    async def serve(self, request: web.Request) -> web.Response:
        """Answer `?after=N`: 204 when nothing is new, else the changes, or that the page is to be loaded anew."""
        after = request.query.get("after", "")
        found = self.since(int(after)) if after.isdecimal() and len(after) < 20 else None
        if found is None:
            return web.json_response({"reload": True})
        if not found:
            return web.Response(status=204)
        if int(after) not in self._answers:
            self._answers[int(after)] = f'{{"last": {self.last}, "changes": [{", ".join(found)}]}}'.encode()
        return web.Response(body=self._answers[int(after)], content_type="application/json")
