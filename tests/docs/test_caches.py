"""What a function remembers has a bound: the program runs for months, and readers and authors write what they like."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.setup import ROOT


def _unbounded(text: str) -> Iterator[str]:
    """Name the functions that take arguments and remember all that they ever gave."""
    for one in ast.walk(ast.parse(text)):
        if isinstance(one, ast.FunctionDef) and any(map(_remembers_all, one.decorator_list)):
            taken = one.args
            if any((taken.posonlyargs, taken.args, taken.vararg, taken.kwonlyargs, taken.kwarg)):
                yield one.name


def _remembers_all(decorator: ast.expr) -> bool:
    name = ast.unparse(decorator).removeprefix("functools.").replace(" ", "")
    return name == "cache" or (name.startswith("lru_cache(") and name.endswith(("(None)", "maxsize=None)")))


def _modules() -> list[Path]:
    return [path for package in ("bot", "formatters") for path in (ROOT / package).rglob("*.py")]


def test_no_function_remembers_without_a_bound_what_it_gave_for_arguments() -> None:
    found = {str(path.relative_to(ROOT)): list(_unbounded(path.read_text())) for path in _modules()}
    assert {path: names for path, names in found.items() if names} == {}


def test_such_a_function_is_found() -> None:
    bounded = "@lru_cache(9)\ndef a(b): ...\n@cache\ndef c(): ...\n"
    text = bounded + "@cache\ndef d(*e): ...\n@functools.lru_cache(maxsize=None)\ndef f(*, g): ...\n"
    assert list(_unbounded(text)) == ["d", "f"]
