"""The bytes of a feed to its entries: RSS and Atom by feedparser, JSON Feed by `json_feed`.

feedparser takes hours for some megabytes of what is no XML, or of tags within tags, so these are refused before.
"""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin
from xml.parsers import expat

import feedparser
import httpx

from bot.errors import SourceError
from bot.sources.feeds import json_feed
from bot.sources.feeds.entries import Entry, Feed, tables
from bot.sources.feeds.html.reader import to_markdown
from bot.sources.posts.front_matter import storable
from bot.sources.web.addresses import shown
from bot.sources.web.fetcher import Fetched
from formatters.markdown import walk
from formatters.spans import collapse_spaces, plain, shorten

MOST_ENTRIES = 2000  # that arXiv gives at once, and no other feed that we know
_DEEPEST = 64  # tags within tags
_LARGEST_BROKEN = 2**20  # bytes of XML that is not well-formed, and of its signs:
_MOST_SIGNS = 20_000
_LONGEST_TITLE = 1000  # characters
_MARKUP = re.compile(r"</[a-z]|<(?:p|br|hr|img|div)\b|&(?:#\w+|[a-z]+);", re.IGNORECASE)  # of what is HTML
_ALTERNATE = re.compile(r"<link\b[^<>]{0,500}?\btype=[\"']?application/(?:rss|atom)\+xml[^<>]{0,500}>", re.IGNORECASE)
_HREF = re.compile(r"\bhref=[\"']?([^\"'\s<>]+)", re.IGNORECASE)


def read(fetched: Fetched) -> Feed:
    """Read a feed that was fetched; SourceError for what is none, and for what would take too long."""
    content, where = fetched.content or b"", shown(httpx.URL(fetched.url))
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return json_feed.read(content, where)
    problem = _checked(content, where)
    headers = {"content-type": fetched.content_type or "application/xml", "content-location": fetched.url}
    found = feedparser.parse(
        io.BytesIO(content), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not found.get("version") and not found.entries:
        raise SourceError(f"{where}: is no feed; {_advice(content, fetched.url)}")
    entries = [_entry(dict(one)) for one in found.entries[:MOST_ENTRIES]]
    return Feed(_text(found.feed, "title"), _text(found.feed, "link"), entries, problem)


def _checked(content: bytes, where: str) -> str:
    """Say what is wrong with XML that can be read all the same; SourceError for what is not tried."""
    try:
        _Shape().read(content)
    except _RefusedError as error:
        raise SourceError(f"{where}: {error}; check the address, or tell its author") from None
    except expat.ExpatError as error:
        why = f"line {error.lineno}: {expat.ErrorString(error.code)}"
    else:
        return ""
    if len(content) > _LARGEST_BROKEN or content.count(b"<") > _MOST_SIGNS or content.count(b"&") > _MOST_SIGNS:
        raise SourceError(f"{where}: is no well-formed XML ({why}), and too large to guess; tell its author")
    return f"{where}: is no well-formed XML ({why}); what of it can be understood is read"


class _RefusedError(Exception):
    """What no feed has."""


class _Shape:
    """Look through XML without keeping any of it; nothing else is loaded."""

    def __init__(self) -> None:
        self._depth = 0

    def read(self, content: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.EntityDeclHandler = self._declare
        parser.Parse(content, True)

    def _open(self, _name: str, _attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _RefusedError(f"has tags within tags, more than {_DEEPEST} deep")

    def _declare(self, *_: object) -> None:
        raise _RefusedError("declares entities of its own, which may stand for without end")

    def _close(self, _name: str) -> None:
        self._depth -= 1


def _advice(content: bytes, url: str) -> str:
    """Say what to do about a page that is no feed."""
    found = _ALTERNATE.search(content[:_LARGEST_BROKEN].decode("utf-8", "replace"))
    href = _HREF.search(found[0]) if found else None
    return (
        f"it is a page, and names its feed: {urljoin(url, href[1])}" if href else "give the address of the feed itself"
    )


def _entry(found: Mapping[str, Any]) -> Entry:
    content = _content(found)
    value = _text(content, "value")
    is_text = content.get("type") == "text/plain" or not _MARKUP.search(value)
    return Entry(
        shorten(_title(found), _LONGEST_TITLE),
        _text(found, "link"),
        _text(found, "id"),
        _moment(found.get("published_parsed")),
        _moment(found.get("updated_parsed")),
        "" if is_text else value,
        value if is_text else "",
        tuple(filter(None, (_text(author, "name") for author in tables(found.get("authors"))))),
        _text(found, "arxiv_announce_type"),
    )


def _title(found: Mapping[str, Any]) -> str:
    """Give the title of an entry as plain text."""
    title, about = _text(found, "title"), found.get("title_detail")
    is_text = isinstance(about, dict) and about.get("type") == "text/plain"
    return collapse_spaces(title if is_text else plain(walk(to_markdown(title))))


def _content(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the longest content of an entry, else its summary."""
    contents = [*tables(found.get("content")), *tables([found.get("summary_detail")])]
    return max(contents, key=lambda one: len(_text(one, "value")), default={})


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return storable(value).strip() if isinstance(value, str) else ""


def _moment(parsed: Any) -> datetime | None:
    """Turn what feedparser understood of a date, in UTC, into a time."""
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None
