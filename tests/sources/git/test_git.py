"""Repositories on this machine: what moves, breaks, lies or is away."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from bot.errors import SourceError
from bot.sources.folder import FolderSource, never_young
from bot.sources.git.clone import Clone
from bot.sources.git.program import TOKEN, Git, GitError
from bot.sources.git.source import GitSource
from tests.support.fakes.documents import Document, DocumentServer, silence, status
from tests.support.repository import Repository, git

POST = '---\ntitle: "Daily Papers — 2026-03-0{day}"\n---\n\n# 1. [{title}](https://arxiv.org/abs/2603.0000{day})\n'
SECRET = "ghp_FAKEfakeFAKEfake"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return filled(Repository(tmp_path))


def filled(repository: Repository) -> Repository:
    """Publish a post, beside what nobody reads."""
    repository.write("_posts/2026-03-01-daily.md", POST.format(day=1, title="Rain"))
    repository.write("assets/big.bin", "0" * 3_000_000)
    repository.push()
    return repository


def source_of(url: str, branch: str = "", path: str = "_posts", token: str = "") -> GitSource:
    clone = Clone(Git("blog", token, longest=20.0), Path("clones/blog"), url, branch, path)
    return GitSource(clone, partial(FolderSource, "blog", clock=never_young))


async def titles(source: GitSource) -> list[str]:
    return [paper.title for found in await source.digests() for paper in found.digest.papers]


async def test_posts_come_with_the_repository_and_change_with_it(repository: Repository) -> None:
    source = source_of(repository.url)
    assert (await titles(source), source.name, source.problems) == (["Rain"], "blog", {})
    assert str(source.survey) == "1 post read, 1 digest, 1 paper"
    first = source.commit
    assert (await titles(source), source.commit) == (["Rain"], first)
    repository.write("_posts/2026-03-01-daily.md", POST.format(day=1, title="Rain and Snow"))
    repository.write("_posts/2026-03-02-daily.md", POST.format(day=2, title="Wind"))
    repository.push()
    assert await titles(source) == ["Rain and Snow", "Wind"]
    assert source.commit != first


async def test_only_what_is_read_is_taken(repository: Repository) -> None:
    for n in range(1, 6):
        repository.write("assets/big.bin", f"{n}" * 3_000_000)
        repository.push()
    source = source_of(repository.url)
    await titles(source)
    folder = source.clone.folder
    assert [path.name for path in folder.iterdir() if path.name != ".git"] == ["_posts"]
    objects = git(folder, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    assert len(objects) == 5  # a commit, three trees and a post
    assert not list(folder.parent.glob("*.new"))


async def test_a_look_that_finds_nothing_new_takes_no_object(repository: Repository) -> None:
    source = source_of(repository.url)
    await titles(source)
    before = sorted(path.name for path in (source.clone.folder / ".git/objects").rglob("*"))
    await titles(source)
    assert sorted(path.name for path in (source.clone.folder / ".git/objects").rglob("*")) == before
    assert source.cost.requests == 2


async def test_a_server_without_filters_gives_the_newest_state(repository: Repository) -> None:
    git(repository.bare, "config", "uploadpack.allowFilter", "false")
    assert await titles(source_of(repository.url)) == ["Rain"]


async def test_all_of_a_repository(repository: Repository) -> None:
    repository.write("2026-03-03-top.md", POST.format(day=3, title="Top"))
    repository.push()
    assert "Top" in await titles(source_of(repository.url, path=""))


async def test_a_branch_of_its_own(repository: Repository) -> None:
    repository.write("_posts/2026-03-02-daily.md", POST.format(day=2, title="Wind"))
    repository.push(branch="drafts/next")
    assert await titles(source_of(repository.url)) == ["Rain"]
    shutil.rmtree("clones")
    assert await titles(source_of(repository.url, "drafts/next")) == ["Rain", "Wind"]


async def test_a_main_branch_of_another_name(repository: Repository) -> None:
    source = source_of(repository.url)
    await titles(source)
    repository.write("_posts/2026-03-02-daily.md", POST.format(day=2, title="Wind"))
    repository.push(branch="trunk")
    git(repository.bare, "symbolic-ref", "HEAD", "refs/heads/trunk")
    git(repository.bare, "branch", "--delete", "--force", "main")
    assert await titles(source) == ["Rain", "Wind"]


async def test_a_history_that_was_rewritten(repository: Repository) -> None:
    source = source_of(repository.url)
    await titles(source)
    repository.write("_posts/2026-03-01-daily.md", POST.format(day=1, title="Hail"))
    repository.push("--amend", "--force")
    assert await titles(source) == ["Hail"]


async def test_another_repository_in_the_settings(repository: Repository, tmp_path: Path) -> None:
    await titles(source_of(repository.url))
    (tmp_path / "other").mkdir()
    other = filled(Repository(tmp_path / "other"))
    other.write("_posts/2026-03-01-daily.md", POST.format(day=1, title="Other"))
    other.push()
    assert await titles(source_of(other.url)) == ["Other"]


# What is wrong


async def test_a_folder_that_is_gone_and_comes_back(repository: Repository) -> None:
    source = source_of(repository.url)
    await titles(source)
    shutil.move(repository.work / "_posts", repository.work / "posts")
    repository.push()
    for _ in range(2):
        with pytest.raises(SourceError, match=r"has no folder _posts in its main branch; check path"):
            await titles(source)
    shutil.move(repository.work / "posts", repository.work / "_posts")
    repository.push()
    assert await titles(source) == ["Rain"]


async def test_a_branch_that_is_gone(repository: Repository) -> None:
    with pytest.raises(
        SourceError, match=r"source blog: git: couldn't find remote ref refs/heads/none; check the branch"
    ):
        await titles(source_of(repository.url, "none"))


async def test_a_repository_that_is_away_for_a_while(repository: Repository) -> None:
    source = source_of(repository.url)
    await titles(source)
    repository.bare.rename(repository.bare.with_suffix(".away"))
    with pytest.raises(GitError, match=r"source blog: git: .*does not.*; check the address"):
        await titles(source)
    assert [found.digest.papers[0].title for found in await source.folder.digests()] == ["Rain"]
    repository.bare.with_suffix(".away").rename(repository.bare)
    assert await titles(source) == ["Rain"]


async def test_where_no_clone_can_be_made(repository: Repository) -> None:
    Path("clones").touch()
    with pytest.raises(SourceError, match=r"^source blog: clones: File exists; check the folder and its rights$"):
        await titles(source_of(repository.url))


async def test_an_empty_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    with pytest.raises(SourceError, match="couldn't find remote ref HEAD; it is empty"):
        await titles(source_of(f"file://{tmp_path}/empty.git"))


@pytest.mark.parametrize("damage", ["lock", "head", "objects", "mark"])
async def test_a_damaged_clone_is_made_anew(repository: Repository, damage: str) -> None:
    source = source_of(repository.url)
    await titles(source)
    git = source.clone.folder / ".git"
    match damage:
        case "lock":
            (git / "index.lock").touch()
        case "head":
            (git / "HEAD").write_text("nonsense")
        case "objects":
            shutil.rmtree(git / "objects")
        case "mark":
            (git / "paperboy").unlink()
    repository.write("_posts/2026-03-02-daily.md", POST.format(day=2, title="Wind"))
    repository.push()
    assert await titles(source) == ["Rain", "Wind"]


async def test_links_that_lead_outside_are_not_followed(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text(POST.format(day=9, title="Secret"), "utf-8")
    (repository.work / "_posts/2026-03-09-link.md").symlink_to(tmp_path / "secret.md")
    (repository.work / "_posts/more").symlink_to(tmp_path)
    repository.push()
    source = source_of(repository.url)
    assert await titles(source) == ["Rain"]
    assert not any(path.is_symlink() for path in source.clone.folder.rglob("*"))


async def test_a_folder_that_is_a_link(repository: Repository, tmp_path: Path) -> None:
    (repository.work / "elsewhere").symlink_to(tmp_path)
    repository.push()
    with pytest.raises(SourceError, match="has no folder elsewhere"):
        await titles(source_of(repository.url, path="elsewhere"))


async def test_without_a_git_program() -> None:
    source = source_of("file:///nowhere")
    source.clone.git.program = "git-that-is-not-there"
    with pytest.raises(GitError, match="source blog: there is no git program; install git"):
        await titles(source)


# Over HTTP


@pytest.fixture
async def server() -> AsyncIterator[DocumentServer]:
    async with DocumentServer() as server:
        yield server


async def test_a_server_that_only_gives_files(repository: Repository, server: DocumentServer) -> None:
    git(repository.bare, "update-server-info")
    for path in repository.bare.rglob("*"):
        if path.is_file():
            server.documents[f"/blog.git/{path.relative_to(repository.bare)}"] = Document(path.read_bytes())
    assert await titles(source_of(f"{server.url}/blog.git")) == ["Rain"]


async def test_a_page_of_a_proxy_in_place_of_a_repository(repository: Repository, server: DocumentServer) -> None:
    """git takes it for an empty repository, and says so as if that were all right."""
    source = source_of(repository.url)
    await titles(source)
    page = Document(b"<html><body>Please log in</body></html>", "text/html")
    server.documents |= dict.fromkeys(["/blog.git/info/refs", "/blog.git/HEAD"], page)
    source.clone.url = f"{server.url}/blog.git"
    with pytest.raises(SourceError, match="source blog: git: "):
        await titles(source)
    source.clone.url = repository.url
    assert await titles(source) == ["Rain"]


@pytest.mark.parametrize(
    ("code", "said"),
    [(401, "wants a token"), (403, "wants a token"), (404, "check the address"), (500, "check the network")],
)
async def test_a_server_that_refuses(server: DocumentServer, code: int, said: str) -> None:
    server.documents["/blog.git/info/refs"] = status(code)
    with pytest.raises(GitError, match=rf"source blog: git: .*{said}"):
        await titles(source_of(f"{server.url}/blog.git"))


async def test_a_server_that_never_answers(server: DocumentServer) -> None:
    server.documents["/blog.git/info/refs"] = silence
    source = source_of(f"{server.url}/blog.git")
    source.clone.git.longest = 0.5
    with pytest.raises(GitError, match=r"git took longer than 0\.5 s; check the network"):
        await titles(source)


async def test_the_token_reaches_the_server_and_nothing_else(server: DocumentServer, tmp_path: Path) -> None:
    """Not the arguments of git and what it starts, not a file, not the message."""
    seen: list[bytes] = []

    async def refused(request: web.Request) -> web.Response:
        seen.extend(_commands())
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="blog"'})

    server.documents["/blog.git/info/refs"] = refused
    with pytest.raises(GitError) as raised:
        await titles(source_of(f"{server.url}/blog.git", token=SECRET))
    asked = [request.headers.get("Authorization", "") for request in server.requests]
    assert any(one.startswith("Basic ") for one in asked)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [one for one in (*seen, *written, str(raised.value).encode()) if SECRET.encode() in one]
    assert TOKEN not in os.environ


async def test_what_git_says_of_an_address_hides_its_password() -> None:
    with pytest.raises(GitError) as raised:
        await Git("blog").run("ls-remote", "--", "https://me:hidden@127.0.0.1:1/x")
    assert "hidden" not in str(raised.value)


async def test_told_to_stop_git_ends_too(server: DocumentServer) -> None:
    server.documents["/blog.git/info/refs"] = silence
    task = asyncio.create_task(titles(source_of(f"{server.url}/blog.git")))
    async with asyncio.timeout(10):
        while not server.requests:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        while any(b"remote-http" in command and server.url.encode() in command for command in _commands()):
            await asyncio.sleep(0.01)


def _commands() -> Iterator[bytes]:
    """Give the command of each process; one may end while it is looked at."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes()
