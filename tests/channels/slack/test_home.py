"""The App Home shows a person the newest digest and their settings."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from bot.config.sources import Source
from bot.delivery.decisions import Rules
from bot.delivery.planner import plan
from bot.sources.folder import FolderSource
from formatters.locale import phrases
from tests.support.chats import SLACK_CHAT
from tests.support.fakes import faults
from tests.support.fakes.slack import FakeSlack
from tests.support.slack_bot import ANN, BOSS, MANIFEST, MINA, SlackBot, open_slack_bot, text_of
from tests.support.usual import usual_edition

EN, KO = phrases("en"), phrases("ko")
HOME = "D00ANN"


async def read_home(slack_bot: SlackBot, user: str = ANN) -> str:
    await slack_bot.slack.opens_home(user)
    return await current_home(slack_bot, user)


async def current_home(slack_bot: SlackBot, user: str = ANN) -> str:
    await slack_bot.quiet()
    return text_of(slack_bot.slack.home(user)) if slack_bot.slack.home(user) else ""


async def test_it_shows_the_newest_digest_and_the_settings(slack_bot: SlackBot) -> None:
    said = await read_home(slack_bot)
    assert said.startswith("Daily Papers · Wednesday, 8 January 2025\n3 papers1. Auto-Encoding Variational Bayes\n")
    assert said.count(f"[{EN.full_summary}]") == 3
    assert f"{EN.settings}\n{EN.receives_not}" in said
    assert said.endswith(f"[{EN.reset}][{EN.subscribe}]")
    assert slack_bot.slack.home(ANN)["private_metadata"] == HOME
    assert (await read_home(slack_bot, MINA)).endswith(f"[{KO.reset}][{KO.subscribe}]")
    assert await slack_bot.chat(HOME) is None  # looking changes nothing


async def test_another_tab_shows_nothing(slack_bot: SlackBot) -> None:
    await slack_bot.slack.opens_home(ANN, "messages")
    assert await current_home(slack_bot) == ""


async def test_a_paper_comes_as_a_direct_message(slack_bot: SlackBot) -> None:
    await read_home(slack_bot)
    assert (await slack_bot.slack.presses_home(ANN, "line/item1", forged=True, value=_value(slack_bot, 1))).seconds < 1
    await slack_bot.quiet()
    [paper] = slack_bot.slack.shown(HOME)
    assert text_of(paper).startswith("2. U-Net")


def _value(slack_bot: SlackBot, place: int) -> str:
    sections = [block for block in slack_bot.slack.home(ANN)["blocks"] if block["type"] == "section"]
    return str(sections[place]["accessory"]["value"])


async def test_what_is_chosen_is_stored_and_shown(slack_bot: SlackBot) -> None:
    await read_home(slack_bot)
    await slack_bot.slack.presses_home(ANN, EN.layouts["index"])
    chat = await slack_bot.chat(HOME)
    assert chat
    assert (chat.layout, chat.kind) == ("index", "private")
    assert f"{EN.layout}: {EN.layouts['index']}" in await current_home(slack_bot)
    await slack_bot.slack.presses_home(ANN, "한국어")
    assert f"{KO.own_language}: 한국어" in await current_home(slack_bot)
    await slack_bot.slack.presses_home(ANN, KO.reset)
    assert f"{EN.layout}: {EN.layouts['thread']}" in await current_home(slack_bot)


async def test_sources_are_chosen_in_the_home(slack_bot: SlackBot) -> None:
    sources = tuple(Source(name=name, kind="huggingface") for name in ("daily", "hf"))
    slack_bot.router.settings = slack_bot.router.settings.model_copy(update={"sources": sources})
    assert "[Choose sources]" in await read_home(slack_bot)
    for label, shown in (
        ("Choose sources", "✓ daily\n✓ hf"),
        ("hf → leave out", "✓ daily\n– hf"),
        ("Settings", "Sources: daily"),
    ):
        await slack_bot.slack.presses_home(ANN, label)
        assert shown in await current_home(slack_bot)


async def test_subscribing_says_when_papers_come(slack_bot: SlackBot) -> None:
    await read_home(slack_bot)
    await slack_bot.slack.presses_home(ANN, "line/row2/1", forged=True, value="/subscribe")
    assert (await slack_bot.chat(HOME)).state == "active"  # type: ignore[union-attr]
    said = await current_home(slack_bot)
    assert EN.subscribed[:10] in said
    assert f"{EN.settings}\n{EN.receives}" in said
    assert said.endswith(f"[{EN.unsubscribe}]")


async def test_a_person_named_in_the_settings_is_known_in_the_home(slack_bot: SlackBot) -> None:
    await slack_bot.ledger.subscriptions.sync_chats(
        "slack", usual_edition("thread"), {SLACK_CHAT: SLACK_CHAT, ANN: ANN}
    )
    assert f"{EN.settings}\n{EN.receives}" in await read_home(slack_bot)


async def test_a_forged_press_is_checked_as_well(slack_bot: SlackBot) -> None:
    await read_home(slack_bot)
    await slack_bot.slack.presses_home(ANN, "line/x", forged=True, value="/status retry")
    assert EN.operators_only in await current_home(slack_bot)
    await slack_bot.slack.presses_home(ANN, "line/x", forged=True, value="/paper 0000000000000000")
    assert EN.paper_gone in await current_home(slack_bot)
    slack_bot.slack.people[ANN].home["private_metadata"] = ""
    assert (await slack_bot.slack.presses_home(ANN, "line/x", forged=True, value="/subscribe")).error == ""
    assert await slack_bot.chat(HOME) is None
    await read_home(slack_bot, BOSS)


async def test_a_view_shows_eighty_papers_at_most(slack: FakeSlack) -> None:
    async with open_slack_bot(slack) as slack_bot:
        await write_post(slack_bot, 120)
        said = await read_home(slack_bot)
        assert "120 papers" in said
        assert said.count(f"[{EN.full_summary}]") == 80
        assert f"{EN.settings}\n" in said


async def write_post(slack_bot: SlackBot, count: int) -> None:
    papers = "\n\n".join(
        f"# {n}. [Paper {n}](https://arxiv.org/abs/2501.{n:05d})\n\n## 서론\n- 목표: {'긴 ' * 200}글이다."
        for n in range(1, count + 1)
    )
    post = Path("_posts/2025-02-01-daily-papers-20250201.md")
    post.parent.mkdir(exist_ok=True)
    post.write_text(f"---\ntitle: Daily Papers\ndate: 2025-02-01\n---\n\n{papers}\n")
    found = await FolderSource("daily", post.parent).digests()
    await plan(slack_bot.ledger, "daily", found, {"slack": slack_bot.channel.formatter}, Rules())


async def test_without_any_digest_it_says_so(slack: FakeSlack) -> None:
    async with open_slack_bot(slack, posts=()) as slack_bot:
        said = await read_home(slack_bot)
        assert said.startswith(EN.no_digest)
        assert EN.settings in said


async def test_a_view_that_is_refused_is_logged(slack_bot: SlackBot) -> None:
    slack_bot.slack.people.home_enabled = False
    with capture_logs() as logs:
        assert await read_home(slack_bot) == ""
    assert [(one["event"], one["user"]) for one in logs] == [("home", ANN)]
    slack_bot.slack.people.home_enabled = True
    slack_bot.slack.faults.add(faults.reset(method="views.publish"))
    with capture_logs() as logs:
        await read_home(slack_bot)
    assert [one["event"] for one in logs] == ["home"]


def test_the_manifest_subscribes_to_the_events_that_are_handled(slack_bot: SlackBot) -> None:
    handled = slack_bot.listener._events._events  # type: ignore[attr-defined]
    subscribed = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert {event.removesuffix(".im") for event in subscribed} == set(handled)
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
