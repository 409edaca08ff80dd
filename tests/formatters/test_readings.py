"""What readers see of posts that use all that authors, site generators and LaTeX add to Markdown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.sources.posts import front_matter
from formatters import telegram, terminal
from formatters.markdown import walk
from formatters.slack import rich_text
from formatters.spans import split
from tests.support import golden
from tests.support.fakes import blocks, markup

POSTS = sorted((golden.DATA / "readings").glob("*.md"))


@pytest.mark.parametrize("path", POSTS, ids=lambda path: path.stem)
def test_what_readers_see(path: Path) -> None:
    spans = walk(front_matter.read(path.read_text("utf-8"))[1])
    html = "\n".join(map(telegram.spell, split(spans, telegram.LIMITS)))
    parts = [part for one in split(spans, rich_text.LIMITS) for part in rich_text.spell(one)]
    blocks.check_blocks([{"type": "rich_text", "elements": parts}])
    assert markup.parse(html, "HTML")

    written = "\n".join(json.dumps(part, ensure_ascii=False) for part in parts)

    golden.check(f"readings/{path.stem}.txt", "\n\n".join([html, written, terminal.spell(spans)]))
