"""Addresses of databases: what is shown of them, and the command that copies one."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from bot.database.postgres.addresses import driver_url, dump_command, libpq_url, shown

OPTIONS = "sslmode=require&sslPassword=s3cr3t&password=s3cr3t"


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("postgresql://me:s3cr3t@db.example.org:5433/papers", "postgresql://me@db.example.org:5433/papers"),
        ("postgresql://me:s3%40cr3t@[::1]/papers", "postgresql://me@[::1]/papers"),
        (f"postgresql://me@host/papers?{OPTIONS}", "postgresql://me@host/papers"),
        ("postgresql://me+you:s3cr3t@/papers?host=/run/a%20b&port=1", "postgresql://me+you@/papers?host=/run/a%20b&port=1"),
        ("postgresql:///papers", "postgresql:///papers"),
    ],
)  # fmt: skip
def test_what_people_read(url: str, read: str) -> None:
    assert shown(url) == read


@pytest.mark.parametrize(
    ("url", "command"),
    [
        ("postgresql://me:s3cr3t@host:5433/papers", "pg_dump -Fc -f 'a copy' postgresql://me@host:5433/papers"),
        (f"postgresql://me@host/papers?{OPTIONS}", "pg_dump -Fc -f 'a copy' 'postgresql://me@host/papers?sslmode=require'"),
    ],
)  # fmt: skip
def test_the_command_that_copies_a_ledger_asks_for_the_password(url: str, command: str) -> None:
    assert dump_command(url, Path("a copy")) == command


def test_the_driver_gets_the_password_as_it_is_meant() -> None:
    url = driver_url("postgresql://me:s3%40cr3t@host/papers")
    assert (url.drivername, url.password, "s3" in repr(url)) == ("postgresql+psycopg", "s3@cr3t", False)


def test_libpq_gets_all_of_it_as_it_is_meant() -> None:
    given = conninfo_to_dict(
        libpq_url("postgresql://me:s%203%2B%3Fcr3t@host/papers?options=-c%20a%3Db&sslrootcert=a%2Bb")
    )
    known = {"user": "me", "password": "s 3+?cr3t", "host": "host", "dbname": "papers"}
    assert given == {**known, "options": "-c a=b", "sslrootcert": "a+b"}
