"""The ledger moves to PostgreSQL, and an operator sees how far it is."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError
from rich.status import Status

from bot.archive.index import index_all, index_words
from bot.cli.console import Console, say
from bot.config.settings import Settings
from bot.config.store import StoreSettings
from bot.database.opening import open_database
from bot.database.sqlite.moving.ledger import move_ledger
from bot.errors import SettingsError

_NO_FILE = "store.url names PostgreSQL already; name the file that is moved there: --from paperboy.db"
_NO_SERVER = (
    "name where to: paperboy migrate-ledger postgresql://user:password@host/name. Or, so that no password stands in "
    "the shell's history, let store.url name it, and name the file: --from paperboy.db"
)


async def move(settings: Settings, *, url: str, file: Path | None) -> None:
    """Move the ledger, and say how that goes; PaperboyError when it stays where it is."""
    path, target = _file(settings.store, file), _server(settings.store, url)
    begun = time.monotonic()
    with _Progress() as progress:
        opened = partial(open_database, clock=time.time, prepare=index_all)
        moved = await move_ledger(path, target, opened, index_words, progress.tell)
    from bot.database.postgres.addresses import shown

    copied = f"{progress.rows:,} rows copied and compared" if progress.rows else "all rows were there already, the same"
    say(f"{copied}, in {time.monotonic() - begun:.0f} s; {path} is called {moved.name} now, and nothing runs from it")
    if settings.store.url != target:
        say(f"next: let store.url name {shown(target)}, with the password; then start Paperboy")


def _file(store: StoreSettings, file: Path | None) -> Path:
    found = file or store.file
    if found is None:
        raise SettingsError(_NO_FILE)
    return found.absolute()


def _server(store: StoreSettings, url: str) -> str:
    """Give the address of the server; SettingsError, without the address, which may hold a password."""
    try:
        named = StoreSettings(url=url) if url else store
    except ValidationError as error:
        [problem] = error.errors(include_input=False, include_url=False)
        raise SettingsError(problem["msg"].removeprefix("Value error, ")) from None
    if named.file is not None:
        raise SettingsError(_NO_SERVER)
    return named.url


class _Progress:
    """What is being done, in a line that changes, on a terminal; a line for each table that was copied."""

    def __init__(self) -> None:
        self.rows = 0
        self._console = Console(markup=False)
        self._status = Status("opening the ledgers", console=self._console)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._status.stop()

    def tell(self, doing: str, done: int, total: int) -> None:
        """Show how far it is; nothing is counted while tables are compared."""
        self._status.update(f"{doing}: {done:,} of {total:,} rows" if done else f"{doing}: {total:,} rows")
        if done and done == total:
            self.rows += total
            self._console.print(f"{doing}: {total:,} {'row' if total == 1 else 'rows'}")
