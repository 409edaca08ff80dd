"""How long calls take at the least, as much as their limits allow now."""

from __future__ import annotations

from bot.channels.rate_limits.allowances import Allowance


def evenly(calls: int, allowance: Allowance) -> float:
    """Give the seconds from the first to the last of so many calls at an even distance."""
    return max(0, calls - 1) * allowance.window / allowance.allowed


def in_windows(calls: int, allowance: Allowance, distance: float = 0.0) -> float:
    """Give the same for calls of which each window takes so many, at this distance within it."""
    windows, rest = divmod(max(0, calls - 1), int(allowance.allowed))
    return windows * allowance.window + rest * distance
