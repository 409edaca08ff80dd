"""The project's pages lead somewhere, and each can be found from the README."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from bot import errors
from bot.database import reasons, states
from bot.database.states import DELIVERY_CHANGES
from tests.support.documents import CODE, PAGES, README, ROOT, TESTS, anchors, links, read, rows, section

ENUMS = [
    kind
    for module in (states, errors, reasons)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
]


def local_links(page: str) -> list[tuple[str, str]]:
    """Give the relative links of a page: the file, from the project's folder, and the anchor."""
    folder = Path(page).parent
    parts = [link.partition("#") for link in links(page) if "://" not in link]
    return [(str((ROOT / folder / path).resolve().relative_to(ROOT)) if path else page, to) for path, _, to in parts]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_project_resolves(page: str) -> None:
    found = local_links(page)

    assert found
    assert [path for path, _ in found if not (ROOT / path).exists()] == []
    assert [f"{path}#{to}" for path, to in found if to and to not in anchors(path)] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_two_headings_of_a_page_share_an_anchor(page: str) -> None:
    found = anchors(page)

    assert len(found) == len({*found})


def test_the_readme_leads_to_every_page() -> None:
    assert {path for path, _ in local_links(README)} >= {*PAGES} - {README}


# The words that code, settings and messages share.
WORDS = (
    *("channel", "chat", "name", "address", "id sequence", "source", "series", "digest", "paper", "sections", "index"),
    *(
        "layout",
        "edition",
        "reader",
        "operator",
        "subscription",
        "preferences",
        "ledger",
        "message",
        "delivery",
        "plan",
    ),
    *("cycle", "sweep", "dispatch", "worker", "claim", "settle", "reconcile", "opening", "unfinished", "reply"),
    *("incident", "outage", "notice", "posting pattern", "request", "response", "command", "button line", "throttle"),
    *("ref", "delivery ref"),
)
ON_DISK = [(enum.__name__, value) for enum in ENUMS for value in enum if value]


@pytest.mark.parametrize("word", WORDS)
def test_the_glossary_has_a_full_row_for_each_word(word: str) -> None:
    [meaning] = {"|".join(cells[1:]) for cells in rows(section(CODE, "Glossary")) if f"**{word}**" in "|".join(cells)}

    assert len(meaning) > 20


def test_which_words_are_looked_for() -> None:
    assert {("DeliveryState", "sent"), ("ErrorCode", "ChatGone"), ("Cause", "missed")} < {*ON_DISK}


@pytest.mark.parametrize(("enum", "value"), ON_DISK)
def test_words_on_disk_are_listed(enum: str, value: str) -> None:
    assert f"`{value}`" in section(CODE, "Words on disk")


@pytest.mark.parametrize("state", DELIVERY_CHANGES)
def test_what_may_follow_a_state(state: states.DeliveryState) -> None:
    [(_, _, after)] = [row for row in rows(section(CODE, "Words on disk")) if row[0] == f"`{state}`" and len(row) == 3]

    assert set(re.findall("`(.+?)`", after)) == set(DELIVERY_CHANGES[state])


def test_the_readme_says_what_the_fault_suite_says() -> None:
    said, [shown] = read(README), re.findall(r"^faults tried .*", read(TESTS), re.MULTILINE)
    tried, messages, lost, doubled, disordered, unsettled = map(int, re.findall(r"\d+", shown))

    assert (lost, doubled, disordered) == (0, 0, 0)
    assert f"[{tried} faults on whole processes]" in said
    assert f"{messages:,} messages, none lost, doubled or out of order, {unsettled} left for a person" in said
