"""Which proxy leads to an address, by the variables of the environment.

Our libraries differ in what they read of these: so it is read here, and each is told which proxy to use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from urllib.request import getproxies, proxy_bypass

import httpx

from bot.errors import MissingExtraError, SettingsError

_KINDS = ("http", "https", "all")
_SOCKS = ("socks5", "socks5h")
_SCHEMES = ("http", "https", *_SOCKS)
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}  # where an address names none
_SAME_AS = {"ws": "http", "wss": "https"}
_LIBRARIES = ("socksio", "aiohttp_socks")  # of SOCKS: the one for httpx, and the one for aiohttp


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it."""

    variable: str
    url: str = field(repr=False)  # it may hold a password

    @property
    def parsed(self) -> httpx.URL:
        return httpx.URL(self.url)

    @property
    def is_socks(self) -> bool:
        return self.parsed.scheme in _SOCKS

    @property
    def port(self) -> int:
        return self.parsed.port or _PORTS[self.parsed.scheme]

    @property
    def place(self) -> str:
        """Give host and port, which are no secret."""
        return f"{self.parsed.host}:{self.port}"


def proxy_for(url: str) -> Proxy | None:
    """Give the proxy through which an address is reached; None where it is reached directly."""
    target = httpx.URL(url)
    scheme, proxies = _SAME_AS.get(target.scheme, target.scheme), getproxies()
    kind = scheme if proxies.get(scheme) else "all"
    if not proxies.get(kind) or any(map(proxy_bypass, _spellings(target))):
        return None
    return _read(kind, proxies[kind])


def check_proxies() -> None:
    """Refuse proxies through which nothing could be called: SettingsError; their addresses may hold passwords."""
    for proxy in _all():
        scheme = proxy.url.partition("://")[0]
        if scheme not in _SCHEMES:
            raise SettingsError(
                f"{proxy.variable} begins with {scheme}://, which is not understood; write socks5:// or http://"
            )
        if not _is_address(proxy.url):
            advice = "write http://host:port, and in a password %40 for @, %23 for #, %2F for /"
            raise SettingsError(f"{proxy.variable} is no address of a proxy; {advice}")
        if lacking := next((one for one in _LIBRARIES if proxy.is_socks and not find_spec(one)), ""):
            raise MissingExtraError(f"{proxy.variable} is a SOCKS proxy and", lacking, "socks")


def curl_variables() -> dict[str, str]:
    """Spell the proxies for git's library: it passes over HTTP_PROXY, and with socks5 it looks names up itself."""
    named = {proxy.variable.lower(): proxy.url for proxy in _all()}
    return {name: url.replace("socks5://", "socks5h://", 1) for name, url in named.items()}


def _all() -> Iterator[Proxy]:
    proxies = getproxies()
    return (_read(kind, proxies[kind]) for kind in _KINDS if proxies.get(kind))


def _read(kind: str, said: str) -> Proxy:
    """Read a variable; an address without a scheme is that of an HTTP proxy, as everywhere."""
    scheme, found, rest = said.strip().partition("://")
    return Proxy(f"{kind.upper()}_PROXY", f"{scheme.lower()}://{rest}" if found else f"http://{scheme}")


def _is_address(url: str) -> bool:
    try:
        return bool(httpx.URL(url).host)
    except httpx.InvalidURL:
        return False


def _spellings(url: httpx.URL) -> tuple[str, str]:
    """Give what NO_PROXY may name: a host, or a port of it."""
    return url.host, f"{url.host}:{url.port or _PORTS[_SAME_AS.get(url.scheme, url.scheme)]}"
