"""Unconfirmed sends that cannot be reconciled: they are kept, reported, and delay nothing else."""

from __future__ import annotations

from tests.faults.posts import PAPERS, post
from tests.faults.site import Site
from tests.support.chats import CHANNEL
from tests.support.fakes.faults import lost_answer, reset


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
