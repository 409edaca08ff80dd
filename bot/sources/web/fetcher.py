"""Read a document from the web: one GET, bounded in time, size and redirects, and free when nothing changed.

Sources of the facts: RFC 9110 (sections 8.8, 13.1 and 15.4.5 on conditional requests, 10.2.3 on Retry-After).
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from types import MappingProxyType

import httpx
import stamina

from bot.errors import SourceError
from bot.network.failures import HTTPX_FAILURES, LACKS_PASSWORD, explain
from bot.network.options import httpx_options
from bot.sources.source import Cost
from bot.sources.web.addresses import AddressGuard, shown
from bot.sources.web.errors import Unreachable

_REDIRECTS = 5
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_ADVICE = {
    401: "it wants a token; check it",
    403: "it lets us not in; check the token, or ask who runs it",
    404: "there is nothing; check the address",
    407: LACKS_PASSWORD,
    410: "it is gone for good; take this source out of the settings",
}
_GZIP = 31  # zlib's number for the format
_LONGEST_WAIT = 60.0  # seconds for which a server may make us wait within one look
stamina.instrumentation.set_on_retry_hooks([])  # what fails at last is told; that it is tried again is no news


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask later whether a document changed."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}


NOTHING = Validators()
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered."""

    content: bytes | None  # None: it did not change since
    validators: Validators
    url: str  # where it was in the end
    content_type: str = ""


@dataclass
class Fetcher:
    """Read documents for one source."""

    guard: AddressGuard = field(default_factory=AddressGuard)
    largest: int = 8 * 2**20  # bytes, before and after decompression
    longest: float = 60.0  # seconds for one try, redirects and all
    tries: int = 3
    first_pause: float = 1.0  # seconds
    contact: str = ""  # how whoever runs the server can reach the operator
    requests: int = 0  # made so far
    bytes_read: int = 0  # so far, as they came over the network

    @property
    def cost(self) -> Cost:
        return Cost(self.requests, self.bytes_read)

    async def get(self, url: str, known: Validators = NOTHING, secrets: Mapping[str, str] = NO_HEADERS) -> Fetched:
        """Read a document, unless it is the `known` one; headers that are secret go to its own host alone.

        Raises SourceError, which says what to do.
        """
        task = _Task(_parsed(url), known, secrets)

        async def fetch() -> Fetched:
            return await self._try(task)

        caller = stamina.AsyncRetryingCaller(attempts=self.tries, timeout=None, wait_initial=self.first_pause)
        return await caller.on(_retry_for)(fetch)

    async def _try(self, task: _Task) -> Fetched:
        where = shown(task.url)
        try:
            async with asyncio.timeout(self.longest):
                return await self._follow(task)
        except (TimeoutError, httpx.TimeoutException):
            raise Unreachable(f"{where}: no answer within {self.longest:g} seconds") from None
        except HTTPX_FAILURES as error:
            said = str(error) or type(error).__name__
            why = explain(error)
            known = f"cannot be reached: {why}" if why else f"cannot be reached ({said}); check the network"
            raise Unreachable(f"{where}: {known}") from None

    def _client(self, url: httpx.URL) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self.longest, **httpx_options(str(url)))

    @property
    def _agent(self) -> str:
        return f"Paperboy/{version('paperboy-bot')}" + (f" (+{self.contact})" if self.contact else "")

    async def _follow(self, task: _Task) -> Fetched:
        url = task.url
        for _ in range(_REDIRECTS + 1):
            async with self._client(url) as client:
                answer = await self._send(client, url, task.headers(url))
                try:
                    if not answer.has_redirect_location:
                        return await self._read(answer, url, task.known)
                    url = url.join(answer.headers["Location"])
                finally:
                    await answer.aclose()
        raise SourceError(f"{shown(task.url)}: leads from one address to the next, more than {_REDIRECTS} times")

    async def _send(self, client: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        """Ask at the addresses that the guard has looked at, until one of them can be reached."""
        about = {"User-Agent": self._agent, "Accept-Encoding": "gzip", "Host": url.netloc.decode(), **headers}
        name = {"sni_hostname": url.host}  # certificates are for names
        *firsts, last = [
            client.build_request("GET", one, headers=about, extensions=name) for one in await self.guard.pinned(url)
        ]
        self.requests += 1
        for request in firsts:
            with suppress(httpx.ConnectError):
                return await client.send(request, stream=True)
        return await client.send(last, stream=True)

    async def _read(self, answer: httpx.Response, url: httpx.URL, known: Validators) -> Fetched:
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return Fetched(None, known, str(url))
        if answer.status_code != httpx.codes.OK:
            raise _refusal(answer, url)
        encoding = answer.headers.get("Content-Encoding", "")
        content = _decompressed(await self._raw(answer, url), encoding, url, self.largest)
        validators = Validators(answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", ""))
        return Fetched(content, validators, str(url), answer.headers.get("Content-Type", ""))

    async def _raw(self, answer: httpx.Response, url: httpx.URL) -> bytes:
        """Give the body as it came over the network."""
        content = bytearray()
        async for part in answer.aiter_raw():
            content += part
            self.bytes_read += len(part)
            if len(content) > self.largest:
                raise _too_large(url, self.largest)
        return bytes(content)


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be read."""

    url: httpx.URL
    known: Validators
    secrets: Mapping[str, str]

    def headers(self, url: httpx.URL) -> dict[str, str]:
        """Give what to say at this URL, to which the first one may have led."""
        is_own = (url.scheme, url.netloc) == (self.url.scheme, self.url.netloc)
        return {**self.known.headers(), **(self.secrets if is_own else {})}


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise SourceError(f"{url}: is no address ({error}); correct it") from None


def _refusal(answer: httpx.Response, url: httpx.URL) -> SourceError:
    status = answer.status_code
    what = f"{shown(url)}: HTTP {status} {answer.reason_phrase}".rstrip()
    if status in _PASSING:
        return Unreachable(what, _retry_after(answer.headers.get("Retry-After", "")))
    return SourceError(f"{what}; {_ADVICE.get(status, 'check the address')}")


def _retry_after(said: str) -> float | None:
    """Read Retry-After: seconds, or a date."""
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _retry_for(error: Exception) -> bool | float:
    """Say whether, or after how many seconds, to try again: stamina asks."""
    if not isinstance(error, Unreachable) or (error.after or 0.0) > _LONGEST_WAIT:
        return False
    return True if error.after is None else error.after


def _decompressed(raw: bytes, encoding: str, url: httpx.URL, largest: int) -> bytes:
    """Undo the compression of an answer, up to `largest` bytes."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return raw
    if encoding not in ("gzip", "x-gzip"):
        raise SourceError(
            f"{shown(url)}: is compressed as {encoding!r}, which was not asked for; report it to its server"
        )
    try:
        content = zlib.decompressobj(_GZIP).decompress(raw, largest + 1)
    except zlib.error:
        raise Unreachable(f"{shown(url)}: came damaged") from None
    if len(content) > largest:
        raise _too_large(url, largest)
    return content


def _too_large(url: httpx.URL, largest: int) -> SourceError:
    return SourceError(f"{shown(url)}: has more than {largest:,} bytes, which no post or feed has; check the address")
