"""Posts made for tests, and what their digests lose of them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from bot.sources.posts.post import Origin, Post, parse
from formatters import compose
from formatters.locale import phrases
from formatters.markdown import walk
from formatters.model import Digest, Paper
from formatters.spans import plain
from formatters.syntax.symbols import symbol

NAME = "2025-01-06-daily-papers-20250106.md"
TITLE = "# 1. [A title](https://arxiv.org/abs/2501.00001)"

LINK_LINE = re.compile(r"\W*(?:!?\[[^\]]*\]\([^)\s]*\)\W*)+")
SYNTAX = re.compile(
    r"<!--.*?-->|</?(?:div|p|b|i|sub|sup|span)\b[^>]*>|\\[a-z]+(?=\{)|\]\([^)\s]*\)|^ *```\w*|[*_`~$\[\]\\]",
    re.MULTILINE | re.DOTALL,
)
# Letters and digits below or above the line are read as words of their own, however they are written.
SCRIPT = re.compile(r"(?<=[^\W_])[_^]\{?|(?<=\d)<su[bp]>|(?<=\d)(?=[⁰¹²³⁴-⁹₀-₉])")
COMMAND = re.compile(r"\\([a-z]+)(?![a-z{])")  # of LaTeX, without arguments


def post(body: str, *front: str, name: str = NAME, certain: bool = False) -> Post:
    return parse("\n".join(["---", *front, "---", "", body]).encode(), Origin(name, certain=certain))


def digest(body: str, *front: str, name: str = NAME, certain: bool = False) -> Digest:
    found = post(body, *(front or ['title: "Daily Papers — 2025-01-06"']), name=name, certain=certain).digest
    assert found is not None
    return found


def papers(*lines: str) -> tuple[Paper, ...]:
    return digest("\n".join(lines)).papers


def paper(*lines: str) -> Paper:
    (only,) = papers(TITLE, *lines)
    return only


def words_of(text: str) -> list[str]:
    """Take the words of a text, of Markdown too, without a Markdown parser; x₂ is read as what is written x_2."""
    text = COMMAND.sub(lambda found: symbol(found[1]) or found[1], text)
    text = SCRIPT.sub(" ", text)
    text = re.sub(r"^[ >]*(#+ )?\d+[.)]\s|<br>", " ", text, flags=re.MULTILINE)
    return re.findall(r"[^\W\d_]+|\d+", unicodedata.normalize("NFKC", SYNTAX.sub("", text)))


def lost_words(body: str, digest: Digest) -> list[str]:
    """Name the first word of a post that its papers in full do not say in the post's order.

    Lines of links alone may move to the end of their paper.
    """
    texts = [plain(walk(digest.preface)), *(plain(compose.full(paper, phrases("en"))) for paper in digest.papers)]
    read = [word for text in texts for word in words_of(text)]  # each by itself: no tag goes from one to the next
    lines = body.split("\n")
    moved = words_of("\n".join(line for line in lines if LINK_LINE.fullmatch(line)))
    kept = words_of("\n".join(line for line in lines if not LINK_LINE.fullmatch(line)))
    rest = iter(read)
    return [word for word in kept if word not in rest][:1] + [word for word in moved if word not in read]


def body_of(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig").split("---\n", 2)[2]
