"""Links: which addresses are safe, and in which form."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

LONGEST_URL = 2048

# A host with a dot, and a port: Telegram silently drops links to others.
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::[1-9]\d*)?", re.ASCII)
# A usual address, safe without changes: this is ten times faster than parsing it.
_PLAIN = re.compile(r"https?://(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}/[\w./-]*", re.ASCII)
# What a URL may hold unquoted; Slack breaks on | and >, Rich's markup on brackets.
_KEPT = "/:?#@!$&'()*+,;=%~-._"


@lru_cache(1024)
def safe(url: str) -> str:
    """Give the address in a form every channel accepts as a link, or "" when it must not become one.

    Only http and https count, on a named host or an IPv4 address, without a user's name.
    """
    if len(url) > LONGEST_URL:
        return ""
    if _PLAIN.fullmatch(url):
        return url
    try:
        parts = urlsplit(url.strip())
        netloc = parts.netloc.encode("idna").decode()  # Korean host names; raises on empty and overlong labels
        _ = parts.port  # raises on nonsense
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(netloc):
        return ""
    quoted = quote(parts._replace(netloc=netloc).geturl(), safe=_KEPT)
    return quoted if len(quoted) <= LONGEST_URL else ""
