"""A set-up for Telegram, as it is typed."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.channels.telegram.channel import MissingRight
from bot.cli.delivery.deliver import deliver_once
from bot.cli.init.guide import read_time
from bot.cli.init.wording import LANGUAGES, wording
from bot.config.loading import load
from tests.cli.init.conftest import PROGRAM
from tests.support.chats import CHANNEL, CHANNEL_NAME, FORUM, GROUP, READER, TOPIC
from tests.support.fakes.telegram import TOKEN, FakeTelegram
from tests.support.person import EXHAUSTED, Answer, Person

SAID = wording("en")
TO_TELEGRAM = ("2", "1")  # English, Telegram
REST = ("", "", "", "")  # a folder, which is found, at the usual hour, in the zone of the machine
YES, NO = "1", "2"
LOST = "123456:FAKE-token-that-is-as-long-as-they-are"


async def test_from_nothing_to_the_first_paper_and_then_the_rest_once(
    person: Person, posts: Path, telegram: FakeTelegram, capsys: pytest.CaptureFixture[str]
) -> None:
    def add() -> None:
        telegram.membership(CHANNEL, "left", "administrator", READER)

    # It is past this hour at any time of day: what is not held back would be sent as well.
    done = await person.types(*TO_TELEGRAM, TOKEN, add, "", "", "", "00:00", "", YES)

    assert (done.code, done.err, done.problems) == (0, "", [])
    assert TOKEN not in done.out
    assert f"1. Papers ({CHANNEL_NAME})" in done.out
    settings = load()
    assert [one.chat for one in settings.telegram.chats] == [CHANNEL_NAME]
    assert (settings.language, settings.timezone, settings.schedule.at.hour) == ("en", "Asia/Seoul", 0)
    assert [stat.S_IMODE(Path(name).stat().st_mode) for name in ("paperboy.toml", ".env")] == [0o600, 0o600]
    assert TOKEN not in Path("paperboy.toml").read_text()
    first = [message.id for message in telegram.shown(CHANNEL)]
    assert len(first) == 2

    for said in ("2 messages sent", "nothing new to send"):
        assert (await deliver_once(settings), capsys.readouterr().out.splitlines()[-1]) == (0, said)
    shown = telegram.shown(CHANNEL)
    assert [message.id for message in shown[:2]] == first
    titles = [message.text.partition("\n")[0].partition(". ")[0] for message in shown[1:]]
    assert titles == ["1", "2", "3"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_each_language(person: Person, posts: Path, telegram: FakeTelegram, language: str) -> None:
    said = wording(language)
    done = await person.types(language, "1", "nonsense", TOKEN, CHANNEL_NAME, *REST, NO)

    assert (done.code, done.problems) == (0, [said.not_a_bot])
    for phrase in (said.platform, said.source, said.hour, said.zone, said.send_now, said.enter):
        assert phrase in done.out
    assert load().language == language
    assert telegram.shown(CHANNEL) == []
    assert said.send.format(chats=f"Papers ({CHANNEL_NAME})") in done.out
    for heading in ("index", "paper"):
        assert f"{said.headings[heading]} ─" in done.out
    assert "(https://" not in done.out


async def test_a_token_that_telegram_refuses_is_asked_for_again(person: Person, posts: Path) -> None:
    done = await person.types(*TO_TELEGRAM, "123456:AAAAAAAAAAAAAAAAAAAAA", TOKEN, CHANNEL_NAME, *REST, NO)

    assert (done.code, done.problems) == (0, [SAID.bot_refused])


async def test_telegram_cannot_be_reached(
    person: Person, posts: Path, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPERBOY_TELEGRAM__BASE_URL", "http://127.0.0.1:9/bot")
    done = await person.types(*TO_TELEGRAM, TOKEN)

    assert done.code == EXHAUSTED
    assert [problem.partition(":")[0] for problem in done.problems] == ["Telegram cannot be reached"]


async def test_a_webhook_is_another_program(person: Person, posts: Path, telegram: FakeTelegram) -> None:
    telegram.inbox.plain_http = True
    await telegram.inbox.set_webhook({"url": "http://127.0.0.1:9/telegram"})

    async def stop() -> None:
        await telegram.inbox.delete_webhook({})
        telegram.membership(CHANNEL, "left", "administrator", READER)

    done = await person.types(*TO_TELEGRAM, TOKEN, "", stop, "", *REST, NO)

    assert (done.code, done.problems) == (0, [SAID.other_program])


async def test_a_running_paperboy_is_another_program(person: Person, posts: Path, telegram: FakeTelegram) -> None:
    """It polls in the same moment: only one of the two is answered."""
    running: list[asyncio.Task[object]] = []

    async def poll(method: str, _: object) -> None:
        if method == "getUpdates":
            running.append(asyncio.create_task(other()))

    async def other() -> None:
        await asyncio.sleep(0)  # ours is taken in first
        await telegram.inbox.take({"timeout": 0.1})

    telegram.on_call = poll
    done = await person.types(*TO_TELEGRAM, TOKEN, "", CHANNEL_NAME, *REST, NO)
    await asyncio.gather(*running)

    assert (done.code, done.problems) == (0, [SAID.other_program])


def _set(telegram: FakeTelegram, chat: str, **conditions: object) -> Callable[[], None]:
    def change() -> None:
        for name, value in conditions.items():
            setattr(telegram.chat(chat), name, value)

    return change


Conditions = dict[str, Any]
RIGHTS: dict[MissingRight, tuple[str, Conditions, Conditions]] = {
    MissingRight.POST: (CHANNEL, {"rights": False, "status": "left"}, {"rights": True, "status": None}),
    MissingRight.NO_EDITS: (CHANNEL, {"edits_others": True}, {"edits_others": False}),
    MissingRight.SPEAK: (GROUP, {"status": "restricted"}, {"status": None}),
    MissingRight.MEMBER: (GROUP, {"status": "left"}, {"status": None}),
}


@pytest.mark.parametrize("right", [one for one in MissingRight if one])
async def test_missing_rights_are_spelled_out_until_they_are_given(
    person: Person, posts: Path, telegram: FakeTelegram, right: MissingRight
) -> None:
    telegram.add_chat(GROUP, "supergroup", title="Readers")
    chat, lacking, given = RIGHTS[right]
    _set(telegram, chat, **lacking)()

    done = await person.types(*TO_TELEGRAM, TOKEN, chat, _set(telegram, chat, **given), *REST, NO)

    title = telegram.chat(chat).title
    cure = SAID.missing_rights[right.name].format(bot="fake_paperboy_bot")
    assert (done.code, done.problems) == (0, [f"{title} ({chat}): {cure}"])
    assert f"✓ {title} ({chat})" in done.out


async def test_another_chat_in_place_of_one_that_cannot_be_written_to(person: Person, posts: Path) -> None:
    done = await person.types(*TO_TELEGRAM, TOKEN, "nobody", "@nobody", "2", CHANNEL_NAME, *REST, NO)

    assert done.code == 0
    assert [problem.partition(";")[0] for problem in done.problems] == [
        SAID.no_address.partition(";")[0],
        "@nobody: Chat not found",
    ]
    assert load().telegram.chats[0].chat == CHANNEL_NAME


async def test_a_token_in_the_wrong_place_is_never_shown(person: Person, posts: Path) -> None:
    """A line that was typed too early passes over the question that is not shown."""
    done = await person.types(*TO_TELEGRAM, TOKEN, LOST, CHANNEL_NAME, *REST[:-1], LOST, "", NO)

    assert (done.code, len(done.problems)) == (0, 2)
    assert LOST not in done.out


@pytest.mark.parametrize("platform", ["telegram", "TELEGRAM", "tele", "1"])
async def test_an_option_by_its_name_or_what_it_says(person: Person, posts: Path, platform: str) -> None:
    done = await person.types("english", "4", platform, TOKEN, CHANNEL_NAME, "A folder of posts here", *REST[1:], "no")

    assert (done.code, done.problems) == (0, [SAID.pick(3)])


async def test_an_option_in_korean(person: Person, posts: Path) -> None:
    done = await person.types("한국어", "텔레그램", TOKEN, CHANNEL_NAME, *REST, "아니요")

    assert (done.code, done.problems, load().language) == (0, [], "ko")


HOURS = {
    "8": "08:00",
    "8시": "08:00",
    "8시 반": "08:30",
    "오후 3시 5분": "15:05",
    "8am": "08:00",
    "7.15pm": "19:15",
    "12 a.m.": "00:00",
    "9:00": "09:00",
}


@pytest.mark.parametrize("typed", HOURS)
def test_a_time_as_people_write_it(typed: str) -> None:
    assert read_time(typed) == HOURS[typed]


@pytest.mark.parametrize("typed", ["", "noon", "25", "8:60", "13pm", "오후 0시", "8:3", "8.", "8:30:00"])
def test_no_time(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, another message is shown
        read_time(typed)


async def test_seoul_is_offered_in_korean_where_the_machine_shows_utc(
    person: Person, posts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    said = wording("ko")
    done = await person.types("ko", "1", TOKEN, CHANNEL_NAME, "", "", "8시 반쯤", "8시 반", "서울", "Asia/Soul", "", NO)

    assert done.code == 0
    near = said.near_zone.format(zone="Asia/Soul", near="Asia/Seoul")
    assert done.problems == [said.no_hour, said.no_zone.format(zone="서울"), near]
    assert (load().timezone, f"{load().schedule.at:%H:%M}") == ("Asia/Seoul", "08:30")


async def test_what_comes_next_names_the_hour_and_the_commands_as_they_were_called(person: Person, posts: Path) -> None:
    zone = "Asia/Seoul"
    done = await person.types(*TO_TELEGRAM, TOKEN, CHANNEL_NAME, "", "", "23:59", zone, YES)

    assert f"The rest comes at 23:59 ({zone}), or now with `{PROGRAM} deliver`.\n" in done.out
    assert done.out.endswith(
        f"""
Go on with:
  {PROGRAM} doctor   checks everything
  {PROGRAM} deliver  sends the rest now
  {PROGRAM} run      delivers every day at 23:59 ({zone}), and answers readers
"""
    )


async def test_when_the_hour_is_past_the_rest_comes_as_soon_as_it_runs(person: Person, posts: Path) -> None:
    done = await person.types(*TO_TELEGRAM, TOKEN, CHANNEL_NAME, "", "", "0:00", "", NO)

    assert f"\n{SAID.rest_when_run.format(command=f'{PROGRAM} deliver')}\n" in done.out
    assert f"  {PROGRAM} deliver  {SAID.deliver}\n" in done.out
    assert f"{load().schedule.at:%H:%M}" == "00:00"


async def test_going_on_as_it_is(person: Person, posts: Path, telegram: FakeTelegram) -> None:
    telegram.chat(CHANNEL).edits_others = True
    done = await person.types(*TO_TELEGRAM, TOKEN, CHANNEL_NAME, "3", *REST, NO)

    assert (done.code, len(done.problems)) == (0, 1)


def in_topic(telegram: FakeTelegram) -> None:
    telegram.add_chat(FORUM, "supergroup", topics={TOPIC}, title="Lab")
    telegram.says(FORUM, READER, "hello", topic=TOPIC)


FOUND: dict[str, tuple[Callable[[FakeTelegram], object], str, str]] = {
    "a person who presses Start": (lambda telegram: telegram.says(READER, READER, "/start"), READER, "Reader"),
    "a message in a topic": (in_topic, f"{FORUM}:{TOPIC}", "Lab"),
    "a post in a channel": (lambda telegram: telegram.posts(CHANNEL, "hello"), CHANNEL_NAME, "Papers"),
}


@pytest.mark.parametrize("what", FOUND)
async def test_who_is_heard_is_found(person: Person, posts: Path, telegram: FakeTelegram, what: str) -> None:
    act, address, title = FOUND[what]
    done = await person.types(*TO_TELEGRAM, TOKEN, lambda: act(telegram), "", *REST, NO)

    assert (done.code, done.problems) == (0, [])
    assert f"1. {title} ({address})" in done.out
    assert load().telegram.chats[0].chat == address


async def test_a_chat_that_was_left_is_none_and_another_one_is_waited_for(
    person: Person, posts: Path, telegram: FakeTelegram
) -> None:
    telegram.add_chat(GROUP, "supergroup", title="Readers")
    telegram.membership(GROUP, "member", "left", READER)
    telegram.says(READER, READER, "/start")

    async def later() -> None:
        await telegram.emptied()
        telegram.membership(CHANNEL, "left", "administrator", READER)

    waiting = asyncio.create_task(later())
    done = await person.types(*TO_TELEGRAM, TOKEN, "", "2", "", *REST, NO)
    await waiting

    assert (done.code, "Readers" in done.out) == (0, False)
    assert load().telegram.chats[0].chat == CHANNEL_NAME


async def test_what_was_found_is_answered_when_it_runs(person: Person, posts: Path, telegram: FakeTelegram) -> None:
    telegram.says(READER, READER, "/start")
    await person.types(*TO_TELEGRAM, TOKEN, "", "", *REST, NO)

    assert [update["message"]["text"] for update in telegram.inbox.pending] == ["/start"]


ANSWERS: tuple[Answer, ...] = ("2", "1", TOKEN, CHANNEL_NAME, *REST)


@pytest.mark.parametrize("end", [None, KeyboardInterrupt()], ids=["end of input", "Ctrl-C"])
@pytest.mark.parametrize("answered", range(len(ANSWERS) + 1))
async def test_stopping_at_each_question_leaves_nothing(
    person: Person, posts: Path, answered: int, end: BaseException | None
) -> None:
    done = await person.types(*ANSWERS[:answered], end=end)

    assert (done.code, done.err.strip()) == (130, SAID.stopped)
    assert [path.name for path in Path().iterdir()] == ["_posts"]
