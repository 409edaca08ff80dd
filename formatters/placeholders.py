"""Placeholders: links to a chat's own message about a paper, whose address is known only when it is sent there.

A body is the same for all chats of an edition. So such a link is spelled as an address on a name that is reserved
(RFC 2606): it holds the ref of the paper, and where the link leads in a chat that has no such message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Any

from formatters import links

HOST = "message.invalid"
_LONGEST = 130  # characters of the address of a message: Slack's of a reply; Telegram's have up to 60
_BEFORE_ELSE = "?else="
_PLACEHOLDER = re.compile(
    rf"https?://{re.escape(HOST)}(?![\w.-])(?:/([0-9a-f]{{16}}){re.escape(_BEFORE_ELSE)}(.*)|.*)", re.DOTALL
)
_IN_HTML = re.compile(rf'<a href="(https?://{re.escape(HOST)}[^"]*)">(.*?)</a>', re.DOTALL)


def spell(ref: str, otherwise: str) -> str:
    """Spell a link to the message about a paper; `otherwise` is where it leads in a chat without one, "" for no link.

    Where that address is too long to be held, it is given itself.
    """
    safe = links.safe(otherwise)
    return links.safe(f"https://{HOST}/{ref}{_BEFORE_ELSE}{safe}") or safe


def may_vanish(url: str) -> bool:
    """Tell whether a link may become plain text."""
    return HOST in url and not _address(url, {})


def longest(url: str) -> int:
    """Give how many characters an address has at the most when it is sent."""
    return max(len(url), _LONGEST) if HOST in url else len(url)


def refs(body: object) -> set[str]:
    """Give the refs of the papers to whose messages a body shall lead."""
    return {found[1] for url in _urls(body) if (found := _PLACEHOLDER.fullmatch(url)) and found[1]}


def fill(body: Mapping[str, Any], messages: Mapping[str, str]) -> Mapping[str, Any]:
    """Give a body whose links lead to messages, by ref, and to the papers themselves where there is none."""
    filled: Mapping[str, Any] = _filled(body, messages) if any(_urls(body)) else body
    return filled


def _urls(node: object) -> list[str]:
    if isinstance(node, str):
        return _urls_in(node) if HOST in node else []
    parts = node.values() if isinstance(node, Mapping) else node if isinstance(node, list | tuple) else ()
    return [url for part in parts for url in _urls(part)]


def _urls_in(text: str) -> list[str]:
    whole = [text] if _PLACEHOLDER.fullmatch(text) else []
    return whole or [unescape(url) for url, _ in _IN_HTML.findall(text)]


def _filled(node: Any, messages: Mapping[str, str]) -> Any:
    match node:
        case {"type": "link", "url": str(url), **rest} if HOST in url:
            address = _address(url, messages)
            return {"type": "link", "url": address, **rest} if address else {"type": "text", **rest}
        case Mapping():
            return {name: _filled(part, messages) for name, part in node.items()}
        case list() | tuple():
            return [_filled(part, messages) for part in node]
        case str() if HOST in node:
            return _IN_HTML.sub(lambda found: _link(unescape(found[1]), found[2], messages), node)
    return node


def _link(url: str, text: str, messages: Mapping[str, str]) -> str:
    address = _address(url, messages)
    return f'<a href="{escape(address)}">{text}</a>' if address else text


def _address(url: str, messages: Mapping[str, str]) -> str:
    """Give where a link leads."""
    found = _PLACEHOLDER.fullmatch(url)
    if not found:
        return url
    otherwise = links.safe(found[2] or "")
    return messages.get(found[1] or "") or ("" if _PLACEHOLDER.fullmatch(otherwise) else otherwise)
