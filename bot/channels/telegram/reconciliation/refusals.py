"""What the refusals of edits and deletions say about a message."""

from __future__ import annotations

from bot.errors import Rejected


def is_unmodified(error: Rejected) -> bool:
    """Tell whether an edit was refused because the message reads so already."""
    return "message is not modified" in str(error).lower()


def is_gone(error: Rejected) -> bool:
    """Tell whether a deletion was refused because the message is gone already."""
    return "message to delete not found" in str(error).lower()


def meaning(error: Rejected) -> bool | None:
    """Give the result of a probe that was refused."""
    if is_unmodified(error):
        return True
    if "message to edit not found" in str(error).lower():
        return None
    if "message can't be edited" in str(error).lower():
        return False
    raise error
