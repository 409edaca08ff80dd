"""What chats show, and what they should show of a digest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from bot.channels import kit_of
from bot.channels.telegram.channel import message_link
from bot.config.settings import Settings
from bot.delivery.channel import Delivered, Undecided
from formatters import placeholders
from formatters.edition import THREAD, Edition
from formatters.locale import phrases
from formatters.message import Formatter
from formatters.model import Digest
from formatters.page import reference
from formatters.slack import SlackFormatter
from formatters.telegram import BOT, TelegramFormatter
from tests.faults.outcome import Looks, Seen, Wanted, heading
from tests.faults.tally import Verdict
from tests.support.chats import CHANNEL, CHANNEL_NAME, FORUM_TOPIC, GROUP, READER, SLACK_CHAT
from tests.support.fakes.markup import content
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.slack_channels import SlackMessage
from tests.support.fakes.telegram import FakeTelegram
from tests.support.fakes.telegram_chats import TelegramMessage
from tests.support.setup import add_chats

CHATS = (CHANNEL_NAME, GROUP, FORUM_TOPIC, READER, SLACK_CHAT)


@dataclass
class Chats:
    """The chats of both platforms, as their readers see them."""

    telegram: FakeTelegram
    slack: FakeSlack
    names: Sequence[str] = CHATS
    buttons: bool = False  # does the program listen to readers, and so put buttons below papers?
    here: Collection[str] = (GROUP, FORUM_TOPIC, READER)  # where buttons are answered in the chat itself
    plain: set[tuple[str, str]] = field(default_factory=set)  # chat and key of what was refused with its markup
    moved: dict[str, str] = field(default_factory=dict)  # the present address of chats that moved

    def __post_init__(self) -> None:
        add_chats(self.telegram, self.slack)

    def shown(self, chat: str) -> list[Seen]:
        """Give what a chat shows, in order of arrival, before and after it moved."""
        if chat == SLACK_CHAT:
            return self._shown_in_slack()
        places = [self.canonical_address(chat), *([self.moved[chat]] if chat in self.moved else [])]
        topic = chat.partition(":")[2]
        return [_of_telegram(message, topic) for place in places for message in self.telegram.shown(place)]

    def count_before_move(self, chat: str) -> int:
        """Count what is shown where a chat was before it moved."""
        return len(self.telegram.shown(chat)) if chat in self.moved else 0

    def wanted(
        self,
        chat: str,
        digest: Digest,
        edition: Edition | None = None,
        language: str = "ko",
        held: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Wanted]:
        """Give what a chat should show of a digest, in the edition that it receives by itself unless one is named.

        The index leads to the messages that it holds: `held` has their ids by key.
        """
        in_slack = chat == SLACK_CHAT
        edition, wanted = edition or self._own_edition(chat), []
        links = self._links(chat, digest, edition, held) if edition.linked else {}
        words = phrases(edition.language or language)
        formatter: Formatter = SlackFormatter(words) if in_slack else TelegramFormatter(words, buttons=self.buttons)
        for message in formatter.digest(digest, edition):
            filled = placeholders.fill(message.body, links)
            body = formatter.plain(filled) if (chat, message.key) in self.plain else filled
            threaded = edition.layout == THREAD and message.key != "index"
            looks = _in_slack(body, threaded) if in_slack else self._in_telegram(body)
            wanted.append(Wanted(message.key, heading(str(looks["text"])), looks))
        return wanted

    def _own_edition(self, chat: str) -> Edition:
        in_slack = chat == SLACK_CHAT
        usual = kit_of("slack" if in_slack else "telegram").usual_edition(Settings()).edition()
        here = not in_slack and self.buttons and chat in self.here
        return replace(usual, buttons_in_chat=here, linked=in_slack or chat.startswith(("@", "-100")))

    def _links(self, chat: str, digest: Digest, edition: Edition, held: Mapping[str, str]) -> dict[str, str]:
        """Give the addresses of the messages that a chat holds about papers, by ref; none where it lacks the index."""
        keys = {reference(digest, paper): f"paper/{paper.id}" for paper in digest.papers}
        thread = held.get("index", "") if edition.layout == THREAD else ""
        there = {ref: held[key] for ref, key in keys.items() if key in held and "index" in held}
        return {ref: self._link(chat, remote_id, thread) for ref, remote_id in there.items()}

    def _link(self, chat: str, remote_id: str, thread: str) -> str:
        if chat != SLACK_CHAT:
            return message_link(self.moved.get(chat, chat), remote_id)
        place = f"?thread_ts={thread}&cid={chat}" if thread else ""
        return f"https://fake.slack.com/archives/{chat}/p{remote_id.replace('.', '')}{place}"

    def canonical_address(self, chat: str) -> str:
        """Give the number by which the fake Telegram knows a chat."""
        return CHANNEL if chat == CHANNEL_NAME else chat.partition(":")[0]

    def judge(self, said: Mapping[str, str]) -> Verdict:
        """Tell whether the program was right about an unconfirmed send."""
        unconfirmed = f"{said['channel']} {said['address']} {said['ref']}"
        if said["verdict"] == Undecided.__name__:
            return Verdict(said["channel"], unconfirmed, said["verdict"], None)
        copies = self._copies(said)
        right = said["remote_id"] in copies if said["verdict"] == Delivered.__name__ else len(copies) <= 1
        return Verdict(said["channel"], unconfirmed, said["verdict"], right)

    def _copies(self, said: Mapping[str, str]) -> list[str]:
        """List the ids of all messages that are the unconfirmed one: by key in Slack, by heading in Telegram."""
        if said["channel"] == "slack":
            return [one.ts for one in self.slack.shown(SLACK_CHAT) if _key(one) == said["ref"]]
        text, _ = content({"text": said["text"], "parse_mode": "HTML"})
        address = said["address"]  # of a chat that is part of the case, or of a reader who subscribed beside
        chat = next((name for name in self.names if address in (name, self.moved.get(name))), address)
        return [seen.id for seen in self.shown(chat) if seen.heading == heading(text)]

    def _shown_in_slack(self) -> list[Seen]:
        messages = self.slack.shown(SLACK_CHAT)
        parents = {message.ts for message in messages if not message.thread_ts}
        return [_of_slack(message, parents) for message in messages]

    def _in_telegram(self, body: Mapping[str, Any]) -> Looks:
        text, entities = content(dict(body))
        keyboard = body.get("reply_markup")
        return {
            "text": text,
            "entities": entities,
            "buttons": [[self._named(key) for key in row] for row in keyboard["inline_keyboard"]] if keyboard else [],
            "silent": body["disable_notification"],
            "preview": body["link_preview_options"],
            "in its topic": True,
        }

    def _named(self, key: Mapping[str, str]) -> dict[str, str]:
        url = key.get("url", "").replace(BOT, BOT.replace("BOT", self.telegram.username))
        return {**key, **({"url": url} if url else {})}


def _of_telegram(message: TelegramMessage, topic: str) -> Seen:
    looks = {
        "text": message.text,
        "entities": message.entities,
        "buttons": message.buttons,
        "silent": message.silent,
        "preview": message.arguments["link_preview_options"],
        "in its topic": message.thread == (int(topic) if topic else None),
    }
    return Seen(str(message.id), heading(message.text), looks)


def _of_slack(message: SlackMessage, parents: set[str]) -> Seen:
    threaded = message.thread_ts in parents
    looks = {"text": message.text, "blocks": message.blocks, "in the thread": threaded}
    return Seen(message.ts, heading(message.text), looks)


def _in_slack(body: Mapping[str, object], threaded: bool) -> Looks:
    return {"text": body["text"], "blocks": body.get("blocks", []), "in the thread": threaded}


def _key(message: SlackMessage) -> object:
    return ((message.metadata or {}).get("event_payload") or {}).get("key")
