"""What of this machine's environment tests must not see."""

from __future__ import annotations

# Ends of variables that say how it reaches others.
_NETWORK = ("_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSL_CAINFO", "SSL_CAPATH")


def is_foreign(name: str) -> bool:
    """Tell whether a variable is a setting of ours or of PostgreSQL, or says how this machine reaches others."""
    return name.startswith(("PAPERBOY_", "PG")) or name.upper().endswith(_NETWORK)
