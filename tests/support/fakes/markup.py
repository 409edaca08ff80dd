"""Text as Telegram reads it, asked of Telegram's own parser (the package tdjson is TDLib, offline)."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NoReturn

import tdjson

from tests.support.fakes.answers import RefusalError, telegram_error

Entity = dict[str, Any]
Arguments = dict[str, Any]

MAX_TEXT = 4096  # code points after parsing (td, MessageContent.cpp)
MAX_RAW_TEXT = 32_768  # bytes before parsing (telegram-bot-api, Client.cpp)
MAX_ENTITIES = 100  # the rest is dropped silently
_MODES = {
    "html": {"@type": "textParseModeHTML"},
    "markdown": {"@type": "textParseModeMarkdown", "version": 1},
    "markdownv2": {"@type": "textParseModeMarkdown", "version": 2},
}
_QUOTES = {"blockquote", "expandable_blockquote"}
_ENTITY_TYPES = {
    "Bold": "bold",
    "Italic": "italic",
    "Underline": "underline",
    "Strikethrough": "strikethrough",
    "Spoiler": "spoiler",
    "Code": "code",
    "Pre": "pre",
    "PreCode": "pre",
    "TextUrl": "text_link",
    "BlockQuote": "blockquote",
    "ExpandableBlockQuote": "expandable_blockquote",
    "CustomEmoji": "custom_emoji",
}


def refuse(reason: str, status: int = 400, **parameters: int) -> NoReturn:
    """Answer with an error in Telegram's words."""
    raise RefusalError(telegram_error(status, reason, **parameters))


def person(number: int) -> dict[str, Any]:
    """Give a User who is not a bot."""
    return {"id": number, "is_bot": False, "first_name": "Reader"}


def parse(text: str, mode: str | None = None) -> tuple[str, list[Entity]]:
    """Give what readers see; raise RefusalError with Telegram's own sentence for broken markup."""
    if not mode:
        return text, []
    parse_mode = _MODES.get(mode.lower()) or refuse("unsupported parse_mode")
    parsed = _td({"@type": "parseTextEntities", "text": text, "parse_mode": parse_mode})
    if parsed["@type"] == "error":
        refuse(parsed["message"][:1].lower() + parsed["message"][1:])
    entities = [_entity(entity) for entity in parsed["entities"]]
    _check_quotes(entities)
    return parsed["text"], entities


def _check_quotes(entities: Sequence[Entity]) -> None:
    """Refuse a quote in a quote: the documentation forbids it (Formatting options), though the parser takes it."""
    quotes = sorted((one["offset"], one["length"]) for one in entities if one["type"] in _QUOTES)
    if any(start < before + length for (before, length), (start, _) in pairwise(quotes)):
        refuse("can't parse entities: blockquote and expandable_blockquote entities can't be nested")


def mentions(arguments: Arguments) -> list[str]:
    """Give the names that the server finds by itself in a message; it looks into neither code nor links."""
    text, entities = content(arguments)
    units = text.encode("utf-16-le")
    kept = [entity for entity in entities if entity["type"] in {"code", "pre", "text_link"}]
    found = _td({"@type": "getTextEntities", "text": text})["entities"]
    names = [each for each in found if each["type"]["@type"] == "textEntityTypeMention"]
    return [
        units[2 * name["offset"] : 2 * (name["offset"] + name["length"])].decode("utf-16-le")
        for name in names
        if not any(
            one["offset"] < name["offset"] + name["length"] and name["offset"] < one["offset"] + one["length"]
            for one in kept
        )
    ]


def _td(request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(tdjson.td_execute(json.dumps(request).encode()) or b"{}")
    return answer


_td({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})


def _entity(parsed: dict[str, Any]) -> Entity:
    """Spell an entity of TDLib as the Bot API does."""
    details = parsed["type"]
    name = details.pop("@type").removeprefix("textEntityType")
    place = {"offset": parsed["offset"], "length": parsed["length"]}
    if name == "MentionName":
        return {"type": "text_mention", **place, "user": person(details["user_id"])}
    return {"type": _ENTITY_TYPES[name], **place, **details}


def content(arguments: Arguments) -> tuple[str, list[Entity]]:
    """Read text, parse_mode and entities as sendMessage and editMessageText do."""
    text = str(arguments.get("text", ""))
    if not text:
        refuse("message text is empty")
    if len(text.encode()) > MAX_RAW_TEXT:
        refuse("text is too long")
    mode = arguments.get("parse_mode")
    seen, entities = parse(text, mode) if mode else (text, arguments.get("entities") or [])
    trimmed, entities = _trim(seen, entities)
    return trimmed or refuse("text must be non-empty"), entities[:MAX_ENTITIES]


def _trim(text: str, entities: Sequence[Entity]) -> tuple[str, list[Entity]]:
    """Cut white space at the end, and at the start up to the first entity (td, MessageEntity.cpp)."""
    text = text.rstrip(" \n\t\r")
    first = min((entity["offset"] for entity in entities), default=len(text))
    margin = min(first, len(text) - len(text.lstrip(" \n")))
    end = len(text.encode("utf-16-le")) // 2
    inside = [entity for entity in entities if entity["offset"] < end]
    return text[margin:], [_moved(entity, margin, end) for entity in inside]


def _moved(entity: Entity, margin: int, end: int) -> Entity:
    length = min(entity["length"], end - entity["offset"])
    return entity | {"offset": entity["offset"] - margin, "length": length}


def check_length(text: str) -> None:
    """Refuse more code points than a message may have; Telegram looks at this last."""
    if len(text) > MAX_TEXT:
        refuse("message is too long")
