"""What a client of HTTP is told about the network, and what of the network is checked at the start."""

from __future__ import annotations

from typing import Any

from bot.network.certificates import tls_context
from bot.network.proxies import check_proxies, proxy_for


def check_network() -> None:
    """Refuse proxies and certificates of the environment with which nothing could be called: SettingsError."""
    check_proxies()
    tls_context()


def httpx_options(url: str) -> dict[str, Any]:
    """Give the arguments of an httpx client that calls this address."""
    proxy = proxy_for(url)
    return {"proxy": proxy.url if proxy else None, "trust_env": False, "verify": tls_context()}
