"""/subscribe, /unsubscribe and /settings: for who may and who may not."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bot.conversation.context import Request
from bot.delivery.decisions import Rules
from bot.delivery.planner import plan
from formatters import pages
from tests.support.chats import CHANNEL, GROUP, SLACK_CHAT
from tests.support.digests import found
from tests.support.readers import ANN, EN, KO, MINA, NEWEST, SETTINGS, Readers, in_slack, open_readers, yes
from tests.support.usual import usual_edition

USUAL = pages.hours_text(SETTINGS.schedule.at, range(7), "Asia/Seoul", EN)
USUAL_KO = pages.hours_text(SETTINGS.schedule.at, range(7), "Asia/Seoul", KO)


# --- /subscribe and /unsubscribe


async def test_somebody_new_subscribes(readers: Readers) -> None:
    assert await readers.reader().reads("/subscribe") == EN.subscribed.format(when=USUAL)
    chat = await readers.chat(ANN)
    assert (chat.state, chat.kind, chat.language) == ("active", "private", "en")
    assert await readers.ledger.chats_wanting_newest() == []
    assert readers.woken
    assert await readers.reader().reads("/subscribe") == EN.already_subscribed.format(when=USUAL)


async def test_what_subscribing_does_not_take_gets_help(readers: Readers) -> None:
    text = await readers.reader().reads("/subscribe 08:00")
    assert text == f"/subscribe – {EN.commands['subscribe']}"
    assert await readers.ledger.subscriptions.find("telegram", (ANN,)) is None


@pytest.mark.parametrize("line", ["/subscribe now", "/subscribe NOW ", "/subscribe 지금"])
async def test_a_new_subscriber_wants_the_newest_at_once(readers: Readers, line: str) -> None:
    assert await readers.reader().reads(line) == EN.subscribed_now
    assert await readers.ledger.chats_wanting_newest() == [(await readers.chat(ANN)).id]


async def test_before_there_is_any_digest_nothing_is_on_its_way(empty: Readers) -> None:
    assert await empty.reader().reads("/subscribe now") == EN.subscribed.format(when=USUAL)
    assert await empty.reader().reads("/subscribe now") == EN.already_subscribed.format(when=USUAL)


async def test_a_digest_that_nobody_gets_is_not_promised(empty: Readers) -> None:
    """Of former first runs, those that met an empty newest post took all others as known."""
    await plan(empty.ledger, "blog", [found(NEWEST)], {}, Rules())
    async with empty.ledger._write() as db:
        await db.exec_driver_sql("UPDATE digests SET state = 'baseline'")

    assert await empty.reader().reads("/subscribe now") == EN.subscribed.format(when=USUAL)
    assert "10 September 2025" in await empty.reader().reads("/papers")


async def test_a_subscriber_who_lacks_the_newest_may_want_it_now(readers: Readers) -> None:
    mina = readers.reader(MINA)
    assert await mina.reads("/subscribe") == EN.subscribed.format(when=USUAL)
    assert await mina.reads("/subscribe now") == EN.subscribed_now
    assert await readers.ledger.chats_wanting_newest() == [(await readers.chat(MINA)).id]


async def test_who_has_the_newest_is_subscribed_already(readers: Readers) -> None:
    text = await readers.member(charge=True).reads("/subscribe now")
    assert text == KO.already_subscribed.format(when=pages.hours_text(SETTINGS.schedule.at, range(7), "Asia/Seoul", KO))
    assert await readers.ledger.chats_wanting_newest() == []
    assert not readers.woken


async def test_unsubscribing_and_coming_back(readers: Readers) -> None:
    ann = readers.reader()
    assert await ann.reads("/unsubscribe") == EN.not_subscribed
    await ann.sends("/subscribe")
    assert await ann.reads("/unsubscribe") == EN.unsubscribed
    assert not (await readers.chat(ANN)).receives
    assert await ann.reads("/unsubscribe") == EN.not_subscribed
    assert await ann.reads("/subscribe") == EN.subscribed.format(when=USUAL)
    assert (await readers.chat(ANN)).receives


async def test_a_paused_chat_goes_on_when_it_subscribes(readers: Readers) -> None:
    ann = readers.reader()
    await ann.sends("/subscribe")
    await readers.ledger.subscriptions.pause((await readers.chat(ANN)).id, "blocked")
    assert EN.closed in await ann.reads("/settings")
    assert await ann.reads("/subscribe") == EN.subscribed.format(when=USUAL)
    assert (await readers.chat(ANN)).state == "active"


async def test_a_paused_chat_that_is_tried_again_is_open_when_its_people_subscribe(readers: Readers) -> None:
    """Nothing was sent to it since, so nobody knew."""
    ann = readers.reader()
    await ann.sends("/subscribe")
    await readers.ledger.subscriptions.pause((await readers.chat(ANN)).id, "blocked")
    await readers.ledger.subscriptions.resume_all()
    assert not (await readers.chat(ANN)).is_open
    assert await ann.reads("/subscribe") == EN.subscribed.format(when=USUAL)
    assert (await readers.chat(ANN)).is_open
    assert await ann.reads("/subscribe") == EN.already_subscribed.format(when=USUAL)


@pytest.mark.parametrize(
    "line", ["/subscribe", "/subscribe now", "/unsubscribe", "/settings silent", "/settings reset"]
)
async def test_who_does_not_administer_a_group_or_channel_decides_nothing(readers: Readers, line: str) -> None:
    before = await readers.chat(GROUP)
    for reader in (readers.member(), readers.member(MINA, meant=True), readers.member().pressing):
        response = await reader.sends(line)
        assert (await reader.reads(line), response.toast) == (KO.administrators_only, KO.administrators_only)
    assert await readers.chat(GROUP) == before
    outsider = replace(
        readers.channel(), request=replace(readers.channel().request, is_admin=Request("telegram", "0").is_admin)
    )
    assert await outsider.reads(line) == KO.administrators_only
    assert await readers.ledger.subscriptions.find("telegram", (CHANNEL,)) is None
    assert not readers.woken


async def test_in_slack_who_may_invite_the_bot_may_subscribe_and_a_refusal_says_who_may(readers: Readers) -> None:
    guest = readers.slack(address=SLACK_CHAT, alone=True)
    member = replace(guest, request=replace(guest.request, may_invite=yes))
    assert await guest.reads("/subscribe") == in_slack(EN.members_only)
    assert (await member.reads("/subscribe")).startswith(EN.subscribed.partition("{")[0])
    for line in ("/unsubscribe", "/settings index"):
        assert await member.reads(line) == in_slack(EN.managers_only)
    chat = await readers.chat(SLACK_CHAT, "slack")
    assert (chat.state, chat.layout) == ("active", "")


async def test_administrators_decide_for_a_group(readers: Readers) -> None:
    assert await readers.member(charge=True).reads("/unsubscribe") == KO.unsubscribed
    assert not (await readers.chat(GROUP)).receives
    assert await readers.member(charge=True).pressing.reads("/subscribe now") == KO.subscribed.format(when=USUAL_KO)
    assert (await readers.chat(GROUP)).receives


async def test_a_channel_decides_for_itself(readers: Readers) -> None:
    assert await readers.channel().reads("/subscribe now") == KO.subscribed_now
    chat = await readers.chat(CHANNEL)
    assert (chat.kind, chat.state, chat.language) == ("channel", "active", "")  # what the operator set


async def test_a_chat_that_the_settings_name_otherwise_is_the_same_chat(readers: Readers) -> None:
    await readers.ledger.subscriptions.sync_chats("telegram", usual_edition(), {"@our_channel": "@our_channel"})
    named = replace(readers.channel(), request=replace(readers.channel().request, aliases=(CHANNEL, "@Our_Channel")))
    assert (await named.reads("/subscribe")).startswith(KO.already_subscribed.partition("{")[0])
    assert await named.reads("/unsubscribe") == KO.unsubscribed
    assert not (await readers.chat("@our_channel")).receives
    assert await readers.ledger.subscriptions.find("telegram", (CHANNEL,)) is None


# --- /settings


async def test_what_somebody_new_would_receive(readers: Readers) -> None:
    (message,) = await readers.reader().sees("/settings")
    assert message.text.splitlines()[:8] == [
        EN.settings,
        EN.receives_not,
        f"{EN.layout}: {EN.layouts['messages']}",
        f"{EN.cards}: {EN.card_kinds['folded']}",
        f"{EN.number_of_cards}: {EN.all_cards}",
        f"{EN.own_language}: English",
        f"{EN.sound}: {EN.loud}",
        f"{EN.time}: {USUAL}",
    ]
    assert await readers.ledger.subscriptions.find("telegram", (ANN,)) is None  # looking notes nothing
    assert [line for _, line in message.buttons] == [
        *("/settings layout digest", "/settings layout index", "/settings language ko", "/settings cards short"),
        *("/settings silent", "/settings hours", "/settings cards", "/settings default", "/subscribe"),
    ]


@pytest.mark.parametrize(
    ("line", "preferences"),
    [
        ("/settings layout digest", {"layout": "digest"}),
        ("/settings 목록", {"layout": "index"}),
        ("/settings language ko", {"language": "ko"}),
        ("/settings English", {"language": "en"}),
        ("/settings silent", {"silent": True}),
        ("/settings 무음", {"silent": True}),
        ("/settings loud", {"silent": False}),
        ("/settings cards short", {"cards": "short"}),
        ("/settings 카드 접기", {"cards": "folded"}),
        ("/settings cards 5", {"most_cards": 5}),
        ("/settings 카드 5 짧게", {"cards": "short", "most_cards": 5}),
        ("/settings 07:15", {"schedule": "07:15 mon-sun Asia/Seoul"}),
        ("/settings 0:00", {"schedule": "00:00 mon-sun Asia/Seoul"}),
        ("/settings weekdays", {"schedule": "08:30 mon-fri Asia/Seoul"}),
        ("/settings New York", {"schedule": "08:30 mon-sun America/New_York"}),
        ("/settings 08:00 Asia/Seoul mon-fri", {"schedule": "08:00 mon-fri Asia/Seoul"}),
        ("/settings 평일 오전 8시 30분 서울 무음 영어", {"schedule": "08:30 mon-fri Asia/Seoul", "silent": True}),
    ],
)
async def test_changes_are_kept_and_shown(readers: Readers, line: str, preferences: dict[str, object]) -> None:
    shown = await readers.reader().reads(line)
    chat = await readers.chat(ANN)
    assert {name: getattr(chat, name) for name in preferences} == preferences
    assert not chat.receives  # to change settings is not to subscribe
    assert shown.startswith((EN.saved, KO.saved))
    assert readers.woken


async def test_changes_are_committed_before_the_answer(readers: Readers, tmp_path: Path) -> None:
    """As another process sees the ledger the moment that the answer is there."""
    db = sqlite3.connect(tmp_path / "readers.db")
    for line, column, value in (
        ("/subscribe", "state", "active"),
        ("/settings index", "layout", "index"),
        ("/settings 07:00", "schedule", "07:00 mon-sun Asia/Seoul"),
        ("/unsubscribe", "state", "removed"),
    ):
        await readers.reader().sends(line)
        assert db.execute(f"SELECT {column} FROM chats WHERE name = ?", (ANN,)).fetchone() == (value,)
    db.close()


async def test_one_change_leaves_the_other_settings_as_they_were(readers: Readers) -> None:
    ann = readers.reader()
    for line in ("/settings index silent", "/settings 07:00 mon,wed London", "/settings 21:00", "/settings loud"):
        await ann.sends(line)
    chat = await readers.chat(ANN)
    assert (chat.layout, chat.silent, chat.schedule) == ("index", False, "21:00 mon,wed Europe/London")
    assert pages.hours_text(SETTINGS.schedule.at.replace(21, 0), [0, 2], "Europe/London", EN) in await ann.reads(
        "/settings"
    )


async def test_everything_goes_back_to_what_was_usual(readers: Readers) -> None:
    ann = readers.reader()
    before = await ann.reads("/settings")
    await ann.sends("/settings digest ko silent 07:00 mon London short cards 5")
    chat = await readers.chat(ANN)
    assert (chat.cards, chat.most_cards) == ("short", 5)
    assert (await ann.reads("/settings default")).endswith(before)
    assert await ann.reads("/settings") == before
    chat = await readers.chat(ANN)
    assert (chat.layout, chat.language, chat.silent, chat.schedule) == ("", "en", False, "")
    assert (chat.cards, chat.most_cards) == ("", 0)


async def test_everything_but_what_is_named_besides_goes_back(readers: Readers) -> None:
    ann = readers.reader()
    await ann.sends("/settings digest ko silent 07:00 mon London")
    await ann.sends("/settings reset index 09:00")
    chat = await readers.chat(ANN)
    assert (chat.layout, chat.language, chat.silent, chat.schedule) == (
        "index",
        "en",
        False,
        "09:00 mon-sun Asia/Seoul",
    )


@pytest.mark.parametrize(
    ("line", "word", "near"),
    [
        ("/settings digset", "digset", "digest"),
        ("/settings 08:00 Seol", "Seol", "Asia/Seoul"),
        ("/settings ko en", "en", ""),
        ("/settings thread", "thread", "messages"),
        ("/settings 25:00", "25:00", ""),
        (f"/settings {'x' * 4000}", "x" * 40, ""),
    ],
)
async def test_a_setting_that_is_none(readers: Readers, line: str, word: str, near: str) -> None:
    assert await readers.reader().reads(line) == pages.help_with_settings(word, near, EN)
    assert await readers.ledger.subscriptions.find("telegram", (ANN,)) is None


async def test_hours_are_chosen_on_a_page_of_their_own(readers: Readers) -> None:
    ann = readers.reader()
    buttons = await ann.buttons("/settings hours")
    assert list(buttons) == ["07:00", "08:30", "12:30", "18:00", EN.settings]
    response = await ann.pressing.sends(buttons["12:30"])
    assert (response.replaces_page, response.toast) == (True, EN.saved)
    assert (await readers.chat(ANN)).schedule == "12:30 mon-sun Asia/Seoul"
    assert "12:30" in (await ann.reads("/settings 시간")).splitlines()[1]


async def test_a_number_of_cards_is_chosen_on_a_page_of_its_own_and_all_again(readers: Readers) -> None:
    ann = readers.reader()
    buttons = await ann.buttons("/settings cards")
    assert list(buttons) == [*map(EN.first_cards, (3, 5, 10, 20)), EN.settings]
    shown = await ann.reads(buttons[EN.first_cards(5)])
    assert f"{EN.number_of_cards}: {EN.first_cards(5)}" in shown
    assert (await readers.chat(ANN)).most_cards == 5
    again = await ann.buttons("/settings 카드")
    assert EN.first_cards(5) not in again
    await ann.sends(again[EN.all_cards])
    assert (await readers.chat(ANN)).most_cards == 0


async def test_looking_at_a_page_to_choose_on_is_anybodys_and_choosing_is_not(readers: Readers) -> None:
    member = readers.member(meant=True)
    for line in ("/settings hours", "/settings cards"):
        buttons = await member.buttons(line)
        assert await member.reads(next(iter(buttons.values()))) == KO.administrators_only


async def test_where_a_platform_folds_nothing_folded_cards_are_no_setting(readers: Readers) -> None:
    kits = {name: replace(kit, foldable=()) for name, kit in readers.router.kits.items()}
    ann = readers.reader()
    ann = replace(ann, router=replace(ann.router, kits=kits))
    assert await ann.reads("/settings folded") == pages.help_with_settings("folded", "", EN)
    assert EN.card_kinds["folded"] not in await ann.reads("/settings")


async def test_a_layout_without_cards_says_nothing_of_them(readers: Readers) -> None:
    ann = readers.reader()
    await ann.sends("/settings cards 5 short")
    shown = await ann.reads("/settings digest")
    assert EN.cards not in shown
    assert f"{EN.cards}: {EN.card_kinds['short']}\n{EN.number_of_cards}: {EN.first_cards(5)}" in await ann.reads(
        "/settings messages"
    )


async def test_a_new_language_speaks_at_once(readers: Readers) -> None:
    ann = readers.reader()
    assert (await ann.reads("/settings language ko")).startswith(f"{KO.saved}\n\n{KO.settings}\n")
    assert await ann.reads("/unsubscribe") == KO.not_subscribed


async def test_a_pressed_button_changes_the_page_and_says_so_in_a_note(readers: Readers) -> None:
    response = await readers.reader().pressing.sends("/settings layout index")
    assert (response.replaces_page, response.toast) == (True, EN.saved)
    assert not (await readers.reader().pressing.reads("/settings layout digest")).startswith(EN.saved)


async def test_a_page_says_what_the_group_receives_whoever_presses(readers: Readers) -> None:
    """The group receives in Korean, as the operator set."""
    boss = readers.member(charge=True).pressing
    (message,) = await boss.sees("/settings layout index")
    assert f"{KO.own_language}: 한국어" in message.text
    assert "/settings language en" in {line for _, line in message.buttons}
    assert (await readers.chat(GROUP)).language == ""


async def test_a_page_that_one_alone_sees_says_what_the_chat_receives(readers: Readers) -> None:
    """The page is in English, and the digests are in Korean."""
    (message,) = await readers.slack(address=SLACK_CHAT, alone=True).sees("/settings")
    assert f"{EN.own_language}: 한국어" in message.text
    assert {"/settings language en", "/settings language ko"} & {line for _, line in message.buttons} == {
        "/settings language en"
    }


async def test_slack_has_threads_and_no_silence(readers: Readers) -> None:
    ann = readers.slack()
    (message,) = await ann.sees("/settings layout messages")
    assert "/settings layout thread" in {line for _, line in message.buttons}
    assert EN.sound not in message.text
    for line, word in (("/settings silent", "silent"), ("/settings loud", "loud")):
        assert await ann.reads(line) == in_slack(pages.help_with_settings(word, "", EN))
    assert (await ann.reads("/settings thread")).startswith(EN.saved)


async def test_hours_without_a_zone_are_those_where_the_reader_is(readers: Readers) -> None:
    ann = readers.reader()
    there = replace(ann, request=replace(ann.request, zone="America/New_York"))
    when = pages.hours_text(SETTINGS.schedule.at, range(7), "America/New_York", EN)
    assert await there.reads("/subscribe") == EN.subscribed.format(when=when)
    assert (await readers.chat(ANN)).schedule == "08:30 mon-sun America/New_York"
    await there.sends("/settings default 07:00")
    assert (await readers.chat(ANN)).schedule == "07:00 mon-sun America/New_York"
    await there.sends("/settings London")
    moved = replace(ann, request=replace(ann.request, zone="Asia/Tokyo"))
    for line in ("/settings 21:00", "/unsubscribe", "/subscribe", "/settings weekdays"):
        await moved.sends(line)
    assert (await readers.chat(ANN)).schedule == "21:00 mon-fri Europe/London"  # what was chosen stays


async def test_where_the_reader_is_where_the_operator_is_the_hours_stay_the_operators(readers: Readers) -> None:
    ann = readers.reader()
    await replace(ann, request=replace(ann.request, zone="Asia/Seoul")).sends("/subscribe")
    assert (await readers.chat(ANN)).schedule == ""


async def test_hours_of_an_operator_who_writes_blanks_are_a_base_for_changes(tmp_path: Path) -> None:
    schedule = SETTINGS.schedule.model_copy(update={"days": "mon, wed, fri"})
    async with open_readers(tmp_path, None, SETTINGS.model_copy(update={"schedule": schedule})) as readers:
        await readers.reader().sends("/settings 07:00")
        assert (await readers.chat(ANN)).schedule == "07:00 mon,wed,fri Asia/Seoul"
        assert "07:00" in await readers.reader().reads("/settings")
