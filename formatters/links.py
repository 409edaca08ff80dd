"""Links to papers: which addresses are safe, and which follow from an arXiv id."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

from formatters.model import Link, Paper

LONGEST_URL = 2048

# arXiv identifiers: YYMM.NNNN(N) since 2007, archive/YYMMNNN before (info.arxiv.org/help/arxiv_identifier)
_ARXIV = re.compile(r"^/(?:abs|pdf|html)/((?:\d{4}\.\d{4,5})|(?:[a-z-]+(?:\.[A-Z]{2})?/\d{7}))(?:v\d+)?(?:\.pdf)?/?$")
# What stands before an id that was copied: the name of arXiv, or the address of a page about the paper.
_BEFORE_ID = re.compile(
    r"arxiv:|(?:https?://)?(?:www\.|export\.)?"
    r"(?:arxiv\.org/(?:abs|pdf|html)|alphaxiv\.org(?:/\w\w)?/(?:abs|overview|pdf)|huggingface\.co/papers)/",
    re.IGNORECASE,
)
# A host with a dot, and a port: Telegram silently drops links to others.
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::[1-9]\d*)?", re.ASCII)
# A usual address, safe without changes: this is ten times faster than parsing it.
_PLAIN = re.compile(r"https?://(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}/[\w./-]*", re.ASCII)
# What a URL may hold unquoted; Slack breaks on | and >, Rich's markup on brackets.
_KEPT = "/:?#@!$&'()*+,;=%~-._"


@lru_cache(1024)
def safe(url: str) -> str:
    """Give the address in a form every channel accepts as a link, or "" when it must not become one.

    Only http and https count, on a named host or an IPv4 address, without a user's name.
    """
    if len(url) > LONGEST_URL:
        return ""
    if _PLAIN.fullmatch(url):
        return url
    try:
        parts = urlsplit(url.strip())
        netloc = parts.netloc.encode("idna").decode()  # Korean host names; raises on empty and overlong labels
        _ = parts.port  # raises on nonsense
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(netloc):
        return ""
    quoted = quote(parts._replace(netloc=netloc).geturl(), safe=_KEPT)
    return quoted if len(quoted) <= LONGEST_URL else ""


def arxiv_id(url: str) -> str:
    """Give the arXiv id without version that an arxiv.org address names, or ""."""
    parts = urlsplit(url) if safe(url) else None
    if parts is None or not re.fullmatch(r"(?:www\.|export\.)?arxiv\.org", parts.netloc.lower()):
        return ""
    found = _ARXIV.match(parts.path)
    return found.group(1) if found else ""


def typed_arxiv_id(text: str) -> str:
    """Give the arXiv id without version that a reader typed, bare or in the address of a page about it, or ""."""
    before = _BEFORE_ID.match(text)
    bare = text[before.end() if before else 0 :].lower()
    bare = re.sub(r"\.[a-z]{2}/", lambda subject: subject[0].upper(), bare)  # math.GT/0309136
    return arxiv_id(f"https://arxiv.org/abs/{bare}")


def row(paper: Paper) -> tuple[Link, ...]:
    """List where to read a paper: derived from its arXiv id first, then those of the post.

    A post's own link to the same paper on the same site replaces the derived one: it may be a translation,
    and the author chose its label.
    """
    arxiv = arxiv_id(paper.url)
    derived = _derived(arxiv, paper.url)
    by_key = dict(derived)
    for link in paper.links:
        key = _key(link.url, arxiv)
        if safe(link.url):
            taken = key in by_key and by_key[key] != derived.get(key)
            by_key[f"{key} {link.label}" if taken else key] = link
    return tuple(dict.fromkeys(Link(link.label, safe(link.url)) for link in by_key.values()))


def _derived(arxiv: str, url: str) -> dict[str, Link]:
    """Give the links that follow from a paper's address, by their keys."""
    if not arxiv:
        return {url: Link(urlsplit(url).netloc, url)} if safe(url) else {}
    return {
        "arxiv.org": Link("arXiv", f"https://arxiv.org/abs/{arxiv}"),
        "arxiv.org/pdf": Link("PDF", f"https://arxiv.org/pdf/{arxiv}"),
        "alphaxiv.org": Link("alphaXiv", f"https://www.alphaxiv.org/abs/{arxiv}"),
        "huggingface.co": Link("Hugging Face", f"https://huggingface.co/papers/{arxiv}"),
    }


def _key(url: str, arxiv: str) -> str:
    """Give the key of an address; addresses of one paper on one site share it."""
    if not arxiv or arxiv not in url or not safe(url):
        return url
    parts = urlsplit(url)
    return parts.netloc.lower().removeprefix("www.") + ("/pdf" if parts.path.startswith("/pdf/") else "")
