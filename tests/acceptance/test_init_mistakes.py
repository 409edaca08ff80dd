"""`paperboy init` in a terminal: each kind of source, each mistake, and Ctrl-C at each question."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiohttp import web

from bot.cli.init.wording import wording
from bot.config.loading import load
from tests.support.chats import CHANNEL, CHANNEL_NAME, READER, SLACK_CHAT
from tests.support.fakes.documents import Document, DocumentServer, silence
from tests.support.fakes.server import FakeServer
from tests.support.fakes.slack import TOKEN as SLACK_TOKEN
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.slack_api import APP_TOKEN
from tests.support.fakes.telegram import TOKEN, FakeTelegram
from tests.support.feeds import arxiv_paper, post, rss
from tests.support.questions import (
    ENTER,
    FOLDER,
    POSTS,
    SAID,
    SEND,
    SEND_NOTHING,
    SLACK,
    START,
    TELEGRAM,
    TIME,
    Step,
    answer,
    asked,
    newcomer,
    the_chat,
    workspace,
)
from tests.support.repository import Repository
from tests.support.setup import DATA
from tests.support.terminal import CTRL_C, LONGEST, ForkedTerminal

FILES = ("paperboy.toml", ".env")
WRONG = {"telegram": "123456:AAAAAAAAAAAAAAAAAAAAA", "bot": "xoxb-WRONG-token", "app": "xapp-WRONG-token"}
KINDS = {name: str(place) for place, name in enumerate(SAID.source_kinds, 1)}
UNREAD = "Read today: [Adam](https://arxiv.org/abs/1412.6980) and [BERT](https://arxiv.org/abs/1810.04805).\n"
REST = (*FOLDER, *TIME, *SEND_NOTHING)
AGAIN, OTHER, KEEP = "1", "2", "3"
SECRET = "C0SECRET"  # a private channel, which the app does not see
Environ = Mapping[str, str]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with workspace() as server:
        server.add_channel(SECRET, "secret", member=False, private=True)
        yield server


@pytest.fixture
def environ(telegram: FakeTelegram, slack: FakeSlack) -> Environ:
    return {**newcomer(telegram, slack), "COLUMNS": "400"}  # what is looked for stands on one line


@pytest.fixture
async def documents() -> AsyncIterator[DocumentServer]:
    async with DocumentServer() as server:
        yield server


def is_clean(terminal: ForkedTerminal) -> bool:
    """Tell whether the terminal shows no token and no traceback, and is left as it was."""
    unwanted = (TOKEN, SLACK_TOKEN, APP_TOKEN, *WRONG.values(), "Traceback")
    return terminal.is_echoing and not [words for words in unwanted if words in terminal.text]


async def finish(terminal: ForkedTerminal, *steps: Step) -> None:
    """Answer the last questions; the settings are written."""
    await answer(terminal, *steps)
    assert await terminal.ends() == 0, terminal.text
    assert is_clean(terminal)
    assert all(Path(name).exists() for name in FILES)


# --- mistakes on the platforms


async def test_a_wrong_token_and_no_right_to_post(environ: Environ, telegram: FakeTelegram) -> None:
    telegram.chat(CHANNEL).rights, telegram.chat(CHANNEL).status = False, "left"
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, *TELEGRAM[:-1], (SAID.which_bot, WRONG["telegram"]))
        await answer(terminal, (SAID.bot_refused, TOKEN), the_chat(telegram, CHANNEL_NAME))
        await terminal.shows(SAID.missing_rights["POST"].format(bot=telegram.username))
        telegram.membership(CHANNEL, "left", "administrator", READER)
        await answer(terminal, (SAID.go_on, AGAIN))
        await terminal.shows(f"✓ Papers ({CHANNEL_NAME})")
        await finish(terminal, *REST)

    assert load().telegram.chats[0].chat == CHANNEL_NAME
    assert telegram.shown(CHANNEL) == []


@pytest.mark.long
async def test_wrong_tokens_of_slack(environ: Environ) -> None:
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, *SLACK[:3], (SAID.which_app, WRONG["bot"]), (SAID.app_refused, SLACK_TOKEN))
        await answer(terminal, (SAID.socket_app, WRONG["app"]), (SAID.app_refused, APP_TOKEN))
        await finish(terminal, SLACK[-1], *REST)

    assert load().slack.chats[0].chat == SLACK_CHAT


@pytest.mark.long
async def test_a_channel_without_an_invitation(environ: Environ, slack: FakeSlack) -> None:
    slack.scopes.remove("chat:write.public")
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, *SLACK[:4])
        await answer(terminal, (SAID.lacking_scopes.format(scopes="chat:write.public"), "2"), SLACK[4])
        await answer(terminal, (f"#random  ({SAID.not_invited.format(app='@paperboy')})", "2"))
        await terminal.shows(SAID.not_writable["not_in_channel"].format(app="@paperboy"))
        slack.channel("C0RANDOM").member = True
        await finish(terminal, (SAID.go_on, AGAIN), *REST)

    assert load().slack.chats[0].chat == "C0RANDOM"


@pytest.mark.long
async def test_a_private_channel_by_its_id(environ: Environ, slack: FakeSlack) -> None:
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, *SLACK[:-1], ("#papers", "#secret"), (SAID.no_channel, SECRET))
        await terminal.shows(SAID.not_writable["channel_not_found"].format(app="@paperboy"))
        slack.channel(SECRET).member = True
        await finish(terminal, (SAID.go_on, AGAIN), *REST)

    assert load().slack.chats[0].chat == SECRET


# --- sources


async def choose(environ: Environ, telegram: FakeTelegram, *steps: Step, rest: tuple[Step, ...]) -> str:
    """Set Telegram up with a source, and give all that was shown."""
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, *TELEGRAM, the_chat(telegram, CHANNEL_NAME), *steps)
        await finish(terminal, *rest)
    return terminal.text


@pytest.mark.long
async def test_a_folder_without_posts_and_then_another(environ: Environ, telegram: FakeTelegram) -> None:
    Path("empty").mkdir()
    steps = ((SAID.source, "1"), (SAID.source_addresses["folder"], "empty"), (SAID.no_digest, "1"))
    shown = await choose(environ, telegram, *steps, rest=REST)

    assert "✓ 2 posts read: 2 digests, 4 papers." in shown
    assert load().sources[0].path == Path("_posts").absolute()


@pytest.mark.long
async def test_a_post_that_is_not_understood(environ: Environ, telegram: FakeTelegram) -> None:
    for name in POSTS:
        Path("_posts", name).unlink()
    Path("_posts/2025-01-07-notes.md").write_text(UNREAD)
    os.utime("_posts/2025-01-07-notes.md", (0, 0))
    steps = (*FOLDER, (f"{SAID.nearest} ", "2"))
    shown = await choose(environ, telegram, *steps, rest=TIME)

    [line] = [line for line in shown.splitlines() if SAID.nearest in line]
    assert "2025-01-07-notes.md" in line
    assert f"✗ {SAID.no_digest}\n" in shown


@pytest.mark.long
async def test_words_that_reach_no_message(environ: Environ, telegram: FakeTelegram) -> None:
    newest = "2025-02-07-reading-list.md"
    os.utime(shutil.copy(DATA / "explain" / newest, "_posts"), (0, 0))
    shown = await choose(environ, telegram, rest=REST)

    assert "  Not understood, line " in shown
    assert f"explain _posts/{newest}`" in shown


@pytest.mark.long
async def test_a_repository(environ: Environ, telegram: FakeTelegram, tmp_path_factory: pytest.TempPathFactory) -> None:
    blog = Repository(tmp_path_factory.mktemp("git"))
    blog.write(f"_posts/{POSTS[1]}", (DATA / POSTS[1]).read_text("utf-8"))
    blog.push()
    steps = (
        (SAID.source, KINDS["git"]),
        (SAID.source_addresses["git"], "file:///nowhere/blog.git"),
        ("✗ git: ", blog.url),
    )
    shown = await choose(environ, telegram, *steps, rest=(*TIME, *SEND))

    assert "✓ 1 post read: 1 digest" in shown
    assert (load().sources[0].kind, load().sources[0].url) == ("git", blog.url)
    assert len(telegram.shown(CHANNEL)) == 2


PAPER = {"id": "2603.00001", "title": "Paper 1", "upvotes": 3, "summary": "It is read."}
HTML = '<h3>1. <a href="https://arxiv.org/abs/1706.03762">Attention</a></h3><p>Words.</p>'
# By kind: what stands at which path, wrong answers with what is said of them, the right one, and what is shown then.
WEB: dict[str, tuple[str, Document, tuple[tuple[str, str], ...], str, str]] = {
    "huggingface": (
        "/api/daily_papers",
        Document(json.dumps([{"paper": PAPER}]).encode(), "application/json"),
        (),
        "",
        "1. Paper 1\n",
    ),
    "arxiv": (
        "/rss/cs.CL+cs.LG",
        rss(*(arxiv_paper(number) for number in range(1, 8))),
        (("", SAID.nothing_said), ("cs.CL & cs.LG", "'&' is no category")),
        "cs.CL, cs.LG",
        "… and 2 more papers\n",
    ),
    "feed": (
        "/feed.xml",
        rss(post("Daily Papers 2026-03-02", HTML)),
        (("no address", SAID.no_web_address), ("{url}/nowhere", "404")),
        "{url}/feed.xml",
        "✓ 1 post read: 1 digest, 1 paper.",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("kind", WEB)
async def test_the_web(environ: Environ, telegram: FakeTelegram, documents: DocumentServer, kind: str) -> None:
    path, document, mistakes, right, expected = WEB[kind]
    documents.documents[path] = document
    own = {"ALLOW_PRIVATE": "true"} | ({} if kind == "feed" else {"URL": documents.url})
    environ = {**environ, **{f"PAPERBOY_SOURCES__0__{name}": value for name, value in own.items()}}
    questions = [SAID.source_addresses[kind], *(said for _, said in mistakes)] if right else []
    typed = [words.format(url=documents.url) for words in (*(wrong for wrong, _ in mistakes), right)]
    steps = ((SAID.source, KINDS[kind]), *zip(questions, typed, strict=False))

    assert expected in await choose(environ, telegram, *steps, rest=(*TIME, *SEND_NOTHING))


# --- files that are there


@pytest.mark.long
async def test_files_that_are_kept(environ: Environ) -> None:
    Path(".env").write_text("OWN=1\n")
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, START, (SAID.keep, ""))
        assert await terminal.ends() == 2

    assert terminal.text.endswith(f"paperboy: {SAID.kept.format(files=Path('.env').absolute())}\n")
    assert (Path(".env").read_text(), Path("paperboy.toml").exists()) == ("OWN=1\n", False)


@pytest.mark.long
async def test_files_that_are_replaced(environ: Environ, telegram: FakeTelegram) -> None:
    for name in FILES:
        Path(name).write_text("OWN=1\n")
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, START, (SAID.replace_them, "2"), *TELEGRAM[1:], the_chat(telegram, CHANNEL_NAME))
        await finish(terminal, *REST)

    assert Path(".env").read_text() == f"PAPERBOY_TELEGRAM__TOKEN={TOKEN}\n"
    assert [Path(name).stat().st_mode & 0o777 for name in FILES] == [0o600, 0o600]
    assert {path.name for path in Path().iterdir()} == {"_posts", *FILES}


# --- Ctrl-C

TO_TELEGRAM: tuple[Step, ...] = (*TELEGRAM, ("open t.me/", ""), (SAID.which_found, ""), (SAID.go_on, KEEP), *REST[:5])
TO_SLACK: tuple[Step, ...] = (
    *(*SLACK[:4], (SAID.lacking_scopes.partition("{")[0], "2"), SLACK[4], ("#random", "2"), (SAID.go_on, KEEP)),
    *REST[:5],
)


async def stops(terminal: ForkedTerminal, said: str = SAID.stopped) -> None:
    """Press Ctrl-C: it ends at once, and says how things stand."""
    await terminal.waits()
    await terminal.types(CTRL_C)
    assert await terminal.ends() == 130, terminal.text
    assert terminal.text.splitlines()[-1] == said
    assert is_clean(terminal)


async def stops_at(environ: Environ, steps: tuple[Step, ...], place: int) -> None:
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, *steps[:place])
        await asked(terminal, steps[place][0])
        await stops(terminal)

    assert [path.name for path in Path().iterdir()] == ["_posts"]


@pytest.mark.parametrize(
    "place", [place if place == 2 else pytest.param(place, marks=pytest.mark.long) for place in range(len(TO_TELEGRAM))]
)
async def test_ctrl_c_at_each_question_of_telegram(environ: Environ, telegram: FakeTelegram, place: int) -> None:
    """The third one asks for a token, which is not shown."""
    telegram.membership(CHANNEL, "left", "administrator", READER)
    telegram.chat(CHANNEL).edits_others = True  # a right that it must not have
    await stops_at(environ, TO_TELEGRAM, place)


@pytest.mark.long
@pytest.mark.parametrize("place", range(len(TO_SLACK)))
async def test_ctrl_c_at_each_question_of_slack(environ: Environ, slack: FakeSlack, place: int) -> None:
    slack.scopes.remove("chat:write.public")
    await stops_at(environ, TO_SLACK, place)


@pytest.mark.long
async def test_ctrl_c_where_files_are_there(environ: Environ) -> None:
    Path(".env").write_text("OWN=1\n")
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, START)
        await asked(terminal, SAID.keep)
        await stops(terminal)

    assert (Path(".env").read_text(), Path("paperboy.toml").exists()) == ("OWN=1\n", False)


@pytest.mark.long
async def test_ctrl_c_in_korean(environ: Environ) -> None:
    said = wording("ko")
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, (START[0], "1"))
        await asked(terminal, said.platform)
        await stops(terminal, said.stopped)


async def arrived(server: FakeServer, method: str) -> None:
    """Wait until a call has arrived."""
    there = asyncio.Event()

    async def note(name: str, _: object) -> None:
        if name == method:
            there.set()

    server.on_call = note
    await asyncio.wait_for(there.wait(), LONGEST)


async def test_ctrl_c_while_a_chat_is_waited_for(environ: Environ, telegram: FakeTelegram) -> None:
    async with ForkedTerminal("init", environ=environ) as terminal:
        polled = asyncio.create_task(arrived(telegram, "getUpdates"))
        await answer(terminal, *TELEGRAM, the_chat(telegram))
        await polled
        await terminal.types(f"a name{ENTER}")  # what is typed meanwhile is an answer
        await terminal.shows(SAID.no_address.partition(";")[0])
        polled = asyncio.create_task(arrived(telegram, "getUpdates"))
        await terminal.types(ENTER)
        await polled
        await stops(terminal)

    assert [path.name for path in Path().iterdir()] == ["_posts"]


@pytest.mark.long
async def test_ctrl_c_while_a_source_is_read(
    environ: Environ, telegram: FakeTelegram, documents: DocumentServer
) -> None:
    looked = asyncio.Event()

    async def never(request: web.Request) -> web.StreamResponse:
        looked.set()
        return await silence(request)

    documents.documents["/feed.xml"] = never
    async with ForkedTerminal("init", environ={**environ, "PAPERBOY_SOURCES__0__ALLOW_PRIVATE": "true"}) as terminal:
        feed = ((SAID.source, KINDS["feed"]), (SAID.source_addresses["feed"], f"{documents.url}/feed.xml"))
        await answer(terminal, *TELEGRAM, the_chat(telegram, CHANNEL_NAME), *feed)
        await asyncio.wait_for(looked.wait(), LONGEST)
        await stops(terminal)

    assert [path.name for path in Path().iterdir()] == ["_posts"]


@pytest.mark.long
async def test_ctrl_c_while_the_first_paper_is_sent(environ: Environ, telegram: FakeTelegram) -> None:
    sent, stopped = asyncio.Event(), asyncio.Event()

    async def hold(method: str, _: object) -> None:
        if method == "sendMessage":
            sent.set()
            await stopped.wait()

    telegram.on_call = hold
    async with ForkedTerminal("init", environ=environ) as terminal:
        await answer(terminal, *TELEGRAM, the_chat(telegram, CHANNEL_NAME), *FOLDER, *TIME, *SEND)
        await asyncio.wait_for(sent.wait(), LONGEST)
        await stops(terminal, SAID.stopped_at_last)
        stopped.set()

    assert all(Path(name).exists() for name in FILES)
