"""The edit of a linked index: killed, lost, refused for a while, or overtaken by a changed post."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.site import Site
from tests.support.chats import CHANNEL, CHANNEL_NAME, FORUM, GROUP, SLACK_CHAT
from tests.support.fakes.faults import flood, lost_answer, ratelimited

EDITS = ("editMessageText", "chat.update")


def edited(site: Site) -> Counter[str]:
    """Count the edits that were made, by chat."""
    calls = [call for server in site.servers for call in server.calls if call.method in EDITS]
    return Counter(str(call.arguments.get("chat_id") or call.arguments["channel"]) for call in calls)


async def test_each_index_is_edited_once_where_messages_have_addresses(site: Site) -> None:
    site.post(post(PAPERS))
    for _ in range(2):
        await site.finish(most=1)
    assert edited(site) == dict.fromkeys((CHANNEL_NAME, GROUP, FORUM, SLACK_CHAT), 1)
    assert "edited" not in site.ended[0].out
    site.check()


@pytest.mark.parametrize(
    ("method", "answered"),
    [
        ("editMessageText", False),
        ("chat.update", True),
        pytest.param("editMessageText", True, marks=pytest.mark.long),
        pytest.param("chat.update", False, marks=pytest.mark.long),
    ],
)
async def test_killed_at_the_edit(site: Site, method: str, answered: bool) -> None:
    site.post(post(PAPERS))
    site.at(1, site.kill, answered=answered, method=method)
    assert (await site.deliver()).killed
    await site.finish()
    site.check()


async def test_answers_are_lost_and_platforms_ask_to_wait(site: Site) -> None:
    site.post(post(PAPERS))
    site.happen(lost_answer(method=EDITS[0], chat=GROUP), flood(1, method=EDITS[0], chat=CHANNEL))
    site.happen(ratelimited(1, method=EDITS[1]), lost_answer(method=EDITS[1]))
    await site.finish()
    site.check()


async def test_a_post_that_changes_at_the_edit(site: Site) -> None:
    site.post(post(PAPERS))
    site.at(1, lambda: site.post(post([*PAPERS, len(PAPERS) + 1], "2번째")), method=EDITS[0])
    await site.finish(most=1)
    await site.finish(most=1)
    site.check()
