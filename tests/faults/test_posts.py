"""The post changes while it is delivered, or after; each chat ends as the newest post reads.

A post that lost all its papers is taken for an accident: chats stay as they are.
"""

from __future__ import annotations

from tests.faults.posts import NAME, RENAMED, laid_out_anew, post
from tests.faults.site import ALWAYS, Site
from tests.support.chats import READER, SLACK_CHAT
from tests.support.fakes.faults import lost_answer

SEVENTEEN = list(range(1, 18))
EIGHTEEN = [*range(1, 9), 99, *range(9, 18)]  # a paper more, in the middle: those behind it get other numbers
ANY_NAME = {"PAPERBOY_SOURCES__0__MATCH": "*", "PAPERBOY_SCHEDULE__GATE_WAIT": "0s"}


# After delivery


async def test_a_paper_more_and_every_summary_reworded_then_laid_out_anew(site: Site) -> None:
    """Answers get lost on the way."""
    site.chats.names = (READER, SLACK_CHAT)
    site.post(post(SEVENTEEN))
    site.happen(*(lost_answer(method="sendMessage", skip=skip) for skip in (4, 9)))
    await site.finish()
    site.post(post(EIGHTEEN, "고친"))
    site.happen(*(lost_answer(method="editMessageText", skip=skip) for skip in (5, 9)))
    await site.finish()
    calls = site.calls
    site.post(laid_out_anew(post(EIGHTEEN, "고친")))
    await site.finish(most=1)
    assert site.calls == calls
    site.check_sent_once()
    site.check()


async def test_laid_out_anew_only(site: Site) -> None:
    site.post(post([1, 2, 3]))
    await site.finish(most=1)
    calls = site.calls
    site.post(laid_out_anew(post([1, 2, 3])))
    await site.finish(most=1)
    assert site.calls == calls
    site.faults += 1
    site.check()


async def test_renamed_emptied_deleted_and_back(site: Site) -> None:
    site.post(post([1, 2, 3]))
    await site.finish(most=1)
    calls = site.calls
    (site.posts / NAME).rename(site.posts / RENAMED)
    await site.deliver(environ=ANY_NAME)
    site.post(post([]), RENAMED)
    await site.deliver(environ=ANY_NAME)
    (site.posts / RENAMED).unlink()
    await site.deliver(environ=ANY_NAME)
    assert site.calls == calls
    site.faults += 3
    site.post(post([1, 4, 2, 3], "고친"), RENAMED)
    await site.finish(most=1, environ=ANY_NAME)
    site.check_sent_once()
    site.check()


# In the middle of delivery


async def test_grown_renamed_emptied_and_deleted_while_it_is_delivered(site: Site) -> None:
    """Each run sees another post, and dies."""
    site.post(post([1, 2, 3]))
    await _die(site)
    site.post(post([1, 9, 2, 3], "고친"))
    await _die(site)
    (site.posts / NAME).rename(site.posts / RENAMED)
    await _die(site)
    site.post(post([]), RENAMED)
    await _die(site)
    (site.posts / RENAMED).unlink()
    site.faults += 4
    await site.finish(environ=ANY_NAME)
    site.check()


async def _die(site: Site) -> None:
    """Run until some calls were answered."""
    site.at(7, site.kill, answered=True)
    assert (await site.deliver(environ=ANY_NAME)).killed


async def test_changed_under_the_eyes_of_the_program_that_always_runs(site: Site) -> None:
    """Half of it is out, a send is under way; it goes on when the change has been seen."""
    site.more = ALWAYS
    site.chats.buttons = True
    site.post(post([1, 2, 3, 4]))

    async def change() -> None:
        site.post(post([1, 2, 9, 3, 4], "고친"))
        await process.says('"planned"', times=2)

    site.at(9, change, method="sendMessage")
    process = await site.start("run")
    await site.stop()
    site.check_sent_once()
    site.faults += 1
    site.check()
