"""Plain text, as an API or a page has it, written as Markdown that shows it as it is; formulas stay formulas."""

from __future__ import annotations

import re

# What is left alone, formulas and addresses, and the signs that could be markup.
_FORMULA = r"\$\$.{1,1000}?\$\$|\$(?=\S)[^$\n]{1,1000}?(?<=\S)\$(?!\d)|\\\(.{1,1000}?\\\)|\\\[.{1,1000}?\\\]"
_ADDRESS = r"https?://[^\s<>\"'`*\\{}\[\]|&~]+"
_SIGN = (
    r"[\\`*{}\[\]~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|<(?=[A-Za-z/!?])|&(?=#|\w+;)|=(?==)|(?<==)=|:(?=:)|(?<=:):"
    r"|(?<!\S)#|!(?=\[)"
)
_PIECES = re.compile(rf"({_FORMULA}|{_ADDRESS})|({_SIGN})", re.DOTALL)
# What of it an author's Markdown cannot mean: tags, references to characters, single signs at the ends of words.
_UNMEANT = r"<(?=[A-Za-z/!?])|&(?=#|\w+;)|(?<!\*)\*(?!\*)|(?<![A-Za-z0-9_])_(?!_)|(?<!_)_(?![A-Za-z0-9_])"
_UNMEANT_PIECES = re.compile(rf"({_FORMULA}|{_ADDRESS})|({_UNMEANT})", re.DOTALL)
_LINE_START = re.compile(r"^(\s*)(?:(\d{1,9})([.)](?=\s|$))|([-+=:|>#]))", re.MULTILINE)


def as_markdown(text: str) -> str:
    """Write plain text as Markdown; a sign that could be markup becomes a character reference."""
    return at_line_start(in_line(text))


def in_line(text: str) -> str:
    """Write plain text as Markdown that stands within a line."""
    return _PIECES.sub(lambda found: found[1] or _reference(found[2]), text)


def left_by_author(text: str) -> str:
    """Write text of a page that was made from Markdown: what its program left unread is read as Markdown after all."""
    return _UNMEANT_PIECES.sub(lambda found: found[1] or _reference(found[2]), text)


def at_line_start(markdown: str) -> str:
    """Let no line of Markdown begin a list, a quote, a heading, a rule or a table."""
    return _LINE_START.sub(lambda found: f"{found[1]}{found[2] or ''}{_reference(found[3] or found[4])}", markdown)


def _reference(sign: str) -> str:
    return f"&#{ord(sign)};"
