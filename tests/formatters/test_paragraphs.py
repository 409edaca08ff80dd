"""Texts of nothing but paragraphs and items are cut without the parser as it would cut them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from formatters import markdown
from formatters.markdown import walk
from formatters.spans import Spans
from formatters.syntax import parsing
from formatters.syntax.paragraphs import paragraphs


def parsed(text: str) -> Spans:
    walker = markdown._Walker()
    for token in parsing.blocks(text):
        walker.block(token)
    return tuple(walker.out.spans)


# fmt: off
BLOCKS = (
    "- ", "* ", "+ ", "  ", "    ", "\t", "1. ", "12) ", "1.5 ", "# ", "> ", "- - ", "-", "*", "**", "_", "=", "|", "~",
    "`", "$", "\\", ":", "<", "[x] ", "[^1]: ", "[a]: ", "- [ ] ",
)
LINES = (
    "> a", "+ a", "# a", "===", "---", "- -", "***", "___", "~~~", "```", "$$x$$", "\\[x\\]", "<!-- a -->", "| a |",
    "|---|", ":-", "1.",
)
WORDS = (
    "a", "비", "Goal: b", "**c**: d", "e  ", "f\\", "|", "g | h", "---", "`i`", "=", "$x$", "*", "\u3000",
    "\u2028", "\r", "\0",
)
# fmt: on
USUAL = st.sampled_from(("a", "- b", "", "- **c**: d  ", "e  ", " ", "**f** g"))
WRITTEN = st.builds("{}{}".format, st.sampled_from(BLOCKS), st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join))
STRANGE = st.one_of(st.sampled_from(LINES), st.sampled_from(WORDS), WRITTEN)


@settings(max_examples=300, deadline=None)
@given(st.lists(USUAL, max_size=3), STRANGE, st.lists(USUAL, max_size=3))
@example(["- a", "lazy", "", "- b", "", "c  ", "d"], "e", [])
@example(["a", "- b", "c", "", ""], "- d", [])
@example(["| a |"], "|---|", ["b | c"])
@example(["[TOC]", "- [x] a"], "- {:toc}", [])
def test_a_text_is_walked_as_its_tokens_are(before: list[str], strange: str, after: list[str]) -> None:
    text = "\n".join([*before, strange, *after])

    assert walk(text) == parsed(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "- a", "- **Goal**: b  \n- c\n\nd\ne", "*a* b\n\n[c](d) | e\n1.5 f\n2.g", "- a\n\n\n- b\n"],
)
def test_most_sections_need_no_parser(text: str) -> None:
    assert paragraphs(text) is not None


def test_a_long_text_is_looked_at_once() -> None:
    assert paragraphs("- a b\n" * 8_000 + "# c") is None
