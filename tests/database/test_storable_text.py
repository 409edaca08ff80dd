"""What PostgreSQL cannot store comes into no ledger: NUL characters, and halves of characters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.database.engine import dump_json
from bot.ledger.ledger import open_ledger
from formatters.model import Section
from tests.support.digests import digest, found, paper
from tests.support.usual import usual_edition

DAY = date(2025, 1, 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": ["plain", 1, None, 1.5, True]}, '{"a": ["plain", 1, null, 1.5, true]}'),
        ({"a\0": ["b\0c", ("\0", "d")]}, '{"a": ["bc", ["", "d"]]}'),
        ("half \ud83d of one", '"half \\ufffd of one"'),
        ("\udcff", '"\\ufffd"'),
        ("a whole \U0001f389", '"a whole \\ud83c\\udf89"'),
        ("written: \\u0000 \\ud83d", '"written: \\\\u0000 \\\\ud83d"'),
    ],
)
def test_json_holds_only_what_can_be_stored(value: object, text: str) -> None:
    assert dump_json(value) == text


async def test_a_post_with_such_text_is_kept_and_found(ledger_url: str) -> None:
    odd = replace(
        paper(1),
        title="Mini\0-o3",
        sections=(Section("Intro\0duction", "Dif\0fusion of 눈"),),
    )
    one = replace(digest(DAY, odd), title="Daily\0 Papers", series="Daily\0 Papers", preface="\0")
    async with open_ledger(ledger_url) as ledger:
        assert await ledger.archive.contents.add("blog", [found(one, "a\0post.md")]) == 1
        hits, count = await ledger.archive.search("mini-o3 fusion 눈", 5, 0)
        assert [(count, hit.title) for hit in hits] == [(1, "Mini-o3")]
        (kept,) = await ledger.archive.of_day(DAY)
        total, [listed] = await ledger.archive.contents.listed(None, 0, 0)
        assert (total, listed.title, kept.series) == (1, "Daily Papers", "Daily Papers")
        assert kept.papers[0].sections == (Section("Introduction", "Diffusion of 눈"),)


async def test_what_platforms_and_readers_say_may_hold_any_text(ledger_url: str) -> None:
    async with open_ledger(ledger_url) as ledger:
        subscriptions = ledger.subscriptions
        await subscriptions.sync_chats("telegram", usual_edition(), {"a": "a", "b": "b"})
        await subscriptions.keep_titles("telegram", {"a": "A\0 group", "b": "\ud83d"})
        assert sorted(await ledger.status.titles("telegram")) == [("a", "A group"), ("b", "\ufffd")]
        found = await subscriptions.find("telegram", ("no\0where", "a\0"))
        assert found
        assert found.address == "a"
        number = await ledger.archive.remember("telegram", "a", "words\0 \ud83d")
        assert await ledger.archive.recall("telegram", "a", number) == "words \ufffd"
        assert await ledger.archive.search("\0 \ud83d", 5, 0) == ([], 0)
