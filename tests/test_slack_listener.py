"""Slack's readers talk to Paperboy: what they type and press, through Bolt, over websockets and signed requests."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.commands import Desk
from bot.errors import LedgerError
from bot.listeners.slack_commands import typed
from bot.talk import Answer, Asker
from formatters.locale import words
from tests.support.fakes import faults
from tests.support.fakes.slack import FakeSlack, NotSentError
from tests.support.fakes.slack_rooms import Channel
from tests.support.slack_bot import (
    ANN,
    BOSS,
    FOREIGN,
    LONG,
    MAKER,
    MANIFEST,
    MINA,
    ROOM,
    Listen,
    SlackHouse,
    open_house,
    text_of,
    workspace,
)

FULL = "2. U-Net: Convolutional Networks for Biomedical Image Segmentation\n\n서론\n"
EN, KO = words("en"), words("ko")
SHARE, INDEX = f"[{EN.share}]", EN.layouts["index"]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with workspace() as server:
        yield server


@pytest.fixture
async def house(slack: FakeSlack) -> AsyncIterator[SlackHouse]:
    async with open_house(slack) as house:
        yield house


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
    ("subscribe", EN.administrators_only),
    ("unsubscribe", EN.administrators_only),
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
    async with open_house(slack, listen) as house:
        before = len(slack.shown(ROOM))
        for number, (line, said) in enumerate(SAID):
            name, _, rest = line.partition(" ")
            command = f"/{name}" if name.startswith("paper") else f"/papers-{name}"
            user = f"U0READER{number}"  # another one each time: none is slowed
            sent = await house.sent(f"{command} {rest}", user)
            assert said in text_of(sent.answer), command
            assert sent.answer["response_type"] == "ephemeral"
            assert sent.seconds < 1
            assert len(slack.whispered(ROOM, user)) == 1
        assert len(slack.shown(ROOM)) == before


async def test_each_command_of_the_manifest_is_known(house: SlackHouse) -> None:
    for number, command in enumerate(MANIFEST["features"]["slash_commands"]):
        said = await house.slash(command["command"], user=f"U0READER{number}")
        assert said
        assert EN.unknown_command[:5] not in said


async def test_commands_may_have_another_prefix(house: SlackHouse) -> None:
    assert (await house.slash("/lab-paper 2")).startswith(FULL)
    assert (await house.slash("/lab-search 대칭 구조")).startswith(EN.found("대칭 구조", 1))


async def test_a_command_of_ours_that_we_do_not_know_gets_help(house: SlackHouse) -> None:
    assert await house.slash("/papers-foo") == EN.unknown_command.format(command="/foo").replace(
        "/help", "/papers-help"
    )


async def test_commands_speak_the_readers_language(house: SlackHouse) -> None:
    assert (await house.slash("/paper", MINA)).startswith(KO.which_paper[:5])
    assert (await house.slash("/paper", ANN)).startswith(EN.which_paper[:5])
    assert [call.arguments["user"] for call in await house.slack.answered("users.info")] == [MINA, ANN]
    await house.slash("/paper", ANN)
    assert len(await house.slack.answered("users.info")) == 2  # it is remembered


async def test_without_the_right_to_know_people_the_operators_language_is_spoken(house: SlackHouse) -> None:
    house.slack.scopes.discard("users:read")
    assert (await house.slash("/paper", ANN)).startswith(KO.which_paper[:5])


async def test_a_slow_slack_does_not_slow_commands(house: SlackHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.listeners.slack_people._PATIENCE", 0.05)
    house.slack.faults.add(faults.slow(1.0, method="users.info"))
    sent = await house.sent("/paper 2")
    assert sent.seconds < 0.5
    assert text_of(sent.answer).startswith(FULL)


async def test_a_long_answer_goes_on_after_its_acknowledgement(slack: FakeSlack) -> None:
    async with open_house(slack) as house:
        notice = house.channel.formatter.notice
        house.desk.answer = always(Answer(tuple(notice(f"part {n}") for n in range(9))))  # type: ignore[method-assign]
        await house.slash("/papers")
        await house.quiet()
        assert house.whispers() == [f"part {n}" for n in range(6)]  # a response_url serves five times


async def test_who_floods_gets_a_note_and_then_silence(house: SlackHouse) -> None:
    said = [await house.slash("/paper 2") for _ in range(9)]
    answered = sum(one.startswith(FULL) for one in said)
    assert answered >= 3
    assert said[answered:] == [EN.slow_down] + [""] * (8 - answered)
    assert (await house.slash("/paper 2", MINA)).startswith(FULL)


def always(answer: Answer) -> Any:
    async def given(_asker: Asker, _line: str) -> Answer:
        return answer

    return given


# --- sharing


async def test_a_paper_is_shared_in_the_channel(house: SlackHouse) -> None:
    sent = await house.sent("/paper 2")
    assert re.findall('"value": "(.*?)"', json.dumps(sent.answer)) == ["share /paper f6e21a6301e21c13"]
    await house.press(EN.share)
    await house.quiet()
    shared = house.slack.shown(ROOM)[-1]
    assert text_of(shared).startswith(f"↗ ann{FULL}")
    assert shared.text.startswith("↗ ann\n2. U-Net")
    assert shared.pings == []
    [whisper] = house.whispers()
    assert whisper.startswith(FULL)
    assert SHARE not in whisper  # it has done its work


async def test_a_paper_is_shared_where_the_app_is_no_member(house: SlackHouse) -> None:
    await house.slash("/paper 2", room=FOREIGN)
    await house.press(EN.share, room=FOREIGN)
    await house.quiet()
    [shared] = house.slack.channel(FOREIGN).messages.values()
    assert text_of(shared).startswith(f"↗ ann{FULL}")


async def test_there_is_nobody_to_share_with_in_direct_messages(house: SlackHouse) -> None:
    assert SHARE not in await house.slash("/paper 2", room=house.slack.direct(ANN).id)


@pytest.mark.parametrize("value", ["share /status", "share /unsubscribe", "share", "share /paper 0000000000000000"])
async def test_nothing_else_is_shared(house: SlackHouse, value: str) -> None:
    await house.slash("/paper 2", BOSS)
    before = len(house.slack.shown(ROOM))
    await house.press("line/row0/0", BOSS, forged=True, value=value)
    await house.quiet()
    assert len(house.slack.shown(ROOM)) == before
    assert len(house.whispers(BOSS)) == 2
    assert (await house.chat()).state == "active"  # type: ignore[union-attr]


# --- the button under a paper


async def test_the_full_summary_is_whispered_in_the_thread_of_the_paper(house: SlackHouse) -> None:
    index, _, paper, _ = house.slack.shown(ROOM)
    sent = await house.press(KO.full_summary, ts=paper.ts)
    assert (sent.seconds < 1, sent.answer) == (True, {})
    await house.quiet()
    [whisper] = house.slack.whispered(ROOM, ANN)
    assert whisper.thread_ts == index.ts
    assert text_of(whisper).startswith(FULL)
    assert house.whispers(MINA) == []
    await house.press(EN.share)
    await house.quiet()
    shared = house.slack.shown(ROOM)[-1]
    assert (text_of(shared).startswith("↗ ann2. U-Net"), shared.thread_ts) == (True, index.ts)


async def test_the_full_summary_comes_where_the_app_is_no_member(house: SlackHouse) -> None:
    paper = house.slack.shown(ROOM)[2]
    house.slack.channel(ROOM).member = False
    await house.press(KO.full_summary, ts=paper.ts)
    await house.quiet()
    assert house.whispers()[0].startswith(FULL)


async def test_a_paper_that_is_gone(house: SlackHouse) -> None:
    paper = house.slack.shown(ROOM)[2]
    await house.press("line/row0/0", ts=paper.ts, forged=True, value="/paper 0000000000000000")
    await house.quiet()
    assert house.whispers() == [EN.paper_gone]


async def test_buttons_that_are_not_ours_are_acknowledged(house: SlackHouse) -> None:
    paper = house.slack.shown(ROOM)[2]
    for action, value in (("other", "/unsubscribe"), ("line/row0/0", "")):
        assert (await house.press(action, ts=paper.ts, forged=True, value=value)).error == ""
    await house.quiet()
    assert house.whispers() == []


# --- mentions and direct messages


@over_both
async def test_a_mention_is_answered_in_its_thread(slack: FakeSlack, listen: Listen) -> None:
    async with open_house(slack, listen) as house:
        for number, (line, said) in enumerate([("paper 2", FULL), ("/paper 2", FULL), ("", KO.help)]):
            sent = await slack.mentions(ROOM, f"U0READER{number}", line)
            await house.quiet()
            answer = slack.shown(ROOM)[-1]
            assert text_of(answer).startswith(said)
            assert answer.thread_ts == sent.payload["event"]["ts"]
        started = answer.thread_ts
        await slack.mentions(ROOM, ANN, "search 확산 없음", thread_ts=started)
        await house.quiet()
        assert text_of(slack.shown(ROOM)[-1]).startswith("‘확산 없음’")  # all read it: the channel's language
        assert slack.shown(ROOM)[-1].thread_ts == started


async def test_a_paper_is_found_by_its_address(house: SlackHouse) -> None:
    await house.slack.mentions(ROOM, ANN, "paper https://arxiv.org/abs/1505.04597?a&b")
    await house.quiet()
    assert text_of(house.slack.shown(ROOM)[-1]).startswith(FULL)


async def test_direct_messages_are_answered(house: SlackHouse) -> None:
    for number, (line, said) in enumerate([*SAID, *NOISE]):
        user = f"U0READER{number}"
        await house.slack.message_im(user, line)
        await house.quiet()
        [answer] = house.slack.shown(house.slack.direct(user).id)
        assert OWN.get(line, said) in text_of(answer)
        assert SHARE not in text_of(answer)
        assert answer.thread_ts is None


async def test_a_thread_in_direct_messages_stays_one(house: SlackHouse) -> None:
    ts = (await house.slack.message_im(ANN, "paper 2")).payload["event"]["ts"]
    await house.slack.message_im(ANN, "paper 1", thread_ts=ts)
    await house.quiet()
    assert [shown.thread_ts for shown in house.slack.shown("D00ANN")] == [None, ts]


async def test_what_nobody_says_to_us_is_ignored(house: SlackHouse) -> None:
    slack = house.slack
    slack.scopes.add("channels:history")
    await slack.message_in(ROOM, ANN, "paper 2")
    own = slack.shown(ROOM)[0]
    await slack.echoes(ROOM, own.ts)
    await slack.echoes(ROOM, own.ts, "bot_message")
    event = (await slack.message_im(ANN, "")).payload["event"]
    await house.quiet()
    before = [len(slack.shown(ROOM)), len(slack.shown("D00ANN"))]
    for more in ({"bot_id": "B0OTHER"}, {"subtype": "message_changed"}, {"edited": {"ts": "1"}}, {"user": None}):
        await slack._event({**event, **more})
    await slack._event({"type": "reaction_added", "user": ANN})
    await house.quiet()
    assert [len(slack.shown(ROOM)), len(slack.shown("D00ANN"))] == before


def test_messages_are_read_as_they_were_typed() -> None:
    assert typed("<@U0BOT> a &lt; b &amp;lt; <https://a.example/?x&amp;y|label> <#C1|papers> <!here>") == (
        "a < b &lt; https://a.example/?x&y papers"
    )


@over_both
async def test_a_retried_event_is_answered_once(slack: FakeSlack, listen: Listen) -> None:
    async with open_house(slack, listen) as house:
        before = len(slack.shown(ROOM))
        first = await slack.mentions(ROOM, ANN, "paper 2")
        again = await asyncio.gather(slack.retries(first), slack.retries(first))
        await house.quiet()
        assert [one.error for one in (first, *again)] == ["", "", ""]
        assert len(slack.shown(ROOM)) == before + 1


async def test_a_retry_that_comes_too_early_waits_for_the_first_attempt(house: SlackHouse) -> None:
    """Was it acknowledged at once, and the first attempt failed, then its wish would be lost."""
    slack, begun, go_on = house.slack, asyncio.Event(), asyncio.Event()
    sound = house.desk.answer

    async def slow(asker: Asker, line: str) -> Answer:
        begun.set()
        await go_on.wait()
        return await sound(asker, line)

    house.desk.answer = slow  # type: ignore[method-assign]
    slack.patience = 0.1
    first = await slack.message_im(ANN, "subscribe")
    await begun.wait()
    slack.patience = 3.0
    retry = asyncio.create_task(slack.retries(first))
    await asyncio.sleep(0.05)
    assert not retry.done()
    go_on.set()
    assert (await retry).error == ""
    assert (await house.chat("D00ANN")).state == "active"  # type: ignore[union-attr]
    await house.quiet()
    assert len(slack.shown("D00ANN")) == 1


# --- settings and who may change them


@pytest.mark.parametrize(("user", "may"), [(ANN, False), (BOSS, True), (MAKER, True)])
async def test_administrators_change_a_channel(house: SlackHouse, user: str, may: bool) -> None:
    await house.slash("/papers-settings", user)
    await house.press(INDEX, user)
    chat = await house.chat()
    assert chat
    assert chat.layout == ("index" if may else "")  # kept before it was acknowledged
    await house.quiet()
    [page, *notes] = house.whispers(user)
    assert (f"{EN.layout}: {INDEX}" in page) is may
    assert notes == ([] if may else [EN.administrators_only])


async def test_what_is_on_no_button_is_still_judged_by_who_pressed(house: SlackHouse) -> None:
    await house.slash("/papers-settings")
    for value in ("/unsubscribe", "/settings index", "/status retry"):
        await house.press("line/row9/0", forged=True, value=value)
    chat = await house.chat()
    assert chat
    assert (chat.state, chat.layout) == ("active", "")
    await house.quiet()
    assert house.whispers()[1:] == [
        EN.administrators_only,
        EN.administrators_only,
        EN.operators_only,
    ]


async def test_no_answer_means_no(house: SlackHouse) -> None:
    house.slack.faults.add(faults.reset(method="users.info", times=None), faults.reset(method="conversations.info"))
    await house.slash("/papers-unsubscribe", BOSS)
    assert (await house.chat()).state == "active"  # type: ignore[union-attr]


async def test_rights_are_asked_for_each_time(house: SlackHouse) -> None:
    assert f"{EN.layout}: {INDEX}" in await house.slash("/papers-settings index", BOSS)
    house.slack.people[BOSS].admin = False
    assert await house.slash("/papers-settings digest", BOSS) == EN.administrators_only


async def test_everybody_decides_for_their_own_direct_messages(house: SlackHouse) -> None:
    address = house.slack.direct(ANN).id
    assert (await house.slash("/papers-subscribe now", room=address)).startswith(EN.subscribed_now)
    chat = await house.chat(address)
    assert chat
    assert (chat.state, chat.kind, chat.language) == ("active", "private", "en")


async def test_in_direct_messages_with_others_one_speaks_for_oneself(house: SlackHouse) -> None:
    """There the app is no member, and could neither write nor read."""
    house.slack.rooms.add(Channel("D0OTHERS", "", member=False, archived=False, user=ANN, people={ANN}))
    assert (await house.slash("/papers-subscribe", room="D0OTHERS")).startswith(EN.subscribed[:5])
    assert await house.chat("D0OTHERS") is None
    assert (await house.chat("D00ANN")).state == "active"  # type: ignore[union-attr]
    assert SHARE in await house.slash("/paper 2", room="D0OTHERS")
    await house.press(EN.share, room="D0OTHERS")
    await house.slash("/papers-settings", room="D0OTHERS")
    await house.press(EN.unsubscribe, room="D0OTHERS")
    await house.quiet()
    assert (await house.chat("D00ANN")).state == "removed"  # type: ignore[union-attr]
    [shared] = house.slack.channel("D0OTHERS").messages.values()
    assert text_of(shared).startswith("↗ ann")
    assert house.whispers(room="D0OTHERS")[-1].startswith(EN.unsubscribed[:5])


async def test_who_cannot_be_asked_for_is_answered_where_they_are(house: SlackHouse) -> None:
    house.slack.scopes.discard("im:write")
    own = house.slack.direct(ANN).id
    assert (await house.slash("/papers-subscribe", room=own)).startswith(EN.subscribed[:5])
    assert (await house.chat(own)).state == "active"  # type: ignore[union-attr]


async def test_few_things_are_remembered(house: SlackHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.listeners.slack_people._MOST", 2)
    monkeypatch.setattr("bot.listeners.slack_events._REMEMBERED", 2)
    for user in (ANN, MINA, BOSS, ANN):
        await house.slack.message_im(user, "paper")
    await house.quiet()
    asked = [call.arguments["user"] for call in await house.slack.answered("users.info")]
    assert asked == [ANN, MINA, BOSS, ANN]


async def test_a_set_language_is_spoken(house: SlackHouse) -> None:
    assert EN.saved in await house.slash("/papers-settings en", BOSS)
    assert (await house.slash("/paper", MINA)).startswith(EN.which_paper[:5])


# --- pages


async def test_pages_turn_in_place(slack: FakeSlack) -> None:
    async with open_house(slack, posts=(LONG,)) as house:
        assert f"[{EN.next}]" in await house.slash("/papers")
        await house.press(EN.next)
        await house.quiet()
        [page] = house.whispers()
        assert page.endswith(f"[{EN.previous}]")
        assert "40." in page


async def test_pages_turn_in_place_in_direct_messages(slack: FakeSlack) -> None:
    async with open_house(slack, posts=(LONG,)) as house:
        await slack.message_im(ANN, "papers")
        await house.quiet()
        [page] = slack.shown("D00ANN")
        await house.press(EN.next, room="D00ANN", ts=page.ts)
        await house.quiet()
        assert (page.edits, text_of(page).endswith(f"[{EN.previous}]")) == (1, True)
        await house.press("line/item0", room="D00ANN", ts=page.ts)
        await house.quiet()
        assert text_of(slack.shown("D00ANN")[-1]).startswith("21. ")
        await house.press("line/x", room="D00ANN", ts=page.ts, forged=True, value="/unsubscribe")
        await house.quiet()
        assert house.whispers(room="D00ANN") == [EN.not_subscribed.replace("/", "/papers-")]


async def test_a_page_that_all_see_turns_for_one(slack: FakeSlack) -> None:
    async with open_house(slack, posts=(LONG,)) as house:
        await slack.mentions(ROOM, MINA, "papers")
        await house.quiet()
        page = slack.shown(ROOM)[-1]
        await house.press("line/row0/0", ts=page.ts)
        await house.quiet()
        assert page.edits == 0
        [own] = house.whispers()
        assert own.endswith(f"[{EN.previous}]")


# --- coming and going


async def test_who_lets_us_in_is_greeted(house: SlackHouse) -> None:
    slack = house.slack
    slack.add_channel("C0NEW", name="new", member=False, creator=MAKER)
    await slack.joins("C0NEW", ANN)
    await slack.joins("C0NEW")
    await house.quiet()
    [welcome] = slack.shown("C0NEW")
    assert text_of(welcome).startswith(KO.welcome)
    await house.press("line/row0/0", ANN, "C0NEW", welcome.ts)
    assert await house.chat("C0NEW") is None
    await house.press("line/row0/0", MAKER, "C0NEW", welcome.ts)
    assert (await house.chat("C0NEW")).state == "active"  # type: ignore[union-attr]
    await house.quiet()
    assert house.whispers(ANN, "C0NEW") == [EN.administrators_only]
    assert house.whispers(MAKER, "C0NEW") == [EN.subscribed_now]


async def test_who_shuts_us_out_is_paused_until_we_are_back(slack: FakeSlack) -> None:
    woken = []
    async with open_house(slack, wake=lambda: woken.append(1)) as house:
        await slack.leaves(ROOM)
        chat = await house.chat()
        assert chat
        assert (chat.state, chat.reason) == ("paused", "the app was taken out of the channel")
        before = len(slack.shown(ROOM))
        await slack.joins(ROOM)
        await house.quiet()
        assert (await house.chat()).state == "active"  # type: ignore[union-attr]
        assert len(slack.shown(ROOM)) == before  # it was greeted long ago
        await slack.archives(ROOM)
        assert (await house.chat()).reason == "the channel was archived"  # type: ignore[union-attr]
        await slack._event({"type": "channel_unarchive", "channel": ROOM, "user": BOSS})
        assert (await house.chat()).state == "active"  # type: ignore[union-attr]
        assert len(woken) == 2


async def test_a_removed_app_is_told_of(house: SlackHouse) -> None:
    with capture_logs() as logs:
        await house.slack.revokes()
        await house.slack._event({"type": "tokens_revoked", "tokens": {"oauth": [ANN]}})
        await house.slack.uninstalls()
    assert [(one["log_level"], one["event"]) for one in logs] == [("error", "app removed")] * 2


# --- what goes wrong


async def test_a_wish_is_kept_when_its_answer_is_lost(house: SlackHouse) -> None:
    house.slack.faults.add(faults.slack_refusal("fatal_error", method="chat.postMessage", times=None))
    with capture_logs() as logs:
        await house.slack.message_im(ANN, "subscribe")
        assert (await house.chat("D00ANN")).state == "active"  # type: ignore[union-attr]
        await house.quiet()
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == ["answer lost"]


@pytest.mark.parametrize("fault", [faults.server_error(503), faults.reset(), faults.slack_refusal("used_url")])
async def test_a_lost_answer_to_a_button_is_logged(house: SlackHouse, fault: faults.Fault) -> None:
    house.slack.faults.add(fault)
    fault = house.slack.faults._script[-1]
    fault.method, fault.times = "response_url", None
    await house.slash("/paper 2")
    with capture_logs() as logs:
        await house.press(EN.share)
        await house.quiet()
    assert [one["event"] for one in logs] == ["answer lost"]
    assert SHARE in house.whispers()[0]


@over_both
async def test_what_the_ledger_does_not_take_is_told_again(slack: FakeSlack, listen: Listen) -> None:
    slack.patience = 0.2
    async with open_house(slack, listen) as house:
        desk = house.desk
        sound, desk.answer = desk.answer, broken(LedgerError("the disk is full"))  # type: ignore[method-assign]
        with capture_logs() as logs:
            first = await slack.mentions(ROOM, ANN, "paper 2")
            assert (await slack.slash("/paper", "2", ANN, ROOM)).error
        assert first.error
        assert [(one["event"], one["what"], one["error"]) for one in logs] == [
            ("update", "app_mention", "the disk is full"),
            ("update", "/paper", "the disk is full"),
        ]
        desk.answer = sound  # type: ignore[method-assign]
        assert (await slack.retries(first)).error == ""
        await house.quiet()
        assert text_of(slack.shown(ROOM)[-1]).startswith(FULL)


async def test_a_bug_is_logged_and_stops_nobody(house: SlackHouse) -> None:
    house.slack.patience = 0.2
    sound, house.desk.answer = house.desk.answer, broken(ZeroDivisionError())  # type: ignore[method-assign]
    with capture_logs() as logs:
        assert (await house.slack.slash("/paper", "2", ANN, ROOM)).error
    assert isinstance(logs[0]["exc_info"], ZeroDivisionError)
    house.desk.answer = sound  # type: ignore[method-assign]
    assert (await house.slash("/paper 2")).startswith(FULL)


async def test_a_bug_on_the_way_of_an_answer_is_logged(house: SlackHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = house.slack.shown(ROOM)[2]
    monkeypatch.setattr(Desk, "speaking", broken(ZeroDivisionError()))
    with capture_logs() as logs:
        await house.press(KO.full_summary, ts=paper.ts)
        await house.quiet()
    assert [(one["event"], type(one["exc_info"])) for one in logs] == [("answer lost", ZeroDivisionError)]


def broken(error: Exception) -> Any:
    async def refuse(*_: object) -> Answer:
        raise error

    return refuse


async def test_only_who_may_speaks(house: SlackHouse) -> None:
    """Slack itself keeps people out of others' direct messages; the fake does too."""
    with pytest.raises(NotSentError):
        await house.slash("/papers-unsubscribe", MINA, house.slack.direct(ANN).id)
