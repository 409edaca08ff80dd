"""Feeds as blogs, arXiv and bioRxiv write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from tests.support.fakes.documents import Document

_NAMES = (
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
)


def rss(*items: str, title: str = "A blog", link: str = "https://blog.example/", etag: str = "") -> Document:
    """Give a feed of RSS 2.0."""
    head = f"<title>{escape(title)}</title><link>{link}</link><description/>"
    begin, all_items = f'<?xml version="1.0" encoding="utf-8"?><rss {_NAMES} version="2.0"><channel>', "".join(items)
    text = f"{begin}{head}{all_items}</channel></rss>"
    return Document(text.encode(), "application/rss+xml; charset=utf-8", etag)


def item(**fields: str) -> str:
    """Give an item; a colon in the name of a field is spelled `__`."""
    return f"<item>{''.join(_fields(fields))}</item>"


def _fields(fields: Mapping[str, str]) -> Iterable[str]:
    for name, value in fields.items():
        tag = name.replace("__", ":")
        yield f"<{tag}>{escape(value)}</{tag}>"


def post(title: str, html: str, link: str = "https://blog.example/p/", **more: str) -> str:
    """Give a blog's post as an item of RSS."""
    return item(title=title, link=link, content__encoded=html, **more)


def arxiv_paper(number: int, announced: str = "new", title: str = "", **more: str) -> str:
    """Give a paper as arXiv announces it."""
    arxiv = f"2603.{number:05}"
    about = f"arXiv:{arxiv}v1 Announce Type: {announced} \nAbstract: Abstract {number}: $x_i < 5%$ of A*."
    fields = {
        "title": title or f"A Paper of Number {number}",
        "link": f"https://arxiv.org/abs/{arxiv}",
        "description": about,
        "guid": f"oai:arXiv.org:{arxiv}v1",
        "category": "cs.CL",
        "pubDate": "Tue, 03 Mar 2026 00:00:00 -0500",
        "arxiv__announce_type": announced,
        "dc__creator": "Ann A., Bob B.",
    }
    return item(**{**fields, **more})
