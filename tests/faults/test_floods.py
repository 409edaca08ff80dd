"""429: wait a little, very long, or for a time that is not named; one chat, or the whole bot."""

from __future__ import annotations

import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.site import Site
from tests.support.chats import GROUP, READER, SLACK_CHAT
from tests.support.fakes.faults import flood, lost_answer, ratelimited

DAY = 86_400
UNSAID = 30  # seconds that the program waits when nobody says how long
ALL = len(PAPERS) + 1  # messages in each chat


async def test_a_short_wait_is_kept(site: Site) -> None:
    site.post(post(PAPERS))
    site.happen(flood(1, method="sendMessage", chat=GROUP, skip=1))
    site.happen(ratelimited(1, method="chat.postMessage", skip=2))
    await site.finish(most=1)
    site.check()


@pytest.mark.parametrize(
    ("telegram_waits", "slack_waits"), [(DAY, None), pytest.param(None, DAY, marks=pytest.mark.long)], ids=str
)
async def test_longer_is_left_for_later_and_nobody_calls_before_the_time(
    site: Site, telegram_waits: int | None, slack_waits: int | None
) -> None:
    """Where nobody says how long, it is half a minute."""
    site.post(post(PAPERS))
    site.happen(flood(telegram_waits, method="sendMessage", chat=GROUP))
    site.happen(ratelimited(slack_waits, method="chat.postMessage", skip=3))
    assert "asks to wait" in (await site.deliver()).err
    assert _lengths(site) == {GROUP: 0, SLACK_CHAT: 3}
    calls = site.calls
    assert (await site.deliver(shift=UNSAID / 6)).code == 3
    assert site.calls == calls
    assert (await site.deliver(shift=UNSAID + 1)).code == 3
    assert _lengths(site) == {GROUP: 0 if telegram_waits else ALL, SLACK_CHAT: 3 if slack_waits else ALL}
    await site.finish(most=1, shift=DAY + 1)
    site.check()


def _lengths(site: Site) -> dict[str, int]:
    return {chat: len(site.chats.shown(chat)) for chat in (GROUP, SLACK_CHAT)}


async def test_the_whole_bot_waits_a_little(site: Site) -> None:
    site.post(post(PAPERS))
    site.happen(flood(1, method="sendMessage", skip=6, times=2))
    await site.finish(most=1)
    site.check()


@pytest.mark.parametrize("seconds", [DAY, pytest.param(None, marks=pytest.mark.long)], ids=str)
async def test_the_whole_bot_waits_for_long(site: Site, seconds: int | None) -> None:
    """`deliver` must end, as it does when one chat waits: whoever runs it daily would else have two of them."""
    site.post(post(PAPERS))
    site.happen(flood(seconds, method="sendMessage", skip=6, times=None))
    process = await site.start("deliver")
    assert (await process.end()).code == 3
    site.heal()
    await site.finish(most=1, shift=DAY + 1)
    site.check()


async def test_an_unconfirmed_send_waits_too(site: Site) -> None:
    """The answer is lost, and the question whether the message arrived is refused for a while."""
    site.post(post(PAPERS))
    site.happen(lost_answer(method="sendMessage", chat=READER, skip=1), flood(1, method="editMessageText"))
    site.happen(lost_answer(method="chat.postMessage", skip=2), ratelimited(1, method="conversations.replies"))
    await site.finish(most=1)
    site.check()
