"""The kits: what each channel says of itself, and that saying it costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.channels import MODULES, all_kits, kit_of
from bot.config.settings import Operators, Settings
from bot.errors import SettingsError
from formatters.edition import Edition
from formatters.locale import phrases
from tests.support.usual import usual_edition

SDKS = ("telegram", "slack_sdk", "slack_bolt", "feedparser", "sqlalchemy", "aiohttp", "httpx", "rich")


def operator_chats(operators: Operators) -> dict[str, tuple[str, ...]]:
    own = {name: kit.read(Settings(operators=operators)) for name, kit in all_kits().items()}
    return {name: one.operator_chats for name, one in own.items() if one}


def test_each_kit_bears_the_name_under_which_it_is_listed() -> None:
    assert {name: kit.name for name, kit in all_kits().items()} == {name: name for name in MODULES}


def imported_by(code: str) -> str:
    """Name the SDKs that are imported after some code was run in a process of its own."""
    listed = f"{code}\nimport sys; print(*[one for one in {SDKS} if one in sys.modules])"
    return subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True).stdout.strip()


def test_no_sdk_is_imported_to_describe_the_channels() -> None:
    assert imported_by("from bot.channels import all_kits; all_kits()") == ""


def test_where_slack_and_a_folder_are_set_up_neither_the_sdk_of_telegram_nor_what_reads_feeds_is_imported() -> None:
    code = """
from bot.app.assembly import make_channels
from bot.app.sources import make_sources
from bot.channels import all_kits
from bot.config.settings import Settings
posts = {"name": "daily", "kind": "folder", "path": "_posts"}
settings = Settings.model_validate({"slack": {"bot_token": "xoxb-FAKE"}, "sources": [posts]})
assert [*make_channels(settings, all_kits())] == ["slack"]
assert len(make_sources(settings)) == 1
"""
    found = imported_by(code).split()
    assert "slack_sdk" in found
    assert not {"telegram", "feedparser"} & {*found}


@pytest.mark.parametrize("name", MODULES)
def test_a_formatter_is_of_its_channel(name: str) -> None:
    assert kit_of(name).make_formatter(phrases("en"), True).channel == name


@pytest.mark.parametrize("name", ["telegram", "slack"])
def test_a_channel_is_not_made_without_its_token(name: str) -> None:
    kit, settings = kit_of(name), Settings()
    own = kit.read(settings)
    assert own
    assert own.lacks.startswith(f"{name}.")
    with pytest.raises(SettingsError) as refused:
        kit.make_channel(settings, kit.make_formatter(phrases("en"), False))
    assert str(refused.value) == own.lacks


def test_a_terminal_has_no_settings_and_no_listener() -> None:
    kit = kit_of("terminal")
    channel = kit.make_channel(Settings(), kit.make_formatter(phrases("en"), False))
    assert (kit.read(Settings()), kit.make_listener, channel.name) == (None, None, "terminal")


def test_the_operators_themselves_are_notified_where_no_chat_is_named() -> None:
    people = Operators().model_copy(update={"telegram": ("1", "2"), "slack": ("U0123ABCD",)})
    assert operator_chats(people) == {"telegram": ("1", "2"), "slack": ("U0123ABCD",)}
    chats = people.model_copy(update={"telegram_chat": "-1001", "slack_chat": "C0123ABCD"})
    assert operator_chats(chats) == {"telegram": ("-1001",), "slack": ("C0123ABCD",)}


@pytest.mark.parametrize("name", MODULES)
def test_the_usual_layout_is_the_first_that_can_be_chosen(name: str) -> None:
    kit = kit_of(name)
    own = kit.read(Settings())
    assert own is None or own.layout == kit.layouts[0]


@pytest.mark.parametrize("name", MODULES)
def test_chats_that_chose_nothing_get_the_layout_of_the_settings_and_folded_cards_where_they_fold(name: str) -> None:
    kit = kit_of(name)
    usual = kit.usual_edition(Settings())
    assert (usual.layout, usual.cards) == (kit.layouts[0], "folded")
    assert usual.edition("ko") == Edition(kit.layouts[0], "ko", folded=kit.layouts[0] in kit.foldable)


def test_the_settings_may_say_that_cards_are_short() -> None:
    settings = Settings.model_validate({"telegram": {"cards": "short"}, "slack": {"cards": "short", "layout": "index"}})
    usual = {name: kit.usual_edition(settings) for name, kit in all_kits().items()}
    assert {name: (one.layout, one.cards) for name, one in usual.items() if name != "terminal"} == {
        "telegram": ("messages", "short"),
        "slack": ("index", "short"),
    }


@pytest.mark.parametrize(
    ("chosen", "folds"),
    [
        (("", ""), True),
        (("digest", ""), False),
        (("messages", "short"), False),
        (("thread", "folded"), True),
        (("index", "folded"), False),
    ],
)
def test_a_chat_gets_folded_cards_where_its_layout_has_any(chosen: tuple[str, str], folds: bool) -> None:
    assert usual_edition("messages", "folded", ("messages", "thread")).folds(*chosen) is folds


@pytest.mark.parametrize(("layout", "most"), [("", 5), ("messages", 5), ("thread", 5), ("digest", 0), ("index", 0)])
def test_a_number_of_cards_is_part_of_an_edition_that_has_cards(layout: str, most: int) -> None:
    assert usual_edition("thread").most_cards(layout, 5) == most
