"""The code stays in small pieces: functions, modules and packages that a reader can take in at once."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.support.documents import ROOT

MODULES = sorted(
    path for folder in ("bot", "formatters") for path in (ROOT / folder).rglob("*.py") if "versions" not in path.parts
)
FUNCTIONS = [
    node
    for path in MODULES
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]
# What holds data or one file only, and is no package of several modules.
SMALL = {"migrations", "versions", "sample", "pages"}
PACKAGES = sorted(init.parent for init in (ROOT / "bot").glob("*/**/__init__.py") if init.parent.name not in SMALL)


def test_functions_are_short() -> None:
    lengths = [(node.end_lineno or node.lineno) - node.lineno + 1 for node in FUNCTIONS]
    assert median(lengths) <= 5
    assert quantiles(lengths, n=20)[-1] <= 16


def test_no_module_is_long() -> None:
    assert [path.name for path in MODULES if len(path.read_text("utf-8").splitlines()) > 300] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_has_three_to_nine_modules(package: Path) -> None:
    modules = [one for one in package.glob("*.py") if one.stem not in {"__init__", "__main__"}]
    packages = [one for one in package.iterdir() if (one / "__init__.py").exists() and one.name != "sample"]
    assert 3 <= len(modules) + len(packages) <= 9
