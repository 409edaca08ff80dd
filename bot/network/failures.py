"""Why another machine is not reached, where it is the network's doing: certificates and proxies."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from traceback import extract_tb
from typing import TypeGuard

import httpx

from bot.network.proxies import Proxy, proxy_for

# What httpx raises where something answers that speaks no SOCKS: it maps none of them.
NO_SOCKS: tuple[type[Exception], ...] = (AssertionError,)
with suppress(ImportError):  # without the extra there is no SOCKS
    from socksio.exceptions import SOCKSError

    NO_SOCKS = (*NO_SOCKS, SOCKSError)

# What clients of httpx catch; NO_SOCKS among it, since httpx maps none of these.
HTTPX_FAILURES: tuple[type[Exception], ...] = (httpx.HTTPError, *NO_SOCKS)
WRITE_PASSWORD = "write them: http://name:password@host:port"  # noqa: S105 - how one is written
LACKS_PASSWORD = f"the proxy wants a name and a password; {WRITE_PASSWORD}"
OWN_CA = "where your network has a CA of its own, let SSL_CERT_FILE name the file of its certificates"

_GREETING = "_init_socks5_connection"  # httpcore's function that speaks SOCKS, before anything of a request is sent
_WANTS_PASSWORD = re.compile(r"\b407\b|authenticat|password|acceptable methods", re.IGNORECASE)
_IN_TIME, _OF_NAME = (9, 10), (62, 64)  # OpenSSL's numbers (X509_V_ERR_…): not yet or no longer valid; of another name


class ProxyFailure(Exception):
    """Nothing could be sent, since a connection through a proxy did not come about.

    It is no OSError: of these aiohttp makes errors of its own, and then nobody could tell.
    """


def explain(error: BaseException) -> str:
    """Say what is wrong with the network, and what to do; "" where it is not known to be the network."""
    chain = list(_chain(error))
    if bad := next(filter(_is_of_certificate, chain), None):
        return _untrusted(bad)
    return next((said for one in chain if (said := _of_proxy(one))), "")


def speaks_no_socks(error: BaseException | None) -> bool:
    """Tell whether a connection did not come about since what answers as the proxy speaks no SOCKS.

    Of what httpcore asserts nothing else counts: it may be of a request that was sent.
    """
    return isinstance(error, NO_SOCKS) and any(frame.name == _GREETING for frame in extract_tb(error.__traceback__))


def refused(said: str) -> str:
    """Say what to do about a proxy that refuses."""
    if _WANTS_PASSWORD.search(said):
        return f"the proxy wants a name and a password, or others ({said}); {WRITE_PASSWORD}"
    return f"the proxy refuses ({said}); ask who runs it"


def unreachable(place: str) -> str:
    """Say what to do about a proxy that is not there, at this host and port."""
    return f"the proxy {place} cannot be reached; correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or ask who runs it"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error, and those that it came from."""
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _is_of_certificate(error: BaseException) -> TypeGuard[ssl.SSLCertVerificationError]:
    """Tell whether it says what is wrong with a certificate; aiohttp has a subclass that does not."""
    return isinstance(error, ssl.SSLCertVerificationError) and hasattr(error, "verify_message")


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    said = f"its certificate is not accepted ({error.verify_message})"
    if error.verify_code in _IN_TIME:
        return f"{said}; see whether the clock of this machine is right"
    if error.verify_code in _OF_NAME:
        return f"{said}; correct the address, or ask who runs that server"
    return f"{said}; {OWN_CA}"


def _of_proxy(error: BaseException) -> str:
    match error:
        case ProxyFailure():
            return str(error)
        case httpx.ProxyError():
            return refused(str(error))
        case _ if speaks_no_socks(error):
            return "what answers there as the proxy speaks no SOCKS; correct the address of the proxy"
        case httpx.ConnectError() | httpx.ConnectTimeout() if proxy := _proxy_of(error):
            return unreachable(proxy.place)
    return ""


def _proxy_of(error: httpx.RequestError) -> Proxy | None:
    with suppress(RuntimeError):  # not every error knows its request
        return proxy_for(str(error.request.url))
    return None
