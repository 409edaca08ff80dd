"""What the platforms refuse: the bot, a chat, a message."""

from __future__ import annotations

import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.site import Site
from tests.support.chats import CHANNEL, FORUM_TOPIC, GROUP, READER, SLACK_CHAT
from tests.support.fakes.faults import Fault, bad_request, forbidden, lost_answer, slack_refusal, unauthorized

OTHER = "67890"  # another private chat
NEW = "-1009999999999"  # what a group becomes


# Why each chat but the forum is closed, from the first message on and from a later one on.
CLOSED = {
    0: {
        READER: "bot was blocked by the user",
        OTHER: "bot can't initiate conversation with a user",
        GROUP: "bot was kicked from the supergroup chat",
        CHANNEL: "bot is not a member of the channel chat",
        SLACK_CHAT: "channel_not_found",
    },
    2: {
        READER: "user is deactivated",
        OTHER: "bot can't send messages to bots",
        GROUP: "bot is not a member of the supergroup chat",
        CHANNEL: "bot was kicked from the channel chat",
        SLACK_CHAT: "is_archived",
    },
}


@pytest.mark.parametrize("skip", CLOSED)
async def test_chats_that_are_closed_and_open_again(site: Site, skip: int) -> None:
    reasons = dict(CLOSED[skip])
    site.chats.names = [*site.chats.names, OTHER]
    site.telegram.add_chat(OTHER, kind="private")
    site.post(post(PAPERS))
    site.happen(slack_refusal(reasons.pop(SLACK_CHAT), method="chat.postMessage", skip=skip, times=None))
    for chat, why in reasons.items():
        site.happen(forbidden(why, method="sendMessage", chat=chat, skip=skip, times=None))
    said = (await site.deliver()).err
    assert [why for why in CLOSED[skip].values() if why not in said] == []
    assert len(site.chats.shown(FORUM_TOPIC)) == len(PAPERS) + 1
    assert {len(site.chats.shown(chat)) for chat in site.chats.names if chat != FORUM_TOPIC} == {skip}
    site.heal()
    site.post(post([*PAPERS, 9], "새"))  # they missed this, too
    await site.finish(most=1)
    site.check()


async def test_killed_where_a_chat_is_paused(site: Site) -> None:
    """What a channel refused stays to be done, and its papers stand in the thread of the index."""
    site.post(post(PAPERS))
    site.happen(slack_refusal("is_archived", method="chat.postMessage"))
    assert (await site.deliver(killed_at=r"UPDATE chats .*is_archived")).killed
    await site.finish(most=1)
    site.check()


async def test_tokens_that_are_revoked_in_mid_run(site: Site) -> None:
    """A send that was unconfirmed at that moment is reconciled when there is a token again."""
    site.post(post(PAPERS))
    site.happen(lost_answer(method="sendMessage", chat=GROUP, skip=1), unauthorized(skip=10, times=None))
    site.happen(slack_refusal("token_revoked", method="chat.postMessage", skip=2, times=None))
    ended = await site.deliver()
    assert ended.code == 1
    assert all(words in ended.err for words in ("BotFather", "reinstall the app"))
    site.heal()
    await site.finish(most=1)
    site.check()


async def test_slack_has_an_internal_error(site: Site) -> None:
    """An internal_error says nothing about the message: here one did not arrive, one did."""
    site.post(post(PAPERS))
    error = slack_refusal("internal_error", method="chat.postMessage", skip=1)
    site.happen(error, Fault("garbled", error.answer, method="chat.postMessage", skip=1))
    await site.finish(most=1)
    site.check()


async def test_messages_that_are_refused_go_out_as_plain_text(site: Site) -> None:
    """These alone: all others keep their markup."""
    site.post(post(PAPERS))
    site.happen(bad_request("can't parse entities: unsupported start tag", method="sendMessage", chat=READER, skip=2))
    site.happen(bad_request("message is too long", method="sendMessage", chat=GROUP))
    site.happen(slack_refusal("invalid_blocks", method="chat.postMessage", skip=1))
    site.chats.plain = {(READER, "paper/2502.00002"), (GROUP, "index"), (SLACK_CHAT, "paper/2502.00001")}
    await site.finish(most=1)
    site.check()


async def test_a_new_wording_gets_its_markup_back(site: Site) -> None:
    site.post(post(PAPERS))
    site.happen(bad_request("can't parse entities: unsupported start tag", method="sendMessage", chat=READER, skip=2))
    site.happen(slack_refusal("invalid_blocks", method="chat.postMessage", skip=1))
    await site.finish(most=1)
    site.post(post(PAPERS, "새"))
    site.happen(bad_request("can't parse entities: unsupported start tag", method="editMessageText", chat=GROUP))
    site.chats.plain = {(GROUP, "paper/2502.00001")}
    await site.finish(most=1)
    site.check()


async def test_what_is_refused_even_as_plain_text_delays_nothing_else(site: Site) -> None:
    site.post(post(PAPERS))
    site.happen(bad_request("message is too long", method="sendMessage", chat=READER, skip=2, times=2))
    site.happen(slack_refusal("msg_too_long", method="chat.postMessage", skip=2, times=2))
    assert (await site.deliver()).code == 1
    site.check("Message is too long", "msg_too_long")


async def test_a_group_that_becomes_a_supergroup_in_the_middle(site: Site) -> None:
    await _moved(site)
    await site.finish(most=1)
    site.check()


async def test_an_unconfirmed_send_in_a_group_that_becomes_a_supergroup(site: Site) -> None:
    """It cannot be looked for in the old group any more, and readers of the new one see the old messages too."""
    site.happen(lost_answer(method="sendMessage", chat="-4321", skip=1))
    await _moved(site)
    for _ in range(2):
        await site.deliver()
    site.check("supergroup")


async def _moved(site: Site) -> None:
    """Let a group become a supergroup once it has two messages."""
    group = site.telegram.add_chat("-4321", kind="group")
    site.telegram.add_chat(NEW, kind="supergroup")
    site.chats.names = ["-4321"]
    site.chats.moved = {"-4321": NEW}
    site.post(post(PAPERS))

    def move() -> None:
        group.migrate_to = NEW

    site.at(2, move, answered=True, method="sendMessage")
    site.faults += 1
