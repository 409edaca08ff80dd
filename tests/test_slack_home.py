"""The App Home shows a person the newest digest and their settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.decisions import Rules
from bot.planning import plan
from bot.sources.folder import FolderSource
from formatters.locale import words
from tests.support.fakes import faults
from tests.support.fakes.slack import FakeSlack
from tests.support.slack_bot import ANN, BOSS, MANIFEST, MINA, ROOM, SlackHouse, open_house, text_of, workspace

EN, KO = words("en"), words("ko")
HOME = "D00ANN"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with workspace() as server:
        yield server


@pytest.fixture
async def house(slack: FakeSlack) -> AsyncIterator[SlackHouse]:
    async with open_house(slack) as house:
        yield house


async def seen(house: SlackHouse, user: str = ANN) -> str:
    await house.slack.opens_home(user)
    return await now(house, user)


async def now(house: SlackHouse, user: str = ANN) -> str:
    await house.quiet()
    return text_of(house.slack.home(user)) if house.slack.home(user) else ""


async def test_it_shows_the_newest_digest_and_the_settings(house: SlackHouse) -> None:
    said = await seen(house)
    assert said.startswith("Daily Papers · Wednesday, 8 January 2025\n3 papers1. Auto-Encoding Variational Bayes\n")
    assert said.count(f"[{EN.full_summary}]") == 3
    assert f"{EN.settings}\n{EN.receives_not}" in said
    assert said.endswith(f"[{EN.reset}][{EN.subscribe}]")
    assert house.slack.home(ANN)["private_metadata"] == HOME
    assert (await seen(house, MINA)).endswith(f"[{KO.reset}][{KO.subscribe}]")
    assert await house.chat(HOME) is None  # looking is no wish


async def test_another_tab_shows_nothing(house: SlackHouse) -> None:
    await house.slack.opens_home(ANN, "messages")
    assert await now(house) == ""


async def test_a_paper_comes_as_a_direct_message(house: SlackHouse) -> None:
    await seen(house)
    assert (await house.slack.presses_home(ANN, "line/item1", forged=True, value=_value(house, 1))).seconds < 1
    await house.quiet()
    [paper] = house.slack.shown(HOME)
    assert text_of(paper).startswith("2. U-Net")


def _value(house: SlackHouse, place: int) -> str:
    sections = [block for block in house.slack.home(ANN)["blocks"] if block["type"] == "section"]
    return str(sections[place]["accessory"]["value"])


async def test_what_is_chosen_is_kept_and_shown(house: SlackHouse) -> None:
    await seen(house)
    await house.slack.presses_home(ANN, EN.layouts["index"])
    chat = await house.chat(HOME)
    assert chat
    assert (chat.layout, chat.kind) == ("index", "private")
    assert f"{EN.layout}: {EN.layouts['index']}" in await now(house)
    await house.slack.presses_home(ANN, "한국어")
    assert f"{KO.own_language}: 한국어" in await now(house)
    await house.slack.presses_home(ANN, KO.reset)
    assert f"{EN.layout}: {EN.layouts['thread']}" in await now(house)


async def test_subscribing_tells_when_papers_come(house: SlackHouse) -> None:
    await seen(house)
    await house.slack.presses_home(ANN, "line/row2/1", forged=True, value="/subscribe")
    assert (await house.chat(HOME)).state == "active"  # type: ignore[union-attr]
    said = await now(house)
    assert EN.subscribed[:10] in said
    assert f"{EN.settings}\n{EN.receives}" in said
    assert said.endswith(f"[{EN.unsubscribe}]")


async def test_a_person_of_the_settings_is_known_at_home(house: SlackHouse) -> None:
    await house.store.join("slack", "thread", {ROOM: ROOM, ANN: ANN})
    assert f"{EN.settings}\n{EN.receives}" in await seen(house)


async def test_what_is_on_no_button_is_judged_as_well(house: SlackHouse) -> None:
    await seen(house)
    await house.slack.presses_home(ANN, "line/x", forged=True, value="/status retry")
    assert EN.operators_only in await now(house)
    await house.slack.presses_home(ANN, "line/x", forged=True, value="/paper 0000000000000000")
    assert EN.paper_gone in await now(house)
    house.slack.people[ANN].home["private_metadata"] = ""
    assert (await house.slack.presses_home(ANN, "line/x", forged=True, value="/subscribe")).error == ""
    assert await house.chat(HOME) is None
    await seen(house, BOSS)


async def test_a_view_has_room_for_eighty_papers(slack: FakeSlack) -> None:
    async with open_house(slack) as house:
        await write_post(house, 120)
        said = await seen(house)
        assert "120 papers" in said
        assert said.count(f"[{EN.full_summary}]") == 80
        assert f"{EN.settings}\n" in said


async def write_post(house: SlackHouse, count: int) -> None:
    papers = "\n\n".join(
        f"# {n}. [Paper {n}](https://arxiv.org/abs/2501.{n:05d})\n\n## 서론\n- 목표: {'긴 ' * 200}글이다."
        for n in range(1, count + 1)
    )
    post = Path("_posts/2025-02-01-daily-papers-20250201.md")
    post.parent.mkdir(exist_ok=True)
    post.write_text(f"---\ntitle: Daily Papers\ndate: 2025-02-01\n---\n\n{papers}\n")
    found = await FolderSource("daily", post.parent).digests()
    await plan(house.store, "daily", found, {"slack": house.channel.formatter}, Rules())


async def test_without_any_digest_it_says_so(slack: FakeSlack) -> None:
    async with open_house(slack, posts=()) as house:
        said = await seen(house)
        assert said.startswith(EN.no_digest)
        assert EN.settings in said


async def test_a_view_that_is_refused_is_told_of(house: SlackHouse) -> None:
    house.slack.people.home_enabled = False
    with capture_logs() as logs:
        assert await seen(house) == ""
    assert [(one["event"], one["user"]) for one in logs] == [("home", ANN)]
    house.slack.people.home_enabled = True
    house.slack.faults.add(faults.reset(method="views.publish"))
    with capture_logs() as logs:
        await seen(house)
    assert [one["event"] for one in logs] == ["home"]


def test_the_manifest_subscribes_to_what_is_heard(house: SlackHouse) -> None:
    heard = house.listener._events._events  # type: ignore[attr-defined]
    subscribed = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert {event.removesuffix(".im") for event in subscribed} == set(heard)
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
