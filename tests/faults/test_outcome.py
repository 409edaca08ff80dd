"""The comparison itself is tested: that it finds nothing wrong proves something only if it can find what is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from formatters.locale import phrases
from tests.faults.chats import Chats
from tests.faults.outcome import ChatView, Entry, Outcome, Seen, Wanted, heading, out_of_order
from tests.faults.tally import Case, Tally, Verdict
from tests.support.chats import READER, SLACK_CHAT
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import FakeTelegram
from tests.support.fakes.telegram_chats import TelegramMessage

KEYS = ("index", "a", "b")
_LANGUAGES = ("ko", "en")


def _version(*keys: str, wording: str = "old") -> list[Wanted]:
    return [Wanted(key, f"about {key}", {"text": f"{wording} {key}"}) for key in keys]


def _seen(*keys: str, wording: str = "old") -> list[Seen]:
    return [Seen(str(place), f"about {key}", {"text": f"{wording} {key}"}) for place, key in enumerate(keys)]


def _sent(*keys: str) -> list[Entry]:
    return [Entry(key, "sent", str(place), "") for place, key in enumerate(keys)]


WELL = ChatView("chat", [_version(*KEYS)], _seen(*KEYS), _sent(*KEYS))


def _outcome(chat: ChatView) -> Outcome:
    outcome = Outcome()
    outcome.add(chat)
    return outcome


def test_all_is_well() -> None:
    assert _outcome(WELL) == Outcome(expected=3)


def test_a_lost_message_is_found_twice_over_when_the_ledger_calls_it_sent() -> None:
    outcome = _outcome(replace(WELL, seen=_seen("index", "a")))
    assert outcome.lost == ["chat b", "chat b: said to be sent as 2"]


@pytest.mark.parametrize("shown", [("index", "a"), KEYS])
def test_what_the_ledger_gives_a_reason_for_is_unsettled(shown: Sequence[str]) -> None:
    entries = [*_sent("index", "a"), Entry("b", "unconfirmed", "", "Slack does not tell")]
    outcome = _outcome(replace(WELL, seen=_seen(*shown), entries=entries))
    assert outcome == Outcome(expected=3, unsettled=["chat b: Slack does not tell"])


def test_what_the_ledger_gives_no_reason_for_is_lost_or_wrong() -> None:
    entries = [*_sent("index"), Entry("b", "sending", "", "")]
    assert _outcome(replace(WELL, seen=_seen("index"), entries=entries)).lost == ["chat a", "chat b"]
    assert _outcome(replace(WELL, entries=entries)).otherwise == [
        "chat a: not in the ledger",
        "chat b: sending in the ledger",
    ]


def test_each_copy_too_many_counts() -> None:
    assert _outcome(replace(WELL, seen=_seen(*KEYS, "a", "a"))).doubled == ["chat a", "chat a"]


def test_an_old_wording_and_an_unknown_message_are_not_what_was_wanted() -> None:
    chat = replace(WELL, versions=[_version(*KEYS), _version(*KEYS, wording="new")], seen=_seen(*KEYS, "c"))
    assert [line.split(":")[0] for line in _outcome(chat).otherwise] == [
        *(f"chat {key}" for key in KEYS),
        "chat unknown 'about c'",
    ]


def test_what_the_newest_post_no_longer_has_may_stay() -> None:
    chat = replace(WELL, versions=[_version(*KEYS), _version("index", "a")])
    assert _outcome(chat).wrong == []


def test_a_wrong_id_in_the_ledger_is_a_loss() -> None:
    entries = [*_sent("index", "a"), Entry("b", "sent", "7", "")]
    assert _outcome(replace(WELL, entries=entries)).lost == ["chat b: said to be sent as 7"]


@pytest.mark.parametrize(
    ("shown", "orders", "wrong"),
    [
        ("abc", ["abc"], ""),
        ("acb", ["abc"], "b"),
        ("cab", ["abc"], "ab"),
        ("axbc", ["abc", "axbc"], ""),
        ("abxc", ["abc", "axbc"], ""),  # x came when b was sent already
        ("abcx", ["abc", "axbc"], ""),
        ("acxb", ["abc", "axbc"], "b"),  # c never stood before b
        ("xabc", ["abc", "axbc"], "a"),  # nor x before a
        ("abyx", ["ab", "abx", "abxy"], "x"),
        ("acb", ["abc", "acb"], ""),
        ("abab", ["ab"], ""),  # doubled, and counted as such
    ],
)
def test_the_order_is_that_of_the_post_as_it_was_then(shown: str, orders: Sequence[str], wrong: str) -> None:
    assert out_of_order(shown, orders) == list(wrong)


def test_a_message_is_known_by_its_first_line_without_number_and_address() -> None:
    assert heading("12. Of Cats\n\nmore") == heading("3. Of Cats (https://arxiv.org/abs/1)") == "Of Cats"


@pytest.mark.parametrize("day", [date(2026, 1, 2), date(2026, 11, 26)])
def test_a_message_is_known_in_whichever_language_it_is_written_anew(day: date) -> None:
    headings = {heading(f"Daily Papers · {phrases(language).day(day)}\n\nmore") for language in _LANGUAGES}
    assert headings == {f"Daily Papers · {day}"}


async def test_a_verdict_stays_right_when_the_message_is_written_anew_in_another_language(
    telegram: FakeTelegram, slack: FakeSlack
) -> None:
    said, shown = (f"Daily Papers · {phrases(language).day(date(2026, 11, 26))}" for language in _LANGUAGES)
    assert _is_right(Chats(telegram, slack), READER, said, shown)


async def test_a_verdict_about_a_reader_who_subscribed_beside_the_chats_of_the_case_is_judged(
    telegram: FakeTelegram, slack: FakeSlack
) -> None:
    telegram.add_chat("67890", kind="private")
    assert _is_right(Chats(telegram, slack), "67890", "Of Cats", "Of Cats")
    assert not _is_right(Chats(telegram, slack), "67890", "Of Cats", "Of Dogs")


def _is_right(chats: Chats, address: str, said: str, shown: str) -> bool | None:
    """Judge that a message was found, where one is shown under the id that was given."""
    message = TelegramMessage(7, address, None, shown, [], False, {"link_preview_options": {}})
    chats.telegram.chat(address).messages[7] = message
    verdict = {"channel": "telegram", "address": address, "ref": "ref", "verdict": "Delivered", "text": said}
    return chats.judge({**verdict, "remote_id": "7"}).right


@pytest.mark.parametrize(("verdict", "right"), [("Delivered", False), ("NotDelivered", True), ("Undecided", None)])
async def test_a_wrong_verdict_on_an_unconfirmed_send_is_found(
    telegram: FakeTelegram, slack: FakeSlack, verdict: str, right: bool | None
) -> None:
    """Nothing was sent."""
    said = {"channel": "slack", "address": SLACK_CHAT, "ref": "ref", "verdict": verdict, "remote_id": "1.1"}
    assert Chats(telegram, slack).judge(said).right is right


def test_the_summary_adds_up_and_keeps_known_bugs_apart() -> None:
    verdicts = [Verdict("slack", "x", "Undecided", None), Verdict("slack", "x", "Delivered", True)]
    good = Case(2, Outcome(expected=4, unsettled=["chat b: why"]), verdicts, copies=1)
    bad = Case(1, Outcome(expected=4, doubled=["chat a"]))
    head, *rest = Tally([good, Case.loaded(good.dumped())], [("test_x", bad)]).lines()
    assert head == "faults tried 4, messages expected 8, lost 0, doubled 0, out of order 0, unsettled 2"
    assert "  unsettled: chat b: why" in rest
    assert [line.split()[:5] for line in rest if "metadata" in line] == [["slack", "2", "2", "0", "2"]]
    assert "  known bug, not counted: test_x: chat a" in rest
