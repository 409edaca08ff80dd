"""Fingerprints: hashes of what a digest says, by which a changed post is known."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from formatters import markdown
from formatters.addresses import identity, whole
from formatters.model import Digest, Paper
from formatters.spans import Span, collapse_spaces

# How posts are read. A newer program that reads them otherwise counts up: their digests did not change.
READING = "3"

# What belongs to the layout of Markdown, and not to what it says.
_MARKUP = re.compile(r"^[\s>*+-]+|[\s*_`~#|\\]+", re.MULTILINE)

_NUMBER = re.compile(r"\d{1,3}")
# Front matter that was once read as words.
_TOML = re.compile(r"\A\+{3}\n.*?^\+{3}\s*$", re.DOTALL | re.MULTILINE)
_SPACE = Span("\n")


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

    Words are compared as they are shown now, without markup that was once taken for words. Days do not count: they are
    found in other places now, and in the operator's time zone. A reading may leave a score or a label out of a title,
    name the post and its series otherwise, complete an address, and keep the number of an item. Where no paper was
    seen before, more may go: what is now understood as numbers and markup.
    """
    had, has = set(_shown(before)), set(_shown(after))
    came = {word for word in has - had - {*_written(before), *_of_urls(after)} if not _NUMBER.fullmatch(word)}
    gone = had - has - {word for text in _titles(before) for word in _split(text)}
    numbers = {str(paper.number) for paper in after.papers}
    return not came and not (gone - numbers if before.papers else ())


def _paper_content(paper: Paper) -> list[object]:
    sections = [[section.heading, _said(section.body)] for section in paper.sections]
    return [paper.number, paper.title, paper.url, [asdict(link) for link in paper.links], sections, paper.category]


def _said(text: str) -> str:
    return collapse_spaces(_MARKUP.sub(" ", text))


def _written(digest: Digest) -> Iterator[str]:
    """Give all words of a digest, with those of its markup."""
    for text in (*_plain_texts(digest), *_markdown_texts(digest)):
        yield from _split(text)


def _titles(digest: Digest) -> list[str]:
    return [digest.series, digest.title, *(paper.title for paper in digest.papers)]


def _shown(digest: Digest) -> Iterator[str]:
    """Give all that a digest says; each address of a known paper as this paper."""
    spans = [span for text in _plain_texts(digest) for span in (*markdown.inline(text), _SPACE)]
    spans += [span for text in _markdown_texts(digest) for span in (*markdown.walk(_TOML.sub("", text)), _SPACE)]
    yield from _split("".join(span.text for span in spans))
    yield from _of_urls(digest, [span.url for span in spans if span.url])


def _plain_texts(digest: Digest) -> Iterator[str]:
    yield from (digest.series, digest.title)
    for paper in digest.papers:
        yield from (paper.title, paper.category)
        yield from (link.label for link in paper.links)
        yield from (section.heading for section in paper.sections)


def _markdown_texts(digest: Digest) -> Iterator[str]:
    yield from (digest.preface, digest.rest)
    yield from (section.body for paper in digest.papers for section in paper.sections)


def _of_urls(digest: Digest, others: Iterable[str] = ()) -> Iterator[str]:
    own = (url for paper in digest.papers for url in (paper.url, *(link.url for link in paper.links)))
    for url in (*own, *others):
        yield from [paper] if (paper := identity(whole(url))) else _split(url)


def _split(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).casefold())
