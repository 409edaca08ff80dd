"""What chats receive that chose nothing, where a test does not say it."""

from __future__ import annotations

from formatters.edition import UsualEdition


def usual_edition(
    layout: str = "messages", cards: str = "short", foldable: tuple[str, ...] = (), linkable: tuple[str, ...] = ()
) -> UsualEdition:
    return UsualEdition(layout, cards, foldable, linkable)
