"""Ledgers that earlier programs left in the middle of a digest: opened, finished, and nothing is sent twice.

Also in PostgreSQL, where they are moved first.

`tests/data/ledgers` says what they hold and how they were made.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from bot.channels import kit_of
from bot.config.settings import Settings
from bot.database import migrations
from bot.database.states import IncidentKind
from bot.delivery.channel import Delivered, NotDelivered, UnconfirmedSend, Undecided
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from bot.delivery.hours import DeliveryHours
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, open_ledger
from bot.sources.source import FoundDigest
from formatters.locale import phrases
from formatters.model import Paper, Section
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.database.moving.support import move
from tests.support.ledger_rows import rows
from tests.support.memory_channel import MemoryChannel, StoredMessage
from tests.support.pipeline import Clock, without_others
from tests.support.postgres.databases import Databases
from tests.support.usual import usual_edition

FILES = Path(__file__).parents[1] / "data" / "ledgers"
KILLED, STOPPED = "before-0.1.0", "0.1.0"
RULES = Rules(catch_up=9, gate_wait=3600.0, edits_for=5 * 86400.0)
SETTINGS = Settings.model_validate({"language": "en", "schedule": {"at": "09:00", "days": "mon-fri"}})

# The chats of the settings, by channel and layout.
LISTED: Mapping[str, Mapping[tuple[str, str], Sequence[str]]] = {
    KILLED: {
        ("telegram", "messages"): (
            *("@papers", "-1001000000100", "-1001000000200:77", "-1001000000300", "-1001000000400"),
            *("-1001000000500", "-1001000000600", "-1001000000700"),
        ),
    },
    STOPPED: {
        ("telegram", "messages"): (
            *("@papers", "-500", "-1001000000300", "-1001000000350", "-1001000000360", "-1001000000800"),
        ),
        ("slack", "thread"): ("C0PAPERS", "C0CLOSED"),
    },
}


@dataclass
class RecordingChannel(MemoryChannel):
    """A channel that keeps the unconfirmed sends it was asked about."""

    unconfirmed_sends: dict[str, UnconfirmedSend] = field(default_factory=dict)

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
        self.unconfirmed_sends[address] = unconfirmed
        return await super().reconcile(address, unconfirmed)


@dataclass
class OldLedger:
    """An old ledger opened by the program of today, and the chats as the old program left them."""

    name: str
    url: str
    ledger: Ledger
    clock: Clock
    telegram: RecordingChannel
    slack: RecordingChannel
    cards: str = "short"  # as the operator set
    links: bool = False  # the platforms have links to messages

    @property
    def channels(self) -> dict[str, RecordingChannel]:
        return {one.name: one for one in (self.telegram, self.slack)}

    async def run(self, posts: Sequence[FoundDigest] | None = None) -> int:
        """Plan and send as the program does, without posts as when they cannot be read; count the calls."""
        before = self._calls()
        for (channel, layout), listed in LISTED[self.name].items():
            kit = kit_of(channel)
            usual = usual_edition(layout, self.cards, kit.foldable, kit.linkable if self.links else ())
            await self.ledger.subscriptions.sync_chats(channel, usual, {name: name for name in listed})
        formatters = {one.name: one.formatter for one in self.channels.values()}
        wanting_newest = await self.ledger.chats_wanting_newest()
        await plan(self.ledger, "blog", posts, formatters, RULES)
        await self.ledger.release_now(wanting_newest)
        now = datetime.fromtimestamp(self.clock(), UTC)
        for spelled in await self.ledger.subscriptions.schedules():
            await self.ledger.open_at(spelled, DeliveryHours.for_chat(SETTINGS, spelled).next_opening(now))
        await Dispatcher(self.ledger, self.channels, RetryPolicy(settle_delay=0, first_backoff=0), self.clock).run()
        return self._calls() - before

    def _calls(self) -> int:
        return sum(len(one.calls) for one in self.channels.values())

    async def posts(self, **changed: Sequence[Paper]) -> list[FoundDigest]:
        """Give the posts as the ledger has them, some, by day such as `d13`, with other papers."""
        posts = []
        for one in await self.ledger.known_digests("blog"):
            digest = await self.ledger.digest("blog", one.name)
            day = f"{'a' if one.name.startswith('arxiv') else 'd'}{digest.day.day:02}"
            posts.append(FoundDigest(replace(digest, papers=tuple(changed.get(day, digest.papers))), one.post))
        return posts

    def at(self, hour: int, minute: int = 0, day: int = 13) -> None:
        """Make it this time of January 2025 in Seoul."""
        self.clock.now = datetime(2025, 1, day, hour, minute, tzinfo=SETTINGS.zone).timestamp()

    def sql(self, query: str) -> list[tuple[object, ...]]:
        return list(rows(self.url, query))

    def read(self) -> dict[str, str]:
        """Give what each chat shows: day and message, with a star for each edit."""
        return {
            address: " ".join(label + "*" * one.edits for label, one in self._labelled(chat))
            for channel in self.channels.values()
            for address, chat in channel.chats.items()
        }

    def body(self, address: str, label: str) -> Mapping[str, object]:
        """Give a message of a chat as it was sent or edited since the ledger was opened."""
        chat = self.telegram.chats[address]
        return next(one.body for found, one in self._labelled(chat) if found == label)

    def _labelled(self, chat: Sequence[StoredMessage]) -> list[tuple[str, StoredMessage]]:
        query = "SELECT ref, g.name, key FROM deliveries JOIN messages m ON m.id = message_id JOIN digests g"
        labels = {ref: _label(str(name), str(key)) for ref, name, key in self.sql(f"{query} ON g.id = digest_id")}
        return [(labels[one.ref], one) for one in chat]


def _label(digest: str, key: str) -> str:
    series, _, day = digest.partition("/")
    return f"{day[-2:]}{'a' if series == 'arxiv' else ''}.{key.removeprefix('paper/2501.0000')}"


def paper(number: int, word: str = "plain") -> Paper:
    said = f"- Goal: Say {word} things.\n- Contribution: A {word} way."
    name = f"2501.{number:05}"
    return Paper(name, number, f"Paper {name}", f"https://arxiv.org/abs/{name}", (), (Section("Introduction", said),))


@asynccontextmanager
async def reopened(folder: Path, name: str, server: str = "") -> AsyncIterator[OldLedger]:
    """Open a ledger as it was left; with the address of a server, there, where it is moved to first."""
    path = folder / f"{name}.db"
    shutil.copy(FILES / f"{name}.db", path)
    left = json.loads((FILES / f"{name}.json").read_text())
    said = phrases("en")
    telegram = RecordingChannel("telegram", TelegramFormatter(said, buttons=True))
    slack = RecordingChannel("slack", SlackFormatter(said, buttons=True))
    for channel in (telegram, slack):
        for address, shown in left["shown"][channel.name].items():
            channel.chats[address] = [StoredMessage(one["id"], one["ref"], {}, one["edits"]) for one in shown]
    clock, url = Clock(left["stopped_at"]), server or f"sqlite:///{path}"
    if server:
        await move(path, server)
    async with open_ledger(url, clock) as opened:
        without_others(opened)
        yield OldLedger(name, url, opened, clock, telegram, slack)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_server(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """What gives an empty database, to which a ledger is moved before it is opened; none to a file."""
    if request.param == "sqlite":
        yield lambda: ""
        return
    databases: Databases = request.getfixturevalue("postgres_databases")
    with ExitStack() as lent:
        yield lambda: databases.url(lent.enter_context(databases.fresh()))


@pytest.fixture
async def killed(tmp_path: Path, new_server: Callable[[], str]) -> AsyncIterator[OldLedger]:
    async with reopened(tmp_path, KILLED, new_server()) as old:
        yield old


@pytest.fixture
async def stopped(tmp_path: Path, new_server: Callable[[], str]) -> AsyncIterator[OldLedger]:
    async with reopened(tmp_path, STOPPED, new_server()) as old:
        yield old


# --- the files

FROZEN = {
    "0.1.0.db": "335a065e56b097b1",
    "0.1.0.json": "74bcae6e363ba335",
    "before-0.1.0.db": "a9314ce1a271a3d9",
    "before-0.1.0.json": "e1b5680c17d90f36",
    "first-reading.db": "91e7df51f6395040",
    "first-reading.json": "a00b00682ed98341",
    "make.py": "f8ee56acdfa9e8b2",
    "make_first_reading.py": "797c7ba159b1071d",
}

WORDS = {
    "deliveries.state": "editing failed pending sending sent stale unconfirmed",
    "deliveries.problem": "BotGone ChatGone ChatMoved Discarded Flood Rejected RetryLater Unconfirmed",
    "deliveries.plain": "0 1",
    "digests.state": "active baseline held skipped",
    "chats.state": "active paused removed",
    "chats.origin": "reader settings",
    "chats.kind": "channel group private",
    "chats.layout": "digest index",
    "chats.language": "en ko",
    "chats.silent": "0 1",
    "chats.eager": "0 1",
    "messages.vanished": "0 1",
}
REASONS = {
    "2 of the post's 3 papers say nothing yet",
    "2 of the post's 3 sections say nothing yet",
    "given up by the operator",
    "more digests were missed than catch_up delivers",
    "the post changed after edits_for; what was delivered stays",
    "the post has no papers yet",
    "the post lost all its papers; what was delivered stays",
    "the post shrank from 3 papers to 2; it is not edited before that has lasted for gate_wait",
    "the post stayed without papers",
    "the post was taken away before it was finished",
}


def test_the_files_are_as_they_were_made() -> None:
    """A rename that goes through all files, or a test that writes, must not reach them."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in FILES.iterdir()}
    assert {name: found.get(name) for name in FROZEN} == FROZEN


def test_together_they_hold_every_word_that_those_programs_wrote() -> None:
    for place, known in WORDS.items():
        table, column = place.split(".")
        query = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL AND {column} != ''"
        held = {str(row[0]) for name in (KILLED, STOPPED) for row in rows(f"sqlite:///{FILES}/{name}.db", query)}
        assert held == set(known.split()), place
    reasons = "SELECT reason FROM digests WHERE reason != ''"
    assert {row[0] for name in (KILLED, STOPPED) for row in rows(f"sqlite:///{FILES}/{name}.db", reasons)} == REASONS


@pytest.mark.parametrize("name", [KILLED, STOPPED])
async def test_an_old_ledger_is_brought_up_to_date_when_it_is_opened(name: str, tmp_path: Path) -> None:
    head = ScriptDirectory(str(migrations.FOLDER)).get_current_head()
    assert migrations.newest() == head  # else it would not be noticed that a ledger is old
    async with reopened(tmp_path, name) as old:
        assert old.sql("SELECT version_num FROM alembic_version") == [(head,)]
        assert old.sql("SELECT reason FROM digests WHERE cause = 'other' OR reason != ''") == []  # all have a code now
    assert rows(f"sqlite:///{FILES}/{name}.db", "SELECT version_num FROM alembic_version") == [("0004",)]


# --- killed while it sent

EIGHTH = "06.index 06.1 06.2 06.3 08.index 08.1* 08.2 08.3"
EIGHTH_TWICE = EIGHTH.replace("08.1*", "08.1**")  # the answer to the edit was never heard
THIRTEENTH = "13.index 13.1 13.2 13.3"
ARXIV = "13a.index 13a.1 13a.2"
GROUPS = tuple(f"-1001000000{number}" for number in ("100", "200:77", "400", "500", "600", "700"))


async def test_what_was_under_way_is_finished_from_the_ledger_alone(killed: OldLedger) -> None:
    """Of two sends that were cut off one had arrived; so had one whose answer was lost."""
    before = killed.read()
    assert before["@papers"] == f"{EIGHTH} 13.index 13.1"
    assert before["-1001000000100"] == f"{EIGHTH} 13.index"
    killed.at(10, 30)
    await killed.run()
    whole = f"{EIGHTH} {THIRTEENTH} {ARXIV}"
    assert killed.read() == {
        **dict.fromkeys(("@papers", *GROUPS), whole),
        "-1001000000300": f"{EIGHTH_TWICE} {THIRTEENTH} {ARXIV}",
        "41": "06.digest 08.digest*",
        "42": "06.index 06.1 06.2 06.3",  # has left
        "43": EIGHTH,
        "44": f"{THIRTEENTH} {ARXIV}",  # wanted the newest at once
        "46": THIRTEENTH,
    }
    assert "parse_mode" not in killed.body("-1001000000200:77", "13.2")  # its markup was refused
    assert "parse_mode" in killed.body("-1001000000200:77", "13.3")
    assert await killed.run() == 0


async def test_a_digest_that_was_begun_ends_in_short_cards_and_what_comes_then_is_folded(killed: OldLedger) -> None:
    killed.cards = "folded"
    killed.at(10, 30)
    await killed.run()
    whole = f"{EIGHTH} {THIRTEENTH} {ARXIV}"
    assert killed.read()["@papers"] == killed.read()[GROUPS[0]] == whole  # nothing is sent again, nothing edited
    shown = {label: str(killed.body("@papers", label)["text"]) for label in ("13.2", "13.3", "13a.1", "13a.2")}
    assert [label for label, text in shown.items() if "<blockquote" in text] == ["13a.1", "13a.2"]  # not begun yet

    killed.at(11, 5)
    await killed.run(await killed.posts())
    assert killed.read()["@papers"] == f"{whole} 14.index 14.1 14.2 14.3"
    new = [str(killed.body(chat, f"14.{number}")["text"]) for chat in ("@papers", GROUPS[0]) for number in (1, 2, 3)]
    assert [text for text in new if "\n<blockquote expandable>" not in text] == []
    assert await killed.run(await killed.posts()) == 0


async def test_what_was_begun_before_is_not_edited_for_its_links(killed: OldLedger) -> None:
    killed.links = killed.telegram.has_links = killed.slack.has_links = True
    killed.at(10, 30)
    await killed.run()
    led = ARXIV.replace("13a.index", "13a.index*")  # which had not begun
    for chat in ("@papers", *GROUPS):
        assert killed.read()[chat] == f"{EIGHTH} {THIRTEENTH} {led}"
    assert killed.read()["44"] == f"{THIRTEENTH} {ARXIV}"
    assert "https://chat.example.org/@papers/" in str(killed.body("@papers", "13a.index"))
    assert await killed.run(await killed.posts()) == 0


async def test_readers_get_what_waits_at_their_hours_as_they_prefer_it_now(killed: OldLedger) -> None:
    killed.at(10, 30)
    await killed.run()
    killed.at(20, 30)
    await killed.run()
    assert killed.read()["41"] == "06.digest 08.digest* 13.digest 13a.digest"
    assert killed.body("41", "13.digest")["disable_notification"] is True
    assert "1월 13일" in str(killed.body("41", "13.digest")["text"])
    assert killed.read()["43"] == EIGHTH
    killed.at(21)
    await killed.run()
    assert killed.read()["43"] == f"{EIGHTH} 13.index 13a.index"
    assert killed.sql("SELECT DISTINCT state FROM deliveries") == [("sent",)]
    assert await killed.run() == 0


async def test_a_post_that_was_held_goes_out_as_it_is_when_it_has_waited(killed: OldLedger) -> None:
    killed.at(10, 30)
    await killed.run(await killed.posts())
    assert "14.index" not in killed.read()["@papers"]
    killed.at(11, 5)
    await killed.run(await killed.posts())
    assert killed.read()["@papers"] == f"{EIGHTH} {THIRTEENTH} {ARXIV} 14.index 14.1 14.2 14.3"
    assert await killed.run(await killed.posts()) == 0


async def test_posts_that_changed_meanwhile_are_treated_as_the_old_program_would_have(killed: OldLedger) -> None:
    """What came too early or was missed stays away; what had no papers, or was taken away, is news now."""
    one, two, three = paper(1), paper(2, "new"), paper(3)
    posts = await killed.posts(
        **{day: [one] for day in ("d02", "d03", "d07", "d09", "d10")},
        d13=[one, two, three, paper(4)],
        d14=[one, two, three],
    )
    killed.at(10, 30)
    await killed.run(posts)
    read = killed.read()
    news, last = "09.index 09.1 10.index 10.1", f"{ARXIV} 14.index 14.1 14.2 14.3"
    assert read["@papers"] == f"{EIGHTH} 13.index* 13.1 13.2 13.3 13.4 {news} {last}"
    assert read["-1001000000100"] == f"{EIGHTH} 13.index* 13.1 13.2 13.3 13.4 {news} {last}"
    assert read["-1001000000200:77"] == f"{EIGHTH} 13.index* 13.1 13.2 13.3 13.4 {news} {last}"
    assert read["-1001000000300"] == f"{EIGHTH_TWICE} {news} {THIRTEENTH} 13.4 {last}"
    assert read["-1001000000400"] == f"{EIGHTH} 13.index* 13.1 13.2 13.3 13.4 {news} {last}"
    assert {read[chat] for chat in GROUPS[3:]} == {f"{EIGHTH} {news} {THIRTEENTH} 13.4 {last}"}
    assert "new things" in str(killed.body("@papers", "13.2"))
    assert "2501.00004" in str(killed.body("@papers", "13.index"))
    assert await killed.run(posts) == 0

    killed.at(20, 30)
    await killed.run(posts)
    assert killed.read()["41"] == "06.digest 08.digest* 09.digest 10.digest 13.digest 13a.digest 14.digest"
    assert killed.body("41", "14.digest")["disable_notification"] is True
    assert "1월 14일" in str(killed.body("41", "14.digest")["text"])


# --- stopped while nearly everything was wrong

TENTH = "06.index 06.1 06.2 06.3 07.index 07.1 07.2 07.3 09.index* 09.1 09.2 09.3 10.index 10.1 10.2"
AT_FIRST = {
    "@papers": TENTH,
    "-500": "06.index 06.1 06.2 06.3",  # where a group was before it moved
    "-1001000000100": f"{TENTH.partition(' 07.index ')[2]} 13.index",
    "-1001000000200": "06.index 06.1 06.2 06.3 07.index",  # is no longer in the settings
    "-1001000000300": f"{TENTH} {THIRTEENTH}".replace(" 09.3", ""),  # was refused; its post lost the paper
    "-1001000000350": f"{TENTH} {THIRTEENTH}".replace(" 07.1", ""),  # was given up
    "-1001000000360": TENTH.replace("*", ""),  # the edit was refused
    "-1001000000800": TENTH,
    "41": "06.index 07.index 09.index* 10.index",
    "42": TENTH,
    "C0PAPERS": f"{TENTH} 13.index 13.1".replace(" 07.2", ""),  # was refused
    "C0CLOSED": "06.index 06.1 06.2 06.3 07.index",
    "D0MINA": "06.digest 07.digest 09.digest 10.digest",
}
MISSED = "09.index 09.1 09.2 10.index 10.1 10.2"  # while it was closed
GOES_ON = {
    **{chat: f"{AT_FIRST[chat]} {THIRTEENTH}" for chat in ("@papers", "-1001000000360", "-1001000000800", "42")},
    "C0PAPERS": f"{AT_FIRST['C0PAPERS']} 13.2 13.3",
    "-1001000000100": f"{AT_FIRST['-1001000000100']} 13.1 13.2 13.3",
}


async def test_what_only_waited_goes_on_and_the_rest_needs_people(stopped: OldLedger) -> None:
    assert stopped.read() == AT_FIRST
    stopped.at(10, 30)
    await stopped.run()
    assert stopped.read() == AT_FIRST | GOES_ON
    assert "parse_mode" not in stopped.body("-1001000000360", "13.index")  # its markup was refused
    assert 9001 in stopped.telegram.unconfirmed_sends["42"].taken  # the id of an answer: private chats share theirs
    parents = [parent for address, parent in stopped.slack.threads if address == "C0PAPERS"]
    index = stopped.slack.chats["C0PAPERS"][-4]
    assert parents == [str(index.id)] * 2
    assert await stopped.run() == 0


async def test_paused_chats_get_their_rest_when_they_let_us_in_again(stopped: OldLedger) -> None:
    """What is held is asked about once more; it had arrived."""
    stopped.at(10, 30)
    await stopped.run()
    await stopped.ledger.subscriptions.resume_all()
    await stopped.run()
    resumed = {
        "41": f"{AT_FIRST['41']} 13.index",
        "C0CLOSED": f"{AT_FIRST['C0CLOSED']} 07.1 07.2 07.3 {MISSED} {THIRTEENTH}",
    }
    assert stopped.read() == AT_FIRST | GOES_ON | resumed
    assert "-1001000000300" in stopped.telegram.unconfirmed_sends
    assert await stopped.run() == 0


async def test_a_new_try_comes_before_our_own_pause_has_passed_and_not_before_the_platforms(stopped: OldLedger) -> None:
    stopped.at(10, 6)
    await stopped.run()
    read = stopped.read()
    assert {chat: read[chat] for chat in GOES_ON} == {chat: AT_FIRST[chat] for chat in GOES_ON} | {
        "-1001000000800": GOES_ON["-1001000000800"]
    }
    await stopped.ledger.subscriptions.resume_all()
    await stopped.run()
    read = stopped.read()
    assert read["C0PAPERS"] == GOES_ON["C0PAPERS"]
    assert read["-1001000000360"] == GOES_ON["-1001000000360"]
    assert read["-1001000000100"] == AT_FIRST["-1001000000100"]  # was told to wait
    stopped.at(10, 15)
    await stopped.run()
    assert stopped.read()["-1001000000100"] == GOES_ON["-1001000000100"]


async def test_the_operator_sends_again_what_was_refused_and_nothing_that_was_given_up(stopped: OldLedger) -> None:
    stopped.at(10, 30)
    await stopped.ledger.subscriptions.resume_all()
    await stopped.run()
    assert await stopped.ledger.incidents.retry(unseen=True) == 3
    await stopped.run()
    read = stopped.read()
    assert read["C0PAPERS"] == f"{AT_FIRST['C0PAPERS']} 13.2 13.3 07.2"
    seventh = stopped.slack.chats["C0PAPERS"][4]
    assert stopped.slack.threads[-1] == ("C0PAPERS", str(seventh.id))
    assert read["-1001000000100"] == f"{AT_FIRST['-1001000000100']} 13.1 13.2 13.3 07.index"
    assert read["-1001000000360"] == f"{TENTH} {THIRTEENTH}"
    assert read["-1001000000350"] == AT_FIRST["-1001000000350"]
    stopped.at(20)
    await stopped.run()
    assert stopped.read()["D0MINA"] == f"{AT_FIRST['D0MINA']} 13.digest"
    left = "SELECT state, problem, count(*) FROM deliveries WHERE state != 'sent' GROUP BY 1, 2"
    left += " ORDER BY 1, coalesce(problem, '')"
    assert stopped.sql(left) == [
        ("failed", "Discarded", 1),
        ("failed", "Rejected", 1),  # of a paper that its post lost
        ("pending", None, 2),  # of the chat that is no longer in the settings
        ("pending", "RetryLater", 1),
    ]
    assert await stopped.run() == 0


async def test_reasons_of_before_decide_as_they_did(stopped: OldLedger) -> None:
    """Given up stays given up, too late stays too late; what was let out waits no longer."""
    stopped.at(10, 30)
    posts = await stopped.posts(
        d06=[paper(1, "later")], d08=[paper(1)], d10=[], d13=[paper(1), paper(2)], d15=[paper(1)]
    )
    await stopped.run(posts)
    read, last = stopped.read(), "14.index 14.1 15.index 15.1"
    for chat in ("@papers", "-1001000000360", "-1001000000800", "42"):
        assert read[chat] == f"{AT_FIRST[chat]} 13.index 13.1 13.2 {last}"
    assert read["-1001000000100"] == f"{AT_FIRST['-1001000000100']}* 13.1 13.2 {last}"
    assert read["-1001000000350"] == f"{AT_FIRST['-1001000000350']} {last}".replace("13.index", "13.index*")
    assert read["C0PAPERS"] == f"{AT_FIRST['C0PAPERS']} 13.2 {last}".replace("13.index", "13.index*")
    assert "2501.00003" not in str(stopped.body("-1001000000350", "13.index"))
    assert await stopped.run(posts) == 0

    back = await stopped.posts(d06=[paper(1, "later")], d10=[paper(1, "other"), paper(2)])
    await stopped.run(back)
    assert stopped.read()["@papers"] == f"{AT_FIRST['@papers']} 13.index 13.1 13.2 {last}".replace("10.1", "10.1*")
    states = await _states(stopped)
    assert states["08"] == "skipped: given up by the operator"
    assert states["06"] == "active: the post changed after edits_for; what was delivered stays"


async def _states(old: OldLedger) -> dict[str, str]:
    """Give how each digest stands as people read it, by day."""
    return {one.name[-2:]: f"{one.state}: {one.reason}" for one in await old.ledger.status.recent_digests(99)}


async def test_a_post_without_papers_is_not_waited_for_again(stopped: OldLedger) -> None:
    before = await _states(stopped)
    stopped.at(10, 30)
    await stopped.run(await stopped.posts(d10=[]))
    after = await _states(stopped)
    assert before["10"] == after["10"] == "active: the post lost all its papers; what was delivered stays"


async def test_what_was_let_out_and_is_taken_away_is_not_waited_for(stopped: OldLedger) -> None:
    await stopped.run([one for one in await stopped.posts() if one.digest.day.day < 14])
    states = await _states(stopped)
    assert states["14"] == states["15"] == "skipped: the post was taken away before it was finished"


async def test_status_says_what_it_said(killed: OldLedger, stopped: OldLedger) -> None:
    """One digest was held by the first program, and three were looked at by the second while they were unfinished."""
    assert await _states(killed) == {
        "06": "active: ",
        "07": "skipped: more digests were missed than catch_up delivers",
        "08": "active: ",
        "09": "skipped: the post stayed without papers",
        "10": "skipped: the post was taken away before it was finished",
        "13": "active: ",
        "14": "held: 2 of the post's 3 papers say nothing yet",
    }
    states = await _states(stopped)
    shrank = "the post shrank from 3 papers to 2; it is not edited before that has lasted for gate_wait"
    assert {day: states[day] for day in ("08", "13", "14", "15")} == {
        "08": "skipped: given up by the operator",
        "13": f"active: {shrank}",
        "14": "held: 2 of the post's 3 sections say nothing yet",
        "15": "held: the post has no papers yet",
    }


async def test_operators_are_told_nothing_again(stopped: OldLedger) -> None:
    incidents = stopped.ledger.incidents
    kinds = sorted(key.partition(" ")[0] for key in await incidents.reported())
    assert kinds == ["bot", *["held"] * 3, *["paused"] * 2, *["refused"] * 2, "silent", *["unconfirmed"] * 2]
    over = {"silent blog", "paused 10"}  # a reader who blocks the bot is no incident any more
    assert {one.key for one in await incidents.current() if one.is_news} == (await incidents.reported()).keys() - over
    assert (await incidents.reported())["paused 10"] == ""  # and ends without a word
    stopped.at(10, 30)
    await stopped.run()
    assert {one.key for one in await incidents.current() if one.kind == IncidentKind.BOT} == set()


async def test_a_chat_that_is_named_twice_or_anew_gets_nothing_again(stopped: OldLedger) -> None:
    """What a former version knew by a number is known; "@papers" is asked about, as any new name."""
    people, number = stopped.ledger.subscriptions, "-1001000000999"
    await stopped.run()
    assert stopped.sql("SELECT name FROM chats WHERE canonical_address IS NULL") == [("@papers",)]
    others = [name for name in LISTED[STOPPED][("telegram", "messages")] if name != "@papers"]
    theirs = f"SELECT name, chats.state, count(*) FROM chats JOIN deliveries ON chat_id = chats.id AND '{number}'"
    for names in (["@papers", number], [number]):
        await people.sync_chats("telegram", usual_edition(), {name: name for name in (*names, *others)})
        for chat in await people.unidentified("telegram"):
            await people.set_preferences(chat.id, usual_edition(), kind="channel", canonical_address=number)
        await people.merge_doubles("telegram")
        assert stopped.sql(f"{theirs} = canonical_address GROUP BY 1, 2") == [(names[0], "active", 19)]


async def test_readers_and_their_lists_are_remembered(stopped: OldLedger) -> None:
    people = stopped.ledger.subscriptions
    reader, member = await people.find("telegram", ("41",)), await people.find("slack", ("D0MINA",))
    assert reader
    assert (reader.state, reader.reason) == ("paused", "the bot was removed; let it in again")
    assert (reader.layout, reader.language, reader.silent, reader.schedule) == ("index", "en", True, "")
    assert member
    assert (member.layout, member.language, member.schedule) == ("digest", "ko", "20:00 mon-fri Asia/Seoul")
    assert await stopped.ledger.archive.recall("telegram", "42", 1) == "plain"
    hits, count = await stopped.ledger.archive.search("plain", 5, 0)
    assert (len(hits), count) == (5, 17)


# --- what is old is deleted at once


@pytest.mark.parametrize("name", [KILLED, STOPPED])
async def test_where_what_is_old_is_deleted_at_once_nothing_is_sent_again(
    name: str, tmp_path: Path, new_server: Callable[[], str]
) -> None:
    """A year later, all posts are still there."""
    async with reopened(tmp_path, name, new_server()) as old:
        for pause in (0.0, 365.0, 45.0):  # in the meantime what was held is delivered
            old.clock.now += pause * 86400.0
            await old.run(await old.posts())
        calls = old._calls()
        today = datetime.fromtimestamp(old.clock(), UTC).date()
        assert await old.ledger.pruning.prune(30 * 86400.0, 1, today) > 9
        posts = await old.posts(d13=[paper(number, "other") for number in range(1, 9)])
        for found in (posts, None, posts):
            await old.run(found)
            await old.ledger.pruning.prune(30 * 86400.0, 1, today)
        assert old._calls() == calls
