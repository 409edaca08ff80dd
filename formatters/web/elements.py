"""The few elements that drawn messages are made of. All that a post says gets into HTML here, and nowhere else."""

from __future__ import annotations

import re
from html import escape as _escape

# What browsers read as nothing, or as something else, and what UTF-8 cannot hold.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Addresses that a page may lead to, and only such characters of them as begin nothing new.
_SAFE_LINK = re.compile(r"(?:https?://|tg://|mailto:)[^\s<>\"'`\\\x00-\x20]+", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\]*[^\s<>\"'`\\.,;:!?()\[\]]", re.IGNORECASE)


class Refused(Exception):
    """The platform would not take the message; the text says why, as the platform does."""


def escape(text: str) -> str:
    """Write text so that HTML reads no markup in it, also as the value of an attribute."""
    return _escape(_UNSEEN.sub("\ufffd", text), quote=True)


def element(tag: str, inside: str, **attributes: str) -> str:
    """Write an element around HTML. Values are text; names are Python's, such as `class_` and `aria_label`."""
    named = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    written = "".join(f' {name}="{escape(value)}"' for name, value in named)
    return f"<{tag}{written}>{inside}</{tag}>"


def link(address: str, inside: str, **attributes: str) -> str:
    """Lead from HTML to an address, or write the HTML alone where the address is none that is safe."""
    address = address.strip().replace(" ", "%20")
    if not _SAFE_LINK.fullmatch(address):
        return inside
    return element("a", inside, href=address, target="_blank", rel="noopener noreferrer", **attributes)


def linked(text: str) -> str:
    """Escape text, with the addresses in it as links."""
    written, end = "", 0
    for found in _ADDRESS.finditer(text):
        written += escape(text[end : found.start()]) + link(found[0], escape(found[0]))
        end = found.end()
    return written + escape(text[end:])


def refusal(platform: str, why: Refused, text: str) -> str:
    """Show a message that the platform would not take: the reason, then the text as it would have been sent."""
    reason = element("p", escape(f"{platform} refuses this message: {why}"), class_="refused", lang="en")
    return reason + element("pre", escape(text), class_="raw")
