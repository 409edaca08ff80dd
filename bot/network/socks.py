"""Connections of aiohttp through SOCKS, which it does not speak itself; needs the extra "socks"."""

from __future__ import annotations

import ssl
from typing import Any

import python_socks
from aiohttp_socks import ProxyConnector

from bot.network.failures import ProxyFailure, refused, unreachable
from bot.network.proxies import Proxy
from bot.network.writing import give_up_after


class SocksConnector(ProxyConnector):
    """Connect through a SOCKS5 proxy, which looks names up; what goes wrong is a ProxyFailure."""

    def __init__(self, proxy: Proxy, unacknowledged: float) -> None:
        parsed = proxy.parsed
        super().__init__(parsed.host, proxy.port, username=parsed.username, password=parsed.password, rdns=True)
        self._place, self._unacknowledged = proxy.place, unacknowledged

    async def _connect_via_proxy(
        self, host: str, port: int, ssl: ssl.SSLContext | None = None, timeout: float | None = None
    ) -> tuple[Any, Any]:
        try:
            connection: tuple[Any, Any] = await super()._connect_via_proxy(host, port, ssl, timeout)
            give_up_after(self._unacknowledged, connection[0].get_extra_info("socket"))
            return connection
        except python_socks.ProxyConnectionError as error:
            raise ProxyFailure(unreachable(self._place)) from error
        except python_socks.ProxyError as error:
            raise ProxyFailure(refused(str(error))) from error
        except OSError as error:  # of TLS, or of time
            raise ProxyFailure(f"the proxy does not connect ({error or type(error).__name__})") from error
