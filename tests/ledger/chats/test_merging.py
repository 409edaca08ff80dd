"""One chat under several names: it receives once, goes on under the name that the settings have, and loses nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from functools import partial

import pytest

from bot import errors
from bot.database.states import ChatKind
from bot.delivery.decisions import Rules
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import Failure, lost, refused
from tests.support.pipeline import Pipeline, pipeline_at
from tests.support.usual import usual_edition

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

WHOLE = ["index", "1", "2"]
POSTS = [found(digest(date(2025, 1, day), *(paper(10 * day + n) for n in range(3)))) for day in range(1, 5)]
NAMES = {"@my": "-100", "@new": "-100"}

SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 200))]


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url) as pipeline:
        pipeline.channel.numbers.update(NAMES)
        yield pipeline


async def settle_as_before(pipeline: Pipeline, *names: str) -> None:
    """Let the settings name these chats, as a former version took them: without asking which they are."""
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {name: name for name in names})


async def rows(pipeline: Pipeline, columns: str = "name, state") -> list[tuple[object, ...]]:
    async with pipeline.ledger._read() as db:
        return [tuple(row) for row in await db.exec_driver_sql(f"SELECT {columns} FROM chats ORDER BY id")]


async def told(pipeline: Pipeline) -> list[tuple[str, str, str]]:
    return [(one.kind, one.where, one.why) for one in await pipeline.ledger.incidents.current()]


# --- named twice


@pytest.mark.parametrize("names", [("@my", "-100"), ("-100", "@my"), ("@my", "@new", "-100")], ids=str)
async def test_a_chat_that_is_named_twice_receives_once(pipeline: Pipeline, names: tuple[str, ...]) -> None:
    for number in (1, 2):
        await pipeline.settle(*names)
        await pipeline.run(days(*range(1, number + 1)))
    assert pipeline.read("-100") == WHOLE * 2
    assert await pipeline.ledger.subscriptions.unidentified("terminal") == []
    assert await told(pipeline) == [("twice", f"terminal {other}", names[0]) for other in names[1:]]
    assert (await pipeline.counts(names[0]), await pipeline.counts(names[1])) == ({"sent": 3}, {})


async def test_a_name_that_is_added_later_gets_nothing(pipeline: Pipeline) -> None:
    await pipeline.settle("-100")
    await pipeline.run(days(1))
    await pipeline.settle("@my", "-100")
    await pipeline.run(days(1, 2))
    assert pipeline.read("-100") == WHOLE * 2
    assert await told(pipeline) == [("twice", "terminal @my", "-100")]


async def test_topics_are_chats_of_their_own(pipeline: Pipeline) -> None:
    await pipeline.settle("-100", "-100:7", "-100:8")
    await pipeline.run(days(1))
    assert [pipeline.read(chat) for chat in ("-100", "-100:7", "-100:8")] == [WHOLE] * 3
    assert await told(pipeline) == []


async def test_two_channels_may_call_their_chats_alike(pipeline: Pipeline) -> None:
    await pipeline.settle("-100")
    await pipeline.ledger.subscriptions.sync_chats("other", usual_edition(), {"-100": "-100"})
    [other] = await pipeline.ledger.subscriptions.unidentified("other")
    await pipeline.ledger.subscriptions.keep_addresses([other.id])
    await pipeline.ledger.subscriptions.merge_doubles("other")
    assert await rows(pipeline) == [("-100", "active")] * 2


async def test_it_is_told_until_one_of_the_names_is_taken_out(pipeline: Pipeline) -> None:
    await pipeline.settle("-100", "@my")
    await pipeline.settle("-100")
    assert await told(pipeline) == []
    await pipeline.settle("@my", "-100")
    assert await told(pipeline) == [("twice", "terminal @my", "-100")]


# --- named differently


@pytest.mark.parametrize("former", ["@my", "@My", "-100"])
@pytest.mark.parametrize("both", [False, True], ids=["at once", "both for a while"])
async def test_a_chat_that_is_named_anew_goes_on(pipeline: Pipeline, former: str, *, both: bool) -> None:
    await pipeline.settle(former)
    await pipeline.run(days(1))
    if both:
        await pipeline.settle(former, "@new")
    await pipeline.settle("@new")
    await pipeline.run([found(digest(date(2025, 1, 1), paper(1, word="new"), paper(2))), *days(2)])
    shown = pipeline.channel.chats["-100"]
    assert (pipeline.read("-100"), [one.edits for one in shown]) == (WHOLE * 2, [0, 1, 0, 0, 0, 0])
    assert (await rows(pipeline), await told(pipeline)) == ([("@new", "active")], [])
    assert await pipeline.counts("@new") == {"sent": 3}


async def test_it_is_sent_to_by_its_number_or_else_by_its_present_name(pipeline: Pipeline) -> None:
    await pipeline.settle("@my")
    await pipeline.run(days(1))
    await pipeline.settle("@new")
    pipeline.channel.numbers.pop("@my")  # it leads nowhere any more
    await pipeline.run(days(1, 2))
    await pipeline.settle("-100")
    await pipeline.run(days(1, 2, 3))
    await pipeline.settle("@new")
    await pipeline.run(days(1, 2, 3, 4))
    sends = [address for call, address in pipeline.channel.calls if call == "send"]
    assert sends == ["@my"] * 3 + ["@new"] * 3 + ["-100"] * 6
    assert pipeline.read("-100") == WHOLE * 4


async def test_a_chat_that_was_closed_under_its_former_name_gets_what_it_lacks_in_order(pipeline: Pipeline) -> None:
    await pipeline.settle("@my")
    pipeline.channel.failures["@my"].append(refused(errors.ChatGone("no such chat")))
    await pipeline.run(days(1))
    await pipeline.settle("@new")
    await pipeline.run(days(1, 2))
    assert pipeline.read("-100") == WHOLE * 2
    assert (await rows(pipeline), await told(pipeline)) == ([("@new", "active")], [])


async def test_a_name_that_a_former_version_knew_is_asked_about_as_well(pipeline: Pipeline) -> None:
    await settle_as_before(pipeline, "@my", "@gone")
    await pipeline.run(days(1))
    await pipeline.settle("-100")
    await pipeline.run(days(1))
    assert pipeline.read("-100") == WHOLE
    assert [call for call in pipeline.channel.calls if call[0] == "identify"] == [
        *(("identify", "@my"), ("identify", "@gone"), ("identify", "-100"))
    ]


async def test_a_group_that_became_the_supergroup_which_is_named_too_receives_once(pipeline: Pipeline) -> None:
    await pipeline.settle("-5", "-100")
    pipeline.channel.failures["-5"] += [Failure(), refused(errors.ChatMoved("-5 is -100 now", "-100"))]
    await pipeline.run(days(1))
    assert (pipeline.read("-5"), pipeline.read("-100")) == (["index"], WHOLE)
    await pipeline.settle("-5", "-100")
    await pipeline.run(days(1, 2))
    assert pipeline.read("-100") == WHOLE * 2
    assert [kind for kind, *_ in await told(pipeline)] == ["twice"]


# --- both have messages, from a former version


async def test_of_two_that_both_hold_everything_one_goes_on(pipeline: Pipeline) -> None:
    await settle_as_before(pipeline, "@my", "-100")
    await pipeline.run(days(1))
    assert len(pipeline.read("-100")) == 6
    await pipeline.settle("@my", "-100")
    await pipeline.run(days(1, 2))
    assert (len(pipeline.read("-100")), len(await told(pipeline))) == (9, 1)
    for names in (("@my",), ("-100",), ("@my", "-100")):
        await pipeline.settle(*names)
        await pipeline.run(days(1, 2))
        assert (await pipeline.known("-100")).state == "active"
    assert len(pipeline.read("-100")) == 9


async def test_the_one_with_the_most_recent_message_goes_on(pipeline: Pipeline) -> None:
    await settle_as_before(pipeline, "@my", "-100")
    await pipeline.run(days(1))
    await settle_as_before(pipeline, "-100")
    await pipeline.run(days(1, 2))
    await pipeline.settle("@my", "-100")
    assert await told(pipeline) == [("twice", "terminal @my", "-100")]
    await pipeline.run(days(1, 2, 3))
    assert len(pipeline.read("-100")) == 6 + 3 + 3


@pytest.mark.parametrize("fuller", ["@my", "-100"])
async def test_a_digest_that_was_under_way_is_finished_once(pipeline: Pipeline, fuller: str) -> None:
    """The former version was stopped when one name had two messages, the other one of them."""
    other = {"@my": "-100", "-100": "@my"}[fuller]
    wait = refused(errors.RetryLater("wait", 900))
    await settle_as_before(pipeline, "@my", "-100")
    pipeline.channel.failures[fuller] += [Failure(), Failure(), wait]
    pipeline.channel.failures[other] += [Failure(), wait]
    await pipeline.run(days(1))
    assert sorted(pipeline.read("-100")) == ["1", "index", "index"]
    pipeline.clock.now += 1000
    await pipeline.settle("@my", "-100")
    await pipeline.run(days(1))
    assert sorted(pipeline.read("-100")) == ["1", "2", "index", "index"]


async def test_what_only_the_other_name_holds_is_not_sent_again_and_is_edited(pipeline: Pipeline) -> None:
    await settle_as_before(pipeline, "@my", "-100")
    await pipeline.run(days(1))
    await settle_as_before(pipeline, "@my")
    await pipeline.run(days(1, 2))
    await settle_as_before(pipeline, "-100")
    await pipeline.look(days(1, 2, 3), rules=Rules(catch_up=1))
    await pipeline.dispatch()
    await pipeline.settle("@my", "-100")
    edited = found(digest(date(2025, 1, 2), paper(1, word="new"), paper(2)))
    await pipeline.run([*days(1), edited, *days(3)])
    assert pipeline.read("-100") == [*("index", "index", "1", "1", "2", "2"), *WHOLE, *WHOLE]
    assert [one.edits for one in pipeline.channel.chats["-100"]] == [*[0] * 7, 1, *[0] * 4]


async def test_a_digest_that_stands_in_another_edition_is_not_sent_again(pipeline: Pipeline) -> None:
    await pipeline.subscriber("-100", layout="index")
    await settle_as_before(pipeline, "@my")
    await pipeline.run(days(1))
    await pipeline.look(days(1, 2))
    pipeline.channel.failures["@my"].append(refused(errors.RetryLater("wait", 900)))
    await pipeline.dispatch()
    assert pipeline.read("-100") == ["index", "index", "1", "2", "index"]
    await pipeline.settle("@my", "-100")
    pipeline.clock.now += 1000
    await pipeline.run(days(1, 2))
    assert len(pipeline.read("-100")) == 5
    await pipeline.run(days(1, 2, 3))
    assert (len(pipeline.read("-100")), (await pipeline.known("-100")).layout) == (6, "index")


# --- anything may happen


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_the_settings_call_it_and_whatever_fails(pipeline: Pipeline, seed: int) -> None:
    """At first a former version may deliver, which sends twice; from then on nothing is sent again, nor is lost."""
    chance, names, before = random.Random(seed), ("@my", "@new", "-100"), Counter[str]()
    upgraded = chance.choice((0, 3))
    for step in range(8):
        settle = pipeline.settle if step >= upgraded else partial(settle_as_before, pipeline)
        pipeline.channel.failures.clear()
        before = before if step > upgraded else Counter(pipeline.shown("-100"))
        await settle(*chance.sample(names, chance.randint(1, 3)))
        for name in names:
            faults = (Failure(), Failure(), lost(), refused(errors.RetryLater("wait", 900)))
            pipeline.channel.failures[name].extend(chance.choices(faults, k=3))
        await pipeline.run(POSTS[: 1 + step // 2])
        pipeline.clock.now += chance.choice((1, 1000))
    pipeline.channel.failures.clear()
    pipeline.clock.now += 1000
    for _ in range(2):
        await pipeline.settle(*chance.sample(names, 2))
        await pipeline.run(POSTS)
    shown = Counter(pipeline.shown("-100"))
    assert {line: count for line, count in shown.items() if count > max(1, before[line])} == {}
    assert len(shown) == 4 * 4


# --- its people


async def test_what_its_people_subscribed_is_what_the_settings_name_later(pipeline: Pipeline) -> None:
    chat = await pipeline.subscriber("-100", layout="index")
    await pipeline.run(days(1))
    await pipeline.settle("@my")
    await pipeline.run(days(1, 2))
    known = await pipeline.known("@my")
    assert (known.id, known.address, known.state, known.layout) == (chat, "-100", "active", "index")
    assert pipeline.read("-100") == ["index", "index"]
    assert await rows(pipeline) == [("@my", "active")]


async def test_its_people_may_have_unsubscribed_it(pipeline: Pipeline) -> None:
    await pipeline.subscriber("-100")
    await pipeline.unsubscribe("-100")
    for _ in range(2):
        await pipeline.settle("@my")
        assert (await pipeline.known("@my")).state == "removed"


async def test_its_people_may_only_have_looked(pipeline: Pipeline) -> None:
    people = pipeline.ledger.subscriptions
    await people.add_chat(
        "terminal", "-100", id_sequence="-100", kind=ChatKind.GROUP, language="", usual=usual_edition("index")
    )
    await pipeline.settle("@my")
    assert (await pipeline.known("@my")).state == "active"


async def test_a_chat_of_the_settings_that_has_messages_stays(pipeline: Pipeline) -> None:
    await settle_as_before(pipeline, "@my")
    await pipeline.run(days(1))
    await pipeline.subscriber("-100")
    await pipeline.settle("@my")
    await pipeline.run(days(1, 2))
    assert pipeline.read("-100") == WHOLE * 2
    assert await rows(pipeline) == [("@my", "active"), ("-100", "removed")]


async def test_its_people_find_it_by_any_name_and_decide_for_all_of_them(pipeline: Pipeline) -> None:
    await pipeline.settle("@my", "-100", "@new")
    await pipeline.unsubscribe("-100")
    await pipeline.settle("@my", "-100", "@new")
    await pipeline.run(days(1))
    assert pipeline.read("-100") == []
    await pipeline.subscribe("@new", now=True)
    await pipeline.run(days(1))
    assert pipeline.read("-100") == WHOLE
    assert {(await pipeline.known(name)).name for name in ("@my", "-100", "@new")} == {"@my"}
