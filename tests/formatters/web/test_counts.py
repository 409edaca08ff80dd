"""What a message holds of what its platform takes."""

from __future__ import annotations

import pytest

from formatters.web import counts
from tests.support.rendering import COMMON, FORTY, LISTENING

BUTTONS = {"inline_keyboard": [[{"text": "A", "callback_data": "/a"}, {"text": "B", "copy_text": {"text": "b"}}]]}
LINK = {"type": "link", "url": "https://a.org", "text": "A"}
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [LINK]}]}
SECTION = {"type": "section", "text": {"type": "plain_text", "text": "abc"}}


@pytest.mark.parametrize(
    ("body", "used"),
    [
        ({"text": "<b>a</b>&amp;😀", "parse_mode": "HTML"}, (4, 1, 0)),
        ({"text": "<b>a</b>", "reply_markup": BUTTONS}, (8, 0, 2)),
        ({"text": "<x>", "parse_mode": "HTML"}, (3, 0, 0)),
        ({"text": ""}, (0, 0, 0)),
        ({"text": "\ud800x"}, (2, 0, 0)),
    ],
)
def test_counts_of_telegram(body: dict[str, object], used: tuple[int, ...]) -> None:
    assert tuple(one.used for one in counts.of_telegram(body)) == used


@pytest.mark.parametrize(
    ("body", "used"),
    [
        ({"text": "said", "blocks": [RICH, {"type": "divider"}]}, (14, 2)),
        ({"blocks": [{"type": "container", "title": SECTION["text"], "child_blocks": [SECTION]}]}, (6, 2)),
        ({"text": "said"}, (4, 0)),
        ({"text": "said", "blocks": "none"}, (4, 0)),
    ],
)
def test_counts_of_slack(body: dict[str, object], used: tuple[int, ...]) -> None:
    assert tuple(one.used for one in counts.of_slack(body)) == used


def test_the_limit_of_characters_in_slack_is_our_own() -> None:
    assert counts.of_slack({"text": "said"})[0].what == "own_characters"


def test_all_that_is_sent_is_within_the_limits() -> None:
    for case in LISTENING[:2]:
        count = {"telegram": counts.of_telegram, "slack": counts.of_slack}[case.formatter.channel]
        for digest in (COMMON, FORTY):
            for message in case.formatter.digest(digest):
                assert all(0 <= one.used <= one.most for one in count(message.body)), message.key
                assert count(message.body)[0].used > 0
