"""How a post was read, as an operator sees it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.main import app
from bot.errors import PaperboyError
from tests.support import golden
from tests.support.documents import HANDBOOK, ROOT
from tests.support.golden import DATA
from tests.support.installed import paperboy

POSTS = sorted((DATA / "explain").glob("*.md"))
READING = DATA / "explain" / "2025-02-07-reading-list.md"
NOTES = DATA / "2025-01-12-notes.md"


def explain(*arguments: str | Path) -> Result:
    """Run the command without the cost of a process."""
    result = CliRunner().invoke(app, ["explain", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit | PaperboyError):
        raise result.exception
    return result


@pytest.mark.parametrize("post", [*POSTS, NOTES], ids=lambda path: path.stem)
def test_what_people_read_of_a_post(post: Path) -> None:
    shutil.copy(post, ".")

    golden.check(f"explain/{post.stem}.txt", explain(post.name).output)


def test_the_handbook_shows_it_at_work() -> None:
    shown = f"$ paperboy explain {READING.name}\n{(golden.GOLDEN / f'explain/{READING.stem}.txt').read_text('utf-8')}"

    assert f"```text\n{shown}```" in (ROOT / HANDBOOK).read_text("utf-8")


@pytest.mark.parametrize("post", POSTS, ids=lambda path: path.stem)
def test_the_json_says_the_same(post: Path) -> None:
    shutil.copy(post, ".")

    shown = json.loads(explain(post.name, "--json").output)

    golden.check(f"explain/{post.stem}.json", json.dumps(shown, ensure_ascii=False, indent=2) + "\n")


async def test_the_exit_code_says_whether_there_are_papers_and_no_line_is_wrapped_in_a_pipe() -> None:
    found, none = await paperboy("explain", POSTS[0]), await paperboy("explain", NOTES)
    missing = await paperboy("explain", "nowhere.md")

    assert (found.code, none.code, missing.code) == (0, 1, 2)
    assert (found.err, none.err) == ("", "")
    assert missing.err == "paperboy: nowhere.md: No such file or directory; name a post\n"
    assert max(map(len, none.lines)) > 80


def test_what_cannot_be_read() -> None:
    Path("binary.md").write_bytes(b"\x00\xff")

    error = explain("binary.md").exception

    assert isinstance(error, PaperboyError)
    assert str(error) == "binary.md: not a text in UTF-8; save it as UTF-8 or take it out of the folder"


def test_a_post_that_is_not_published_yet() -> None:
    Path("draft.md").write_text("---\ndraft: true\n---\n# 1. [A title](https://arxiv.org/abs/2501.00001)\n")

    shown = explain("draft.md")

    assert shown.exit_code == 1
    assert "  nearest to a paper: its front matter says that it is not published yet\n" in shown.output


def test_a_post_is_read_as_its_source_reads_it() -> None:
    Path("_posts").mkdir()
    Path("_posts/2025-02-07-a.md").write_text("# 1. [A title](/a)\n")
    Path("paperboy.toml").write_text(
        '[[sources]]\nname = "a"\nkind = "folder"\npath = "_posts"\nsite = "https://example.org"\n'
    )

    shown = explain("_posts/2025-02-07-a.md").output

    assert shown.startswith("2025-02-07-a.md: A, 2025-02-07, 1 paper\n")
    assert "\n  id a-title, https://example.org/a\n  no sentence for its short summary\n" in shown
