"""Which sentences stand for a paper in its short message."""

from __future__ import annotations

import time

import pytest

from formatters.compose import one_line
from formatters.model import Paper, Section
from formatters.summary import Summary, first_sentence, says_nothing, summarise


def summary(*sections: tuple[str, str]) -> Summary:
    return summarise(Paper("id", 1, "Title", "", (), tuple(Section(*section) for section in sections)))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", ""),
        ("No end", "No end"),
        ("One. Two.", "One."),
        ("One!  Two?", "One!"),
        ("정확도가 올랐다. 다음 문장이다.", "정확도가 올랐다."),
        ("정확도가 5.9%에서 10.9%로 올랐다. 다음.", "정확도가 5.9%에서 10.9%로 올랐다."),
        ("Kim et al. 은 옳았다. 다음.", "Kim et al. 은 옳았다."),
        ("Kim et al. showed it. Next.", "Kim et al. showed it."),
        ("Some, e.g. GPT-4, win. Next.", "Some, e.g. GPT-4, win."),
        ("See Fig. 3 and Eq. 2 of Sec. 4. Next.", "See Fig. 3 and Eq. 2 of Sec. 4."),
        ("J. Smith of the U.S. Army. Next.", "J. Smith of the U.S. Army."),
        ("A vs. B cf. C, approx. 3 of No. 5. Next.", "A vs. B cf. C, approx. 3 of No. 5."),
        ('He said "no." Then left.', 'He said "no."'),
        ("그는 “아니다.” 라고 했다. 다음.", "그는 “아니다.”"),
        ("Is it? yes. Next.", "Is it? yes."),
        ("一つ目。二つ目。", "一つ目。"),
        ("끊긴 줄\n다음 줄", "끊긴 줄"),
        ("  여러   칸.  다음.", "여러 칸."),
        ("Hmm… Next.", "Hmm…"),
    ],
)
def test_the_first_sentence(text: str, first: str) -> None:
    assert first_sentence(text) == first


def test_a_text_of_abbreviations_takes_no_time() -> None:
    text = "A. approx. " * 20_000
    begun = time.thread_time()

    assert first_sentence(text) == text.strip()

    assert time.thread_time() - begun < 2.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "정보 부족",
        "정보 부족.",
        " • 정보  부족. ",
        "정보부족",
        "해당 없음.",
        "N/A",
        "Not enough information.",
        "———",
        "…",
    ],
)
def test_nothing_is_said(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["정보 부족 문제를 푼다.", "0", "없음이 아니다"])
def test_something_is_said(text: str) -> None:
    assert not says_nothing(text)


@pytest.mark.parametrize(
    "bullets",
    [
        "- Goal: 가다. More.\n- Motivation: 나다.\n- Contribution: 다다. More.",
        "- 목표: 가다. 더.\n- 동기: 나다.\n- 기여: 다다. 더.",
        "* **Goal**: 가다.\n* **Motivation**: 나다.\n* **Contribution**: 다다.",
        "- 목표： 가다.\n- 기여 ： 다다.",
        "1. Contribution: 다다.\n2. Goal: 가다.",
        "Goal: 가다.  \nContribution: 다다.",
        "- Goal: 가다.\n    - Goal: of a deeper bullet\n- Aside\n- Contribution: 다다.\n- Contribution: again",
        "- 가다. More.\n- 나다.\n- 다다. More.",
        "- 가다.\n\n- 나다.\n\n- 다다.\n\n- d.",
        "1. 가다. More.\n2. 나다.\n3. 다다.",
        "가다. More.  \n나다.  \n다다.",
        "- 정보 부족\n- 가다.\n- 나다.\n- 다다.",
    ],
)
@pytest.mark.parametrize(
    ("introduction", "results"), [("Introduction", "Results"), ("서론", "결과"), ("서론 :", "실험 결과:")]
)
def test_labels_and_places_in_both_languages(bullets: str, introduction: str, results: str) -> None:
    assert summary((introduction, bullets), ("Method", "x"), (results, "라다. More.")) == Summary(
        "가다.", "다다.", "라다."
    )


def test_two_bullets_without_labels_say_no_contribution() -> None:
    assert summary(("서론", "- 가다.\n- 나다.")) == Summary(goal="가다.")


def test_an_introduction_in_prose_says_the_goal() -> None:
    assert summary(("Introduction", "One goal. And\nmore of it.")) == Summary(goal="One goal.")


def test_labels_count_wherever_they_stand() -> None:
    assert summary(("", "- Goal: 가다.\n- Result: 라다."), ("Notes", "Contribution: 다다.")) == Summary(
        "가다.", "다다.", "라다."
    )


def test_sections_of_their_own() -> None:
    assert summary(("목표", "가다."), ("주요 기여", "- 다다.\n- d."), ("EXPERIMENTS", "라다.")) == Summary(
        "가다.", "다다.", "라다."
    )


@pytest.mark.parametrize("nothing", ["정보 부족.", "- 정보 부족", "", "---"])
def test_no_information_is_left_out(nothing: str) -> None:
    assert summary(("Introduction", f"- Goal: 가다.\n- Contribution: {nothing}"), ("Results", nothing)) == Summary(
        goal="가다."
    )


def test_a_label_without_information_is_left_out() -> None:
    assert summary(("Goal", "가다."), ("Results", "- Result: 정보 부족.")) == Summary(goal="가다.")


def test_an_empty_section_hides_no_other_of_its_kind() -> None:
    assert summary(("Goal", "가다."), ("Results", ""), ("Evaluation", "라다.")) == Summary(goal="가다.", result="라다.")


def test_tables_and_code_are_no_sentences() -> None:
    assert (
        summary(("Results", "| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n\nIt won. More.")).result == "It won."
    )


def test_of_hard_broken_lines_the_first_sentence_counts() -> None:
    assert summary(("결과", "첫 문장이다.  \n둘째 문장이다.")).result == "첫 문장이다."


def test_a_line_wrapped_softly_is_one_sentence() -> None:
    assert summary(("Results", "It won\nby far. More.")).result == "It won by far."


def test_a_paper_of_other_sections_says_something() -> None:
    assert summary(("", "제목: x"), ("Results", "정보 부족."), ("Method", "나다. More.")) == Summary(other="나다.")
    assert summary(("", "words."), ("Limitations", "")) == Summary(other="words.")


def test_a_paper_that_says_nothing() -> None:
    assert summary(("Results", "정보 부족."), ("", "")) == Summary()


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ([("Goal", "To learn."), ("Contribution", "A way."), ("Results", "It works. Well.")], "It works."),
        ([("Goal", "To learn."), ("Contribution", "A way.")], "A way."),
        ([("Something", "Else.")], "Else."),
        ([], "Title"),
    ],
)
def test_one_line_says_what_came_of_a_paper(sections: list[tuple[str, str]], line: str) -> None:
    assert one_line(Paper("id", 1, "Title", "", (), tuple(Section(*section) for section in sections))) == line


# The line that says it all, and what is never taken for a sentence


@pytest.mark.parametrize(
    "body",
    [
        "**Authors**: A. Author\n\n**TL;DR**: It rains. More.\n\n**Abstract**: We study rain.",
        "**Abstract**: We study rain.\n\n**한 줄 요약**: It rains.",
        "🔗 **링크**: [arXiv](https://arxiv.org/abs/1) | **트랙**: Agents | **一句话总结**: It rains.\n\n**摘要**: No.",
        "TL;DR:\n\n> It rains. More.",
        "**TL;DR** It rains. More.",
        "- **Authors** — A. Author\n- **한 줄 요약** – It rains. More.",
        "> **One-line summary** - It rains. More.\n\n**Results** show the same.",
        "**核心要点**\n\nSomething.\n\n**TL;DR**\n\nIt rains.",
    ],
)
def test_the_line_that_says_it_all_comes_first(body: str) -> None:
    assert summary(("", body)).lead == "It rains."


@pytest.mark.parametrize("label", ["Abstract", "초록", "摘要", "概要", "Summary", "要約", "摘要 (Abstract)"])
def test_else_the_abstract(label: str) -> None:
    assert summary(("", f"**{label}**: It rains. More.")).lead == "It rains."
    assert summary((f"📝 {label}", "It rains. More.")).lead == "It rains."


def test_it_is_found_behind_the_other_parts() -> None:
    parts = (("Goal", "가다."), ("Contribution", "나다."), ("Results", "다다."))

    assert summary(*parts, ("TL;DR", "It rains.")) == Summary("가다.", "나다.", "다다.", lead="It rains.")
    assert summary(*parts, ("Notes", "x: y"), ("Goal", "라다.")) == Summary("가다.", "나다.", "다다.")


def test_labels_in_chinese_and_japanese() -> None:
    body = "**目标**：甲。\n**核心贡献**：乙。\n**结果**：丙。".replace("\n", "\n\n")
    assert summary(("", body)) == Summary("甲。", "乙。", "丙。")
    assert summary(("", "- 目的：甲。\n- 貢献：乙。\n- 結果：丙。")) == Summary("甲。", "乙。", "丙。")


@pytest.mark.parametrize(
    "line",
    [
        "**Authors**: A. Author, B. Author",
        "- **저자**: 김 아무개",
        "**作者**：甲、乙等",
        "著者: 甲",
        "**Code**: [GitHub](https://github.com/a/b)",
        "**Date**: 26 November 2026",
        "**评分**：⭐⭐⭐⭐",
        "⭐ 78/100",
        "**Tags**: rain, noise",
        "**Venue**: A conference",
        "**키워드**: 비",
        "https://arxiv.org/abs/2511.00011",
        "**Authors**:\n\nA. Author",
    ],
)
def test_metadata_is_no_sentence(line: str) -> None:
    assert summary(("", f"{line}\n\nIt rains.")) == Summary(other="It rains.")
    assert summary(("Authors", "A. Author"), ("", "It rains.")) == Summary(other="It rains.")


def test_a_label_over_nothing_is_a_text() -> None:
    assert summary(("", "summary")) == Summary(other="summary")
