"""Make the keyword arguments of `chat.postMessage`, and read our own blocks as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from formatters.slack import limits, lists, mrkdwn, rich_text, texts
from formatters.spans import Spans, plain, split


def bodies(spans: Spans) -> list[Mapping[str, Any]]:
    """Make as many messages as a text needs."""
    return [body(part) for part in split(spans, rich_text.LIMITS)]


def body(spans: Spans) -> Mapping[str, Any]:
    return with_text(plain(spans), [rich_text.block(spans)])


def with_text(text: str, blocks: Sequence[Mapping[str, object]]) -> Mapping[str, Any]:
    """Make a message of blocks; `text` says the same for notifications and screen readers."""
    return {
        "text": texts.fallback(text),
        "blocks": list(blocks),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def without_blocks(body: Mapping[str, Any]) -> Mapping[str, object]:
    """Give a message as plain text, with the addresses of its links where it holds them."""
    kept = {name: value for name, value in body.items() if name != "blocks"}
    with_addresses = texts.escape("\n".join(_with_addresses(body["blocks"])))
    return {**kept, "text": with_addresses} if len(with_addresses) <= limits.TEXT else kept


def _with_addresses(blocks: Any) -> Iterator[str]:
    """Read our own blocks as lines of text, the address of a link after its words, without buttons."""
    for block in blocks:
        if block["type"] == "rich_text":
            yield from ("".join(map(_with_address, line)) for part in block["elements"] for line in _lines_of(part))
        elif block["type"] == "section":
            yield f"\n{mrkdwn.read(block['text'])}"
        elif block["type"] == "context":
            yield from (f"\n{mrkdwn.read(element)}" for element in block["elements"])


def _lines_of(part: Mapping[str, Any]) -> Iterator[Sequence[Mapping[str, str]]]:
    """Give the elements of a part, of a list those of each item behind its mark."""
    if part["type"] == "rich_text_list":
        yield from lists.lines(part)
    else:
        yield part["elements"]


def _with_address(element: Mapping[str, str]) -> str:
    return f"{element['text']} ({element['url']})" if element["type"] == "link" else element["text"]
