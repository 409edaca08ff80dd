"""What is said where the network is in the way, through each library that calls: real proxies, real certificates."""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx
import pytest
import trustme

from bot.channels.slack.api.connections import open_session
from bot.channels.slack.channel import SlackChannel
from bot.channels.telegram.client import TelegramClient
from bot.concurrency import steady
from bot.errors import RetryLater, SourceError
from bot.ledger.writing.deadline import deadline
from bot.network.certificates import tls_context
from bot.network.failures import explain
from bot.sources.web.fetcher import Fetcher
from formatters.locale import phrases
from formatters.slack import SlackFormatter
from tests.support.fakes import slack as fake_slack
from tests.support.fakes import telegram as fake_telegram
from tests.support.fakes.documents import Document, DocumentServer
from tests.support.fakes.proxies import HttpProxy, SocksProxy, tls_before

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning", "ignore:loop is closed:ResourceWarning")

HOST = "platform.test"
PASSWORD = "the proxy wants a name and a password, or others ({}); write them: http://name:password@host:port"
DEAD = "the proxy 127.0.0.1:9 cannot be reached; correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or ask who runs it"
NO_SOCKS = "what answers there as the proxy speaks no SOCKS; correct the address of the proxy"
OWN_CA = "where your network has a CA of its own, let SSL_CERT_FILE name the file of its certificates"


async def by_telegram() -> str:
    client = TelegramClient(fake_telegram.TOKEN, f"https://{HOST}/bot", 10.0, lambda *_: None)
    try:
        await client.me()
    except RetryLater as error:  # else it could have been sent
        return str(error)
    finally:
        await client.close()
    return ""


async def by_slack() -> str:
    channel = SlackChannel(fake_slack.TOKEN, f"https://{HOST}/api/", SlackFormatter(phrases("en")))
    try:
        await channel.ask_title("C0123ABCD")
    except RetryLater as error:  # else it could have been sent
        return str(error)
    finally:
        await channel.close()
    return ""


async def by_a_source() -> str:
    try:
        await Fetcher(tries=1).get(f"https://{HOST}/feed.xml")
    except SourceError as error:
        return str(error)
    return ""


BY: dict[str, Callable[[], Awaitable[str]]] = {"telegram": by_telegram, "slack": by_slack, "source": by_a_source}
everybody = pytest.mark.parametrize("by", list(BY))


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect here what httpcore forgets to close where SOCKS fails, which Python warns of."""
    yield
    gc.collect(1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@asynccontextmanager
async def platform(name: str, authority: trustme.CA, until: datetime | None) -> AsyncIterator[int]:
    """Answer 404 to everything, with a certificate for this name; give the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name, not_before=until and until - timedelta(days=9), not_after=until).configure_cert(context)
    async with DocumentServer() as server, tls_before(server.port, context) as port:
        yield port


@everybody
@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_not_there(by: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:9")
    assert DEAD in await BY[by]()


@everybody
@pytest.mark.parametrize("login", ["", "me:wrong@"])
@pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])
async def test_a_proxy_that_wants_a_password(
    by: str, login: str, kind: type[HttpProxy | SocksProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kind(password="me:secret") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", f"//{login}"))
        said = await BY[by]()
    begin, end = PASSWORD.split("{}")
    assert begin in said
    assert said.endswith(end)
    assert "wrong" not in said
    assert proxy.targets == []


@everybody
@pytest.mark.parametrize(("kind", "why"), [(HttpProxy, "502 Bad Gateway"), (SocksProxy, "Host unreachable")])
async def test_a_proxy_that_refuses(
    by: str, kind: type[HttpProxy | SocksProxy], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kind() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        said = await BY[by]()
    assert "the proxy refuses (" in said
    assert f"{why.lower()}" in said.lower()
    assert proxy.hosts == {HOST}


@everybody
async def test_a_proxy_that_speaks_no_socks(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with HttpProxy() as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url.replace("http", "socks5"))
        assert "the proxy" in await BY[by]()


@everybody
@pytest.mark.parametrize("kind", [HttpProxy, SocksProxy])
@pytest.mark.parametrize(
    ("name", "until", "cure"),
    [
        (HOST, None, OWN_CA),
        ("other.test", None, "correct the address, or ask who runs that server"),
        (HOST, datetime(2020, 1, 1), "see whether the clock of this machine is right"),  # noqa: DTZ001 - as trustme takes it
    ],
)
async def test_a_certificate_that_is_not_accepted(
    by: str,
    kind: type[HttpProxy | SocksProxy],
    name: str,
    until: datetime | None,
    cure: str,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if cure != OWN_CA:
        authority.cert_pem.write_to_path("ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", "ca.pem")
    async with platform(name, authority, until) as port, kind({HOST: port}) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        said = await BY[by]()
    assert "its certificate is not accepted (" in said
    assert said.endswith(cure)


async def test_a_proxy_that_lets_through(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.cert_pem.write_to_path("ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", "ca.pem")
    url = f"https://{HOST}/"
    async with platform(HOST, authority, None) as port, SocksProxy({HOST: port}) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with open_session(url) as session, session.get(url, ssl=tls_context()) as answer:
            assert answer.status == 400  # from the server, which answers to other names alone
    assert proxy.hosts == {HOST}


class SilentProxy(SocksProxy):
    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()


async def test_a_proxy_that_says_nothing_ends_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx waits for SOCKS without end."""
    async with SilentProxy() as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        client = TelegramClient(fake_telegram.TOKEN, f"https://{HOST}/bot", 10.0, lambda *_: None)
        with deadline(steady() + 0.1), pytest.raises(RetryLater, match="no connection in time"):
            await client.me()
        await client.close()


def test_what_has_nothing_to_do_with_the_network() -> None:
    assert explain(ValueError("no number")) == ""


async def test_what_is_called_through_socks_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DocumentServer({"/": Document(b"Here")}) as server, SocksProxy() as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with open_session(server.url) as session, session.get(server.url) as answer:
            assert await answer.read() == b"Here"
    assert proxy.targets == [f"127.0.0.1:{server.port}"]


def test_an_error_that_knows_no_request() -> None:
    assert explain(httpx.ConnectError("no route")) == ""
