"""Posts of any blog: sub-folders, names, files that grow; what is looked at and what it is called."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from bot.sources.files import name_in, posts
from bot.sources.folder import FolderSource
from bot.sources.source import FoundDigest

ROOT = Path("blog")


def write(name: str, text: str = "", papers: Sequence[int] = (1,)) -> Path:
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + listed(papers))
    return path


def listed(papers: Sequence[int]) -> str:
    return "".join(f"### {n}. [Paper {n}](https://arxiv.org/abs/2501.{n:05})\n\nWords.\n\n" for n in papers)


async def found(match: str | None = None, since: date | None = None, permalink: str = "") -> list[FoundDigest]:
    return list(await FolderSource("blog", ROOT, match=match, permalink=permalink).digests(since))


def days(digests: Sequence[FoundDigest]) -> dict[str, str]:
    return {one.post: one.digest.day.isoformat() for one in digests}


async def test_sub_folders_and_suffixes() -> None:
    for name in ("2026/11/24/index.md", "llm/2026-11-25.mdx", "2026-11-26-a.qmd", "weekly/2026-W48.markdown"):
        write(name)
    write("2026-11-27.txt")

    assert days(await found()) == {
        "weekly/2026-W48.markdown": "2026-11-23",
        "2026/11/24/index.md": "2026-11-24",
        "llm/2026-11-25.mdx": "2026-11-25",
        "2026-11-26-a.qmd": "2026-11-26",
    }


async def test_what_is_hidden_drafted_or_linked_is_passed_over() -> None:
    for folder in (".git", "_drafts", "node_modules", "a/.hidden", "a/_drafts"):
        write(f"{folder}/2026-11-25.md")
    write(".2026-11-25.md")
    write("real/2026-11-26.md")
    (ROOT / "linked").symlink_to("real")
    (ROOT / "real" / "loop").symlink_to("..")

    assert list(days(await found())) == ["real/2026-11-26.md"]


async def test_a_folder_that_is_a_link_itself_is_read() -> None:
    write("2026-11-26.md")
    Path("link").symlink_to(ROOT)

    assert [one.post for one in await FolderSource("blog", Path("link")).digests()] == ["2026-11-26.md"]


async def test_a_day_may_stand_in_the_front_matter_or_title_alone() -> None:
    write("a.md", '+++\ntitle = "Papers"\ndate = 2026-11-25\n+++\n')
    write("b.md", "# Papers, 26 November 2026\n\n")
    write("c.md", "# Papers\n\n")

    assert days(await found()) == {"a.md": "2026-11-25", "b.md": "2026-11-26"}


async def test_days_from_when_on_posts_are_looked_at() -> None:
    for day in (24, 25, 26):
        write(f"2026-11-{day}.md", f"---\ntitle: Papers of {day}\n---\n")
        write(f"{day}.md", f"---\ndate: 2026-11-{day}\n---\n")

    assert list(days(await found(since=date(2026, 11, 26)))) == ["2026-11-26.md", "26.md"]


async def test_of_an_old_file_only_the_front_matter_is_read_until_more_is_asked_for() -> None:
    for day in (24, 26):
        write(f"{day}.md", f"---\ndate: 2026-11-{day}\n---\n")
    write("log.md", "---\ndate: 2026-11-01\n---\n" + sections(26), papers=())
    blog = FolderSource("blog", ROOT)
    old = ROOT / "24.md"

    assert list(days(await blog.digests(date(2026, 11, 26)))) == ["26.md", "log.md#2026-11-26"]
    assert (blog.survey.posts, blog.survey.papers) == (3, 2)
    stamp = old.stat()
    old.write_text(old.read_text().replace("Paper 1", "Other 1"))
    os.utime(old, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # so that it counts as unchanged
    assert list(days(await blog.digests(date(2026, 11, 25)))) == ["26.md", "log.md#2026-11-26"]
    first, *_ = await blog.digests(date(2026, 11, 24))
    assert (first.post, first.digest.papers[0].title) == ("24.md", "Other 1")
    assert len(await blog.digests()) == 3


async def test_patterns_fit_names_and_folders() -> None:
    write("papers/2026-11-25.md")
    write("papers/notes/2026-11-26.md")
    write("2026-11-27-other.md")

    assert list(days(await found("papers/*"))) == ["papers/2026-11-25.md", "papers/notes/2026-11-26.md"]
    assert list(days(await found("2026-11-26"))) == ["papers/notes/2026-11-26.md"]


async def test_a_sub_folder_that_cannot_be_read_keeps_no_other_back(monkeypatch: pytest.MonkeyPatch) -> None:
    write("2026-11-26.md")
    error = PermissionError(13, "Permission denied", str(ROOT / "locked"))

    def walked(folder: Path, on_error: Callable[[OSError], object]) -> Iterator[Path]:
        """Even root's own tests meet a folder that cannot be read."""
        on_error(error)
        yield from posts(folder, on_error)

    monkeypatch.setattr("bot.sources.files.posts", walked)
    blog = FolderSource("blog", ROOT)

    assert list(days(await blog.digests())) == ["2026-11-26.md"]
    assert blog.problems == {"locked": "locked: cannot be read (Permission denied); check the folder's rights"}


def test_names() -> None:
    assert name_in(ROOT, ROOT / "a" / os.fsdecode(b"b\xff\n.md")) == r"a/b\xff\n.md"
    assert name_in(ROOT, Path("/elsewhere/a.md")) == "a.md"


# Files that grow

GROWING = "# Papers of the day\n\nWhat this is.\n\n"


def sections(*numbers: int, level: str = "##") -> str:
    return "".join(f"{level} 2026-11-{n}\n\n{listed([n])}" for n in numbers)


async def test_each_dated_section_is_a_post_of_its_own() -> None:
    write("README.md", GROWING + sections(26, 25) + "## About\n\nWords.\n", papers=())

    digests = await found()

    assert days(digests) == {"README.md#2026-11-25": "2026-11-25", "README.md#2026-11-26": "2026-11-26"}
    assert {one.digest.series for one in digests} == {"Papers of the day"}
    assert [[paper.id for paper in one.digest.papers] for one in digests] == [["2501.00025"], ["2501.00026"]]
    assert all(one.fingerprint for one in digests)
    assert list(days(await found(since=date(2026, 11, 26)))) == ["README.md#2026-11-26"]


async def test_a_new_section_changes_no_other() -> None:
    write("README.md", GROWING + sections(25), papers=())
    (before,) = await found()
    write("README.md", GROWING + sections(26, 25), papers=())

    same, _ = await found()

    assert same == before


async def test_weeks_whose_papers_are_rows() -> None:
    rows = "".join(
        f"## Papers of the Week ({week}) - 2026\n\n| Paper | Links |\n|---|---|\n"
        f"| 1) **Paper {n}** – words. | [Paper](https://arxiv.org/abs/2511.0000{n}) |\n"
        f"| 2) **Other {n}** – words. | [Paper](https://arxiv.org/abs/2511.0010{n}) |\n\n"
        for n, week in enumerate(("November 23 - November 29", "November 16 - November 22"))
    )
    write("README.md", rows, papers=())

    digests = await found()

    assert list(days(digests)) == ["README.md#2026-11-22", "README.md#2026-11-29"]
    assert [(one.digest.series, len(one.digest.papers)) for one in digests] == [("Papers of the Week", 2)] * 2


async def test_several_sections_of_one_day_are_one() -> None:
    text = f"## 2026-11-26 Speech\n\n{listed([1])}## 2026-11-25\n\n{listed([2])}## 2026-11-26 Vision\n\n{listed([3])}"
    write("log.md", text, papers=())

    _, both = await found()

    assert [(paper.id, paper.category) for paper in both.digest.papers] == [
        *(("2501.00001", "2026-11-26 Speech"), ("2501.00003", "2026-11-26 Vision")),
    ]


async def test_references_and_broken_front_matter_of_a_file_that_grows() -> None:
    text = "---\nlayout: 'page\n---\n\n## 2026-11-26\n\n### [A paper][a]\n\n## 2026-11-25\n\n### [B][b]\n\n"
    write("log.md", text + "[a]: https://arxiv.org/abs/2501.00001\n[b]: javascript:x\n", papers=())
    blog = FolderSource("blog", ROOT, permalink="https://a.org/:year/:title/")

    (one,) = await blog.digests()

    assert (one.digest.papers[0].url, one.digest.url) == ("https://arxiv.org/abs/2501.00001", "")
    assert "it was read line by line" in blog.problems["log.md#2026-11-26"]


@pytest.mark.parametrize(
    ("permalink", "url"), [("https://a.org/log", "https://a.org/log"), ("https://a.org/:day/", "")]
)
async def test_the_link_of_a_file_that_grows_tells_no_day(permalink: str, url: str) -> None:
    write("log.md", sections(26), papers=())

    assert [one.digest.url for one in await found(permalink=permalink)] == [url]


@pytest.mark.parametrize(
    ("name", "text", "posts"),
    [
        ("2026-11-26.md", sections(20, 19), ["2026-11-26.md"]),
        ("week.md", "---\ndate: 2026-11-26\n---\n" + sections(19, 26), ["week.md"]),
        ("week.md", "# Papers of 2026-11-20 to 2026-11-26\n\n" + sections(25, 26), ["week.md"]),
        ("week.md", "---\ndate: 2026-11-26\n---\n" + sections(18), ["week.md#2026-11-18"]),
        ("week.md", "---\ndate: 2026-11-25\n---\n" + sections(26), ["week.md#2026-11-26"]),
        ("CHANGES.md", "".join(f"## 1.0 - 2026-11-{n}\n\nWords.\n\n" for n in (10, 11)) + sections(12), []),
        ("notes.md", "## 1066-10-14\n\n" + listed([1]), []),
        ("notes.md", "### [A 2026-11-26](https://arxiv.org/abs/2501.00001)\n", []),
        ("log.md", sections(25, 26, level="#"), ["log.md#2026-11-25", "log.md#2026-11-26"]),
        ("log.md", sections(25) + "## 2026-11-26\n\nSoon.\n", ["log.md#2026-11-25"]),
    ],
)
async def test_which_files_grow(name: str, text: str, posts: list[str]) -> None:
    write(name, text, papers=())

    assert list(days(await found())) == posts
