"""Proxies of the environment, before anything is called."""

from __future__ import annotations

import sys

import pytest

from bot.config.proxies import check_proxies
from bot.config.settings import Settings
from bot.errors import SettingsError

EXTRA = "and needs socksio, which is not installed: pip install 'paperboy-bot[socks]'"
SLACK = "is a SOCKS proxy, through which Slack's library cannot call; name an HTTP proxy, or take it out"


def refused(monkeypatch: pytest.MonkeyPatch, name: str, url: str, **settings: object) -> str:
    """Give why a proxy is refused, "" for one that is not."""
    monkeypatch.setenv(name, url)
    try:
        check_proxies(Settings.model_validate(settings))
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "http_proxy"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS5"])
def test_socks_needs_its_extra(name: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{scheme}://me:secret@127.0.0.1:1080"
    assert refused(monkeypatch, name, url) == ""
    monkeypatch.setitem(sys.modules, "socksio", None)
    assert refused(monkeypatch, name, url) == f"{name.upper()} is a SOCKS proxy {EXTRA}"


@pytest.mark.parametrize("url", ["socks://127.0.0.1:1080", "socks4://127.0.0.1:1080"])
def test_other_socks_is_not_understood(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = url.partition(":")[0]
    said = f"ALL_PROXY begins with {scheme}://, which is not understood; write socks5:// or http://"
    assert refused(monkeypatch, "ALL_PROXY", url) == said


@pytest.mark.parametrize(
    ("name", "url", "said"),
    [
        ("HTTPS_PROXY", "socks5://127.0.0.1:1080", f"HTTPS_PROXY {SLACK}"),
        ("ALL_PROXY", "socks5://127.0.0.1:1080", ""),  # which it does not read
        ("HTTPS_PROXY", "http://127.0.0.1:3128", ""),
        ("NO_PROXY", "socks.example.org", ""),
    ],
)
def test_slack_takes_no_socks(name: str, url: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slack = {"chats": ["C0123ABCD"], "bot_token": "xoxb-FAKE-FAKE-FAKE-FAKE"}
    assert refused(monkeypatch, name, url, slack=slack) == said
