"""The page on the code shows the packages as they are: each with a sentence, in the order that the contracts hold."""

from __future__ import annotations

import re
import tomllib
from functools import cache

import grimp
import pytest

from tests.support.documents import CODE, ROOT, read, rows, section

CONTRACTS = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
PACKAGES = next(one["layers"] for one in CONTRACTS if one["name"] == "The packages of bot, top to bottom")
ARROWS = re.findall(r"^ *(\w+) --> (\w+)$", read(CODE), re.MULTILINE)
TREE = dict(re.findall(r"^  (\w+)(?:/|\.py) +(\S.*)$", section(CODE, "Packages"), re.MULTILINE))


def split(layers: list[str]) -> list[list[str]]:
    """Give the names in each layer; those side by side are in alphabetical order."""
    return [sorted(name.strip() for name in layer.split("|")) for layer in layers]


RANK = {name: place for place, layer in enumerate(split(PACKAGES)) for name in layer}
INSIDE = {
    one["containers"][0].removeprefix("bot."): split(one["layers"])
    for one in CONTRACTS
    if one["type"] == "layers" and one.get("containers", [""])[0].startswith("bot.")
}


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("bot")


def test_the_drawing_can_be_read() -> None:
    block = read(CODE).partition("```mermaid\n")[2].partition("```")[0]
    head, *lines = block.strip().splitlines()

    assert head == "flowchart TD"
    assert [re.match(r" *(\w+) --> (\w+)$", line) is not None for line in lines] == [True] * len(ARROWS)


def test_the_drawing_shows_every_package() -> None:
    assert {name for arrow in ARROWS for name in arrow} == RANK.keys()


@pytest.mark.parametrize(("above", "below"), ARROWS)
def test_each_arrow_points_downward_and_is_an_import(above: str, below: str) -> None:
    assert RANK[above] < RANK[below]
    assert imports().direct_import_exists(importer=f"bot.{above}", imported=f"bot.{below}", as_packages=True)


def test_each_package_and_module_at_the_top_has_a_sentence() -> None:
    folders = {file.parent.name for file in (ROOT / "bot").glob("*/__init__.py")}
    modules = {file.stem for file in (ROOT / "bot").glob("[!_]*.py")}

    assert TREE.keys() == folders | modules
    assert len({*TREE.values()}) == len(TREE)


def test_the_tree_stands_in_the_order_of_the_contract() -> None:
    places = [RANK[name] for name in TREE if name not in {"errors", "log", "concurrency"}]

    assert places == sorted(places)


def test_the_order_inside_the_packages() -> None:
    shown = {
        package.strip("`"): split(order.replace("\\|", "|").replace("`", "").split(" > "))
        for package, order in rows(section(CODE, "Packages"))
    }

    assert shown == INSIDE
