"""Reading updates one by one: a strange one hides no other."""

from __future__ import annotations

from typing import Any

from telegram import Bot, Update
from telegram.request import HTTPXRequest

from bot.log import log


class TolerantRequest(HTTPXRequest):
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
        _check(Update.de_json(raw, None))
    except Exception as error:  # noqa: BLE001 - whatever it holds, the others must come in
        log.warning("update", update=raw["update_id"], error=f"cannot be read ({type(error).__name__}: {error})")
        return {"update_id": raw["update_id"]}
    return raw


def _check(update: Update) -> None:
    """Raise for ids that are missing or no numbers, on which all else relies: the SDK takes anything."""
    message = update.effective_message
    people = (update.effective_chat, update.effective_user, message and message.sender_chat)
    numbers = [one.id for one in people if one]
    if message:
        numbers += [message.chat.id, message.message_id]
        numbers += [message.migrate_to_chat_id or 0, message.message_thread_id or 0]
    if not all(type(number) is int for number in numbers):
        raise TypeError("an id is no number")
