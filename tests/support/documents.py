"""The project's pages in Markdown: their sections, tables, links and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
README, HANDBOOK, CODE, TESTS = "README.md", "deploy/README.md", "bot/README.md", "tests/README.md"
CONTRIBUTING = ".github/CONTRIBUTING.md"
PAGES = (README, HANDBOOK, CODE, TESTS, CONTRIBUTING)


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """Give what stands below a heading of the second level."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", read(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {heading}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """Give the rows of the tables in a text, without the heads; each row is a list of cells, with | escaped."""
    found = re.findall(r"^\|(.*)\|$", text, re.MULTILINE)
    lines = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in found]
    heads = [n for n, cells in enumerate(lines) if {*"".join(cells)} <= {*"-:"}]
    return [cells for n, cells in enumerate(lines) if n not in heads and n + 1 not in heads]


def _tokens(page: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(read(page))


def links(page: str) -> Iterator[str]:
    """Give the addresses that a page leads to."""
    for token in _tokens(page):
        for inner in token.children or ():
            if inner.type == "link_open":
                yield str(inner.attrs["href"])


def anchors(page: str) -> list[str]:
    """Give the anchors of a page's headings, as GitHub makes them."""
    tokens = _tokens(page)
    heads = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    return [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads]
