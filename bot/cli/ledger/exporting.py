"""Write the papers of the archive into a file, or to standard output, one after the other."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TextIO

from bot.archive.contents import ArchivedPaper
from bot.cli.console import plural, warn
from bot.cli.ledger.fields import fields_of
from bot.cli.ledger.formats import FORMATS, Format
from bot.config.settings import Settings
from bot.errors import MissingExtraError, SettingsError
from bot.ledger.ledger import open_ledger


async def export(settings: Settings, kind: str, since: date | None, words: str, output: Path | None) -> None:
    """Write the papers of a day and later that have all the words, older first."""
    written = format_of(kind)
    async with open_ledger(settings.store.url) as ledger:
        papers = ledger.archive.contents.papers(since, words, once=written.once)
        if output is None:
            with suppress(BrokenPipeError):  # whoever reads may leave, as `head` does
                await _write(papers, written, sys.stdout.write)
                sys.stdout.flush()
        else:
            with _file(output, written.encoding) as file:
                count = await _write(papers, written, file.write)
            warn(f"{output}: {plural(count, 'paper')}")


def format_of(kind: str) -> Format:
    """Give a format by its name; MissingExtraError when the library that writes it is not installed."""
    if kind in FORMATS:
        return FORMATS[kind]()
    try:
        bibliography = import_module("bot.cli.ledger.bibliography")
    except ImportError as error:
        raise MissingExtraError(f"--format {kind}", error.name, "export") from None
    made: Format = bibliography.FORMATS[kind]()
    return made


async def _write(papers: AsyncIterator[ArchivedPaper], written: Format, write: Callable[[str], object]) -> int:
    write(written.begin)
    count = 0
    async for paper in papers:
        write(f"{written.between if count else ''}{written.entry(fields_of(paper))}")
        count += 1
    write(written.end)
    return count


@contextmanager
def _file(path: Path, encoding: str) -> Iterator[TextIO]:
    """Give a new file that takes its place when it is whole; what was there stays until then."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding=encoding, newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; name another file with --output") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
