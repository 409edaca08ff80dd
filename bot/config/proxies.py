"""The proxies that the environment names: which of them the libraries speak to, and what SOCKS needs."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.request import getproxies

from bot.config.settings import Settings
from bot.errors import MissingExtraError, SettingsError

_OF_CALLS = ("http", "https", "all")
_OF_SLACK = ("http", "https")  # what its SDK reads; it knows no ALL_PROXY
_SOCKS = ("socks5", "socks5h")


def check_proxies(settings: Settings) -> None:
    """Refuse proxies through which nothing could be called: SettingsError; their addresses may hold passwords."""
    schemes = {kind: url.partition("://")[0].lower() for kind, url in getproxies().items() if kind in _OF_CALLS}
    for kind, scheme in schemes.items():
        name = f"{kind.upper()}_PROXY"
        if scheme.startswith("socks") and scheme not in _SOCKS:
            raise SettingsError(f"{name} begins with {scheme}://, which is not understood; write socks5:// or http://")
        if scheme in _SOCKS and not find_spec("socksio"):
            raise MissingExtraError(f"{name} is a SOCKS proxy and", "socksio", "socks")
        if scheme in _SOCKS and kind in _OF_SLACK and settings.slack.chats:
            why = "through which Slack's library cannot call; name an HTTP proxy, or take it out"
            raise SettingsError(f"{name} is a SOCKS proxy, {why}")
