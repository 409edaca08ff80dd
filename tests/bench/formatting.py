"""What reading and formatting cost beside parsing Markdown alone: `python -m tests.bench.formatting`.

The texts are the posts of the blog where they lie beside the repository, else those of the tests. Each round
begins with nothing remembered: a digest is laid out once, and what later editions find ready is not counted.
The yardstick is markdown-it-py as anyone sets it up for such posts: CommonMark and tables, bodies alone.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import time
from collections.abc import Callable, Sequence
from functools import _lru_cache_wrapper, partial

from markdown_it import MarkdownIt

from bot.sources.posts import front_matter
from bot.sources.posts.post import Origin, parse
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.message import USUAL, Formatter
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.bench.table import busy, say, show, spread, verdict
from tests.support.golden import DATA, SHARED

MOST = 2.0
_SHOWN = 25  # lines of the profile
_TELEGRAM = TelegramFormatter(phrases("ko"), buttons=True)
_FOLDED = Edition(folded=True)
_SLACK = SlackFormatter(phrases("ko"), buttons=True)
_CACHES = [one for one in gc.get_objects() if isinstance(one, _lru_cache_wrapper)]
_REMEMBERING = [one for one in _CACHES if one.__module__.startswith(("bot.", "formatters."))]

Posts = Sequence[tuple[str, bytes]]  # names and contents


def posts() -> Posts:
    real = sorted(SHARED.glob("posts/*.md"))
    return [(path.name, path.read_bytes()) for path in real or sorted(DATA.glob("*-*-*.md"))]


def markdown_alone(bodies: Sequence[str]) -> None:
    """Let markdown-it-py parse the texts as CommonMark with tables, which is what posts are written in."""
    markdown = MarkdownIt("commonmark").enable("table")
    for body in bodies:
        markdown.parse(body)


def parsed(texts: Posts) -> None:
    for name, raw in texts:
        parse(raw, Origin(name))


def formatted(texts: Posts, *formatters: Formatter, edition: Edition = USUAL, full: bool = False) -> None:
    """Parse posts and lay them out as they are sent; with `full`, every full summary too."""
    for name, raw in texts:
        digest = parse(raw, Origin(name)).digest
        if not digest:
            continue
        for formatter in formatters:
            formatter.digest(digest, edition)
            for paper in digest.papers if full else ():
                formatter.paper(paper)


def seconds(work: Callable[[], None]) -> float:
    """Time one round in seconds of the processor, which others at work do not stretch."""
    for one in _REMEMBERING:
        one.cache_clear()
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--profile", action="store_true", help="show where the time of parse and format goes")
    options = arguments.parse_args()
    texts = posts()
    bodies = [front_matter.read(raw.decode("utf-8-sig").replace("\r\n", "\n"))[1] for _, raw in texts]
    works: dict[str, Callable[[], None]] = {
        "markdown-it-py, parse": partial(markdown_alone, bodies),
        "our parse": partial(parsed, texts),
        "our parse and format for Telegram": partial(formatted, texts, _TELEGRAM),
        "our parse and format for both platforms": partial(formatted, texts, _TELEGRAM, _SLACK),
        "for Telegram, with the full summaries folded in": partial(formatted, texts, _TELEGRAM, edition=_FOLDED),
        "for Telegram, with all full summaries": partial(formatted, texts, _TELEGRAM, full=True),
    }
    if options.profile:
        _profile(works["our parse and format for Telegram"])
        return
    rounds = [[seconds(work) for work in works.values()] for _ in range(options.rounds + 1)][1:]  # the first warms up
    rows = [(name, spread([one[n] / one[0] for one in rounds])) for n, name in enumerate(works)]
    size = sum(len(raw) for _, raw in texts) / 1000
    title = f"{len(texts)} posts of {size:.0f} kB together, in {options.rounds} rounds"
    show(title, ("", "over markdown-it-py alone"), rows, busy())
    for place, name in enumerate(works):
        if "format for" in name:
            ratio = sorted(one[place] / one[0] for one in rounds)[len(rounds) // 2]
            say(f"{name}: at most {MOST:g} times markdown-it-py alone: {verdict(ratio <= MOST)}")


def _profile(work: Callable[[], None]) -> None:
    profile = cProfile.Profile()
    profile.runcall(seconds, work)
    for order in ("tottime", "cumulative"):
        pstats.Stats(profile).strip_dirs().sort_stats(order).print_stats(_SHOWN)


if __name__ == "__main__":
    main()
