"""The Web API of a fake Slack, with Slack's own refusals and more for typos (docs.slack.dev/reference/methods)."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web

from tests.support.fakes.answers import Answer, ok
from tests.support.fakes.message_links import check_in_slack
from tests.support.fakes.server import Arguments, Call, FakeServer, words
from tests.support.fakes.slack_answers import Answers
from tests.support.fakes.slack_channels import (
    BOT,
    TEAM,
    Channel,
    Channels,
    SlackMessage,
    described,
    is_parent,
    page,
    spelled,
)
from tests.support.fakes.slack_content import content, explain, metadata, pings, refuse
from tests.support.fakes.slack_people import People
from tests.support.fakes.slack_socket import PATH, Sockets

TOKEN = "xoxb-FAKE-slack-token"
APP_TOKEN = "xapp-1-FAKE-slack-app-token"
SCOPES = words("chat:write channels:history channels:read")  # no chat:write.public: it must be a member
# What an app needs that talks with people, too.
CONVERSATION_SCOPES = SCOPES | words("app_mentions:read commands im:history im:read im:write users:read")
MAX_UPDATE = 4000  # characters; more is refused (chat.update)

_PAGE = "channel cursor limit oldest latest inclusive include_all_metadata"
_CONTENT = "channel text blocks metadata parse link_names reply_broadcast"
ARGUMENTS = {
    "apps.connections.open": words(""),
    "auth.test": words(""),
    "chat.postMessage": words(f"{_CONTENT} thread_ts mrkdwn unfurl_links unfurl_media"),
    "chat.postEphemeral": words("channel user text blocks thread_ts parse link_names"),
    "chat.update": words(f"{_CONTENT} ts"),
    "chat.delete": words("channel ts"),
    "conversations.info": words("channel include_num_members include_locale"),
    "conversations.list": words("cursor exclude_archived limit types"),
    "conversations.open": words("channel users return_im"),
    "conversations.history": words(_PAGE),
    "conversations.replies": words(f"{_PAGE} ts"),
    "users.info": words("user include_locale"),
    "views.publish": words("user_id view hash"),
}
# Where a channel is named, its kind decides: im:read in place of channels:read.
NEEDED = {
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "conversations.info": "channels:read",
    "conversations.open": "im:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "users.info": "users:read",
}
# What lists channels of a type.
LISTED = {"public_channel": "channels:read", "private_channel": "groups:read"}
OF_THE_APP = words("apps.connections.open")  # takes an app-level token, all others a bot's


class SlackApi(FakeServer):
    """Answer the methods that Paperboy needs, and the response_urls; hold the sockets."""

    encoded = words(
        "blocks metadata view limit inclusive include_all_metadata include_locale mrkdwn link_names reply_broadcast"
        " return_im unfurl_links unfurl_media exclude_archived"
    )

    def __init__(
        self,
        port: int = 0,
        token: str = TOKEN,
        scopes: Iterable[str] = SCOPES,
        clock: Callable[[], float] = time.monotonic,
        app_token: str = APP_TOKEN,
    ) -> None:
        super().__init__(port, clock)
        self.token = token
        self.app_token = app_token
        self.scopes = set(scopes)
        self.knows_containers = True  # else it refuses them as a kind of block that it does not know
        self.revoked = ""  # with which code the bot's token is refused: token_revoked, account_inactive
        self.channels = Channels()
        self.people = People()
        self.answers = Answers(self.channels, clock)
        self.sockets = Sockets(clock)
        self._methods: dict[str, Callable[[Arguments], dict[str, Any]]] = {
            "apps.connections.open": lambda _: {"url": self.sockets.invite(self.origin)},
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.info": lambda arguments: {"channel": described(self._known(arguments))},
            "conversations.list": self._list,
            "conversations.open": self._open_direct,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "users.info": self.people.info,
            "views.publish": self.people.publish,
        }

    # What the server does

    def chat_of(self, arguments: Arguments) -> str:
        """Give the channel as the call names it."""
        return str(arguments.get("channel", ""))

    def routes(self) -> list[web.RouteDef]:
        """Serve the sockets, too."""
        return [web.get(PATH, self.sockets.serve)]

    async def stop(self) -> None:
        """Break the sockets first, which would hold the server open."""
        self.sockets.break_off()
        await super().stop()

    async def process(self, request: web.Request, call: Call) -> Answer:
        """Answer HTTP 200 whatever happens (Slack Web API, Evaluating responses)."""
        if request.path.startswith("/actions/"):
            return self.answers.use(request.path, call.arguments)
        arguments = dict(call.arguments)
        self._authorize(call.method, request.headers.get("Authorization", ""), arguments.pop("token", ""))
        if call.method not in self._methods:
            refuse("unknown_method", req_method=call.method)
        self._check_scope(self._needed(call))
        if arguments.pop("team_id", TEAM) != TEAM:  # Bolt adds it to whatever a listener calls
            refuse("invalid_arguments")
        unknown = sorted(arguments.keys() - ARGUMENTS[call.method])
        if unknown:
            explain("invalid_arguments", f"the fake server knows no argument {', '.join(unknown)}")
        if not self.knows_containers and any(
            block.get("type") == "container" for block in arguments.get("blocks") or []
        ):
            explain("invalid_blocks", "unsupported type: container")
        return replace(ok(**self._methods[call.method](arguments)), headers={"X-OAuth-Scopes": self._provided()})

    def _authorize(self, method: str, header: str, token: str) -> None:
        given = header.removeprefix("Bearer ") or token
        right, wrong = self.token, self.app_token
        if method in OF_THE_APP:
            right, wrong, given = wrong, right, header.removeprefix("Bearer ")  # never as a parameter, says its page
        if not given:
            refuse("not_authed")
        if given == wrong:
            refuse("not_allowed_token_type")
        if given != right:
            refuse("invalid_auth")
        if self.revoked and method not in OF_THE_APP:
            refuse(self.revoked)

    def _needed(self, call: Call) -> str:
        channel = self.channels.get(self.chat_of(call.arguments))
        return NEEDED.get(call.method, "").replace("channels:", f"{channel.scopes}:" if channel else "channels:")

    def _check_scope(self, needed: str) -> None:
        if needed and needed not in self.scopes:
            refuse("missing_scope", needed=needed, provided=self._provided())

    def _provided(self) -> str:
        return ",".join(sorted(self.scopes))

    def _known(self, arguments: Arguments) -> Channel:
        """Give the channel of a call; a private one is there only for members."""
        channel = self.channels.get(self.chat_of(arguments))
        if not channel or (channel.private and not channel.member):
            refuse("channel_not_found")
        return channel

    def _joined(self, arguments: Arguments) -> Channel:
        channel = self._known(arguments)
        if not channel.member:
            refuse("not_in_channel")
        return channel

    def _open(self, arguments: Arguments) -> Channel:
        """Give a channel to write to."""
        channel = self._known(arguments)
        if channel.archived:
            refuse("is_archived")
        if not channel.member and "chat:write.public" not in self.scopes:
            refuse("not_in_channel")
        return channel

    def _addressed(self, arguments: Arguments) -> Channel:
        """Give a channel to write to; only chat.postMessage takes a #name or a person, too."""
        address = self.chat_of(arguments)
        if address in self.people:
            return self.channels.direct(address)
        named = {f"#{channel.name}": channel.id for channel in self.channels if channel.name}
        return self._open({"channel": named.get(address, address)})

    # The methods

    def _auth_test(self, arguments: Arguments) -> dict[str, Any]:
        return {"url": "https://fake.slack.com/", "team": "Fake", "team_id": TEAM, "user": "paperboy"} | BOT

    def _post_message(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._addressed(arguments)
        message = self.channels.written(channel, arguments)
        check_in_slack(channel, message.blocks, partial(explain, "invalid_blocks"))
        if message.thread_ts and not is_parent(channel, message.thread_ts):
            refuse("thread_not_found")
        channel.messages[message.ts] = message
        return {"channel": channel.id, "ts": message.ts, "message": spelled(channel, message)}

    def _post_ephemeral(self, arguments: Arguments) -> dict[str, Any]:
        """Show a message to one member; the bot must be one, too, whatever its scopes."""
        channel = self._open(arguments)
        if not channel.member:
            refuse("not_in_channel")
        user = str(arguments.get("user", ""))
        if user not in channel.people:
            refuse("user_not_in_channel")
        message = self.channels.written(channel, arguments)
        channel.ephemeral.setdefault(user, {})[message.ts] = message
        return {"message_ts": message.ts}

    def _update(self, arguments: Arguments) -> dict[str, Any]:
        """Replace text and blocks, and metadata if there is any (chat.update)."""
        channel = self._open(arguments)
        message = _own(channel, arguments, "cant_update_message")
        text, blocks = content(arguments)
        check_in_slack(channel, blocks, partial(explain, "invalid_blocks"))
        if len(text) > MAX_UPDATE:
            refuse("msg_too_long")
        if "metadata" in arguments:
            message.metadata = metadata(arguments)
        message.text, message.blocks = text, blocks
        message.arguments, message.pings = arguments, pings(arguments, text, blocks)
        message.edits += 1
        whole = spelled(channel, message)
        return {"channel": channel.id, "ts": message.ts, "text": text, "message": whole}

    def _delete(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._open(arguments)
        message = _own(channel, arguments, "cant_delete_message")
        del channel.messages[message.ts]
        return {"channel": channel.id, "ts": message.ts}

    def _list(self, arguments: Arguments) -> dict[str, Any]:
        """List the channels of these types, of private ones those with the bot, page by page (conversations.list)."""
        types = words(str(arguments.get("types") or "public_channel"))
        for one in sorted({kind for item in types for kind in item.split(",")}):
            self._check_scope(LISTED.get(one) or refuse("invalid_types"))
        is_wanted = {False: "public_channel" in str(types), True: "private_channel" in str(types)}
        seen = [
            one for one in self.channels if not one.user and is_wanted[one.private] and (one.member or not one.private)
        ]
        there = [one for one in seen if not (arguments.get("exclude_archived") and one.archived)]
        start = int(arguments.get("cursor") or 0)
        end = start + min(arguments.get("limit") or 100, 1000)
        following = str(end) if end < len(there) else ""
        listed = [described(one) for one in there[start:end]]
        return {"channels": listed, "response_metadata": {"next_cursor": following}}

    def _open_direct(self, arguments: Arguments) -> dict[str, Any]:
        """Open the direct messages with one person (conversations.open); several would need mpim:write."""
        named = self.channels.get(self.chat_of(arguments))
        channel = named or self.channels.direct(self.people.known(arguments.get("users")).id)
        return {"channel": described(channel) if arguments.get("return_im") else {"id": channel.id}}

    def _history(self, arguments: Arguments) -> dict[str, Any]:
        """Give what stands in the channel itself, newest first (conversations.history)."""
        channel = self._joined(arguments)
        newest_first = reversed(channel.messages.values())
        return page(channel, [message for message in newest_first if _in_channel(message)], arguments)

    def _replies(self, arguments: Arguments) -> dict[str, Any]:
        """Give the parent and then its replies, oldest first (conversations.replies)."""
        channel = self._joined(arguments)
        parent = arguments.get("ts", "")
        if parent not in channel.messages:
            refuse("thread_not_found")
        thread = [message for message in channel.messages.values() if parent in (message.ts, message.thread_ts)]
        return page(channel, thread, arguments)


def _own(channel: Channel, arguments: Arguments, refusal: str) -> SlackMessage:
    message = channel.messages.get(arguments.get("ts", "")) or refuse("message_not_found")
    if not message.by_bot:
        refuse(refusal)
    return message


def _in_channel(message: SlackMessage) -> bool:
    return not message.thread_ts or message.broadcast
