"""What is published: built, installed alone, and used as a person would."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.chats import CHANNEL, CHANNEL_NAME
from tests.support.fakes.slack import FakeSlack
from tests.support.fakes.telegram import TOKEN, FakeTelegram
from tests.support.golden import DATA
from tests.support.installed import TOKENS, paperboy
from tests.support.operator import Operator
from tests.support.wheel import ROOT, build, install

POST = DATA / "2025-01-05-arxiv-crlf.md"
NOT_INSTALLED = "which is not installed: pip install 'paperboy-bot"

PAGES = [path for path in (ROOT / "bot/pages").rglob("*.*") if path.suffix in {".html", ".css", ".js", ".md"}]

NEEDED_TO_BUILD = {"pyproject.toml", "README.md", "LICENSE", ".dockerignore", "bot/__main__.py", "formatters/py.typed"}

# The gate tries it at each change; elsewhere nobody needs it.
pytestmark = [] if os.environ.get("CI") else [pytest.mark.long]


async def test_the_wheel_alone(telegram: FakeTelegram, slack: FakeSlack, tmp_path: Path) -> None:
    sdist, wheel = build(tmp_path / "dist")
    assert {str(path.relative_to(ROOT)) for path in PAGES} <= set(ZipFile(wheel).namelist())
    program = install(wheel, tmp_path / "environment") / "paperboy"
    operator = Operator(telegram, slack)
    operator.post(POST.name)
    settings = Path("paperboy.toml").rename(tmp_path / "mine.toml")
    Path("_posts").rename(tmp_path / "_posts")
    where = subprocess.check_output([program.with_name("python"), "-c", "import bot; print(bot.__file__)"], text=True)
    assert Path(where).is_relative_to(tmp_path / "environment")

    demo = await paperboy("demo", typed="/paper 3\n", program=program.with_name("paperboy-bot"))
    assert (demo.code, demo.err, len(demo.lines) > 20) == (0, "", True)
    preview = await paperboy("preview", POST, program=program)
    assert (preview.code, preview.err, len(preview.lines) > 5) == (0, "", True)
    page = await paperboy("preview", POST, "--html", tmp_path / "page.html", program=program)
    assert (page.code, page.err, "<style>" in (tmp_path / "page.html").read_text("utf-8")) == (0, "", True)
    delivery = await paperboy("deliver", "--config", settings, program=program, **TOKENS)
    assert (delivery.code, delivery.err, delivery.lines[-1:]) == (0, "", ["2 messages sent"])
    assert len(telegram.shown(CHANNEL)) == 2

    set_up = tmp_path / "set-up"
    set_up.mkdir()
    answers = {"platform": "telegram", "telegram_token": TOKEN, "telegram_chat": CHANNEL_NAME}
    answers |= {"source": "folder", "source_address": str(tmp_path / "_posts")}
    lines = [f"{name} = {json.dumps(answer)}\n" for name, answer in answers.items()]
    (set_up / "answers.toml").write_text("".join(lines))
    where_to = {"PAPERBOY_TELEGRAM__BASE_URL": telegram.base_url}
    before = len(telegram.shown(CHANNEL))
    init = ("init", "--answers", set_up / "answers.toml", "--config", set_up / "paperboy.toml")
    done = await paperboy(*init, program=program, **where_to)
    assert (done.code, done.err) == (0, "")
    assert len(telegram.shown(CHANNEL)) == before + 2
    shown = await paperboy("init", typed="2\n2\n1\n", program=program)
    assert (shown.code, "oauth_config:" in shown.out) == (130, True)

    export = await paperboy("export", "--format", "ris", "--config", settings, program=program, **TOKENS)
    assert (export.code, export.err.count("\n")) == (2, 1)
    assert f"{NOT_INSTALLED}[export]'" in export.err
    proxy = {"ALL_PROXY": "socks5://127.0.0.1:9"}
    behind = await paperboy("deliver", "--config", settings, program=program, **TOKENS, **proxy)
    assert (behind.code, behind.err.count("\n")) == (2, 1)
    assert f"{NOT_INSTALLED}[socks]'" in behind.err

    with tarfile.open(sdist) as archive:
        sizes = {member.name.partition("/")[2]: member.size for member in archive}
    assert set(sizes) >= NEEDED_TO_BUILD
    assert max(sizes.values()) < 300_000
    assert sdist.stat().st_size < 2_500_000
