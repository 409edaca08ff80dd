"""How long the program takes to start: `python -m tests.bench.start`.

Beside `python -c pass`, whose time every program of Python takes; and which imports make the difference.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.table import busy, say, show, spread, verdict
from tests.support.golden import DATA

HEAVY = ("telegram", "slack_sdk", "slack_bolt", "sqlalchemy", "alembic", "aiohttp")
POST = DATA / "2025-01-06-daily-papers-20250106.md"
_SLOWEST = 10
_ROOT = Path(__file__).parents[2]
_LINE = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \|( +)(\S+)")  # own and whole µs, depth, name
# What a starter of setuptools or hatch runs.
_MAIN = "from bot.cli.main import main; main()"
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "paperboy --help": ("-c", _MAIN, "--help"),
    "paperboy preview ONE": ("-c", _MAIN, "preview", str(POST)),
}


@dataclass(frozen=True)
class Import:
    """One module that was imported."""

    name: str
    own: int  # µs, without what it imports itself
    whole: int
    depth: int


def run(arguments: Sequence[str], *more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PAPERBOY_", "PYTHON"))}
    command = [sys.executable, *more, *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True, cwd=_ROOT, env=environment)


def seconds(arguments: Sequence[str]) -> float:
    start = time.perf_counter()
    run(arguments)
    return time.perf_counter() - start


def imports(arguments: Sequence[str]) -> list[Import]:
    """List what a command imports (python -X importtime)."""
    lines = (_LINE.fullmatch(line) for line in run(arguments, "-X", "importtime").stderr.splitlines())
    return [Import(found[4], int(found[1]), int(found[2]), len(found[3])) for found in lines if found]


def packages(found: Sequence[Import]) -> list[tuple[str, float, int]]:
    """Give packages with their share of the import time and their number of modules, slowest first."""
    spent: Counter[str] = Counter()
    modules: defaultdict[str, int] = defaultdict(int)
    for one in found:
        package = one.name.partition(".")[0]
        spent[package] += one.own
        modules[package] += 1
    return [(name, own / spent.total(), modules[name]) for name, own in spent.most_common(_SLOWEST)]


def heavy(found: Sequence[Import]) -> list[str]:
    """Name what was imported of that which only deliveries need."""
    return sorted({one.name.partition(".")[0] for one in found} & set(HEAVY))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for arguments in COMMANDS.values():
        run(arguments)  # compiles what was never compiled
    rounds = [[seconds(arguments) for arguments in COMMANDS.values()] for _ in range(options.rounds)]
    rows = [
        (name, spread([one[n] / one[0] for one in rounds]), spread([1000 * one[n] for one in rounds], 0))
        for n, name in enumerate(COMMANDS)
    ]
    show(f"Start, in {options.rounds} rounds", ("", "over python -c pass", "ms"), rows, busy())
    for name, arguments in list(COMMANDS.items())[1:]:
        _show_imports(name, arguments)
    found = heavy(imports(COMMANDS["paperboy --help"]))
    wanted = ", ".join(HEAVY)
    say(f"--help imports none of {wanted}: {verdict(not found)} {', '.join(found)}".rstrip())


def _show_imports(name: str, arguments: Sequence[str]) -> None:
    found = imports(arguments)
    slowest = sorted(found, key=lambda one: one.own, reverse=True)[:_SLOWEST]
    total = sum(one.own for one in found)
    rows = [
        (package, f"{share:.0%}", str(modules), one.name, f"{one.own / total:.1%}")
        for (package, share, modules), one in zip(packages(found), slowest, strict=False)
    ]
    head = ("slowest packages", "of the import time", "modules", "slowest modules", "of it, without their imports")
    show(f"What `{name}` imports: {len(found)} modules", head, rows)


if __name__ == "__main__":
    main()
