"""The preview as a page: served while files change, saved as one file, and as a picture."""

from __future__ import annotations

import asyncio
import base64
import re
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.cli.setup.preview import browser
from bot.cli.setup.preview.content import Contents
from bot.cli.setup.preview.saving import PictureError
from bot.config.settings import Settings
from bot.errors import SourceError
from bot.pages.preview.content import Content
from bot.pages.preview.content import Post as ShownPost
from bot.pages.preview.page import PreviewPage
from bot.web import loopback
from formatters.message import Message
from tests.support.golden import DATA

POST = DATA / "2025-01-06-daily-papers-20250106.md"


def contents(*named: Path, paper: str = "") -> Contents:
    return Contents(Settings(), named, paper)


@pytest.fixture
def post(tmp_path: Path) -> Path:
    path = tmp_path / POST.name
    path.write_text(POST.read_text("utf-8"), "utf-8")
    return path


# What is shown


def test_each_platform_gets_its_messages_and_the_reading_stands_beside_them(post: Path) -> None:
    (found,) = contents(post).read().posts

    assert [one.key for one in found.messages["telegram"]] == [one.key for one in found.messages["slack"]]
    assert "parse_mode" in found.messages["telegram"][0].body
    assert "blocks" in found.messages["slack"][0].body
    titles = [part.title for part in found.reading]
    assert titles[0] == f"{post.name}: Daily Papers, 2025-01-06, 3 papers"
    assert [one.partition(" ")[0] for one in titles[1:4]] == ["1.", "2.", "3."]


def test_full_summaries_are_shown_when_they_are_asked_for(post: Path) -> None:
    (found,) = contents(post, paper="2").read().posts

    assert {one.key.partition("/")[0] for one in found.messages["slack"]} == {"full"}


def test_what_is_wrong_with_a_folder_is_said(post: Path) -> None:
    (post.parent / "2025-01-07-notes.md").write_text("# Notes\n\nNothing.\n", "utf-8")

    content = contents(post.parent).read()

    assert len(content.posts) == 1
    assert any("passed over" in one for one in content.problems)


def test_a_file_that_is_half_written_leaves_what_was_shown(post: Path) -> None:
    shown = contents(post)
    before = shown.read()
    whole = post.read_text("utf-8")

    post.write_text("", "utf-8")
    kept = shown.read_again()
    post.write_text(whole.replace("## ", "## New ", 1), "utf-8")
    after = shown.read_again()

    assert (kept.posts, bool(kept.kept)) == (before.posts, True)
    assert post.name in kept.kept
    assert (after.posts != before.posts, after.kept) == (True, "")


def test_a_file_that_is_gone_for_a_moment_leaves_what_was_shown(post: Path) -> None:
    shown = contents(post)
    before, stamp = shown.read(), shown.stamp()

    post.unlink()

    assert shown.stamp() != stamp
    assert shown.read_again().posts == before.posts
    assert "No such file" in shown.read_again().kept


def test_a_post_that_leaves_its_folder_leaves_the_page(post: Path) -> None:
    other = post.with_name("2025-01-08-daily-papers-20250108.md")
    other.write_text(post.read_text("utf-8").replace("2025-01-06", "2025-01-08"), "utf-8")
    shown = contents(post.parent)
    assert len(shown.read().posts) == 2

    other.unlink()

    again = shown.read_again()
    assert (len(again.posts), again.kept) == (1, "")


# Served


@asynccontextmanager
async def served(post: Path, port: int = 0) -> AsyncIterator[str]:
    """Serve the preview of a post; give the address that is shown."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        browser.serve(Settings(), [post], paper="", look=0.05, port=port, show=address.set_result)
    )
    try:
        yield await asyncio.wait_for(address, 10)
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


async def test_a_page_is_told_of_what_changed(post: Path) -> None:
    async with served(post) as address, aiohttp.ClientSession() as session:
        async with session.get(address) as response:
            page = await response.text()
        found = re.search(r'data-after="(\d+)"', page)
        assert found
        post.write_text(post.read_text("utf-8").replace("## ", "## A new word ", 1), "utf-8")
        changes: Mapping[str, list[Mapping[str, str]]] = {}
        async with asyncio.timeout(10):
            while not changes:
                async with session.get(f"{address}feed?after={found[1]}") as response:
                    changes = await response.json() if response.status == 200 else {}

    assert [one["id"] for one in changes["changes"]] == ["state", "telegram-list", "slack-list", "reading-list"]
    assert "A new word" not in page


async def test_a_page_is_told_why_a_file_cannot_be_shown(post: Path) -> None:
    async with served(post) as address, aiohttp.ClientSession() as session:
        async with session.get(address, headers={"Accept-Language": "en"}) as response:
            found = re.search(r'data-after="(\d+)"', await response.text())
        assert found
        post.write_text("---\n", "utf-8")
        changes: list[Mapping[str, str]] = []
        async with asyncio.timeout(10):
            while not changes:
                headers = {"Accept-Language": "en"}
                async with session.get(f"{address}feed?after={found[1]}", headers=headers) as response:
                    changes = (await response.json())["changes"] if response.status == 200 else []

    assert [one["id"] for one in changes] == ["state"]
    assert "What stands here was read last" in changes[0]["html"]


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Host": "paperboy.example"}, 421),
        ("GET", {"Host": "localhost:1"}, 200),
        ("POST", {"Origin": "http://127.0.0.1:1"}, 403),
        ("POST", {"Sec-Fetch-Site": "same-site"}, 403),
        ("POST", {"Sec-Fetch-Site": "same-origin"}, 405),
    ],
)
async def test_another_site_reads_and_posts_nothing(
    post: Path, method: str, headers: dict[str, str], status: int
) -> None:
    async with (
        served(post) as address,
        aiohttp.ClientSession() as session,
        session.request(method, address, headers=headers) as response,
    ):
        assert response.status == status
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")


async def test_a_taken_port_is_told(post: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = await asyncio.start_server(lambda *_: None, loopback.HOST, 0)
    port = taken.sockets[0].getsockname()[1]
    async with taken, served(post, port) as address:
        pass

    moved = address.rstrip("/").rpartition(":")[2]
    assert f"Another program has port {port}, so the page is on {moved}.\n" in capsys.readouterr().out


async def test_without_any_port_a_line_says_what_to_do(post: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_port(_: int) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(loopback, "_listening", no_port)

    with pytest.raises(browser.PortError, match=r"had: Too many open files; --html FILE saves the page"):
        await browser.serve(Settings(), [post], paper="")


async def test_files_are_looked_at_beside_the_server(post: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: set[threading.Thread] = set()
    again, stamp = asyncio.Event(), Contents.stamp
    loop = asyncio.get_running_loop()

    def noted(self: Contents) -> object:
        if looked:
            loop.call_soon_threadsafe(again.set)
        looked.add(threading.current_thread())
        return stamp(self)

    monkeypatch.setattr(Contents, "stamp", noted)
    async with served(post):
        await asyncio.wait_for(again.wait(), 10)

    assert threading.current_thread() not in looked


class Body(dict[str, object]):
    """The arguments of a call, which count how often they are drawn."""

    drawn = 0

    def get(self, key: str, default: object = None) -> object:
        self.drawn += key == "parse_mode"
        return super().get(key, default)


async def test_a_message_is_drawn_once_for_all_who_look(post: Path) -> None:
    (slack,) = (one.messages["slack"] for one in contents(post).read().posts)
    alone = Body(text="<b>x</b>", parse_mode="HTML")
    PreviewPage(_content(alone, slack), "ko", {"telegram": False, "slack": True})
    body = Body(alone)
    page = PreviewPage(_content(body, slack), "ko", {"telegram": False, "slack": True})

    async with loopback.serving(page.app(), 0) as there, aiohttp.ClientSession() as session:
        for language in ("ko", "en"):
            async with session.get(there.address, headers={"Accept-Language": language}) as response:
                assert "<b>x</b>" in await response.text()
        assert body.drawn == alone.drawn
        await page.show(_content(body, slack))
    assert body.drawn == 2 * alone.drawn


def _content(body: Mapping[str, object], slack: Sequence[Message]) -> Content:
    return Content([ShownPost("a.md", {"telegram": [Message("index", body)], "slack": slack}, [])])


# Saved


def test_a_saved_page_needs_and_runs_nothing(post: Path, tmp_path: Path) -> None:
    file = tmp_path / "page.html"

    result = CliRunner().invoke(app, ["preview", str(post), "--html", str(file)])

    page = file.read_text("utf-8")
    style = page.partition("<style>")[2].partition("</style>")[0]
    allowed = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert (result.exit_code, result.stdout) == (0, f"Saved {file}\n")
    assert f"default-src &#39;none&#39;; img-src data:; style-src &#39;sha256-{allowed}&#39;" in page
    assert '<html lang="ko">' in page
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!https?://|#|data:,)[^"]*"', page) == []
    assert page.count('class="in"') == page.count('<li class="msg') == 4


def test_nothing_to_save_ends_with_1(tmp_path: Path) -> None:
    (post := tmp_path / "2025-01-07-notes.md").write_text("# Notes\n", "utf-8")

    result = CliRunner().invoke(app, ["preview", str(post), "--html", str(tmp_path / "page.html")])

    assert result.exit_code == 1
    assert "no digest, nothing would be sent" in result.stderr


def test_a_folder_that_cannot_be_written_to_is_said(post: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["preview", str(post), "--html", str(tmp_path / "none" / "page.html")])

    assert isinstance(result.exception, SourceError)
    assert "No such file or directory; name a file in a folder that you can write to" in str(result.exception)


def test_a_picture_needs_a_browser(post: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    result = CliRunner().invoke(app, ["preview", str(post), "--png", str(tmp_path / "page.png")])

    assert isinstance(result.exception, PictureError)
    assert "install the package chromium-headless-shell" in str(result.exception)
    assert not (tmp_path / "page.png").exists()


def test_a_browser_that_takes_no_picture_is_said(post: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fake := tmp_path / "chromium").write_text("#!/bin/sh\necho '<html data-height=\"9\">'\n", "utf-8")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    result = CliRunner().invoke(app, ["preview", str(post), "--png", str(tmp_path / "page.png")])

    assert str(result.exception) == f"{fake} made no picture; try --html"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo '<html>'", "did not say how high the page is; try another Chromium, or use --html"),
        ("echo a >&2; echo no disk >&2; exit 21", "ended with 21: no disk; try another Chromium, or use --html"),
        ("exit 1", "ended with 1: it does not say why; try another Chromium, or use --html"),
    ],
)
def test_a_browser_that_fails_is_said(
    post: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    (fake := tmp_path / "chromium").write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    result = CliRunner().invoke(app, ["preview", str(post), "--png", str(tmp_path / "page.png")])

    assert isinstance(result.exception, PictureError)
    assert str(result.exception) == f"{fake} {why}"


@pytest.mark.parametrize(
    ("pair", "refused"),
    [
        (["--web", "--html", "a.html"], "--web"),
        (["--web", "--png", "a.png"], "--web"),
        (["--web", "--json"], "--json"),
        (["--html", "a.html", "--json"], "--json"),
        (["--web", "--channel", "slack"], "--channel"),
        (["--png", "a.png", "--channel", "terminal"], "--channel"),
    ],
    ids=str,
)
def test_what_would_be_ignored_is_refused(
    post: Path, monkeypatch: pytest.MonkeyPatch, pair: list[str], refused: str
) -> None:
    monkeypatch.setattr(browser, "serve_forever", lambda *_, **__: None)

    result = CliRunner().invoke(app, ["preview", str(post), *pair])

    assert result.exit_code == 2
    assert re.search(rf"Invalid value for {refused}: it goes without ", result.stderr)
    assert not list(Path().glob("a.*"))


def test_a_limit_of_our_own_is_not_said_to_be_the_platforms(post: Path) -> None:
    page = PreviewPage(contents(post).read(), "en", {"telegram": False, "slack": True}).saved()

    assert "/ 4,096 characters</span>" in page
    assert "/ 10,000 characters (Paperboy&#39;s own limit)</span>" in page
    assert "/ 10,000 characters</span>" not in page


def test_no_element_has_the_id_of_another(post: Path, tmp_path: Path) -> None:
    for day in ("07", "08"):
        other = post.with_name(f"2025-01-{day}-daily-papers-202501{day}.md")
        other.write_text(post.read_text("utf-8").replace("2025-01-06", f"2025-01-{day}"), "utf-8")
    shown = contents(tmp_path)

    ids = re.findall(r'\bid="([^"]*)"', PreviewPage(shown.read(), "ko", shown.threaded).saved())

    assert len(ids) == len(set(ids))


def test_a_picture_that_would_be_too_tall_ends_early(
    post: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = """#!/bin/sh
for one; do
  case $one in
    --dump-dom) echo '<html data-height="20000">' ;;
    --window-size=3000,16000) tall=yes ;;
    --force-prefers-reduced-motion) still=yes ;;
    --screenshot=*) picture=${one#--screenshot=} ;;
  esac
done
if [ -n "$picture" ] && [ -n "$tall" ] && [ -n "$still" ]; then echo tall > "$picture"; fi
"""
    (fake := tmp_path / "chromium").write_text(script, "utf-8")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    result = CliRunner().invoke(app, ["preview", str(post), "--png", str(tmp_path / "page.png")])

    assert (result.exit_code, (tmp_path / "page.png").read_text("utf-8")) == (0, "tall\n")
    assert "the picture ends after 16,000 of 20,000 pixels; --html has all of it" in result.stderr
