"""What Slack's readers type and press is answered: through Bolt, over websockets and signed HTTP requests."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channels.slack.commands import typed
from bot.conversation.context import Request, Response
from bot.conversation.router import CommandRouter
from bot.errors import LedgerError
from formatters.locale import phrases
from tests.support.chats import SLACK_CHAT
from tests.support.fakes import faults
from tests.support.fakes.slack import FakeSlack, NotSentError
from tests.support.fakes.slack_channels import Channel
from tests.support.slack_bot import (
    ANN,
    BOSS,
    FOREIGN,
    LONG,
    MAKER,
    MANIFEST,
    MINA,
    Listen,
    SlackBot,
    open_slack_bot,
    text_of,
)

FULL = "2. U-Net: Convolutional Networks for Biomedical Image Segmentation\n\n서론\n"
EN, KO = phrases("en"), phrases("ko")
SHARE, INDEX = f"[{EN.share}]", EN.layouts["index"]


over_both = pytest.mark.parametrize("listen", ["socket", "http"])

SAID = [
    ("paper 2", FULL),
    ("paper", EN.which_paper.format(last=3)),
    ("paper ９９", EN.no_such_paper.format(number=99, last=3)),
    ("papers", "Daily Papers · Wednesday, 8 January 2025"),
    ("papers 2025-01-07", EN.no_such_day.format(day="Tuesday, 7 January 2025")),
    ("search 대칭 구조", EN.found("대칭 구조", 1)),
    ("search &<i>&amp;", EN.nothing_found.format(words="&<i>&amp;")),
    ("settings", EN.settings),
    ("status", EN.operators_only),
    ("help", EN.help),
    ("subscribe", EN.already_subscribed.split("{")[0].partition("/")[0]),
    ("unsubscribe", EN.managers_only),
]
NOISE = [("what " * 800, "what"), ("\u202e\u200f", EN.help), ("", EN.help), ("2", FULL), ("/paper 2", FULL)]
OWN = {
    "subscribe": EN.subscribed.split("{")[0],
    "unsubscribe": EN.not_subscribed.split("/")[0],
    "settings": EN.receives_not,
}


# --- commands


@over_both
async def test_each_command_is_answered_in_its_acknowledgement(slack: FakeSlack, listen: Listen) -> None:
    """It takes milliseconds; a second is what was promised."""
    async with open_slack_bot(slack, listen) as slack_bot:
        before = len(slack.shown(SLACK_CHAT))
        for number, (line, said) in enumerate(SAID):
            name, _, rest = line.partition(" ")
            command = f"/{name}" if name.startswith("paper") else f"/papers-{name}"
            user = f"U0READER{number}"  # another one each time: none is slowed
            sent = await slack_bot.sent(f"{command} {rest}", user)
            assert said in text_of(sent.answer), command
            assert sent.answer["response_type"] == "ephemeral"
            assert sent.seconds < 1
            assert len(slack.ephemeral(SLACK_CHAT, user)) == 1
        assert len(slack.shown(SLACK_CHAT)) == before


async def test_each_command_of_the_manifest_is_known(slack_bot: SlackBot) -> None:
    for number, command in enumerate(MANIFEST["features"]["slash_commands"]):
        said = await slack_bot.slash(command["command"], user=f"U0READER{number}")
        assert said
        assert EN.unknown_command[:5] not in said


async def test_commands_may_have_another_prefix(slack_bot: SlackBot) -> None:
    assert (await slack_bot.slash("/lab-paper 2")).startswith(FULL)
    assert (await slack_bot.slash("/lab-search 대칭 구조")).startswith(EN.found("대칭 구조", 1))


async def test_a_command_of_ours_that_we_do_not_know_gets_help(slack_bot: SlackBot) -> None:
    assert await slack_bot.slash("/papers-foo") == EN.unknown_command.format(command="/foo").replace(
        "/help", "/papers-help"
    )


async def test_commands_speak_the_readers_language(slack_bot: SlackBot) -> None:
    assert (await slack_bot.slash("/paper", MINA)).startswith(KO.which_paper[:5])
    assert (await slack_bot.slash("/paper", ANN)).startswith(EN.which_paper[:5])
    assert [call.arguments["user"] for call in await slack_bot.slack.answered("users.info")] == [MINA, ANN]
    await slack_bot.slash("/paper", ANN)
    assert len(await slack_bot.slack.answered("users.info")) == 2  # it is remembered


async def test_without_the_right_to_know_people_the_operators_language_is_spoken(slack_bot: SlackBot) -> None:
    slack_bot.slack.scopes.discard("users:read")
    assert (await slack_bot.slash("/paper", ANN)).startswith(KO.which_paper[:5])


async def test_a_slow_slack_does_not_slow_commands(slack_bot: SlackBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.slack.people._TIMEOUT", 0.05)
    slack_bot.slack.faults.add(faults.slow(1.0, method="users.info"))
    sent = await slack_bot.sent("/paper 2")
    assert sent.seconds < 0.5
    assert text_of(sent.answer).startswith(FULL)


async def test_a_long_answer_goes_on_after_its_acknowledgement(slack: FakeSlack) -> None:
    async with open_slack_bot(slack) as slack_bot:
        notice = slack_bot.channel.formatter.notice
        slack_bot.router.handle = always(Response(tuple(notice(f"part {n}") for n in range(9))))  # type: ignore[method-assign]
        await slack_bot.slash("/papers")
        await slack_bot.quiet()
        assert slack_bot.ephemeral() == [f"part {n}" for n in range(6)]  # a response_url serves five times


async def test_a_person_with_too_many_commands_gets_a_note_and_then_silence(slack_bot: SlackBot) -> None:
    said = [await slack_bot.slash("/paper 2") for _ in range(9)]
    answered = sum(one.startswith(FULL) for one in said)
    assert answered >= 3
    assert said[answered:] == [EN.slow_down] + [""] * (8 - answered)
    assert (await slack_bot.slash("/paper 2", MINA)).startswith(FULL)


def always(answer: Response) -> Any:
    async def given(_request: Request, _line: str) -> Response:
        return answer

    return given


# --- sharing


async def test_a_paper_is_shared_in_the_channel(slack_bot: SlackBot) -> None:
    sent = await slack_bot.sent("/paper 2")
    assert re.findall('"value": "(share .*?)"', json.dumps(sent.answer)) == ["share /paper f6e21a6301e21c13"]
    await slack_bot.press(EN.share)
    await slack_bot.quiet()
    shared = slack_bot.slack.shown(SLACK_CHAT)[-1]
    assert text_of(shared).startswith(f"↗ ann{FULL}")
    assert shared.text.startswith("↗ ann\n2. U-Net")
    assert shared.pings == []
    [reply] = slack_bot.ephemeral()
    assert reply.startswith(FULL)
    assert SHARE not in reply  # it can be used once


async def test_one_goes_from_paper_to_paper_and_to_the_list(slack_bot: SlackBot) -> None:
    await slack_bot.slash("/paper 2")
    await slack_bot.press(EN.paper_after.format(number=3))
    await slack_bot.press(EN.papers_of_day)
    await slack_bot.quiet()
    assert [text[:2] for text in slack_bot.ephemeral()] == ["2.", "3.", "Da"]  # what stands there stays
    slack = slack_bot.slack
    await slack.message_im(ANN, "paper 2")
    await slack_bot.quiet()
    direct = slack.direct(ANN).id
    paper = slack.shown(direct)[-1]
    await slack_bot.press(EN.papers_of_day, chat=direct, ts=paper.ts)
    await slack_bot.quiet()
    assert [shown.text[:2] for shown in slack.shown(direct)[-2:]] == ["2.", "Da"]


async def test_a_paper_is_shared_once_in_a_channel(slack_bot: SlackBot) -> None:
    before = len(slack_bot.slack.shown(SLACK_CHAT))
    for user in (ANN, BOSS):
        await slack_bot.slash("/paper 2", user)
    for user in (ANN, BOSS):
        await slack_bot.press(EN.share, user)
    await slack_bot.quiet()
    assert len(slack_bot.slack.shown(SLACK_CHAT)) == before + 1
    assert slack_bot.ephemeral(BOSS)[-1].startswith(EN.stands_above)


async def test_a_paper_is_shared_where_the_app_is_no_member(slack_bot: SlackBot) -> None:
    await slack_bot.slash("/paper 2", chat=FOREIGN)
    await slack_bot.press(EN.share, chat=FOREIGN)
    await slack_bot.quiet()
    [shared] = slack_bot.slack.channel(FOREIGN).messages.values()
    assert text_of(shared).startswith(f"↗ ann{FULL}")


async def test_there_is_nobody_to_share_with_in_direct_messages(slack_bot: SlackBot) -> None:
    assert SHARE not in await slack_bot.slash("/paper 2", chat=slack_bot.slack.direct(ANN).id)


@pytest.mark.parametrize("value", ["share /status", "share /unsubscribe", "share", "share /paper 0000000000000000"])
async def test_nothing_else_is_shared(slack_bot: SlackBot, value: str) -> None:
    await slack_bot.slash("/paper 2", BOSS)
    before = len(slack_bot.slack.shown(SLACK_CHAT))
    await slack_bot.press("line/row0/0", BOSS, forged=True, value=value)
    await slack_bot.quiet()
    assert len(slack_bot.slack.shown(SLACK_CHAT)) == before
    assert len(slack_bot.ephemeral(BOSS)) == 2
    assert (await slack_bot.chat()).state == "active"  # type: ignore[union-attr]


# --- the button under a paper


async def test_the_full_summary_is_shown_to_one_person_in_the_thread_of_the_paper(slack_bot: SlackBot) -> None:
    index, _, paper, _ = slack_bot.slack.shown(SLACK_CHAT)
    sent = await slack_bot.press(KO.full_summary, ts=paper.ts)
    assert (sent.seconds < 1, sent.answer) == (True, {})
    await slack_bot.quiet()
    [reply] = slack_bot.slack.ephemeral(SLACK_CHAT, ANN)
    assert reply.thread_ts == index.ts
    assert text_of(reply).startswith(FULL)
    assert slack_bot.ephemeral(MINA) == []
    await slack_bot.press(EN.share)
    await slack_bot.quiet()
    shared = slack_bot.slack.shown(SLACK_CHAT)[-1]
    assert (text_of(shared).startswith("↗ ann2. U-Net"), shared.thread_ts) == (True, index.ts)


async def test_the_full_summary_comes_where_the_app_is_no_member(slack_bot: SlackBot) -> None:
    paper = slack_bot.slack.shown(SLACK_CHAT)[2]
    slack_bot.slack.channel(SLACK_CHAT).member = False
    await slack_bot.press(KO.full_summary, ts=paper.ts)
    await slack_bot.quiet()
    assert slack_bot.ephemeral()[0].startswith(FULL)


async def test_a_paper_that_is_gone(slack_bot: SlackBot) -> None:
    paper = slack_bot.slack.shown(SLACK_CHAT)[2]
    await slack_bot.press("line/row0/0", ts=paper.ts, forged=True, value="/paper 0000000000000000")
    await slack_bot.quiet()
    assert slack_bot.ephemeral() == [EN.paper_gone]


async def test_buttons_that_are_not_ours_are_acknowledged(slack_bot: SlackBot) -> None:
    paper = slack_bot.slack.shown(SLACK_CHAT)[2]
    for action, value in (("other", "/unsubscribe"), ("line/row0/0", "")):
        assert (await slack_bot.press(action, ts=paper.ts, forged=True, value=value)).error == ""
    await slack_bot.quiet()
    assert slack_bot.ephemeral() == []


# --- mentions and direct messages


@over_both
async def test_a_mention_is_answered_in_its_thread(slack: FakeSlack, listen: Listen) -> None:
    async with open_slack_bot(slack, listen) as slack_bot:
        for number, (line, said) in enumerate([("paper 2", FULL), ("/paper 2", FULL), ("", KO.help)]):
            sent = await slack.mentions(SLACK_CHAT, f"U0READER{number}", line)
            await slack_bot.quiet()
            answer = slack.shown(SLACK_CHAT)[-1]
            assert text_of(answer).startswith(said)
            assert answer.thread_ts == sent.payload["event"]["ts"]
        started = answer.thread_ts
        await slack.mentions(SLACK_CHAT, ANN, "search 확산 없음", thread_ts=started)
        await slack_bot.quiet()
        assert text_of(slack.shown(SLACK_CHAT)[-1]).startswith("‘확산 없음’")  # all read it: the channel's language
        assert slack.shown(SLACK_CHAT)[-1].thread_ts == started


async def test_a_paper_that_stands_in_a_thread_is_not_given_there_again(slack_bot: SlackBot) -> None:
    slack = slack_bot.slack
    started = (await slack.mentions(SLACK_CHAT, ANN, "paper 2")).payload["event"]["ts"]
    await slack.mentions(SLACK_CHAT, MINA, "paper 2", thread_ts=started)
    await slack.mentions(SLACK_CHAT, BOSS, "paper 2")
    await slack_bot.quiet()
    said = slack.shown(SLACK_CHAT)[-3:]
    first, second = (one for one in said if one.thread_ts == started)
    assert [text_of(one).startswith(FULL) for one in said].count(True) == 2
    assert text_of(first).startswith(FULL)
    assert text_of(second).startswith(KO.stands_above)
    await slack_bot.press(KO.full_summary, MINA, ts=second.ts)
    await slack_bot.quiet()
    assert slack_bot.ephemeral(MINA)[0].startswith(FULL)


async def test_a_paper_is_found_by_its_address(slack_bot: SlackBot) -> None:
    await slack_bot.slack.mentions(SLACK_CHAT, ANN, "paper https://arxiv.org/abs/1505.04597?a&b")
    await slack_bot.quiet()
    assert text_of(slack_bot.slack.shown(SLACK_CHAT)[-1]).startswith(FULL)


async def test_direct_messages_are_answered(slack_bot: SlackBot) -> None:
    for number, (line, said) in enumerate([*SAID, *NOISE]):
        user = f"U0READER{number}"
        await slack_bot.slack.message_im(user, line)
        await slack_bot.quiet()
        [answer] = slack_bot.slack.shown(slack_bot.slack.direct(user).id)
        assert OWN.get(line, said) in text_of(answer)
        assert SHARE not in text_of(answer)
        assert answer.thread_ts is None


async def test_a_thread_in_direct_messages_stays_one(slack_bot: SlackBot) -> None:
    ts = (await slack_bot.slack.message_im(ANN, "paper 2")).payload["event"]["ts"]
    await slack_bot.slack.message_im(ANN, "paper 1", thread_ts=ts)
    await slack_bot.quiet()
    assert [shown.thread_ts for shown in slack_bot.slack.shown("D00ANN")] == [None, ts]


async def test_a_direct_message_that_is_corrected_soon_is_answered(slack_bot: SlackBot) -> None:
    slack = slack_bot.slack
    sent = await slack.message_im(ANN, "paper 999")
    await slack.corrects(sent, "paper 999")  # a link was unfurled
    await slack.corrects(sent, "paper 2")
    await slack.corrects(sent, "paper 1", seconds=301)
    await slack_bot.quiet()
    assert [shown.text.partition(".")[0] for shown in slack.shown("D00ANN")[-2:]] == ["There is no paper 999", "2"]


async def test_messages_that_are_not_for_the_app_are_ignored(slack_bot: SlackBot) -> None:
    slack = slack_bot.slack
    slack.scopes.add("channels:history")
    await slack.message_in(SLACK_CHAT, ANN, "paper 2")
    own = slack.shown(SLACK_CHAT)[0]
    await slack.echoes(SLACK_CHAT, own.ts)
    await slack.echoes(SLACK_CHAT, own.ts, "bot_message")
    event = (await slack.message_im(ANN, "")).payload["event"]
    await slack_bot.quiet()
    before = [len(slack.shown(SLACK_CHAT)), len(slack.shown("D00ANN"))]
    for more in ({"bot_id": "B0OTHER"}, {"subtype": "message_deleted"}, {"edited": {"ts": "1"}}, {"user": None}):
        await slack._event({**event, **more})
    await slack._event({"type": "reaction_added", "user": ANN})
    await slack_bot.quiet()
    assert [len(slack.shown(SLACK_CHAT)), len(slack.shown("D00ANN"))] == before


def test_messages_are_read_as_they_were_typed() -> None:
    assert typed("<@U0BOT> a &lt; b &amp;lt; <https://a.example/?x&amp;y|label> <#C1|papers> <!here>") == (
        "a < b &lt; https://a.example/?x&y papers"
    )


@over_both
async def test_a_retried_event_is_answered_once(slack: FakeSlack, listen: Listen) -> None:
    async with open_slack_bot(slack, listen) as slack_bot:
        before = len(slack.shown(SLACK_CHAT))
        first = await slack.mentions(SLACK_CHAT, ANN, "paper 2")
        again = await asyncio.gather(slack.retries(first), slack.retries(first))
        await slack_bot.quiet()
        assert [one.error for one in (first, *again)] == ["", "", ""]
        assert len(slack.shown(SLACK_CHAT)) == before + 1


async def test_a_retry_that_comes_too_early_waits_for_the_first_attempt(slack_bot: SlackBot) -> None:
    """If it were acknowledged at once and the first attempt failed, the choice would be lost."""
    slack, begun, go_on = slack_bot.slack, asyncio.Event(), asyncio.Event()
    original = slack_bot.router.handle

    async def slow(request: Request, line: str) -> Response:
        begun.set()
        await go_on.wait()
        return await original(request, line)

    slack_bot.router.handle = slow  # type: ignore[method-assign]
    slack.patience = 0.1
    first = await slack.message_im(ANN, "subscribe")
    await begun.wait()
    slack.patience = 3.0
    retry = asyncio.create_task(slack.retries(first))
    await asyncio.sleep(0.05)
    assert not retry.done()
    go_on.set()
    assert (await retry).error == ""
    assert (await slack_bot.chat("D00ANN")).state == "active"  # type: ignore[union-attr]
    await slack_bot.quiet()
    assert len(slack.shown("D00ANN")) == 1


# --- where somebody is


async def test_the_hours_of_a_person_are_those_where_slack_says_that_they_are(slack_bot: SlackBot) -> None:
    slack_bot.slack.people[ANN].tz = "Europe/Berlin"
    await slack_bot.slack.message_im(ANN, "subscribe")
    await slack_bot.quiet()
    assert (await slack_bot.chat("D00ANN")).schedule.endswith(" Europe/Berlin")  # type: ignore[union-attr]
    assert "Europe/Berlin" in text_of(slack_bot.slack.shown("D00ANN")[-1])


@pytest.mark.parametrize("zone", ["", "Nowhere/At_All", "../../etc/passwd"])
async def test_a_zone_that_is_none_changes_nothing(slack_bot: SlackBot, zone: str) -> None:
    slack_bot.slack.people[ANN].tz = zone
    await slack_bot.slack.message_im(ANN, "subscribe")
    await slack_bot.quiet()
    assert (await slack_bot.chat("D00ANN")).schedule == ""  # type: ignore[union-attr]


async def test_where_the_app_may_not_ask_the_zone_is_the_operators(slack_bot: SlackBot) -> None:
    slack_bot.slack.people[ANN].tz = "Europe/Berlin"
    slack_bot.slack.scopes.discard("users:read")
    await slack_bot.slack.message_im(ANN, "settings 07:00")
    await slack_bot.quiet()
    assert (await slack_bot.chat("D00ANN")).schedule == "07:00 mon-sun Asia/Seoul"  # type: ignore[union-attr]


async def test_hours_of_a_channel_are_in_nobodys_own_zone(slack_bot: SlackBot) -> None:
    slack_bot.slack.people[BOSS].tz = "Europe/Berlin"
    await slack_bot.slash("/papers-settings 07:00", BOSS)
    assert (await slack_bot.chat()).schedule == "07:00 mon-sun Asia/Seoul"  # type: ignore[union-attr]


# --- settings and who may change them


@pytest.mark.parametrize(("user", "may"), [(ANN, False), (BOSS, True), (MAKER, True)])
async def test_administrators_change_a_channel(slack_bot: SlackBot, user: str, may: bool) -> None:
    await slack_bot.slash("/papers-settings", user)
    await slack_bot.press(INDEX, user)
    chat = await slack_bot.chat()
    assert chat
    assert chat.layout == ("index" if may else "")  # kept before it was acknowledged
    await slack_bot.quiet()
    [page, *notes] = slack_bot.ephemeral(user)
    assert (f"{EN.layout}: {INDEX}" in page) is may
    assert notes == ([] if may else [EN.managers_only])


@pytest.mark.parametrize(
    ("conditions", "may"),
    [
        ({}, True),
        ({"admin": True}, True),
        ({"guest": True}, False),
        ({"bot": True}, False),
        ({"team": "T0OTHER"}, False),  # in a channel that two workspaces share
    ],
)
async def test_whoever_may_invite_the_app_may_subscribe_the_channel(
    slack_bot: SlackBot, conditions: dict[str, Any], may: bool
) -> None:
    slack_bot.slack.add_user("U0SOME", "some", **conditions)
    said = await slack_bot.slash("/papers-subscribe", "U0SOME", FOREIGN)
    assert said.startswith(EN.subscribed.split("{")[0] if may else EN.members_only)
    assert (await slack_bot.chat(FOREIGN) is not None) is may


async def test_a_member_of_several_workspaces_of_an_organisation_is_a_member(slack_bot: SlackBot) -> None:
    slack_bot.slack.add_user("U0SOME", "some", team="T0OTHER", enterprise=["T0OTHER", "T0FAKE"])
    said = await slack_bot.slash("/papers-subscribe", "U0SOME", FOREIGN)
    assert said.startswith(EN.subscribed.split("{")[0])


async def test_an_operator_of_the_bot_may_manage_a_channel(slack_bot: SlackBot) -> None:
    slack_bot.slack.add_user(BOSS, "boss", guest=True)
    for line, said in (
        ("/papers-subscribe", EN.subscribed.split("{")[0]),
        ("/papers-settings index", EN.saved),
        ("/papers-unsubscribe", EN.unsubscribed.partition("/")[0]),
    ):
        assert (await slack_bot.slash(line, BOSS, FOREIGN)).startswith(said), line


async def test_without_an_answer_of_slack_nobody_may_invite(slack_bot: SlackBot) -> None:
    slack_bot.slack.faults.add(faults.reset(method="auth.test"))
    assert await slack_bot.slash("/papers-subscribe", ANN, FOREIGN) == EN.members_only
    assert (await slack_bot.slash("/papers-subscribe", ANN, FOREIGN)).startswith(EN.subscribed.split("{")[0])


async def test_a_forged_press_has_only_the_rights_of_who_pressed(slack_bot: SlackBot) -> None:
    await slack_bot.slash("/papers-settings")
    for value in ("/unsubscribe", "/settings index", "/status retry"):
        await slack_bot.press("line/row9/0", forged=True, value=value)
    chat = await slack_bot.chat()
    assert chat
    assert (chat.state, chat.layout) == ("active", "")
    await slack_bot.quiet()
    assert slack_bot.ephemeral()[1:] == [
        EN.managers_only,
        EN.managers_only,
        EN.operators_only,
    ]


async def test_without_an_answer_of_slack_nobody_is_an_administrator(slack_bot: SlackBot) -> None:
    for method in ("users.info", "conversations.info"):
        slack_bot.slack.faults.add(faults.reset(method=method, times=None))
    await slack_bot.slash("/papers-unsubscribe", MAKER)
    assert (await slack_bot.chat()).state == "active"  # type: ignore[union-attr]


async def test_rights_are_asked_for_each_time(slack_bot: SlackBot) -> None:
    chief = slack_bot.slack.add_user("U0CHIEF", "chief", admin=True)
    assert f"{EN.layout}: {INDEX}" in await slack_bot.slash("/papers-settings index", chief.id)
    chief.admin = False
    assert await slack_bot.slash("/papers-settings digest", chief.id) == EN.managers_only


async def test_everybody_decides_for_their_own_direct_messages(slack_bot: SlackBot) -> None:
    address = slack_bot.slack.direct(ANN).id
    assert (await slack_bot.slash("/papers-subscribe now", chat=address)).startswith(EN.subscribed_now)
    chat = await slack_bot.chat(address)
    assert chat
    assert (chat.state, chat.kind, chat.language) == ("active", "private", "en")


async def test_in_direct_messages_with_others_a_command_is_about_ones_own_chat(slack_bot: SlackBot) -> None:
    """There the app is no member, and could neither write nor read."""
    slack_bot.slack.channels.add(Channel("D0OTHERS", "", member=False, archived=False, user=ANN, people={ANN}))
    assert (await slack_bot.slash("/papers-subscribe", chat="D0OTHERS")).startswith(EN.subscribed[:5])
    assert await slack_bot.chat("D0OTHERS") is None
    assert (await slack_bot.chat("D00ANN")).state == "active"  # type: ignore[union-attr]
    assert SHARE in await slack_bot.slash("/paper 2", chat="D0OTHERS")
    await slack_bot.press(EN.share, chat="D0OTHERS")
    await slack_bot.slash("/papers-settings", chat="D0OTHERS")
    await slack_bot.press(EN.unsubscribe, chat="D0OTHERS")
    await slack_bot.quiet()
    assert (await slack_bot.chat("D00ANN")).state == "removed"  # type: ignore[union-attr]
    [shared] = slack_bot.slack.channel("D0OTHERS").messages.values()
    assert text_of(shared).startswith("↗ ann")
    assert slack_bot.ephemeral(chat="D0OTHERS")[-1].startswith(EN.unsubscribed[:5])


async def test_without_the_right_to_open_direct_messages_the_given_chat_is_used(slack_bot: SlackBot) -> None:
    slack_bot.slack.scopes.discard("im:write")
    own = slack_bot.slack.direct(ANN).id
    assert (await slack_bot.slash("/papers-subscribe", chat=own)).startswith(EN.subscribed[:5])
    assert (await slack_bot.chat(own)).state == "active"  # type: ignore[union-attr]


async def test_only_the_newest_people_and_events_are_remembered(
    slack_bot: SlackBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.slack.people._MOST", 2)
    monkeypatch.setattr("bot.channels.slack.events._REMEMBERED", 2)
    for user in (ANN, MINA, BOSS, ANN):
        await slack_bot.slack.message_im(user, "paper")
    await slack_bot.quiet()
    asked = [call.arguments["user"] for call in await slack_bot.slack.answered("users.info")]
    assert asked == [ANN, MINA, BOSS, ANN]


async def test_the_language_of_a_chat_is_used(slack_bot: SlackBot) -> None:
    assert EN.saved in await slack_bot.slash("/papers-settings en", BOSS)
    assert (await slack_bot.slash("/paper", MINA)).startswith(EN.which_paper[:5])


# --- pages


async def test_pages_turn_in_place(slack: FakeSlack) -> None:
    async with open_slack_bot(slack, posts=(LONG,)) as slack_bot:
        assert f"[{EN.next}]" in await slack_bot.slash("/papers")
        await slack_bot.press(EN.next)
        await slack_bot.quiet()
        [page] = slack_bot.ephemeral()
        assert page.endswith(f"[{EN.previous}]")
        assert "40." in page


async def test_pages_turn_in_place_in_direct_messages(slack: FakeSlack) -> None:
    async with open_slack_bot(slack, posts=(LONG,)) as slack_bot:
        await slack.message_im(ANN, "papers")
        await slack_bot.quiet()
        [page] = slack.shown("D00ANN")
        await slack_bot.press(EN.next, chat="D00ANN", ts=page.ts)
        await slack_bot.quiet()
        assert (page.edits, text_of(page).endswith(f"[{EN.previous}]")) == (1, True)
        await slack_bot.press("line/item0", chat="D00ANN", ts=page.ts)
        await slack_bot.quiet()
        assert text_of(slack.shown("D00ANN")[-1]).startswith("21. ")
        await slack_bot.press("line/x", chat="D00ANN", ts=page.ts, forged=True, value="/unsubscribe")
        await slack_bot.quiet()
        assert slack_bot.ephemeral(chat="D00ANN") == [EN.not_subscribed.replace("/", "/papers-")]


async def test_a_page_that_all_see_turns_for_one(slack: FakeSlack) -> None:
    async with open_slack_bot(slack, posts=(LONG,)) as slack_bot:
        await slack.mentions(SLACK_CHAT, MINA, "papers")
        await slack_bot.quiet()
        page = slack.shown(SLACK_CHAT)[-1]
        await slack_bot.press("line/row0/0", ts=page.ts)
        await slack_bot.quiet()
        assert page.edits == 0
        [own] = slack_bot.ephemeral()
        assert own.endswith(f"[{EN.previous}]")


# --- joining and leaving


async def test_a_channel_that_adds_the_app_is_greeted(slack_bot: SlackBot) -> None:
    slack = slack_bot.slack
    slack.add_channel("C0NEW", name="new", member=False, creator=MAKER)
    await slack.joins("C0NEW", ANN)
    await slack.joins("C0NEW")
    await slack_bot.quiet()
    [welcome] = slack.shown("C0NEW")
    assert text_of(welcome).startswith(KO.welcome_members)
    slack.add_user("U0GUEST", "guest", guest=True)
    await slack_bot.press("line/row0/0", "U0GUEST", "C0NEW", welcome.ts)
    assert await slack_bot.chat("C0NEW") is None
    await slack_bot.press("line/row0/0", ANN, "C0NEW", welcome.ts)
    assert (await slack_bot.chat("C0NEW")).state == "active"  # type: ignore[union-attr]
    await slack_bot.quiet()
    assert slack_bot.ephemeral("U0GUEST", "C0NEW") == [EN.members_only]
    assert slack_bot.ephemeral(ANN, "C0NEW") == [EN.subscribed_now]


async def test_a_channel_that_removes_the_app_is_paused_until_it_is_back(slack: FakeSlack) -> None:
    woken = []
    async with open_slack_bot(slack, wake=lambda: woken.append(1)) as slack_bot:
        await slack.leaves(SLACK_CHAT)
        chat = await slack_bot.chat()
        assert chat
        assert (chat.state, chat.reason) == ("paused", "the app was taken out of the channel")
        before = len(slack.shown(SLACK_CHAT))
        await slack.joins(SLACK_CHAT)
        await slack_bot.quiet()
        chat = await slack_bot.chat()
        assert chat
        assert chat.is_open
        assert len(slack.shown(SLACK_CHAT)) == before  # it was greeted long ago
        await slack.archives(SLACK_CHAT)
        assert (await slack_bot.chat()).reason == "the channel was archived"  # type: ignore[union-attr]
        await slack._event({"type": "channel_unarchive", "channel": SLACK_CHAT, "user": BOSS})
        chat = await slack_bot.chat()
        assert chat
        assert (chat.state, chat.is_open) == ("active", False)  # whether the app is still a member is not told
        assert len(woken) == 2


async def test_a_renamed_channel_is_known_by_its_new_name(slack_bot: SlackBot) -> None:
    await slack_bot.channel.ask_title(SLACK_CHAT)
    asked = slack_bot.channel.titles.take()
    await slack_bot.slack.renames(SLACK_CHAT, "reading")
    assert (asked, slack_bot.channel.titles.take()) == ({SLACK_CHAT: "#papers"}, {SLACK_CHAT: "#reading"})


async def test_people_are_known_by_their_real_names(slack_bot: SlackBot) -> None:
    await slack_bot.slack.message_im(ANN, "help")
    await slack_bot.quiet()
    heard = slack_bot.channel.titles.take()
    await slack_bot.channel.ask_title(ANN)
    assert (heard, slack_bot.channel.titles.take()) == ({ANN: "ann", "D00ANN": "ann"}, {ANN: "ann"})


async def test_a_removed_app_is_logged(slack_bot: SlackBot) -> None:
    with capture_logs() as logs:
        await slack_bot.slack.revokes()
        await slack_bot.slack._event({"type": "tokens_revoked", "tokens": {"oauth": [ANN]}})
        await slack_bot.slack.uninstalls()
    assert [(one["log_level"], one["event"]) for one in logs] == [("error", "app removed")] * 2


# --- what goes wrong


async def test_a_choice_is_stored_when_its_answer_is_lost(slack_bot: SlackBot) -> None:
    slack_bot.slack.faults.add(faults.slack_refusal("fatal_error", method="chat.postMessage", times=None))
    with capture_logs() as logs:
        await slack_bot.slack.message_im(ANN, "subscribe")
        assert (await slack_bot.chat("D00ANN")).state == "active"  # type: ignore[union-attr]
        await slack_bot.quiet()
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == ["answer lost"]


@pytest.mark.parametrize("fault", [faults.server_error(503), faults.reset(), faults.slack_refusal("used_url")])
async def test_a_lost_answer_to_a_button_is_logged(slack_bot: SlackBot, fault: faults.Fault) -> None:
    slack_bot.slack.faults.add(fault)
    fault = slack_bot.slack.faults._script[-1]
    fault.method, fault.times = "response_url", None
    await slack_bot.slash("/paper 2")
    with capture_logs() as logs:
        await slack_bot.press(EN.share)
        await slack_bot.quiet()
    assert [one["event"] for one in logs] == ["answer lost"]
    assert SHARE in slack_bot.ephemeral()[0]


@over_both
async def test_what_the_ledger_cannot_store_comes_again(slack: FakeSlack, listen: Listen) -> None:
    slack.patience = 0.2
    async with open_slack_bot(slack, listen) as slack_bot:
        router = slack_bot.router
        original, router.handle = router.handle, broken(LedgerError("the disk is full"))  # type: ignore[method-assign]
        with capture_logs() as logs:
            first = await slack.mentions(SLACK_CHAT, ANN, "paper 2")
            assert (await slack.slash("/paper", "2", ANN, SLACK_CHAT)).error
        assert first.error
        assert [(one["event"], one["what"], one["error"]) for one in logs] == [
            ("update", "app_mention", "the disk is full"),
            ("update", "/paper", "the disk is full"),
        ]
        router.handle = original  # type: ignore[method-assign]
        assert (await slack.retries(first)).error == ""
        await slack_bot.quiet()
        assert text_of(slack.shown(SLACK_CHAT)[-1]).startswith(FULL)


async def test_a_bug_is_logged_and_stops_nobody(slack_bot: SlackBot) -> None:
    slack_bot.slack.patience = 0.2
    original, slack_bot.router.handle = slack_bot.router.handle, broken(ZeroDivisionError())  # type: ignore[method-assign]
    with capture_logs() as logs:
        assert (await slack_bot.slack.slash("/paper", "2", ANN, SLACK_CHAT)).error
    assert isinstance(logs[0]["exc_info"], ZeroDivisionError)
    slack_bot.router.handle = original  # type: ignore[method-assign]
    assert (await slack_bot.slash("/paper 2")).startswith(FULL)


async def test_a_bug_while_an_answer_is_made_is_logged(slack_bot: SlackBot, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = slack_bot.slack.shown(SLACK_CHAT)[2]
    monkeypatch.setattr(CommandRouter, "context_for", broken(ZeroDivisionError()))
    with capture_logs() as logs:
        await slack_bot.press(KO.full_summary, ts=paper.ts)
        await slack_bot.quiet()
    assert [(one["event"], type(one["exc_info"])) for one in logs] == [("answer lost", ZeroDivisionError)]


def broken(error: Exception) -> Any:
    async def refuse(*_: object) -> Response:
        raise error

    return refuse


async def test_nobody_acts_in_the_direct_messages_of_others(slack_bot: SlackBot) -> None:
    """Slack itself keeps people out of others' direct messages; the fake does too."""
    with pytest.raises(NotSentError):
        await slack_bot.slash("/papers-unsubscribe", MINA, slack_bot.slack.direct(ANN).id)
