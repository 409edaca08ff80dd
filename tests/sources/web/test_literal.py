"""Plain text as Markdown: what was written is what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.web.literal import as_markdown
from formatters.markdown import walk
from formatters.spans import plain


def shown(text: str) -> str:
    return plain(walk(as_markdown(text)))


@pytest.mark.parametrize(
    "text",
    [
        "A* search beats *all* others_ and __init__ by 3*4*5 ~~or~~ so",
        "# no heading, `no code`, [no](https://link.example), ![no](image)",
        "- no list",
        "1. no list, and 2) none either",
        "<b>no HTML</b> and <think>",
        "no | table | at all",
        "::: no fence",
        r"no \emph{command}, {no: attribute}",
    ],
)
def test_markup_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [(r"the rate $\theta^*$ of $x_i$ falls", "the rate θ* of xᵢ falls"), (r"\(\alpha\) and $$\beta$$", "α and β")],
)
def test_formulas_are_formulas(text: str, said: str) -> None:
    assert shown(text) == said


def test_money_is_money() -> None:
    assert shown("It costs $5_000 and $6_000") == "It costs $5_000 and $6_000"


@given(st.text(st.sampled_from("ab *_`#<>[]{}()|~-+=:.1\\!&"), max_size=30))
def test_no_sign_is_lost(text: str) -> None:
    line = " ".join(text.split())
    assert "".join(shown(line).split()) == "".join(line.split())
