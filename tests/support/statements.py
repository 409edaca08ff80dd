"""What tests save time with: a statement is compiled once, and not for each ledger anew."""

from __future__ import annotations

from typing import Any

from coverage import Coverage
from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

_MOST = 1000


class _Compiled(LRUCache[Any, Any]):
    """Compiled statements, by the kind of dialect in place of each engine's own."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_common(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_common(key), compiled)


def _common(key: Any) -> Any:
    dialect, *rest = key
    return type(dialect), *rest


def share_compiled() -> None:
    """Let every connection look for what others compiled; where coverage is measured, for what it saw compiled."""
    measured, others = _Compiled(_MOST), _Compiled(_MOST)

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=measured if Coverage.current() else others)
