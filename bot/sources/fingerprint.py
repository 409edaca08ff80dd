"""Fingerprints: hashes of what a digest says, by which a changed post is known."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict

from formatters.addresses import identity, whole
from formatters.model import Digest, Paper
from formatters.spans import collapse_spaces

# How posts are read. A newer program that reads them otherwise counts up: their digests did not change.
READING = "3"

# What belongs to the layout of Markdown, and not to what it says.
_MARKUP = re.compile(r"^[\s>*+-]+|[\s*_`~#|\\]+", re.MULTILINE)

_NUMBER = re.compile(r"\d{1,3}")


def fingerprint(digest: Digest) -> str:
    """Hash the content of a digest; layout, markup, the papers' ids and the post's address do not count."""
    content = [digest.series, digest.day.isoformat(), _said(digest.preface), *map(_paper_content, digest.papers)]
    return f"{READING}:{hashed(content)}"


def is_current(fingerprint: str) -> bool:
    """Tell whether a digest was read as it would be now; fingerprints of the first reading name none."""
    return fingerprint.startswith(f"{READING}:")


def hashed(value: object) -> str:
    """Hash any JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


def says_the_same(before: Digest, after: Digest) -> bool:
    """Tell whether two readings are of one text: no word came, and none went but from titles.

    Days do not count: they are found in other places now, and in the operator's time zone. A reading may leave a score
    or a label out of a title, complete an address, and keep the number of an item. Where no paper was seen before, more
    may go: what is now understood as numbers and markup.
    """
    had, has = set(_words(before)), set(_words(after))
    came = {word for word in has - had - set(_of_urls(after)) if not _NUMBER.fullmatch(word)}
    gone = had - has - {word for paper in before.papers for word in _split(paper.title)}
    numbers = {str(paper.number) for paper in after.papers}
    return not came and not (gone - numbers if before.papers else ())


def _paper_content(paper: Paper) -> list[object]:
    sections = [[section.heading, _said(section.body)] for section in paper.sections]
    return [paper.number, paper.title, paper.url, [asdict(link) for link in paper.links], sections, paper.category]


def _said(markdown: str) -> str:
    return collapse_spaces(_MARKUP.sub(" ", markdown))


def _words(digest: Digest) -> Iterator[str]:
    """Give all that a digest says; each address of a known paper as this paper."""
    for text in _texts(digest):
        yield from _split(text)
    yield from _of_urls(digest)


def _texts(digest: Digest) -> Iterator[str]:
    yield from (digest.series, digest.title, digest.preface, digest.rest)
    for paper in digest.papers:
        yield from (paper.title, paper.category)
        yield from (link.label for link in paper.links)
        yield from (text for section in paper.sections for text in (section.heading, section.body))


def _of_urls(digest: Digest) -> Iterator[str]:
    for url in (url for paper in digest.papers for url in (paper.url, *(link.url for link in paper.links))):
        yield from [paper] if (paper := identity(whole(url))) else _split(url)


def _split(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
