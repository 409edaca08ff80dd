"""All that is sent is drawn: each message of the test posts, with the same words and links as the platform shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest

from formatters.edition import LAYOUTS, Edition
from formatters.message import Message
from formatters.web import slack, telegram
from tests.support.golden import check
from tests.support.rendering import COMMON, DIGESTS, LISTENING, Case
from tests.support.safe_html import checked

DRAWING = {"telegram": telegram.draw, "slack": slack.draw}


def messages(case: Case) -> Iterator[Message]:
    for digest in DIGESTS.values():
        for layout, folded in product(LAYOUTS, (False, True)):
            yield from case.formatter.digest(digest, Edition(layout, folded=folded))
        for paper in digest.papers:
            yield from case.formatter.paper(paper)


@pytest.mark.parametrize("case", LISTENING[:2], ids=str)
def test_all_that_is_sent_is_drawn(case: Case) -> None:
    for one in messages(case):
        drawn = DRAWING[case.formatter.channel](one.body)
        assert "refused" not in drawn, one.key
        seen = case.see(one)
        said = checked(drawn)
        assert re.sub(r"[\W\d]", "", seen.text) in re.sub(r"[\W\d]", "", said), one.key
        assert drawn.count("<a ") >= len(seen.links)
        assert drawn.count(' name="line" ') == sum(line.startswith("/") for _, line in seen.buttons) - sum(
            "t.me/BOT" in link for link in re.findall('href="[^"]*"', drawn)
        )


@pytest.mark.parametrize("case", LISTENING, ids=str)
def test_golden(case: Case) -> None:
    channel = case.formatter.channel
    folded = Edition("digest" if channel == "slack" else "messages", folded=True)
    found = [
        *case.formatter.digest(COMMON),
        *case.formatter.paper(COMMON.papers[0]),
        *case.formatter.digest(COMMON, folded),
    ]
    drawn = "\n\n".join(f"<!-- {one.key} -->\n{DRAWING[channel](one.body)}" for one in found)
    check(f"web/{channel}.{case.words.language}.html", f"{drawn}\n")
