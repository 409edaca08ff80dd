"""Unconfirmed sends that cannot be reconciled: they are kept, reported, and delay nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.site import Site
from tests.support.chats import CHANNEL, READER, SLACK_CHAT
from tests.support.fakes.faults import Fault, forbidden, lost_answer, reset, slack_refusal


async def test_slack_without_the_right_to_read(site: Site) -> None:
    site.slack.scopes -= {"channels:history"}
    site.post(post(PAPERS))
    site.happen(lost_answer(method="chat.postMessage", skip=1), reset(method="chat.postMessage", skip=2))
    assert (await site.deliver()).code == 1
    site.check("channels:history", "channels:history")


async def test_slack_with_the_right_to_read_given_later(site: Site) -> None:
    site.slack.scopes -= {"channels:history"}
    site.post(post(PAPERS))
    site.happen(lost_answer(method="chat.postMessage", skip=1))
    assert (await site.deliver()).code == 1
    site.slack.scopes |= {"channels:history"}
    await site.finish(most=1)
    site.check()


async def test_a_channel_whose_other_posts_the_bot_might_overwrite(site: Site) -> None:
    """Somebody wrote there since the last digest; asking by editing would change that."""
    site.telegram.chat(CHANNEL).edits_others = True
    site.telegram.posts(CHANNEL, "a word from the editors")
    site.post(post(PAPERS))
    site.happen(lost_answer(method="sendMessage", chat=CHANNEL))
    assert (await site.deliver()).code == 1
    site.check("edit messages")


# A question that met a closed chat, which is open again when somebody types `retry`, perhaps because of another chat

ARCHIVED = slack_refusal("is_archived", method="conversations.history")
BLOCKED = forbidden("bot was blocked by the user", method="editMessageText", chat=READER)


@pytest.mark.parametrize(
    ("went_wrong", "typed"), [(lost_answer, ()), (lost_answer, (READER,)), (reset, ())], ids=["lost", "other", "absent"]
)
async def test_an_archived_channel_could_not_be_asked(
    site: Site, went_wrong: Callable[..., Fault], typed: tuple[str, ...]
) -> None:
    site.chats.names = (SLACK_CHAT, READER)
    await _retry_when_open_again(site, SLACK_CHAT, typed, went_wrong(method="chat.postMessage"), ARCHIVED)


@pytest.mark.parametrize("went_wrong", [lost_answer, reset])
async def test_a_reader_who_blocked_the_bot_could_not_be_asked(site: Site, went_wrong: Callable[..., Fault]) -> None:
    site.chats.names = (READER,)
    fault = went_wrong(method="sendMessage", chat=READER, skip=1)
    await _retry_when_open_again(site, READER, (), fault, BLOCKED)


async def _retry_when_open_again(site: Site, chat: str, typed: tuple[str, ...], *faults: Fault) -> None:
    """What stands in the chat is found, not sent again; what does not is sent."""
    site.post(post(PAPERS))
    site.happen(*faults)
    assert (await site.deliver()).code == 1
    assert [entry.state for entry in site.entries(chat)].count("unconfirmed") == 1
    await site.start("retry", *typed)
    assert (await site.end()).code == 0
    await site.finish(most=1)
    site.check()
