"""The wheel and the sdist that are published, and an environment with the wheel and what it declares, no more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def build(folder: Path) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from it; give both."""
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def install(wheel: Path, environment: Path) -> Path:
    """Make an environment of a wheel and its dependencies, which are linked from ours; give its programs' folder."""
    _run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    _run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel)
    (packages,) = environment.glob("lib/python*/site-packages")
    (own,) = packages.glob("paperboy_bot-*.dist-info")
    for needed in _closure(PathDistribution(own).requires or ()):
        for path in _tops(needed):
            (packages / path.name).symlink_to(path)
    return python.parent


def _closure(declared: Iterable[str]) -> Iterator[Distribution]:
    """Give each distribution that is required here, directly or by another one, once."""
    waiting = [(Requirement(one), "") for one in declared]
    seen: set[tuple[str, str]] = set()
    while waiting:
        need, extra = waiting.pop()
        asked = {(canonicalize_name(need.name), one) for one in need.extras or {""}}
        if asked <= seen or (need.marker and not need.marker.evaluate({"extra": extra})):
            continue
        found = distribution(need.name)
        if not any(name == canonicalize_name(need.name) for name, _ in seen):
            yield found
        seen |= asked
        waiting += [(Requirement(one), extra) for one in found.requires or () for _, extra in asked]


def _tops(found: Distribution) -> Iterator[Path]:
    """Give what a distribution has laid into site-packages, by the names there."""
    names = {path.parts[0] for path in found.files or ()} - {"..", "__pycache__"}
    yield from (Path(str(found.locate_file(name))) for name in sorted(names))


def _run(*command: str | Path) -> None:
    subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
