"""`paperboy sources`, as an operator types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.operator import Operator

POST = "2025-01-05-arxiv-crlf.md"
BROKEN = '[[sources]]\nname = "other"\nkind = "huggingface"\nurl = "http://127.0.0.1:9"\n[store]'


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    operator = Operator(telegram, slack)
    settings = Path("paperboy.toml")
    settings.write_text(settings.read_text().replace("[store]", BROKEN))
    operator.post(POST)
    return operator


async def test_the_list_before_and_after_a_look(operator: Operator) -> None:
    before = await operator.run("sources")
    assert await operator.run("deliver")
    after, found = await operator.run("sources"), json.loads((await operator.run("sources", "--json")).out)

    assert [line.split() for line in before.lines[1:]] == [
        ["daily", "folder", "never"],
        ["other", "huggingface", "never"],
    ]
    daily, other, problem = after.lines[1:]
    assert re.fullmatch(rf"daily +folder +20..-..-.. ..:.. +{POST} +1 +1 +1 +\d+\.\d s", daily.rstrip())
    assert re.fullmatch(r"other +huggingface +20..-..-.. ..:.. +0 +0 +0 +\d+\.\d s", other.rstrip())
    assert re.fullmatch(
        r"  other: cannot be read since 20..-..-.. ..:..: http://127.0.0.1:9/.*not a public address.*", problem
    )
    read, failing = found["sources"]
    assert (read["name"], read["kind"], read["newest"], read["papers"]) == ("daily", "folder", POST, 1)
    assert (read["failing_since"], read["error"], read["cost"]["requests"]) == (None, "", 0)
    assert (failing["failing_since"], failing["cost"]["requests"]) == (failing["looked_at"], 0)
