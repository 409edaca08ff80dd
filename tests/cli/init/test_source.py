"""Where digests come from: each kind of source, read while it is chosen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cli.init.wording import wording
from bot.config.loading import load
from tests.cli.init.conftest import POSTS, PROGRAM
from tests.support.chats import CHANNEL, CHANNEL_NAME
from tests.support.fakes.documents import Document, DocumentServer
from tests.support.fakes.telegram import TOKEN, FakeTelegram
from tests.support.feeds import arxiv_paper, post, rss
from tests.support.person import Ended, Person
from tests.support.repository import Repository
from tests.support.setup import DATA

SAID = wording("en")
KINDS = {name: str(place) for place, name in enumerate(SAID.source_kinds, 1)}
UNREAD = "Read today: [Adam](https://arxiv.org/abs/1412.6980) and [BERT](https://arxiv.org/abs/1810.04805).\n"


@pytest.fixture
async def documents(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DocumentServer]:
    monkeypatch.setenv("PAPERBOY_SOURCES__0__ALLOW_PRIVATE", "true")
    async with DocumentServer() as server:
        yield server


async def choose(person: Person, *answers: str, rest: tuple[str, ...] = ("", "", "2")) -> Ended:
    """Choose a source; with the usual hour, and nothing sent."""
    return await person.types("2", "1", TOKEN, CHANNEL_NAME, *answers, *rest)


async def test_a_folder_beside_it_is_offered(person: Person, posts: Path) -> None:
    done = await choose(person, "", "")

    assert (done.code, done.problems) == (0, [])
    assert "✓ 2 posts read: 2 digests, 4 papers. The newest:\n  2025-01-06  Daily Papers — 2025-01-06\n" in done.out
    assert "    1. Chain-of-Thought Prompting" in done.out
    assert load().sources[0].path == posts.absolute()
    assert 'path = "_posts"' in Path("paperboy.toml").read_text()


async def test_a_folder_of_a_blog_beside_it_is_offered(person: Person) -> None:
    Path("blog/_posts").mkdir(parents=True)
    Path("blog/_posts", POSTS[1]).write_bytes((DATA / POSTS[1]).read_bytes())
    done = await choose(person, "", "")

    assert (done.code, "[blog/_posts] > " in done.out) == (0, True)


async def test_a_folder_elsewhere_is_named_whole(person: Person, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / POSTS[1]).write_bytes((DATA / POSTS[1]).read_bytes())
    done = await choose(person, "folder", "", "nowhere", str(elsewhere))

    assert done.code == 0
    assert done.problems == [SAID.nothing_said, SAID.no_folder.format(path=Path("nowhere").absolute())]
    assert load().sources[0].path == elsewhere


async def test_an_empty_folder_and_then_another_source(person: Person, posts: Path) -> None:
    Path("empty").mkdir()
    done = await choose(person, "1", "empty", "1", "", "")

    assert (done.code, done.problems) == (0, [SAID.no_digest])


async def test_going_on_with_an_empty_folder_sends_nothing(person: Person) -> None:
    Path("empty").mkdir()
    done = await choose(person, "1", "empty", "2", rest=("", ""))

    assert (done.code, SAID.send_now in done.out) == (0, False)
    assert load().sources[0].path == Path("empty").absolute()


async def test_a_post_that_is_not_understood_says_what_came_nearest(person: Person) -> None:
    Path("_posts").mkdir()
    Path("_posts/2025-01-07-notes.md").write_text(UNREAD)
    done = await choose(person, "", "", "2", rest=("", ""))

    [line] = [line for line in done.out.splitlines() if line.startswith(f"  {SAID.nearest}")]
    assert "2025-01-07-notes.md" in line
    assert (done.code, done.problems) == (0, [SAID.no_digest])


async def test_words_that_reach_no_message_are_named(person: Person, posts: Path) -> None:
    newest = posts / "2025-02-07-reading-list.md"
    newest.write_bytes((DATA / "explain" / newest.name).read_bytes())
    done = await choose(person, "", "")

    assert done.code == 0
    assert "  Not understood, line " in done.out
    assert f"  More: `{PROGRAM} explain _posts/{newest.name}`\n" in done.out


async def test_words_of_a_repository_that_reach_no_message_are_named(
    person: Person, tmp_path_factory: pytest.TempPathFactory
) -> None:
    blog = Repository(tmp_path_factory.mktemp("git"))
    blog.write("_posts/2025-02-07-reading-list.md", (DATA / "explain/2025-02-07-reading-list.md").read_text("utf-8"))
    blog.push()
    done = await choose(person, KINDS["git"], blog.url)

    assert (done.code, "  Not understood, line " in done.out, " explain " in done.out) == (0, True, False)


async def test_a_repository(person: Person, tmp_path_factory: pytest.TempPathFactory) -> None:
    blog = Repository(tmp_path_factory.mktemp("git"))
    blog.write(f"_posts/{POSTS[1]}", (DATA / POSTS[1]).read_text("utf-8"))
    blog.push()
    done = await choose(person, KINDS["git"], "", "file:///nowhere/blog.git", blog.url)

    assert (done.code, done.problems[0]) == (0, SAID.nothing_said)
    assert done.problems[1].startswith("git: ")
    assert (load().sources[0].kind, load().sources[0].url) == ("git", blog.url)
    assert {path.name for path in Path().iterdir()} == {"paperboy.toml", ".env"}


async def test_a_repository_by_its_path(person: Person, tmp_path_factory: pytest.TempPathFactory) -> None:
    blog = Repository(tmp_path_factory.mktemp("git"))
    blog.write(POSTS[1], (DATA / POSTS[1]).read_text("utf-8"))
    blog.push()
    done = await choose(person, KINDS["git"], str(blog.bare))

    assert (done.code, done.problems) == (0, [])
    assert load().sources[0].url == blog.url


async def test_hugging_face(person: Person, documents: DocumentServer, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = {"id": "2603.00001", "title": "Paper 1", "upvotes": 3, "summary": "It is read."}
    documents.documents["/api/daily_papers"] = Document(json.dumps([{"paper": paper}]).encode(), "application/json")
    monkeypatch.setenv("PAPERBOY_SOURCES__0__URL", documents.url)
    done = await choose(person, KINDS["huggingface"])

    assert (done.code, done.problems) == (0, [])
    assert "    1. Paper 1\n" in done.out


async def test_arxiv(person: Person, documents: DocumentServer, monkeypatch: pytest.MonkeyPatch) -> None:
    documents.documents["/rss/cs.CL+cs.LG"] = rss(*(arxiv_paper(number) for number in range(1, 8)))
    monkeypatch.setenv("PAPERBOY_SOURCES__0__URL", documents.url)
    done = await choose(person, KINDS["arxiv"], "", "cs.CL & cs.LG", "cs.CL, cs.LG")

    assert (done.code, done.problems[0]) == (0, SAID.nothing_said)
    assert "'&' is no category" in done.problems[1]
    assert "    … and 2 more papers\n" in done.out
    assert load().sources[0].arxiv == ("cs.CL", "cs.LG")


async def test_arxiv_on_a_weekend(person: Person, documents: DocumentServer, monkeypatch: pytest.MonkeyPatch) -> None:
    documents.documents["/rss/cs.CL"] = rss()
    monkeypatch.setenv("PAPERBOY_SOURCES__0__URL", documents.url)
    done = await choose(person, KINDS["arxiv"], "cs.CL", rest=("", ""))

    assert (done.code, done.problems) == (0, [])
    assert f"✓ {SAID.no_papers_now}\n" in done.out


async def test_a_feed_of_posts(person: Person, documents: DocumentServer) -> None:
    html = '<h3>1. <a href="https://arxiv.org/abs/1706.03762">Attention</a></h3><p>Words.</p>'
    documents.documents["/feed.xml"] = rss(post("Daily Papers 2026-03-02", html))
    done = await choose(person, KINDS["feed"], "no address", f"{documents.url}/feed.xml")

    assert (done.code, done.problems) == (0, [SAID.no_web_address])
    assert "✓ 1 post read: 1 digest, 1 paper. The newest:\n" in done.out
    assert (load().sources[0].name, load().sources[0].entries) == ("127.0.0.1", None)


async def test_a_feed_whose_entries_are_papers(person: Person, documents: DocumentServer) -> None:
    documents.documents["/feed.xml"] = rss(post("A Paper", "<p>Abstract.</p>", "https://arxiv.org/abs/1706.03762"))
    done = await choose(person, KINDS["feed"], f"{documents.url}/feed.xml")

    assert (done.code, done.problems) == (0, [])
    assert load().sources[0].entries == "papers"


async def test_a_post_that_looks_unfinished_is_not_sent(person: Person, telegram: FakeTelegram) -> None:
    Path("_posts").mkdir()
    link = "[Attention](https://arxiv.org/abs/1706.03762)"
    Path("_posts/2025-01-07-daily-papers.md").write_text(f"## 1. {link}\n\n### Goal\n\n정보 부족\n")
    done = await choose(person, "", "", rest=("", "", "1"))

    assert (done.code, telegram.shown(CHANNEL)) == (0, [])
    assert SAID.nothing_to_send.format(command=f"{PROGRAM} status") in done.out
