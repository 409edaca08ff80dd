"""The demo: the README's first command, on a machine where nothing is set up."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from tests.support.installed import PATH, paperboy

TITLES = [
    "1. Attention Is All You Need",
    "2. BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    "3. Adam: A Method for Stochastic Optimization",
    "4. Deep Residual Learning for Image Recognition",
    "5. Denoising Diffusion Probabilistic Models",
    "6. LoRA: Low-Rank Adaptation of Large Language Models",
]
RULE = "─" * 80 + "\n"
pytestmark = pytest.mark.usefixtures("own_logging")


async def test_delivers_the_sample_and_answers() -> None:
    done = await paperboy(
        "demo", typed="/paper 3\n/papers\n\n/help\n뭐야 [b]\n/paper ２\n/paper 7\n/paper\n/paper 1\n3"
    )

    pages = done.out.split(RULE)
    index, papers, hint, answers = pages[1], pages[2:8], pages[8], pages[9:]
    assert (done.code, done.err, pages[0]) == (0, "", "")
    assert index.startswith("Daily Papers · 2026년 3월 2일 (월)\n논문 6편\n")
    assert [line for line in index.splitlines() if line[:1].isdigit()] == TITLES
    assert [page.splitlines()[0] for page in papers] == TITLES
    assert all("목표: " in page and "arXiv · PDF · " in page for page in papers)
    last = [page.splitlines()[-2:] for page in papers]
    assert all(address.startswith("https://arxiv.org/abs/") for address, _ in last)
    assert [typed for _, typed in last] == [f"▸ 전체 요약: /paper {number} 2026-03-02" for number in range(1, 7)]
    assert hint == "/paper 3, /papers, /search 확산, /help 를 입력해 보세요. Ctrl-D로 끝냅니다.\n"
    assert [answer.splitlines()[0] for answer in answers] == [
        TITLES[2],
        "Daily Papers · 2026년 3월 2일 (월)",
        "매일 새 논문 요약을 전해 드리는 Paperboy입니다. 이렇게 말을 걸어 주세요.",
        "‘뭐야 [b]’ 검색 결과가 없습니다. 검색어를 줄이거나 영어로도 찾아 보세요.",
        TITLES[1],
        "7번 논문은 없습니다. 번호는 1부터 6까지입니다.",
        "몇 번 논문을 볼까요? 1부터 6까지의 번호를 붙여 주세요. 예: /paper 1",
        TITLES[0],
        TITLES[2],
    ]
    assert "\nLimitations\n" in answers[0]
    assert "\n/search – " in answers[2]
    assert "\n/status – " in answers[2]  # whoever sits at the terminal operates it


def answers_to(*typed: str) -> list[str]:
    """Type lines at the prompt and give what is said to each; in this process, to start none for each test."""
    environment = {"PAPERBOY_LANGUAGE": "en", "COLUMNS": "80"}
    done = CliRunner().invoke(app, ["demo"], input="\n".join(typed), env=environment, catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.split(RULE)[9:]


async def test_in_english() -> None:
    half_set_up = {"PAPERBOY_SOURCES__0__URL": "http://127.0.0.1:9"}
    done = await paperboy("demo", typed="/paper x\n", PAPERBOY_LANGUAGE="en", **half_set_up)

    assert (done.code, done.err) == (0, "")
    assert "Daily Papers · Monday, 2 March 2026\n6 papers\n" in done.out
    assert "Goal: " in done.out
    assert "Try /paper 3, /papers, /search attention, /help. Ctrl-D ends.\n" in done.out
    assert done.lines[-1] == "No title contains “x”. /search looks into the summaries too."


def test_what_buttons_would_do_can_be_typed() -> None:
    """Each line that a list shows below an entry is an answer in itself."""
    (papers,) = answers_to("/papers")

    shown = papers.splitlines()
    assert shown[:4] == ["Daily Papers · Monday, 2 March 2026", "6 papers", "", "Choose a paper for its full summary."]
    assert shown[4:] == [line for n, title in enumerate(TITLES, 1) for line in ("", title, f"  /paper {n} 2026-03-02")]
    assert [full.splitlines()[0] for full in answers_to(*shown[6::3])] == TITLES


def test_what_stands_below_a_full_summary_can_be_typed() -> None:
    (full,) = answers_to("/paper 2")

    below = full[full.index("◀ Paper 1") :]
    typed = [line.strip() for line in below.splitlines() if line.startswith("  /")]
    assert [answer.splitlines()[0] for answer in answers_to(*typed)] == [
        TITLES[0],
        TITLES[2],
        "Daily Papers · Monday, 2 March 2026",
    ]
    copied = f"{TITLES[1].removeprefix('2. ')} arXiv:1810.04805 https://arxiv.org/abs/1810.04805"
    assert " ".join(below.partition("Copy reference")[2].split()) == copied  # a long line is wrapped


def test_several_papers_and_words_without_a_command() -> None:
    one, two, by_words, by_korean, meant = answers_to("1-2", "저랭크", "3번 논문", "/serch adam")

    assert [full.splitlines()[0] for full in (one, two, by_korean)] == [TITLES[0], TITLES[1], TITLES[2]]
    assert by_words.startswith("“저랭크”: 1 paper")
    assert meant.splitlines()[-1] == "  /search adam"


def test_papers_by_title_id_and_day() -> None:
    by_word, by_some, by_id, by_link, other_day, wrong = answers_to(
        "/paper adam",
        "/paper for",
        "/paper 1706.03762",
        "https://arxiv.org/abs/1706.03762v5",
        "/paper 2 2026-03-01",
        "/papers soon",
    )

    assert by_word.startswith(f"{TITLES[2]}\n")
    assert by_some.startswith("Which one?\n\n")
    assert [line.strip() for line in by_some.splitlines() if line.startswith("  ")] == [
        f"/paper {n} 2026-03-02" for n in (2, 3, 4)
    ]
    assert by_id == by_link
    assert by_id.startswith(f"{TITLES[0]}\n")
    assert other_day.splitlines() == [
        "There are no papers for Sunday, 1 March 2026. The nearest days with papers:",
        "",
        "Monday, 2 March 2026",
        "  /paper 2 2026-03-02",
    ]
    assert wrong.startswith("There are no papers for soon.")


def test_the_archive_is_searched() -> None:
    korean, english, nothing, bare = answers_to("/search 확산", "/search attention need", "/search zzz", "/search")

    assert korean.startswith("“확산”: 1 paper\n\n1. Denoising Diffusion Probabilistic Models\nMonday, 2 March 2026\n")
    assert korean.endswith("\n  /paper 5 2026-03-02\n")
    assert english.startswith("“attention need”: 1 paper\n\n1. Attention Is All You Need\n")
    assert nothing == "Nothing found for “zzz”. Try fewer words, or Korean ones.\n"
    assert bare == "What shall I look for? For example: /search diffusion model\n"


def test_settings_are_kept_while_it_runs() -> None:
    before, cards, chosen, at, unknown, nearly, hours, korean, layout, reset, after = answers_to(
        "/settings",
        "/settings cards",
        "/settings 5 cards short",
        "/settings hours",
        "/settings silent",
        "/settings weakdays",
        "/settings 08:00 Berlin mon-fri",
        "/settings language ko",
        "/settings layout digest",
        "/settings default",
        "/settings",
    )

    assert before.startswith(
        "Settings\nSubscribed.\nLayout: one message per paper\nCard: full summary folded in\n"
        "Number of cards: all papers\nLanguage: English\nTime: every day at "
    )
    assert "\nLayout → index only\n  /settings layout index\n" in before
    assert "Sound" not in before  # a terminal has none
    assert "\n\nthe first 5\n  /settings cards 5\n\nthe first 10\n" in cards
    assert "\nCard: short\nNumber of cards: the first 5\n" in chosen
    assert "\n\n12:30\n  /settings 12:30\n" in at
    example = "For example: /settings 08:00 Asia/Seoul mon-fri\n"
    assert unknown == f"I do not know the setting “silent”. {example}"
    assert nearly == f"I do not know the setting “weakdays”. {example}Did you mean “weekdays”?\n"
    assert hours.startswith("Saved.\n\nSettings\n")
    assert "\nTime: Mon–Fri at 08:00 (Europe/Berlin)\n" in hours
    assert korean.startswith("저장했습니다.\n\n설정\n구독 중입니다.\n보기: 논문마다 한 메시지\n")
    assert "\n보기: 한 메시지에 모아서\n" in layout
    assert (reset, after) == (f"Saved.\n\n{before}", before)


def test_subscriptions_and_the_status() -> None:
    already, gone, again, status, retry = answers_to(
        "/subscribe", "/unsubscribe", "/subscribe", "/status", "/status retry"
    )

    assert already == "You are subscribed already. New papers come every day at 08:30 (Asia/Seoul).\n"
    assert gone == "Unsubscribed. /subscribe brings me back at any time.\n"
    assert again.startswith("Subscribed. New papers come every day at 08:30 (Asia/Seoul).")
    assert status == "daily-papers/2026-03-02 · 6 papers\nchats: 1, messages sent: 7 of 7\n"
    assert retry == "0 messages are tried again. What may have arrived is looked for first.\n"


def test_a_whole_file_of_lines_is_answered() -> None:
    """Who floods a bot is slowed; who pipes lines into a terminal is not."""
    assert answers_to(*["/paper 9"] * 40) == ["There is no paper 9. Numbers go from 1 to 6.\n"] * 40


async def test_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()

    done = await paperboy("demo", TMPDIR=str(tmp_path / "temporary"))

    assert done.code == 0
    assert [path.name for path in tmp_path.rglob("*")] == ["temporary"]


async def test_bytes_that_are_no_text_get_an_answer() -> None:
    done = await paperboy("demo", typed=b"/paper \xff\n\xfe\xff", PAPERBOY_LANGUAGE="en")

    assert (done.code, done.err) == (0, "")
    missed = "Nothing found for “\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}”. Try fewer words, or Korean ones."
    assert done.lines[-2:] == [missed, "/help shows what else I can do."]


async def test_a_terminal_without_korean_is_no_reason_to_fail() -> None:
    done = await paperboy("demo", PYTHONIOENCODING="ascii")

    assert (done.code, done.err) == (0, "")
    assert "Attention Is All You Need" in done.out


@pytest.mark.parametrize("command", ["demo", "preview {post}", "preview {post} --channel slack --json"])
async def test_a_reader_that_leaves_early_ends_it_quietly(command: str) -> None:
    post = Path(__file__).parents[1] / "data/2025-01-15-daily-papers-20250115.md"
    script = f'"$0" {command.format(post=post)} < /dev/null | head -n 1'

    run = await asyncio.create_subprocess_exec(
        *("sh", "-c", script, PATH),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "80"},
    )
    out, err = await run.communicate()

    assert (len(out.splitlines()), err.decode()) == (1, "")
