"""The table of the ledger: where it is, and what of its address is a secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, unquote_plus

from pydantic import Field, field_serializer, field_validator

from bot.config.table import Table

_FILE = "sqlite:///"
_SERVER = re.compile(
    r"postgresql://(?:[^:@/?#\s]*(?::(?P<password>[^@/?#\s]*))?@)?(?:[\w.-]*|\[[\da-f:.]+\])(?::\d+)?"
    r"/[^/?#\s]+(?:\?(?P<options>[^#\s]*))?",
    re.ASCII | re.IGNORECASE,
)
_SECRETS = {"password", "sslpassword"}  # among the options (postgresql.org/docs/current/libpq-connect.html)
_AS_SERVER = '"postgresql://user:password@host/name"'
_ENCODED = "in a password %40 for @, %2F for /, %3F for ?, %23 for #"
_AS_FILE = '"sqlite:///paperboy.db" or "sqlite:////a/whole/path.db"'


class StoreSettings(Table):
    url: Annotated[str, Field(repr=False)] = "sqlite:///paperboy.db"
    """The ledger: `sqlite:///FILE`, from the settings file's own folder, or `postgresql://user:password@host/name`.

    One with a password stands better in the environment than in the file.
    """
    folder: Path = Path("paperboy.local")
    """For a ledger in PostgreSQL: the folder of this machine for clones of git repositories and what `health` reads.

    All of it can be made anew. With SQLite these lie beside the ledger.
    """

    @property
    def file(self) -> Path | None:
        """The file of the ledger; None where a server has it."""
        return Path(self.url.removeprefix(_FILE)) if self.url.startswith(_FILE) else None

    @property
    def clones(self) -> Path:
        """The folder of the clones of git repositories: `paperboy.sources` beside `paperboy.db`."""
        return self.folder / "sources" if self.file is None else self.file.with_suffix(".sources")

    @property
    def report(self) -> Path:
        """The file in which the first process of this machine says how it is."""
        return self.folder / "health" if self.file is None else self.file.with_name(f"{self.file.name}.health")

    @property
    def secrets(self) -> list[str]:
        """The passwords in the address, as they are written there, as they are meant, and as JSON has them."""
        found = _SERVER.fullmatch(self.url)
        if found is None:
            return []
        options = [one.partition("=") for one in (found["options"] or "").split("&")]
        written = [found["password"], *(value for name, _, value in options if unquote(name).lower() in _SECRETS)]
        return list(dict.fromkeys(form for one in written if one for form in _forms(one)))

    @field_serializer("url")
    def _without_passwords(self, url: str) -> str:
        for secret in self.secrets:
            url = url.replace(secret, "**********")
        return url

    @field_validator("url")
    @classmethod
    def _known(cls, value: str) -> str:
        if not (re.fullmatch(r"sqlite:///[^:?]+", value) or _SERVER.fullmatch(value.strip())):
            raise ValueError(_advice(value.strip()))
        return value.strip()


def _forms(written: str) -> tuple[str, ...]:
    meant = (unquote(written), unquote_plus(written))
    return written, *meant, *(json.dumps(one, ensure_ascii=False)[1:-1] for one in meant)


def _advice(value: str) -> str:
    """Say what to write; nothing of the value, which may hold a password."""
    scheme, _, rest = value.partition("://")
    if scheme == "postgres" or scheme.startswith("postgresql+"):
        return f'write "postgresql://" in place of "{scheme}://"'
    if scheme == "sqlite":
        return f"this is no SQLite file; write {_AS_FILE}"
    if scheme != "postgresql":
        return f"this is no ledger; write {_AS_FILE}, or {_AS_SERVER}"
    if not rest.partition("?")[0].partition("/")[2]:
        return f"the database is not named; write {_AS_SERVER}"
    return f"this is no address of a database; write {_AS_SERVER}, and {_ENCODED}"
