"""Which addresses a source may be read from: public ones, by http or https.

A feed is written by others, and its redirects lead where they like: also to a router, or to the service in which a
cloud machine finds its own secrets.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpx

from bot.errors import SourceError
from bot.network.proxies import proxy_for
from bot.sources.web.errors import Unreachable

_PORTS = {"http": 80, "https": 443}


class AddressGuard:
    """Find the address to connect to; refuse what is not public, unless private addresses are allowed."""

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private

    async def pinned(self, url: httpx.URL) -> list[httpx.URL]:
        """Give this URL with each of the addresses that its host has now; unchanged where a proxy looks them up.

        To connect to these very addresses, and not to the name again, leaves no moment for another answer of the DNS.
        Raises SourceError for another scheme, a host that is not known, and an address that is not public.
        """
        if url.scheme not in _PORTS or not url.host:
            raise SourceError(f"{shown(url)}: only http and https addresses can be read; correct the address")
        if proxy_for(str(url)):
            return [url]
        found = await _resolved(url)
        if not self._allow_private and (private := [one for one in found if not _is_public(one)]):
            advice = "set allow_private = true in this source's settings if that is meant"
            raise SourceError(f"{shown(url)}: {url.host} is {private[0]}, which is not a public address; {advice}")
        return [url.copy_with(host=one) for one in found]


def shown(url: httpx.URL) -> str:
    """Spell a URL for people: without name, password and query, which may hold secrets."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))


async def _resolved(url: httpx.URL) -> list[str]:
    port = url.port or _PORTS[url.scheme]
    try:
        # With AI_ADDRCONFIG, no IPv6 addresses are given to a machine that has none itself (RFC 3493, 6.1).
        loop, flags = asyncio.get_running_loop(), socket.AI_ADDRCONFIG
        found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "no such name"
        raise Unreachable(
            f"{shown(url)}: {url.host} is not found ({said}); check the address and the network"
        ) from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _is_public(address: str) -> bool:
    """Tell whether an address belongs to the public internet; one of IPv4 written as IPv6 is that of IPv4."""
    one = ipaddress.ip_address(address.partition("%")[0])
    mapped = one.ipv4_mapped if isinstance(one, ipaddress.IPv6Address) else None
    return (mapped or one).is_global and not one.is_multicast
