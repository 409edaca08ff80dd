"""Proxies of the environment: which one leads where, and which are refused before anything is called."""

from __future__ import annotations

import sys

import pytest

from bot.errors import SettingsError
from bot.network.proxies import check_proxies, curl_variables, proxy_for

ADVICE = "write http://host:port, and in a password %40 for @, %23 for #, %2F for /"
HTTP, SOCKS = "http://127.0.0.1:3128", "socks5://me:secret@proxy.example"


def refused(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> str:
    """Give why a proxy is refused, "" for one that is not."""
    monkeypatch.setenv(name, url)
    try:
        check_proxies()
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "http_proxy"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS5"])
@pytest.mark.parametrize("library", ["socksio", "aiohttp_socks"])
def test_socks_needs_its_extra(name: str, scheme: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{scheme}://me:secret@127.0.0.1:1080"
    assert refused(monkeypatch, name, url) == ""
    monkeypatch.setitem(sys.modules, library, None)
    extra = f"needs {library}, which is not installed: pip install 'paperboy-bot[socks]'"
    assert refused(monkeypatch, name, url) == f"{name.upper()} is a SOCKS proxy and {extra}"


@pytest.mark.parametrize("url", ["socks://127.0.0.1:1080", "socks4://127.0.0.1:1080", "ftp://127.0.0.1"])
def test_other_schemes_are_not_understood(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = url.partition(":")[0]
    said = f"ALL_PROXY begins with {scheme}://, which is not understood; write socks5:// or http://"
    assert refused(monkeypatch, "ALL_PROXY", url) == said


@pytest.mark.parametrize(
    "url",
    ["http://", "http://:3128", "http://proxy:port", "http://me:pass#word@proxy:3128", "http://[::1"],
)
def test_what_is_no_address_is_told_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch, "HTTPS_PROXY", url) == f"HTTPS_PROXY is no address of a proxy; {ADVICE}"


@pytest.mark.parametrize(
    ("name", "url"),
    [("NO_PROXY", "socks.example.org"), ("HTTPS_PROXY", ""), ("FTP_PROXY", "odd")],
)
def test_other_variables_are_left_alone(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch, name, url) == ""


@pytest.mark.parametrize(
    ("url", "variable"),
    [
        ("https://api.telegram.org/bot", "HTTPS_PROXY"),
        ("wss://wss-primary.slack.com/link/", "HTTPS_PROXY"),
        ("http://blog.example/", "ALL_PROXY"),
        ("ws://127.0.0.1:81/link/", "ALL_PROXY"),
        ("http://intern.example/", ""),
        ("https://api.intern.example/bot", ""),
        ("http://127.0.0.1:8081/bot", ""),
        ("http://127.0.0.1:8082/bot", "ALL_PROXY"),
        ("https://odd.example/", ""),
        ("https://odd.example:444/", "HTTPS_PROXY"),
    ],
)
def test_one_proxy_for_each_address(url: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "127.0.0.1:3128")
    monkeypatch.setenv("ALL_PROXY", SOCKS)
    monkeypatch.setenv("NO_PROXY", "intern.example, 127.0.0.1:8081,odd.example:443")
    proxy = proxy_for(url)
    assert (proxy.variable if proxy else "") == variable
    assert proxy is None or (proxy.url, proxy.is_socks, proxy.place) in (
        (HTTP, False, "127.0.0.1:3128"),
        (SOCKS, True, "proxy.example:1080"),
    )
    assert "secret" not in repr(proxy)


def test_no_proxy_for_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for("https://slack.com/api/") is None
    monkeypatch.setenv("ALL_PROXY", SOCKS)
    monkeypatch.setenv("no_proxy", "*")
    assert proxy_for("https://slack.com/api/") is None


def test_git_is_told_in_its_own_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "proxy.example:3128")
    monkeypatch.setenv("ALL_PROXY", SOCKS)
    assert curl_variables() == {
        "http_proxy": "http://proxy.example:3128",
        "all_proxy": "socks5h://me:secret@proxy.example",
    }
