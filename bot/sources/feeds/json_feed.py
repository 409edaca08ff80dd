"""JSON Feed, which feedparser does not read yet (jsonfeed.org, version 1.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError

from bot.errors import SourceError
from bot.sources.feeds.entries import Entry, Feed, tables
from bot.sources.posts.front_matter import storable


def _text(value: object) -> str:
    return storable(value).strip() if isinstance(value, str) else str(value) if type(value) is int else ""


Text = Annotated[str, BeforeValidator(_text)]
Items = Annotated[list[dict[str, Any]], BeforeValidator(tables)]


class _Author(BaseModel):
    name: Text = ""


class _Item(BaseModel):
    id: Text = ""
    url: Text = ""
    external_url: Text = ""
    title: Text = ""
    content_html: Text = ""
    content_text: Text = ""
    summary: Text = ""
    date_published: Text = ""
    date_modified: Text = ""
    authors: Items = []


class _Feed(BaseModel):
    version: Text
    title: Text = ""
    home_page_url: Text = ""
    items: Items = []


def read(content: bytes, where: str) -> Feed:
    """Read a JSON Feed; SourceError for what is none. A field of another type is as if it were missing."""
    try:
        found = TypeAdapter(_Feed).validate_json(content.decode("utf-8-sig", "replace"))
    except ValidationError:
        raise SourceError(f"{where}: is no JSON Feed; give the address of the feed itself") from None
    entries = [_entry(_Item.model_validate(item)) for item in found.items]
    return Feed(found.title, found.home_page_url, entries)


def _entry(item: _Item) -> Entry:
    return Entry(
        item.title,
        item.url or item.external_url,
        item.id,
        _moment(item.date_published),
        _moment(item.date_modified),
        item.content_html,
        "" if item.content_html else item.content_text or item.summary,
        tuple(name for author in item.authors if (name := _Author.model_validate(author).name)),
    )


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
