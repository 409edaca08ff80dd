"""A chat that the settings name twice gets everything once, whatever it is called there: tried with whole runs."""

from __future__ import annotations

import pytest

from tests.support.chats import CHANNEL, CHANNEL_NAME, FORUM, OTHER_TOPIC, READER, TOPIC
from tests.support.fakes.faults import bad_request, server_error
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.installed import Done
from tests.support.operator import Operator

ONE, NEXT = "2025-01-05-arxiv-crlf.md", "2025-01-06-daily-papers-20250106.md"  # one paper, three papers
OFF = {"PAPERBOY_TELEGRAM__LISTEN": "off"}
BOSS = {"PAPERBOY_OPERATORS__TELEGRAM": READER}


@pytest.fixture
def operator(telegram: FakeTelegram, slack: FakeSlack) -> Operator:
    telegram.add_chat(FORUM, "supergroup", topics={TOPIC, OTHER_TOPIC})
    return Operator(telegram, slack)


async def delivered(operator: Operator, *chats: str, **environ: str) -> Done:
    operator.settle(telegram=chats)
    return await operator.run("deliver", **{**OFF, **environ})


def asked(operator: Operator) -> list[str]:
    """List the chats that Telegram was asked about."""
    return [str(call.arguments["chat_id"]) for call in operator.telegram.calls if call.method == "getChat"]


@pytest.mark.parametrize("names", [(CHANNEL_NAME, CHANNEL), (CHANNEL, CHANNEL_NAME)], ids=str)
async def test_a_name_and_its_number(operator: Operator, names: tuple[str, str]) -> None:
    operator.post(ONE)
    done = await delivered(operator, *names)
    assert (done.code, len(operator.telegram.shown(CHANNEL))) == (0, 2)
    assert done.err == (
        f"⚠ telegram {names[1]} is the same chat as {names[0]}: it gets everything once. "
        "Take one of the two out of the settings\n"
    )
    assert asked(operator) == [CHANNEL_NAME]
    operator.post(NEXT)
    await delivered(operator, *names)
    assert (len(operator.telegram.shown(CHANNEL)), asked(operator)) == (6, [CHANNEL_NAME])
    status = await operator.run("status")
    assert len([line for line in status.lines if line.startswith("telegram ")]) == 2  # a line each digest


async def test_a_forum_and_its_general_topic_and_no_other(operator: Operator) -> None:
    operator.post(ONE)
    done = await delivered(operator, f"{FORUM}:1", FORUM, f"{FORUM}:{TOPIC}", f"{FORUM}:{OTHER_TOPIC}")
    assert f"telegram {FORUM} is the same chat as {FORUM}:1: " in done.err
    assert [one.thread for one in operator.telegram.shown(FORUM)].count(None) == 2
    assert len(operator.telegram.shown(FORUM)) == 6


async def test_a_name_in_two_spellings(operator: Operator) -> None:
    operator.post(ONE)
    await delivered(operator, "@My_Channel", CHANNEL_NAME)
    assert len(operator.telegram.shown(CHANNEL)) == 2


async def test_a_person_of_slack_and_their_direct_messages(operator: Operator) -> None:
    operator.slack.scopes.add("im:write")
    operator.slack.add_user("U0ANN", "Ann")
    direct = operator.slack.channels.direct("U0ANN").id
    operator.post(ONE)
    operator.settle(telegram=(), slack=("U0ANN", direct))
    done = await operator.run("deliver")
    assert f"slack {direct} is the same chat as U0ANN: " in done.err
    assert (done.code, len(operator.slack.shown(direct))) == (0, 2)


async def test_the_operators_are_told_once(operator: Operator) -> None:
    operator.post(ONE)
    for _ in range(2):
        await delivered(operator, CHANNEL_NAME, CHANNEL, **BOSS)
    [notice] = operator.telegram.shown(READER)
    assert f"telegram {CHANNEL} is the same chat as {CHANNEL_NAME}: it gets everything once." in notice.text


@pytest.mark.parametrize("other", [CHANNEL, "@new_name"])
async def test_another_name_in_place_of_the_first_or_beside_it(operator: Operator, other: str) -> None:
    operator.telegram.chat(CHANNEL).more_names = ("new_name",)
    operator.post(ONE)
    await delivered(operator, CHANNEL_NAME)
    await delivered(operator, other)
    await delivered(operator, CHANNEL_NAME, other)
    assert len(operator.telegram.shown(CHANNEL)) == 2
    operator.post(NEXT)
    await delivered(operator, other)
    assert len(operator.telegram.shown(CHANNEL)) == 6


async def test_a_name_is_asked_about_again_until_the_platform_answers(operator: Operator) -> None:
    operator.telegram.faults.add(server_error(502, method="getChat", times=3))
    operator.post(ONE)
    done = await delivered(operator, CHANNEL, CHANNEL_NAME)
    assert (done.code, len(operator.telegram.shown(CHANNEL)), len(asked(operator))) == (0, 2, 4)
    assert f"telegram {CHANNEL_NAME}: waits until the platform tells which chat this is: " in done.err


async def test_a_name_that_cannot_be_asked_about_waits_for_the_next_run(operator: Operator) -> None:
    operator.telegram.faults.add(server_error(502, method="getChat", times=None))
    operator.post(ONE)
    done = await delivered(operator, CHANNEL_NAME, READER)
    assert (done.code, operator.telegram.shown(CHANNEL), len(operator.telegram.shown(READER))) == (3, [], 2)
    assert f"telegram {CHANNEL_NAME}: 2 pending" in done.err
    operator.telegram.faults.clear()
    assert (await delivered(operator, CHANNEL_NAME, READER)).code == 0
    assert len(operator.telegram.shown(CHANNEL)) == 2


async def test_a_chat_that_the_platform_does_not_tell_of_is_sent_to(operator: Operator) -> None:
    operator.telegram.faults.add(bad_request("CHAT_RESTRICTED_SOMEHOW", method="getChat", times=None))
    operator.post(ONE)
    assert (await delivered(operator, CHANNEL_NAME)).code == 0
    assert len(operator.telegram.shown(CHANNEL)) == 2
