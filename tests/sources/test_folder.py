"""A folder of posts: which are looked at, in which order, and what is reported of those that are broken."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import SourceError
from bot.sources.fingerprint import fingerprint
from bot.sources.folder import FolderSource
from bot.sources.posts.papers.misses import ALONE, NO_LINK
from bot.sources.posts.post import LARGEST_POST, Origin, Post, parse
from bot.sources.source import FoundDigest
from bot.sources.survey import Miss, Reached, Survey
from tests.support.golden import DATA

POSTS = Path("_posts")


@pytest.fixture(autouse=True)
def posts() -> None:
    POSTS.mkdir()


def write(name: str, title: str = "", body: str = "# 1. [A paper](https://arxiv.org/abs/2501.00001)\n") -> Path:
    post = POSTS / name
    post.write_text(f'---\ntitle: "{title or f"Daily Papers — {name[:10]}"}"\n---\n\n{body}', encoding="utf-8")
    return post


def source(match: str | None = None, permalink: str = "") -> FolderSource:
    return FolderSource("daily", POSTS, match=match, permalink=permalink)


def names(found: Sequence[FoundDigest]) -> list[str]:
    return [one.post for one in found]


async def test_digests_by_date_then_by_name() -> None:
    for name in ("2025-01-06-b.md", "2025-01-07-a.markdown", "2025-01-06-a.md", "2024-12-31-z.md"):
        write(name, title=f"Series {name[11]} — {name[:10]}")

    found = await source().digests()

    assert names(found) == ["2024-12-31-z.md", "2025-01-06-a.md", "2025-01-06-b.md", "2025-01-07-a.markdown"]
    assert [one.digest.day for one in found][::3] == [date(2024, 12, 31), date(2025, 1, 7)]


async def test_only_posts_that_are_digests_count() -> None:
    for post in DATA.glob("*.md"):
        shutil.copy(post, POSTS)
    (POSTS / "2025-01-20-notes.txt").write_text("# 1. [A paper](https://arxiv.org/abs/2501.00001)\n")
    (POSTS / "2025-13-40-daily-papers.md").write_text("# 1. [A paper](https://arxiv.org/abs/2501.00001)\n")

    daily = source()

    assert [(one.post[:10], len(one.digest.papers)) for one in await daily.digests()] == [
        ("2025-01-05", 1),
        ("2025-01-06", 3),
        ("2025-01-07", 3),
        ("2025-01-08", 3),
        ("2025-01-09", 3),
        ("2025-01-10", 4),
        ("2025-01-11", 0),
        ("2025-01-13", 2),
        ("2025-01-14", 3),
        ("2025-01-15", 40),
    ]


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("*daily-papers*", ["2025-01-06-daily-papers-20250106.md", "2025-01-08-daily-papers.md"]),
        ("*-daily-papers", ["2025-01-08-daily-papers.md"]),
        ("2025-01-07-Arxiv.md", ["2025-01-07-Arxiv.md"]),
        ("*nothing*", []),
        (None, ["2025-01-06-daily-papers-20250106.md", "2025-01-07-Arxiv.md", "2025-01-08-daily-papers.md"]),
    ],
)
async def test_match(match: str | None, found: list[str]) -> None:
    write("2025-01-06-daily-papers-20250106.md")
    write("2025-01-07-Arxiv.md", "Arxiv - 2025-01-07")
    write("2025-01-08-daily-papers.md")

    assert names(await source(match).digests()) == found


async def test_what_matches_is_a_digest_even_without_a_paper_or_a_dated_title() -> None:
    write("2025-01-06-daily-papers.md", title="Soon", body="")

    assert names(await source().digests()) == []
    assert names(await source("*daily-papers*").digests()) == ["2025-01-06-daily-papers.md"]


async def test_since_goes_by_the_name() -> None:
    for day in ("05", "06", "07"):
        write(f"2025-01-{day}-daily-papers.md")

    found = await source().digests(date(2025, 1, 6))

    assert names(found) == ["2025-01-06-daily-papers.md", "2025-01-07-daily-papers.md"]


async def test_permalink() -> None:
    write("2025-01-06-daily-papers-20250106.md")

    (one,) = await source(permalink="https://example.org/papers/:year/:month/:day/:title/").digests()

    assert one.digest.url == "https://example.org/papers/2025/01/06/daily-papers-20250106/"


async def test_links_that_leave_the_site_out() -> None:
    write("2025-01-06-daily-papers-20250106.md", body="# 1. [A paper](/papers/a)\n")

    (one,) = await FolderSource("daily", POSTS, site="https://example.org").digests()

    assert one.digest.papers[0].url == "https://example.org/papers/a"


async def test_a_post_is_parsed_again_only_when_it_changed() -> None:
    changing, staying = write("2025-01-06-a.md"), write("2025-01-07-b.md")
    daily = source()
    before = await daily.digests()

    same = await daily.digests()
    body = "# 1. [Another paper](https://arxiv.org/abs/2501.00002)\n"
    write(changing.name, body=body)
    after = await daily.digests()

    assert [one.digest is two.digest for one, two in zip(before, same, strict=True)] == [True, True]
    assert [one.digest is two.digest for one, two in zip(before, after, strict=True)] == [False, True]
    assert after[0].digest.papers[0].title == "Another paper"
    assert staying.name == after[1].post


async def test_an_unchanged_post_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    write("2025-01-06-a.md")
    daily = source()
    (before,) = await daily.digests()

    monkeypatch.setattr("bot.sources.folder.fingerprint", lambda digest: "another")
    (after,) = await daily.digests()

    assert before.fingerprint == after.fingerprint == fingerprint(before.digest)


async def test_a_post_of_the_same_size_and_a_new_time_is_parsed_again() -> None:
    post = write("2025-01-06-a.md", body="# 1. [One](https://arxiv.org/abs/2501.00001)\n")
    daily = source()
    await daily.digests()

    write(post.name, body="# 1. [Two](https://arxiv.org/abs/2501.00001)\n")
    os.utime(post, ns=(0, 0))

    assert [one.digest.papers[0].title for one in await daily.digests()] == ["Two"]


async def test_a_post_that_went_away_and_came_back() -> None:
    post = write("2025-01-06-a.md")
    daily = source()
    text = post.read_text()
    post.unlink()

    assert names(await daily.digests()) == []
    post.write_text(text)
    assert names(await daily.digests()) == [post.name]


async def test_a_post_that_went_away_is_forgotten() -> None:
    """Renamed again and again, it takes no more memory."""
    post = write("2025-01-06-a.md", body="# 1. [One](https://arxiv.org/abs/2501.00001)\n")
    os.utime(post, ns=(0, 0))
    daily = source()
    await daily.digests()
    post.unlink()
    assert names(await daily.digests()) == []

    write(post.name, body="# 1. [Two](https://arxiv.org/abs/2501.00001)\n")
    os.utime(post, ns=(0, 0))
    assert [one.digest.papers[0].title for one in await daily.digests()] == ["Two"]


async def test_of_two_posts_of_one_series_and_day_the_later_name_counts() -> None:
    write("2025-01-06-daily-papers-1.md")
    write("2025-01-06-daily-papers-2.md")
    daily = source()

    assert names(await daily.digests()) == ["2025-01-06-daily-papers-2.md"]
    assert list(daily.problems) == ["2025-01-06-daily-papers-1.md"]
    assert "2025-01-06-daily-papers-2.md has its series and day" in daily.problems["2025-01-06-daily-papers-1.md"]


async def test_of_posts_of_one_series_and_day_those_with_other_papers_count_all() -> None:
    for name, ids in {"a": (1, 2), "b": (3, 4), "c": (2, 5), "d": (6,)}.items():
        body = "".join(f"# {n}. [Paper {n}](https://arxiv.org/abs/2501.0000{n})\n" for n in ids)
        write(f"2025-01-06-{name}.md", title="Daily Papers — 2025-01-06", body=body)
    daily = source()

    assert [(one.post[11], one.doubles) for one in await daily.digests()] == [
        *(("b", ()), ("c", ("2025-01-06-a.md",)), ("d", ())),
    ]
    assert list(daily.problems) == ["2025-01-06-a.md"]


# What is broken is reported, and does not keep the others back


async def test_a_binary_post() -> None:
    write("2025-01-05-good.md")
    (POSTS / "2025-01-06-binary.md").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xfe")
    daily = source()

    assert names(await daily.digests()) == ["2025-01-05-good.md"]
    assert daily.problems == {
        "2025-01-06-binary.md": (
            "2025-01-06-binary.md: not a text in UTF-8; save it as UTF-8 or take it out of the folder"
        )
    }


async def test_a_post_too_large() -> None:
    write("2025-01-05-good.md")
    write("2025-01-06-large.md", body="가" * 1024 * 1024)
    daily = source()

    assert names(await daily.digests()) == ["2025-01-05-good.md"]
    problem = f"2025-01-06-large.md: larger than a post may be ({LARGEST_POST:,} bytes); split it"
    assert daily.problems == {"2025-01-06-large.md": problem}


async def test_broken_front_matter_is_mended_and_reported() -> None:
    shutil.copy(DATA / "2025-01-13-daily-papers-20250113.md", POSTS)
    daily = source()

    (one,) = await daily.digests()

    assert (one.digest.day, len(one.digest.papers)) == (date(2025, 1, 13), 2)
    assert list(daily.problems) == [one.post]
    assert "front matter is broken" in daily.problems[one.post]
    assert daily.problems[one.post].startswith(f"{one.post}: ")


async def test_a_problem_that_was_mended_is_forgotten() -> None:
    post = POSTS / "2025-01-06-daily-papers.md"
    post.write_bytes(b"\xff")
    daily = source()
    await daily.digests()
    assert list(daily.problems) == [post.name]

    write(post.name)

    assert names(await daily.digests()) == [post.name]
    assert daily.problems == {}


async def test_links_that_lead_nowhere_are_reported() -> None:
    write("2025-01-05-good.md")
    (POSTS / "2025-01-06-gone.md").symlink_to("gone.md")
    (POSTS / "2025-01-07-loop.md").symlink_to("2025-01-07-loop.md")
    daily = source()

    assert names(await daily.digests()) == ["2025-01-05-good.md"]
    assert daily.problems == {
        "2025-01-06-gone.md": ("2025-01-06-gone.md: cannot be read (No such file or directory); check its rights"),
        "2025-01-07-loop.md": (
            "2025-01-07-loop.md: cannot be read (Too many levels of symbolic links); check its rights"
        ),
    }


async def test_a_link_to_a_post_is_a_post() -> None:
    write("2025-01-05-good.md").rename("elsewhere.md")
    (POSTS / "2025-01-05-good.md").symlink_to(Path("elsewhere.md").absolute())

    assert names(await source().digests()) == ["2025-01-05-good.md"]


async def test_folders_and_pipes_are_no_posts_whatever_their_names() -> None:
    (POSTS / "2025-01-06-daily-papers.md").mkdir()
    (POSTS / "self").symlink_to(POSTS.absolute())
    os.mkfifo(POSTS / "2025-01-07-daily-papers.md")
    daily = source()

    assert (await daily.digests(), daily.problems) == ([], {})


@pytest.mark.parametrize(
    ("path", "problem"),
    [("nowhere", "No such file or directory"), ("file", "Not a directory"), ("loop", "Too many levels")],
)
async def test_a_folder_that_cannot_be_read(path: str, problem: str) -> None:
    Path("file").touch()
    Path("loop").symlink_to("loop")

    with pytest.raises(SourceError) as caught:
        await FolderSource("daily", Path(path)).digests()

    assert str(caught.value).startswith(f"source daily: {path}: {problem}")
    assert str(caught.value).endswith("; check path in this source's settings, and the folder's rights")


async def test_an_empty_double_hides_no_full_post() -> None:
    write("2025-01-06-a.md", title="Daily Papers — 2025-01-06")
    write("2025-01-06-b.md", title="Daily Papers — 2025-01-06", body="\n")
    folder = source()

    assert names(await folder.digests()) == ["2025-01-06-a.md"]
    assert set(folder.problems) == {"2025-01-06-b.md"}


# A file that is being written

NOW = 1_750_000_000.0
GOOD = "2025-01-05-good.md"


class Writer:
    """Write what a test says while the source sleeps."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        for text in self.texts[:1]:
            self.put(text)
        del self.texts[:1]

    def put(self, text: str, age: float = 0.0) -> None:
        write(GOOD, body=text)
        os.utime(POSTS / GOOD, (NOW - age, NOW - age))

    def source(self, monkeypatch: pytest.MonkeyPatch) -> FolderSource:
        monkeypatch.setattr("bot.sources.folder.YOUNG", 3.0)
        return FolderSource("daily", POSTS, clock=lambda: NOW, sleep=self.sleep)


WHOLE = "# 1. [A paper](https://arxiv.org/abs/2501.00001)\n"


def titles(found: Sequence[FoundDigest]) -> list[str]:
    return [paper.title for one in found for paper in one.digest.papers]


async def test_a_file_that_changes_while_it_is_looked_at_is_read_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = Writer(WHOLE[:30])
    writer.put(WHOLE[:20])
    daily = writer.source(monkeypatch)

    assert await daily.digests() == []
    assert daily.problems == {GOOD: f"{GOOD}: is being written; it is read at the next look"}
    writer.put(WHOLE)

    assert titles(await daily.digests()) == ["A paper"]
    assert (daily.problems, writer.slept) == ({}, [3.0, 3.0])


async def test_while_a_post_is_written_anew_its_former_text_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(WHOLE[:20])
    writer.put(WHOLE, age=10)
    daily = writer.source(monkeypatch)
    await daily.digests()
    writer.put(WHOLE[:10])

    assert titles(await daily.digests()) == ["A paper"]
    assert writer.slept == [3.0]


async def test_a_file_that_stays_as_it_is_is_read_and_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer()
    writer.put(WHOLE, age=2.9)
    daily = writer.source(monkeypatch)

    for _ in range(2):
        assert titles(await daily.digests()) == ["A paper"]
    assert (daily.problems, writer.slept) == ({}, [3.0])


@pytest.mark.parametrize("age", [3.0, 3600.0, -1.0, -86400.0])
async def test_an_old_stamp_and_one_in_the_future_need_no_second_look(
    monkeypatch: pytest.MonkeyPatch, age: float
) -> None:
    writer = Writer()
    writer.put(WHOLE, age=age)

    assert titles(await writer.source(monkeypatch).digests()) == ["A paper"]
    assert writer.slept == []


async def test_a_file_that_goes_while_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer()
    writer.put(WHOLE)
    (POSTS / "2025-01-06-gone.md").symlink_to("gone.md")
    daily = writer.source(monkeypatch)
    monkeypatch.setattr(daily, "_sleep", lambda seconds: (POSTS / GOOD).unlink())

    assert await daily.digests() == []
    assert set(daily.problems) == {GOOD, "2025-01-06-gone.md"}


# No post stops the others


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"2025-01-06-\xff-daily.md", r"2025-01-06-\xff-daily.md"),
        (b"2025-01-06-a\nb.md", r"2025-01-06-a\nb.md"),
        (b"2025-01-06-a.md\n", r"2025-01-06-a.md\n"),
    ],
)
async def test_a_name_that_is_no_line_of_text_is_shown_escaped(name: bytes, shown: str) -> None:
    write("2025-01-05-good.md")
    shutil.copy(write("2025-01-06-a.md", body="# 1. [A](http://x)\n"), POSTS / os.fsdecode(name))
    (POSTS / "2025-01-06-a.md").unlink()
    daily = source()

    assert names(await daily.digests()) == ["2025-01-05-good.md", shown]
    assert daily.problems == {shown: f"{shown}: no link that can be followed for paper 1"}


async def test_an_error_that_nobody_expects_is_a_problem_of_its_post(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: bytes, origin: Origin, **settings: object) -> Post:
        if "bad" in origin.name:
            raise OverflowError("\ud800 date value out of range")
        return parse(raw, origin)

    monkeypatch.setattr("bot.sources.folder.parse", broken)
    for name in ("2025-01-05-good.md", "2025-01-06-bad.md"):
        write(name)
    daily = source()

    assert names(await daily.digests()) == ["2025-01-05-good.md"]
    problem = "2025-01-06-bad.md: cannot be read (OverflowError: \ufffd date value out of range); report it"
    assert daily.problems == {"2025-01-06-bad.md": problem}


NAMES = st.binary(min_size=1, max_size=40).map(lambda raw: raw.replace(b"/", b"").replace(b"\0", b""))
YAML_ESCAPES = st.sampled_from([r"\ud800", r"\0", r"\UFFFFFFFF", "0x" + "f" * 5000, ":".join(["59"] * 3000), "!!int 1"])
FRONT = st.one_of(
    st.binary(max_size=80),
    st.tuples(st.sampled_from(["title", "date", "x"]), YAML_ESCAPES).map(lambda pair: "{}: {}".format(*pair).encode()),
    st.tuples(st.sampled_from(["title", "date"]), YAML_ESCAPES).map(lambda pair: '{}: "{}"'.format(*pair).encode()),
    st.dates().map(lambda day: f"date: {day}".encode()),
)


@settings(max_examples=60, deadline=None)
@given(name=NAMES, front=st.lists(FRONT, max_size=3).map(b"\n".join), body=st.binary(max_size=200))
async def test_arbitrary_bytes_stop_nothing_and_can_be_stored(name: bytes, front: bytes, body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        good = Path(folder, "2025-01-05-good.md")
        good.write_text("# 1. [A paper](https://arxiv.org/abs/2501.00001)\n")
        strange = b"2025-01-06-" + name + b".md"
        Path(folder, os.fsdecode(strange)).write_bytes(
            b"---\n" + front + b"\n---\n# 1. [A](https://arxiv.org/abs/2501.00002)\n" + body
        )
        daily = FolderSource("daily", Path(folder))

        found = await daily.digests()

        assert good.name in names(found)
        assert len(found) + len([what for what in daily.problems.values() if "no link" not in what]) >= 2
        told = [*daily.problems, *daily.problems.values(), *(one.post for one in found)]
        assert not any(line.splitlines()[1:] for line in told)
        assert json.dumps([told, [repr_of(one) for one in found]], ensure_ascii=False).encode()


def repr_of(found: FoundDigest) -> object:
    digest = found.digest
    return [digest.id, digest.series, digest.title, digest.url, digest.preface, [asdict(one) for one in digest.papers]]


# What was seen


async def surveyed(match: str | None = None, since: date | None = None) -> Survey:
    daily = source(match)
    await daily.digests(since)
    return daily.survey


def miss(name: str, reason: str, line: int = 0, text: str = "", reached: Reached = Reached.PAPERS) -> Miss:
    return Miss(reached, reason, line, text, name)


async def test_posts_digests_and_papers_are_counted() -> None:
    write("2025-01-06-daily-papers.md")
    write("2025-01-07-daily-papers.md", body="# 1. [A](https://arxiv.org/abs/2501.00001)\n# 2. [B](https://b.org)\n")
    write("2025-01-08-notes.md", title="Notes", body="Words.")

    assert await surveyed() == Survey(3, 2, 3)
    assert await surveyed(since=date(2025, 1, 7)) == Survey(2, 1, 2)


async def test_the_nearest_miss_is_the_furthest_and_of_several_that_of_the_latest_post() -> None:
    for day in ("05", "06"):
        write(f"2025-01-{day}-a.md", title="A", body="# 1. Words\n")
    assert (await surveyed()).nearest == miss("2025-01-06-a.md", NO_LINK, 5, "# 1. Words", Reached.NUMBERS)

    write("2025-01-04-a.md", title="A", body="As in https://arxiv.org/abs/2501.00001\n")
    assert str(await surveyed()) == (
        "3 posts read, none is a digest; nearest: 2025-01-04-a.md line 5 "
        "`As in https://arxiv.org/abs/2501.00001`: a link to a paper, but no heading, list or table that holds it"
    )


async def test_the_newest_post_is_unread_where_it_links_to_papers_and_none_was_read() -> None:
    write("2025-01-06-daily-papers.md")
    write("2025-01-07-a.md", title="A", body="As in https://arxiv.org/abs/2501.00001\n")
    assert (await surveyed()).unread == miss(
        *("2025-01-07-a.md", ALONE, 5, "As in https://arxiv.org/abs/2501.00001", Reached.LINKS)
    )

    write("2025-01-08-a.md", title="A", body="# 1. Words\n")
    assert (await surveyed()).unread is None


async def test_a_digest_without_papers_may_be_the_newest_post_that_is_unread() -> None:
    write("2025-01-07-daily-papers.md", body="As in https://arxiv.org/abs/2501.00001\n")

    found = await surveyed()

    assert (found.digests, found.papers, found.unread) == (1, 0, found.nearest)
    assert found.problem(has_given=False) == f"no paper was read in the newest post; nearest: {found.nearest}"
    assert Survey(1, 0, 0).problem(has_given=False) == "1 post read, none is a digest"
    assert Survey(1, 0, 0).problem(has_given=True) == ""


async def test_a_draft_is_not_the_newest_post() -> None:
    write("2025-01-06-daily-papers.md")
    write("2025-01-07-daily-papers.md").write_text(
        "---\ndraft: true\n---\n# 1. [A](https://arxiv.org/abs/2501.00001)\n"
    )

    assert (await surveyed()).unread is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("2025-01-06-a.md", b"\xff", "not a text in UTF-8, save it as UTF-8 or take it out of the folder"),
        (
            "2025-01-06-a.md",
            b"a" * (LARGEST_POST + 1),
            f"larger than a post may be ({LARGEST_POST:,} bytes), split it",
        ),
    ],
)
async def test_what_cannot_be_read_is_a_miss(name: str, content: bytes, reason: str) -> None:
    (POSTS / name).write_bytes(content)

    assert await surveyed() == Survey(1, 0, 0, miss(name, reason, reached=Reached.TEXT))


async def test_a_digest_of_no_day_is_a_miss() -> None:
    write("2025-01-06-a.md").write_text("---\ndate: 1066-10-14\n---\n# 1. [A](https://arxiv.org/abs/2501.00001)\n")

    reason = "dated 1066-10-14, a post is of 1990-01-01 to 2200-12-31: correct its date"
    assert (await surveyed()).nearest == miss("2025-01-06-a.md", reason)


async def test_where_there_is_no_digest_those_that_are_not_looked_at_are_named() -> None:
    write("2025-01-06-daily-papers.md")
    write("2025-01-07-arxiv.md", title="Notes")
    assert (await surveyed("*words*")).nearest == miss(
        "2025-01-07-arxiv.md", 'a digest, but match = "*words*" leaves it out'
    )
    assert (await surveyed("*daily*")).nearest is None


async def test_a_file_without_any_day_is_a_miss_and_no_problem() -> None:
    """Any folder has such files; where `match` names them they were meant to be posts."""
    write("reading-list.md", title="Notes")
    said = "no date in its front matter, file name or title, name it YYYY-MM-DD-reading-list.md"
    daily, matching = source(), source("*list*")

    assert (await daily.digests(), daily.problems) == ([], {})
    assert daily.survey.nearest == miss("reading-list.md", said)
    assert (await matching.digests(), list(matching.problems)) == ([], ["reading-list.md"])


def test_how_a_survey_is_said() -> None:
    assert str(Survey(1, 1, 1)) == "1 post read, 1 digest, 1 paper"
    assert str(Survey(2, 2, 3, miss("a.md", "b"))) == "2 posts read, 2 digests, 3 papers"
    assert str(Survey(2, 1, 0)) == "2 posts read, no paper in any"
