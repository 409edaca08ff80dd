"""Reading updates one by one: a strange one hides no other."""

from __future__ import annotations

from typing import Any

from telegram import Bot, Update
from telegram.request import HTTPXRequest

from bot.log import log


class Polls(HTTPXRequest):
    """Ask for updates; the SDK itself would refuse the whole answer for one that it cannot read."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        answer = HTTPXRequest.parse_json_payload(payload)
        if isinstance(answer, dict) and isinstance(found := answer.get("result"), list):
            return {**answer, "result": [_legible(one) for one in found if _numbered(one)]}
        return answer


def read(raw: object, bot: Bot) -> Update | None:
    """Read an update; one that nobody can read is empty, and what is no update at all is None."""
    return Update.de_json(_legible(raw), bot) if isinstance(raw, dict) and _numbered(raw) else None


def _numbered(raw: object) -> bool:
    return isinstance(raw, dict) and type(raw.get("update_id")) is int


def _legible(raw: dict[str, Any]) -> dict[str, Any]:
    try:
        Update.de_json(raw, None)
    except Exception as error:  # noqa: BLE001 - whatever it holds, the others must come in
        log.warning("update", update=raw["update_id"], error=f"cannot be read ({type(error).__name__}: {error})")
        return {"update_id": raw["update_id"]}
    return raw
