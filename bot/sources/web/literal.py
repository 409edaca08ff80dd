"""Plain text from an API, written as Markdown that shows it as it is; formulas stay formulas."""

from __future__ import annotations

import re

# What is a formula for the parser of Markdown, and the signs that could be markup.
_PIECES = re.compile(
    r"(\$\$.+?\$\$|\$(?=\S)[^$\n]+?(?<=\S)\$(?!\d)|\\\(.+?\\\)|\\\[.+?\\\])|([\\`*_{}\[\]<>#|~&!]|^\s*(?:[-+=:]|\d{1,9}[.)]))",
    re.DOTALL | re.MULTILINE,
)


def as_markdown(text: str) -> str:
    """Write plain text as Markdown; a sign that could be markup becomes a character reference."""
    return _PIECES.sub(lambda found: found[1] or f"{found[2][:-1]}&#{ord(found[2][-1])};", text)
