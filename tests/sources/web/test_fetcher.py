"""Reading from the web, against a server that answers as badly as it can."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from structlog.testing import capture_logs

from bot.errors import SourceError
from bot.sources.web.addresses import AddressGuard
from bot.sources.web.errors import Unreachable
from bot.sources.web.fetcher import Fetched, Fetcher, Validators
from tests.support.fakes.documents import Document, DocumentServer, Reply, endless, reset, silence, status

LARGEST = 100_000
TAG = '"first"'
DATE = "Tue, 03 Mar 2026 08:00:00 GMT"


@pytest.fixture
async def server() -> AsyncIterator[DocumentServer]:
    async with DocumentServer({"/post": Document(b"A post", "text/markdown")}) as server:
        yield server


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(AddressGuard(allow_private=True), largest=LARGEST, first_pause=0.01, contact="ops@example.org")


async def test_a_document_is_read(server: DocumentServer, fetcher: Fetcher) -> None:
    found = await fetcher.get(f"{server.url}/post")
    assert found == Fetched(b"A post", Validators(), f"{server.url}/post", "text/markdown")
    [request] = server.requests
    assert request.headers["User-Agent"].startswith("Paperboy/")
    assert request.headers["User-Agent"].endswith(" (+ops@example.org)")
    assert (fetcher.requests, fetcher.bytes_read) == (1, 6)


@pytest.mark.parametrize("known", [Validators(TAG, DATE), Validators(TAG), Validators("", DATE)])
async def test_what_did_not_change_is_not_sent_again(
    server: DocumentServer, fetcher: Fetcher, known: Validators
) -> None:
    server.documents["/feed"] = document = Document(b"old", etag=known.etag, last_modified=known.last_modified)
    first = await fetcher.get(f"{server.url}/feed")
    assert (first.content, first.validators) == (b"old", known)
    again = await fetcher.get(f"{server.url}/feed", first.validators)
    assert (again.content, again.validators, fetcher.bytes_read) == (None, known, 3)
    document.content, document.etag = b"new", '"second"'
    assert (await fetcher.get(f"{server.url}/feed", again.validators)).content == b"new"
    assert len(server.requests) == fetcher.requests == 3


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_redirects_are_followed(server: DocumentServer, fetcher: Fetcher, code: int) -> None:
    server.documents["/old"] = status(code, Location="/post")
    found = await fetcher.get(f"{server.url}/old", Validators(TAG))
    assert (found.content, found.url) == (b"A post", f"{server.url}/post")
    assert [request.headers["If-None-Match"] for request in server.requests] == [TAG, TAG]


async def test_a_token_goes_to_its_own_host_alone(server: DocumentServer, fetcher: Fetcher) -> None:
    server.documents["/own"] = status(302, Location="/post")
    server.documents["/other"] = status(302, Location=f"http://localhost:{server.port}/post")
    for path in ("own", "other"):
        await fetcher.get(f"{server.url}/{path}", secrets={"Authorization": "Bearer FAKE"})
    assert ["Authorization" in request.headers for request in server.requests] == [True, True, True, False]


async def test_a_retry_that_succeeds_is_no_news(server: DocumentServer, fetcher: Fetcher) -> None:
    server.passing = [status(500)]
    with capture_logs() as logs:
        await fetcher.get(f"{server.url}/post?key=FAKE", secrets={"Authorization": "Bearer FAKE"})
    assert (logs, len(server.requests)) == ([], 2)


async def test_a_loop_of_redirects_ends(server: DocumentServer, fetcher: Fetcher) -> None:
    server.documents["/loop"] = status(302, Location="/loop")
    with pytest.raises(SourceError, match="leads from one address to the next, more than 5 times"):
        await fetcher.get(f"{server.url}/loop")
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("file:///etc/passwd", "file:/etc/passwd: only http and https addresses can be read"),
        ("gopher://example.org/", "only http and https addresses can be read"),
        ("http://[::1", "Invalid"),
    ],
)
async def test_redirects_lead_to_web_addresses_alone(
    server: DocumentServer, fetcher: Fetcher, location: str, said: str
) -> None:
    server.documents["/away"] = status(302, Location=location)
    with pytest.raises(SourceError, match=said):
        await fetcher.get(f"{server.url}/away")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (401, "check it"),
        (403, "lets us not in"),
        (404, "check the address"),
        (410, "take this source out"),
        (418, "check"),
    ],
)
async def test_a_refusal_says_what_to_do_and_is_not_repeated(
    server: DocumentServer, fetcher: Fetcher, code: int, advice: str
) -> None:
    server.documents["/no"] = status(code)
    with pytest.raises(SourceError, match=f"/no: HTTP {code} .*{advice}"):
        await fetcher.get(f"{server.url}/no?token=SECRET")
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [status(500), status(503, Retry_After="0"), status(429), reset])
async def test_what_may_pass_is_tried_again(server: DocumentServer, fetcher: Fetcher, reply: Reply) -> None:
    server.passing = [reply, reply]
    assert (await fetcher.get(f"{server.url}/post")).content == b"A post"
    server.passing = [reply] * 3
    with pytest.raises(Unreachable):
        await fetcher.get(f"{server.url}/post")
    assert len(server.requests) == 6


@pytest.mark.parametrize("as_date", [False, True])
async def test_who_asks_for_an_hour_is_not_asked_again(server: DocumentServer, fetcher: Fetcher, as_date: bool) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True) if as_date else "3600"
    server.documents["/busy"] = status(429, Retry_After=later)
    with pytest.raises(Unreachable) as raised:
        await fetcher.get(f"{server.url}/busy")
    assert raised.value.after == pytest.approx(3600, abs=60)
    assert len(server.requests) == 1


async def test_what_retry_after_cannot_mean_is_no_wait(server: DocumentServer, fetcher: Fetcher) -> None:
    server.passing = [status(429, Retry_After="soon")]
    assert (await fetcher.get(f"{server.url}/post")).content == b"A post"


async def test_silence_ends(server: DocumentServer, fetcher: Fetcher) -> None:
    fetcher.longest, fetcher.tries = 0.1, 1
    server.documents["/silent"] = silence
    with pytest.raises(Unreachable, match=r"no answer within 0\.1 seconds"):
        await fetcher.get(f"{server.url}/silent")


async def test_nobody_listens(fetcher: Fetcher) -> None:
    with pytest.raises(Unreachable, match=r"cannot be reached .*check the network"):
        await fetcher.get("http://127.0.0.1:1/")


async def test_what_never_ends_is_given_up(server: DocumentServer, fetcher: Fetcher) -> None:
    server.documents["/endless"] = endless
    with pytest.raises(SourceError, match="has more than 100,000 bytes"):
        await fetcher.get(f"{server.url}/endless")
    assert fetcher.bytes_read < 3 * LARGEST


async def test_compressed_documents_are_read(server: DocumentServer, fetcher: Fetcher) -> None:
    server.documents["/zipped"] = Document(gzip.compress(b"A post"), headers={"Content-Encoding": "gzip"})
    assert (await fetcher.get(f"{server.url}/zipped")).content == b"A post"


async def test_a_gzip_bomb_is_not_unpacked(server: DocumentServer, fetcher: Fetcher) -> None:
    server.documents["/bomb"] = Document(gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match="has more than 100,000 bytes"):
        await fetcher.get(f"{server.url}/bomb")


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [(b"not gzip", "gzip", "came damaged"), (zlib.compress(b""), "br", "is compressed as 'br'")],
)
async def test_compression_that_cannot_be_undone(
    server: DocumentServer, fetcher: Fetcher, content: bytes, encoding: str, said: str
) -> None:
    server.documents["/bad"] = Document(content, headers={"Content-Encoding": encoding})
    with pytest.raises(SourceError, match=said):
        await fetcher.get(f"{server.url}/bad")


@pytest.mark.parametrize("url", ["http://[::1", "https://exa mple.org:port/"])
async def test_what_is_no_address(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(SourceError, match="is no address"):
        await fetcher.get(url)


# Private addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
    ],
)
async def test_private_addresses_are_refused(url: str) -> None:
    with pytest.raises(SourceError, match="not a public address; set allow_private = true"):
        await Fetcher(first_pause=0.01).get(url)


async def test_a_name_of_a_private_address_is_refused(server: DocumentServer) -> None:
    with pytest.raises(SourceError, match=r"localhost is .*not a public address"):
        await Fetcher(first_pause=0.01).get(f"http://localhost:{server.port}/post")
    assert server.requests == []


async def test_a_name_stays_in_the_request(server: DocumentServer, fetcher: Fetcher) -> None:
    assert (await fetcher.get(f"http://localhost:{server.port}/post")).content == b"A post"
    assert [request.host for request in server.requests] == [f"localhost:{server.port}"]


class _TwoAddresses(AddressGuard):
    """Give an address at which nobody listens, then the right one."""

    async def pinned(self, url: httpx.URL) -> list[httpx.URL]:
        return [url.copy_with(host="127.0.0.2"), url]


async def test_all_addresses_of_a_name_are_tried(server: DocumentServer, fetcher: Fetcher) -> None:
    fetcher.guard, fetcher.tries = _TwoAddresses(), 1
    assert (await fetcher.get(f"{server.url}/post")).content == b"A post"
    assert len(server.requests) == 1


async def test_a_name_that_nobody_knows(fetcher: Fetcher) -> None:
    fetcher.tries = 1
    with pytest.raises(Unreachable, match=r"nobody\.invalid is not found .*check the address and the network"):
        await fetcher.get("http://nobody.invalid/feed.xml")


async def test_a_name_that_is_too_long(fetcher: Fetcher) -> None:
    fetcher.tries = 1
    with pytest.raises(SourceError):
        await fetcher.get(f"http://{'a' * 70}.invalid/")


async def test_a_proxy_looks_names_up(
    server: DocumentServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.passing = [lambda request: Document(str(request.url).encode())(request)]
    found = await fetcher.get("http://blog.invalid/post")
    assert found.content is not None
    assert (found.url, [request.host for request in server.requests]) == ("http://blog.invalid/post", ["blog.invalid"])


async def test_a_host_that_no_proxy_leads_to(
    server: DocumentServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is called by its address, which NO_PROXY does not name."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "localhost")
    found = await fetcher.get(f"http://localhost:{server.port}/post")
    assert found.content == b"A post"
