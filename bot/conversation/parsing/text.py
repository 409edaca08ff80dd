"""Text as a reader sees it, and the page number at its end."""

from __future__ import annotations

import re
import unicodedata

from formatters.lines import read_page

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–−", "-"))  # phones write these instead of the hyphen
_FILLERS = "\u115f\u1160\u2800"  # blanks that Unicode counts as letters or signs


def normalise(argument: str) -> str:
    """Keep the visible characters of a text, in normal width, with single blanks."""
    shown = "".join(letter for letter in argument if letter.isprintable() or letter.isspace())
    return " ".join(re.sub(f"[{_FILLERS}]", " ", unicodedata.normalize("NFKC", shown).translate(_DASHES)).split())


def split_page(argument: str) -> tuple[str, int]:
    """Split off the page number at the end: "diffusion #2" is page 2 of "diffusion"."""
    return read_page(normalise(argument))
