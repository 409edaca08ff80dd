"""Several sources at once: what a chat takes, and lists and papers of two digests that are both the newest."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.config.settings import Settings
from formatters import pages
from formatters.lines import source_id
from formatters.telegram import TelegramFormatter
from tests.support.chats import GROUP
from tests.support.digests import digest, found, paper
from tests.support.memory_channel import MemoryChannel
from tests.support.pipeline import Pipeline
from tests.support.readers import ANN, EN, Readers, open_readers
from tests.support.usual import usual_edition

NAMES = ("daily", "Hugging Face", "old")
SETTINGS = Settings.model_validate(
    {
        "language": "en",
        "timezone": "UTC",
        "sources": [{"name": name, "kind": "huggingface"} for name in NAMES],
        "telegram": {"chats": [{"chat": GROUP, "sources": ["daily", "old"]}]},
    }
)
TODAY = date.today()  # noqa: DTZ011 - the router reads the clock, too; a day more or less does not matter
DAILY = digest(TODAY, paper(1), paper(2), paper(3))
HUGGING = digest(TODAY - timedelta(days=1), *(paper(n, id=f"2502.{n:05}") for n in range(1, 30)), series="HF")
OLD = digest(TODAY - timedelta(days=5), paper(1, id="2401.00001"), series="Old")
DIGESTS = {"daily": DAILY, "Hugging Face": HUGGING, "old": OLD}


@pytest.fixture
async def readers(tmp_path: Path) -> AsyncIterator[Readers]:
    async with open_readers(tmp_path, None, SETTINGS) as readers:
        await deliver(readers, *NAMES)
        yield readers


async def deliver(readers: Readers, *names: str) -> None:
    """Let chats that receive have the digests of some sources."""
    channel = MemoryChannel(name="telegram", formatter=TelegramFormatter(EN))
    pipeline = Pipeline(readers.ledger, readers.clock, channel)
    for name in names:
        await pipeline.look([found(DIGESTS[name])], source=name)
    await pipeline.dispatch()


async def chosen(readers: Readers, chat: str = ANN) -> list[str]:
    return list(json.loads((await readers.chat(chat)).sources or "[]"))


# --- what a chat takes


async def test_a_page_with_a_button_for_each_source(readers: Readers) -> None:
    ann = readers.reader()
    assert "Sources: daily, Hugging Face, old" in await ann.reads("/settings")
    assert (await ann.buttons("/settings"))["Choose sources"] == "/settings sources"
    assert await ann.reads("/settings sources") == "Sources\n✓ daily\n✓ Hugging Face\n✓ old"
    assert await ann.buttons("/settings sources") == {
        **{f"{name} → leave out": f"/settings without {source_id(name)}" for name in NAMES},
        "Settings": "/settings",
    }


async def test_sources_are_given_up_and_taken_up_by_pressing_or_typing(readers: Readers) -> None:
    ann = readers.reader()
    line = (await ann.buttons("/settings sources"))["Hugging Face → leave out"]
    response = await ann.pressing.sends(line)
    assert (response.toast, response.replaces_page) == (EN.saved, True)
    assert await chosen(readers) == ["daily", "old"]
    assert await ann.reads("/settings 제외 OLD") == "Sources\n✓ daily\n– Hugging Face\n– old"
    assert await ann.reads("/settings without daily") == EN.last_source
    assert "daily → leave out" not in await ann.buttons("/settings sources")
    assert await chosen(readers) == ["daily"]
    for name in ("hugging face", "old"):
        await ann.sends(f"/settings with {name}")
    assert await chosen(readers) == []  # as the operator set
    assert len(readers.woken) == 4


async def test_what_a_group_of_the_settings_takes(readers: Readers) -> None:
    await readers.ledger.subscriptions.sync_chats("telegram", usual_edition(), {GROUP: GROUP})
    group = readers.member(meant=True, charge=True)
    assert "Sources: daily, old" in await group.reads("/settings")
    await group.sends("/settings with Hugging Face")
    assert await chosen(readers, GROUP) == list(NAMES)
    await group.sends("/settings default")
    assert await chosen(readers, GROUP) == []
    assert "Sources: daily, old" in await group.reads("/settings")


async def test_who_may_not_change_a_group_may_look(readers: Readers) -> None:
    member = readers.member(meant=True)
    assert (await member.reads("/settings sources")).startswith("Sources\n")
    assert await member.reads("/settings without daily") == EN.administrators_only


@pytest.mark.parametrize(
    ("line", "near"), [("/settings with Huging Face", "Hugging Face"), ("/settings without nothing", "")]
)
async def test_a_name_of_no_source(readers: Readers, line: str, near: str) -> None:
    word = line.split(maxsplit=2)[2]
    assert await readers.reader().reads(line) == pages.help_with_settings(word, near, EN)


@pytest.mark.parametrize("line", ["/settings with", "/settings sources of mine"])
async def test_what_is_no_choice_of_sources_is_no_setting_either(readers: Readers, line: str) -> None:
    assert EN.not_understood.split("{")[0] in await readers.reader().reads(line)


async def test_where_there_is_one_source_there_is_nothing_to_choose(tmp_path: Path) -> None:
    one = SETTINGS.model_copy(update={"sources": SETTINGS.sources[:1]})
    async with open_readers(tmp_path, None, one) as readers:
        ann = readers.reader()
        assert "Sources" not in await ann.reads("/settings")
        assert EN.not_understood.split("{")[0] in await ann.reads("/settings sources")


# --- two digests that are the newest


async def test_the_newest_lists_are_offered(readers: Readers) -> None:
    ann = readers.reader()
    labels = [
        f"Daily Papers · {EN.day(TODAY)} · 3 papers",
        f"HF · {EN.day(HUGGING.day)} · 29 papers",
    ]
    assert await ann.buttons("/papers") == {
        labels[0]: f"/papers {TODAY} {source_id('daily')}",
        labels[1]: f"/papers {HUGGING.day} {source_id('Hugging Face')}",
    }
    assert (await ann.reads("/papers")).startswith(EN.which_list)
    assert (await ann.reads(f"/papers {HUGGING.day} {source_id('Hugging Face')}")).startswith("HF")
    assert (await ann.reads("/papers OLD")).startswith("Old")


async def test_pages_of_a_list_are_of_its_source(readers: Readers) -> None:
    ann = readers.reader()
    turns = await ann.buttons("/papers hugging face")
    assert turns[EN.next] == f"/papers {HUGGING.day} {source_id('Hugging Face')} #2"
    assert "29. Paper 2502.00029" in await ann.buttons(turns[EN.next])


async def test_two_series_of_one_name_are_told_apart_by_their_sources(readers: Readers) -> None:
    again = digest(TODAY, paper(7))
    pipeline = Pipeline(readers.ledger, readers.clock, MemoryChannel(name="telegram"))
    await pipeline.look([found(again)], source="old")
    assert [label.split(" · ")[0] for label in await readers.reader().buttons("/papers")] == [
        *("Daily Papers (daily)", "HF", "Daily Papers (old)"),
    ]


async def test_a_number_that_both_have(readers: Readers) -> None:
    ann = readers.reader()
    assert (await ann.reads("/paper 3")).startswith(EN.which_of)
    assert list(await ann.buttons("/paper 3")) == ["Daily Papers: Paper 2501.00003", "HF: Paper 2502.00003"]
    for line in ("/paper 3 hugging face", f"/paper 3 {HUGGING.day} Hugging Face", "/paper 20"):
        assert "Paper 2502." in await ann.reads(line)
    assert "Paper 2401.00001" in await ann.reads("/paper 1 old")
    assert "Paper 2501." in await ann.reads(f"/paper 2 {TODAY}")


async def test_a_title_that_ends_like_a_source_is_a_title(readers: Readers) -> None:
    ann = readers.reader()
    assert await ann.reads("/paper papers of old") == EN.no_such_title.format(words="papers of old")
    assert await ann.reads("/paper old") == EN.no_such_title.format(words="old")


async def test_where_there_are_no_buttons_the_lines_to_type_name_the_source(readers: Readers) -> None:
    terminal = readers.terminal()
    assert f"/papers {TODAY} daily" in await terminal.reads("/papers")
    assert "/settings without Hugging Face" in await terminal.reads("/settings sources")


async def test_only_what_this_chat_takes_and_has_seen_is_asked_about(readers: Readers) -> None:
    ann = readers.reader()
    await ann.sends("/settings without hugging face")
    assert "Paper 2501.00003" in (await ann.reads("/paper 3")).splitlines()[0]
    assert (await ann.reads("/papers")).startswith("Daily Papers")


async def test_subscribing_now_gives_the_newest_of_all(readers: Readers) -> None:
    ann = readers.reader()
    assert await ann.reads("/subscribe now") == EN.subscribed_now
    await deliver(readers, "daily")
    assert await ann.reads("/subscribe now") == EN.subscribed_now  # it lacks the others
    await deliver(readers, *NAMES)
    assert (await ann.reads("/subscribe now")).startswith(EN.already_subscribed.split("{")[0])
    assert (await ann.reads("/paper 3")).startswith(EN.which_of)


async def test_nothing_was_delivered_yet(tmp_path: Path) -> None:
    async with open_readers(tmp_path, None, SETTINGS) as readers:
        assert await readers.reader().reads("/papers") == EN.no_digest
        assert await readers.reader().reads("/papers old") == EN.no_digest
