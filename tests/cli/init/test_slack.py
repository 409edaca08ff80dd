"""A set-up for Slack, as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from rich.cells import cell_len

from bot.cli.delivery.deliver import deliver_once
from bot.cli.init.wording import wording
from bot.config.loading import load
from tests.support.chats import CHANNEL, CHANNEL_NAME, SLACK_CHAT
from tests.support.documents import ROOT
from tests.support.fakes.slack import TOKEN, FakeSlack
from tests.support.fakes.slack_api import APP_TOKEN
from tests.support.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.support.fakes.telegram import FakeTelegram
from tests.support.person import Answer, Person
from tests.support.slack_bot import MANIFEST

SAID = wording("en")
TO_SLACK = ("2", "2", "2")  # English, Slack, there is an app
REST = ("", "", "", "", "2")  # a folder, at the usual hour; send nothing
RANDOM = "C0RANDOM"


async def test_from_nothing_to_the_first_paper_and_then_the_rest_in_its_thread(
    person: Person, posts: Path, slack: FakeSlack, capsys: pytest.CaptureFixture[str]
) -> None:
    done = await person.types("2", "2", "1", TOKEN, APP_TOKEN, "#papers", *REST[:-1], "1")

    assert (done.code, done.err, done.problems) == (0, "", [])
    assert not [token for token in (TOKEN, APP_TOKEN) if token in done.out]
    assert SAID.listens in done.out
    assert done.out.endswith(f"{SAID.run_and_answer.format(at='08:30', zone='Asia/Seoul')}\n")
    manifest = done.out[done.out.index("display_information:") : done.out.index(SAID.manifest)]
    assert yaml.safe_load(manifest) == MANIFEST
    assert [line for line in manifest.splitlines() if "# " in line or cell_len(line) > 79] == []
    assert SAID.manifest_file.format(file=ROOT / "deploy/slack-manifest.yaml") in done.out
    env = Path(".env").read_text().splitlines()
    assert env == [f"PAPERBOY_SLACK__BOT_TOKEN={TOKEN}", f"PAPERBOY_SLACK__APP_TOKEN={APP_TOKEN}"]
    index, paper = slack.shown(SLACK_CHAT)
    assert (index.thread_ts, paper.thread_ts) == (None, index.ts)
    for said in ("2 messages sent", "nothing new to send"):
        assert (await deliver_once(load()), capsys.readouterr().out.splitlines()[-1]) == (0, said)
    assert {message.thread_ts for message in slack.shown(SLACK_CHAT)[1:]} == {index.ts}
    assert len(slack.shown(SLACK_CHAT)) == 4


async def test_both_platforms(person: Person, posts: Path, slack: FakeSlack, telegram: FakeTelegram) -> None:
    answers = ("2", "3", TELEGRAM_TOKEN, CHANNEL_NAME, "2", TOKEN, "", "1", *REST[:-1], "1")
    done = await person.types(*answers)

    assert (done.code, done.problems) == (0, [])
    assert (len(telegram.shown(CHANNEL)), len(slack.shown(SLACK_CHAT))) == (2, 2)


@pytest.mark.parametrize("named", ["1", "#papers", "papers", SLACK_CHAT])
async def test_a_channel_by_its_number_its_name_or_its_id(person: Person, posts: Path, named: str) -> None:
    done = await person.types(*TO_SLACK, TOKEN, "", named, *REST)

    assert (done.code, done.problems) == (0, [])
    assert SAID.only_delivers in done.out
    assert done.out.endswith(f"{SAID.run.format(at='08:30', zone='Asia/Seoul')}\n")
    assert f"  1. #papers\n  2. #random  ({SAID.not_invited.format(app='@paperboy')})\n" in done.out
    assert load().slack.chats[0].chat == SLACK_CHAT


async def test_wrong_tokens_are_asked_for_again(person: Person, posts: Path) -> None:
    wrong = ("nonsense", "xoxb-WRONG", TOKEN, "nonsense", "xapp-WRONG", APP_TOKEN)
    done = await person.types(*TO_SLACK, *wrong, "1", *REST)

    assert done.code == 0
    assert done.problems == [SAID.not_an_app, SAID.app_refused, SAID.not_a_socket_app, SAID.app_refused]


async def test_lacking_scopes_are_named_until_they_are_there(person: Person, posts: Path, slack: FakeSlack) -> None:
    slack.scopes -= {"commands", "users:read"}
    done = await person.types(*TO_SLACK, TOKEN, lambda: slack.scopes.update({"commands", "users:read"}), "", "1", *REST)

    assert (done.code, done.problems) == (0, [SAID.lacking_scopes.format(scopes="commands, users:read")])


async def test_going_on_without_scopes(person: Person, posts: Path, slack: FakeSlack) -> None:
    slack.scopes = {"chat:write", "channels:read"}
    done = await person.types(*TO_SLACK, TOKEN, "2", "", SLACK_CHAT, *REST)

    assert (done.code, len(done.problems)) == (0, 2)
    assert "missing_scope (groups:read)" in done.problems[1]


def invite(slack: FakeSlack, channel: str) -> Callable[[], None]:
    def change() -> None:
        slack.channel(channel).member = True

    return change


async def test_a_channel_that_the_app_is_not_in(person: Person, posts: Path, slack: FakeSlack) -> None:
    slack.scopes.remove("chat:write.public")
    done = await person.types(*TO_SLACK, TOKEN, "2", "", "2", invite(slack, RANDOM), *REST)

    invited = SAID.not_writable["not_in_channel"].format(app="@paperboy")
    assert done.code == 0
    assert done.problems == [SAID.lacking_scopes.format(scopes="chat:write.public"), f"#random (C0RANDOM): {invited}"]


async def test_a_public_channel_needs_no_invitation(person: Person, posts: Path) -> None:
    done = await person.types(*TO_SLACK, TOKEN, "", "2", *REST)

    assert (done.code, done.problems) == (0, [])


async def test_a_private_channel_that_is_not_seen(person: Person, posts: Path, slack: FakeSlack) -> None:
    slack.add_channel("C0SECRET", "secret", member=False, private=True)
    done = await person.types(*TO_SLACK, TOKEN, "", "#secret", "C0SECRET", invite(slack, "C0SECRET"), *REST)

    assert (done.code, done.problems[0]) == (0, SAID.no_channel)
    assert done.problems[1].startswith(
        "C0SECRET: Slack shows no such channel. Where it is private, write there: /invite"
    )
    assert load().slack.chats[0].chat == "C0SECRET"


async def test_a_private_channel_is_listed_once_the_app_is_invited(
    person: Person, posts: Path, slack: FakeSlack
) -> None:
    slack.add_channel("C0SECRET", "secret", member=False, private=True)
    done = await person.types(*TO_SLACK, TOKEN, "", invite(slack, "C0SECRET"), "#secret", *REST)

    assert (done.code, done.problems) == (0, [])


async def test_an_archived_channel_and_another_one(person: Person, posts: Path, slack: FakeSlack) -> None:
    slack.channel(RANDOM).archived = True
    done = await person.types(*TO_SLACK, TOKEN, "", RANDOM, "2", "1", *REST)

    assert (done.code, done.problems) == (0, ["C0RANDOM: it is archived. Unarchive it, or take another one"])


async def test_many_channels_are_asked_for_page_by_page(person: Person, posts: Path, slack: FakeSlack) -> None:
    for number in range(450):
        slack.add_channel(f"C1{number:03}", f"team-{number:03}", member=False)
    done = await person.types(*TO_SLACK, TOKEN, "", "#team-449", *REST)

    assert (done.code, done.problems) == (0, [])
    assert "  40. #team-037" in done.out
    assert "  … 412\n" in done.out
    assert load().slack.chats[0].chat == "C1449"


ANSWERS: tuple[Answer, ...] = (*TO_SLACK, TOKEN, APP_TOKEN, "1", "", "", "", "")


@pytest.mark.parametrize("answered", range(3, 7))
async def test_stopping_at_each_question_leaves_nothing(person: Person, posts: Path, answered: int) -> None:
    done = await person.types(*ANSWERS[:answered], end=KeyboardInterrupt())

    assert (done.code, done.err.strip()) == (130, SAID.stopped)
    assert [path.name for path in Path().iterdir()] == ["_posts"]
