"""Papers that open at a press: a `container` block each (docs.slack.dev, container block)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from formatters import addresses, compose, links
from formatters.locale import Phrases
from formatters.model import Paper
from formatters.page import Button
from formatters.slack import limits, mrkdwn, rich_text
from formatters.slack.buttons import actions
from formatters.slack.texts import plain_text
from formatters.spans import Span, Spans, isolated, plain, shorten

Block = Mapping[str, Any]

_CONTAINER = "container"
_MOST_BLOCKS = limits.BLOCKS - 2  # of a message: fewer than Slack takes, to be safe


def of_paper(paper: Paper, phrases: Phrases, button: Button | None) -> Block:
    """Fold a paper: all that its post says, and its links; the button only where not all of it fits."""
    title = f"{paper.number}. {isolated(paper.title)}"
    earlier, row = compose.earlier(paper, phrases), compose.links_row(paper)
    context = _context(row)
    whole_title = compose.title(paper)
    again = [] if len(title) <= limits.TITLE and _is_linked(paper) else [whole_title]
    texts = [*again, earlier, *compose.sections(paper), *([] if context else [row])]
    written = mrkdwn.sections(texts) or ([] if context else mrkdwn.sections([whole_title]))
    said = " · ".join(filter(None, (plain(earlier), compose.brief(paper))))
    folded = _fold(title, said, [*written, *context])
    if _fits([folded]) and len(folded["child_blocks"]) <= limits.CHILDREN:
        return folded
    more = [actions([button], "row0")] if button else mrkdwn.sections([(Span("…"),)])
    return _cut(title, said, written, [*more, *context])


def with_full(card: Sequence[Block], paper: Paper, phrases: Phrases) -> Sequence[Block] | None:
    """Put the full summary below a card, folded; None where a message cannot hold all of it."""
    children = mrkdwn.sections(compose.sections(paper))
    blocks = [*card, *([_fold(phrases.full_summary, "", children)] if children else [])]
    return blocks if _fits(blocks) and len(children) <= limits.CHILDREN else None


def packed(head: Spans, entries: Iterable[tuple[Spans, Block]]) -> list[tuple[Spans, list[Block]]]:
    """Lay a head and containers out in few messages, each with what its blocks say in short."""
    messages: list[tuple[Spans, list[Block]]] = [(head, [rich_text.block(head)])]
    for said, block in entries:
        spans, blocks = messages[-1]
        if _fits([*blocks, block]):
            messages[-1] = (*spans, *said), [*blocks, block]
        else:
            messages.append((said, [block]))
    return messages


def unfolded(blocks: Sequence[Block]) -> list[Block]:
    """Give the same blocks without containers, for a workspace that refuses them."""
    return [one for block in blocks for one in (_opened(block) if block["type"] == _CONTAINER else [block])]


def are_in(blocks: Sequence[Block]) -> bool:
    return any(block["type"] == _CONTAINER for block in blocks)


def _fold(title: str, said: str, children: Sequence[Block]) -> Block:
    subtitle = {"subtitle": plain_text(shorten(said, limits.TITLE))} if said else {}
    return {
        "type": _CONTAINER,
        "title": plain_text(shorten(title, limits.TITLE)),
        **subtitle,
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": list(children),
    }


def _cut(title: str, said: str, written: Sequence[Block], below: Sequence[Block]) -> Block:
    """Fold as much as fits."""
    most = limits.CHILDREN - len(below)
    kept = [_fold(title, said, [*written[:count], *below]) for count in range(most, 0, -1)]
    return next(one for one in kept if _fits([one]))


def _opened(container: Block) -> list[Block]:
    """Show what is in a container below its title; Slack itself then folds what is long."""
    title = Span(container["title"]["text"], styles=compose.BOLD)
    children = [{name: value for name, value in one.items() if name != "expand"} for one in container["child_blocks"]]
    return [rich_text.block([title]), *children]


def _context(row: Spans) -> list[Block]:
    """Write links as small text, where it may be as long as they are."""
    written = mrkdwn.text(row)
    is_short = 0 < len(written["text"]) <= limits.ELEMENT
    return [{"type": "context", "elements": [written]}] if is_short else []


def _is_linked(paper: Paper) -> bool:
    """Tell whether the address of a paper's title is among its links."""
    url = links.safe(paper.url)
    return not url or url in (link.url for link in addresses.row(paper))


def _fits(blocks: Sequence[Block]) -> bool:
    """Tell whether one message holds these blocks."""
    return limits.blocks(blocks) <= _MOST_BLOCKS and limits.characters(blocks) <= limits.MESSAGE
