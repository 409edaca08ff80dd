"""The demo: the README's first command, on a machine where nothing is set up."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.program import PATH, paperboy

TITLES = [
    "1. Attention Is All You Need",
    "2. BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    "3. Adam: A Method for Stochastic Optimization",
    "4. Deep Residual Learning for Image Recognition",
    "5. Denoising Diffusion Probabilistic Models",
    "6. LoRA: Low-Rank Adaptation of Large Language Models",
]
RULE = "─" * 80 + "\n"


async def test_delivers_the_sample_and_answers() -> None:
    done = await paperboy("demo", typed="/paper 3\n/papers\n\n/help\n뭐야 [b]\n/paper ２\n/paper 7\n/paper\n/paper 1")

    pages = done.out.split(RULE)
    index, papers, hint, answers = pages[1], pages[2:8], pages[8], pages[9:]
    assert (done.code, done.err, pages[0]) == (0, "", "")
    assert index.startswith("Daily Papers · 2026년 3월 2일 (월)\n논문 6편\n")
    assert [line for line in index.splitlines() if line[:1].isdigit()] == TITLES
    assert [page.splitlines()[0] for page in papers] == TITLES
    assert all("목표: " in page and "arXiv · PDF · " in page for page in papers)
    assert all(page.splitlines()[-1].startswith("https://arxiv.org/abs/") for page in papers)
    assert hint == "/paper 3, /papers, /help 를 입력해 보세요. 끝내려면 Ctrl-D를 누르세요.\n"
    assert [answer.splitlines()[0] for answer in answers] == [
        TITLES[2],
        "Daily Papers · 2026년 3월 2일 (월)",
        "매일 새 논문 요약을 전해 드리는 Paperboy입니다. 이렇게 말을 걸어 주세요.",
        "모르는 명령입니다: 뭐야. /help 를 보내면 할 수 있는 일을 알려 드립니다.",
        TITLES[1],
        "7번 논문은 없습니다. 번호는 1부터 6까지입니다.",
        "몇 번 논문을 볼까요? 1부터 6까지의 번호를 붙여 주세요. 예: /paper 1",
        TITLES[0],
    ]
    assert "\nLimitations\n" in answers[0]
    assert answers[1] == index


async def test_in_english() -> None:
    done = await paperboy("demo", typed="/paper x\n", PAPERBOY_LANGUAGE="en")

    assert (done.code, done.err) == (0, "")
    assert "Daily Papers · Monday, 2 March 2026\n6 papers\n" in done.out
    assert "Goal: " in done.out
    assert done.lines[-1] == "Which paper? Give a number from 1 to 6, for example /paper 1"


async def test_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()

    done = await paperboy("demo", TMPDIR=str(tmp_path / "temporary"))

    assert done.code == 0
    assert [path.name for path in tmp_path.rglob("*")] == ["temporary"]


async def test_bytes_that_are_no_text_get_an_answer() -> None:
    done = await paperboy("demo", typed=b"/paper \xff\n\xfe\xff", PAPERBOY_LANGUAGE="en")

    assert (done.code, done.err) == (0, "")
    assert (
        done.lines[-1]
        == "I do not know \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}. Send /help to see what I can do."
    )


async def test_a_terminal_without_korean_is_no_reason_to_fail() -> None:
    done = await paperboy("demo", PYTHONIOENCODING="ascii")

    assert (done.code, done.err) == (0, "")
    assert "Attention Is All You Need" in done.out


@pytest.mark.parametrize("command", ["demo", "preview {post}", "preview {post} --channel slack --json"])
async def test_a_reader_that_leaves_early_ends_it_quietly(command: str) -> None:
    post = Path(__file__).parent / "data/2025-01-15-daily-papers-20250115.md"
    script = f'"$0" {command.format(post=post)} < /dev/null | head -n 1'

    run = await asyncio.create_subprocess_exec(
        *("sh", "-c", script, PATH),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "80"},
    )
    out, err = await run.communicate()

    assert (len(out.splitlines()), err.decode()) == (1, "")
