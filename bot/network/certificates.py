"""Whose certificates are trusted: the CAs that come with the program, or those that the environment names."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path

import httpx

from bot.errors import SettingsError

FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"  # as OpenSSL calls these variables


def tls_context() -> ssl.SSLContext:
    """Give what all connections with TLS use. Certificates are loaded once: that takes a tenth of a second.

    They are loaded again when their file was replaced. Raises SettingsError for a file that cannot be read.
    """
    file, folder = os.environ.get(FILE, ""), os.environ.get(FOLDER, "")
    try:
        return _loaded(*map(_absolute, (file, folder)), Path(file).stat().st_mtime_ns if file else 0)
    except ssl.SSLError:
        raise SettingsError(f"{FILE}: {file}: holds no certificates; write them in PEM, as -----BEGIN …") from None
    except OSError as error:
        raise SettingsError(f"{FILE}: {file}: {error.strerror}; correct the path, or unset it") from None


def _absolute(path: str) -> str:
    return str(Path(path).absolute()) if path else ""


@lru_cache(maxsize=4)
def _loaded(file: str, folder: str, _changed_at: int) -> ssl.SSLContext:
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    return httpx.create_ssl_context(trust_env=False)
