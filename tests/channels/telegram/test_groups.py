"""Groups at the hour when buttons are pressed: no silence, no text twice, and no message where none is needed."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.conversation.limits import AnswerLimits
from tests.support.chats import BASIC, CHANNEL, FORUM, GROUP, OTHER_TOPIC, READER, TOPIC
from tests.support.fakes import faults
from tests.support.telegram_bot import ANN, BOSS, EN, KO, MINA, NAME, SECOND, TelegramBot

PEOPLE = [101 + n for n in range(12)]
DAY = "2025-01-10"
MANY = 18
LONGEST_TOAST = 200
LINK = f"https://t.me/{NAME}?start="
BATCH = "3. Batch Normalization"


@pytest.fixture
async def morning(telegram_bot: TelegramBot) -> TelegramBot:
    """Let 18 papers arrive, and the bot answer no more than it usually does."""
    papers = "\n".join(
        f"# {n}. [Paper Number {n}](https://arxiv.org/abs/2501.{n:05})\n\n## 결과\n- {n}번째 결과를 얻었다.\n"
        for n in range(1, MANY + 1)
    )
    Path(f"_posts/{DAY}-daily-papers.md").write_text(f'---\ntitle: "Daily Papers — {DAY}"\n---\n\n{papers}', "utf-8")
    await telegram_bot.deliver()
    telegram_bot.router.limits = AnswerLimits()
    return telegram_bot


def messages_to(bot: TelegramBot, chat: str) -> list[str]:
    return [
        call.method
        for call in bot.server.calls
        if call.method in {"sendMessage", "editMessageText"} and str(call.arguments["chat_id"]) == chat
    ]


# Full summaries by button


async def test_twelve_people_press_full_summary_in_the_same_seconds(morning: TelegramBot) -> None:
    server = morning.server
    papers = server.shown(GROUP)[-MANY:]
    sent = len(messages_to(morning, GROUP))
    pressed = {}
    for round_ in range(3):  # each presses three papers, and most press the same ones
        for place, person in enumerate(PEOPLE):
            paper = papers[(round_ + place // 8) % MANY]
            data = paper.buttons[0][0]["callback_data"]
            pressed[server.presses(GROUP, paper.id, person, data, "ko")] = (person, paper)
    await morning.quiet()
    assert len(messages_to(morning, GROUP)) == sent
    assert {server.toasts[query][0] for query in pressed} == {""}
    assert server.opened.keys() == pressed.keys()  # nobody waits, and each has a place to read
    texts = Counter[tuple[int, str]]()
    for query, (person, paper) in pressed.items():
        payload = server.opened[query].removeprefix(LINK)
        [said] = await morning.ask(str(person), person, f"/start {payload}", language="ko")
        assert said.startswith(paper.text.partition("\n")[0])
        texts[person, said] += 1
    assert {*texts.values()} == {1}
    assert len(texts) == 36


@pytest.mark.parametrize("chat", [GROUP, FORUM])
async def test_a_full_summary_in_a_group_opens_the_private_chat(telegram_bot: TelegramBot, chat: str) -> None:
    pressed = await telegram_bot.press(chat, ANN, EN.full_summary)
    assert (pressed.said, pressed.toast, pressed.page.edits) == ([], "", 0)
    [link] = telegram_bot.server.opened.values()
    assert link.startswith(f"{LINK}paper-")
    [said] = await telegram_bot.ask(str(ANN), ANN, f"/start {link.removeprefix(LINK)}")
    assert said.startswith(BATCH)


async def test_a_paper_of_a_list_opens_the_private_chat_too(telegram_bot: TelegramBot) -> None:
    await telegram_bot.ask(GROUP, ANN, "/papers")
    assert (await telegram_bot.press(GROUP, MINA, "2. U-Net")).said == []
    [link] = telegram_bot.server.opened.values()
    assert (await telegram_bot.ask(READER, MINA, f"/start {link.removeprefix(LINK)}"))[0].startswith(SECOND)


async def test_where_no_link_can_be_made_a_toast_says_what_came_of_the_paper(telegram_bot: TelegramBot) -> None:
    telegram_bot.channel.client._username = ""
    telegram_bot.server.faults.add(faults.server_error(502, method="getMe", times=None))
    with capture_logs() as logs:
        pressed = await telegram_bot.press(GROUP, ANN, EN.full_summary)
    assert pressed.said == []
    assert 20 < len(pressed.toast) <= LONGEST_TOAST
    assert pressed.toast in pressed.page.text
    assert [one["event"] for one in logs] == ["no link"]


async def test_where_the_link_is_refused_a_toast_says_what_came_of_the_paper(telegram_bot: TelegramBot) -> None:
    await telegram_bot.channel.client.username()
    telegram_bot.server.username = "renamed_bot"  # a minute ago, by @BotFather
    pressed = await telegram_bot.press(GROUP, ANN, EN.full_summary)
    assert pressed.said == []
    assert pressed.toast in pressed.page.text
    assert pressed.toast


async def test_several_pages_at_once_open_the_private_chat(telegram_bot: TelegramBot) -> None:
    """A day with two digests has two lists: they replace no page."""
    text = Path("_posts/2025-01-08-daily-papers-20250108.md").read_text("utf-8")
    Path("_posts/2025-01-08-arxiv.md").write_text(text.replace("Daily Papers —", "Arxiv —"), "utf-8")
    await telegram_bot.deliver()
    await telegram_bot.ask(GROUP, ANN, "/papers 2025-01-07")
    before = telegram_bot.count(GROUP)
    pressed = await telegram_bot.press(GROUP, ANN, EN.day(date(2025, 1, 8)))
    assert (pressed.said, telegram_bot.count(GROUP)) == ([], before)
    assert list(telegram_bot.server.opened.values()) == [f"{LINK}papers-2025-01-08"]
    assert len(await telegram_bot.ask(str(ANN), ANN, "/start papers-2025-01-08")) == 2


async def test_who_presses_too_much_reads_it_in_every_toast(morning: TelegramBot) -> None:
    number, data = morning.server.button(GROUP, EN.full_summary)
    queries = [morning.server.presses(GROUP, number, ANN, data, "en") for _ in range(9)]
    others = [morning.server.presses(GROUP, number, person, data, "en") for person in PEOPLE]
    sent = len(messages_to(morning, GROUP))
    await morning.quiet()
    assert [morning.server.toasts[query][0] for query in queries] == [""] * 5 + [EN.slow_down] * 4
    assert {*queries[:5], *others} == morning.server.opened.keys()
    assert len(messages_to(morning, GROUP)) == sent


@pytest.mark.parametrize("chat", [GROUP, BASIC])
async def test_presses_that_come_too_late_are_answered_once_in_the_group(telegram_bot: TelegramBot, chat: str) -> None:
    """The bot was away: nobody waits any more, and no toast and no link reaches them."""
    server = telegram_bot.server
    await telegram_bot.ask(chat, ANN, "/papers")
    number, data = server.button(chat, "3. Batch")
    queries = [server.presses(chat, number, person, data) for person in PEOPLE]
    for query in queries:
        server.expire(query)
    before = telegram_bot.count(chat)
    await telegram_bot.quiet()
    [answer] = telegram_bot.server.shown(chat)[before:]
    assert answer.text.startswith(BATCH)
    assert answer.silent


async def test_after_the_bot_was_away_a_group_is_not_flooded(morning: TelegramBot) -> None:
    server = morning.server
    papers, before = server.shown(GROUP)[-MANY:], morning.count(GROUP)
    for place, person in enumerate(PEOPLE):
        paper = papers[place]
        server.expire(server.presses(GROUP, paper.id, person, paper.buttons[0][0]["callback_data"]))
    await morning.quiet()
    assert morning.count(GROUP) == before + 5
    assert (await morning.ask(GROUP, ANN, "/paper 18"))[0].startswith("18. ")  # a first question is still answered


async def test_a_late_press_in_a_channel_says_nothing_there(telegram_bot: TelegramBot) -> None:
    before = telegram_bot.count(CHANNEL)
    paper = telegram_bot.server.shown(CHANNEL)[-1]
    query = telegram_bot.server.presses(CHANNEL, paper.id, ANN, "/paper 2", forged=True)
    update = telegram_bot.server.inbox.pending[-1]["callback_query"]
    update["message"] = {"chat": update["message"]["chat"], "message_id": paper.id, "date": 0}
    telegram_bot.server.expire(query)
    await telegram_bot.quiet()
    assert telegram_bot.count(CHANNEL) == before


# A paper that is typed


async def test_a_paper_that_stands_in_the_group_is_pointed_at(telegram_bot: TelegramBot) -> None:
    [first] = await telegram_bot.ask(GROUP, ANN, "/paper 2")
    answer = telegram_bot.server.shown(GROUP)[-1]
    [again] = await telegram_bot.ask(GROUP, MINA, "/paper 1505.04597")
    pointer = telegram_bot.server.shown(GROUP)[-1]
    assert first.startswith(SECOND)
    assert again.splitlines() == [EN.stands_above, "", SECOND]
    assert pointer.reply_to == answer.id
    pressed = await telegram_bot.press(GROUP, MINA, EN.full_summary)
    assert (pressed.said, len(telegram_bot.server.opened)) == ([], 1)


async def test_twelve_who_type_the_same_get_it_once(morning: TelegramBot) -> None:
    before = morning.count(GROUP)
    for person in PEOPLE:
        morning.server.says(GROUP, person, "/paper 2")
    await morning.quiet()
    said = morning.said(GROUP, before)
    assert sum("2번째 결과" in text for text in said) == 1
    pointed = [message for message in morning.server.shown(GROUP)[before:] if message.text.startswith(EN.stands_above)]
    assert len({message.reply_to for message in pointed}) == 1
    assert len(pointed) == 9
    assert said.count(EN.busy) == 1
    assert len(said) == 11


async def test_where_it_stood_and_was_deleted_a_button_still_gives_it(telegram_bot: TelegramBot) -> None:
    await telegram_bot.ask(GROUP, ANN, "/paper 2")
    telegram_bot.server.delete(GROUP, telegram_bot.server.shown(GROUP)[-1].id)
    [again] = await telegram_bot.ask(GROUP, MINA, "/paper 2")
    assert again.startswith(EN.stands_above)
    await telegram_bot.press(GROUP, MINA, EN.full_summary)
    assert len(telegram_bot.server.opened) == 1


async def test_topics_groups_and_private_chats_get_their_own(telegram_bot: TelegramBot) -> None:
    for topic in (TOPIC, OTHER_TOPIC):
        assert (await telegram_bot.ask(FORUM, ANN, "/paper 2", topic=topic))[0].startswith(SECOND)
    assert (await telegram_bot.ask(FORUM, ANN, "/paper 2", topic=TOPIC))[0].startswith(EN.stands_above)
    assert (await telegram_bot.ask(BASIC, ANN, "/paper 2"))[0].startswith(SECOND)
    for _ in range(2):
        assert (await telegram_bot.ask(str(ANN), ANN, "/paper 2"))[0].startswith(SECOND)


async def test_a_paper_that_was_lost_is_given_when_it_is_asked_for_again(telegram_bot: TelegramBot) -> None:
    refused = faults.bad_request("message is refused", method="sendMessage", chat=GROUP, times=2)
    telegram_bot.server.faults.add(refused)  # with markup, and without
    assert await telegram_bot.ask(GROUP, ANN, "/paper 2") == []
    assert (await telegram_bot.ask(GROUP, ANN, "/paper 2"))[0].startswith(SECOND)


# What makes a sound


@pytest.mark.parametrize(("chat", "silent"), [(GROUP, True), (FORUM, True), (BASIC, True), (str(ANN), False)])
async def test_an_answer_makes_no_sound_for_those_who_did_not_ask(
    telegram_bot: TelegramBot, chat: str, silent: bool
) -> None:
    for line in ("/paper 2", "/paper 2", "/papers", "/settings", "/help"):
        before = telegram_bot.count(chat)
        assert await telegram_bot.ask(chat, ANN, line)
        assert {message.silent for message in telegram_bot.server.shown(chat)[before:]} == {silent}


async def test_what_the_bot_says_in_a_channel_makes_no_sound(telegram_bot: TelegramBot) -> None:
    before = telegram_bot.count(CHANNEL)
    telegram_bot.server.posts(CHANNEL, "/settings")
    await telegram_bot.quiet()
    assert [message.silent for message in telegram_bot.server.shown(CHANNEL)[before:]] == [True]


# Who is heard


async def test_many_questions_of_one_silence_no_other_and_no_administrator(morning: TelegramBot) -> None:
    server = morning.server
    before = morning.count(GROUP)
    for _ in range(20):
        server.says(GROUP, ANN, "/paper 1")
    for line in ("/settings index", "/settings 07:00", "/settings 09:00", "/settings silent", "/settings 08:00"):
        server.says(GROUP, BOSS, line)
    for place, person in enumerate(PEOPLE[:4]):
        server.says(GROUP, person, f"/paper {place + 5}")
    await morning.quiet()
    said = morning.said(GROUP, before)
    chat = await morning.chat(GROUP)
    assert (chat.layout, chat.silent, chat.schedule) == ("index", True, "08:00 mon-sun Asia/Seoul")
    assert sum(text.startswith(EN.saved) for text in said) == 5
    assert [sum(f"{n}번째 결과" in text for text in said) for n in (5, 6, 7, 8)] == [1] * 4
    assert said.count(EN.slow_down) == 1
    assert KO.busy not in said


async def test_a_list_of_the_group_turns_until_the_group_got_enough(
    morning: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formatters.pages.PAPERS_ON_A_PAGE", 9)
    await morning.ask(GROUP, ANN, "/papers")
    toasts = []
    for person, label in zip(PEOPLE, [EN.next, EN.previous] * 6, strict=True):
        toasts.append((await morning.press(GROUP, person, label)).toast)
        if toasts[-1]:
            break
    assert toasts == [""] * 4 + [EN.busy]
