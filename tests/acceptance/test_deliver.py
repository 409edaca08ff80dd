"""The whole path, with the real SDKs, against the strict fake platforms."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.app.assembly import App, open_app
from bot.config.chats import ListedChat
from bot.monitoring.status import unsettled_lines
from bot.sources.posts.post import Origin, parse
from formatters.model import Digest
from tests.support.chats import CHANNEL, CHANNEL_NAME, FORUM_TOPIC, GROUP, READER, SLACK_CHAT
from tests.support.fakes import faults
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.setup import AT_ONCE, DATA, SHARED, add_chats, channels_of, settings_in

POST = "2025-02-03-daily-papers-20250203.md"
TELEGRAM_CHATS = (CHANNEL_NAME, GROUP, FORUM_TOPIC, READER)


class World:
    """A blog, its operator's settings, and both platforms."""

    def __init__(self, folder: Path, telegram: FakeTelegram, slack: FakeSlack) -> None:
        add_chats(telegram, slack)
        self.folder, self.telegram, self.slack = folder, telegram, slack
        self.settings = settings_in(folder, telegram, slack)

    def post(self, source: Path, name: str = POST) -> Digest:
        """Put a post into the blog, in place of an older version of it."""
        target = self.folder / "_posts" / name
        shutil.copy(source, target)
        digest = parse(target.read_bytes(), Origin(name)).digest
        assert digest
        return digest

    async def deliver(self) -> App:
        """Do what `paperboy deliver` does."""
        async with open_app(self.settings, channels_of(self.settings), AT_ONCE) as app:
            async with app.ledger.delivery_lock(app.cycle.stopping):
                assert await app.cycle.plan(at_once=True, resume=True) == []
                await app.cycle.dispatcher().run()
            paused = [f"{one.chat}: {one.why}" for one in await app.ledger.status.paused()]
            self.unsettled = [*await unsettled_lines(app.ledger, app.settings), *paused]
            return app

    def texts(self, chat: str) -> list[str]:
        """Give what a chat reads, in the order of arrival."""
        if chat == SLACK_CHAT:
            return [shown.text for shown in self.slack.shown(SLACK_CHAT)]
        address, _, topic = chat.partition(":")
        shown = self.telegram.shown(CHANNEL if chat == CHANNEL_NAME else address)
        assert all(one.thread == (int(topic) if topic else None) for one in shown)
        return [one.text for one in shown]

    def calls(self) -> int:
        """Count the calls that could show something."""
        return sum(not call.method.startswith("get") for call in [*self.telegram.calls, *self.slack.calls])

    def accepted(self, method: str) -> int:
        """Count the accepted calls of a method, over both platforms."""
        return sum(
            call.method == method and call.status == 200 and not call.error
            for server in (self.telegram, self.slack)
            for call in server.calls
        )


@pytest.fixture
def world(tmp_path: Path, telegram: FakeTelegram, slack: FakeSlack) -> World:
    return World(tmp_path, telegram, slack)


def expect(world: World, chat: str, titles: Sequence[str]) -> None:
    """Check that a chat reads: the index, then one message per title, in order."""
    index, *papers = world.texts(chat)
    assert all(title in index for title in titles)
    assert len(papers) == len(titles)
    for title, text in zip(titles, papers, strict=True):
        assert title in text.splitlines()[0]


async def test_a_post_reaches_every_kind_of_chat_once_and_in_order(world: World) -> None:
    digest = world.post(DATA / "edits" / "version-1.md")
    await world.deliver()
    titles = [paper.title for paper in digest.papers]
    for chat in (*TELEGRAM_CHATS, SLACK_CHAT):
        expect(world, chat, titles)
    assert world.unsettled == []
    before = world.calls()
    await world.deliver()
    assert world.calls() == before


async def test_the_index_makes_a_sound_and_papers_none(world: World) -> None:
    world.post(DATA / "edits" / "version-1.md")
    await world.deliver()
    assert [one.silent for one in world.telegram.shown(READER)] == [False, True, True, True]


async def test_in_slack_papers_answer_the_index_and_nothing_unfurls(world: World) -> None:
    world.post(DATA / "edits" / "version-1.md")
    await world.deliver()
    index, *papers = world.slack.shown(SLACK_CHAT)
    assert index.thread_ts is None
    assert {paper.thread_ts for paper in papers} == {index.ts}
    posts = [call.arguments for call in world.slack.calls if call.method == "chat.postMessage"]
    assert {str(call[name]) for call in posts for name in ("unfurl_links", "unfurl_media")} <= {"False", "0"}
    assert not any(one.pings for one in (index, *papers))


async def test_edits_touch_what_changed_and_only_the_new_paper_is_sent(world: World) -> None:
    world.post(DATA / "edits" / "version-1.md")
    await world.deliver()
    assert world.accepted("sendMessage") == 4 * (1 + 3)
    linked = 3  # chats of Telegram whose messages have addresses: the index is edited when all of it stands
    assert (world.accepted("editMessageText"), world.accepted("chat.update")) == (linked, 1)
    digest = world.post(DATA / "edits" / "version-2.md")
    await world.deliver()
    # Paper 1 was reworded, paper 3 became number 4, the index names one more; paper 2 is as it was.
    assert world.accepted("editMessageText") == linked + 4 * 3 + linked
    assert world.accepted("chat.update") == 1 + 3 + 1
    assert world.accepted("sendMessage") == 4 * (1 + 4)
    for chat in (*TELEGRAM_CHATS, SLACK_CHAT):
        texts = world.texts(chat)
        assert len(texts) == 1 + 4
        for paper in digest.papers:
            assert sum(f"{paper.number}. {paper.title}" in text.splitlines()[0] for text in texts[1:]) == 1
    before = world.calls()
    world.post(DATA / "edits" / "version-3.md")
    await world.deliver()
    assert world.calls() == before


@pytest.mark.skipif(not SHARED.exists(), reason="shared posts are not here")
async def test_the_real_post_and_its_real_versions(world: World) -> None:
    name = "2025-09-10-daily-papers-20250910.md"
    history = [SHARED / "post-history" / f"2025-09-10.version-{n}.md" for n in (1, 2, 3)]
    first = world.post(history[0], name)
    await world.deliver()
    assert len(first.papers) == 17
    for chat in (*TELEGRAM_CHATS, SLACK_CHAT):
        expect(world, chat, [paper.title for paper in first.papers])
    second = world.post(history[1], name)
    await world.deliver()
    assert world.accepted("sendMessage") == 4 * (1 + 18)
    assert world.accepted("chat.postMessage") == 1 + 18
    for chat in (*TELEGRAM_CHATS, SLACK_CHAT):
        titles = [text.splitlines()[0] for text in world.texts(chat)[1:]]
        assert sorted(titles) == sorted(f"{paper.number}. {paper.title}" for paper in second.papers)
    before = world.calls()
    world.post(history[2], name)
    await world.deliver()
    assert world.calls() == before


@pytest.mark.skipif(not SHARED.exists(), reason="shared posts are not here")
async def test_the_real_post_of_18_papers(world: World) -> None:
    name = "2025-09-10-daily-papers-20250910.md"
    digest = world.post(SHARED / "posts" / name, name)
    await world.deliver()
    for chat in (*TELEGRAM_CHATS, SLACK_CHAT):
        expect(world, chat, [paper.title for paper in digest.papers])
    before = world.calls()
    await world.deliver()
    assert world.calls() == before


async def test_lost_answers_everywhere_lose_and_double_nothing(world: World) -> None:
    digest = world.post(DATA / "edits" / "version-1.md")
    world.telegram.faults.add(*(faults.lost_answer(method="sendMessage", skip=3) for _ in range(4)))
    world.slack.faults.add(faults.lost_answer(method="chat.postMessage"))
    world.slack.faults.add(faults.lost_answer(method="chat.postMessage", skip=1))
    await world.deliver()
    for chat in (*TELEGRAM_CHATS, SLACK_CHAT):
        expect(world, chat, [paper.title for paper in digest.papers])
    assert world.unsettled == []


async def test_the_very_first_message_of_an_old_chat_is_found_again(world: World) -> None:
    """The group is at message 500: nothing but the message itself says where to look."""
    digest = world.post(DATA / "edits" / "version-1.md")
    world.telegram.faults.add(faults.lost_answer(method="sendMessage", chat=GROUP))
    await world.deliver()
    expect(world, GROUP, [paper.title for paper in digest.papers])
    assert world.telegram.shown(GROUP)[0].id == 501
    assert world.accepted("deleteMessage") == 1


async def test_one_broken_chat_harms_no_other(world: World) -> None:
    digest = world.post(DATA / "edits" / "version-1.md")
    world.telegram.faults.add(faults.forbidden("bot was kicked from the supergroup chat", chat=GROUP, times=None))
    await world.deliver()
    assert world.texts(GROUP) == []
    for chat in (CHANNEL_NAME, FORUM_TOPIC, READER, SLACK_CHAT):
        expect(world, chat, [paper.title for paper in digest.papers])
    assert [line for line in world.unsettled if GROUP in line and "kicked" in line]
    world.telegram.faults.clear()
    await world.deliver()
    expect(world, GROUP, [paper.title for paper in digest.papers])
    assert world.unsettled == []


async def test_a_revoked_token_stops_one_platform_only(world: World) -> None:
    digest = world.post(DATA / "edits" / "version-1.md")
    world.telegram.faults.add(faults.unauthorized(times=None))
    await world.deliver()
    expect(world, SLACK_CHAT, [paper.title for paper in digest.papers])
    assert len(world.unsettled) == 4
    assert "BotFather" in world.unsettled[0]
    assert "FAKE" not in "".join(world.unsettled)


async def test_refused_entities_are_sent_as_plain_text(world: World) -> None:
    world.post(DATA / "edits" / "version-1.md")
    refusal = faults.bad_request("can't parse entities: unsupported start tag", chat=READER, skip=1)
    world.telegram.faults.add(refusal)
    await world.deliver()
    plain = world.telegram.shown(READER)[1]
    assert plain.entities == [] or all(entity["type"] == "url" for entity in plain.entities)
    assert "parse_mode" not in plain.arguments
    assert len(world.texts(READER)) == 4


async def test_a_group_that_became_a_supergroup_is_followed(world: World) -> None:
    digest = world.post(DATA / "edits" / "version-1.md")
    world.telegram.add_chat("-1009999999999", kind="supergroup")
    world.telegram.chat(GROUP).migrate_to = "-1009999999999"
    await world.deliver()
    assert len(world.telegram.shown("-1009999999999")) == 1 + len(digest.papers)
    assert world.unsettled == []


async def test_an_empty_newest_post_is_held_and_said(world: World) -> None:
    world.post(DATA / "2025-01-11-daily-papers-20250111.md", "2025-01-11-daily-papers-20250111.md")
    await world.deliver()
    assert world.calls() == 0
    assert world.unsettled == ["daily-papers/2025-01-11: held: the post has no papers yet"]


async def test_a_broken_neighbour_does_not_keep_a_post_back(world: World) -> None:
    digest = world.post(DATA / "edits" / "version-1.md")
    (world.folder / "_posts" / "2025-02-04-daily-papers.md").write_bytes(b"\xff\xfe\x00binary")
    (world.folder / "_posts" / "2025-02-05-daily-papers.md").write_bytes(b"# 1. [x](https://example.org)\n" * 200_000)
    app = await world.deliver()
    expect(world, READER, [paper.title for paper in digest.papers])
    assert set(app.cycle.sources[0].problems) == {"2025-02-04-daily-papers.md", "2025-02-05-daily-papers.md"}


async def test_unconfirmed_sends_to_many_private_chats_at_once_are_told_apart(world: World) -> None:
    """They share one sequence of ids, so each one's message hides among those that nobody knows yet."""
    digest = world.post(DATA / "edits" / "version-1.md")
    people = [str(70_000 + n) for n in range(14)]
    for person in people:
        world.telegram.add_chat(person, kind="private")
    telegram = world.settings.telegram.model_copy(update={"chats": tuple(map(ListedChat, (READER, *people)))})
    world.settings = world.settings.model_copy(update={"telegram": telegram})
    world.telegram.faults.add(faults.lost_answer(method="sendMessage", skip=15, times=15))
    await world.deliver()
    for person in people:
        expect(world, person, [paper.title for paper in digest.papers])
    assert world.unsettled == []
