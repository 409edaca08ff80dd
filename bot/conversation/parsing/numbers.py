"""Several papers at once: "1-5", "1 2 3", "1, 3-5"."""

from __future__ import annotations

import re
from collections.abc import Sequence

Range = tuple[int, int]  # the first and the last number

# Three digits at most, and none of them a leading zero: "20250910" and "09-10" are days.
_NUMBER = re.compile(r"([1-9]\d{0,2}) ?번?")
_RANGE = re.compile(r"([1-9]\d{0,2}) ?번? ?(?:[-~〜]|부터) ?([1-9]\d{0,2}) ?번?(?: ?까지)?")


def parse_numbers(text: str) -> tuple[Range, ...]:
    """Read a range, or two numbers and more; () for one number alone and for anything else.

    Behind a number only a comma makes a range of "9-10": "3 9-10" is paper 3 of a day.
    """
    if alone := _range(text):
        return (alone,)
    has_commas = "," in text
    parts = re.split(r"\s*,\s*", text) if has_commas else re.sub(r"(?<=\d) 번", "번", text).split()
    found = [_number(part) or (_range(part) if has_commas else None) for part in parts]
    return tuple(one for one in found if one) if len(found) > 1 and all(found) else ()


def expand(ranges: Sequence[Range], last: int) -> list[int]:
    """List the numbers, each once; a range ends with `last`, while a single number may lie beyond."""
    numbers = (number for low, high in ranges for number in range(low, min(high, max(low, last)) + 1))
    return list(dict.fromkeys(numbers))


def _number(part: str) -> Range | None:
    found = _NUMBER.fullmatch(part)
    return (int(found[1]), int(found[1])) if found else None


def _range(part: str) -> Range | None:
    found = _RANGE.fullmatch(part)
    return (min(ends), max(ends)) if found and (ends := (int(found[1]), int(found[2]))) else None
