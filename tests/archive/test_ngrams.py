"""What the full-text index of SQLite finds in Korean and in English."""

from __future__ import annotations

import sqlite3
import unicodedata
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.archive.ngrams import LONGEST_QUERY, MOST_TERMS, to_index_text, to_match_query

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

TITLE = "Mini-o3: 잠재확산모델을 위한 GPT4 기반 Naïve Diffusion (2509.07969)"


def finds(words: str, *texts: str) -> list[int]:
    """Give the numbers of the texts, 1, 2, …, in which words are found."""
    if not to_match_query(words):
        return []
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = 'unicode61')")
        database.executemany("INSERT INTO texts (text) VALUES (?)", [(to_index_text(text),) for text in texts])
        rows = database.execute("SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rowid", (to_match_query(words),))
        return [rowid for (rowid,) in rows]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("확", "확"),
        ("확산모델", "확산 산모 모델 델"),
        ("GPT4기반 o3", "gpt4 기반 반 o3"),
        ("2509.07969", "2509 07969"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("Straße, İstanbul, Ế, x̂", "strasse istanbul e x"),
        ("拡散モデル", "拡散 散モ モデ デル ル"),
        ("ガ・か゛", "ガ か"),
        ("snake_case", "snake case"),
        ("dif\u00adfu\u200bsion", "diffusion"),
        ("모\u3164델\u115f", "모 델"),
        ("\0 \ud800 … 🎉", ""),
    ],
)
def test_what_the_index_holds(text: str, words: str) -> None:
    assert to_index_text(text) == words


@pytest.mark.parametrize(
    ("words", "expression"),
    [
        ("", ""),
        ("?! \0 \ud800 _ ㅤ", ""),
        ("확", '"확"*'),
        ("확산", '"확산"*'),
        ("확산모델", '"확산 산모 모델"*'),
        ("Diffus", '"diffus"*'),
        ("mini-o3", '"mini o3"*'),
        ("GPT기반", '"gpt"* AND "기반"*'),
        ("cat NOT dog cat", '"cat"* AND "not"* AND "dog"*'),
    ],
)
def test_what_the_index_is_asked(words: str, expression: str) -> None:
    assert to_match_query(words) == expression


@pytest.mark.parametrize(
    "words",
    [
        "확산",
        "산",
        "모델을",
        "diffus",
        "ＤＩＦＦＵＳＩＯＮ",
        "naive",
        "naïve",
        "2509.07969",
        "2509.07",
        "mini-o3",
        "o3",
        "gpt",
        "gpt4",
        "GPT4기반",
        "모델 diffusion",
        '"확산" (diffusion)*',
        unicodedata.normalize("NFD", "잠재확산"),
    ],
)
def test_words_that_find_the_title(words: str) -> None:
    assert finds(words, "다른 논문", TITLE) == [2]


@pytest.mark.parametrize("words", ["산확", "확산 모형", "잠재모델", "iffusion", "diffusion transformer", "07969.2509"])
def test_words_that_do_not(words: str) -> None:
    assert finds(words, TITLE) == []


def test_pairs_of_two_words_make_no_phrase() -> None:
    assert finds("확산모", "확산 산모", "확산 모", "확산모") == [3]


def test_a_query_is_cut() -> None:
    assert to_match_query(" ".join(map(str, range(99)))).count("AND") == MOST_TERMS - 1
    assert len(to_match_query("가" * 4000)) < 4 * LONGEST_QUERY


SYLLABLES = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
KOREAN = st.text(st.sampled_from("가나다") | SYLLABLES, min_size=1, max_size=12)


@given(KOREAN, st.data())
def test_any_piece_of_korean_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    piece = text[start : data.draw(st.integers(start + 1, len(text)))]
    around = data.draw(st.sampled_from(["{}", "앞 {} 뒤", "({})", "GPT4{}", "{}ed"]))

    assert finds(piece, around.format(text)) == [1]
    assert finds(unicodedata.normalize("NFD", piece), around.format(text)) == [1]


@given(KOREAN, KOREAN)
def test_korean_is_found_only_where_it_stands(text: str, words: str) -> None:
    assert finds(words, text) == ([1] if words in text else [])


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,11}", fullmatch=True), st.data())
def test_any_beginning_of_an_english_word_is_found(word: str, data: st.DataObject) -> None:
    assert finds(word[: data.draw(st.integers(1, len(word)))], f"on {word}s, 그리고") == [1]


SYNTAX = [*"\"'*^:-+(){}|\0\ud800\ud83dㅤ", " AND ", " OR ", " NOT ", " NEAR"]
ODD = st.lists(st.text() | st.sampled_from(SYNTAX)).map("".join)


@given(ODD | st.sampled_from(["NEAR(a b, 2)", "NOT a", "text : a", "- text : a", "^a + b", "a" * 4000]))
def test_no_input_is_an_error(words: str) -> None:
    assert finds(words, TITLE, words) is not None


@given(st.text(st.characters(max_codepoint=0x17FF) | SYLLABLES))
def test_what_is_held_is_found_by_itself(text: str) -> None:
    assert finds(text, text) == ([1] if to_index_text(text) else [])
    assert (to_index_text(text) == "") == (to_match_query(text) == "")
