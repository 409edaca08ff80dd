"""What the set-up says, in each language."""

from __future__ import annotations

import dataclasses

import pytest
from rich.cells import cell_len

from bot.cli.init.wording import LANGUAGES, wording

WIDTH = 79  # columns of a narrow terminal, less one
FIELDS = {"bot": "my_paperboy_bot", "chats": "Lab Papers (@lab_papers)"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_that_are_set_fit_into_a_narrow_terminal(language: str) -> None:
    texts = [one for one in dataclasses.astuple(wording(language)) if isinstance(one, str) and "\n" in one]
    lines = [line for text in texts for line in text.format(**FIELDS).splitlines()]

    assert len(lines) > 15
    assert [line for line in lines if cell_len(line) > WIDTH] == []
