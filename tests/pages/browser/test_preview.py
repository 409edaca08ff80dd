"""The preview in a real browser: drawn without complaint, for everybody, and executing nothing of a post."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot.cli.setup.preview.content import Contents
from bot.cli.setup.preview.saving import take_picture
from bot.config.settings import Settings
from bot.pages import frame
from bot.pages.preview.page import PreviewPage
from bot.pages.preview.wording import wording
from bot.web.loopback import serving
from formatters.web import slack, telegram
from tests.support.browser import TELEPHONE, browser, looking
from tests.support.golden import DATA, SHARED
from tests.support.safe_html import SAFE

__all__ = ["browser"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

POST = DATA / "2025-01-06-daily-papers-20250106.md"
HOSTILE = """---
title: "Daily Papers — 2025-01-09"
date: 2025-01-09 08:15:00
---

# 1. [<script>window.hacked = 1</script> <img src=x onerror="window.hacked = 2">](https://arxiv.org/abs/2501.00001)

## Introduction

- Goal: <svg onload="window.hacked = 3"> <![CDATA[<script>window.hacked = 4</script>]]> </div></ol></main>

# 2. [Second " onclick="window.hacked=5" x="](https://arxiv.org/abs/2501.00002"onmouseover="window.hacked=6)

## Introduction

- Goal: <!-- --><iframe srcdoc="<script>parent.hacked = 7</script>"></iframe> [press](javascript:window.hacked=8)

# 3. [Third](javascript:window.hacked=9)

## Introduction

- Goal: <a href="javascript:window.hacked=10">press</a>
"""


class Shown:
    """A preview that is served."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.page = PreviewPage(contents.read(), "ko", contents.threaded)
        self.address = ""


@asynccontextmanager
async def shown(*named: Path) -> AsyncIterator[Shown]:
    found = Shown(Contents(Settings(), named, ""))
    async with serving(found.page.app(), 0) as served:
        found.address = served.address
        yield found


def shared_or_own() -> list[Path]:
    return [SHARED / "posts", SHARED / "dialects"] if SHARED.is_dir() else [DATA]


async def test_every_post_is_drawn_without_a_complaint(browser: Browser) -> None:
    async with shown(*shared_or_own()) as preview, looking(browser, preview.address) as look:
        posts = preview.page.content.posts
        for channel, message in (("telegram", "li.in"), ("slack", "li.msg")):
            count = sum(len(post.messages[channel]) for post in posts)
            await expect(look.page.locator(f"#{channel}-list > {message}")).to_have_count(count)
        assert len(posts) > 10
        assert await look.page.locator("li .refused").count() == 0
        assert (look.complaints, await look.overflow()) == ([], 0)


@pytest.mark.parametrize(("language", "dark"), [("ko-KR", False), ("en-US", True)], ids=["light", "dark"])
async def test_everybody_can_use_it(browser: Browser, language: str, dark: bool) -> None:
    async with shown(POST) as preview, looking(browser, preview.address, dark=dark, language=language) as look:
        assert await look.page.locator("html").get_attribute("lang") == language[:2]
        assert (await look.violations(), look.complaints) == ([], [])


async def test_a_telephone_shows_one_pane_at_a_time(browser: Browser) -> None:
    async with shown(POST) as preview, looking(browser, preview.address, TELEPHONE) as look:
        assert await look.overflow() == 0
        await look.page.locator(".tabs a", has_text="Slack").click()
        await expect(look.page.locator("#slack .msg").first).to_be_in_viewport()
        await expect(look.page.locator("#telegram .bubble").first).not_to_be_in_viewport()
        assert await look.violations() == []


async def test_it_can_be_read_without_script(browser: Browser) -> None:
    async with shown(POST) as preview, looking(browser, preview.address, scripts=False) as look:
        await expect(look.page.locator("#telegram .bubble")).to_have_count(4)
        await expect(look.page.locator("#reading h3").first).to_contain_text("Daily Papers, 2025-01-06, 3 papers")


async def test_a_change_comes_without_a_reload_and_leaves_the_reader_where_they_are(
    browser: Browser, tmp_path: Path
) -> None:
    (post := tmp_path / POST.name).write_text(POST.read_text("utf-8"), "utf-8")
    async with shown(post) as preview, looking(browser, preview.address) as look:
        log = look.page.locator("#telegram .log")
        await log.evaluate("box => { box.scrollTop = 200; window.same = true }")

        post.write_text(post.read_text("utf-8").replace("Chain-of-Thought", "Changed-Thought"), "utf-8")
        await preview.page.show(preview.contents.read_again())
        await expect(look.page.locator("#slack .rich").first).to_contain_text("Changed-Thought")
        assert await log.evaluate("box => [box.scrollTop, window.same]") == [200, True]

        post.write_text("", "utf-8")
        await preview.page.show(preview.contents.read_again())
        await expect(look.page.locator("#state .refused")).to_contain_text("마지막으로 읽힌 내용")
        await expect(look.page.locator("#telegram .bubble")).to_have_count(4)
        assert look.complaints == []


async def test_a_page_says_that_the_program_has_ended(browser: Browser) -> None:
    async with AsyncExitStack() as stack:
        preview = await stack.enter_async_context(shown(POST))
        async with looking(browser, preview.address) as look:
            await expect(look.page.locator("#ended")).to_be_hidden()
            await stack.aclose()
            await expect(look.page.locator("#ended")).to_have_text(wording("ko").ended)
            await expect(look.page.locator("#ended")).to_be_visible()


# What a post cannot do


async def test_nothing_of_a_hostile_post_is_executed(browser: Browser, tmp_path: Path) -> None:
    (post := tmp_path / "2025-01-09-daily-papers-20250109.md").write_text(HOSTILE, "utf-8")
    async with shown(post) as preview:
        assert len(preview.page.content.posts[0].messages["telegram"]) == 4
        (saved := tmp_path / "saved.html").write_text(preview.page.saved(), "utf-8")
        for address in (preview.address, saved.as_uri()):
            async with looking(browser, address) as look:
                for button in await look.page.locator("#telegram li button, #telegram li summary").all():
                    await button.click()
                await look.page.locator("#slack li").last.hover()
                assert await look.page.evaluate("window.hacked") is None
                assert await look.page.locator("li :is(script, svg, img, iframe)").count() == 0
                assert await look.page.locator("a[href^=javascript]").count() == 0
                assert look.complaints == []


PIECES = [
    *(
        "<script>window.hacked=1</script>",
        "<svg/onload=window.hacked=1>",
        "<![CDATA[ ]]>",
        "<!-- -->",
        "--!>",
        "<style>",
    ),
    *(
        "<a href='javascript:x'>",
        '<a href="https://a.org">',
        "</a>",
        "<b>",
        "</b>",
        "<pre>",
        "</pre>",
        "<code>",
        "</code>",
    ),
    *("<blockquote expandable>", "</blockquote>", "&lt;", "&#60;script&#62;", "</textarea>"),
    *("</title>", "<plaintext>", "<https://a.org|b>", "<javascript:x|y>", "*b*", "```", "&gt;", *"\"'`<>& x\n"),
]


async def test_a_browser_reads_nothing_but_harmless_elements_in_drawn_messages(browser: Browser) -> None:
    drawn = []
    for number in range(1500):
        text = "".join(PIECES[(number * 31 + place * place * 17 + place) % len(PIECES)] for place in range(7)) or "x"
        section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
        key = {"text": text, "copy_text": {"text": text}}
        drawn += [
            telegram.draw({"text": text, "parse_mode": "HTML"}),
            telegram.draw({"text": text, "reply_markup": {"inline_keyboard": [[key]]}}),
            slack.draw({"text": text, "blocks": [section]}),
        ]
    async with looking(browser, "about:blank") as look:
        await look.page.set_content(f"<!doctype html><body><main>{'<hr>'.join(drawn)}</main>")
        found = await look.page.evaluate(
            """() => [...document.querySelectorAll("main *")].map(
                 (one) => [one.localName, ...one.getAttributeNames()]).map((one) => JSON.stringify(one))
                 .filter((one, place, all) => all.indexOf(one) === place)"""
        )
        for tag, *attributes in map(json.loads, found):
            assert set(attributes) <= SAFE[tag], (tag, attributes)
        assert await look.page.evaluate("window.hacked") is None
        assert await look.page.locator('a:not([href^="https://a.org"])').count() == 0
        assert await look.page.locator("main > hr").count() >= len(drawn) - 1


# What unfolds at a press, without script


LINES = "\n".join(["line"] * 30)
FOLDED = telegram.draw({"text": f"<b>1. T</b>\n<blockquote expandable>{LINES}</blockquote>", "parse_mode": "HTML"})
CONTAINER = slack.draw(
    {
        "text": "x",
        "blocks": [
            {
                "type": "container",
                "title": {"type": "plain_text", "text": "3. Title"},
                "is_collapsible": True,
                "default_collapsed": True,
                "child_blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "inside"}}],
            }
        ],
    }
)


async def test_folds_open_at_a_press(browser: Browser, tmp_path: Path) -> None:
    css = frame.static_files().text("page.css")
    (page := tmp_path / "page.html").write_text(
        f"<!doctype html><meta charset=utf-8><style>{css}</style><main class=panes>"
        f"<section class='pane telegram'><ol><li class=in>{FOLDED}</ol></section>"
        f"<section class='pane slack'><ol><li class=msg><article>{CONTAINER}</article></ol></section></main>",
        "utf-8",
    )
    async with looking(browser, page.as_uri(), scripts=False) as look:
        fold = look.page.locator(".fold")
        closed = await fold.bounding_box()
        assert closed
        assert 60 < closed["height"] < 110
        await fold.locator("summary").click()
        opened = await fold.bounding_box()
        assert opened
        assert opened["height"] > 500
        inside = look.page.locator(".container .section")
        await expect(inside).not_to_be_visible()
        await look.page.locator(".container summary").click()
        await expect(inside).to_be_visible()


# A picture


async def test_takes_a_picture_of_the_whole_page(browser: Browser, tmp_path: Path) -> None:
    page = PreviewPage((found := Contents(Settings(), [POST], "")).read(), "ko", found.threaded)

    await asyncio.to_thread(take_picture, page.measured(), tmp_path / "page.png")

    picture = (tmp_path / "page.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert (width, height > 1000) == (1360, True)
