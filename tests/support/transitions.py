"""The changes of deliveries' states that the table of transitions allows, for triggers that refuse all others."""

from __future__ import annotations

from bot.database.states import DELIVERY_CHANGES

_PAIRS = ((start, end) for start, ends in DELIVERY_CHANGES.items() for end in (start, *ends))
ALLOWED = ", ".join(f"('{start}', '{end}')" for start, end in _PAIRS)
