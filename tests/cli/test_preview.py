"""What would be sent: every paper, every word, and in a form that the platforms take."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from bot.errors import PaperboyError
from tests.support.fakes.slack import TOKEN as SLACK_TOKEN
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.support.fakes.telegram import FakeTelegram
from tests.support.golden import DATA, SHARED
from tests.support.installed import paperboy
from tests.support.posts import words_of

POST = DATA / "2025-01-06-daily-papers-20250106.md"
FORTY = DATA / "2025-01-15-daily-papers-20250115.md"
REAL = SHARED / "posts"

Call = dict[str, Any]

folders = pytest.mark.parametrize(
    "folder",
    [
        DATA,
        pytest.param(REAL, marks=pytest.mark.skipif(not REAL.is_dir(), reason="no real posts beside the repository")),
    ],
    ids=["data", "shared"],
)
channels = pytest.mark.parametrize("channel", ["telegram", "slack"])


@dataclass(frozen=True)
class Previewed:
    """What a preview in this process printed, or the error it ended with."""

    out: str
    err: str
    error: BaseException | None


def preview(*arguments: str | Path) -> Previewed:
    """Run the command without the cost of a process."""
    result = CliRunner().invoke(app, ["preview", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit | PaperboyError):
        raise result.exception
    return Previewed(result.stdout, result.stderr, result.exception)


def calls(*arguments: str | Path) -> list[Call]:
    shown = preview(*arguments, "--json")
    assert shown.error is None
    found: list[Call] = json.loads(shown.out)
    return found


# What the JSON is


@channels
async def test_the_json_is_one_flat_list(channel: str) -> None:
    done = await paperboy("preview", POST, FORTY, "--channel", channel, "--json")

    found = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert {tuple(call) for call in found} == {("post", "key", "method", "arguments")}
    assert {call["method"] for call in found} == {"sendMessage" if channel == "telegram" else "chat.postMessage"}
    assert [(call["post"], call["key"].split("/")[0]) for call in found[:5]] == [
        (str(POST), "index"),
        *[(str(POST), "paper")] * 3,
        (str(FORTY), "index"),
    ]
    assert sum(call["key"].startswith("paper/") for call in found) == 43
    assert len({(call["post"], call["key"]) for call in found}) == len(found)


def test_the_index_makes_a_sound_and_the_papers_are_silent() -> None:
    found = calls(POST, "--channel", "telegram")

    assert [bool(call["arguments"].get("disable_notification")) for call in found] == [False, True, True, True]
    assert all(call["arguments"]["link_preview_options"] == {"is_disabled": True} for call in found)


@pytest.mark.parametrize(
    ("channel", "layout", "keys"),
    [
        ("telegram", "messages", ["index", "paper/2201.11903", "paper/2403.09629", "paper/2203.15556"]),
        ("telegram", "digest", ["digest"]),
        ("telegram", "index", ["index"]),
        ("slack", "thread", ["index", "paper/2201.11903", "paper/2403.09629", "paper/2203.15556"]),
        ("slack", "digest", ["digest"]),
        ("slack", "index", ["index"]),
    ],
)
def test_the_layout_of_the_settings_is_used(
    monkeypatch: pytest.MonkeyPatch, channel: str, layout: str, keys: list[str]
) -> None:
    monkeypatch.setenv(f"PAPERBOY_{channel.upper()}__LAYOUT", layout)

    found = calls(POST, "--channel", channel)

    assert [call["key"] for call in found] == keys
    said = "\n".join(map(readable, found))
    assert [paper.number for paper in sources(POST) if f"{paper.number}. {paper.title}" not in said] == []


def test_a_terminal_has_no_layout_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERBOY_TELEGRAM__LAYOUT", "index")

    assert len(calls(POST)) == 4


# Every paper is one message with its title and link


@folders
@channels
def test_each_paper_is_one_message_with_title_and_link(folder: Path, channel: str) -> None:
    found = calls(folder, "--channel", channel)

    for post in sorted({Path(call["post"]) for call in found} & set(folder.iterdir())):
        messages = [call for call in found if call["post"] == str(post) and call["key"].startswith("paper/")]
        papers = list(sources(post))
        assert len(messages) == len(papers)
        for message, paper in zip(messages, papers, strict=True):
            assert words(paper.title) - words(readable(message)) == Counter()
            addresses = html.unescape(json.dumps(message["arguments"], ensure_ascii=False))
            assert (paper.url in addresses) == paper.url.startswith("http")
            assert readable(message).startswith(f"{paper.number}. ")


@folders
@channels
def test_the_full_summary_has_every_word(folder: Path, channel: str) -> None:
    """`all` is looked at word by word; single papers are then some of it."""
    everything = calls(folder, "--channel", channel, "--paper", "all")

    for post in sorted({Path(call["post"]) for call in everything} & set(folder.iterdir())):
        papers = list(sources(post))
        parts = [list(part) for _, part in groupby((c for c in everything if c["post"] == str(post)), key=paper_of)]
        for paper, full in zip(papers, parts, strict=True):
            said = words(" ".join(map(readable, full)))
            addresses = html.unescape(json.dumps([call["arguments"] for call in full], ensure_ascii=False))
            assert words(paper.text) - said == Counter()
            assert [url for url in paper.urls if url not in addresses] == []
        for place in {0, len(papers) // 2, len(papers) - 1}:
            assert calls(post, "--channel", channel, "--paper", str(papers[place].number)) == parts[place]


def paper_of(call: Call) -> str:
    return re.sub(r"/\d+$", "", call["key"])


@dataclass(frozen=True)
class Source:
    """A paper as it stands in its post, cut out with nothing of the program's own."""

    number: int
    title: str
    url: str
    text: str
    urls: Sequence[str]


_HEADING = re.compile(r"^#+ (\d+)\. \[((?:[^\]]|\](?!\())*)\]\((\S+?)\)", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(r"\]\((https?://[^\s)]+)\)")
_MARKUP = re.compile(r"<!--.*?-->|</?\w+>|^```\w*", re.DOTALL | re.MULTILINE)
_TARGET = re.compile(r"\]\([^)]*\)")


def sources(post: Path) -> Iterator[Source]:
    text = post.read_text("utf-8-sig")
    fenced = [range(*fence.span()) for fence in _FENCE.finditer(text)]
    starts = [found for found in _HEADING.finditer(text) if not any(found.start() in fence for fence in fenced)]
    for found, following in zip(starts, [*starts[1:], None], strict=True):
        whole = text[found.start() : following.start() if following else len(text)]
        read = _MARKUP.sub(" ", _TARGET.sub("", whole))
        yield Source(int(found[1]), found[2], found[3], read, _ADDRESS.findall(whole))


def words(text: str) -> Counter[str]:
    return Counter(words_of(text))


def readable(call: Call) -> str:
    """Give what a reader sees of a message."""
    arguments = call["arguments"]
    if call["method"] == "sendMessage":
        return html.unescape(re.sub(r"<[^>]+>", "", arguments["text"]))
    return "\n".join("".join(texts(block)) for block in arguments["blocks"])


def texts(block: Any) -> Iterator[str]:
    if isinstance(block, dict):
        own = block.get("text")
        if isinstance(own, str):
            yield own
        for name, inner in block.items():
            if name == "text" and isinstance(inner, str):
                continue
            yield from texts(inner)
    elif isinstance(block, list):
        for inner in block:
            yield from texts(inner)
            yield "\n" if isinstance(inner, dict) and "elements" in inner else ""


# The platforms take them


@folders
async def test_telegram_takes_every_message(telegram: FakeTelegram, folder: Path) -> None:
    telegram.add_chat("-1001", "channel", "my_channel")
    wanted = [*calls(folder, "--channel", "telegram"), *calls(folder, "--channel", "telegram", "--paper", "all")]

    async with httpx.AsyncClient(base_url=f"{telegram.base_url}{TELEGRAM_TOKEN}/") as client:
        for call in wanted:
            answer = await client.post(call["method"], json={"chat_id": "@my_channel", **call["arguments"]})
            assert answer.json()["ok"], (call, answer.json())

    assert len(telegram.shown("-1001")) == len(wanted)


@pytest.mark.parametrize("layout", ["thread", "messages", "digest"])
def test_what_is_folded_is_shown_open(monkeypatch: pytest.MonkeyPatch, layout: str) -> None:
    monkeypatch.setenv("PAPERBOY_SLACK__LAYOUT", layout)

    shown = preview(POST, "--channel", "slack").out

    assert shown.count("Limitations") == len(list(sources(POST)))
    assert "*" not in shown.replace("2 * 3 * 4", "").replace("* _ ~", "")


@folders
async def test_slack_takes_every_message_and_nobody_is_called(slack: FakeSlack, folder: Path) -> None:
    slack.add_channel("C0123ABCD", "papers")
    wanted = [*calls(folder, "--channel", "slack"), *calls(folder, "--channel", "slack", "--paper", "all")]

    async with httpx.AsyncClient(base_url=slack.base_url, headers={"Authorization": f"Bearer {SLACK_TOKEN}"}) as client:
        for call in wanted:
            answer = await client.post(call["method"], json={"channel": "C0123ABCD", **call["arguments"]})
            assert answer.json()["ok"], (call, answer.json())

    assert len(slack.shown("C0123ABCD")) == len(wanted)
    assert [message.pings for message in slack.shown("C0123ABCD") if message.pings] == []


# For people


async def test_text_for_a_terminal() -> None:
    done = await paperboy("preview", POST, PAPERBOY_LANGUAGE="en")

    assert (done.code, done.err) == (0, "")
    assert [line.split(" ─")[0] for line in done.lines if line.endswith("──")] == [
        f"{POST.stem} · index",
        f"{POST.stem} · paper/2201.11903",
        *[line.split(" ─")[0] for line in done.lines if line.endswith("──")][2:],
    ]
    assert "Daily Papers · Monday, 6 January 2025\n3 papers\n" in done.out
    assert "https://arxiv.org/abs/2201.11903" in done.lines


@channels
def test_text_of_other_channels_is_shown_without_markup(channel: str) -> None:
    shown = preview(POST, "--channel", channel)

    title = "1. Chain-of-Thought Prompting Elicits Reasoning in Large Language Models"
    assert f"{title} (https://arxiv.org/abs/2201.11903)\n\n" in shown.out
    assert "<b>" not in shown.out


def test_the_permalink_of_a_source_is_used() -> None:
    posts = Path("_posts")
    posts.mkdir()
    shutil.copy(POST, posts)
    Path("paperboy.toml").write_text(
        '[[sources]]\nname = "a"\nkind = "folder"\npath = "_posts"\npermalink = "https://example.org/:year/:title"\n'
    )

    index = calls("_posts", "--channel", "telegram")[0]

    assert "https://example.org/2025/daily-papers-20250106" in index["arguments"]["text"]


# A folder, and what is odd in it


async def test_posts_that_are_no_digests_are_passed_over_with_a_word(tmp_path: Path) -> None:
    for path in DATA.glob("*.md"):
        shutil.copy(path, tmp_path)
    done = await paperboy("preview", tmp_path, "--channel", "telegram", "--json")

    assert done.code == 0
    assert [Path(call["post"]).name for call in json.loads(done.out) if call["key"] == "index"] == [
        post.name for post in sorted(DATA.glob("2025-*.md")) if post.name[8:10] not in {"11", "12"}
    ]
    assert done.err.splitlines() == [
        "2025-01-10-Arxiv.md: no link that can be followed for paper 4",
        "2025-01-11-daily-papers-20250111.md: has no papers; it would be held, and nothing sent",
        (
            "2025-01-12-notes.md: passed over, it is no digest; nearest: line 10 `## What changed`: "
            "it links a paper in its text only, and no other heading does"
        ),
        (
            "2025-01-13-daily-papers-20250113.md: front matter is broken (while scanning a quoted scalar); "
            "it was read line by line"
        ),
        "README.md: passed over, it is no digest",
        f"{tmp_path}: 12 posts read, 10 digests, 62 papers",
    ]


def test_what_cannot_be_read_in_a_folder_does_not_keep_the_others_back(tmp_path: Path) -> None:
    shutil.copy(POST, tmp_path)
    (tmp_path / "a-folder.md").mkdir()
    (tmp_path / "binary.md").write_bytes(b"\x00\xff")
    (tmp_path / "large.md").write_bytes(b"a" * (3 * 1024 * 1024))
    (tmp_path / "loop.md").symlink_to("loop.md")

    shown = preview(tmp_path, "--json")

    assert shown.error is None
    assert len(json.loads(shown.out)) == 4
    assert shown.err.splitlines() == [
        "binary.md: not a text in UTF-8; save it as UTF-8 or take it out of the folder",
        "large.md: larger than a post may be (524,288 bytes); split it",
        "loop.md: passed over, it cannot be read (Too many levels of symbolic links)",
        f"{tmp_path}: 4 posts read, 1 digest, 3 papers",
    ]


def test_sub_folders_and_the_sections_of_a_file_that_grows(tmp_path: Path) -> None:
    """Days are read as in the source that a post is of; else from the folder that is named, or from here."""
    inside = tmp_path / "2026" / "11" / "26"
    inside.mkdir(parents=True)
    shutil.copy(POST, inside / "index.md")
    paper = "### 1. [A](https://arxiv.org/abs/2501.00001)"
    (tmp_path / "README.md").write_text(f"# Papers\n\n## 2026-11-25\n\n{paper}\n\n## 2026-11-26\n\n{paper}\n")

    shown = preview(tmp_path, "--channel", "telegram", "--json")

    posts = [call["post"] for call in json.loads(shown.out) if call["key"] == "index"]
    assert posts == [f"{tmp_path}/README.md#2026-11-25", f"{tmp_path}/README.md#2026-11-26", f"{inside}/index.md"]
    assert shown.err.splitlines() == [f"{tmp_path}: 3 posts read, 3 digests, 5 papers"]
    assert preview(tmp_path / "README.md").out.count("README#2026-11-26") == 2


def test_a_sub_folder_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    shutil.copy(POST, tmp_path)
    locked = tmp_path / "locked"
    locked.mkdir()
    errors = [PermissionError(13, "Permission denied", str(locked))]

    def posts(folder: Path, on_error: Callable[[OSError], object]) -> Iterator[Path]:
        """Even root's own tests meet a folder that cannot be read."""
        yield from folder.glob("*.md")
        on_error(errors[0])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.sources.files.posts", posts)
        assert preview(tmp_path).err.splitlines()[0] == f"{locked}: passed over, it cannot be read (Permission denied)"


# Where nothing would be sent, the exit code is 1


async def test_a_post_that_is_no_digest_names_the_nearest_miss() -> None:
    post = DATA / "2025-01-12-notes.md"

    done = await paperboy("preview", post, POST, "--json")

    assert (done.code, len(json.loads(done.out))) == (1, 4)
    assert done.err == (
        f"{post}: no digest, nothing would be sent; nearest: line 10 `## What changed`: "
        "it links a paper in its text only, and no other heading does\n"
    )


def test_a_post_in_which_nothing_is_near() -> None:
    Path("words.md").write_text("Only words.\n")

    assert none("words.md") == "words.md: no digest, nothing would be sent\n"


def _sources(*matches: str) -> None:
    """Write settings with a source of one folder for each `match`."""
    tables = [
        f'[[sources]]\nname = "s{n}"\nkind = "folder"\npath = "_posts"\nmatch = "{one}"\n'
        for n, one in enumerate(matches)
    ]
    Path("paperboy.toml").write_text("\n".join(tables))
    Path("_posts").mkdir()
    for name in ("2025-01-06-daily.md", "2025-01-07-weekly.md"):
        shutil.copy(POST, Path("_posts", name))


def test_what_a_source_leaves_out_is_not_sent() -> None:
    _sources("*-daily*")
    kept, left = preview("_posts/2025-01-06-daily.md"), preview("_posts/2025-01-07-weekly.md")
    reason = 'match = "*-daily*" of source s0 leaves it out, nothing of it would be sent\n'

    assert (kept.error, kept.err) == (None, "")
    assert (left.out, left.err) == ("", f"_posts/2025-01-07-weekly.md: {reason}")
    assert isinstance(left.error, SystemExit)
    assert left.error.code == 1

    every = preview("_posts")
    assert every.error is None
    assert every.err.splitlines()[0] == f"2025-01-07-weekly.md: {reason}".strip()
    assert "1 post read, 1 digest" in every.err


def test_of_two_sources_of_one_folder_that_takes_a_post_which_names_it() -> None:
    _sources("*-daily*", "*-weekly*")

    assert preview("_posts/2025-01-07-weekly.md").error is None


def test_an_empty_folder(tmp_path: Path) -> None:
    assert none(tmp_path) == f"{tmp_path}: 0 posts read, none is a digest\n"


def test_a_folder_without_digests_names_the_nearest_miss(tmp_path: Path) -> None:
    (tmp_path / "2026-03-30.md").write_text("# 1. Words\n")
    (tmp_path / "2026-03-31.md").write_text("---\ntitle: Words\n---\n### 1. A Title\n\nWords.\n")
    (tmp_path / "2026-04-01.md").write_text("Words.\n")

    assert none(tmp_path).splitlines()[-1] == (
        f"{tmp_path}: 3 posts read, none is a digest; "
        "nearest: 2026-03-31.md line 4 `### 1. A Title`: no link to a paper in or under it"
    )


def test_a_digest_without_papers() -> None:
    post = DATA / "2025-01-11-daily-papers-20250111.md"

    assert none(post) == f"{post}: has no papers; it would be held, and nothing sent\n"


def none(post: Path | str) -> str:
    """Preview what has nothing to send; give what is said of it."""
    shown = preview(post, "--json")
    assert isinstance(shown.error, SystemExit)
    assert (shown.out, shown.error.code) == ("[]\n", 1)
    return shown.err


# Wrong input: one line, and exit code 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere.md"], "nowhere.md: No such file or directory; name a post or a folder of posts"),
        ([POST, "nowhere.md"], "nowhere.md: No such file or directory; name a post or a folder of posts"),
        (["loop"], "loop: Too many levels of symbolic links; name a post or a folder of posts"),
        ([POST, "--paper", "99"], f"{POST}: no paper '99'; there are 1 to 3, and all"),
        ([POST, "--paper", "0"], f"{POST}: no paper '0'; there are 1 to 3, and all"),
        ([POST, "--paper", "abc"], f"{POST}: no paper 'abc'; there are 1 to 3, and all"),
        (["binary.md"], "binary.md: not a text in UTF-8; save it as UTF-8 or take it out of the folder"),
        (["large.md"], "large.md: larger than a post may be (524,288 bytes); split it"),
    ],
)
def test_wrong_input(arguments: list[str | Path], line: str) -> None:
    Path("loop").symlink_to("loop")
    Path("binary.md").write_bytes(b"\x00\xff")
    Path("large.md").write_bytes(b"a" * (3 * 1024 * 1024))

    shown = preview(*arguments)

    assert isinstance(shown.error, PaperboyError)
    assert str(shown.error) == line


async def test_wrong_input_ends_with_one_line_and_code_2() -> None:
    done = await paperboy("preview", POST, "--paper", "99", "--json")

    assert (done.code, done.out) == (2, "")
    assert done.err == f"paperboy: {POST}: no paper '99'; there are 1 to 3, and all\n"


def test_an_unknown_channel_names_the_known_ones() -> None:
    shown = preview(POST, "--channel", "mail")

    assert isinstance(shown.error, SystemExit)
    assert shown.error.code == 2
    assert all(name in shown.err for name in ("'mail'", "telegram", "slack", "terminal"))
