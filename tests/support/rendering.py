"""What readers see of what a formatter makes; whatever a platform would refuse or drop fails here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import pytest
from rich.text import Text

from formatters.locale import Phrases, phrases
from formatters.message import Formatter, Message
from formatters.slack import SlackFormatter
from formatters.spans import Spans, plain
from formatters.telegram import BOT, TelegramFormatter
from formatters.terminal import TerminalFormatter
from tests.support.fakes import blocks, markup, mrkdwn
from tests.support.fakes.telegram_keyboards import checked
from tests.support.golden import POSTS, digest_of, is_digest

LANGUAGES = ("ko", "en")
ASIDE = ("https://", "http://", "copy ")  # what is opened or copied instead of sending a line
LONGEST_LABELS = {"telegram": 64, "slack": 75, "terminal": 0}


_CONTAINER = {"type", "title", "is_collapsible", "default_collapsed", "child_blocks"}


class Seen(NamedTuple):
    """A message as its reader sees it."""

    text: str
    links: list[tuple[str, str]]
    rows: Sequence[Sequence[tuple[str, str]]] = ()  # of buttons: label, and the line that pressing it sends

    @property
    def buttons(self) -> list[tuple[str, str]]:
        return [button for row in self.rows for button in row]


def seen(channel: str, body: Mapping[str, object]) -> Seen:
    """Give what readers see of a body; fail where the platform would refuse it or drop a part."""
    spelled = json.dumps(body)
    assert json.loads(spelled) == body
    return _seen(channel, spelled)


@lru_cache(4096)
def _seen(channel: str, spelled: str) -> Seen:
    show = {"telegram": _seen_in_telegram, "slack": _seen_in_slack, "terminal": _seen_in_terminal}[channel]
    found = show(json.loads(spelled))
    assert all(url.startswith(("http://", "https://")) for _, url in found.links)
    assert all(label.strip() and len(label) <= LONGEST_LABELS[channel] for label, _ in found.buttons)
    lines = [line for _, line in found.buttons if not line.startswith(ASIDE)]
    assert all(line.startswith("/") and len(line.encode()) <= 64 for line in lines)
    return found


# Telegram


def _seen_in_telegram(body: dict[str, Any]) -> Seen:
    assert body.keys() - {"reply_markup"} == {"text", "parse_mode", "link_preview_options", "disable_notification"}
    assert len(body["text"].encode()) <= markup.MAX_RAW_TEXT
    assert body["link_preview_options"] == {"is_disabled": True}
    text, entities = markup.parse(body["text"], body["parse_mode"])
    units = text.encode("utf-16-le")
    assert 0 < len(units) // 2 <= markup.MAX_TEXT
    assert len(entities) <= markup.MAX_ENTITIES
    assert sum("<a " in tag for tag in re.findall("<[^>]*>", body["text"])) == sum("url" in each for each in entities)
    return Seen(
        text,
        [
            (units[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le"), each["url"])
            for each in entities
            if "url" in each
        ],
        _keys(body["reply_markup"]) if "reply_markup" in body else (),
    )


def _keys(keyboard: dict[str, Any]) -> list[list[tuple[str, str]]]:
    assert checked(keyboard, in_channel=True) == keyboard
    assert keyboard.keys() == {"inline_keyboard"}
    assert all(keyboard["inline_keyboard"])
    return [[(key["text"], _line_of(key)) for key in row] for row in keyboard["inline_keyboard"]]


def _line_of(key: dict[str, Any]) -> str:
    """Give the line that a key sends, here or, by a link to the bot, in its private chat."""
    if "callback_data" in key:
        assert key.keys() == {"text", "callback_data"}
        return str(key["callback_data"])
    if "copy_text" in key:
        assert key.keys() == {"text", "copy_text"}
        return f"copy {key['copy_text']['text']}"
    assert key.keys() == {"text", "url"}
    if not key["url"].startswith("https://t.me/"):
        return str(key["url"])
    payload = re.fullmatch(r"https://t\.me/BOT\?start=([A-Za-z0-9_-]{1,64})", key["url"])
    assert payload is not None
    assert key["url"].startswith(BOT)
    return f"/start {payload[1]}"


# Slack


def _seen_in_slack(body: dict[str, Any]) -> Seen:
    assert body.keys() == {"text", "blocks", "mrkdwn", "unfurl_links", "unfurl_media"}
    assert {body["mrkdwn"], body["unfurl_links"], body["unfurl_media"]} == {False}
    blocks.check_blocks(body["blocks"])
    assert blocks.pings_in_blocks(body["blocks"]) == []
    assert 0 < len(body["text"]) <= 4000
    assert re.fullmatch(r"(?:[^<>&]|&(?:lt|gt|amp);)*", body["text"])
    shown = [_block(block) for block in body["blocks"]]
    links = [link for block in shown for link in block.links]
    addresses = [
        url for block, one in zip(body["blocks"], shown, strict=True) for _, url in one.links if _is_rich(block)
    ]
    assert blocks.size(body["blocks"]) + sum(map(len, addresses)) <= blocks.MAX_TEXT
    return Seen(
        "\n".join(block.text for block in shown if block.text), links, [row for one in shown for row in one.rows]
    )


def _is_rich(block: dict[str, Any]) -> bool:
    return bool(block["type"] == "rich_text")


def _block(block: dict[str, Any]) -> Seen:
    """Read one block; the text of a section is plain where a button stands beside it."""
    if block["type"] == "rich_text":
        parts = [line for part in block["elements"] for line in _lines(part)]
        links = [(each["text"], each["url"]) for part in parts for each in part if "url" in each]
        return Seen("\n".join("".join(each["text"] for each in part) for part in parts), links)
    if block["type"] == "container":
        return _open(block)
    if block["type"] == "section" and "accessory" not in block:
        assert block.keys() - {"expand"} == {"type", "text"}
        return Seen(*_text_of(block["text"]))
    if block["type"] == "context":
        assert block.keys() == {"type", "elements"}
        [element] = block["elements"]
        return Seen(*_text_of(element))
    if block["type"] == "section":
        assert block.keys() == {"type", "text", "accessory"}
        return Seen(_means_itself(block["text"]), [], [[_pressed(block["accessory"])]])
    assert block.keys() == {"type", "elements"}
    return Seen("", [], [[_pressed(button) for button in block["elements"]]])


def _open(container: dict[str, Any]) -> Seen:
    """Read a container that somebody opened."""
    assert container.keys() - {"subtitle"} == _CONTAINER
    named = [_means_itself(container[name]) for name in ("title", "subtitle") if name in container]
    inside = [_block(block) for block in container["child_blocks"]]
    text = "\n".join([*named, *(one.text for one in inside if one.text)])
    return Seen(text, [link for one in inside for link in one.links], [row for one in inside for row in one.rows])


def _text_of(text: dict[str, Any]) -> mrkdwn.Shown:
    assert text["emoji"] is False if text["type"] == "plain_text" else text["verbatim"] is True
    return mrkdwn.shown(text)


def _lines(part: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Give the elements of each line of a part; Slack shows the marks of a list itself."""
    if part["type"] != "rich_text_list":
        return [part["elements"]]
    first, blanks = part.get("offset", 0) + 1, "  " * part["indent"]
    return [
        [{"text": f"{blanks}{number}. " if part["style"] == "ordered" else f"{blanks}• "}, *one["elements"]]
        for number, one in enumerate(part["elements"], first)
    ]


def _pressed(button: dict[str, Any]) -> tuple[str, str]:
    assert button.keys() == {"type", "text", "action_id", "url" if "url" in button else "value"}
    assert re.fullmatch(r"line/[a-z]+\d+(?:/\d+)?", button["action_id"])
    return _means_itself(button["text"]), button.get("url") or button["value"]


def _means_itself(text: dict[str, Any]) -> str:
    assert (text["type"], text["emoji"]) == ("plain_text", False)
    return str(text["text"])


# The terminal


def _seen_in_terminal(body: dict[str, Any]) -> Seen:
    assert body.keys() == {"markup"}
    text = Text.from_markup(body["markup"], emoji=False)
    styled = [(text.plain[span.start : span.end], str(span.style)) for span in text.spans]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text.plain)
    return Seen(text.plain, [(label, style.removeprefix("link ")) for label, style in styled if "link " in style])


# What must not be lost

OBEYED = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])
# Turns of direction are dropped everywhere; the joiner breaks what Telegram would take for a mention.
DROPPED = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2060])


def letters(text: str) -> str:
    """Leave what must not be lost: all but white space and control characters."""
    return "".join(text.translate(OBEYED | DROPPED).split())


def letters_of(spans: Spans) -> str:
    return letters(plain(spans))


def same_link(url: str) -> str:
    """Spell an address as Telegram shows it: hosts in small letters, a path always."""
    found = re.match(r"(https?://)([^/?#]+)/?(.*)", url, re.DOTALL)
    assert found is not None
    return f"{found[1]}{found[2].lower()}/{found[3]}"


def same_links(urls: Iterable[str]) -> set[str]:
    return {same_link(url) for url in urls}


# Formatters and digests


class Case(NamedTuple):
    """A formatter in one of its languages."""

    formatter: Formatter
    words: Phrases
    buttons: bool = False

    def __str__(self) -> str:
        return f"{self.formatter.channel}-{self.words.language}{'-buttons' * self.buttons}"

    def see(self, message: Message) -> Seen:
        return seen(self.formatter.channel, message.body)

    def write(self, message: Message) -> str:
        """Write a message for people to compare, its buttons below it, in Slack those of an item behind its text."""
        body: Mapping[str, Any] = message.body
        if "blocks" not in body:
            return "\n".join([str(body.get("markup") or body["text"]), *map(_written, self.see(message).rows)])
        parts = [seen("slack", {**body, "blocks": [block]}) for block in body["blocks"]]
        return "\n\n".join(" ".join([part.text, *map(_written, part.rows)]).strip() for part in parts)


def _written(row: Sequence[tuple[str, str]]) -> str:
    return " ".join(f"[{label} → {line}]" for label, line in row)


KINDS: list[Callable[[Phrases], Formatter]] = [TelegramFormatter, SlackFormatter, TerminalFormatter]
CASES = [Case(kind(phrases(language)), phrases(language)) for language in LANGUAGES for kind in KINDS]
LISTENING = [
    Case(formatter, phrases(language), buttons=True)
    for language in LANGUAGES
    for formatter in (
        TelegramFormatter(phrases(language), buttons=True),
        SlackFormatter(phrases(language), buttons=True),
    )
]
DIGESTS = {digest.id: digest for digest in map(digest_of, filter(is_digest, POSTS))}
COMMON, UNSAFE, FORTY = (
    DIGESTS["daily-papers/2025-01-06"],
    DIGESTS["arxiv/2025-01-10"],
    DIGESTS["daily-papers/2025-01-15"],
)

each_case = pytest.mark.parametrize("case", CASES, ids=str)
all_cases = pytest.mark.parametrize("case", [*CASES, *LISTENING], ids=str)
each_digest = pytest.mark.parametrize("digest", list(DIGESTS.values()), ids=list(DIGESTS))
