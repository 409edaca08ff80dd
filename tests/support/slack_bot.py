"""A fake Slack with a delivered digest, and Paperboy listening to its readers."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import SecretStr

from bot.channels import all_kits
from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.listener import PATH, slack_listener
from bot.config.settings import Operators, Settings, Slack
from bot.conversation.listener import Listener
from bot.conversation.router import CommandRouter
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.planner import plan
from bot.delivery.replies import ReplySender
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.deliveries import Subscription
from bot.sources.folder import FolderSource
from bot.web.server import Web
from formatters.locale import phrases
from formatters.slack import SlackFormatter
from tests.support.chats import SLACK_CHAT
from tests.support.fakes.slack import FakeSlack, Http, Sent
from tests.support.fakes.slack_channels import SlackMessage
from tests.support.setup import DATA, ROOT, unthrottled
from tests.support.usual import usual_edition

Listen = Literal["socket", "http"]
FOREIGN = "C0FOREIGN"
MINA, ANN, BOSS, MAKER = "U0MINA", "U0ANN", "U0BOSS", "U0MAKER"
SECRET = "FAKE-signing-secret"
POST = "2025-01-08-daily-papers-20250108.md"
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "slack-manifest.yaml").read_text("utf-8"))
LONG = "2025-01-15-daily-papers-20250115.md"


def workspace() -> FakeSlack:
    """Give a workspace with the app of our manifest, a channel that it is in, and one that it is not in."""
    slack = FakeSlack(scopes=MANIFEST["oauth_config"]["scopes"]["bot"])
    slack.add_channel(SLACK_CHAT, name="papers", creator=MAKER)
    slack.add_channel(FOREIGN, name="foreign", member=False)
    slack.add_user(MINA, "mina", locale="ko-KR")
    slack.add_user(ANN, "ann", locale="en-US")
    slack.add_user(BOSS, "boss", locale="en-GB", admin=True)
    slack.add_user(MAKER, "maker", locale="en-US")
    return slack


def text_of(message: SlackMessage | dict[str, Any]) -> str:
    """Give what somebody reads in a message or a view, with the labels of buttons in brackets."""
    return _read(message.blocks if isinstance(message, SlackMessage) else message.get("blocks", []))


def _read(node: Any) -> str:
    if isinstance(node, list):
        return "".join(map(_read, node))
    if not isinstance(node, dict):
        return ""
    if node.get("type") == "button":
        return f"[{node['text']['text']}]"
    if node.get("type") == "rich_text_list":
        return "".join(f"\n• {_read(item)}" for item in node["elements"]) + "\n"
    text = node.get("text")
    own = text if isinstance(text, str) else _read(text)
    return own + "".join(_read(node.get(part)) for part in ("elements", "accessory"))


@dataclass
class SlackBot:
    """The fake Slack, and the parts of Paperboy that listen to it."""

    slack: FakeSlack
    ledger: Ledger
    channel: SlackChannel
    router: CommandRouter
    listener: Listener
    listening: asyncio.Task[None]
    stopping: asyncio.Event

    async def slash(self, line: str, user: str = ANN, chat: str = SLACK_CHAT) -> str:
        """Type a slash command and give what is read in its acknowledgement."""
        sent = await self.sent(line, user, chat)
        return text_of(sent.answer) if sent.answer else ""

    async def sent(self, line: str, user: str = ANN, chat: str = SLACK_CHAT) -> Sent:
        name, _, text = line.partition(" ")
        sent = await self.slack.slash(name, text, user, chat)
        assert sent.error == ""
        return sent

    def ephemeral(self, user: str = ANN, chat: str = SLACK_CHAT) -> list[str]:
        """Give what somebody reads in the ephemeral messages of a chat."""
        return [text_of(shown) for shown in self.slack.ephemeral(chat, user)]

    def last(self, user: str = ANN, chat: str = SLACK_CHAT) -> str:
        """Give the ts of the ephemeral message that somebody saw last."""
        return self.slack.ephemeral(chat, user)[-1].ts

    async def press(self, what: str, user: str = ANN, chat: str = SLACK_CHAT, ts: str = "", **more: Any) -> Sent:
        """Press a button, of the last ephemeral message unless another is named."""
        return await self.slack.presses(chat, ts or self.last(user, chat), user, what, **more)

    async def chat(self, address: str = SLACK_CHAT) -> Subscription | None:
        return await self.ledger.subscriptions.find("slack", (address,))

    async def quiet(self) -> None:
        """Wait until every answer under way has arrived."""
        replies = self.listener._events.replies  # type: ignore[attr-defined]
        while replies._under_way:
            await asyncio.wait(replies._under_way)


def slack_channel(slack: FakeSlack) -> SlackChannel:
    formatter = SlackFormatter(phrases("ko"), buttons=True)
    return SlackChannel(slack.token, slack.base_url, formatter, unthrottled())


async def deliver(ledger: Ledger, channel: SlackChannel, *posts: str) -> None:
    """Deliver posts into the channel, one after the other."""
    folder = Path("_posts")
    folder.mkdir(exist_ok=True)
    await ledger.subscriptions.sync_chats("slack", usual_edition("thread"), {SLACK_CHAT: SLACK_CHAT})
    for post in posts:
        shutil.copy(DATA / post, folder)
        found = await FolderSource("daily", folder).digests()
        await plan(ledger, "daily", found, {"slack": channel.formatter}, Rules())
        await ledger.open_at("", 0.0)
        await Dispatcher(ledger, {"slack": channel}).run()


def settings(slack: FakeSlack, listen: Listen = "socket", **more: Any) -> Slack:
    secrets = {"app_token": SecretStr(slack.app_token), "signing_secret": SecretStr(SECRET)}
    return Slack(bot_token=SecretStr(slack.token), base_url=slack.base_url, listen=listen, **{**secrets, **more})


_DELIVERED: dict[
    tuple[str, ...], tuple[bytes, dict[str, SlackMessage]]
] = {}  # by posts: the ledger, and the messages in the channel


async def deliver_once(slack: FakeSlack, channel: SlackChannel, posts: tuple[str, ...]) -> None:
    """Deliver posts; the result is kept for all tests, since delivery takes longer than they do."""
    file, messages = Path("paperboy.db"), slack.channel(SLACK_CHAT).messages
    if posts not in _DELIVERED:
        async with open_ledger(f"sqlite:///{file}") as ledger:
            await deliver(ledger, channel, *posts)
        _DELIVERED[posts] = file.read_bytes(), deepcopy(messages)
    content, shown = _DELIVERED[posts]
    file.write_bytes(content)
    messages.update(deepcopy(shown))


@asynccontextmanager
async def open_slack_bot(
    slack: FakeSlack,
    listen: Listen = "socket",
    posts: tuple[str, ...] = (POST,),
    wake: Callable[[], object] = lambda: None,
    *,
    connected: bool = True,
    **more: Any,
) -> AsyncIterator[SlackBot]:
    """Deliver, and listen until the test ends."""
    channel, own = slack_channel(slack), settings(slack, listen, **more)
    stopping, server = asyncio.Event(), Web("127.0.0.1", 0)
    await deliver_once(slack, channel, posts)
    async with open_ledger("sqlite:///paperboy.db") as ledger:
        whole = Settings(slack=own, operators=Operators.model_validate({"slack": [BOSS]}))
        router = CommandRouter(
            ledger, whole, all_kits(), {"slack": channel.formatter}, {"slack": channel.id_sequence}, wake
        )
        listener = slack_listener(own, channel, router, ReplySender(channel, ledger.replies), server)
        parts: list[Listener] = [listener, server] if server.used else [listener]
        tasks = [asyncio.create_task(part.listen(stopping)) for part in parts]
        slack_bot = SlackBot(slack, ledger, channel, router, listener, tasks[0], stopping)
        try:
            if listen == "http":
                await server.ready.wait()
                slack.reach = Http(f"http://127.0.0.1:{server.port}{PATH}", SECRET)
            elif connected:
                slack.reach = slack.sockets
                await slack.sockets.opened()
            yield slack_bot
        finally:
            stopping.set()
            await asyncio.gather(*tasks)
            await channel.close()
