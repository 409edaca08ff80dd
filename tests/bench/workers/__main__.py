"""Measure what PostgreSQL and workers are worth: all parts, or those that are named."""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Callable, Mapping
from functools import partial

from tests.bench.table import say
from tests.bench.workers import before, one, planning, replies, search, takeover, two
from tests.bench.workers.figures import Figure, show_figures

Part = Callable[[], list[Figure]]


def _parts(*, full: bool, earlier: str) -> Mapping[str, Part]:
    return {
        "two": partial(two.main, full=full),
        "one": partial(one.main, full=full),
        "takeover": partial(takeover.main, full=full),
        "planning": partial(planning.main, full=full),
        "replies": partial(replies.main, full=full),
        "search": partial(search.main, full=full),
        "before": partial(before.main, full=full, before=earlier),
    }


def _measured(name: str, part: Part) -> list[Figure]:
    """Go through a part; what goes wrong in it keeps no other part from being measured."""
    try:
        figures = part()
    except Exception as error:  # noqa: BLE001 - it is told
        say(traceback.format_exc())
        figures = [Figure(f"{name} broke off", type(error).__name__, "an end", met=False)]
    show_figures(name, figures)
    return figures


def main() -> None:
    """Print a table for each part, and one of all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = list(_parts(full=False, earlier=""))
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(names))
    parser.add_argument("--full", action="store_true", help="in the sizes of the goals")
    parser.add_argument("--before", default="", metavar="FOLDER", help="an earlier version, to compare SQLite with")
    options = parser.parse_args()
    if unknown := {*options.parts} - {*names}:
        parser.error(f"there is no part {', '.join(unknown)}; the parts are {', '.join(names)}")
    parts = _parts(full=options.full, earlier=options.before)
    found = [_measured(name, parts[name]) for name in options.parts or parts]
    if len(found) > 1:
        show_figures("All of it", [figure for figures in found for figure in figures])


if __name__ == "__main__":
    main()
