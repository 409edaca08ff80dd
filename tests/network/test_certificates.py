"""Whose certificates are trusted."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import trustme

from bot.errors import SettingsError
from bot.network.certificates import _loaded, tls_context
from bot.network.options import check_network


def test_those_that_come_with_the_program_are_loaded_once() -> None:
    _loaded.cache_clear()  # other tests may have loaded them
    first = tls_context()
    assert first is tls_context()
    assert first.cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_those_of_the_environment_take_their_place(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trustme.CA().cert_pem.write_to_path("own.pem")
    monkeypatch.setenv(variable, "own.pem" if variable.endswith("FILE") else str(Path.cwd()))
    assert tls_context().cert_store_stats()["x509_ca"] == variable.endswith("FILE")  # a folder is looked into later


def test_a_file_that_was_replaced_is_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "own.pem")
    trusted = []
    for place in ("here", "there"):
        Path(place).mkdir()
        monkeypatch.chdir(place)
        for at in (1, 2):
            trustme.CA(organization_name=f"{place} {at}").cert_pem.write_to_path("own.pem")
            os.utime("own.pem", (at, at))
            assert tls_context() is tls_context()
            [found] = tls_context().get_ca_certs()
            trusted.append(str(found["subject"]))
        monkeypatch.chdir("..")
    assert [name for name in ("here 1", "here 2", "there 1", "there 2") if name not in str(trusted)] == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("none.pem", "SSL_CERT_FILE: none.pem: No such file or directory; correct the path, or unset it"),
        ("notes.pem", "SSL_CERT_FILE: notes.pem: holds no certificates; write them in PEM, as -----BEGIN …"),
    ],
)
def test_a_file_that_is_none(path: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("notes.pem").write_text("notes")
    monkeypatch.setenv("SSL_CERT_FILE", path)
    with pytest.raises(SettingsError, match=re.escape(said)):
        check_network()
