"""Addresses of databases: for the driver, and without what is secret in them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, make_url

_SECRETS = {"password", "sslpassword"}  # among the options (postgresql.org/docs/current/libpq-connect.html)
_PLACES = {"host", "port"}


def driver_url(url: str) -> URL:
    """Give the URL that names the driver; the same one is used in and out of the event loop."""
    return make_url(url).set(drivername="postgresql+psycopg")


def libpq_url(url: str) -> str:
    """Give the URL as PostgreSQL's own library takes it, with the password."""
    written = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    address, mark, options = written.partition("?")
    return address.replace(" ", "%20") + mark + options.replace("+", "%20")  # it takes no other spelling


def shown(url: str) -> str:
    """Give the address of a database as people read it: no passwords, and only the options that say where it is."""
    parts = make_url(url)
    return _written(parts, {name: value for name, value in parts.query.items() if name in _PLACES})


def dump_command(url: str, file: Path) -> str:
    """Give the command that copies a ledger to a file; it asks for the password itself, or takes that of PGPASSWORD."""
    parts = make_url(url)
    address = _written(parts, {name: value for name, value in parts.query.items() if name.lower() not in _SECRETS})
    return shlex.join(["pg_dump", "-Fc", "-f", str(file), address])


def _written(parts: URL, options: Mapping[str, str | tuple[str, ...]]) -> str:
    bare = URL.create(parts.drivername, parts.username, None, parts.host, parts.port, parts.database, options)
    address, mark, written = bare.render_as_string().partition("?")
    return address + mark + written.replace("%2F", "/").replace("+", "%20")
