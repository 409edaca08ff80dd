"""What a reader typed, as it is seen, and the page of a list that it asks for."""

from __future__ import annotations

import re
import unicodedata

from formatters.lines import read_page

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–−", "-"))  # phones write them in place of the one on a keyboard
_FILLERS = "\u115f\u1160\u2800"  # blanks that Unicode counts as letters or signs


def normalise(argument: str) -> str:
    """Keep what a reader sees of a text, in the usual width, with one blank between words."""
    shown = "".join(letter for letter in argument if letter.isprintable() or letter.isspace())
    return " ".join(re.sub(f"[{_FILLERS}]", " ", unicodedata.normalize("NFKC", shown).translate(_DASHES)).split())


def split_page(argument: str) -> tuple[str, int]:
    """Take the page off the end of what was typed: "diffusion #2" is page 2 of "diffusion"."""
    return read_page(normalise(argument))
