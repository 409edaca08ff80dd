"""Type a command, read the answer."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.text import Text

from bot.commands import Context, answer
from bot.planning import plan
from bot.sources.folder import FolderSource
from bot.store import opened
from formatters.locale import words
from formatters.telegram import TelegramFormatter
from formatters.terminal import TerminalFormatter
from tests.golden import DATA

UNKNOWN = "I do not know {}. Send /help to see what I can do."
WHICH = "Which paper? Give a number from 1 to 3, for example /paper 1"
NONE = "There is no paper {}. Numbers go from 1 to 3."
HELP = (
    "I am Paperboy and bring you the summaries of new papers every day. Talk to me like this:\n"
    "\n"
    "/paper: full summary of one paper, for example /paper 3\n"
    "/papers: the newest index\n"
    "/help: this help"
)


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Context]:
    said = words("en")
    async with opened(f"sqlite:///{tmp_path}/paperboy.db") as store:
        yield Context(store, TerminalFormatter(said), said)


@pytest.fixture
async def context(empty: Context) -> Context:
    """Stand behind two delivered digests."""
    await deliver(empty, "2025-01-05-arxiv-crlf.md")
    await deliver(empty, "2025-01-08-daily-papers-20250108.md")
    return empty


async def deliver(context: Context, name: str) -> None:
    posts = Path("_posts")
    posts.mkdir(exist_ok=True)
    shutil.copy(DATA / name, posts)
    await context.store.join("terminal", "messages", {"here": "here"})
    found = await FolderSource("daily", posts).digests()
    await plan(context.store, "daily", found, {"terminal": context.formatter}, catch_up=3, fresh=True)


async def typed(context: Context, line: str) -> str:
    """Give the answer as a person reads it."""
    markup = [str(message.body["markup"]) for message in await answer(context, line)]
    return Text.from_markup("\n---\n".join(markup), emoji=False).plain


@pytest.mark.parametrize(
    "line", ["/paper 2", "/paper ２", "paper 2", "/PAPER 2", "  /paper   2 ", "/paper\t2", "/paper　2", "/paper 02"]
)
async def test_one_paper_in_full(context: Context, line: str) -> None:
    said = await typed(context, line)

    assert said.startswith("2. U-Net: Convolutional Networks for Biomedical Image Segmentation\n\n서론\n• 목표: ")
    assert [heading for heading in ("서론", "방법", "결과", "한계", "결론") if f"\n{heading}\n" in said] == [
        "서론",
        "방법",
        "결과",
        "한계",
        "결론",
    ]
    assert said.endswith("https://arxiv.org/abs/1505.04597")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/paper", WHICH),
        ("/paper two", WHICH),
        ("/paper 1 2", WHICH),
        ("/paper 2.5", WHICH),
        ("/paper ²", WHICH),
        ("/paper -", WHICH),
        ("/paper 4", NONE.format(4)),
        ("/paper 0", NONE.format(0)),
        ("/paper -1", NONE.format(-1)),
        ("/paper 99999999999999999999", NONE.format("99999999")),
    ],
)
async def test_a_number_that_is_none(context: Context, line: str, said: str) -> None:
    assert await typed(context, line) == said


async def test_the_newest_index(context: Context) -> None:
    assert (await typed(context, "/papers")).splitlines() == [
        "Daily Papers · Wednesday, 8 January 2025",
        "3 papers",
        "",
        "1. Auto-Encoding Variational Bayes",
        "2. U-Net: Convolutional Networks for Biomedical Image Segmentation",
        "3. Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
    ]


@pytest.mark.parametrize("line", ["/help", "/start", "help", "/Help", "/help me"])
async def test_help(context: Context, line: str) -> None:
    assert await typed(context, line) == HELP


async def test_help_names_no_command_that_is_not_known(context: Context) -> None:
    for name in context.words.commands:
        assert not (await typed(context, f"/{name}")).startswith("I do not know")


@pytest.mark.parametrize("name", ["hello", "/", "/paper3", "/{command}", "[bold]", ":smile:", "안녕", "𝒳"])
async def test_anything_else_gets_a_way_out(context: Context, name: str) -> None:
    assert await typed(context, f"{name} there") == UNKNOWN.format(name)


@pytest.mark.parametrize("line", ["", "   ", "\n"])
async def test_nothing_typed(context: Context, line: str) -> None:
    assert await typed(context, line) == UNKNOWN.format("")


async def test_junk_is_repeated_in_part_only(context: Context) -> None:
    said = words("en")
    telegram = Context(context.store, TelegramFormatter(said), said)

    (message,) = await answer(telegram, "x" * 10_000)

    assert message.body["text"] == UNKNOWN.format("x" * 40)


@pytest.mark.parametrize("line", ["/paper 1", "/paper", "/papers"])
async def test_before_the_first_digest(empty: Context, line: str) -> None:
    assert await typed(empty, line) == "There are no papers yet."


async def test_a_digest_without_papers_hides_none(context: Context) -> None:
    await deliver(context, "2025-01-11-daily-papers-20250111.md")

    assert (await typed(context, "/papers")).startswith("Daily Papers · Wednesday, 8 January 2025\n")


async def test_in_korean(context: Context) -> None:
    said = words("ko")
    korean = Context(context.store, TerminalFormatter(said), said)

    assert await typed(korean, "/paper 9") == "9번 논문은 없습니다. 번호는 1부터 3까지입니다."
    assert (await typed(korean, "/papers")).startswith("Daily Papers · 2025년 1월 8일 (수)\n논문 3편\n")
    assert (await typed(korean, "뭐")).startswith("모르는 명령입니다: 뭐.")
