"""A Slack as strict as the real one, which shows what readers would see and lets them speak.

Run it by hand: `python -m tests.support.fakes.slack --port 8082 --chat C0123ABCD:papers`.
"""

import argparse
import asyncio
import time
from typing import Any

from tests.support.fakes.server import serve_forever
from tests.support.fakes.slack_api import CONVERSATION_SCOPES, SCOPES, TOKEN
from tests.support.fakes.slack_channels import BOT, SOMEBODY, TEAM, Channel, SlackMessage, visible
from tests.support.fakes.slack_events import (
    command,
    corrected,
    echoed,
    escaped,
    in_ephemeral,
    in_home,
    in_message,
    linked,
    opened_home,
    pressed,
    said,
)
from tests.support.fakes.slack_people import Person
from tests.support.fakes.slack_presses import NotSentError, forge, press
from tests.support.fakes.slack_reach import Http, Sent
from tests.support.fakes.slack_sender import SlackSender

__all__ = ["CONVERSATION_SCOPES", "SCOPES", "TOKEN", "FakeSlack", "Http", "NotSentError", "Sent"]


class FakeSlack(SlackSender):
    """A workspace: the Web API that the app calls, and the people who write to the app.

    Each thing that somebody does gives what was sent to the app, with the app's acknowledgement. What Slack would
    not send raises NotSentError.
    """

    # What tests set up and look at

    @property
    def base_url(self) -> str:
        """Give what `AsyncWebClient` takes as base_url."""
        return f"{self.origin}/api/"

    def add_channel(
        self,
        channel: str,
        name: str,
        member: bool = True,
        archived: bool = False,
        *,
        private: bool = False,
        creator: str = SOMEBODY,
    ) -> Channel:
        """Open a channel."""
        return self.channels.add(Channel(channel, name, member, archived, private=private, creator=creator))

    def add_user(self, user: str, name: str, **conditions: Any) -> Person:
        """Let somebody join the workspace, as in `add_user("U1", "mina", locale="ko-KR", admin=True)`."""
        return self.people.add(Person(user, name, **conditions))

    def channel(self, channel: str) -> Channel:
        """Give the channel with this id, to set its conditions."""
        return self.channels[channel]

    def direct(self, user: str) -> Channel:
        """Give the direct messages between a person and the bot."""
        return self.channels.direct(user)

    def shown(self, channel: str) -> list[SlackMessage]:
        """Give the bot's messages in order of arrival, as they look now."""
        return [message for message in self.channels[channel].messages.values() if message.by_bot]

    def ephemeral(self, channel: str, user: str) -> list[SlackMessage]:
        """Give the ephemeral messages that somebody sees; those in a thread without replies stay unseen."""
        chat = self.channels[channel]
        return [message for message in chat.ephemeral.get(user, {}).values() if visible(chat, message)]

    def home(self, user: str) -> dict[str, Any]:
        """Give the view that somebody sees as App Home; empty for none."""
        return self.people[user].home

    def post_by_other(
        self, channel: str, text: str = "Hello", thread_ts: str | None = None, user: str = SOMEBODY
    ) -> str:
        """Let somebody else write there, and nobody tell the app."""
        chat = self.channels[channel]
        return self._written(chat, text, thread_ts, user).ts

    def delete(self, channel: str, ts: str) -> None:
        """Let an administrator delete a message."""
        del self.channels[channel].messages[ts]

    # What people do

    async def slash(self, name: str, text: str, user: str, channel: str) -> Sent:
        """Let somebody type a slash command; RefusalError if Slack would not show what is acknowledged with."""
        self._need("commands")
        chat = self._entered(channel, user)
        url = self.answers.open(self.origin, chat, user)
        sent = await self._send("slash_commands", command(chat, self.people[user], name, escaped(text), url))
        if sent.answer:
            self.answers.acknowledged(chat, user, sent.answer)
        return sent

    async def mentions(self, channel: str, user: str, text: str, thread_ts: str | None = None) -> Sent:
        """Let somebody write a message that mentions the bot."""
        self._need("app_mentions:read")
        chat = self._heard(channel, user)
        message = self._written(chat, linked(f"<@{BOT['user_id']}> {text}"), thread_ts, user)
        return await self._event(said(chat, message, "app_mention"))

    async def message_in(self, channel: str, user: str, text: str, thread_ts: str | None = None) -> Sent:
        """Let somebody write in a channel that the app reads."""
        chat = self._heard(channel, user)
        self._need(f"{chat.scopes}:history")
        return await self._event(said(chat, self._written(chat, linked(text), thread_ts, user)))

    async def message_im(self, user: str, text: str, thread_ts: str | None = None) -> Sent:
        """Let somebody write to the bot."""
        return await self.message_in(self.channels.direct(user).id, user, text, thread_ts)

    async def corrects(self, sent: Sent, text: str, seconds: float = 5.0) -> Sent:
        """Let somebody change a message of theirs so many seconds after it was written."""
        return await self._event(corrected(sent.payload["event"], linked(text), seconds))

    async def echoes(self, channel: str, ts: str, subtype: str = "") -> Sent:
        """Tell the app of its own message, as Slack does of every message; perhaps as a "bot_message"."""
        chat = self.channels[channel]
        self._need(f"{chat.scopes}:history")
        return await self._event(echoed(chat, chat.messages[ts], subtype))

    async def presses(
        self, channel: str, ts: str, user: str, what: str, option: str = "", *, forged: bool = False, value: str = ""
    ) -> Sent:
        """Let somebody press what has this action_id or a part of this label, in a message or an ephemeral one.

        Menus want an option, by its value or a part of its words. A forged press names any action_id and value.
        """
        chat = self._entered(channel, user)
        ephemeral = chat.ephemeral.get(user, {}).get(ts)
        message = ephemeral or chat.messages.get(ts)
        if not message:
            raise NotSentError(f"{user} sees no message {ts} in {channel}")
        action = forge(what, value) if forged else press(message.blocks, what, option)
        url = self.answers.open(self.origin, chat, user, message)
        surface = (in_ephemeral if ephemeral else in_message)(chat, message, action, url)
        return await self._send("interactive", pressed(self.people[user], action, self.channels.next_ts(), surface))

    async def presses_home(
        self, user: str, what: str, option: str = "", *, forged: bool = False, value: str = ""
    ) -> Sent:
        """Let somebody press something in the App Home."""
        person = self.people.met(user)
        action = forge(what, value) if forged else press(person.home.get("blocks", []), what, option)
        surface = in_home(person, action)
        return await self._send("interactive", pressed(person, action, self.channels.next_ts(), surface))

    async def opens_home(self, user: str, tab: str = "home") -> Sent:
        """Let somebody open the app; the other tab is "messages"."""
        return await self._event(opened_home(self.people.met(user), self.channels.direct(user), tab))

    async def joins(self, channel: str, user: str = BOT["user_id"], inviter: str = SOMEBODY) -> Sent:
        """Let somebody, or the bot, be invited into a channel."""
        chat = self.channels[channel]
        if user == BOT["user_id"]:
            chat.member = True
        self._entered(channel, user)
        event = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel,
            "channel_type": "C",
            "team": TEAM,
        }
        self._need(f"{chat.scopes}:read")
        return await self._event({**event, "channel_type": "G" if chat.private else "C", "inviter": inviter})

    async def leaves(self, channel: str, by: str = SOMEBODY) -> Sent:
        """Let the bot be removed from a channel."""
        chat = self.channels[channel]
        self._need(f"{chat.scopes}:read")
        chat.member = False
        return await self._event({"type": f"{chat.type}_left", "channel": channel, "actor_id": by})

    async def renames(self, channel: str, name: str) -> Sent:
        """Let a channel be called otherwise."""
        chat = self.channels[channel]
        self._need(f"{chat.scopes}:read")
        chat.name = name
        told = {"id": channel, "name": name, "created": int(time.time())}
        return await self._event({"type": f"{chat.type}_rename", "channel": told})

    async def archives(self, channel: str, by: str = SOMEBODY) -> Sent:
        """Let a channel be archived."""
        chat = self.channels[channel]
        self._need(f"{chat.scopes}:read")
        chat.archived = True
        return await self._event({"type": f"{chat.type}_archive", "channel": channel, "user": by})

    async def revokes(self) -> Sent:
        """Let the bot's token be revoked."""
        self.revoked = "token_revoked"
        return await self._event({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT["user_id"]]}})

    async def uninstalls(self) -> Sent:
        """Let the app be removed from the workspace."""
        self.revoked = "account_inactive"
        return await self._event({"type": "app_uninstalled"})


def main() -> None:
    """Serve for a person to try things out."""
    parser = argparse.ArgumentParser(description="A fake Slack Web API server.")
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--chat", action="append", metavar="ID:NAME")
    options = parser.parse_args()
    server = FakeSlack(options.port, options.token)
    for chat in options.chat or ("C0123ABCD:papers",):
        server.add_channel(*chat.split(":"))
    asyncio.run(serve_forever(server))


if __name__ == "__main__":
    main()
