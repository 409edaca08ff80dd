"""What Slack shows of a text object; a sign that any of its clients might take for markup counts as markup.

Sources: docs.slack.dev, "Formatting message text", and what jsx-slack had to escape.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from tests.support.fakes.block_checks import check

# In code nothing is markup; a style needs no blank around it where no letter of ASCII stands.
_STYLES = [
    re.compile(rf"(?<![A-Za-z0-9])[{signs}](?=\S)([^\n]*?)(?<=\S)[{signs}](?![A-Za-z0-9])")
    for signs in ("`｀", "*＊", "_＿", "~～")
]
_QUOTE = re.compile(r"^[^\S\n]*(?:>|&gt;|＞)+[^\S\n]?", re.MULTILINE)
_EMOJI = re.compile(r":[\w'+-]+:")
_LINK = re.compile(r"<(https?://[^<>|]+)\|([^<>|\n]+)>")
_KNOWN = re.compile(r"&(?:amp|lt|gt);")


class Shown(NamedTuple):
    """A text as people read it."""

    text: str
    links: list[tuple[str, str]]


def shown(given: Mapping[str, object]) -> Shown:
    """Read a text object; BlockError for a bare & or <, which Slack might read as anything."""
    text = str(given["text"])
    if given["type"] == "plain_text":
        return Shown(text, [])
    links = [(_unescaped(_unstyled(label)), _unescaped(url)) for url, label in _LINK.findall(text)]
    labels = _LINK.sub(r"\2", text)
    check("<" not in labels and "&" not in _KNOWN.sub("", labels), f"not escaped: {text}")
    parts = labels.split("```")
    check(len(parts) % 2 == 1, f"an open block of code: {text}")
    return Shown(
        _unescaped("".join(part if number % 2 else _unstyled(part) for number, part in enumerate(parts))), links
    )


def _unstyled(text: str) -> str:
    text = _EMOJI.sub("", _QUOTE.sub("", text))
    for style in _STYLES:
        text = style.sub(r"\1", text)
    return text


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
