"""A file of answers in place of a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.config.loading import load
from tests.support.chats import CHANNEL, CHANNEL_NAME, SLACK_CHAT
from tests.support.fakes.slack import TOKEN as SLACK_TOKEN
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.slack_api import APP_TOKEN
from tests.support.fakes.telegram import TOKEN, FakeTelegram
from tests.support.person import Ended, Person

SOURCE = {"source": "folder", "source_address": "_posts", "at": "07:15", "timezone": "Europe/Berlin"}
TELEGRAM = {"platform": "telegram", "telegram_token": TOKEN, "telegram_chat": CHANNEL_NAME, **SOURCE}
SLACK = {"platform": "slack", "slack_bot_token": SLACK_TOKEN, "slack_app_token": APP_TOKEN, "slack_chat": "#papers"}
SLACK |= SOURCE


async def give(person: Person, answers: Mapping[str, object]) -> Ended:
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in answers.items())
    Path("answers.toml").write_text(text, "utf-8")
    return await person.types(file="answers.toml")


async def test_telegram_with_no_more_than_eight_answers(person: Person, posts: Path, telegram: FakeTelegram) -> None:
    done = await give(person, TELEGRAM)

    assert (done.code, done.err, len(TELEGRAM) <= 8) == (0, "", True)
    assert len(telegram.shown(CHANNEL)) == 2
    assert (load().timezone, f"{load().schedule.at:%H:%M}") == ("Europe/Berlin", "07:15")
    assert [token for token in (TOKEN,) if token in done.out] == []


async def test_slack_with_no_more_than_eight_answers(person: Person, posts: Path, slack: FakeSlack) -> None:
    done = await give(person, SLACK)

    assert (done.code, done.err, len(SLACK) <= 8) == (0, "", True)
    assert len(slack.shown(SLACK_CHAT)) == 2
    assert "display_information" not in done.out


async def test_what_has_a_default_can_be_left_out(person: Person, posts: Path) -> None:
    needed = ("platform", "telegram_token", "telegram_chat")
    done = await give(person, {name: TELEGRAM[name] for name in needed} | {"send": False})

    assert (done.code, done.err) == (0, "")
    assert f"{load().schedule.at:%H:%M}" == "08:30"


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "platform": ({"platform": "email"}, "'email' is none of telegram, slack, both"),
    "telegram_token": ({"telegram_token": "123456:AAA"}, "Telegram refuses this token; copy it again from @BotFather"),
    "telegram_chat": ({"telegram_chat": "@nobody"}, "@nobody: Chat not found; check the address"),
    "source": ({"source": "paper"}, "'paper' is none of folder, git"),
    "source_address": ({"source_address": "nowhere"}, "nowhere: no such folder"),
    "at": ({"at": "25:00"}, "This is no time of day; write one such as 08:30"),
    "timezone": ({"timezone": "Asia/Soul"}, "Asia/Soul is no time zone; did you mean Asia/Seoul?"),
    "source, nearly": ({"source": "huggingfaec"}, "did you mean huggingface?"),
    "send": ({"send": "maybe"}, "'maybe' is none of yes, no"),
    "language": ({"language": "fr"}, "'fr' is none of ko, en"),
    "tokens": ({"tokens": "x"}, "is no answer; there are language"),
    "sent": ({"sent": "yes"}, "is no answer; did you mean send?"),
    "telegram_chat, a list": ({"telegram_chat": ["@a"]}, "write a text in quotes"),
    "slack_bot_token": ({**SLACK, "slack_bot_token": "xoxb-WRONG"}, "Slack refuses this token"),
    "slack_app_token": ({**SLACK, "slack_app_token": "xapp-WRONG"}, "Slack refuses this token"),
    "slack_chat": ({**SLACK, "slack_chat": "#nowhere"}, "There is no such channel in the list"),
}


@pytest.mark.parametrize("named", WRONG)
async def test_a_wrong_answer_is_named_in_one_line(person: Person, posts: Path, named: str) -> None:
    answers, why = WRONG[named]
    done = await give(person, {**TELEGRAM, **answers})

    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"answers.toml: {named.partition(',')[0]}")
    assert why in done.err
    assert not Path("paperboy.toml").exists()


@pytest.mark.parametrize("missing", ["telegram_token", "telegram_chat"])
async def test_an_answer_that_is_missing_is_named(person: Person, posts: Path, missing: str) -> None:
    done = await give(person, {name: answer for name, answer in TELEGRAM.items() if name != missing})

    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"answers.toml: {missing}: is missing (The ")
    assert done.err.count("(") == done.err.count(")") == 1


async def test_what_can_be_checked_without_the_network_is_checked_first(
    person: Person, posts: Path, telegram: FakeTelegram
) -> None:
    wrong = {"timezone": "Asia/Soul", "at": "noon", "source": "x", "send": "x", "service": "x"}
    for key, answer in wrong.items():
        assert (await give(person, {**TELEGRAM, key: answer})).code == 2

    assert (await give(person, {key: TELEGRAM[key] for key in TELEGRAM if key != "telegram_chat"})).code == 2
    assert telegram.calls == []


async def test_a_token_in_the_wrong_place_is_never_shown(person: Person, posts: Path) -> None:
    done = await give(person, {**TELEGRAM, "timezone": "123456:FAKE-token-that-is-as-long-as-they-are"})

    assert (done.code, "123456" in done.err) == (2, False)


async def test_a_folder_without_digests_is_a_wrong_answer(person: Person) -> None:
    Path("_posts").mkdir()
    done = await give(person, TELEGRAM)

    assert (done.code, done.err) == (2, "answers.toml: source_address: No digest was found there\n")


async def test_files_that_are_there_are_replaced_only_when_told_to(person: Person, posts: Path) -> None:
    Path(".env").write_text("OWN=1\n")
    kept = await give(person, TELEGRAM)
    assert (kept.code, Path(".env").read_text()) == (2, "OWN=1\n")
    assert kept.err.endswith(".env: there already, and nothing was written; to replace what is there: replace = true\n")

    done = await give(person, {**TELEGRAM, "replace": True, "send": False})
    assert (done.code, Path(".env").read_text()) == (0, f"PAPERBOY_TELEGRAM__TOKEN={TOKEN}\n")


@pytest.mark.parametrize(
    ("content", "why"), [(None, "cannot be read"), ("at = [", "not valid TOML"), (b"\xff", "not valid TOML")]
)
async def test_a_file_that_cannot_be_read(person: Person, content: str | bytes | None, why: str) -> None:
    if content is not None:
        Path("answers.toml").write_bytes(content.encode() if isinstance(content, str) else content)
    done = await person.types(file="answers.toml")

    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"answers.toml: {why}")


async def test_a_proxy_that_cannot_be_used_is_said_before_any_question(person: Person, posts: Path) -> None:
    person.monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1080")
    done = await give(person, TELEGRAM)

    assert (done.code, done.err.count("\n"), done.err.startswith("ALL_PROXY")) == (2, 1, True)
