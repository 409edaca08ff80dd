"""The demo in a real browser: both chats fill, answer and keep the promise, without a complaint, for everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.pages.demo.visitor import Visitor, visiting
from tests.support.browser import TELEPHONE, browser, looking

__all__ = ["browser"]
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("own_logging")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def visited() -> AsyncIterator[Visitor]:
    """Share one demo: what a test leaves in the chats does not matter to the next one."""
    async with visiting() as visitor:
        yield visitor


async def say(page: Page, chat: str, line: str) -> None:
    await page.locator(f"#{chat}-in").fill(line)
    await page.locator(f"#{chat}-in").press("Enter")


async def _begins_in_sight(message: Locator) -> bool:
    return bool(await message.evaluate("one => one.offsetTop >= one.closest('.log').scrollTop"))


async def test_a_conversation_on_both_sides(browser: Browser, visited: Visitor) -> None:
    async with looking(browser, visited.address, language="en-GB") as look:
        page = look.page
        await expect(page.locator("#telegram-2 .bubble")).to_contain_text("Attention Is All You Need")
        await page.locator("#telegram-2 summary").click()
        await expect(page.locator("#telegram-2 details")).to_have_attribute("open", "")

        await say(page, "telegram", "/paper 3")
        answer = page.locator("#telegram-list > li.in").last
        await expect(answer).to_contain_text("Adam: A Method for Stochastic Optimization")
        await expect(page.locator("#telegram-in")).to_have_value("")
        await expect(answer).to_be_in_viewport()
        assert await _begins_in_sight(answer)
        await answer.get_by_role("button", name="Paper 4").click()
        await expect(answer).to_contain_text("Deep Residual Learning")
        assert await _begins_in_sight(answer)

        await say(page, "slack", "/paper 3")
        private = page.locator("#slack-list > li.private").last
        await expect(private).to_contain_text("Only visible to you")
        await expect(private).to_contain_text("Adam: A Method for Stochastic Optimization")
        await private.get_by_role("button", name="Share in channel").click()
        await expect(page.locator("#slack-list > li").last).to_contain_text("↗ You")
        await expect(private.get_by_role("button", name="Share in channel")).to_have_count(0)

        await say(page, "telegram", "/settings")
        settings = page.locator("#telegram-list > li.in").last
        await settings.get_by_role("button", name="Layout → index only").click()
        await expect(settings).to_contain_text("Layout: index only")
        await expect(page.locator("#telegram-toast")).to_have_text("Saved.")
        await expect(page.locator("#telegram-toast")).to_be_visible()
        await page.locator("#telegram-toast").evaluate("one => one.getAnimations()[0].finish()")
        await expect(page.locator("#telegram-toast")).to_be_hidden()
        await settings.get_by_role("button", name="Layout → one message per paper").click()
        await expect(settings).to_contain_text("Layout: one message per paper")
        assert (look.complaints, await look.overflow()) == ([], 0)


async def test_each_button_of_the_bar(browser: Browser) -> None:
    async with visiting() as visitor, looking(browser, visitor.address, language="en-GB") as look:
        report = look.page.locator("#report")
        for label, said in (
            ("Mend a title", "The title of paper 1 was mended"),
            ("Add a paper", "Paper 7 was added"),
            ("Drop an answer", "Telegram's answer for paper 8 was lost."),
            ("Stop in mid-send", "Stopped while paper 9 was being sent"),
        ):
            await look.page.get_by_role("button", name=label).click()
            await expect(report).to_contain_text(said)
            await expect(report).to_contain_text("none lost, none twice")
        await expect(look.page.locator("#telegram-list > li")).to_have_count(10)
        await expect(look.page.locator("#thread-list > li")).to_have_count(9)
        await expect(look.page.locator("#ledger .sent")).to_have_count(20)
        assert look.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_everybody_can_use_it(browser: Browser, visited: Visitor, dark: bool) -> None:
    await visited.act("mend")
    await visited.post("slack", line="/papers")
    await visited.post("telegram", line="/settings")
    async with looking(browser, visited.address, dark=dark) as look:
        assert (await look.violations(), look.complaints) == ([], [])


async def test_a_telephone_shows_one_pane_at_a_time(browser: Browser, visited: Visitor) -> None:
    async with looking(browser, visited.address, TELEPHONE) as look:
        assert await look.overflow() == 0
        await look.page.locator(".tabs a", has_text="Slack").click()
        await expect(look.page.locator("#slack-in")).to_be_in_viewport()
        await expect(look.page.locator("#telegram-in")).not_to_be_in_viewport()
        assert await look.violations() == []


async def test_no_window_is_too_narrow_for_many_papers(browser: Browser) -> None:
    async with visiting() as visitor:
        for _ in range(8):
            await visitor.act("add")
        async with looking(browser, visitor.address) as look:
            for width in (320, 390, 701, 768, 1000, 1024):
                await look.page.set_viewport_size({"width": width, "height": 844})
                assert (width, await look.overflow()) == (width, 0)
                await look.page.locator("#thread").scroll_into_view_if_needed()
                await expect(look.page.locator("#thread")).to_be_in_viewport(ratio=0.99)


async def test_it_works_without_script(browser: Browser, visited: Visitor) -> None:
    async with looking(browser, visited.address, scripts=False, language="en-GB") as look:
        await say(look.page, "telegram", "/paper 2")
        await expect(look.page.locator("#telegram-list > li.in").last).to_contain_text("BERT")
        await expect(look.page.locator("#telegram-list > li.in").last).to_be_in_viewport()
        await say(look.page, "slack", "/paper 2")
        await look.page.locator("#slack-list").get_by_role("button", name="Papers of the day").last.click()
        await expect(look.page.locator("#slack-list > li.private").last).to_contain_text("Daily Papers")
        await expect(look.page.locator("#slack-list > li.private").last).to_be_in_viewport()
        await look.page.get_by_role("button", name="Mend a title").click()
        await expect(look.page.locator("#promise")).to_be_in_viewport()


async def test_seven_tabs_of_one_browser_are_all_live(browser: Browser, visited: Visitor) -> None:
    async with looking(browser, visited.address) as look:
        tabs = [look.page, *[await look.page.context.new_page() for _ in range(7)]]
        for tab in tabs[1:]:
            await tab.goto(visited.address)
        await visited.post("telegram", line="hello to all tabs")
        for tab in tabs:
            await expect(tab.locator("#telegram-list")).to_contain_text("hello to all tabs")


async def test_a_page_says_that_the_demo_has_ended(browser: Browser) -> None:
    async with AsyncExitStack() as stack:
        async with visiting() as visitor:
            look = await stack.enter_async_context(looking(browser, visitor.address, language="en-GB"))
            await expect(look.page.locator("#ended")).to_be_hidden()
            assert await look.page.locator("main :disabled").count() == 0
        await expect(look.page.locator("#ended")).to_contain_text("The demo has ended.")
        for one in await look.page.locator("form[data-live] :is(input, button)").all():
            await expect(one).to_be_disabled()
