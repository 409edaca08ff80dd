"""Write spans as `rich_text`, in which no character is markup."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from formatters import links, placeholders
from formatters.slack import limits, lists
from formatters.spans import ITEM, MARK, Limit, Span, Spans, block_style, tidy

_ELEMENTS = {"": "rich_text_section", "quote": "rich_text_quote", "pre": "rich_text_preformatted"}
_STYLES = ("bold", "italic", "strike", "code")


def block(spans: Iterable[Span]) -> dict[str, object]:
    """Write spans, which `tidy` made, as one block."""
    return {"type": "rich_text", "elements": spell(spans)}


def spell(spans: Iterable[Span]) -> list[dict[str, object]]:
    """Write spans, which `tidy` made, as the elements of one `rich_text` block."""
    written: list[dict[str, object]] = []
    runs = [(kind, tuple(group)) for kind, group in groupby(spans, _kind)]
    for kind, run in runs:
        shown = tidy(run) if len(runs) > 1 else run  # a block begins and ends a line
        if (
            shown
            and not kind
            and written
            and written[-1]["type"] == "rich_text_list"
            and run[0].text.startswith("\n\n")
        ):
            shown = (Span("\n"), *shown)  # an empty line, as Slack's own editor writes it
        written += _elements(kind, shown)
    return written


def _kind(span: Span) -> str:
    return block_style(span) or (ITEM if ITEM in span.styles else "")


def _elements(kind: str, run: Spans) -> Iterable[dict[str, object]]:
    if kind == ITEM:
        return lists.spell(run, _element)
    return [{"type": _ELEMENTS[kind], "elements": list(map(_element, run))}] if run else []


def _element(span: Span) -> dict[str, object]:
    styles = _STYLES if span.styles and "pre" not in span.styles else ()
    style = {name: True for name in styles if name in span.styles}
    url = links.safe(span.url) if span.url else ""
    kind: dict[str, object] = {"type": "link", "url": url} if url else {"type": "text"}
    return {**kind, "text": span.text, **({"style": style} if style else {})}


def characters(span: Span) -> int:
    return len(span.text) + placeholders.longest(span.url)


def _items(span: Span) -> int:
    return int(MARK in span.styles)


# A list, and a block, has at most 1,000 elements (the documentation gives no number; these are enough).
LIMITS: tuple[Limit, ...] = ((characters, limits.MESSAGE), (_items, 400))
